//! Where the label of an area stands: one place, the same in every tile at every zoom.
//!
//! The place is the pole of inaccessibility of the feature's largest polygon: the point inside it that is farthest from
//! its edges, holes included, within 2 %. It is found by halving squares, the most promising first (the method of Garcia-Castellanos
//! and Lombardo, 2007, and of Mapbox's polylabel, on exact coordinates). Degrees of longitude are shortened to the
//! length that they have in the middle of the polygon, so that a circle on the ground is one here.
//!
//! A place depends on the feature's own exact coordinates alone. It is computed when it is asked for first, and kept
//! beside the segment: what an edit leaves in its segment is not computed again.

use crate::data::shapes::{Kind, Shapes};
use onemap_model::Coord;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::OnceLock;

/// The search ends where no square left could be better by more than this share.
const TOLERANCE: f64 = 0.02;
/// Squares looked at, at the most.
const MAX_PROBES: usize = 2_000;
/// Edges looked at for one feature, at the most, beyond the first looks: some ten milliseconds.
const MAX_EDGES: usize = 10_000_000;
/// The first squares are so many along the longer side of the box, at the most.
const MAX_ALONG: f64 = 32.0;
/// Slots whose labels are kept in one piece.
const CHUNK: usize = 64;

/// The label of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Label {
    /// Longitude and latitude in degrees, inside the box of the feature.
    pub at: Coord,
    /// The area of the labelled polygon in square degrees; 0 where there is nothing to label.
    pub area: f64,
}

impl Label {
    const NONE: Label = Label {
        at: Coord { x: 0.0, y: 0.0 },
        area: 0.0,
    };
}

/// A run of slots, each with its label once that is known.
type Chunk = Box<[OnceLock<Label>; CHUNK]>;

/// The labels of a segment's features, as far as they were asked for: 32 bytes each, in pieces of 64.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    chunks: OnceLock<Box<[OnceLock<Chunk>]>>,
}

impl Labels {
    /// The label of the feature in `slot` of a segment of `count` features; none where it has no area.
    pub fn get(&self, count: usize, shapes: &Shapes, slot: usize) -> Option<Label> {
        let chunks = self
            .chunks
            .get_or_init(|| (0..count.div_ceil(CHUNK)).map(|_| OnceLock::new()).collect());
        let chunk = chunks[slot / CHUNK].get_or_init(|| Box::new([const { OnceLock::new() }; CHUNK]));
        let label = *chunk[slot % CHUNK].get_or_init(|| label(shapes, slot).unwrap_or(Label::NONE));
        Some(label).filter(|label| label.area > 0.0)
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        let Some(chunks) = self.chunks.get() else { return 0 };
        let made = chunks.iter().filter(|chunk| chunk.get().is_some()).count();
        size_of_val(&**chunks) + made * size_of::<[OnceLock<Label>; CHUNK]>()
    }
}

/// The label of the feature's largest polygon, the first of equals.
fn label(shapes: &Shapes, slot: usize) -> Option<Label> {
    if shapes.kind(slot) != Kind::Polygons {
        return None;
    }
    let mut polygons: Vec<Vec<&[Coord]>> = Vec::new();
    for path in shapes.paths_of(slot) {
        let ring = &shapes.coords()[shapes.vertices(path)];
        match polygons.last_mut() {
            Some(polygon) if !shapes.is_outer(path) => polygon.push(ring),
            _ => polygons.push(vec![ring]),
        }
    }
    let mut largest: Option<(f64, Vec<&[Coord]>)> = None;
    for polygon in polygons {
        let area = area(&polygon);
        if area > largest.as_ref().map_or(0.0, |(area, _)| *area) {
            largest = Some((area, polygon));
        }
    }
    let (area, polygon) = largest.filter(|(area, _)| area.is_finite())?;
    Some(Label {
        at: place(&polygon),
        area,
    })
}

/// The area of a polygon, its outer ring first, in the square of its unit.
fn area(rings: &[&[Coord]]) -> f64 {
    let (outer, holes) = rings.split_first().expect("a polygon begins with its outer ring");
    ring_area(outer) - holes.iter().map(|hole| ring_area(hole)).sum::<f64>()
}

fn ring_area(ring: &[Coord]) -> f64 {
    let Some(&origin) = ring.first() else { return 0.0 };
    let double: f64 = edges(ring)
        .map(|(a, b)| (a.x - origin.x) * (b.y - origin.y) - (b.x - origin.x) * (a.y - origin.y))
        .sum();
    double.abs() / 2.0
}

fn edges(ring: &[Coord]) -> impl Iterator<Item = (Coord, Coord)> {
    let successors = ring.iter().skip(1).chain(ring.first());
    ring.iter().copied().zip(successors.copied())
}

/// The place for the label of a polygon that has some area.
///
/// Rings that cross each other or themselves enclose what an odd number of them goes around. Where even that encloses
/// nothing that numbers can tell, the place is the first vertex.
fn place(rings: &[&[Coord]]) -> Coord {
    let (mut min, mut max) = (rings[0][0], rings[0][0]);
    for at in rings[0] {
        (min.x, min.y) = (min.x.min(at.x), min.y.min(at.y));
        (max.x, max.y) = (max.x.max(at.x), max.y.max(at.y));
    }
    let shortened = ((min.y + max.y) / 2.0).to_radians().cos().max(1e-3);
    let flat = |at: &Coord| Coord {
        x: (at.x - min.x) * shortened,
        y: at.y - min.y,
    };
    let rings: Vec<Vec<Coord>> = rings.iter().map(|ring| ring.iter().map(flat).collect()).collect();
    let best = pole(&rings, flat(&max));
    Coord {
        x: (best.x / shortened + min.x).clamp(min.x, max.x),
        y: (best.y + min.y).clamp(min.y, max.y),
    }
}

/// A square and what is known of it.
struct Square {
    center: Coord,
    half: f64,
    /// From the centre to the nearest edge, negative outside.
    distance: f64,
    /// No point of the square is farther from the edges.
    most: f64,
    /// When it was made: of equals the older one comes first.
    number: usize,
}

impl Square {
    fn new(rings: &[Vec<Coord>], center: Coord, half: f64, number: usize) -> Self {
        let distance = distance(rings, center);
        Self {
            center,
            half,
            distance,
            most: distance + half * std::f64::consts::SQRT_2,
            number,
        }
    }
}

impl Ord for Square {
    fn cmp(&self, other: &Self) -> Ordering {
        self.most.total_cmp(&other.most).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Square {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Square {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Square {}

/// The pole of inaccessibility of rings whose box is from the origin to `size`.
fn pole(rings: &[Vec<Coord>], size: Coord) -> Coord {
    let first = across_the_middle(rings, size.y).unwrap_or(rings[0][0]);
    let mut best = Square::new(rings, first, 0.0, 0);
    let (long, short) = (size.x.max(size.y), size.x.min(size.y));
    let side = short.max(long / MAX_ALONG);
    let count = |length: f64| (length / side).ceil().max(1.0) as usize;
    let half = side / 2.0;
    let (mut squares, mut made) = (BinaryHeap::new(), 0);
    for row in 0..count(size.y) {
        for col in 0..count(size.x) {
            let center = Coord {
                x: col as f64 * side + half,
                y: row as f64 * side + half,
            };
            made += 1;
            squares.push(Square::new(rings, center, half, made));
        }
    }
    let vertices: usize = rings.iter().map(Vec::len).sum();
    let most_made = MAX_PROBES.min(MAX_EDGES / vertices.max(1));
    while let Some(square) = squares.pop() {
        if square.distance > best.distance {
            best = Square { ..square };
        }
        if square.most <= best.distance * (1.0 + TOLERANCE) || made >= most_made {
            break;
        }
        let half = square.half / 2.0;
        for (x, y) in [(-half, -half), (half, -half), (-half, half), (half, half)] {
            let center = Coord {
                x: square.center.x + x,
                y: square.center.y + y,
            };
            made += 1;
            squares.push(Square::new(rings, center, half, made));
        }
    }
    // What was made and not looked at may be better where the search was cut off.
    squares
        .into_iter()
        .filter(|square| square.distance > best.distance)
        .max_by(|a, b| a.distance.total_cmp(&b.distance).then(b.number.cmp(&a.number)))
        .unwrap_or(best)
        .center
}

/// From `at` to the nearest edge; negative where it is outside.
fn distance(rings: &[Vec<Coord>], at: Coord) -> f64 {
    let (mut is_inside, mut least) = (false, f64::INFINITY);
    for (a, b) in rings.iter().flat_map(|ring| edges(ring)) {
        if (a.y > at.y) != (b.y > at.y) && at.x < (b.x - a.x) * (at.y - a.y) / (b.y - a.y) + a.x {
            is_inside = !is_inside;
        }
        least = least.min(squared_distance(a, b, at));
    }
    if is_inside { least.sqrt() } else { -least.sqrt() }
}

fn squared_distance(a: Coord, b: Coord, at: Coord) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        (((at.x - a.x) * dx + (at.y - a.y) * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (x, y) = (at.x - (a.x + along * dx), at.y - (a.y + along * dy));
    x * x + y * y
}

/// The middle of the widest stretch inside along a line near half the height, which meets no vertex: a place inside,
/// however thin the polygon is.
fn across_the_middle(rings: &[Vec<Coord>], height: f64) -> Option<Coord> {
    let heights = || rings.iter().flatten().map(|at| at.y);
    let below = heights().filter(|&y| y <= height / 2.0).reduce(f64::max)?;
    let above = heights().filter(|&y| y > height / 2.0).reduce(f64::min)?;
    let y = f64::midpoint(below, above);
    let crossing =
        |(a, b): (Coord, Coord)| ((a.y > y) != (b.y > y)).then(|| (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x);
    let mut crossings: Vec<f64> = rings.iter().flat_map(|ring| edges(ring)).filter_map(crossing).collect();
    crossings.sort_by(f64::total_cmp);
    let stretches = crossings.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let widest = stretches.reduce(|best, next| if next.1 - next.0 > best.1 - best.0 { next } else { best })?;
    Some(Coord {
        x: f64::midpoint(widest.0, widest.1),
        y,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Ring = Vec<(f64, f64)>;

    fn rings(given: &[Ring]) -> Vec<Vec<Coord>> {
        let ring = |ring: &Ring| ring.iter().map(|&(x, y)| Coord { x, y }).collect();
        given.iter().map(ring).collect()
    }

    fn place_of(rings: &[Vec<Coord>]) -> Coord {
        place(&rings.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// The largest distance among the points of a fine raster.
    fn brute_force(rings: &[Vec<Coord>]) -> f64 {
        let (mut min, mut max) = (rings[0][0], rings[0][0]);
        for at in &rings[0] {
            (min.x, min.y) = (min.x.min(at.x), min.y.min(at.y));
            (max.x, max.y) = (max.x.max(at.x), max.y.max(at.y));
        }
        let mut best = f64::MIN;
        for row in 0..=150 {
            for col in 0..=150 {
                let at = Coord {
                    x: min.x + (max.x - min.x) * f64::from(col) / 150.0,
                    y: min.y + (max.y - min.y) * f64::from(row) / 150.0,
                };
                best = best.max(distance(rings, at));
            }
        }
        best
    }

    #[test]
    fn known_shapes_are_labelled_where_they_are_widest() {
        let check = |name: &str, given: &[Ring], expected: f64| {
            let rings = rings(given);
            let found = distance(&rings, place_of(&rings));
            assert!(found >= expected * 0.98 - 1e-12, "{name}: {found} of {expected}");
        };
        let square = |from: f64, to: f64| vec![(from, from), (to, from), (to, to), (from, to)];
        check("square", &[square(0.0, 1.0)], 0.499);
        let l = vec![(0.0, 0.0), (3.0, 0.0), (3.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0)];
        check("L", &[l], 0.58);
        let u = vec![
            (0.0, 0.0),
            (3.0, 0.0),
            (3.0, 3.0),
            (2.0, 3.0),
            (2.0, 1.0),
            (1.0, 1.0),
            (1.0, 3.0),
            (0.0, 3.0),
        ];
        check("U", &[u], 0.58);
        check("ring", &[square(0.0, 3.0), square(1.0, 2.0)], 0.58);
        let sliver = vec![(0.0, 0.0), (1.0, 1.0), (1.0, 1.000_001), (0.0, 0.000_001)];
        check("sliver", &[sliver], 0.3e-6);
    }

    #[test]
    fn rings_that_cross_themselves_or_enclose_next_to_nothing_still_give_a_place_in_their_box() {
        for ring in [
            vec![(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.5)],
            vec![(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)],
            vec![(1.0, 1.0)],
            vec![(0.0, 0.0), (1.0, f64::MIN_POSITIVE), (2.0, 0.0)],
        ] {
            let at = place_of(&rings(&[ring]));
            assert!((0.0..=2.0).contains(&at.x) && (0.0..=2.5).contains(&at.y), "{at:?}");
        }
    }

    /// A star around the middle of Huangshi with a smaller one of the same directions as its hole.
    fn star() -> impl Strategy<Value = Vec<Ring>> {
        (prop::collection::vec(0.2..1.0_f64, 5..40), 0.0..0.9_f64).prop_map(|(radii, hole)| {
            let ring = |scale: f64| -> Ring {
                let count = radii.len() as f64;
                let at = |(at, radius): (usize, &f64)| {
                    let angle = at as f64 / count * std::f64::consts::TAU;
                    (
                        115.0 + scale * radius * angle.cos(),
                        30.2 + scale * radius * angle.sin(),
                    )
                };
                radii.iter().enumerate().map(at).collect()
            };
            vec![ring(0.01), ring(0.01 * hole)]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn the_place_is_inside_and_about_as_far_from_the_edges_as_any(star in star()) {
            let rings = rings(&star);
            let shortened = 30.2_f64.to_radians().cos();
            let flat: Vec<Vec<Coord>> = rings
                .iter()
                .map(|ring| ring.iter().map(|at| Coord { x: at.x * shortened, y: at.y }).collect())
                .collect();
            let at = place_of(&rings);
            prop_assert!(distance(&rings, at) > 0.0, "{:?} is outside", at);
            let found = distance(&flat, Coord { x: at.x * shortened, y: at.y });
            prop_assert!(found >= 0.97 * brute_force(&flat), "{} of {}", found, brute_force(&flat));
        }
    }
}
