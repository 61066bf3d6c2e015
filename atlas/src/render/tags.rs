//! The attributes of a layer's features in one tile: keys and values, each once, and which belong to whom.

use super::mvt::{put_bytes, put_varint, zigzag};
use crate::data::column::{Cell, Column};
use crate::data::interner::Interner;
use crate::layer::Parts;
use onemap_model::{Field, FieldType, Value};
use std::fmt::Write;

/// The name of the attribute that carries the public id.
const ID: &str = "id";

/// Columns of so many codes or fewer remember the numbers of their values.
const FEW_CODES: usize = 4096;

/// Collects the attributes of the features of one layer in one tile.
#[derive(Debug)]
pub(super) struct Tags<'a> {
    parts: &'a Parts,
    id: Key<'a>,
    fields: Vec<Key<'a>>,
    /// Names in order of first use.
    keys: Vec<&'a str>,
    /// Encoded values in order of first use.
    values: Interner,
    encoded: Vec<u8>,
    text: String,
}

/// An attribute, the id or a field.
#[derive(Debug)]
struct Key<'a> {
    name: &'a str,
    /// The values; none for the id.
    column: Option<&'a Column>,
    /// Its number plus one; 0 where not used yet.
    number: u32,
    /// Number plus one of the value that each code stands for; 0 where not met yet.
    known: Vec<u32>,
}

impl<'a> Tags<'a> {
    /// Begins a tile that may have so many features.
    pub fn new(parts: &'a Parts, features: usize) -> Self {
        let key = |name, column: Option<&'a Column>| {
            let codes = column.map_or(0, Column::code_count);
            Key {
                name,
                column,
                number: 0,
                known: vec![0; if codes <= FEW_CODES { codes } else { 0 }],
            }
        };
        let shows = |field: &Field| field.field_type != FieldType::Bytes && field.name.as_str() != ID;
        let fields = parts.layer.fields().iter().zip(&parts.columns);
        let fields = fields.filter(|(field, _)| shows(field));
        Self {
            parts,
            id: key(ID, None),
            fields: fields
                .map(|(field, column)| key(field.name.as_str(), Some(column)))
                .collect(),
            keys: Vec::new(),
            values: Interner::with_capacity(features),
            encoded: Vec::new(),
            text: String::new(),
        }
    }

    /// Appends the feature's tags to `out`: pairs of a key's and a value's number, the public id first.
    pub fn put(&mut self, slot: u32, out: &mut Vec<u8>) {
        self.encoded.clear();
        let encoded = &mut self.encoded;
        self.parts.with_public_id(slot, |id| put_text(id, encoded));
        if let Some(value) = self.values.intern(&self.encoded) {
            self.id.put(value, &mut self.keys, out);
        }
        let mut fields = std::mem::take(&mut self.fields);
        for key in &mut fields {
            if let Some(value) = self.value(key, slot as usize) {
                key.put(value, &mut self.keys, out);
            }
        }
        self.fields = fields;
    }

    /// Appends keys (field 3) and values (field 4) of the layer.
    pub fn finish(self, out: &mut Vec<u8>) {
        self.keys.iter().for_each(|key| put_bytes(3, key.as_bytes(), out));
        self.values.strings().iter().for_each(|value| put_bytes(4, value, out));
    }

    /// The number of a field's value; none where it does not show, or beyond 4 GiB of values.
    fn value(&mut self, key: &mut Key<'_>, slot: usize) -> Option<u32> {
        let column = key.column?;
        let known = column.code(slot).and_then(|code| key.known.get_mut(code));
        if let Some(&number) = known.as_deref()
            && number > 0
        {
            return Some(number - 1);
        }
        self.encoded.clear();
        self.encode(column.get(slot));
        if self.encoded.is_empty() {
            return None;
        }
        let number = self.values.intern(&self.encoded)?;
        if let Some(known) = known {
            *known = number + 1;
        }
        Some(number)
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
                put_text(self.text.as_bytes(), encoded);
            }
        }
    }
}

impl<'a> Key<'a> {
    #[inline]
    fn put(&mut self, value: u32, keys: &mut Vec<&'a str>, out: &mut Vec<u8>) {
        if self.number == 0 {
            keys.push(self.name);
            self.number = keys.len() as u32;
        }
        put_varint(u64::from(self.number - 1), out);
        put_varint(u64::from(value), out);
    }
}

fn put_text(text: &[u8], encoded: &mut Vec<u8>) {
    put_bytes(1, text, encoded);
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
