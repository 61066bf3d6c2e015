//! Makes valid polygons of rings that cross or touch themselves or each other.

use super::frame::Point;
use super::nest::nest;
use super::ring::{Rings, Role, cross};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;

/// Makes valid polygons, apart from each other, that cover what the given ones cover: each by the even-odd rule what is
/// inside its outer ring and not inside its holes, and all of them together. All must be drawn positions.
pub(super) fn repair(rings: &Rings) -> Rings {
    let each = rings.polygons().map(|polygon| {
        let mut overlay = overlay(polygon.clone().map(|at| rings.ring(at).len()).sum());
        for at in polygon.clone() {
            let role = if at == polygon.start {
                ShapeType::Subject
            } else {
                ShapeType::Clip
            };
            overlay.add_path_iter(rings.ring(at).iter().map(int_point), role);
        }
        overlay.overlay(OverlayRule::Difference, FillRule::EvenOdd)
    });
    let mut shapes: Vec<_> = each.flatten().collect();
    if rings.polygon_count() > 1 {
        let mut overlay = overlay(rings.points().len());
        overlay.add_source(&shapes, ShapeType::Subject);
        shapes = overlay.overlay(OverlayRule::Subject, FillRule::NonZero);
    }
    nest(
        shapes
            .into_iter()
            .flatten()
            .map(|ring| ring.iter().map(point).collect()),
    )
}

fn overlay(edges: usize) -> Overlay<i32> {
    let options = IntOverlayOptions {
        ogc: true,
        ..IntOverlayOptions::default()
    };
    Overlay::new_custom(edges, options, Solver::default())
}

fn int_point(at: &Point) -> IntPoint<i32> {
    IntPoint::new(at.x as i32, at.y as i32)
}

fn point(at: &IntPoint<i32>) -> Point {
    Point {
        x: i64::from(at.x),
        y: i64::from(at.y),
    }
}

/// The convex hull of rings that are beyond repair; empty where it has no area.
pub(super) fn hull(rings: &Rings) -> Rings {
    let mut points = rings.points().to_vec();
    points.sort_unstable();
    points.dedup();
    let mut hull = half_hull(points.iter());
    hull.extend(half_hull(points.iter().rev()));
    let mut rings = Rings::default();
    if hull.len() >= 3 {
        rings.push(Role::Outer, hull);
    }
    rings
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
