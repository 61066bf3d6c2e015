//! Rows of a layer's tables as features. What cannot be read becomes null, with a warning, and never fails the layer.

use super::blob;
use super::table::Table;
use super::values;
use crate::layer::problems::Problems;
use onemap_model::{Feature, Fid, Row, TimeSpan, Value};
use rusqlite::types::ValueRef;
use xxhash_rust::xxh3::xxh3_128;

/// Turns the columns of [`Table::decoded`] into features.
pub(super) struct Decoder<'t> {
    table: &'t Table,
    problems: Problems,
}

impl<'t> Decoder<'t> {
    pub fn new(table: &'t Table) -> Self {
        Self {
            table,
            problems: Problems::of(table.name()),
        }
    }

    /// The feature in `row`, whose columns begin at `start`; none where its number is no legal one.
    pub fn feature(&mut self, row: &rusqlite::Row<'_>, start: usize) -> rusqlite::Result<Option<Feature>> {
        let number: i64 = row.get(start)?;
        let Ok(fid) = Fid::new(number) else {
            self.problems
                .tell(number, "the number is not between 1 and 2^53: the feature is left out");
            return Ok(None);
        };
        let geometry = match row.get_ref(start + 1)? {
            ValueRef::Null => None,
            ValueRef::Blob(bytes) => blob::decode(bytes)
                .map_err(|error| {
                    self.problems
                        .tell(number, &format!("the geometry cannot be read: {error}"))
                })
                .ok(),
            _ => {
                self.problems.tell(number, "the geometry is no blob");
                None
            }
        };
        let (valid, values) = self.attributes(row, start, number)?;
        let row = Row {
            geometry,
            values,
            valid,
        };
        Ok(Some(Feature { fid, row }))
    }

    /// The hash of all that is known of a row, and the text that its key and beginning make.
    pub fn identity(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Identity> {
        let number: i64 = row.get(0)?;
        let (valid, values) = self.attributes(row, 0, number)?;
        let wkb = match row.get_ref(1)? {
            ValueRef::Blob(bytes) => Some(blob::wkb_part(bytes)),
            _ => None,
        };
        Ok(Identity {
            hash: content_hash(wkb, &values, valid),
            key: key_text(self.table.layer.key(), &values, valid),
        })
    }

    fn attributes(
        &mut self,
        row: &rusqlite::Row<'_>,
        start: usize,
        number: i64,
    ) -> rusqlite::Result<(TimeSpan, Vec<Value>)> {
        let offset = self.table.layer.utc_offset_minutes;
        let (from, to) = (row.get_ref(start + 2)?, row.get_ref(start + 3)?);
        let valid = values::span(from, to, offset).unwrap_or_else(|| {
            self.problems.tell(
                number,
                "valid_from and valid_to are no span of time: it is taken as always valid",
            );
            TimeSpan::ALWAYS
        });
        let fields = self.table.layer.fields();
        let mut found = Vec::with_capacity(fields.len());
        for (i, field) in fields.iter().enumerate() {
            let raw = row.get_ref(start + 4 + i)?;
            found.push(values::from_sql(raw, field.field_type, offset).unwrap_or_else(|| {
                let what = format!("field {:?} is no {}: {}", field.name, field.field_type, excerpt(raw));
                self.problems.tell(number, &what);
                Value::Null
            }));
        }
        Ok((valid, found))
    }
}

/// What makes two rows the same.
pub(super) struct Identity {
    /// Equal for equal content.
    pub hash: [u8; 16],
    /// Equal for equal key and beginning of valid time; none without a key.
    pub key: Option<String>,
}

/// The hash of geometry, values and valid span.
pub(super) fn content_hash(wkb: Option<&[u8]>, values: &[Value], valid: TimeSpan) -> [u8; 16] {
    let mut bytes = Vec::with_capacity(64 + wkb.map_or(0, <[u8]>::len) + values.len() * 16);
    put_bytes(wkb, &mut bytes);
    put_row(values, valid, &mut bytes);
    xxh3_128(&bytes).to_le_bytes()
}

/// Appends values and valid span in a form in which different ones differ.
pub(crate) fn put_row(values: &[Value], valid: TimeSpan, out: &mut Vec<u8>) {
    for end in [valid.from(), valid.to()] {
        put_bytes(
            end.map(|moment| moment.micros().to_le_bytes())
                .as_ref()
                .map(<[u8; 8]>::as_slice),
            out,
        );
    }
    values.iter().for_each(|value| put_value(value, out));
}

/// Appends bytes with their length, or that there are none.
pub(crate) fn put_bytes(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    match bytes {
        None => out.push(0),
        Some(bytes) => {
            out.push(1);
            out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(bytes);
        }
    }
}

fn put_value(value: &Value, out: &mut Vec<u8>) {
    out.push(value.field_type().map_or(0, |kind| 1 + kind as u8));
    match value {
        Value::Null => {}
        Value::Bool(v) => out.push(u8::from(*v)),
        Value::Int(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Float(v) => out.extend_from_slice(&values::without_sign_of_zero(*v).to_le_bytes()),
        Value::Text(v) => put_bytes(Some(v.as_bytes()), out),
        Value::Bytes(v) => put_bytes(Some(v), out),
        Value::Date(v) => {
            let (year, month, day) = v.ymd();
            out.extend_from_slice(&year.to_le_bytes());
            out.extend_from_slice(&[month as u8, day as u8]);
        }
        Value::DateTime(v) => out.extend_from_slice(&v.micros().to_le_bytes()),
        Value::Array(items) => {
            out.extend_from_slice(&(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| put_value(item, out));
        }
    }
}

/// Key and beginning of valid time as one text; none without a key or where it is null.
pub(super) fn key_text(key: Option<usize>, values: &[Value], valid: TimeSpan) -> Option<String> {
    let key = key.map(|at| &values[at]).filter(|value| !value.is_null())?;
    let from = valid.from().map_or_else(String::new, |from| from.micros().to_string());
    Some(format!("{from}|{key}"))
}

fn excerpt(raw: ValueRef<'_>) -> String {
    match raw {
        ValueRef::Text(bytes) => format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)])),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
        other => format!("{other:?}"),
    }
}
