//! Polygons: the same area to within a unit of its border, in the same parts.
//!
//! With R the source inside the clip box and D what the tile draws, a tile agrees where
//! - D is valid: rings closed and simple, holes inside, parts apart (they may touch at points);
//! - no vertex or middle of an edge of D∖R and of R∖D lies further than a unit from R's border, and none of their
//!   parts is wider than that on average (an omitted hole has all its vertices on the border: its width tells);
//! - the parts of R and D that are wider than a unit are matched one to one, but for parts joined or split where R's
//!   own gap or neck there is narrower than a unit.
//!
//! A source polygon that is not valid has no one area. There D is compared with it by places drawn at random, further
//! than a unit from every edge of the source, on which the even-odd and the non-zero rule agree.

use super::TOLERANCE;
use super::plane::{clip_box, holds, to_segments};
use crate::rng::Rng;
use geo::{
    Area, BooleanOps, BoundingRect, Contains, Coord, CoordsIter, Euclidean, Intersects, Length, Line, MultiPolygon,
    Polygon, Rect, Validation,
};

/// How a feature of a tile agrees with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// Area and parts (or lines, or points) are the same.
    Equal,
    /// It is not in the tile, and need not be.
    Absent,
    /// The same, but for parts joined or split at a gap or neck narrower than a unit.
    Rejoined,
    /// The source is invalid; the tile agrees with it by sampling.
    Sampled,
}

pub fn judge(source: &MultiPolygon<f64>, found: &MultiPolygon<f64>) -> Result<Judgement, String> {
    if !found.is_valid() {
        return Err(format!(
            "the tile's polygon is not valid: {:?}",
            found.validation_errors()
        ));
    }
    let outer = clip_box(TOLERANCE);
    if let Some(out) = found.coords_iter().find(|at| !holds(&outer, *at)) {
        return Err(format!("the tile's polygon reaches to {out:?}, outside the clip box"));
    }
    if source.is_valid() {
        judge_valid(source, found)
    } else {
        judge_by_samples(source, found)
    }
}

fn judge_valid(source: &MultiPolygon<f64>, found: &MultiPolygon<f64>) -> Result<Judgement, String> {
    let area = clip(source, &clip_box(0.0));
    if area.0.is_empty() && found.0.is_empty() {
        return Ok(Judgement::Absent);
    }
    // The border of the source itself stands in where it only nears the box: a touch has no area to measure from.
    let mut border: Vec<_> = edges(&area).collect();
    border.extend(edges(&clip(source, &clip_box(TOLERANCE))));
    if border.is_empty() {
        return Err(format!("the source is not in this tile, which draws {found:?}"));
    }
    let sides = [
        ("draws what the source has not", found.difference(&area)),
        ("lacks what the source has", area.difference(found)),
    ];
    for (what, difference) in &sides {
        for part in difference {
            check_sliver(part, &border).map_err(|error| format!("the tile {what}: {error}"))?;
        }
    }
    if found.0.is_empty() {
        return area.iter().try_for_each(check_may_vanish).map(|()| Judgement::Absent);
    }
    match_parts(&area, found)
}

/// The source inside a box. What lies inside as a whole is taken as it is.
fn clip(source: &MultiPolygon<f64>, area: &Rect<f64>) -> MultiPolygon<f64> {
    match source.bounding_rect() {
        None => MultiPolygon(vec![]),
        Some(bounds) if !bounds.intersects(area) => MultiPolygon(vec![]),
        Some(bounds) if area.contains(&bounds) => source.clone(),
        Some(_) => source.intersection(&area.to_polygon()),
    }
}

fn edges(polygons: &MultiPolygon<f64>) -> impl Iterator<Item = Line<f64>> + '_ {
    polygons
        .iter()
        .flat_map(|polygon| rings(polygon).flat_map(geo::LineString::lines))
}

fn rings(polygon: &Polygon<f64>) -> impl Iterator<Item = &geo::LineString<f64>> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors())
}

/// A part of the difference: nowhere further than a unit from the border, and no wider than that.
fn check_sliver(part: &Polygon<f64>, border: &[Line<f64>]) -> Result<(), String> {
    let bounds = part.bounding_rect();
    if bounds.is_none_or(|bounds| bounds.width().max(bounds.height()) <= TOLERANCE) {
        return Ok(());
    }
    for edge in rings(part).flat_map(geo::LineString::lines) {
        for at in [edge.start, (edge.start + edge.end) / 2.0] {
            let away = to_segments(at, border.iter().copied());
            if away > TOLERANCE {
                return Err(format!("{at:?} is {away:.3} units from the source's border"));
            }
        }
    }
    // Along the axes a unit, across a diagonal border √2.
    let width = mean_width(part);
    if width > TOLERANCE * std::f64::consts::SQRT_2 {
        return Err(format!("a part {width:.3} units wide: {part:?}"));
    }
    Ok(())
}

/// Twice the area by the length of the border: the width of a long strip, half that of a square.
fn mean_width(part: &Polygon<f64>) -> f64 {
    let length: f64 = rings(part).map(|ring| Euclidean.length(ring)).sum();
    if length == 0.0 {
        0.0
    } else {
        2.0 * part.unsigned_area() / length
    }
}

/// Whether it is so wide that rounding cannot make it vanish.
fn is_wide(part: &Polygon<f64>) -> bool {
    mean_width(part) > TOLERANCE * std::f64::consts::SQRT_2
}

/// A part that is absent must be one that rounding can make vanish: no square with sides of a unit fits into it; of two
/// units where the border of the clip box cuts it, since the cuts are rounded too.
fn check_may_vanish(part: &Polygon<f64>) -> Result<(), String> {
    let Some(bounds) = part
        .bounding_rect()
        .filter(|bounds| bounds.width().max(bounds.height()) <= LARGEST_SAMPLED)
    else {
        // Larger ones are thin, which their width has shown.
        return Ok(());
    };
    let inside = clip_box(-TOLERANCE).contains(&bounds);
    let most = if inside { TOLERANCE / 2.0 } else { TOLERANCE };
    let radius = inner_radius(part, &bounds);
    if radius > most {
        return Err(format!(
            "it is absent, but a square of {:.3} units fits into {part:?}",
            radius * 2.0
        ));
    }
    Ok(())
}

/// The greatest size in units of what [`inner_radius`] is asked about.
const LARGEST_SAMPLED: f64 = 16.0;

/// Half the side of the largest square along the axes that fits inside, by trying centres an eighth of a unit apart.
fn inner_radius(part: &Polygon<f64>, bounds: &Rect<f64>) -> f64 {
    let steps = |length: f64| (length * 8.0).ceil() as usize;
    let border: Vec<_> = rings(part).flat_map(geo::LineString::lines).collect();
    let columns = 0..=steps(bounds.width());
    let centres = columns.flat_map(|i| (0..=steps(bounds.height())).map(move |j| (i as f64 / 8.0, j as f64 / 8.0)));
    let centres = centres.map(|(x, y)| Coord {
        x: bounds.min().x + x,
        y: bounds.min().y + y,
    });
    let inside = centres.filter(|at| part.contains(at));
    inside
        .map(|at| to_segments(at, border.iter().copied()))
        .fold(0.0, f64::max)
}

fn match_parts(area: &MultiPolygon<f64>, found: &MultiPolygon<f64>) -> Result<Judgement, String> {
    let overlap = |a: &Polygon<f64>, b: &Polygon<f64>| {
        let near = a
            .bounding_rect()
            .zip(b.bounding_rect())
            .is_some_and(|(a, b)| a.intersects(&b));
        near && a.intersection(b).unsigned_area() > LEAST_OVERLAP
    };
    let pairs = |e: &Polygon<f64>| found.iter().map(|d| overlap(e, d)).collect::<Vec<_>>();
    let table: Vec<Vec<bool>> = area.iter().map(pairs).collect();
    let wide_source: Vec<_> = area.iter().map(is_wide).collect();
    let wide_found: Vec<_> = found.iter().map(is_wide).collect();
    let partners_of_source = |e: usize| (0..found.0.len()).filter(|&d| table[e][d]).collect::<Vec<_>>();
    let source_ok = (0..area.0.len()).filter(|&e| wide_source[e]).all(|e| {
        let partners = partners_of_source(e);
        !partners.is_empty() && partners.iter().filter(|&&d| wide_found[d]).count() <= 1
    });
    let partners_of_found = |d: usize| (0..area.0.len()).filter(|&e| table[e][d]).collect::<Vec<_>>();
    let found_ok = (0..found.0.len()).filter(|&d| wide_found[d]).all(|d| {
        let partners = partners_of_found(d);
        !partners.is_empty() && partners.iter().filter(|&&e| wide_source[e]).count() <= 1
    });
    if source_ok && found_ok {
        return Ok(Judgement::Equal);
    }
    // Parts that have several partners are parted by less than a unit on one side. Both sides have as many groups of
    // parts once such gaps are closed; parts too thin for a side to have count on neither.
    let matched_source: Vec<_> = (0..area.0.len())
        .filter(|&e| !partners_of_source(e).is_empty())
        .collect();
    let matched_found: Vec<_> = (0..found.0.len())
        .filter(|&d| !partners_of_found(d).is_empty())
        .collect();
    let groups =
        |all: &MultiPolygon<f64>, chosen: &[usize]| clusters(&chosen.iter().map(|&i| &all.0[i]).collect::<Vec<_>>());
    let (expected, drawn) = (groups(area, &matched_source), groups(found, &matched_found));
    if expected == drawn {
        return Ok(Judgement::Rejoined);
    }
    Err(format!(
        "{} parts of the source in {expected} groups, {} of the tile in {drawn}",
        area.0.len(),
        found.0.len()
    ))
}

/// The area that two parts must have in common to be partners, in square units.
const LEAST_OVERLAP: f64 = 0.25;

/// How many groups the parts make, where those within two units of each other belong together.
fn clusters(parts: &[&Polygon<f64>]) -> usize {
    let mut group: Vec<usize> = (0..parts.len()).collect();
    for a in 0..parts.len() {
        for b in 0..a {
            if group[a] != group[b] && are_near(parts[a], parts[b]) {
                let (from, to) = (group[a], group[b]);
                group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
        }
    }
    group.sort_unstable();
    group.dedup();
    group.len()
}

fn are_near(a: &Polygon<f64>, b: &Polygon<f64>) -> bool {
    let near = |a: &Polygon<f64>, b: &Polygon<f64>| {
        let border: Vec<_> = rings(b).flat_map(geo::LineString::lines).collect();
        a.coords_iter()
            .any(|at| to_segments(at, border.iter().copied()) <= 2.0 * TOLERANCE)
    };
    near(a, b) || near(b, a)
}

fn judge_by_samples(source: &MultiPolygon<f64>, found: &MultiPolygon<f64>) -> Result<Judgement, String> {
    let border: Vec<_> = edges(source).collect();
    let Some(bounds) = source.bounding_rect() else {
        return Ok(Judgement::Sampled);
    };
    let area = clip_box(-TOLERANCE);
    let (min, max) = (bounds.min(), bounds.max());
    let west = min.x.max(area.min().x);
    let north = min.y.max(area.min().y);
    let (width, height) = (max.x.min(area.max().x) - west, max.y.min(area.max().y) - north);
    let mut rng = Rng::new(border.len() as u64);
    for _ in 0..if width > 0.0 && height > 0.0 { 500 } else { 0 } {
        let at = Coord {
            x: west + rng.unit() * width,
            y: north + rng.unit() * height,
        };
        let winding = winding(at, source);
        let (even_odd, non_zero) = (crossings(at, &border) % 2 == 1, winding != 0);
        if even_odd == non_zero
            && to_segments(at, border.iter().copied()) > TOLERANCE
            && found.contains(&at) != non_zero
        {
            return Err(format!(
                "{at:?} is inside the (invalid) source: {non_zero}; inside the tile's polygon: {}",
                !non_zero
            ));
        }
    }
    Ok(Judgement::Sampled)
}

fn crossings(at: Coord<f64>, border: &[Line<f64>]) -> usize {
    border.iter().filter(|edge| crosses(at, **edge).is_some()).count()
}

/// How often the outer rings go around a place; rings of holes take away.
fn winding(at: Coord<f64>, source: &MultiPolygon<f64>) -> i64 {
    let around = |ring: &geo::LineString<f64>| {
        ring.lines()
            .filter_map(|edge| crosses(at, edge))
            .sum::<i64>()
            .abs()
            .min(1)
    };
    source
        .iter()
        .map(|p| around(p.exterior()) - p.interiors().iter().map(around).sum::<i64>().min(1))
        .sum()
}

/// The direction in which an edge crosses the ray eastwards from a place; none where it does not.
fn crosses(at: Coord<f64>, edge: Line<f64>) -> Option<i64> {
    let (a, b) = (edge.start, edge.end);
    let spans = (a.y > at.y) != (b.y > at.y);
    let x = || a.x + (at.y - a.y) / (b.y - a.y) * (b.x - a.x);
    (spans && x() > at.x).then_some(if b.y > a.y { 1 } else { -1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{polygon, wkt};

    fn verdict(source: MultiPolygon<f64>, found: MultiPolygon<f64>) -> Result<Judgement, String> {
        judge(&source, &found)
    }

    #[test]
    fn a_rounded_polygon_agrees_and_a_moved_one_does_not() {
        let source = MultiPolygon(vec![
            polygon![(x: 10.4, y: 10.4), (x: 90.3, y: 10.2), (x: 50.4, y: 80.4)],
        ]);
        let rounded = MultiPolygon(vec![
            polygon![(x: 10.0, y: 10.0), (x: 90.0, y: 10.0), (x: 50.0, y: 80.0)],
        ]);
        assert_eq!(verdict(source.clone(), rounded), Ok(Judgement::Equal));
        let moved = MultiPolygon(vec![
            polygon![(x: 12.0, y: 10.0), (x: 92.0, y: 10.0), (x: 52.0, y: 80.0)],
        ]);
        assert!(verdict(source.clone(), moved).is_err());
        assert!(verdict(source, MultiPolygon(vec![])).is_err());
    }

    #[test]
    fn an_omitted_hole_or_part_does_not_agree() {
        let whole = wkt!(MULTIPOLYGON(((0. 0.,100. 0.,100. 100.,0. 100.,0. 0.))));
        let holed =
            wkt!(MULTIPOLYGON(((0. 0.,100. 0.,100. 100.,0. 100.,0. 0.),(40. 40.,40. 46.,46. 46.,46. 40.,40. 40.))));
        let two =
            wkt!(MULTIPOLYGON(((0. 0.,100. 0.,100. 100.,0. 100.,0. 0.)),((200. 0.,204. 0.,204. 4.,200. 4.,200. 0.))));
        assert_eq!(verdict(holed.clone(), holed.clone()), Ok(Judgement::Equal));
        for (source, found) in [(&holed, &whole), (&whole, &holed), (&two, &whole), (&whole, &two)] {
            assert!(verdict(source.clone(), found.clone()).is_err());
        }
    }

    #[test]
    fn a_concave_polygon_cut_by_the_box_has_two_parts() {
        let fork = wkt!(MULTIPOLYGON(((10. 10.,10. -200.,40. -200.,40. -80.,60. -80.,60. -200.,90. -200.,90. 10.,60. 10.,60. -70.,40. -70.,40. 10.,10. 10.))));
        let parts = wkt!(MULTIPOLYGON(((10. 10.,10. -64.,40. -64.,40. 10.,10. 10.)),((60. 10.,60. -64.,90. -64.,90. 10.,60. 10.))));
        assert_eq!(verdict(fork.clone(), parts), Ok(Judgement::Equal));
        let bridged =
            wkt!(MULTIPOLYGON(((10. 10.,10. -64.,90. -64.,90. 10.,60. 10.,60. -63.,40. -63.,40. 10.,10. 10.))));
        assert!(verdict(fork, bridged).is_err());
    }

    #[test]
    fn parts_joined_over_a_gap_narrower_than_a_unit_are_said_to_be() {
        let gap = wkt!(MULTIPOLYGON(((0. 0.,10. 0.,10. 10.,0. 10.,0. 0.)),((10.4 0.,20. 0.,20. 10.,10.4 10.,10.4 0.))));
        let one = wkt!(MULTIPOLYGON(((0. 0.,20. 0.,20. 10.,0. 10.,0. 0.))));
        assert_eq!(verdict(gap, one), Ok(Judgement::Rejoined));
    }

    #[test]
    fn only_what_rounding_can_make_vanish_may_be_absent() {
        let none = MultiPolygon(vec![]);
        let small = wkt!(MULTIPOLYGON(((10. 10.,10.9 10.,10.9 10.9,10. 10.9,10. 10.))));
        assert_eq!(verdict(small, none.clone()), Ok(Judgement::Absent));
        let thin = wkt!(MULTIPOLYGON(((10. 10.,200. 300.,200.4 300.,10.4 10.,10. 10.))));
        assert_eq!(verdict(thin, none.clone()), Ok(Judgement::Absent));
        let large = wkt!(MULTIPOLYGON(((10. 10.,11.5 10.,11.5 11.5,10. 11.5,10. 10.))));
        assert!(verdict(large, none).unwrap_err().contains("absent"));
    }

    #[test]
    fn an_invalid_source_is_compared_where_its_inside_is_certain() {
        let bow = wkt!(MULTIPOLYGON(((0. 0.,100. 100.,100. 0.,0. 100.,0. 0.))));
        let right = wkt!(MULTIPOLYGON(((0. 0.,50. 50.,0. 100.,0. 0.)),((100. 0.,100. 100.,50. 50.,100. 0.))));
        assert_eq!(verdict(bow.clone(), right), Ok(Judgement::Sampled));
        let half = wkt!(MULTIPOLYGON(((0. 0.,50. 50.,0. 100.,0. 0.))));
        assert!(verdict(bow, half).is_err());
    }

    #[test]
    fn an_invalid_tile_polygon_never_agrees() {
        let bow = wkt!(MULTIPOLYGON(((0. 0.,100. 100.,100. 0.,0. 100.,0. 0.))));
        assert!(verdict(bow.clone(), bow).unwrap_err().contains("not valid"));
    }
}
