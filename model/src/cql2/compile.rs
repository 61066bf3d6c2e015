//! Checks a filter against a layer and makes a plan of it: names become places, types are checked, what is the same for
//! every row is calculated once.

use super::ast::{Expr, Kind, Literal};
use super::datum::{Datum, Type, compare};
use super::error::{Cql2Error, Fault, quoted};
use super::eval::{Nothing, Scope};
use super::function::{FUNCTIONS, Function};
use super::like::Pattern;
use super::near::{self, Near, S_DWITHIN};
use super::plan::{Among, Bound, Bounds, Operand, Term, Test};
use super::relate::Prepared;
use super::schema::{Source, resolve};
use super::text_operand::read_bound;
use crate::{Layer, Value};
use std::cmp::Ordering;

type Made<T> = Result<T, Cql2Error>;

/// A term with its type and the expression it was made of.
struct Typed<'e> {
    term: Term,
    kind: Type,
    expr: &'e Expr,
}

/// Makes plans for one layer.
pub(super) struct Compiler<'l> {
    pub layer: &'l Layer,
}

impl Compiler<'_> {
    /// The plan of a condition.
    pub fn test(&self, expr: &Expr) -> Made<Test> {
        Ok(match expr.kind() {
            Kind::And(parts) => Test::And(self.tests(parts)?),
            Kind::Or(parts) => Test::Or(self.tests(parts)?),
            Kind::Not(part) => Test::Not(Box::new(self.test(part)?)),
            Kind::Literal(Literal::Bool(value)) => Test::Always(Some(*value)),
            Kind::Compare(op, pair) => {
                let (a, b) = self.comparable(self.scalar(&pair[0])?, self.scalar(&pair[1])?)?;
                Test::Compare(*op, a, b)
            }
            Kind::Between(three) => {
                let value = self.scalar(&three[0])?;
                let (low, high) = (self.scalar(&three[1])?, self.scalar(&three[2])?);
                let (value, low) = self.alike(value, low)?;
                let (value, high) = self.alike(value, high)?;
                Test::Between(value.term, low.term, high.term)
            }
            Kind::In(value, list) => self.among(value, list)?,
            Kind::Like(pair) => self.like(&pair[0], &pair[1])?,
            Kind::IsNull(part) => self.is_null(part)?,
            Kind::Spatial(op, pair) => {
                let (a, b) = (self.operand(&pair[0])?, self.operand(&pair[1])?);
                Test::Spatial(*op, a, b)
            }
            Kind::Temporal(op, pair) => Test::Temporal(*op, self.bounds(&pair[0])?, self.bounds(&pair[1])?),
            Kind::Call(name, args) if near::is_named(name) => Test::Near(Box::new(Near::compile(self, args, expr)?)),
            Kind::Array(op, pair) => Test::Array(*op, self.list(&pair[0])?, self.list(&pair[1])?),
            _ => Test::Is(self.expect(Type::Bool, expr)?),
        })
    }

    /// Cheap ones first: the order makes no difference to what comes out.
    fn tests(&self, parts: &[Expr]) -> Made<Vec<Test>> {
        let mut tests = parts.iter().map(|part| self.test(part)).collect::<Made<Vec<_>>>()?;
        tests.sort_by_cached_key(Test::cost);
        Ok(tests)
    }

    fn among(&self, value: &Expr, list: &[Expr]) -> Made<Test> {
        let mut value = self.scalar(value)?;
        let mut terms = Vec::with_capacity(list.len());
        for one in list {
            let one = self.scalar(one)?;
            let (same, one) = self.alike(value, one)?;
            value = same;
            terms.push(one.term);
        }
        if !terms.iter().all(Term::is_const) {
            return Ok(Test::In(value.term, terms));
        }
        let values = terms.into_iter().filter_map(|term| match term {
            Term::Const(value) => Some(value),
            _ => None,
        });
        let (nulls, mut sorted): (Vec<_>, Vec<_>) = values.partition(Value::is_null);
        sorted.sort_by(|a, b| self.order(a, b));
        let has_null = !nulls.is_empty();
        Ok(Test::Among(value.term, Among { sorted, has_null }))
    }

    fn order(&self, a: &Value, b: &Value) -> Ordering {
        let order = compare(&Datum::from(a), &Datum::from(b), self.layer.utc_offset_minutes);
        order.unwrap_or(Ordering::Equal)
    }

    fn like(&self, text: &Expr, pattern: &Expr) -> Made<Test> {
        let text = self.expect(Type::Text, text)?;
        match self.expect(Type::Text, pattern)? {
            Term::Const(Value::Text(pattern)) => Ok(Test::Like(text, Pattern::new(&pattern))),
            Term::Const(_) => Ok(Test::Always(None)),
            _ => Err(wrong_type(
                pattern,
                "a pattern that differs from row to row",
                "a text literal",
            )),
        }
    }

    fn is_null(&self, part: &Expr) -> Made<Test> {
        match part.kind() {
            Kind::Property(name) if self.source(name, part)? == Source::Geometry => Ok(Test::NoGeometry),
            Kind::Literal(_) => Ok(Test::Always(Some(false))),
            _ => Ok(Test::IsNull(self.scalar(part)?.term)),
        }
    }

    pub(super) fn operand(&self, expr: &Expr) -> Made<Operand> {
        let geometry = match expr.kind() {
            Kind::Property(name) if self.source(name, expr)? == Source::Geometry => return Ok(Operand::Own),
            Kind::Literal(Literal::Geometry(shape)) => shape.to_geometry(),
            Kind::Literal(Literal::Bbox(corners)) => corners.to_geometry(),
            Kind::Call(name, _) => return Err(unknown_function(name, expr)),
            _ => return Err(wrong_type(expr, describe(expr), "a geometry")),
        };
        Ok(Operand::Given(Box::new(Prepared::new(geometry))))
    }

    fn bounds(&self, expr: &Expr) -> Made<Bounds> {
        match expr.kind() {
            Kind::Interval(ends) => Ok(Bounds::Interval(self.bound(&ends[0])?, self.bound(&ends[1])?)),
            _ => Ok(Bounds::Instant(self.time(expr)?)),
        }
    }

    fn bound(&self, expr: &Expr) -> Made<Bound> {
        if let Kind::Literal(Literal::Open) = expr.kind() {
            return Ok(Bound::Open);
        }
        Ok(match self.time(expr)? {
            term @ Term::Of(Source::ValidFrom | Source::ValidTo) => Bound::OpenIfNull(term),
            term => Bound::At(term),
        })
    }

    /// A date or time; a text that says one will do.
    fn time(&self, expr: &Expr) -> Made<Term> {
        let typed = self.scalar(expr)?;
        let typed = self.as_time(typed)?;
        self.checked(typed, Type::Time)
    }

    fn list(&self, expr: &Expr) -> Made<Term> {
        match expr.kind() {
            Kind::List(elements) => {
                let terms = elements.iter().map(|one| self.element(one)).collect::<Made<Vec<_>>>()?;
                Ok(self.folded(Term::List(terms)))
            }
            _ => self.expect(Type::List, expr),
        }
    }

    fn element(&self, expr: &Expr) -> Made<Term> {
        match expr.kind() {
            Kind::List(_) => self.list(expr),
            _ => Ok(self.scalar(expr)?.term),
        }
    }

    /// Anything with a number for its value.
    pub(super) fn number(&self, expr: &Expr) -> Made<Term> {
        self.expect(Type::Number, expr)
    }

    fn expect(&self, kind: Type, expr: &Expr) -> Made<Term> {
        let typed = self.scalar(expr)?;
        self.checked(typed, kind)
    }

    fn checked(&self, typed: Typed<'_>, kind: Type) -> Made<Term> {
        if typed.kind == kind {
            return Ok(typed.term);
        }
        let found = described(&typed);
        Err(wrong_type(typed.expr, found, kind.describe()))
    }

    /// Anything with a value.
    fn scalar<'e>(&self, expr: &'e Expr) -> Made<Typed<'e>> {
        let (term, kind) = match expr.kind() {
            Kind::Literal(literal) => self.literal(literal, expr)?,
            Kind::Property(name) => {
                let source = self.source(name, expr)?;
                let kind = source.value_type(self.layer);
                let kind = kind.ok_or_else(|| wrong_type(expr, "the geometry", "a value"))?;
                (Term::Of(source), kind)
            }
            Kind::Arithmetic(op, pair) => {
                let operands = [
                    self.expect(Type::Number, &pair[0])?,
                    self.expect(Type::Number, &pair[1])?,
                ];
                (Term::Arithmetic(*op, Box::new(operands)), Type::Number)
            }
            Kind::CaseI(text) => (Term::CaseI(Box::new(self.expect(Type::Text, text)?)), Type::Text),
            Kind::AccentI(text) => (Term::AccentI(Box::new(self.expect(Type::Text, text)?)), Type::Text),
            Kind::Call(name, args) if !near::is_named(name) => self.call(name, args, expr)?,
            Kind::List(_) => match self.list(expr)? {
                term @ Term::Const(_) => (term, Type::List),
                _ => return Err(wrong_type(expr, "a list that differs from row to row", "a value")),
            },
            Kind::Interval(_) => return Err(wrong_type(expr, "an interval", "a value")),
            _ => (Term::Truth(Box::new(self.test(expr)?)), Type::Bool),
        };
        let term = self.folded(term);
        Ok(Typed { term, kind, expr })
    }

    fn literal(&self, literal: &Literal, expr: &Expr) -> Made<(Term, Type)> {
        let (value, kind) = match literal {
            Literal::Bool(value) => (Value::Bool(*value), Type::Bool),
            Literal::Int(value) => (Value::Int(*value), Type::Number),
            Literal::Float(value) => (Value::Float(*value), Type::Number),
            Literal::Text(value) => (Value::Text(value.clone()), Type::Text),
            Literal::Date(value) => (Value::Date(*value), Type::Time),
            Literal::Timestamp(value) => (Value::DateTime(*value), Type::Time),
            Literal::Open => return Err(wrong_type(expr, "an open bound", "a value")),
            Literal::Geometry(_) | Literal::Bbox(_) => return Err(wrong_type(expr, "a geometry", "a value")),
        };
        Ok((Term::Const(value), kind))
    }

    fn call(&self, name: &str, args: &[Expr], expr: &Expr) -> Made<(Term, Type)> {
        let function = Function::named(name).ok_or_else(|| unknown_function(name, expr))?;
        if args.len() != function.params.len() {
            let expected = match function.params.len() {
                1 => "one argument",
                _ => "two arguments",
            };
            let (name, found) = (function.name.to_owned(), args.len());
            return Err(Cql2Error::new(expr.at().0, Fault::WrongCount { name, expected, found }));
        }
        let terms = args.iter().zip(function.params);
        let terms = terms.map(|(arg, kind)| self.expect(*kind, arg)).collect::<Made<_>>()?;
        Ok((Term::Call(function, terms), function.result))
    }

    fn source(&self, name: &str, expr: &Expr) -> Made<Source> {
        resolve(self.layer, name, expr.at().0)
    }

    fn comparable(&self, a: Typed<'_>, b: Typed<'_>) -> Made<(Term, Term)> {
        let (a, b) = self.alike(a, b)?;
        Ok((a.term, b.term))
    }

    /// Two terms that can be compared. A text literal beside a time is taken as one.
    fn alike<'a, 'b>(&self, a: Typed<'a>, b: Typed<'b>) -> Made<(Typed<'a>, Typed<'b>)> {
        let (a, b) = match (a.kind, b.kind) {
            (Type::Time, Type::Text) => (a, self.as_time(b)?),
            (Type::Text, Type::Time) => (self.as_time(a)?, b),
            _ => (a, b),
        };
        if a.kind == b.kind && !matches!(a.kind, Type::List | Type::Bytes) {
            return Ok((a, b));
        }
        let (left, right) = (described(&a), described(&b));
        Err(Cql2Error::new(b.expr.at().0, Fault::NotComparable { left, right }))
    }

    fn as_time<'e>(&self, typed: Typed<'e>) -> Made<Typed<'e>> {
        let Kind::Literal(Literal::Text(text)) = typed.expr.kind() else {
            return Ok(typed);
        };
        let value = match read_bound(text, typed.expr.at().0)? {
            Literal::Date(day) => Value::Date(day),
            Literal::Timestamp(time) => Value::DateTime(time),
            _ => return Err(wrong_type(typed.expr, "an open bound", "a date or time")),
        };
        Ok(Typed {
            term: Term::Const(value),
            kind: Type::Time,
            ..typed
        })
    }

    /// The term, calculated where it is the same for every row.
    fn folded(&self, term: Term) -> Term {
        let is_const = match &term {
            Term::Arithmetic(_, pair) => pair.iter().all(Term::is_const),
            Term::CaseI(text) | Term::AccentI(text) => text.is_const(),
            Term::Call(_, terms) => terms.iter().all(Term::is_const),
            Term::List(terms) => {
                let values = terms.iter().map(|term| match term {
                    Term::Const(value) => Some(value.clone()),
                    _ => None,
                });
                return match values.collect::<Option<Box<[Value]>>>() {
                    Some(values) => Term::Const(Value::Array(values)),
                    None => term,
                };
            }
            _ => false,
        };
        if !is_const {
            return term;
        }
        let scope = Scope::new(&Nothing, self.layer.utc_offset_minutes);
        Term::Const(scope.value(&term).to_value())
    }
}

fn unknown_function(name: &str, expr: &Expr) -> Cql2Error {
    let mut known: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
    known.push(S_DWITHIN);
    let (name, known) = (name.to_owned(), known.join(", "));
    Cql2Error::new(expr.at().0, Fault::UnknownFunction { name, known })
}

pub(super) fn wrong_type(expr: &Expr, found: impl Into<String>, expected: &'static str) -> Cql2Error {
    let found = found.into();
    Cql2Error::new(expr.at().0, Fault::WrongType { found, expected })
}

fn described(typed: &Typed<'_>) -> String {
    let kind = typed.kind.describe();
    match typed.expr.kind() {
        Kind::Property(name) => format!("the property {} ({kind})", quoted(name)),
        Kind::Literal(Literal::Text(text)) => format!("the text {}", quoted(text)),
        _ => kind.to_owned(),
    }
}

/// An expression where a geometry should be.
fn describe(expr: &Expr) -> String {
    match expr.kind() {
        Kind::Property(name) => format!("the property {}", quoted(name)),
        Kind::Literal(Literal::Text(text)) => format!("the text {}", quoted(text)),
        Kind::Literal(_) => "a value".to_owned(),
        Kind::Interval(_) => "an interval".to_owned(),
        Kind::List(_) => "a list".to_owned(),
        _ => "an expression".to_owned(),
    }
}
