//! Asks a plan of a row. True, false, or unknown, as in SQL: unknown is what comes of null.

use super::datum::{Datum, compare};
use super::fold;
use super::near::Near;
use super::number::calculate;
use super::ops::{ArrayOp, SpatialOp, TemporalOp};
use super::period::{Edge, Period, holds};
use super::plan::{Among, Bound, Bounds, Operand, Term, Test};
use super::relate;
use super::schema::Source;
use super::subject::Subject;
use crate::{Bbox, Fid, Geometry, TimeSpan};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A row, and what else decides.
pub(super) struct Scope<'s, S> {
    row: &'s S,
    offset_minutes: i16,
}

impl<'s, S: Subject> Scope<'s, S> {
    pub fn new(row: &'s S, offset_minutes: i16) -> Self {
        Self { row, offset_minutes }
    }

    /// Whether it is so; none where that is unknown.
    pub fn truth(&self, test: &Test) -> Option<bool> {
        match test {
            Test::Always(truth) => *truth,
            Test::And(tests) => self.all(tests, false),
            Test::Or(tests) => self.all(tests, true),
            Test::Not(test) => self.truth(test).map(|truth| !truth),
            Test::Compare(op, a, b) => Some(op.holds(self.order(&self.value(a), &self.value(b))?)),
            Test::Between(value, low, high) => {
                let value = self.value(value);
                let above = self.order(&value, &self.value(low)).map(Ordering::is_ge);
                let below = self.order(&value, &self.value(high)).map(Ordering::is_le);
                both(above, below)
            }
            Test::Among(term, among) => self.among(&self.value(term), among),
            Test::In(term, terms) => self.is_in(&self.value(term), terms),
            Test::Like(term, pattern) => match self.value(term) {
                Datum::Text(text) => Some(pattern.fits(&text)),
                _ => None,
            },
            Test::IsNull(term) => Some(self.value(term).is_null()),
            Test::NoGeometry => Some(self.row.geometry().is_none()),
            Test::Is(term) => match self.value(term) {
                Datum::Bool(truth) => Some(truth),
                _ => None,
            },
            Test::Spatial(op, a, b) => self.spatial(*op, a, b),
            Test::Near(near) => self.near(near),
            Test::Temporal(op, a, b) => self.temporal(*op, a, b),
            Test::Array(op, a, b) => Some(sets(*op, &self.elements(a)?, &self.elements(b)?)),
        }
    }

    /// The value of a term.
    pub fn value<'a>(&'a self, term: &'a Term) -> Datum<'a> {
        match term {
            Term::Const(value) => Datum::from(value),
            Term::Of(source) => self.source(*source),
            Term::Arithmetic(op, pair) => calculate(*op, &self.value(&pair[0]), &self.value(&pair[1])),
            Term::CaseI(text) => on_text(self.value(text), fold::case),
            Term::AccentI(text) => on_text(self.value(text), fold::accents),
            Term::Call(function, terms) => {
                let args: Vec<_> = terms.iter().map(|term| self.value(term)).collect();
                (function.call)(&args, self.offset_minutes)
            }
            Term::Truth(test) => self.truth(test).map_or(Datum::Null, Datum::Bool),
            // Only array tests take lists that are not the same for every row: see `elements`.
            Term::List(_) => Datum::Null,
        }
    }

    fn source(&self, source: Source) -> Datum<'_> {
        match source {
            Source::Field(at) => self.row.value(at),
            Source::Geometry => Datum::Null,
            Source::PublicId => Datum::Text(self.row.public_id()),
            Source::Fid => Datum::Int(self.row.fid().as_i64()),
            Source::ValidFrom => self.row.valid().from().map_or(Datum::Null, Datum::DateTime),
            Source::ValidTo => self.row.valid().to().map_or(Datum::Null, Datum::DateTime),
        }
    }

    /// `decisive` where one of them is, unknown where one of those that are asked is, else its opposite.
    fn all(&self, tests: &[Test], decisive: bool) -> Option<bool> {
        let mut truth = Some(!decisive);
        for test in tests {
            match self.truth(test) {
                Some(found) if found == decisive => return Some(decisive),
                Some(_) => {}
                None => truth = None,
            }
        }
        truth
    }

    fn order(&self, a: &Datum<'_>, b: &Datum<'_>) -> Option<Ordering> {
        compare(a, b, self.offset_minutes)
    }

    fn among(&self, value: &Datum<'_>, among: &Among) -> Option<bool> {
        if value.is_null() {
            return None;
        }
        // A value of another type than the field's compares with none of them.
        let first = among.sorted.first().map(Datum::from);
        if let Some(first) = first {
            self.order(value, &first)?;
        }
        let order = |one: &crate::Value| self.order(&Datum::from(one), value).unwrap_or(Ordering::Equal);
        match among.sorted.binary_search_by(order) {
            Ok(_) => Some(true),
            Err(_) if among.has_null => None,
            Err(_) => Some(false),
        }
    }

    fn is_in(&self, value: &Datum<'_>, terms: &[Term]) -> Option<bool> {
        let mut truth = Some(false);
        for term in terms {
            match self.order(value, &self.value(term)) {
                Some(Ordering::Equal) => return Some(true),
                Some(_) => {}
                None => truth = None,
            }
        }
        truth
    }

    fn spatial(&self, op: SpatialOp, a: &Operand, b: &Operand) -> Option<bool> {
        match (a, b) {
            (Operand::Given(a), Operand::Given(b)) => Some(relate::holds(op, a, b)),
            (Operand::Own, Operand::Own) => {
                let own = self.row.geometry()?;
                let own = relate::Prepared::new(own.into_owned());
                Some(relate::holds(op, &own, &own))
            }
            (Operand::Own, Operand::Given(given)) => self.beside(op, given),
            (Operand::Given(given), Operand::Own) => self.beside(relate::mirrored(op), given),
        }
    }

    /// The row's geometry beside one of the filter. Their boxes decide most of it.
    fn beside(&self, op: SpatialOp, given: &relate::Prepared) -> Option<bool> {
        match (self.row.bbox(), given.bbox()) {
            (Some(own), Some(other)) if own.intersects(&other) => {
                let geometry = self.row.geometry()?;
                Some(relate::holds_beside(op, &geometry, given))
            }
            // Nothing in common, or one of them is empty, or there is no geometry.
            (own, _) => {
                let geometry = if own.is_none() {
                    Some(self.row.geometry()?)
                } else {
                    None
                };
                let both_empty = geometry.is_some() && given.bbox().is_none();
                Some(op == SpatialOp::Disjoint || (op == SpatialOp::Equals && both_empty))
            }
        }
    }

    fn near(&self, near: &Near) -> Option<bool> {
        if self.row.bbox().is_some_and(|bbox| near.is_beyond(&bbox)) {
            return Some(false);
        }
        let geometry = self.row.geometry()?;
        Some(near.holds(&geometry))
    }

    fn temporal(&self, op: TemporalOp, a: &Bounds, b: &Bounds) -> Option<bool> {
        Some(holds(op, self.period(a)?, self.period(b)?))
    }

    fn period(&self, bounds: &Bounds) -> Option<Period> {
        let offset = self.offset_minutes;
        Some(match bounds {
            Bounds::Instant(term) => {
                let time = self.value(term);
                Period {
                    start: Edge::start(&time, offset)?,
                    end: Edge::end(&time, offset)?,
                }
            }
            Bounds::Interval(start, end) => Period {
                start: self.edge(start, Edge::ALWAYS, Edge::start)?,
                end: self.edge(end, Edge::FOREVER, Edge::end)?,
            },
        })
    }

    fn edge(&self, bound: &Bound, open: Edge, edge: fn(&Datum<'_>, i16) -> Option<Edge>) -> Option<Edge> {
        match bound {
            Bound::Open => Some(open),
            Bound::At(term) => edge(&self.value(term), self.offset_minutes),
            Bound::OpenIfNull(term) => Some(edge(&self.value(term), self.offset_minutes).unwrap_or(open)),
        }
    }

    /// The elements of a list; none where it is null.
    fn elements<'a>(&'a self, term: &'a Term) -> Option<Vec<Datum<'a>>> {
        match term {
            Term::List(terms) => Some(terms.iter().map(|term| self.value(term)).collect()),
            term => match self.value(term) {
                Datum::Array(items) => Some(items.iter().map(Datum::from).collect()),
                _ => None,
            },
        }
    }
}

/// `a AND b`
fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn on_text<'a>(datum: Datum<'a>, change: fn(Cow<'a, str>) -> Cow<'a, str>) -> Datum<'a> {
    match datum {
        Datum::Text(text) => Datum::Text(change(text)),
        _ => Datum::Null,
    }
}

/// Relations of lists as sets; null is equal to nothing.
fn sets(op: ArrayOp, a: &[Datum<'_>], b: &[Datum<'_>]) -> bool {
    let holds_all = |all: &[Datum<'_>], some: &[Datum<'_>]| some.iter().all(|one| all.iter().any(|own| same(own, one)));
    match op {
        ArrayOp::Contains => holds_all(a, b),
        ArrayOp::ContainedBy => holds_all(b, a),
        ArrayOp::Equals => holds_all(a, b) && holds_all(b, a),
        ArrayOp::Overlaps => a.iter().any(|one| b.iter().any(|other| same(one, other))),
    }
}

fn same(a: &Datum<'_>, b: &Datum<'_>) -> bool {
    match (a, b) {
        (Datum::Array(a), Datum::Array(b)) => {
            a.len() == b.len() && a.iter().zip(*b).all(|(a, b)| same(&a.into(), &b.into()))
        }
        (Datum::Bytes(a), Datum::Bytes(b)) => a == b,
        // A day and a moment are different things in a list, whatever the zone.
        (Datum::Date(_), Datum::DateTime(_)) | (Datum::DateTime(_), Datum::Date(_)) => false,
        _ => compare(a, b, 0) == Some(Ordering::Equal),
    }
}

/// No row at all: for what is the same for every row.
pub(super) struct Nothing;

impl Subject for Nothing {
    fn value(&self, _: usize) -> Datum<'_> {
        Datum::Null
    }

    fn geometry(&self) -> Option<Cow<'_, Geometry>> {
        None
    }

    fn bbox(&self) -> Option<Bbox> {
        None
    }

    fn public_id(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn fid(&self) -> Fid {
        Fid::new(1).expect("1 is a feature number")
    }

    fn valid(&self) -> TimeSpan {
        TimeSpan::ALWAYS
    }
}
