//! Areas of a layer that lie on one another at the same time.
//!
//! Neighbours are found in an R-tree and judged exactly first: only where edges cross, or a vertex or the middle of an
//! edge lies inside the other, is the common area computed. All cores take part.

use super::inside::Side;
use super::measure::{Ring, Scale};
use super::predicate::{Meeting, Segment};
use super::shapes::{Shape, Shapes};
use super::tree::{Tree, meet};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::float::single::SingleFloatOverlay;
use onemap_model::Coord;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is narrower than this is the noise of coordinates, in metres: twice the area by the perimeter.
pub const TOLERANCE_M: f64 = 0.01;
/// What is smaller than this is not told, in square metres.
pub const TOLERANCE_M2: f64 = 0.01;
/// So many pairs of neighbours are looked at, at most: a layer of a million parcels has four million.
const MOST_PAIRS: u64 = 400_000_000;
/// So many of one feature, at most.
const MOST_OF_ONE: usize = 4_000_000;
/// So many overlaps are told, at most.
const MOST_FOUND: u64 = 4_000_000;

/// The lines of so many edges are tried first.
const FEW: usize = 24;

/// Two areas that overlap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// The later one, by its place in the layer.
    pub feature: usize,
    /// The earlier one.
    pub other: usize,
    /// How much.
    pub area_m2: f64,
    /// The middle of the largest common piece.
    pub at: Coord,
}

/// Whether a search came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It did.
    Whole,
    /// It was given up: there was too much.
    GivenUp,
}

/// All overlaps among `shapes`, in the order of features.
pub fn overlaps(shapes: &Shapes, tree: &Tree) -> (Vec<Overlap>, Ended) {
    let (pairs, found) = (AtomicU64::new(0), AtomicU64::new(0));
    let is_over = || {
        pairs.load(Ordering::Relaxed) > MOST_PAIRS
            || found.load(Ordering::Relaxed) > MOST_FOUND
            || crate::interrupt::is_asked()
    };
    let of_one = |feature: usize, neighbours: &[usize], all: &mut Vec<Overlap>| {
        if is_over() {
            return;
        }
        let (shape, before) = (shapes.get(feature), all.len());
        let earlier = neighbours.iter().filter(|other| **other < feature);
        let mut looked = 0;
        for &other in earlier.take(MOST_OF_ONE) {
            looked += 1;
            let neighbour = shapes.get(other);
            if shape.is_beside(neighbour)
                && let Some((area_m2, at)) = common(shape, neighbour)
            {
                all.push(Overlap {
                    feature,
                    other,
                    area_m2,
                    at,
                });
            }
        }
        pairs.fetch_add(looked, Ordering::Relaxed);
        found.fetch_add((all.len() - before) as u64, Ordering::Relaxed);
    };
    let mut all = tree.of_neighbours(is_over, of_one);
    all.sort_unstable_by_key(|overlap| (overlap.feature, overlap.other));
    (all, if is_over() { Ended::GivenUp } else { Ended::Whole })
}

/// The area that two shapes have in common, and where most of it lies; none within the tolerance.
fn common(a: Shape<'_>, b: Shape<'_>) -> Option<(f64, Coord)> {
    let window = [
        a.bbox[0].max(b.bbox[0]),
        a.bbox[1].max(b.bbox[1]),
        a.bbox[2].min(b.bbox[2]),
        a.bbox[3].min(b.bbox[3]),
    ];
    let scale = Scale::at(window[1]);
    let (width, height) = ((window[2] - window[0]) * scale.x_m, (window[3] - window[1]) * scale.y_m);
    if width < TOLERANCE_M || height < TOLERANCE_M || !may_overlap((a, b), &window, scale) {
        return None;
    }
    let origin = Coord {
        x: window[0],
        y: window[1],
    };
    let metres = |shape: Shape<'_>| -> Vec<Vec<[f64; 2]>> {
        let one = |ring: &[Coord]| ring.iter().map(|p| scale.step(origin, *p).into()).collect();
        shape.rings().map(one).collect()
    };
    let pieces = metres(a).overlay(&metres(b), OverlayRule::Intersect, FillRule::EvenOdd);
    let plane = Scale { x_m: 1.0, y_m: 1.0 };
    let (mut total, mut largest) = (0.0, (0.0, origin));
    for piece in pieces {
        let rings: Vec<Vec<Coord>> = piece
            .iter()
            .map(|ring| ring.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect())
            .collect();
        let sizes: Vec<Ring> = rings.iter().map(|ring| plane.ring(ring)).collect();
        let Some(shell) = sizes.first() else { continue };
        let area = shell.area_m2.abs() - sizes[1..].iter().map(|hole| hole.area_m2.abs()).sum::<f64>();
        let length = sizes.iter().map(|ring| ring.length_m).sum();
        let size = Ring {
            area_m2: area,
            length_m: length,
        };
        if area < TOLERANCE_M2 || size.width_m() < TOLERANCE_M {
            continue;
        }
        total += area;
        if area > largest.0 {
            let middle = middle(&rings[0]);
            let at = Coord {
                x: origin.x + middle.x / scale.x_m,
                y: origin.y + middle.y / scale.y_m,
            };
            largest = (area, at);
        }
    }
    (total > 0.0).then_some((total, largest.1))
}

/// The mean of a ring's vertices.
fn middle(ring: &[Coord]) -> Coord {
    let n = ring.len() as f64;
    let sum = ring.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x, y + p.y));
    Coord {
        x: sum.0 / n,
        y: sum.1 / n,
    }
}

/// Whether the interiors of two shapes may have more in common than the tolerance; neighbours that share their border have
/// not.
fn may_overlap((a, b): (Shape<'_>, Shape<'_>), window: &[f64; 4], scale: Scale) -> bool {
    let near = |edge: &Segment| meet(&box_of(*edge), window);
    if has_between(a.edges().filter(near), a, b, scale) || has_between(b.edges().filter(near), b, a, scale) {
        return false;
    }
    let (ours, theirs): (Vec<Segment>, Vec<Segment>) =
        (a.edges().filter(near).collect(), b.edges().filter(near).collect());
    // What is inside lies to the left of every edge: where both have the same one, both have what is beside it.
    let (same, opposite) = (Edges::of(&theirs), Edges::of(&ours));
    if ours.iter().any(|edge| same.have(edge.from, edge.to)) || crosses(&ours, &theirs) {
        return true;
    }
    let inside = |edges: &[Segment], of: Shape<'_>, shared: &Edges| {
        let mut on = true;
        for edge in edges {
            let middle = Coord {
                x: edge.from.x / 2.0 + edge.to.x / 2.0,
                y: edge.from.y / 2.0 + edge.to.y / 2.0,
            };
            // The middle of a border is rounded: it may seem to lie on either side of it.
            let points = match shared.have(edge.to, edge.from) {
                true => &[edge.from][..],
                false => &[edge.from, middle][..],
            };
            for p in points {
                match of.side(*p) {
                    Side::Inside => return Some(true),
                    Side::Outside => on = false,
                    Side::On => {}
                }
            }
        }
        Some(false).filter(|_| !on)
    };
    // Where all of one lies on the other's border, they may be the same.
    matches!(
        (inside(&ours, b, &same), inside(&theirs, a, &opposite)),
        (Some(true), _) | (_, Some(true)) | (None, None)
    )
}

/// Whether the line of one of these edges has `left` on its left and `right` on its right, but for a quarter of the
/// tolerance: what they have in common is within a strip of half the tolerance, and so too narrow to be told.
fn has_between(edges: impl Iterator<Item = Segment>, left: Shape<'_>, right: Shape<'_>, scale: Scale) -> bool {
    let is_between = |Segment { from, to }: Segment| {
        let (x, y) = (to.x - from.x, to.y - from.y);
        let length_m = scale.distance(from, to);
        // The cross product below is the distance times this length, in degrees that differ by direction.
        let slack = TOLERANCE_M / 4.0 * length_m / (scale.x_m * scale.y_m);
        let beyond = |p: &Coord| x * (p.y - from.y) - y * (p.x - from.x);
        length_m > 0.0
            && right.rings().flatten().all(|p| beyond(p) <= slack)
            && left.rings().flatten().all(|p| beyond(p) >= -slack)
    };
    edges.take(FEW).any(is_between)
}

/// Edges by their ends, in their direction.
struct Edges(Vec<[u64; 4]>);

impl Edges {
    fn of(edges: &[Segment]) -> Self {
        let mut all: Vec<[u64; 4]> = edges.iter().map(|edge| ends(edge.from, edge.to)).collect();
        all.sort_unstable();
        Self(all)
    }

    fn have(&self, from: Coord, to: Coord) -> bool {
        self.0.binary_search(&ends(from, to)).is_ok()
    }
}

/// Adding zero makes the two zeros one.
fn ends(from: Coord, to: Coord) -> [u64; 4] {
    [from.x, from.y, to.x, to.y].map(|number| (number + 0.0).to_bits())
}

/// Whether any two edges cross inside both; long lists are sorted, so that only near ones are compared.
fn crosses(ours: &[Segment], theirs: &[Segment]) -> bool {
    let crossing = |a: &Segment, b: &Segment| matches!(a.meeting(*b), Meeting::Cross(_));
    if ours.len() * theirs.len() <= 4_096 {
        return ours.iter().any(|a| theirs.iter().any(|b| crossing(a, b)));
    }
    let boxes: Vec<[f64; 4]> = theirs.iter().map(|edge| box_of(*edge)).collect();
    let tree = Tree::new(&boxes);
    ours.iter().any(|a| {
        let mut found = false;
        tree.query(&box_of(*a), |b| found |= crossing(a, &theirs[b]));
        found
    })
}

fn box_of(edge: Segment) -> [f64; 4] {
    let Segment { from, to } = edge;
    [from.x.min(to.x), from.y.min(to.y), from.x.max(to.x), from.y.max(to.y)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Geometry, Path, Polygon, TimeSpan};

    fn found(rings: [&[(f64, f64)]; 2]) -> usize {
        let mut shapes = Shapes::default();
        for ring in rings {
            let mut coords: Vec<Coord> = ring.iter().map(|(x, y)| Coord { x: *x, y: *y }).collect();
            coords.push(coords[0]);
            let rings = vec![Path::new(coords).unwrap()];
            shapes.add(&Geometry::Polygons(vec![Polygon { rings }]), TimeSpan::ALWAYS, "", "");
        }
        overlaps(&shapes, &Tree::new(&shapes.boxes())).0.len()
    }

    /// The middles of all its edges come out beside them when they are computed.
    const FIELD: [(f64, f64); 5] = [
        (114.940197179, 30.172905178),
        (114.940651865, 30.172575546),
        (114.941165466, 30.173208818),
        (114.941073949, 30.173265207),
        (114.940705553, 30.1734922),
    ];

    #[test]
    fn a_twin_overlaps_however_its_ring_runs() {
        let mut turned = FIELD;
        turned.rotate_left(2);
        turned.reverse();
        assert_eq!(found([&FIELD, &FIELD]), 1);
        assert_eq!(found([&FIELD, &turned]), 1);
    }

    #[test]
    fn neighbours_that_share_a_border_do_not_overlap() {
        let [a, b] = [FIELD[0], FIELD[1]];
        assert_eq!(found([&FIELD, &[a, (114.9401, 30.1722), b]]), 0);
        assert_eq!(found([&FIELD, &[a, (114.9409, 30.1733), b]]), 1);
    }
}
