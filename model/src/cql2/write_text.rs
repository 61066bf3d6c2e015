//! Writes CQL2 text, with brackets only where they are needed.

use super::ast::{AND, Expr, Kind, Literal, NOT, OPERAND, RELATION, SUM};
use super::lex::{begins_word, continues_word};
use super::ops::{Arithmetic, Named};
use super::shape::{Shape, ShapeKind};
use super::text::KEYWORDS;
use super::write_json::timestamp;
use crate::{Path, Polygon};
use std::fmt::Write;

/// What the text form of CQL2 has no way to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unwritable {
    /// A text that ends in a backslash: it would take the closing quote with it.
    #[error("a text that ends in a backslash has no form in CQL2 text")]
    BackslashAtEnd,
    /// A list of one element where the text form takes the brackets for a group.
    #[error("a list of one element has a form in CQL2 text in array functions only")]
    ListOfOne,
}

type Put = Result<(), Unwritable>;

/// Writes a filter.
pub(super) fn write(expr: &Expr) -> Result<String, Unwritable> {
    let mut out = String::new();
    put(&mut out, expr)?;
    Ok(out)
}

fn put(out: &mut String, expr: &Expr) -> Put {
    match expr.kind() {
        Kind::And(args) => joined(out, args, " AND ", NOT),
        Kind::Or(args) => joined(out, args, " OR ", AND),
        Kind::Not(arg) => {
            out.push_str("NOT ");
            at_level(out, arg, NOT)
        }
        Kind::Compare(op, pair) => infix(out, pair, op.name(), SUM, SUM),
        Kind::Like(pair) => infix(out, pair, "LIKE", SUM, SUM),
        Kind::Between(three) => {
            at_level(out, &three[0], SUM)?;
            out.push_str(" BETWEEN ");
            at_level(out, &three[1], SUM)?;
            out.push_str(" AND ");
            at_level(out, &three[2], SUM)
        }
        Kind::In(arg, list) => {
            at_level(out, arg, SUM)?;
            out.push_str(" IN ");
            brackets(out, list, |out, one| at_level(out, one, SUM))
        }
        Kind::IsNull(arg) => {
            at_level(out, arg, SUM)?;
            out.push_str(" IS NULL");
            Ok(())
        }
        Kind::Spatial(op, pair) => call(out, &op.name().to_ascii_uppercase(), &**pair, put),
        Kind::Temporal(op, pair) => call(out, &op.name().to_ascii_uppercase(), &**pair, put),
        Kind::Array(op, pair) => call(out, &op.name().to_ascii_uppercase(), &**pair, element),
        Kind::Arithmetic(op, pair) => {
            let level = op.level();
            // Powers do not chain at all, the others to the left.
            let left = if *op == Arithmetic::Power { OPERAND } else { level };
            infix(out, pair, op.name(), left, level + 1)
        }
        Kind::CaseI(arg) => call(out, "CASEI", [&**arg], put),
        Kind::AccentI(arg) => call(out, "ACCENTI", [&**arg], put),
        Kind::Call(name, args) => call(out, name, args, put),
        Kind::Property(name) => {
            property(out, name);
            Ok(())
        }
        Kind::Interval(bounds) => call(out, "INTERVAL", &**bounds, bound),
        Kind::List(elements) if elements.len() == 1 => Err(Unwritable::ListOfOne),
        Kind::List(elements) => brackets(out, elements, element),
        Kind::Literal(value) => literal(out, value),
    }
}

/// Writes an operand, in brackets where its operator does not bind as tightly as `level`.
fn at_level(out: &mut String, expr: &Expr, level: u8) -> Put {
    if expr.kind().level() >= level {
        return put(out, expr);
    }
    out.push('(');
    put(out, expr)?;
    out.push(')');
    Ok(())
}

fn joined(out: &mut String, args: &[Expr], word: &str, level: u8) -> Put {
    for (at, arg) in args.iter().enumerate() {
        if at > 0 {
            out.push_str(word);
        }
        at_level(out, arg, level)?;
    }
    Ok(())
}

fn infix(out: &mut String, pair: &[Expr; 2], name: &str, left: u8, right: u8) -> Put {
    at_level(out, &pair[0], left)?;
    let _ = write!(out, " {name} ");
    at_level(out, &pair[1], right)
}

/// An argument of an `A_…` function or an element of a list: in brackets it is a list.
fn element(out: &mut String, expr: &Expr) -> Put {
    match expr.kind() {
        Kind::List(elements) => brackets(out, elements, element),
        _ => put(out, expr),
    }
}

fn bound(out: &mut String, expr: &Expr) -> Put {
    let _ = match expr.kind() {
        Kind::Literal(Literal::Date(day)) => write!(out, "'{day}'"),
        Kind::Literal(Literal::Timestamp(time)) => write!(out, "'{}'", timestamp(*time)),
        _ => return at_level(out, expr, SUM),
    };
    Ok(())
}

fn call<'a>(
    out: &mut String,
    name: &str,
    args: impl IntoIterator<Item = &'a Expr>,
    each: impl FnMut(&mut String, &'a Expr) -> Put,
) -> Put {
    out.push_str(name);
    brackets(out, args, each)
}

fn brackets<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut String, T) -> Put,
) -> Put {
    out.push('(');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        each(out, item)?;
    }
    out.push(')');
    Ok(())
}

/// Names are quoted where they would be read as something else.
fn property(out: &mut String, name: &str) {
    let is_plain = name.starts_with(begins_word) && name.chars().all(continues_word);
    let folded = name.to_ascii_lowercase();
    let is_taken = KEYWORDS.contains(&folded.as_str()) || ShapeKind::named(name).is_some();
    if is_plain && !is_taken {
        out.push_str(name);
    } else {
        let _ = write!(out, "\"{}\"", name.replace('"', "\"\""));
    }
}

fn literal(out: &mut String, value: &Literal) -> Put {
    let _ = match value {
        Literal::Bool(true) => write!(out, "TRUE"),
        Literal::Bool(false) => write!(out, "FALSE"),
        Literal::Int(value) => write!(out, "{value}"),
        Literal::Float(value) => write!(out, "{:?}", value.get()),
        Literal::Text(value) => return text(out, value),
        Literal::Date(day) => write!(out, "DATE('{day}')"),
        Literal::Timestamp(time) => write!(out, "TIMESTAMP('{}')", timestamp(*time)),
        Literal::Open => write!(out, "'..'"),
        Literal::Geometry(shape) => return geometry(out, shape),
        Literal::Bbox(corners) => {
            out.push_str("BBOX");
            return brackets(out, corners.numbers(), |out, number| {
                let _ = write!(out, "{number:?}");
                Ok(())
            });
        }
    };
    Ok(())
}

/// A quote is doubled. A backslash before a quote is safe only if the quote is written `\'`: then the first backslash
/// stands for itself.
fn text(out: &mut String, text: &str) -> Put {
    out.push('\'');
    let mut before = None;
    for c in text.chars() {
        match c {
            '\'' if before == Some('\\') => out.push_str("\\'"),
            '\'' => out.push_str("''"),
            c => out.push(c),
        }
        before = Some(c);
    }
    out.push('\'');
    if before == Some('\\') {
        Err(Unwritable::BackslashAtEnd)
    } else {
        Ok(())
    }
}

fn geometry(out: &mut String, shape: &Shape) -> Put {
    out.push_str(&shape.kind().name().to_ascii_uppercase());
    match shape {
        Shape::Point(path) | Shape::LineString(path) => path_or_empty(out, path),
        Shape::MultiPoint(path) => list_or_empty(out, 0..path.len(), |out, at| {
            out.push('(');
            position(out, path, at);
            out.push(')');
            Ok(())
        }),
        Shape::MultiLineString(paths) => list_or_empty(out, paths, path_or_empty),
        Shape::Polygon(one) => polygon(out, one),
        Shape::MultiPolygon(polygons) => list_or_empty(out, polygons, polygon),
        Shape::GeometryCollection(parts) => list_or_empty(out, parts, geometry),
    }
}

fn polygon(out: &mut String, polygon: &Polygon) -> Put {
    list_or_empty(out, &polygon.rings, path_or_empty)
}

fn path_or_empty(out: &mut String, path: &Path) -> Put {
    list_or_empty(out, 0..path.len(), |out, at| {
        position(out, path, at);
        Ok(())
    })
}

fn list_or_empty<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    each: impl FnMut(&mut String, T) -> Put,
) -> Put {
    let items = items.into_iter();
    if items.len() == 0 {
        out.push_str(" EMPTY");
        return Ok(());
    }
    brackets(out, items, each)
}

fn position(out: &mut String, path: &Path, at: usize) {
    let coord = path.coords()[at];
    let _ = write!(out, "{:?} {:?}", coord.x, coord.y);
    if let Some(z) = path.z().get(at) {
        let _ = write!(out, " {z:?}");
    }
}

const _: () = assert!(RELATION < SUM);
