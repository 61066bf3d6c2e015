//! Whether a place lies in an area, and a place that surely lies in it.

use super::area::edges;
use crate::{Bbox, Coord, Geometry, Polygon};

/// Whether the place lies in an area of the geometry, by the even-odd rule of each polygon; the border counts.
pub fn contains(geometry: &Geometry, at: Coord) -> bool {
    match geometry {
        Geometry::Points(_) | Geometry::Lines(_) => false,
        Geometry::Polygons(polygons) => polygons.iter().any(|polygon| polygon_contains(polygon, at)),
        Geometry::Collection(parts) => parts.iter().any(|part| contains(part, at)),
    }
}

/// A place that stands for the geometry: its first point, the middle of its longest line, or a place in the interior of
/// its widest polygon, halfway between south and north. The same for equal geometries; none where it is empty.
pub fn point_on(geometry: &Geometry) -> Option<Coord> {
    match geometry {
        Geometry::Points(path) => path.coords().first().copied(),
        Geometry::Lines(paths) => {
            let longest = paths
                .iter()
                .max_by(|a, b| rough(a.coords()).total_cmp(&rough(b.coords())))?;
            middle(longest.coords())
        }
        Geometry::Polygons(polygons) => {
            let size = |polygon: &Polygon| bbox(polygon).map_or(-1.0, |bbox| bbox.east() - bbox.west());
            point_in(polygons.iter().max_by(|a, b| size(a).total_cmp(&size(b)))?)
        }
        Geometry::Collection(parts) => {
            // What has the most dimensions stands for the whole.
            let rank = |part: &&Geometry| part.dimension().map_or(1, |dimension| dimension as u8);
            let mut parts: Vec<_> = parts.iter().collect();
            parts.sort_by_key(|part| std::cmp::Reverse(rank(part)));
            parts.into_iter().find_map(point_on)
        }
    }
}

fn bbox(polygon: &Polygon) -> Option<Bbox> {
    Bbox::around(polygon.rings.iter().flat_map(|ring| ring.coords().iter().copied()))
}

fn polygon_contains(polygon: &Polygon, at: Coord) -> bool {
    let mut inside = false;
    for ring in &polygon.rings {
        for (a, b) in edges(ring.coords()) {
            let side = side(a, b, at);
            let beside = at.x < a.x.min(b.x) || at.x > a.x.max(b.x) || at.y < a.y.min(b.y) || at.y > a.y.max(b.y);
            if side == 0.0 && !beside {
                return true;
            }
            if (a.y > at.y) != (b.y > at.y) && (side > 0.0) == (b.y > a.y) {
                inside = !inside;
            }
        }
    }
    inside
}

/// Positive where `at` is to the left of the line from `a` to `b`, 0 where on it; exact in sign.
pub(super) fn side(a: Coord, b: Coord, at: Coord) -> f64 {
    let point = |c: Coord| robust::Coord { x: c.x, y: c.y };
    robust::orient2d(point(a), point(b), point(at))
}

/// The middle of the longest run inside, on the line halfway between south and north.
fn point_in(polygon: &Polygon) -> Option<Coord> {
    let bbox = bbox(polygon)?;
    let first = polygon.rings.first()?.coords().first().copied();
    let y = halfway(polygon, &bbox);
    let mut crossings: Vec<f64> = polygon
        .rings
        .iter()
        .flat_map(|ring| crossings(ring.coords(), y))
        .collect();
    crossings.sort_by(f64::total_cmp);
    let runs = crossings
        .chunks_exact(2)
        .map(|run| (run[1] - run[0], run[0] + (run[1] - run[0]) / 2.0));
    let widest = runs.reduce(|best, run| if run.0 > best.0 { run } else { best });
    widest.map(|(_, x)| Coord { x, y }).or(first)
}

/// A height that no corner has, near the middle: the middle between the corners next to it.
fn halfway(polygon: &Polygon, bbox: &Bbox) -> f64 {
    let middle = bbox.center().y;
    let heights = polygon
        .rings
        .iter()
        .flat_map(|ring| ring.coords().iter().map(|at| at.y));
    let (mut below, mut above) = (bbox.south(), bbox.north());
    for y in heights {
        if y <= middle {
            below = below.max(y);
        } else {
            above = above.min(y);
        }
    }
    below + (above - below) / 2.0
}

fn crossings(ring: &[Coord], y: f64) -> impl Iterator<Item = f64> {
    let crossed = move |(a, b): &(Coord, Coord)| (a.y > y) != (b.y > y);
    edges(ring)
        .filter(crossed)
        .map(move |(a, b)| a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x))
}

fn rough(coords: &[Coord]) -> f64 {
    coords
        .windows(2)
        .map(|pair| (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y))
        .sum()
}

/// The place halfway along a line.
fn middle(coords: &[Coord]) -> Option<Coord> {
    let mut left = rough(coords) / 2.0;
    for pair in coords.windows(2) {
        let length = rough(pair);
        if length >= left && length > 0.0 {
            let part = left / length;
            return Some(Coord {
                x: pair[0].x + (pair[1].x - pair[0].x) * part,
                y: pair[0].y + (pair[1].y - pair[0].y) * part,
            });
        }
        left -= length;
    }
    coords.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Path;
    use proptest::prelude::*;

    fn path(coords: &[(f64, f64)]) -> Path {
        Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap()
    }

    proptest! {
        #[test]
        fn a_polygons_point_lies_in_it(corners in prop::collection::vec(0.2..1.0, 3..20)) {
            let turn = std::f64::consts::TAU / corners.len() as f64;
            let corner = |(i, far): (usize, &f64)| (far * (turn * i as f64).cos(), far * (turn * i as f64).sin());
            let ring: Vec<_> = corners.iter().enumerate().map(corner).collect();
            let polygon = Geometry::Polygons(vec![Polygon { rings: vec![path(&ring)] }]);
            prop_assert!(contains(&polygon, point_on(&polygon).unwrap()));
        }
    }

    #[test]
    fn borders_are_in_and_holes_are_not() {
        let outer = path(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)]);
        let hole = path(&[(1.0, 1.0), (1.0, 3.0), (3.0, 3.0), (3.0, 1.0), (1.0, 1.0)]);
        let ring = Geometry::Polygons(vec![Polygon {
            rings: vec![outer, hole],
        }]);
        let check = |x, y, expected| assert_eq!(contains(&ring, Coord { x, y }), expected, "{x} {y}");
        check(0.5, 0.5, true);
        check(2.0, 2.0, false);
        check(1.0, 2.0, true);
        check(4.0, 4.0, true);
        check(4.1, 4.0, false);
        let on = point_on(&ring).unwrap();
        assert!(contains(&ring, on) && !(1.0..3.0).contains(&on.x), "{on:?}");
    }

    #[test]
    fn every_geometry_that_is_somewhere_has_a_point() {
        let line = Geometry::Lines(vec![path(&[(0.0, 0.0), (4.0, 0.0)]), path(&[(9.0, 9.0)])]);
        assert_eq!(point_on(&line), Some(Coord { x: 2.0, y: 0.0 }));
        let point = Geometry::point(7.0, 8.0).unwrap();
        assert_eq!(point_on(&point), Some(Coord { x: 7.0, y: 8.0 }));
        let mixed = Geometry::Collection(vec![point, line]);
        assert_eq!(point_on(&mixed), Some(Coord { x: 2.0, y: 0.0 }));
        let flat = Geometry::Polygons(vec![Polygon {
            rings: vec![path(&[(1.0, 1.0), (2.0, 1.0), (1.0, 1.0)])],
        }]);
        assert_eq!(point_on(&flat), Some(Coord { x: 1.0, y: 1.0 }));
        assert_eq!(point_on(&Geometry::Polygons(Vec::new())), None);
    }
}
