//! The values of one field for all features.

use super::bits::PackedBits;
use super::interner::{Blobs, Texts};
use super::packed::Packed;
use crate::shelf::Shelf;
use onemap_model::{Date, Finite, Instant, Value};

/// Values by position.
#[derive(Debug)]
pub(crate) enum Column {
    /// Values of a type that is a number underneath.
    Whole {
        kind: Whole,
        numbers: Packed,
        /// Which are not null; none where all are.
        present: Option<PackedBits>,
    },
    /// Floats; null is NaN, which no value is.
    Float(Shelf<f64>),
    /// Floats of which there are few different ones: their places among those, null included as NaN.
    FewFloats { codes: Packed, floats: Shelf<f64> },
    /// Texts: 0 is null, else one more than the number in the dictionary.
    Text { codes: Packed, dictionary: Texts },
    /// Bytes, likewise.
    Bytes { codes: Packed, dictionary: Blobs },
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
            Column::Float(floats) => Cell::of_float(floats[at]),
            Column::FewFloats { codes, floats } => Cell::of_float(floats[codes.get(at) as usize]),
            Column::Text { codes, dictionary } => match codes.get(at) {
                0 => Cell::Null,
                code => Cell::Text(dictionary.get((code - 1) as u32)),
            },
            Column::Bytes { codes, dictionary } => match codes.get(at) {
                0 => Cell::Null,
                code => Cell::Bytes(dictionary.get((code - 1) as u32)),
            },
            Column::Other(values) => Cell::of(&values[at]),
        }
    }

    /// Whether the value at `at` is a text, in whatever kind of column.
    #[inline]
    pub fn is_text(&self, at: usize) -> bool {
        match self {
            Column::Text { codes, .. } => codes.get(at) != 0,
            Column::Other(values) => matches!(values[at], Value::Text(_)),
            _ => false,
        }
    }

    /// A number below [`Column::code_count`] that is the same for equal values and for no others; none where the
    /// column has no such numbers.
    #[inline]
    pub fn code(&self, at: usize) -> Option<usize> {
        match self {
            Column::Whole {
                present: Some(present), ..
            } if !present.get(at) => Some(0),
            Column::Whole { numbers, .. } => Some(numbers.offset(at) as usize + 1),
            Column::Text { codes, .. } | Column::Bytes { codes, .. } | Column::FewFloats { codes, .. } => {
                Some(codes.get(at) as usize)
            }
            Column::Float(_) | Column::Other(_) => None,
        }
    }

    /// The value with a code that [`Column::code`] gave.
    #[inline]
    pub fn value_of_code(&self, code: usize) -> Cell<'_> {
        match self {
            Column::Text { .. } | Column::Bytes { .. } | Column::Whole { .. } if code == 0 => Cell::Null,
            Column::Text { dictionary, .. } => Cell::Text(dictionary.get(code as u32 - 1)),
            Column::Bytes { dictionary, .. } => Cell::Bytes(dictionary.get(code as u32 - 1)),
            Column::Whole { kind, numbers, .. } => kind.cell(numbers.of_offset(code as u64 - 1)),
            Column::FewFloats { floats, .. } => Cell::of_float(floats[code]),
            Column::Float(_) | Column::Other(_) => Cell::Null,
        }
    }

    /// How many codes there are.
    pub fn code_count(&self) -> usize {
        match self {
            Column::Whole { numbers, .. } => {
                usize::try_from(numbers.span()).map_or(usize::MAX, |n| n.saturating_add(2))
            }
            Column::Text { dictionary, .. } => dictionary.len() + 1,
            Column::Bytes { dictionary, .. } => dictionary.len() + 1,
            Column::FewFloats { floats, .. } => floats.len(),
            Column::Float(_) | Column::Other(_) => 0,
        }
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        match self {
            Column::Whole { numbers, present, .. } => numbers.bytes() + present.as_ref().map_or(0, PackedBits::bytes),
            Column::Float(floats) => floats.bytes(),
            Column::FewFloats { codes, floats } => codes.bytes() + floats.bytes(),
            Column::Text { codes, dictionary } => codes.bytes() + dictionary.bytes(),
            Column::Bytes { codes, dictionary } => codes.bytes() + dictionary.bytes(),
            Column::Other(values) => (values.capacity() - values.len()) * size_of::<Value>() + deep_bytes(values),
        }
    }
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
    fn of_float(float: f64) -> Self {
        if float.is_nan() { Cell::Null } else { Cell::Float(float) }
    }

    /// The value, borrowed.
    pub fn of(value: &'a Value) -> Self {
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
