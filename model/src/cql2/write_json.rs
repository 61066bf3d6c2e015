//! Writes CQL2 JSON: no spaces, members in the standard's order.

use super::ast::{Expr, Kind, Literal};
use super::ops::Named;
use super::shape::Shape;
use crate::{Instant, Path, Polygon};
use std::fmt::Write;

/// Writes a filter.
pub(super) fn write(expr: &Expr) -> String {
    let mut out = String::new();
    put(&mut out, expr);
    out
}

/// A time as the standard wants it: in UTC, a fraction only where there is one.
pub(super) fn timestamp(time: Instant) -> String {
    let text = time.to_string();
    match text.split_once('.') {
        Some((seconds, fraction)) if fraction.trim_end_matches('Z').bytes().all(|b| b == b'0') => format!("{seconds}Z"),
        _ => text,
    }
}

fn put(out: &mut String, expr: &Expr) {
    match expr.kind() {
        Kind::And(args) => operation(out, "and", args),
        Kind::Or(args) => operation(out, "or", args),
        Kind::Not(arg) => operation(out, "not", [&**arg]),
        Kind::Compare(op, args) => operation(out, op.name(), &**args),
        Kind::Like(args) => operation(out, "like", &**args),
        Kind::Between(args) => operation(out, "between", &**args),
        Kind::In(arg, list) => {
            out.push_str("{\"op\":\"in\",\"args\":[");
            put(out, arg);
            out.push(',');
            array(out, list, put);
            out.push_str("]}");
        }
        Kind::IsNull(arg) => operation(out, "isNull", [&**arg]),
        Kind::Spatial(op, args) => operation(out, op.name(), &**args),
        Kind::Temporal(op, args) => operation(out, op.name(), &**args),
        Kind::Array(op, args) => operation(out, op.name(), &**args),
        Kind::Arithmetic(op, args) => operation(out, op.name(), &**args),
        Kind::CaseI(arg) => operation(out, "casei", [&**arg]),
        Kind::AccentI(arg) => operation(out, "accenti", [&**arg]),
        Kind::Call(name, args) => operation(out, name, args),
        Kind::Property(name) => {
            out.push_str("{\"property\":");
            text(out, name);
            out.push('}');
        }
        Kind::Interval(bounds) => {
            out.push_str("{\"interval\":");
            array(out, &**bounds, bound);
            out.push('}');
        }
        Kind::List(elements) => array(out, elements, put),
        Kind::Literal(value) => literal(out, value),
    }
}

fn operation<'a>(out: &mut String, name: &str, args: impl IntoIterator<Item = &'a Expr>) {
    out.push_str("{\"op\":");
    text(out, name);
    out.push_str(",\"args\":");
    array(out, args, put);
    out.push('}');
}

fn bound(out: &mut String, expr: &Expr) {
    let _ = match expr.kind() {
        Kind::Literal(Literal::Date(day)) => write!(out, "\"{day}\""),
        Kind::Literal(Literal::Timestamp(time)) => write!(out, "\"{}\"", timestamp(*time)),
        _ => return put(out, expr),
    };
}

fn literal(out: &mut String, value: &Literal) {
    let _ = match value {
        Literal::Bool(value) => write!(out, "{value}"),
        Literal::Int(value) => write!(out, "{value}"),
        Literal::Float(value) => write!(out, "{:?}", value.get()),
        Literal::Text(value) => return text(out, value),
        Literal::Date(day) => write!(out, "{{\"date\":\"{day}\"}}"),
        Literal::Timestamp(time) => write!(out, "{{\"timestamp\":\"{}\"}}", timestamp(*time)),
        Literal::Open => write!(out, "\"..\""),
        Literal::Geometry(shape) => return geometry(out, shape),
        Literal::Bbox(corners) => {
            out.push_str("{\"bbox\":");
            array(out, corners.numbers(), |out, number| put_number(out, *number));
            return out.push('}');
        }
    };
}

fn geometry(out: &mut String, shape: &Shape) {
    let _ = write!(out, "{{\"type\":\"{}\",", shape.kind().name());
    if let Shape::GeometryCollection(parts) = shape {
        out.push_str("\"geometries\":");
        array(out, parts, geometry);
        return out.push('}');
    }
    out.push_str("\"coordinates\":");
    match shape {
        Shape::Point(path) if path.is_empty() => out.push_str("[]"),
        Shape::Point(path) => position(out, path, 0),
        Shape::MultiPoint(path) | Shape::LineString(path) => positions(out, path),
        Shape::MultiLineString(paths) => array(out, paths, positions),
        Shape::Polygon(polygon) => rings(out, polygon),
        Shape::MultiPolygon(polygons) => array(out, polygons, rings),
        Shape::GeometryCollection(_) => unreachable!("it was written above"),
    }
    out.push('}');
}

fn rings(out: &mut String, polygon: &Polygon) {
    array(out, &polygon.rings, positions);
}

fn positions(out: &mut String, path: &Path) {
    array(out, 0..path.len(), |out, at| position(out, path, at));
}

fn position(out: &mut String, path: &Path, at: usize) {
    let coord = path.coords()[at];
    let numbers = [coord.x, coord.y].into_iter().chain(path.z().get(at).copied());
    array(out, numbers, put_number);
}

fn put_number(out: &mut String, number: f64) {
    let _ = write!(out, "{number:?}");
}

fn array<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut String, T)) {
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(']');
}

fn text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        let _ = match c {
            '"' => write!(out, "\\\""),
            '\\' => write!(out, "\\\\"),
            c if c < ' ' => write!(out, "\\u{:04x}", c as u32),
            c => write!(out, "{c}"),
        };
    }
    out.push('"');
}
