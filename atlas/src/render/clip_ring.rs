//! Cuts rings to the tile and its buffer (Sutherland and Hodgman, 1974).
//!
//! One side after the other, linear in the number of vertices. A concave ring that leaves and comes back is left with
//! bridges along the border: edges that lie on each other. They enclose nothing, and [`super::repair`] splits the ring
//! there; [`super::simple`] is what finds that it must.

use super::clip_line::{at_x, at_y};
use super::frame::{Point, Subunits};

/// Cuts `ring`, in subunits, in place. `spare` is working space.
pub(super) fn clip(ring: &mut Vec<Point>, subunits: Subunits, spare: &mut Vec<Point>) {
    let (min, max) = (subunits.min(), subunits.max());
    side(ring, spare, |p| p.x >= min, |a, b| at_x(a, b, min));
    side(spare, ring, |p| p.x <= max, |a, b| at_x(a, b, max));
    side(ring, spare, |p| p.y >= min, |a, b| at_y(a, b, min));
    side(spare, ring, |p| p.y <= max, |a, b| at_y(a, b, max));
}

fn side(
    ring: &[Point],
    cut: &mut Vec<Point>,
    is_inside: impl Fn(Point) -> bool,
    crossing: impl Fn(Point, Point) -> Option<Point>,
) {
    cut.clear();
    let Some(mut a) = ring.last().copied() else { return };
    for &b in ring {
        if is_inside(a) != is_inside(b) {
            // None where the end that is inside lies on the border: it is its own crossing.
            cut.extend(crossing(a, b));
        }
        if is_inside(b) {
            cut.push(b);
        }
        a = b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ring: &[(i64, i64)], expected: &[(i64, i64)]) {
        let points = |ring: &[(i64, i64)]| ring.iter().map(|&(x, y)| Point { x, y }).collect::<Vec<_>>();
        let mut cut = points(ring);
        clip(&mut cut, Subunits::UNITS, &mut Vec::new());
        let start = cut
            .iter()
            .position(|p| Some(p) == points(expected).first())
            .unwrap_or(0);
        cut.rotate_left(start);
        assert_eq!(cut, points(expected), "{ring:?}");
    }

    #[test]
    fn a_ring_around_the_tile_becomes_the_tile() {
        let far = 1 << 35;
        check(
            &[(-far, -far), (far, -far), (far, far), (-far, far)],
            &[(-64, -64), (4160, -64), (4160, 4160), (-64, 4160)],
        );
    }

    #[test]
    fn a_corner_is_cut_off() {
        check(
            &[(4100, 0), (4200, 0), (4200, 10), (4100, 10)],
            &[(4100, 0), (4160, 0), (4160, 10), (4100, 10)],
        );
        check(&[(4200, 0), (4300, 0), (4200, 10)], &[]);
        check(&[], &[]);
    }
}
