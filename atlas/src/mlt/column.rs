//! The values of one attribute.

use super::read::{Layer, Value, Varints};
use super::stream::{Encoding, Kind, put_stream, stream_of_bits, stream_of_numbers};
use crate::render::{put_varint, zigzag};
use std::borrow::Cow;

/// Doubles hold whole numbers up to here.
const EXACT: i64 = 1 << 53;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Bool = 10,
    Int32 = 16,
    Int64 = 20,
    Float = 24,
    Double = 26,
    Text = 28,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column<'a> {
    layer: &'a Layer<'a>,
    kind: Type,
    /// For each feature the number of its value plus one; 0 where it has none.
    numbers: Vec<u32>,
    is_nullable: bool,
}

impl<'a> Column<'a> {
    /// The values of the key with this number.
    pub fn of(layer: &'a Layer<'a>, key: usize) -> Self {
        let numbers: Vec<u32> = layer
            .features
            .iter()
            .map(|feature| number(feature.tags, key as u64))
            .collect();
        let is_nullable = numbers.contains(&0);
        let kind = Type::of(numbers.iter().filter_map(|&number| value(layer, number)));
        Self {
            layer,
            kind,
            numbers,
            is_nullable,
        }
    }

    /// The byte that says what the column is.
    pub fn type_code(&self) -> u8 {
        self.kind as u8 + u8::from(self.is_nullable)
    }

    /// Appends the column.
    pub fn put(&self, out: &mut Vec<u8>) {
        let present = |out: &mut Vec<u8>| {
            if self.is_nullable {
                stream_of_bits(Kind::Present, self.numbers.iter().map(|&number| number > 0), out);
            }
        };
        if self.kind == Type::Text {
            let texts = self.texts();
            put_varint(texts.stream_count() + u64::from(self.is_nullable), out);
            present(out);
            texts.put(out);
            return;
        }
        present(out);
        match self.kind {
            Type::Bool => stream_of_bits(Kind::Data, self.values().map(|value| value == Value::Bool(true)), out),
            Type::Int32 | Type::Int64 => {
                let whole = |value| if let Value::Int(number) = value { number } else { 0 };
                stream_of_numbers(Kind::Data, self.values().map(|value| zigzag(whole(value))), out);
            }
            Type::Float => self.put_floats(|number, payload| payload.extend((number as f32).to_le_bytes()), out),
            Type::Double => self.put_floats(|number, payload| payload.extend(number.to_le_bytes()), out),
            Type::Text => {}
        }
    }

    fn values(&self) -> impl Iterator<Item = Value<'a>> {
        self.numbers.iter().filter_map(|&number| value(self.layer, number))
    }

    fn put_floats(&self, put: impl Fn(f64, &mut Vec<u8>), out: &mut Vec<u8>) {
        let (mut payload, mut count) = (Vec::new(), 0);
        for value in self.values() {
            put(as_float(value).unwrap_or(f64::NAN), &mut payload);
            count += 1;
        }
        put_stream(Kind::Data, Encoding::Plain, count, &payload, out);
    }

    /// The texts, each once, and which feature has which.
    fn texts(&self) -> Texts<'a> {
        let mut places = vec![0; self.layer.values.len() + 1];
        let mut texts = Texts::default();
        for &number in self.numbers.iter().filter(|&&number| number > 0) {
            let place = &mut places[number as usize];
            if *place == 0 {
                texts.different.extend(value(self.layer, number).map(as_text));
                *place = texts.different.len();
            }
            texts.places.push(*place as u64 - 1);
        }
        texts
    }
}

/// Texts of a column.
#[derive(Debug, Default)]
struct Texts<'a> {
    different: Vec<Cow<'a, [u8]>>,
    places: Vec<u64>,
}

impl Texts<'_> {
    fn has_dictionary(&self) -> bool {
        2 * self.different.len() <= self.places.len()
    }

    fn stream_count(&self) -> u64 {
        if self.has_dictionary() { 3 } else { 2 }
    }

    fn put(&self, out: &mut Vec<u8>) {
        let lengths = |texts: &[&[u8]]| texts.iter().map(|text| text.len() as u64).collect::<Vec<_>>();
        let different: Vec<&[u8]> = self.different.iter().map(|text| &text[..]).collect();
        if self.has_dictionary() {
            stream_of_numbers(Kind::DictionaryLengths, lengths(&different).into_iter(), out);
            stream_of_numbers(Kind::TextOffsets, self.places.iter().copied(), out);
            put_stream(
                Kind::Dictionary,
                Encoding::Plain,
                different.len(),
                &different.concat(),
                out,
            );
        } else {
            let all: Vec<&[u8]> = self.places.iter().map(|&place| different[place as usize]).collect();
            stream_of_numbers(Kind::TextLengths, lengths(&all).into_iter(), out);
            put_stream(Kind::Data, Encoding::Plain, all.len(), &all.concat(), out);
        }
    }
}

impl Type {
    /// The narrowest type that holds all values; text where they have nothing else in common.
    fn of<'a>(values: impl Iterator<Item = Value<'a>> + Clone) -> Self {
        let all = |holds: fn(Value<'_>) -> bool| values.clone().all(holds);
        if all(|value| matches!(value, Value::Text(_))) {
            Type::Text
        } else if all(|value| matches!(value, Value::Bool(_))) {
            Type::Bool
        } else if all(|value| matches!(value, Value::Int(number) if i32::try_from(number).is_ok())) {
            Type::Int32
        } else if all(|value| matches!(value, Value::Int(_))) {
            Type::Int64
        } else if all(|value| as_float(value).is_some_and(|number| f64::from(number as f32) == number)) {
            Type::Float
        } else if all(|value| as_float(value).is_some()) {
            Type::Double
        } else {
            Type::Text
        }
    }
}

/// The number of a feature's value of a key plus one; 0 where it has none.
fn number(tags: &[u8], key: u64) -> u32 {
    let mut tags = Varints(tags);
    while let (Some(found), Some(value)) = (tags.next(), tags.next()) {
        if found == key {
            return value as u32 + 1;
        }
    }
    0
}

fn value<'a>(layer: &Layer<'a>, number: u32) -> Option<Value<'a>> {
    layer.values.get((number as usize).checked_sub(1)?).copied()
}

fn as_float(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Double(number) => Some(number),
        Value::Int(number) if (-EXACT..=EXACT).contains(&number) => Some(number as f64),
        _ => None,
    }
}

fn as_text(value: Value<'_>) -> Cow<'_, [u8]> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        Value::Double(number) => number.to_string().into_bytes().into(),
        Value::Int(number) => number.to_string().into_bytes().into(),
        Value::Bool(truth) => truth.to_string().into_bytes().into(),
    }
}
