//! Collects the values of one field and packs them.

use super::bits::Bits;
use super::column::{Column, Whole};
use super::interner::{Interner, Strings, Texts};
use super::packed::Packed;
use onemap_model::{FieldType, Value};
use std::collections::HashMap;

/// So many different floats are not few.
const FEW: usize = 4096;

/// Values in the order of their arrival.
#[derive(Debug)]
pub(crate) enum ColumnBuilder {
    Whole {
        kind: Whole,
        numbers: Vec<i64>,
        present: Bits,
        nulls: usize,
    },
    Float(Vec<f64>),
    Text {
        codes: Vec<u32>,
        dictionary: Interner,
    },
    Bytes {
        codes: Vec<u32>,
        dictionary: Interner,
    },
    Other(Vec<Value>),
}

impl ColumnBuilder {
    /// A column for values of type `kind`; others are taken too, at a price.
    pub fn new(kind: FieldType) -> Self {
        let whole = |kind| Self::Whole {
            kind,
            numbers: Vec::new(),
            present: Bits::default(),
            nulls: 0,
        };
        let (codes, dictionary) = (Vec::new(), Interner::default());
        match kind {
            FieldType::Bool => whole(Whole::Bool),
            FieldType::Int => whole(Whole::Int),
            FieldType::Date => whole(Whole::Date),
            FieldType::DateTime => whole(Whole::DateTime),
            FieldType::Float => Self::Float(Vec::new()),
            FieldType::Text => Self::Text { codes, dictionary },
            FieldType::Bytes => Self::Bytes { codes, dictionary },
            FieldType::Array => Self::Other(Vec::new()),
        }
    }

    /// Adds a value. One that the column has no place for turns the whole column into a general one.
    pub fn push(&mut self, value: Value) {
        if let Err(value) = self.try_push(value) {
            let finished = std::mem::replace(self, Self::Other(Vec::new()));
            let column = finished.finish(None);
            let count = column.1;
            let mut values: Vec<Value> = (0..count).map(|at| column.0.get(at).to_value()).collect();
            values.push(value);
            *self = Self::Other(values);
        }
    }

    fn try_push(&mut self, value: Value) -> Result<(), Value> {
        match self {
            Self::Whole {
                kind,
                numbers,
                present,
                nulls,
            } => {
                let number = kind.number(&value);
                if number.is_none() && !value.is_null() {
                    return Err(value);
                }
                *nulls += usize::from(number.is_none());
                present.push(number.is_some());
                // A null repeats its neighbour, so that it does not widen the range.
                numbers.push(number.or(numbers.last().copied()).unwrap_or(0));
            }
            Self::Float(floats) => floats.push(match value {
                Value::Float(float) => float.get(),
                Value::Null => f64::NAN,
                other => return Err(other),
            }),
            Self::Text { codes, dictionary } => codes.push(match &value {
                Value::Text(text) => dictionary.intern(text.as_bytes()).ok_or(value)? + 1,
                Value::Null => 0,
                _ => return Err(value),
            }),
            Self::Bytes { codes, dictionary } => codes.push(match &value {
                Value::Bytes(bytes) => dictionary.intern(bytes).ok_or(value)? + 1,
                Value::Null => 0,
                _ => return Err(value),
            }),
            Self::Other(values) => values.push(value),
        }
        Ok(())
    }

    /// Packs the values, in the order of the positions in `order` where one is given; also says how many there are.
    pub fn finish(self, order: Option<&[u32]>) -> (Column, usize) {
        match self {
            Self::Whole {
                kind,
                numbers,
                present,
                nulls,
            } => {
                let count = numbers.len();
                let place = |at: usize| order.map_or(at, |order| order[at] as usize);
                let packed = Packed::pack((0..count).map(|at| numbers[place(at)]));
                let present = (nulls > 0).then(|| (0..count).map(|at| present.get(place(at))).collect());
                let numbers = packed;
                (Column::Whole { kind, numbers, present }, count)
            }
            Self::Float(floats) => {
                let count = floats.len();
                (float_column(permute(floats, order)), count)
            }
            Self::Text { codes, dictionary } => {
                let count = codes.len();
                let (codes, dictionary) = pack_strings(codes, dictionary.strings(), order);
                let dictionary = Texts::of(dictionary);
                (Column::Text { codes, dictionary }, count)
            }
            Self::Bytes { codes, dictionary } => {
                let count = codes.len();
                let (codes, dictionary) = pack_strings(codes, dictionary.strings(), order);
                let dictionary = dictionary.into();
                (Column::Bytes { codes, dictionary }, count)
            }
            Self::Other(mut values) => {
                let count = values.len();
                let sorted = match order {
                    Some(order) => order
                        .iter()
                        .map(|&at| std::mem::take(&mut values[at as usize]))
                        .collect(),
                    None => values,
                };
                (Column::Other(sorted), count)
            }
        }
    }
}

/// Codes where there are few different floats.
fn float_column(floats: Vec<f64>) -> Column {
    let mut known: HashMap<u64, i64> = HashMap::new();
    let mut few = Vec::new();
    let mut codes = Vec::with_capacity(floats.len());
    for &float in &floats {
        if few.len() == FEW {
            return Column::Float(floats.into());
        }
        let code = *known.entry(float.to_bits()).or_insert_with(|| {
            few.push(float);
            few.len() as i64 - 1
        });
        codes.push(code);
    }
    few.shrink_to_fit();
    Column::FewFloats {
        codes: Packed::pack(codes.iter().copied()),
        floats: few.into(),
    }
}

fn permute<T: Copy>(values: Vec<T>, order: Option<&[u32]>) -> Vec<T> {
    match order {
        Some(order) => order.iter().map(|&at| values[at as usize]).collect(),
        None => values,
    }
}

/// Codes in their final order, and the dictionary in the order of first use in it: what is near on the map is then near
/// in the dictionary too.
fn pack_strings(codes: Vec<u32>, dictionary: &Strings, order: Option<&[u32]>) -> (Packed, Strings) {
    let mut codes = permute(codes, order);
    let mut renumbered = vec![0; dictionary.len() + 1];
    let mut sorted = Strings::with_room_for(dictionary);
    for code in codes.iter_mut().filter(|code| **code > 0) {
        let new = &mut renumbered[*code as usize];
        if *new == 0 {
            *new = sorted
                .push(dictionary.get(*code - 1))
                .expect("the same strings fitted before")
                + 1;
        }
        *code = *new;
    }
    (Packed::pack(codes.iter().map(|&code| i64::from(code))), sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Date, Instant};

    fn check(kind: FieldType, values: &[Value]) -> Column {
        let mut builder = ColumnBuilder::new(kind);
        values.iter().cloned().for_each(|value| builder.push(value));
        let backwards: Vec<u32> = (0..values.len() as u32).rev().collect();
        let (column, count) = builder.finish(Some(&backwards));
        let mut back: Vec<Value> = (0..count).map(|at| column.get(at).to_value()).collect();
        back.reverse();
        assert_eq!(back, values, "{kind}");
        column
    }

    #[test]
    fn values_of_every_type_and_nulls_come_back() {
        let date = |text: &str| Value::Date(Date::parse(text).unwrap());
        let time = |text: &str| Value::DateTime(Instant::parse(text).unwrap());
        check(FieldType::Bool, &[Value::Bool(true), Value::Null, Value::Bool(false)]);
        check(
            FieldType::Int,
            &[Value::Null, Value::Int(i64::MIN), Value::Int(i64::MAX)],
        );
        check(
            FieldType::Float,
            &[Value::float(-0.0).unwrap(), Value::Null, Value::float(1e300).unwrap()],
        );
        check(
            FieldType::Text,
            &[Value::text(""), Value::Null, Value::text("黄石"), Value::text("")],
        );
        check(
            FieldType::Date,
            &[
                date("2024-02-29"),
                Value::Null,
                date("0001-01-01"),
                date("-009999-01-01"),
            ],
        );
        check(FieldType::DateTime, &[time("2024-05-01T08:30:00.123456Z"), Value::Null]);
        check(
            FieldType::Bytes,
            &[Value::Bytes([0, 255].into()), Value::Null, Value::Bytes([].into())],
        );
        check(
            FieldType::Array,
            &[Value::Array([Value::Int(1), Value::Null].into()), Value::Null],
        );
        check(FieldType::Text, &[]);
    }

    #[test]
    fn a_value_of_another_type_is_kept_as_it_is() {
        let column = check(
            FieldType::Int,
            &[Value::Int(1), Value::Null, Value::text("one"), Value::Int(2)],
        );
        assert!(matches!(column, Column::Other(_)));
    }

    #[test]
    fn nulls_cost_no_wider_numbers() {
        let column = check(
            FieldType::Int,
            &[Value::Int(1_000_000), Value::Null, Value::Int(1_000_001)],
        );
        assert!(matches!(column, Column::Whole { numbers, .. } if numbers.bytes() == 3));
    }
}
