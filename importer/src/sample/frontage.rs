//! Which street a parcel lies on, and its number there.

use super::divide::{Divided, Piece};
use super::mesh::Tag;
use super::names::PlaceName;
use super::plane::{Pt, centroid, distance_to_edge, edges};
use super::quarter::Quarter;
use super::roads::SECTION;
use super::streets::MAINS;

/// Metres of street for one house number and its neighbour across.
const NUMBER_M: f64 = 7.0;

/// Where a parcel meets its street.
#[derive(Debug, Clone)]
pub(super) struct Frontage {
    /// The street's Chinese name.
    pub(super) street: String,
    /// The number with 号, as `12号` or `12号附3`.
    pub(super) number: String,
    /// The middle of the parcel's longest edge on the street; for a parcel behind others, its own middle.
    pub(super) door: Pt,
    /// Whether it lies on the street.
    pub(super) on_street: bool,
}

/// Finds the street of a parcel: that of its longest edge on one, else the nearest around its block.
pub(super) fn of(
    quarter: &Quarter<'_>,
    names: &[PlaceName],
    block: usize,
    ground: &Divided,
    piece: &Piece,
    ring: &[Pt],
) -> Frontage {
    let fronts = ground.fronts(piece);
    let longest = fronts
        .iter()
        .max_by(|x, y| (x.1 - x.0).length().total_cmp(&(y.1 - y.0).length()));
    let (tag, door, on_street) = match longest {
        Some(&(a, b, tag)) => (tag, a.toward(b, 0.5), true),
        None => {
            let middle = centroid(ring);
            (nearest_street(quarter, block, middle), middle, false)
        }
    };
    let number = house_number(quarter, tag, door);
    let place = quarter.parcels.len() + 1;
    Frontage {
        street: names[usize::from(tag)].zh.clone(),
        number: if on_street {
            format!("{number}号")
        } else {
            format!("{number}号附{place}号")
        },
        door,
        on_street,
    }
}

fn nearest_street(quarter: &Quarter<'_>, block: usize, p: Pt) -> Tag {
    let block = &quarter.blocks[block];
    edges(&block.ring)
        .zip(&block.tags)
        .map(|((a, b), &tag)| (distance_to_edge(a, b, p), tag))
        .min_by(|x, y| x.0.total_cmp(&y.0))
        .map_or(0, |(_, tag)| tag)
}

/// Odd numbers on the left, even ones on the right, counted from the street's beginning.
fn house_number(quarter: &Quarter<'_>, tag: Tag, door: Pt) -> u32 {
    let (start, direction, before_m) = if usize::from(tag) < MAINS {
        let edge = quarter.streets.mains[usize::from(tag)];
        let stretch = quarter.city.lattice.stretch(edge);
        let (first, last) = (stretch[0], stretch[stretch.len() - 1]);
        let before = edge.place().rem_euclid(SECTION);
        // The greatest width of a quarter keeps the next one's numbers higher.
        (
            first,
            (last - first).unit(),
            f64::from(before) * quarter.city.lattice.quarter_m * 1.35,
        )
    } else {
        let (first, last) = quarter.streets.inner_ends(tag);
        (first, (last - first).unit(), 0.0)
    };
    let along_m = before_m + (door - start).dot(direction).max(0.0);
    let side = if direction.cross(door - start) > 0.0 { 1 } else { 2 };
    2 * (along_m / NUMBER_M).floor() as u32 + side
}
