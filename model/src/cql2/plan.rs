//! A filter against one layer: names are places, literals are values, types are right.

use super::function::Function;
use super::like::Pattern;
use super::near::Near;
use super::ops::{Arithmetic, ArrayOp, Comparison, SpatialOp, TemporalOp};
use super::relate::Prepared;
use super::schema::Source;
use crate::Value;

/// What is true, false or unknown of a row.
#[derive(Debug)]
pub(super) enum Test {
    Always(Option<bool>),
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    Compare(Comparison, Term, Term),
    Between(Term, Term, Term),
    /// Among values that are the same for every row: sorted.
    Among(Term, Among),
    In(Term, Vec<Term>),
    Like(Term, Pattern),
    IsNull(Term),
    NoGeometry,
    /// A boolean value.
    Is(Term),
    Spatial(SpatialOp, Operand, Operand),
    Near(Box<Near>),
    Temporal(TemporalOp, Bounds, Bounds),
    Array(ArrayOp, Term, Term),
}

/// What has a value for a row.
#[derive(Debug)]
pub(super) enum Term {
    Const(Value),
    /// Any source but the geometry.
    Of(Source),
    Arithmetic(Arithmetic, Box<[Term; 2]>),
    CaseI(Box<Term>),
    AccentI(Box<Term>),
    Call(&'static Function, Vec<Term>),
    Truth(Box<Test>),
    /// A list whose elements differ from row to row. Only array tests meet it.
    List(Vec<Term>),
}

/// Values, sorted; nulls left out.
#[derive(Debug)]
pub(super) struct Among {
    pub sorted: Vec<Value>,
    pub has_null: bool,
}

/// An operand of a spatial test.
#[derive(Debug)]
pub(super) enum Operand {
    /// The geometry of the row.
    Own,
    /// A geometry of the filter.
    Given(Box<Prepared>),
}

/// An operand of a temporal test.
#[derive(Debug)]
pub(super) enum Bounds {
    Instant(Term),
    Interval(Bound, Bound),
}

/// An end of an interval.
#[derive(Debug)]
pub(super) enum Bound {
    Open,
    /// Null is unknown.
    At(Term),
    /// Null is open: the ends of valid time.
    OpenIfNull(Term),
}

impl Term {
    /// Whether it is the same for every row.
    pub fn is_const(&self) -> bool {
        matches!(self, Term::Const(_))
    }
}

impl Test {
    /// What it costs, roughly, beside the other tests of its filter: the cheap ones are asked first.
    pub fn cost(&self) -> u64 {
        match self {
            Test::Always(_) => 0,
            Test::And(tests) | Test::Or(tests) => tests.iter().map(Test::cost).sum(),
            Test::Not(test) => test.cost(),
            Test::Compare(_, a, b) => 1 + a.cost() + b.cost(),
            Test::Between(a, b, c) => 2 + a.cost() + b.cost() + c.cost(),
            Test::Among(term, among) => 2 + u64::from(among.sorted.len().max(1).ilog2()) + term.cost(),
            Test::In(term, terms) => term.cost() + terms.iter().map(|term| 1 + term.cost()).sum::<u64>(),
            Test::Like(term, _) => 4 + term.cost(),
            Test::IsNull(term) | Test::Is(term) => 1 + term.cost(),
            Test::NoGeometry => 1,
            Test::Spatial(_, a, b) => 50 + a.cost() + b.cost(),
            Test::Near(near) => near.cost(),
            Test::Temporal(..) => 4,
            Test::Array(_, a, b) => 8 + a.cost() + b.cost(),
        }
    }
}

impl Term {
    fn cost(&self) -> u64 {
        match self {
            Term::Const(_) => 0,
            Term::Of(Source::PublicId) => 4,
            Term::Of(_) => 1,
            Term::Arithmetic(_, pair) => 1 + pair[0].cost() + pair[1].cost(),
            Term::CaseI(term) => 8 + term.cost(),
            Term::AccentI(term) => 16 + term.cost(),
            Term::Call(_, terms) | Term::List(terms) => 8 + terms.iter().map(Term::cost).sum::<u64>(),
            Term::Truth(test) => test.cost(),
        }
    }
}

impl Operand {
    fn cost(&self) -> u64 {
        match self {
            Operand::Own => 20,
            Operand::Given(prepared) => prepared.vertex_count() as u64,
        }
    }
}
