//! Temporal relations (21-065r2, clause 7.7), on instants and intervals with both ends included.
//!
//! A day is the interval of all its moments, in the layer's zone. Days beside days are compared as days: an interval
//! that ends on a day meets one that begins on it.

use super::datum::Datum;
use super::ops::TemporalOp;
use crate::{Date, Instant};
use std::cmp::Ordering;

const DAY_MICROS: i64 = 86_400_000_000;

/// From its start to its end, both included. One instant is both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub start: Edge,
    pub end: Edge,
}

/// An end of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    /// The day, where a day was given.
    day: Option<Date>,
    /// The moment; the first one of a day that begins a period, the last one of a day that ends it.
    micros: i64,
}

impl Edge {
    /// Before everything.
    pub const ALWAYS: Edge = Edge {
        day: None,
        micros: i64::MIN,
    };
    /// After everything.
    pub const FOREVER: Edge = Edge {
        day: None,
        micros: i64::MAX,
    };

    /// The start of a period that begins with `datum`; none where that is no time.
    pub fn start(datum: &Datum<'_>, offset_minutes: i16) -> Option<Self> {
        match datum {
            Datum::Date(day) => Some(Self {
                day: Some(*day),
                micros: day.start(offset_minutes).micros(),
            }),
            Datum::DateTime(time) => Some(Self::of(*time)),
            _ => None,
        }
    }

    /// The end of a period that ends with `datum`; none where that is no time.
    pub fn end(datum: &Datum<'_>, offset_minutes: i16) -> Option<Self> {
        let start = Self::start(datum, offset_minutes)?;
        Some(match start.day {
            Some(_) => Self {
                micros: start.micros.saturating_add(DAY_MICROS - 1),
                ..start
            },
            None => start,
        })
    }

    fn of(time: Instant) -> Self {
        Self {
            day: None,
            micros: time.micros(),
        }
    }

    fn cmp(self, other: Self) -> Ordering {
        match (self.day, other.day) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.micros.cmp(&other.micros),
        }
    }
}

/// Whether the relation holds.
pub(super) fn holds(op: TemporalOp, a: Period, b: Period) -> bool {
    let (starts, ends) = (a.start.cmp(b.start), a.end.cmp(b.end));
    let a_end_b_start = a.end.cmp(b.start);
    let a_start_b_end = a.start.cmp(b.end);
    match op {
        TemporalOp::After => a_start_b_end.is_gt(),
        TemporalOp::Before => a_end_b_start.is_lt(),
        TemporalOp::Disjoint => a_end_b_start.is_lt() || a_start_b_end.is_gt(),
        TemporalOp::Intersects => a_end_b_start.is_ge() && a_start_b_end.is_le(),
        TemporalOp::Equals => starts.is_eq() && ends.is_eq(),
        TemporalOp::Contains => starts.is_lt() && ends.is_gt(),
        TemporalOp::During => starts.is_gt() && ends.is_lt(),
        TemporalOp::Starts => starts.is_eq() && ends.is_lt(),
        TemporalOp::StartedBy => starts.is_eq() && ends.is_gt(),
        TemporalOp::Finishes => starts.is_gt() && ends.is_eq(),
        TemporalOp::FinishedBy => starts.is_lt() && ends.is_eq(),
        TemporalOp::Meets => a_end_b_start.is_eq(),
        TemporalOp::MetBy => a_start_b_end.is_eq(),
        TemporalOp::Overlaps => starts.is_lt() && a_end_b_start.is_gt() && ends.is_lt(),
        TemporalOp::OverlappedBy => starts.is_gt() && a_start_b_end.is_lt() && ends.is_gt(),
    }
}
