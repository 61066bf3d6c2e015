//! Attribute values and their types.

use crate::{Date, Instant};
use std::fmt;

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// True or false.
    Bool,
    /// Signed 64-bit integer.
    Int,
    /// Finite 64-bit float.
    Float,
    /// Unicode text.
    Text,
    /// A day.
    Date,
    /// A moment, in UTC.
    DateTime,
    /// Bytes.
    Bytes,
    /// A list of values of the types above.
    Array,
}

/// A float that is neither NaN nor infinite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Finite(f64);

/// The value of one field of one feature.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing is known.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(Finite),
    /// A text.
    Text(Box<str>),
    /// A day.
    Date(Date),
    /// A moment.
    DateTime(Instant),
    /// Bytes.
    Bytes(Box<[u8]>),
    /// A list.
    Array(Box<[Value]>),
}

impl Finite {
    /// The number, where it is finite.
    pub fn new(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FieldType {
    const ALL: [(FieldType, &'static str); 8] = [
        (FieldType::Bool, "bool"),
        (FieldType::Int, "int"),
        (FieldType::Float, "float"),
        (FieldType::Text, "text"),
        (FieldType::Date, "date"),
        (FieldType::DateTime, "datetime"),
        (FieldType::Bytes, "bytes"),
        (FieldType::Array, "array"),
    ];

    /// The word used in layer definitions and in stores.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Reads the word written by [`FieldType::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, word)| *word == text).map(|(kind, _)| *kind)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Value {
    /// A float value; `Null` has no place here, so a number that is not finite gives none.
    pub fn float(number: f64) -> Option<Self> {
        Finite::new(number).map(Value::Float)
    }

    /// A text value.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Value::Text(text.into())
    }

    /// The type; none for null.
    pub fn field_type(&self) -> Option<FieldType> {
        Some(match self {
            Value::Null => return None,
            Value::Bool(_) => FieldType::Bool,
            Value::Int(_) => FieldType::Int,
            Value::Float(_) => FieldType::Float,
            Value::Text(_) => FieldType::Text,
            Value::Date(_) => FieldType::Date,
            Value::DateTime(_) => FieldType::DateTime,
            Value::Bytes(_) => FieldType::Bytes,
            Value::Array(_) => FieldType::Array,
        })
    }

    /// Whether a field of type `kind` can hold it: null always, others where the types are the same.
    pub fn fits(&self, kind: FieldType) -> bool {
        self.field_type().is_none_or(|own| own == kind)
    }

    /// Whether nothing is known.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    /// The plain text of the value: what a public id shows. Bytes are hexadecimal, null is empty, lists `[a, b]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => Ok(()),
            Value::Bool(v) => write!(f, "{v}"),
            Value::Int(v) => write!(f, "{v}"),
            Value::Float(v) => write!(f, "{}", v.get()),
            Value::Text(v) => f.write_str(v),
            Value::Date(v) => write!(f, "{v}"),
            Value::DateTime(v) => write!(f, "{v}"),
            Value::Bytes(v) => v.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Value::Array(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_is_finite() {
        assert_eq!(Value::float(f64::NAN), None);
        assert_eq!(Value::float(f64::INFINITY), None);
        assert_eq!(Value::float(1.5).unwrap().to_string(), "1.5");
    }

    #[test]
    fn a_value_fits_a_field_of_its_own_type_and_null_fits_all() {
        for (kind, word) in FieldType::ALL {
            assert!(Value::Null.fits(kind));
            assert_eq!(FieldType::parse(word), Some(kind));
            assert_eq!(kind.as_str(), word);
        }
        assert!(Value::Int(1).fits(FieldType::Int) && !Value::Int(1).fits(FieldType::Float));
    }

    #[test]
    fn values_have_a_plain_text() {
        let list = Value::Array([Value::Int(1), Value::text("地")].into());
        assert_eq!(list.to_string(), "[1, 地]");
        assert_eq!(Value::Bytes([0x0f, 0xa0].into()).to_string(), "0fa0");
    }
}
