//! The attributes of a layer's features in one tile: keys and values, and which belong to whom.

use super::mvt::{put_bytes, put_varint, zigzag};
use super::values::Values;
use crate::data::column::{Cell, Column};
use crate::hits::Hit;
use crate::segment::Segment;
use onemap_model::{Field, FieldType, Layer, Value};
use std::fmt::Write;

/// The name of the attribute that carries the public id.
const ID: &str = "id";

/// Columns of so many codes or fewer remember the numbers of their values.
const FEW_CODES: usize = 4096;

/// Collects the attributes of the features of one layer in one tile.
#[derive(Debug)]
pub(super) struct Tags<'a> {
    sources: Vec<Source<'a>>,
    id: Key<'a>,
    fields: Vec<Key<'a>>,
    /// So many features may come.
    features: usize,
    /// Names in order of first use.
    keys: Vec<&'a str>,
    values: Values,
    /// The feature that came last, and the number of its public id.
    last: Option<(Hit, Option<u32>)>,
    encoded: Vec<u8>,
    text: String,
}

/// An attribute, the id or a field.
#[derive(Debug)]
struct Key<'a> {
    name: &'a str,
    /// The field's place in the layer; the id has none.
    field: usize,
    /// Its number plus one; 0 where not used yet.
    number: u32,
}

/// A segment that values come from.
#[derive(Debug)]
struct Source<'a> {
    segment: &'a Segment,
    /// For each of the fields shown: number plus one of the value that each code stands for, 0 where not met yet.
    /// Made when the first feature comes.
    known: Vec<Vec<u32>>,
}

impl<'a> Tags<'a> {
    /// Begins a tile that may have so many features, without the fields `omitted`, by their place in the layer.
    pub fn new(
        layer: &'a Layer,
        segments: impl Iterator<Item = &'a Segment>,
        features: usize,
        omitted: &[usize],
    ) -> Self {
        let key = |name, field| Key { name, field, number: 0 };
        let shows = |(_, field): &(usize, &Field)| field.field_type != FieldType::Bytes && field.name.as_str() != ID;
        let fields = layer.fields().iter().enumerate().filter(shows);
        let fields = fields.filter(|(at, _)| !omitted.contains(at));
        let source = |segment| Source {
            segment,
            known: Vec::new(),
        };
        Self {
            sources: segments.map(source).collect(),
            id: key(ID, 0),
            fields: fields.map(|(at, field)| key(field.name.as_str(), at)).collect(),
            features,
            keys: Vec::new(),
            values: Values::default(),
            last: None,
            encoded: Vec::new(),
            text: String::new(),
        }
    }

    /// Appends the feature's tags to `out`: pairs of a key's and a value's number, the public id first.
    ///
    /// A public id is a value of its own: no two features have the same, but the parts of a collection, which come one
    /// after the other. Where a field gives it, that shares it. (MVT 2.1, clause 4.1, wants no value twice where that can
    /// be; to look ids up, too, would cost more than the few bytes of another field that happens to say the same.)
    pub fn put(&mut self, hit: Hit, out: &mut Vec<u8>) {
        let mut sources = std::mem::take(&mut self.sources);
        let mut fields = std::mem::take(&mut self.fields);
        let source = &mut sources[hit.segment as usize];
        if source.known.is_empty() {
            source.know(&fields, self.features);
        }
        let values = &mut self.values;
        let id = match self.last {
            Some((last, id)) if last == hit => id,
            _ => values.add_text(source.segment.public_id(hit.slot).as_bytes()),
        };
        self.last = Some((hit, id));
        if let Some(id) = id {
            self.id.put(id, &mut self.keys, out);
        }
        for (key, known) in fields.iter_mut().zip(&mut source.known) {
            let column = &source.segment.columns[key.field];
            let is_id = source.segment.key == Some(key.field) && column.is_text(hit.slot as usize);
            let number = match id {
                Some(id) if is_id => Some(id),
                _ => self.value(column, known, hit.slot as usize),
            };
            if let Some(number) = number {
                key.put(number, &mut self.keys, out);
            }
        }
        (self.sources, self.fields) = (sources, fields);
    }

    /// Appends the pair of one field, the layer's in place `field`, and a value; nothing for what does not show.
    pub fn put_value(&mut self, field: usize, value: &Value, out: &mut Vec<u8>) {
        self.encoded.clear();
        self.encode(Cell::of(value));
        let key = self.fields.iter_mut().find(|key| key.field == field);
        if let Some(key) = key.filter(|_| !self.encoded.is_empty())
            && let Some(number) = self.values.number(&self.encoded)
        {
            key.put(number, &mut self.keys, out);
        }
    }

    /// How long the values are together; what is appended in the end is more.
    pub fn len_of_values(&self) -> usize {
        self.values.written().len()
    }

    /// Appends keys (field 3) and values (field 4) of the layer.
    pub fn finish(self, out: &mut Vec<u8>) {
        self.keys.iter().for_each(|key| put_bytes(3, key.as_bytes(), out));
        out.extend_from_slice(self.values.written());
    }

    /// The number of a field's value; none where it does not show, or beyond 4 GiB of values.
    fn value(&mut self, column: &Column, known: &mut [u32], slot: usize) -> Option<u32> {
        let known = column.code(slot).and_then(|code| known.get_mut(code));
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
        let number = self.values.number(&self.encoded)?;
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
            Cell::Text(v) => put_text(v.as_bytes(), encoded),
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

impl Source<'_> {
    /// Makes room for the numbers of values, where that costs less than to look them up.
    fn know(&mut self, fields: &[Key<'_>], features: usize) {
        let few = FEW_CODES.min(8 * features);
        let columns = fields.iter().map(|key| &self.segment.columns[key.field]);
        let codes = columns.map(Column::code_count);
        self.known = codes
            .map(|codes| vec![0; if codes <= few { codes } else { 0 }])
            .collect();
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
