//! Which field a test is about, where that is the only thing of a row that it looks at.

use super::plan::{Bound, Bounds, Operand, Term, Test};
use super::schema::Source;

/// What a test looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// At nothing: it is the same for every row.
    Nowhere,
    /// At one field.
    At(usize),
    /// At several, or at what is no field.
    Around,
}

impl Looks {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nowhere, looks) | (looks, Self::Nowhere) => looks,
            (Self::At(a), Self::At(b)) if a == b => self,
            _ => Self::Around,
        }
    }

    fn of_terms<'t>(terms: impl IntoIterator<Item = &'t Term>) -> Self {
        terms.into_iter().map(Term::looks).fold(Self::Nowhere, Self::and)
    }

    fn of_tests(tests: &[Test]) -> Self {
        tests.iter().map(Test::looks).fold(Self::Nowhere, Self::and)
    }
}

impl Test {
    /// The only field that it looks at.
    pub fn only_field(&self) -> Option<usize> {
        match self.looks() {
            Looks::At(field) => Some(field),
            Looks::Nowhere | Looks::Around => None,
        }
    }

    fn looks(&self) -> Looks {
        match self {
            Test::Always(_) => Looks::Nowhere,
            Test::And(tests) | Test::Or(tests) => Looks::of_tests(tests),
            Test::Not(test) => test.looks(),
            Test::Compare(_, a, b) | Test::Array(_, a, b) => Looks::of_terms([a, b]),
            Test::Between(a, b, c) => Looks::of_terms([a, b, c]),
            Test::Among(term, _) | Test::Like(term, _) | Test::IsNull(term) | Test::Is(term) => term.looks(),
            Test::In(term, terms) => term.looks().and(Looks::of_terms(terms)),
            Test::NoGeometry => Looks::Around,
            Test::Spatial(_, Operand::Given(_), Operand::Given(_)) => Looks::Nowhere,
            Test::Spatial(..) | Test::Near(_) => Looks::Around,
            Test::Temporal(_, a, b) => a.looks().and(b.looks()),
        }
    }
}

impl Term {
    fn looks(&self) -> Looks {
        match self {
            Term::Const(_) => Looks::Nowhere,
            Term::Of(Source::Field(field)) => Looks::At(*field),
            Term::Of(_) => Looks::Around,
            Term::Arithmetic(_, pair) => Looks::of_terms(&**pair),
            Term::CaseI(term) | Term::AccentI(term) => term.looks(),
            Term::Call(_, terms) | Term::List(terms) => Looks::of_terms(terms),
            Term::Truth(test) => test.looks(),
        }
    }
}

impl Bounds {
    fn looks(&self) -> Looks {
        match self {
            Bounds::Instant(term) => term.looks(),
            Bounds::Interval(start, end) => start.looks().and(end.looks()),
        }
    }
}

impl Bound {
    fn looks(&self) -> Looks {
        match self {
            Bound::Open => Looks::Nowhere,
            Bound::At(term) | Bound::OpenIfNull(term) => term.looks(),
        }
    }
}
