//! What two segments have in common. All that decides is exact: the signs of `robust`'s predicates.

use crate::Coord;
use robust::orient2d;

/// A straight run from one position to another; they differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    pub from: Coord,
    pub to: Coord,
}

/// What two segments have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Contact {
    /// They cross inside of both. The place is rounded.
    Cross(Coord),
    /// One point, which is an end of one of them.
    Touch(Coord),
    /// A run, from one point to another. Both are ends.
    Overlap(Coord, Coord),
}

impl Segment {
    pub fn min_x(&self) -> f64 {
        self.from.x.min(self.to.x)
    }

    pub fn max_x(&self) -> f64 {
        self.from.x.max(self.to.x)
    }

    pub fn min_y(&self) -> f64 {
        self.from.y.min(self.to.y)
    }

    pub fn max_y(&self) -> f64 {
        self.from.y.max(self.to.y)
    }

    /// Whether a point of the line lies between the ends, ends included.
    fn spans(&self, at: Coord) -> bool {
        self.min_x() <= at.x && at.x <= self.max_x() && self.min_y() <= at.y && at.y <= self.max_y()
    }

    /// Positive where `at` lies to the left, 0 where on the line.
    pub fn side(&self, at: Coord) -> f64 {
        let point = |c: Coord| robust::Coord { x: c.x, y: c.y };
        orient2d(point(self.from), point(self.to), point(at))
    }

    /// Whether the point lies on the segment.
    pub fn holds(&self, at: Coord) -> bool {
        self.spans(at) && self.side(at) == 0.0
    }

    /// How far along the segment a point of it lies: 0 at the start, 1 at the end, never out of order.
    pub fn along(&self, at: Coord) -> f64 {
        let (dx, dy) = (self.to.x - self.from.x, self.to.y - self.from.y);
        let part = if dx.abs() >= dy.abs() {
            (at.x - self.from.x) / dx
        } else {
            (at.y - self.from.y) / dy
        };
        part.clamp(0.0, 1.0)
    }

    /// Whether both run the same way; asked of segments on one line.
    pub fn runs_like(&self, other: &Segment) -> bool {
        let direction = |s: &Segment| (s.to.x - s.from.x, s.to.y - s.from.y);
        let ((ax, ay), (bx, by)) = (direction(self), direction(other));
        if ax.abs() >= ay.abs() {
            (ax > 0.0) == (bx > 0.0)
        } else {
            (ay > 0.0) == (by > 0.0)
        }
    }

    /// Whether there is a point in common.
    pub fn meets(&self, other: &Segment) -> bool {
        self.contact(other).is_some()
    }

    /// What they have in common.
    pub fn contact(&self, other: &Segment) -> Option<Contact> {
        let beside = self.max_x() < other.min_x()
            || other.max_x() < self.min_x()
            || self.max_y() < other.min_y()
            || other.max_y() < self.min_y();
        if beside {
            return None;
        }
        let (a, b) = (other.side(self.from), other.side(self.to));
        if same_side(a, b) {
            return None;
        }
        let (c, d) = (self.side(other.from), self.side(other.to));
        if same_side(c, d) {
            return None;
        }
        if a == 0.0 && b == 0.0 {
            return self.overlap(other);
        }
        let ends = [(a, self.from), (b, self.to), (c, other.from), (d, other.to)];
        match ends.into_iter().find(|(side, _)| *side == 0.0) {
            Some((_, end)) => Some(Contact::Touch(end)),
            None => Some(Contact::Cross(self.crossing(a, b))),
        }
    }

    /// What two segments of one line have in common.
    fn overlap(&self, other: &Segment) -> Option<Contact> {
        let mut ends: Vec<Coord> = Vec::with_capacity(2);
        for (end, whole) in [
            (other.from, self),
            (other.to, self),
            (self.from, other),
            (self.to, other),
        ] {
            if whole.spans(end) && !ends.contains(&end) {
                ends.push(end);
            }
        }
        match ends[..] {
            [] => None,
            [one] => Some(Contact::Touch(one)),
            [one, two, ..] => Some(Contact::Overlap(one, two)),
        }
    }

    /// Where a line crosses that has the ends at these distances, one on either side.
    fn crossing(&self, from_side: f64, to_side: f64) -> Coord {
        let part = (from_side / (from_side - to_side)).clamp(0.0, 1.0);
        let at = Coord {
            x: self.from.x + (self.to.x - self.from.x) * part,
            y: self.from.y + (self.to.y - self.from.y) * part,
        };
        if at.x.is_finite() && at.y.is_finite() {
            at
        } else {
            self.from
        }
    }
}

fn same_side(a: f64, b: f64) -> bool {
    (a > 0.0 && b > 0.0) || (a < 0.0 && b < 0.0)
}
