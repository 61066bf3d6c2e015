//! Rows of attributes: found by the identifier of the feature that they belong to.

use super::lines::{Line, Lines};
use super::notes::Notes;
use super::scan::{NO_ID, Scan, TableRows};
use super::tables::{self, Table, Tables};
use super::values::{self, Cell};
use crate::encoding::Decoder;
use crate::error::Result;
use onemap_model::FindingCode;

/// How many rows are looked at to see whether they begin with an identifier that is no field.
const LOOKED_AT: usize = 10;

/// The rows of one table.
#[derive(Debug, Default)]
struct OfTable {
    rows: TableRows,
    /// Which of them a feature has had.
    used: Vec<bool>,
    /// Whether an identifier stands before the fields: in some editions the first field is it.
    is_prefixed: bool,
}

/// The rows of all tables.
pub struct Rows<'a> {
    lines: Lines,
    separator: u8,
    decoder: &'a Decoder,
    of: Vec<OfTable>,
}

impl<'a> Rows<'a> {
    /// The rows that `scan` found, which it gives up; `lines` is for reading them alone.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn new(
        lines: Lines,
        (scan, tables): (&mut Scan, &Tables),
        (separator, decoder): (u8, &'a Decoder),
        notes: &mut Notes,
    ) -> Result<Self> {
        let mut of: Vec<OfTable> = Vec::new();
        of.resize_with(tables.all.len(), OfTable::default);
        let mut all = Self {
            lines,
            separator,
            decoder,
            of,
        };
        for mut rows in std::mem::take(&mut scan.tables) {
            let name = decoder.decode_name(&rows.name);
            let Some(at) = tables.named(&name).filter(|at| !tables.all[*at].fields.is_empty()) else {
                let count = rows.rows.len();
                notes.add(None, FindingCode::RowUnreadable, None, || {
                    format!(
                        "AttributeBegin: {count} rows of the table {name:?}, which TableStructureBegin does not have"
                    )
                });
                continue;
            };
            let is_prefixed = all.is_prefixed(&rows, &tables.all[at])?;
            // Rows keep their order where an identifier comes twice.
            rows.rows.sort_by_key(|row| row.0);
            for (before, twice) in rows
                .rows
                .windows(2)
                .map(|pair| (pair[0], pair[1]))
                .filter(|(a, b)| a.0 == b.0)
            {
                if twice.0 != NO_ID {
                    notes.add(Some(at), FindingCode::KeyDuplicate, Some(twice.0), || {
                        let (first, second) = (before.1.number, twice.1.number);
                        format!("line {second}: the identifier {} was in line {first} already; the later row has no geometry", twice.0)
                    });
                }
            }
            let used = vec![false; rows.rows.len()];
            all.of[at] = OfTable {
                rows,
                used,
                is_prefixed,
            };
        }
        Ok(all)
    }

    fn is_prefixed(&mut self, rows: &TableRows, table: &Table) -> Result<bool> {
        for (_, place) in rows.rows.iter().take(LOOKED_AT) {
            self.lines.go_to(*place)?;
            let line = self.lines.next()?.unwrap_or_default();
            if self.cells(&line).len() == table.fields.len() + 1 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The values of the row of a feature, in the order of the table's fields; none where it has no row.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn take(&mut self, (at, table): (usize, &Table), id: i64, notes: &mut Notes) -> Result<Option<Vec<Cell>>> {
        let of = &mut self.of[at];
        let first = of.rows.rows.partition_point(|row| row.0 < id);
        match of.rows.rows.get(first) {
            Some(row) if row.0 == id && id != NO_ID => {
                of.used[first] = true;
                let place = row.1;
                self.lines.go_to(place)?;
                let line = self.lines.next()?.unwrap_or_default();
                Ok(Some(self.read(&line, (at, table), id, notes)))
            }
            _ => Ok(None),
        }
    }

    /// The next row of a table that no feature has had, with its identifier; call it until there is none.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn next_left(
        &mut self,
        (at, table): (usize, &Table),
        from: &mut usize,
        notes: &mut Notes,
    ) -> Result<Option<(Option<i64>, Vec<Cell>)>> {
        let of = &self.of[at];
        while let Some((id, place)) = of.rows.rows.get(*from).copied() {
            *from += 1;
            if of.used[*from - 1] {
                continue;
            }
            self.lines.go_to(place)?;
            let line = self.lines.next()?.unwrap_or_default();
            let known = (id != NO_ID).then_some(id);
            let values = self.read(&line, (at, table), id, notes);
            return Ok(Some((known, values)));
        }
        Ok(None)
    }

    /// Whether a table has any rows.
    pub fn has_any(&self, at: usize) -> bool {
        !self.of[at].rows.rows.is_empty()
    }

    fn cells(&self, line: &Line) -> Vec<String> {
        tables::cells(&line.bytes, self.separator, self.decoder)
    }

    /// The values of a row: no value at all where their number is not that of the fields, since none has a sure place.
    fn read(&self, line: &Line, (at, table): (usize, &Table), id: i64, notes: &mut Notes) -> Vec<Cell> {
        let (number, feature) = (line.place.number, (id != NO_ID).then_some(id));
        let texts = self.cells(line);
        let skipped = usize::from(self.of[at].is_prefixed);
        let expected = table.fields.len() + skipped;
        if texts.len() != expected {
            notes.add(Some(at), FindingCode::RowUnreadable, feature, || {
                let (count, shown) = (texts.len(), texts.join(",").chars().take(60).collect::<String>());
                format!("line {number}: {count} values where {expected} were expected; all are left out: {shown:?}")
            });
            return Vec::new();
        }
        let fields = table.fields.iter().zip(&texts[skipped..]);
        let cells = fields.map(|(field, text)| {
            if text.contains('\u{fffd}') {
                notes.add(Some(at), FindingCode::EncodingInvalid, feature, || {
                    format!("line {number}: {}: {text:?}", field.name)
                });
            }
            values::cell(text, field.kind).unwrap_or_else(|expected| {
                notes.add(Some(at), FindingCode::ValueOutOfRange, feature, || {
                    format!("line {number}: {}: {text:?} is not {expected}", field.name)
                });
                Cell::Null
            })
        });
        cells.collect()
    }
}
