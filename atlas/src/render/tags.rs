//! The attributes of a layer's features in one tile: keys and values, each once, and which belong to whom.

use super::mvt::{put_bytes, put_varint, zigzag};
use crate::data::column::Cell;
use crate::data::interner::Interner;
use crate::layer::Parts;
use onemap_model::{FieldType, Value};
use std::fmt::Write;

/// The name of the attribute that carries the public id.
const ID: &str = "id";

/// Collects the attributes of the features of one layer in one tile.
#[derive(Debug)]
pub(super) struct Tags<'a> {
    parts: &'a Parts,
    /// Fields that show, by place.
    fields: Vec<usize>,
    /// Names in order of first use.
    keys: Vec<&'a str>,
    /// Number of the key plus one for the id and each of `fields`; 0 where not used yet.
    key_numbers: Vec<u32>,
    /// Encoded values in order of first use.
    values: Interner,
    encoded: Vec<u8>,
    text: String,
}

impl<'a> Tags<'a> {
    pub fn new(parts: &'a Parts) -> Self {
        let fields = parts.layer.fields().iter().enumerate();
        let shows = |field: &onemap_model::Field| field.field_type != FieldType::Bytes && field.name.as_str() != ID;
        let fields: Vec<usize> = fields.filter(|(_, field)| shows(field)).map(|(at, _)| at).collect();
        Self {
            parts,
            key_numbers: vec![0; fields.len() + 1],
            fields,
            keys: Vec::new(),
            values: Interner::default(),
            encoded: Vec::new(),
            text: String::new(),
        }
    }

    /// Appends the feature's tags to `out`: pairs of a key's and a value's number, the public id first.
    pub fn put(&mut self, slot: u32, out: &mut Vec<u8>) {
        self.encoded.clear();
        let encoded = &mut self.encoded;
        self.parts.with_public_id(slot, |id| put_text(id, encoded));
        self.pair(0, ID, out);
        for at in 0..self.fields.len() {
            let field = self.fields[at];
            self.encoded.clear();
            self.encode(self.parts.cell(slot, field));
            if !self.encoded.is_empty() {
                self.pair(at + 1, self.parts.layer.fields()[field].name.as_str(), out);
            }
        }
    }

    /// Appends keys (field 3) and values (field 4) of the layer.
    pub fn finish(self, out: &mut Vec<u8>) {
        self.keys.iter().for_each(|key| put_bytes(3, key.as_bytes(), out));
        self.values.strings().iter().for_each(|value| put_bytes(4, value, out));
    }

    fn pair(&mut self, at: usize, key: &'a str, out: &mut Vec<u8>) {
        if self.key_numbers[at] == 0 {
            self.keys.push(key);
            self.key_numbers[at] = self.keys.len() as u32;
        }
        // None beyond 4 GiB of values, more than a tile can have.
        let Some(value) = self.values.intern(&self.encoded) else {
            return;
        };
        put_varint(u64::from(self.key_numbers[at] - 1), out);
        put_varint(u64::from(value), out);
    }

    /// Encodes a value as MVT's `Value`; nothing for what does not show.
    fn encode(&mut self, cell: Cell<'_>) {
        let encoded = &mut self.encoded;
        match cell {
            Cell::Null | Cell::Bytes(_) => {}
            Cell::Bool(v) => encoded.extend([7 << 3, u8::from(v)]),
            Cell::Int(v) => {
                encoded.push(6 << 3);
                put_varint(zigzag(v), encoded);
            }
            Cell::Float(v) => {
                encoded.push(3 << 3 | 1);
                encoded.extend(v.to_le_bytes());
            }
            Cell::Text(v) => put_text(v, encoded),
            Cell::Date(_) | Cell::DateTime(_) | Cell::Other(_) => {
                self.text.clear();
                let written = match cell {
                    Cell::Date(v) => write!(self.text, "{v}"),
                    Cell::DateTime(v) => write!(self.text, "{v}"),
                    Cell::Other(v) => put_json(v, &mut self.text),
                    _ => Ok(()),
                };
                written.expect("a String takes any text");
                put_text(&self.text, encoded);
            }
        }
    }
}

fn put_text(text: &str, encoded: &mut Vec<u8>) {
    put_bytes(1, text.as_bytes(), encoded);
}

/// Appends a value as JSON; bytes as a string of hexadecimal digits.
fn put_json(value: &Value, out: &mut String) -> std::fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => write!(out, "{value}"),
        Value::Text(text) => put_json_text(text, out),
        Value::Date(_) | Value::DateTime(_) | Value::Bytes(_) => write!(out, "\"{value}\""),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                put_json(item, out)?;
            }
            out.write_str("]")
        }
    }
}

fn put_json_text(text: &str, out: &mut String) -> std::fmt::Result {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c))?,
            c => out.push(c),
        }
    }
    out.write_str("\"")
}
