//! Rings in tile units: their area, and the removal of vertices that add nothing.
//!
//! Rings are kept without the closing repetition of the first vertex.

use super::frame::Point;
use std::ops::Range;

/// The rings of the polygons of a feature: each outer ring is followed by its holes.
#[derive(Debug, Default)]
pub(super) struct Rings {
    points: Vec<Point>,
    ends: Vec<usize>,
    /// Places of the outer rings.
    outer: Vec<usize>,
}

/// What a ring is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Outer,
    Hole,
}

impl Rings {
    pub fn clear(&mut self) {
        self.points.clear();
        self.ends.clear();
        self.outer.clear();
    }

    /// Adds a ring; the first must be an outer one.
    pub fn push(&mut self, role: Role, ring: impl IntoIterator<Item = Point>) {
        if role == Role::Outer {
            self.outer.push(self.ends.len());
        }
        self.points.extend(ring);
        self.ends.push(self.points.len());
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many rings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// All vertices; there are as many edges.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    pub fn ring(&self, at: usize) -> &[Point] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.points[start..self.ends[at]]
    }

    /// All rings.
    pub fn iter(&self) -> impl Iterator<Item = &[Point]> {
        (0..self.len()).map(|at| self.ring(at))
    }

    /// How many polygons.
    pub fn polygon_count(&self) -> usize {
        self.outer.len()
    }

    /// The places of the rings of each polygon, the outer one first.
    pub fn polygons(&self) -> impl Iterator<Item = Range<usize>> {
        let ends = self.outer.iter().skip(1).copied().chain([self.len()]);
        self.outer.iter().copied().zip(ends).map(|(start, end)| start..end)
    }
}

/// Twice the signed area of a triangle: positive where it turns right on a map whose y goes down.
///
/// The points must be drawn ones: with others it could overflow.
#[inline]
pub(super) fn cross(a: Point, b: Point, c: Point) -> i64 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// Twice the area by the surveyor's formula in tile coordinates: positive for what MVT wants of an outer ring.
pub(super) fn double_area(ring: &[Point]) -> i64 {
    let Some(mut a) = ring.last().copied() else { return 0 };
    let mut sum = 0;
    for &b in ring {
        sum += a.x * b.y - b.x * a.y;
        a = b;
    }
    sum
}

/// Where a position is with regard to a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Inside,
    On,
    Outside,
}

/// Where a position is, by the even-odd rule. It is given doubled, so that the middle of an edge can be asked for.
pub(super) fn side_of(ring: &[Point], twice: Point) -> Side {
    let double = |p: Point| Point { x: 2 * p.x, y: 2 * p.y };
    let Some(mut a) = ring.last().copied().map(double) else {
        return Side::Outside;
    };
    let mut side = Side::Outside;
    for b in ring.iter().copied().map(double) {
        let turn = cross(a, b, twice);
        let beside = |a: i64, b: i64, at: i64| a.min(b) <= at && at <= a.max(b);
        if turn == 0 && beside(a.x, b.x, twice.x) && beside(a.y, b.y, twice.y) {
            return Side::On;
        }
        if (a.y > twice.y) != (b.y > twice.y) && (turn > 0) == (b.y > a.y) {
            side = if side == Side::Inside {
                Side::Outside
            } else {
                Side::Inside
            };
        }
        a = b;
    }
    side
}

/// Takes away repeated vertices, vertices on straight edges, and spikes: parts that go out and back on the same line.
/// What is left has the same area, and no edge lies on the next; fewer than three vertices mean that nothing is left.
pub(super) fn clean(ring: &mut Vec<Point>) {
    let mut kept = 0;
    for at in 0..ring.len() {
        let point = ring[at];
        kept = without_straight(&ring[..kept], point);
        if kept == 0 || ring[kept - 1] != point {
            ring[kept] = point;
            kept += 1;
        }
    }
    ring.truncate(kept);
    clean_seam(ring);
}

/// How many of `kept` stay when `next` follows.
#[inline]
fn without_straight(kept: &[Point], next: Point) -> usize {
    let mut count = kept.len();
    while count >= 2 && cross(kept[count - 2], kept[count - 1], next) == 0 {
        count -= 1;
    }
    count
}

/// Cleans where the end of the ring meets its beginning.
fn clean_seam(ring: &mut Vec<Point>) {
    let mut first = 0;
    loop {
        let rest = &ring[first..];
        let count = rest.len();
        if count < 3 {
            ring.clear();
            return;
        }
        let (head, second, before, tail) = (rest[0], rest[1], rest[count - 2], rest[count - 1]);
        if head == tail || cross(before, tail, head) == 0 {
            ring.pop();
        } else if cross(tail, head, second) == 0 {
            first += 1;
        } else {
            break;
        }
    }
    ring.drain(..first);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(ring: &[(i64, i64)]) -> Vec<Point> {
        ring.iter().map(|&(x, y)| Point { x, y }).collect()
    }

    fn check(ring: &[(i64, i64)], expected: &[(i64, i64)]) {
        for turn in 0..ring.len().max(1) {
            let mut cleaned = points(ring);
            cleaned.rotate_left(turn);
            clean(&mut cleaned);
            let start = cleaned
                .iter()
                .position(|p| Some(p) == points(expected).first())
                .unwrap_or(0);
            cleaned.rotate_left(start);
            assert_eq!(cleaned, points(expected), "{ring:?} from {turn}");
        }
    }

    #[test]
    fn what_adds_nothing_is_taken_away_wherever_the_ring_begins() {
        let square = [(0, 0), (4, 0), (4, 4), (0, 4)];
        check(&square, &square);
        check(
            &[
                (0, 0),
                (0, 0),
                (2, 0),
                (4, 0),
                (4, 4),
                (4, 4),
                (1, 4),
                (0, 4),
                (0, 4),
                (0, 2),
            ],
            &square,
        );
        check(&[(0, 0), (4, 0), (9, 0), (4, 0), (4, 4), (0, 4)], &square);
        check(
            &[(0, 0), (6, 0), (4, 0), (4, 4), (4, 7), (4, 5), (4, 4), (0, 4)],
            &square,
        );
    }

    #[test]
    fn rings_without_area_vanish() {
        check(&[], &[]);
        check(&[(1, 1)], &[]);
        check(&[(1, 1), (2, 2)], &[]);
        check(&[(1, 1), (1, 1), (1, 1), (1, 1)], &[]);
        check(&[(0, 0), (2, 2), (5, 5), (1, 1)], &[]);
        check(&[(0, 0), (2, 2), (3, 3), (2, 2), (0, 0), (1, 0)], &[]);
    }

    proptest! {
        #[test]
        fn area_stays_and_no_edge_lies_on_the_next(raw in prop::collection::vec((0..6_i64, 0..6_i64), 0..12)) {
            let mut ring = points(&raw);
            let area = double_area(&ring);
            clean(&mut ring);
            prop_assert_eq!(double_area(&ring), area);
            let count = ring.len();
            for at in 0..count {
                prop_assert_ne!(cross(ring[at], ring[(at + 1) % count], ring[(at + 2) % count]), 0);
            }
        }
    }
}
