//! Exact predicates: on which side of a line a point lies, and how two segments meet.
//!
//! All answers are those of real arithmetic on the given doubles (Shewchuk's adaptive predicates), so that they agree
//! with one another. Only the *place* of a crossing is rounded.

use onemap_model::Coord;
use robust::{Coord as Point, orient2d};
use std::cmp::Ordering;

/// Positive where `c` lies to the left of the line from `a` to `b`, negative to its right, zero on it.
pub fn orient(a: Coord, b: Coord, c: Coord) -> f64 {
    let point = |p: Coord| Point { x: p.x, y: p.y };
    orient2d(point(a), point(b), point(c))
}

/// Orders by x, then y.
pub fn by_xy(a: &Coord, b: &Coord) -> Ordering {
    // Zero and minus zero are one place.
    let key = |p: &Coord| (p.x + 0.0, p.y + 0.0);
    let ((ax, ay), (bx, by)) = (key(a), key(b));
    ax.total_cmp(&bx).then(ay.total_cmp(&by))
}

/// A straight segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Its beginning.
    pub from: Coord,
    /// Its end.
    pub to: Coord,
}

/// How two segments meet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meeting {
    /// Not at all.
    Apart,
    /// In a point that ends one of them at least.
    Touch(Coord),
    /// In a point inside both.
    Cross(Coord),
    /// In more than a point; one such point.
    Overlap(Coord),
}

impl Segment {
    /// Whether the boxes of two segments meet.
    pub fn boxes_meet(self, other: Segment) -> bool {
        let (a, b) = (self, other);
        a.from.x.min(a.to.x) <= b.from.x.max(b.to.x)
            && b.from.x.min(b.to.x) <= a.from.x.max(a.to.x)
            && a.from.y.min(a.to.y) <= b.from.y.max(b.to.y)
            && b.from.y.min(b.to.y) <= a.from.y.max(a.to.y)
    }

    /// Whether a point that is on its line lies within its box.
    fn spans(self, p: Coord) -> bool {
        (self.from.x.min(self.to.x)..=self.from.x.max(self.to.x)).contains(&p.x)
            && (self.from.y.min(self.to.y)..=self.from.y.max(self.to.y)).contains(&p.y)
    }

    /// How it meets another.
    pub fn meeting(self, other: Segment) -> Meeting {
        if !self.boxes_meet(other) {
            return Meeting::Apart;
        }
        let (c, d) = (
            orient(self.from, self.to, other.from),
            orient(self.from, self.to, other.to),
        );
        if one_side(c, d) {
            return Meeting::Apart;
        }
        if c == 0.0 && d == 0.0 {
            return self.along(other);
        }
        let (a, b) = (
            orient(other.from, other.to, self.from),
            orient(other.from, other.to, self.to),
        );
        if one_side(a, b) {
            return Meeting::Apart;
        }
        let on = [(a, self.from), (b, self.to), (c, other.from), (d, other.to)];
        match on.iter().find(|(side, _)| *side == 0.0) {
            Some((_, end)) => Meeting::Touch(*end),
            None => Meeting::Cross(self.crossing(other)),
        }
    }

    /// How it meets one on the same line.
    fn along(self, other: Segment) -> Meeting {
        let ends = [other.from, other.to].into_iter().filter(|p| self.spans(*p));
        let own = [self.from, self.to].into_iter().filter(|p| other.spans(*p));
        let mut common = ends.chain(own);
        match common.next() {
            None => Meeting::Apart,
            Some(first) => match common.find(|p| *p != first) {
                Some(_) => Meeting::Overlap(first),
                None => Meeting::Touch(first),
            },
        }
    }

    /// About where it crosses another: inside the box of both.
    fn crossing(self, other: Segment) -> Coord {
        let (dx, dy) = (self.to.x - self.from.x, self.to.y - self.from.y);
        let (ex, ey) = (other.to.x - other.from.x, other.to.y - other.from.y);
        let t = ((other.from.x - self.from.x) * ey - (other.from.y - self.from.y) * ex) / (dx * ey - dy * ex);
        let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.5 };
        Coord {
            x: self.from.x + t * dx,
            y: self.from.y + t * dy,
        }
    }
}

/// Whether two results of [`orient`] have the same sign. (Their product may vanish.)
fn one_side(a: f64, b: f64) -> bool {
    (a > 0.0 && b > 0.0) || (a < 0.0 && b < 0.0)
}

/// Orders directions from `at` counter-clockwise, beginning in the east.
pub fn by_angle(at: Coord, a: Coord, b: Coord) -> Ordering {
    let upper = |p: Coord| p.y > at.y || (p.y == at.y && p.x > at.x);
    match (upper(a), upper(b)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ => 0.0_f64.total_cmp(&(orient(at, a, b) + 0.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(x1: f64, y1: f64, x2: f64, y2: f64) -> Segment {
        Segment {
            from: Coord { x: x1, y: y1 },
            to: Coord { x: x2, y: y2 },
        }
    }

    #[test]
    fn two_segments_meet_in_one_of_four_ways() {
        let base = segment(0.0, 0.0, 4.0, 0.0);
        for (other, expected) in [
            (segment(0.0, 1.0, 4.0, 1.0), Meeting::Apart),
            (segment(5.0, 0.0, 6.0, 0.0), Meeting::Apart),
            (segment(1.0, -1.0, 1.0, 1.0), Meeting::Cross(Coord { x: 1.0, y: 0.0 })),
            (segment(1.0, 0.0, 1.0, 1.0), Meeting::Touch(Coord { x: 1.0, y: 0.0 })),
            (segment(4.0, 0.0, 6.0, 0.0), Meeting::Touch(Coord { x: 4.0, y: 0.0 })),
            (segment(3.0, 0.0, 6.0, 0.0), Meeting::Overlap(Coord { x: 3.0, y: 0.0 })),
        ] {
            assert_eq!(base.meeting(other), expected, "{other:?}");
        }
    }

    #[test]
    fn directions_are_ordered_around_a_point() {
        let at = Coord { x: 1.0, y: 1.0 };
        let around: Vec<Coord> = [(2.0, 1.0), (2.0, 2.0), (1.0, 3.0), (0.0, 1.0), (0.0, 0.0), (1.5, 0.9)]
            .map(|(x, y)| Coord { x, y })
            .to_vec();
        for (i, a) in around.iter().enumerate() {
            for (j, b) in around.iter().enumerate() {
                assert_eq!(by_angle(at, *a, *b), i.cmp(&j), "{a:?} {b:?}");
            }
        }
    }
}
