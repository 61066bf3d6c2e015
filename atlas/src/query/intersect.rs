//! Whether a geometry and a box have a point in common, exactly.

use crate::data::shapes::{Kind, Shapes};
use onemap_model::{Bbox, Coord};
use std::ops::Range;

/// Whether the feature in `slot` has a point in common with `bbox`; a touch counts.
pub(crate) fn touches(shapes: &Shapes, slot: usize, bbox: Bbox) -> bool {
    let mut found = false;
    shapes.runs(slot, |kind, paths| {
        found = found || run_touches(shapes, kind, paths, bbox)
    });
    found
}

fn run_touches(shapes: &Shapes, kind: Kind, paths: Range<usize>, bbox: Bbox) -> bool {
    let vertices = |path: usize| &shapes.coords()[shapes.vertices(path)];
    if paths
        .clone()
        .any(|path| vertices(path).iter().any(|&at| bbox.contains_point(at)))
    {
        return true;
    }
    match kind {
        Kind::Lines => paths
            .into_iter()
            .any(|path| segments(vertices(path)).any(|(a, b)| segment_touches(a, b, bbox))),
        Kind::Polygons => {
            paths
                .clone()
                .any(|path| edges(vertices(path)).any(|(a, b)| segment_touches(a, b, bbox)))
                || is_covered(shapes, paths, bbox)
        }
        Kind::Points | Kind::Null | Kind::Collection => false,
    }
}

/// Whether a polygon covers the box, whose border no ring meets: then any of its points tells.
fn is_covered(shapes: &Shapes, paths: Range<usize>, bbox: Bbox) -> bool {
    let corner = Coord {
        x: bbox.west(),
        y: bbox.south(),
    };
    let mut inside = false;
    for path in paths {
        if shapes.is_outer(path) {
            if inside {
                return true;
            }
            inside = false;
        }
        inside ^= is_inside(&shapes.coords()[shapes.vertices(path)], corner);
    }
    inside
}

/// Even-odd rule for a point that is not on the ring.
fn is_inside(ring: &[Coord], at: Coord) -> bool {
    let crosses = |(a, b): (Coord, Coord)| {
        let upward = b.y > a.y;
        (a.y > at.y) != (b.y > at.y) && (side(a, b, at) > 0.0) == upward
    };
    edges(ring).filter(|&edge| crosses(edge)).count() % 2 == 1
}

fn segment_touches(a: Coord, b: Coord, bbox: Bbox) -> bool {
    let beside = a.x.max(b.x) < bbox.west()
        || a.x.min(b.x) > bbox.east()
        || a.y.max(b.y) < bbox.south()
        || a.y.min(b.y) > bbox.north();
    if beside {
        return false;
    }
    let corners = [
        (bbox.west(), bbox.south()),
        (bbox.east(), bbox.south()),
        (bbox.east(), bbox.north()),
        (bbox.west(), bbox.north()),
    ];
    let sides = corners.map(|(x, y)| side(a, b, Coord { x, y }));
    !(sides.iter().all(|&side| side > 0.0) || sides.iter().all(|&side| side < 0.0))
}

/// Positive where `at` is to the left of the line from `a` to `b`, 0 where on it; exact in sign.
fn side(a: Coord, b: Coord, at: Coord) -> f64 {
    let point = |c: Coord| robust::Coord { x: c.x, y: c.y };
    robust::orient2d(point(a), point(b), point(at))
}

fn segments(line: &[Coord]) -> impl Iterator<Item = (Coord, Coord)> {
    line.windows(2).map(|pair| (pair[0], pair[1]))
}

/// The edges of a ring, closed whether its last position repeats the first or not.
fn edges(ring: &[Coord]) -> impl Iterator<Item = (Coord, Coord)> {
    let closing = ring.last().copied().zip(ring.first().copied());
    segments(ring).chain(closing)
}
