//! Makes valid polygons of rings that cross or touch themselves or each other.

use super::frame::Point;
use super::ring::{Rings, cross};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;

/// Hands valid polygons to `each` that cover what the rings cover by the even-odd rule: inside the outer ring and not
/// inside a hole. `rings` must be drawn ones.
pub(super) fn repair(rings: &Rings, mut each: impl FnMut(&Rings)) {
    let options = IntOverlayOptions {
        ogc: true,
        ..IntOverlayOptions::default()
    };
    let mut overlay = Overlay::<i32>::new_custom(rings.edge_count(), options, Solver::default());
    for (at, ring) in rings.iter().enumerate() {
        let role = if at == 0 { ShapeType::Subject } else { ShapeType::Clip };
        overlay.add_path_iter(ring.iter().map(|p| IntPoint::new(p.x as i32, p.y as i32)), role);
    }
    let mut polygon = Rings::default();
    for shape in overlay.overlay(OverlayRule::Difference, FillRule::EvenOdd) {
        polygon.clear();
        for contour in &shape {
            polygon.push(&contour.iter().map(point).collect::<Vec<_>>());
        }
        each(&polygon);
    }
}

fn point(at: &IntPoint<i32>) -> Point {
    Point {
        x: i64::from(at.x),
        y: i64::from(at.y),
    }
}

/// The convex hull of a ring, for one that is beyond repair; empty where it has no area.
pub(super) fn hull(ring: &[Point]) -> Vec<Point> {
    let mut points = ring.to_vec();
    points.sort_unstable();
    points.dedup();
    let mut hull = half_hull(points.iter());
    hull.extend(half_hull(points.iter().rev()));
    if hull.len() < 3 { Vec::new() } else { hull }
}

/// One side of the hull, without its last point, which is the other side's first.
fn half_hull<'a>(points: impl Iterator<Item = &'a Point>) -> Vec<Point> {
    let mut half: Vec<Point> = Vec::new();
    for &point in points {
        while let [.., a, b] = half[..]
            && cross(a, b, point) <= 0
        {
            half.pop();
        }
        half.push(point);
    }
    half.pop();
    half
}
