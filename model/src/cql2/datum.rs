//! Values as evaluation sees them: borrowed where they are kept, owned where they were made.

use crate::{Date, FieldType, Instant, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A value of a row, or one that was calculated.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum<'a> {
    /// Nothing is known.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A finite float.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A day.
    Date(Date),
    /// A moment.
    DateTime(Instant),
    /// Bytes. Nothing is asked of them but whether they are there.
    Bytes(&'a [u8]),
    /// A list.
    Array(&'a [Value]),
}

impl<'a> From<&'a Value> for Datum<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Datum::Null,
            Value::Bool(value) => Datum::Bool(*value),
            Value::Int(value) => Datum::Int(*value),
            Value::Float(value) => Datum::Float(value.get()),
            Value::Text(value) => Datum::Text(Cow::Borrowed(value)),
            Value::Date(value) => Datum::Date(*value),
            Value::DateTime(value) => Datum::DateTime(*value),
            Value::Bytes(value) => Datum::Bytes(value),
            Value::Array(items) => Datum::Array(items),
        }
    }
}

impl Datum<'_> {
    /// Whether nothing is known.
    pub fn is_null(&self) -> bool {
        matches!(self, Datum::Null)
    }

    /// A number that may have become infinite or none at all: then nothing is known.
    pub(super) fn float(number: f64) -> Self {
        if number.is_finite() {
            Datum::Float(number)
        } else {
            Datum::Null
        }
    }

    /// The value, owned.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Datum::Null => Value::Null,
            Datum::Bool(value) => Value::Bool(*value),
            Datum::Int(value) => Value::Int(*value),
            Datum::Float(value) => Value::float(*value).unwrap_or_default(),
            Datum::Text(value) => Value::text(&**value),
            Datum::Date(value) => Value::Date(*value),
            Datum::DateTime(value) => Value::DateTime(*value),
            Datum::Bytes(value) => Value::Bytes((*value).into()),
            Datum::Array(items) => Value::Array((*items).into()),
        }
    }
}

/// How two values are ordered; none where one is null, or where they cannot be compared.
///
/// Numbers by size, exactly; texts by their code points; false before true. A day beside a moment counts as its first
/// moment in the zone `offset_minutes` east of UTC, as in SQL.
pub(super) fn compare(a: &Datum<'_>, b: &Datum<'_>, offset_minutes: i16) -> Option<Ordering> {
    match (a, b) {
        (Datum::Int(a), Datum::Int(b)) => Some(a.cmp(b)),
        (Datum::Float(a), Datum::Float(b)) => a.partial_cmp(b),
        (Datum::Int(a), Datum::Float(b)) => Some(compare_mixed(*a, *b)),
        (Datum::Float(a), Datum::Int(b)) => Some(compare_mixed(*b, *a).reverse()),
        (Datum::Text(a), Datum::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Datum::Bool(a), Datum::Bool(b)) => Some(a.cmp(b)),
        (Datum::Date(a), Datum::Date(b)) => Some(a.cmp(b)),
        (Datum::DateTime(a), Datum::DateTime(b)) => Some(a.cmp(b)),
        (Datum::Date(a), Datum::DateTime(b)) => Some(a.start(offset_minutes).cmp(b)),
        (Datum::DateTime(a), Datum::Date(b)) => Some(a.cmp(&b.start(offset_minutes))),
        _ => None,
    }
}

/// Exact, also beyond 2^53, where neighbouring integers are the same float.
fn compare_mixed(whole: i64, float: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float >= BEYOND {
        return Ordering::Less;
    }
    if float < -BEYOND {
        return Ordering::Greater;
    }
    let cut = float.trunc();
    whole
        .cmp(&(cut as i64))
        .then_with(|| cut.partial_cmp(&float).unwrap_or(Ordering::Equal))
}

/// What can be compared with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Number,
    Text,
    /// A day or a moment.
    Time,
    Bytes,
    List,
}

impl Type {
    pub fn of(field: FieldType) -> Self {
        match field {
            FieldType::Bool => Type::Bool,
            FieldType::Int | FieldType::Float => Type::Number,
            FieldType::Text => Type::Text,
            FieldType::Date | FieldType::DateTime => Type::Time,
            FieldType::Bytes => Type::Bytes,
            FieldType::Array => Type::List,
        }
    }

    /// The type as the parameters of a function of one argument.
    pub const fn alone(self) -> &'static [Type] {
        match self {
            Type::Bool => &[Type::Bool],
            Type::Number => &[Type::Number],
            Type::Text => &[Type::Text],
            Type::Time => &[Type::Time],
            Type::Bytes => &[Type::Bytes],
            Type::List => &[Type::List],
        }
    }

    /// With its article, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            Type::Bool => "a condition",
            Type::Number => "a number",
            Type::Text => "a text",
            Type::Time => "a date or time",
            Type::Bytes => "a run of bytes",
            Type::List => "a list",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_floats_are_compared_exactly() {
        let check = |a: i64, b: f64, expected| assert_eq!(compare_mixed(a, b), expected, "{a} {b}");
        check(1, 1.0, Ordering::Equal);
        check(1, 1.5, Ordering::Less);
        check(-1, -1.5, Ordering::Greater);
        check(9_007_199_254_740_993, 9_007_199_254_740_992.0, Ordering::Greater);
        check(i64::MAX, 9_223_372_036_854_775_808.0, Ordering::Less);
        check(i64::MIN, -9_223_372_036_854_775_808.0, Ordering::Equal);
        check(i64::MIN, -1e300, Ordering::Greater);
        check(0, -0.0, Ordering::Equal);
    }
}
