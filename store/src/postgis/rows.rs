//! Decoding rows that PostgreSQL sends in binary, in the order of [`Table::decoded_history`].

use super::table::Table;
use super::values::{self, Moment};
use crate::layer::problems::Problems;
use onemap_model::{Feature, Fid, Instant, Row, TimeSpan, Value, wkb};

/// Reads features of one layer; what cannot be read is told and left out.
pub(super) struct Decoder<'t> {
    table: &'t Table,
    problems: Problems,
}

impl<'t> Decoder<'t> {
    /// A decoder of rows of this layer.
    pub fn new(table: &'t Table) -> Self {
        Self {
            table,
            problems: Problems::of(table.name()),
        }
    }

    /// The feature in the columns; none where its number is no legal one, or columns are missing.
    pub fn feature(&mut self, columns: &[Option<&[u8]>]) -> Option<Feature> {
        let (&[number, geometry, from, to], fields) = columns.split_first_chunk::<4>()?;
        let number = i64::from_be_bytes(number?.try_into().ok()?);
        let Ok(fid) = Fid::new(number) else {
            self.problems
                .tell(number, "the number is not between 1 and 2^53: the feature is left out");
            return None;
        };
        let geometry = geometry.and_then(|bytes| {
            wkb::decode(bytes)
                .map_err(|error| {
                    self.problems
                        .tell(number, &format!("the geometry cannot be read: {error}"))
                })
                .ok()
        });
        let row = Row {
            geometry,
            values: self.values(number, fields),
            valid: self.span(number, from, to),
        };
        Some(Feature { fid, row })
    }

    fn span(&mut self, number: i64, from: Option<&[u8]>, to: Option<&[u8]>) -> TimeSpan {
        match (moment(from), moment(to)) {
            (Some(from), Some(to)) => TimeSpan::new(from, to).ok(),
            _ => None,
        }
        .unwrap_or_else(|| {
            self.problems.tell(
                number,
                "valid_from and valid_to are no span of time: it is taken as always valid",
            );
            TimeSpan::ALWAYS
        })
    }

    fn values(&mut self, number: i64, columns: &[Option<&[u8]>]) -> Vec<Value> {
        let fields = self.table.layer.fields();
        let mut found = Vec::with_capacity(fields.len());
        for (i, field) in fields.iter().enumerate() {
            let Some(bytes) = columns.get(i).copied().flatten() else {
                found.push(Value::Null);
                continue;
            };
            let value = values::decode(bytes, field.field_type);
            found.push(value.unwrap_or_else(|| {
                let what = format!(
                    "field {:?} has no value that a {} can have",
                    field.name, field.field_type
                );
                self.problems.tell(number, &what);
                Value::Null
            }));
        }
        found
    }
}

/// An end of a span: none where it is no time, none inside where it is open.
fn moment(bytes: Option<&[u8]>) -> Option<Option<Instant>> {
    match bytes.map(values::decode_moment) {
        None => Some(None),
        Some(Some(Moment::Infinite)) => Some(None),
        Some(Some(Moment::At(instant))) => Some(Some(instant)),
        Some(None) => None,
    }
}
