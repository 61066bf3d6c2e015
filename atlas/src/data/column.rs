//! The values of one field for all features.

use super::bits::Bits;
use super::interner::Strings;
use super::packed::Packed;
use onemap_model::{Date, Finite, Instant, Value};

/// Values by position.
#[derive(Debug)]
pub(crate) enum Column {
    /// Values of a type that is a number underneath.
    Whole {
        kind: Whole,
        numbers: Packed,
        /// Which are not null; none where all are.
        present: Option<Bits>,
    },
    /// Floats; null is NaN, which no value is.
    Float(Vec<f64>),
    /// Texts: 0 is null, else one more than the number in the dictionary.
    Text { codes: Packed, dictionary: Strings },
    /// Bytes, likewise.
    Bytes { codes: Packed, dictionary: Strings },
    /// Whatever fits none of the above: lists, values of other types than the field's.
    Other(Vec<Value>),
}

/// Types that are a number underneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    Bool,
    Int,
    Date,
    DateTime,
}

/// One value, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    Date(Date),
    DateTime(Instant),
    Bytes(&'a [u8]),
    Other(&'a Value),
}

impl Column {
    /// The value at `at`.
    #[inline]
    pub fn get(&self, at: usize) -> Cell<'_> {
        match self {
            Column::Whole {
                present: Some(present), ..
            } if !present.get(at) => Cell::Null,
            Column::Whole { kind, numbers, .. } => kind.cell(numbers.get(at)),
            Column::Float(floats) if floats[at].is_nan() => Cell::Null,
            Column::Float(floats) => Cell::Float(floats[at]),
            Column::Text { codes, dictionary } => match codes.get(at) {
                0 => Cell::Null,
                code => Cell::Text(as_text(dictionary.get((code - 1) as u32))),
            },
            Column::Bytes { codes, dictionary } => match codes.get(at) {
                0 => Cell::Null,
                code => Cell::Bytes(dictionary.get((code - 1) as u32)),
            },
            Column::Other(values) => Cell::of(&values[at]),
        }
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        match self {
            Column::Whole { numbers, present, .. } => numbers.bytes() + present.as_ref().map_or(0, Bits::bytes),
            Column::Float(floats) => floats.capacity() * size_of::<f64>(),
            Column::Text { codes, dictionary } | Column::Bytes { codes, dictionary } => {
                codes.bytes() + dictionary.bytes()
            }
            Column::Other(values) => (values.capacity() - values.len()) * size_of::<Value>() + deep_bytes(values),
        }
    }
}

fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("a dictionary of texts was made from texts")
}

fn deep_bytes(values: &[Value]) -> usize {
    let own = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(items) => deep_bytes(items),
        _ => 0,
    };
    size_of_val(values) + values.iter().map(own).sum::<usize>()
}

impl Whole {
    /// The number underneath a value, where it is of this type.
    pub fn number(self, value: &Value) -> Option<i64> {
        Some(match (self, value) {
            (Whole::Bool, Value::Bool(v)) => i64::from(*v),
            (Whole::Int, Value::Int(v)) => *v,
            (Whole::Date, Value::Date(v)) => {
                let (year, month, day) = v.ymd();
                i64::from(year) * 512 + i64::from(month) * 32 + i64::from(day)
            }
            (Whole::DateTime, Value::DateTime(v)) => v.micros(),
            _ => return None,
        })
    }

    fn cell(self, number: i64) -> Cell<'static> {
        match self {
            Whole::Bool => Cell::Bool(number != 0),
            Whole::Int => Cell::Int(number),
            Whole::Date => {
                let (year, month, day) = (
                    number.div_euclid(512),
                    number.rem_euclid(512) / 32,
                    number.rem_euclid(32),
                );
                Cell::Date(Date::new(year as i16, month as i8, day as i8).expect("the number was made from a date"))
            }
            Whole::DateTime => {
                Cell::DateTime(Instant::from_micros(number).expect("the number was made from an instant"))
            }
        }
    }
}

impl<'a> Cell<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Cell::Null,
            Value::Bool(v) => Cell::Bool(*v),
            Value::Int(v) => Cell::Int(*v),
            Value::Float(v) => Cell::Float(v.get()),
            Value::Text(v) => Cell::Text(v),
            Value::Date(v) => Cell::Date(*v),
            Value::DateTime(v) => Cell::DateTime(*v),
            Value::Bytes(v) => Cell::Bytes(v),
            Value::Array(_) => Cell::Other(value),
        }
    }

    /// The value, owned.
    pub fn to_value(self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Bool(v) => Value::Bool(v),
            Cell::Int(v) => Value::Int(v),
            Cell::Float(v) => Value::Float(Finite::new(v).expect("only finite floats are kept")),
            Cell::Text(v) => Value::text(v),
            Cell::Date(v) => Value::Date(v),
            Cell::DateTime(v) => Value::DateTime(v),
            Cell::Bytes(v) => Value::Bytes(v.into()),
            Cell::Other(v) => v.clone(),
        }
    }
}
