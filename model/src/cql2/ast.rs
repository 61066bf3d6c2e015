//! A filter as it was written: its syntax tree.

use super::ops::{Arithmetic, ArrayOp, Comparison, SpatialOp, TemporalOp};
use super::shape::{Corners, Shape};
use crate::{Date, Finite, Instant};

/// How tightly operators bind, the loosest first. `NOT` stands before its operand, the relations do not chain.
pub(super) const OR: u8 = 1;
pub(super) const AND: u8 = 2;
pub(super) const NOT: u8 = 3;
pub(super) const RELATION: u8 = 4;
pub(super) const SUM: u8 = 5;
pub(super) const PRODUCT: u8 = 6;
pub(super) const POWER: u8 = 7;
pub(super) const OPERAND: u8 = 8;

/// An expression: what it is, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    kind: Kind,
    at: Place,
    height: u16,
}

/// Where something stands in the filter: how many characters are before it.
///
/// Two places are always equal: where a thing stands is no part of what it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place(pub u32);

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// All of them hold; two or more.
    And(Vec<Expr>),
    /// One of them holds; two or more.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// `a < b`
    Compare(Comparison, Box<[Expr; 2]>),
    /// `text LIKE pattern`: `%` is any text, `_` any character, `\` takes the next one as it is.
    Like(Box<[Expr; 2]>),
    /// `a BETWEEN b AND c`, both included.
    Between(Box<[Expr; 3]>),
    /// `a IN (…)`
    In(Box<Expr>, Vec<Expr>),
    /// `a IS NULL`
    IsNull(Box<Expr>),
    /// `S_…(a, b)`
    Spatial(SpatialOp, Box<[Expr; 2]>),
    /// `T_…(a, b)`
    Temporal(TemporalOp, Box<[Expr; 2]>),
    /// `A_…(a, b)`
    Array(ArrayOp, Box<[Expr; 2]>),
    /// `a + b`
    Arithmetic(Arithmetic, Box<[Expr; 2]>),
    /// `CASEI(a)`
    CaseI(Box<Expr>),
    /// `ACCENTI(a)`
    AccentI(Box<Expr>),
    /// A function of the server's own.
    Call(Box<str>, Vec<Expr>),
    /// A property of the feature.
    Property(Box<str>),
    /// `INTERVAL(a, b)`, both included.
    Interval(Box<[Expr; 2]>),
    /// A list.
    List(Vec<Expr>),
    /// A value that stands for itself.
    Literal(Literal),
}

/// A value that stands for itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `TRUE`, `FALSE`
    Bool(bool),
    /// A number written without point and exponent.
    Int(i64),
    /// Any other number.
    Float(Finite),
    /// A text.
    Text(Box<str>),
    /// `DATE('…')`
    Date(Date),
    /// `TIMESTAMP('…')`
    Timestamp(Instant),
    /// `'..'` in an interval: no bound.
    Open,
    /// A geometry.
    Geometry(Box<Shape>),
    /// `BBOX(…)`
    Bbox(Corners),
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Expr {
    /// An expression that stands at `at`.
    pub fn new(kind: Kind, at: Place) -> Self {
        let below = kind.parts().map(|part| part.height).max().unwrap_or(0);
        Self {
            height: below.saturating_add(1),
            kind,
            at,
        }
    }

    /// What it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    pub(super) fn into_kind(self) -> Kind {
        self.kind
    }

    /// Where it stands.
    pub fn at(&self) -> Place {
        self.at
    }

    /// How many levels it has: 1 where there is nothing below it. Whoever walks the tree goes that deep.
    pub fn height(&self) -> u16 {
        self.height
    }

    /// The operands, in their order.
    pub fn parts(&self) -> Box<dyn Iterator<Item = &Expr> + '_> {
        self.kind.parts()
    }
}

impl Kind {
    fn parts(&self) -> Box<dyn Iterator<Item = &Expr> + '_> {
        match self {
            Kind::And(parts) | Kind::Or(parts) | Kind::Call(_, parts) | Kind::List(parts) => Box::new(parts.iter()),
            Kind::Not(part) | Kind::IsNull(part) | Kind::CaseI(part) | Kind::AccentI(part) => {
                Box::new(std::iter::once(&**part))
            }
            Kind::In(part, list) => Box::new(std::iter::once(&**part).chain(list)),
            Kind::Compare(_, pair)
            | Kind::Like(pair)
            | Kind::Spatial(_, pair)
            | Kind::Temporal(_, pair)
            | Kind::Array(_, pair)
            | Kind::Arithmetic(_, pair)
            | Kind::Interval(pair) => Box::new(pair.iter()),
            Kind::Between(three) => Box::new(three.iter()),
            Kind::Property(_) | Kind::Literal(_) => Box::new(std::iter::empty()),
        }
    }

    /// The same with other operands.
    pub(super) fn with_parts<E>(self, change: &mut impl FnMut(Expr) -> Result<Expr, E>) -> Result<Self, E> {
        let mut all = |parts: Vec<Expr>| parts.into_iter().map(&mut *change).collect::<Result<Vec<_>, E>>();
        Ok(match self {
            Kind::And(parts) => Kind::And(all(parts)?),
            Kind::Or(parts) => Kind::Or(all(parts)?),
            Kind::Call(name, parts) => Kind::Call(name, all(parts)?),
            Kind::List(parts) => Kind::List(all(parts)?),
            Kind::In(part, list) => Kind::In(
                boxed(change, *part)?,
                list.into_iter().map(change).collect::<Result<_, E>>()?,
            ),
            Kind::Not(part) => Kind::Not(boxed(change, *part)?),
            Kind::IsNull(part) => Kind::IsNull(boxed(change, *part)?),
            Kind::CaseI(part) => Kind::CaseI(boxed(change, *part)?),
            Kind::AccentI(part) => Kind::AccentI(boxed(change, *part)?),
            Kind::Compare(op, pair) => Kind::Compare(op, each(change, *pair)?),
            Kind::Like(pair) => Kind::Like(each(change, *pair)?),
            Kind::Spatial(op, pair) => Kind::Spatial(op, each(change, *pair)?),
            Kind::Temporal(op, pair) => Kind::Temporal(op, each(change, *pair)?),
            Kind::Array(op, pair) => Kind::Array(op, each(change, *pair)?),
            Kind::Arithmetic(op, pair) => Kind::Arithmetic(op, each(change, *pair)?),
            Kind::Interval(pair) => Kind::Interval(each(change, *pair)?),
            Kind::Between(three) => Kind::Between(each(change, *three)?),
            leaf @ (Kind::Property(_) | Kind::Literal(_)) => leaf,
        })
    }

    /// How tightly it binds when written as text.
    pub(super) fn level(&self) -> u8 {
        match self {
            Kind::Or(_) => OR,
            Kind::And(_) => AND,
            Kind::Not(_) => NOT,
            Kind::Compare(..) | Kind::Like(_) | Kind::Between(_) | Kind::In(..) | Kind::IsNull(_) => RELATION,
            Kind::Arithmetic(op, _) => op.level(),
            _ => OPERAND,
        }
    }
}

fn boxed<E>(change: &mut impl FnMut(Expr) -> Result<Expr, E>, part: Expr) -> Result<Box<Expr>, E> {
    change(part).map(Box::new)
}

fn each<E, const N: usize>(
    change: &mut impl FnMut(Expr) -> Result<Expr, E>,
    parts: [Expr; N],
) -> Result<Box<[Expr; N]>, E> {
    let changed = parts.into_iter().map(change).collect::<Result<Vec<_>, E>>()?;
    let parts = <[Expr; N]>::try_from(changed).unwrap_or_else(|_| unreachable!("as many come out as go in"));
    Ok(Box::new(parts))
}
