//! The table: `.dbf`, dBASE III without memos.
//!
//! | type | in the table |
//! |---|---|
//! | text, lists (as JSON), bytes (base64), moments (RFC 3339) | `C`, as wide as the longest, 254 bytes at most |
//! | integers, floats | `N`, as wide as the longest |
//! | days | `D`; years before 0 are left out |
//! | true and false | `L` |

use super::super::column::Column;
use super::super::json::{base64, write_array};
use super::super::{Note, WriteError};
use super::TextEncoding;
use onemap_model::FieldType;
use onemap_model::cql2::Datum;
use std::collections::HashSet;

const MOST_TEXT: usize = 254;
const MOST_NUMBER: usize = 24;
const MOST_DECIMALS: usize = 15;
const MOST_NAME: usize = 10;
/// Wider integers are taken for fractions by GDAL and what builds on it.
const EXACT_WIDTH: usize = 18;
/// How a null is kept among the cells.
const NULL: u16 = u16::MAX;

/// What a table is like.
pub(super) struct Table {
    encoding: TextEncoding,
    fields: Vec<Field>,
}

struct Field {
    title: String,
    name: Vec<u8>,
    name_text: String,
    kind: FieldType,
    width: usize,
    decimals: usize,
    cut: u64,
    left_out: u64,
    unknown: u64,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[Column<'_>], encoding: TextEncoding) -> Self {
        let mut taken = HashSet::new();
        let field = |column: &Column<'_>| {
            let name_text = free_name(&column.name, encoding, &mut taken);
            Field {
                title: column.name.to_string(),
                name: encoding.encode(&name_text, MOST_NAME).bytes.into_owned(),
                name_text,
                kind: column.kind,
                width: if column.kind == FieldType::Date { 8 } else { 1 },
                decimals: 0,
                cut: 0,
                left_out: 0,
                unknown: 0,
            }
        };
        Self {
            encoding,
            fields: columns.iter().map(field).collect(),
        }
    }

    /// Appends the cell of column `at` to a row's cells.
    pub fn put(&mut self, cells: &mut Vec<u8>, at: usize, value: &Datum<'_>) {
        let encoding = self.encoding;
        let cell = self.fields[at].cell(value, encoding);
        let length = cell.as_ref().map_or(NULL, |cell| cell.len() as u16);
        cells.extend_from_slice(&length.to_le_bytes());
        cells.extend_from_slice(cell.as_deref().unwrap_or_default());
    }

    /// What did not fit.
    pub fn notes(&self, file: &str) -> Vec<Note> {
        let mut notes = Vec::new();
        for field in &self.fields {
            let (title, name) = (&field.title, &field.name_text);
            let mut note = |code, text: String| notes.push(Note::new(code, format!("{file}: {text}")));
            if title != name {
                note("shp-name-cut", format!("the field {title} is called {name}"));
            }
            if field.cut > 0 {
                let count = field.cut;
                note(
                    "shp-text-cut",
                    format!("{title}: {count} texts are cut to {MOST_TEXT} bytes"),
                );
            }
            if field.left_out > 0 {
                let count = field.left_out;
                note(
                    "shp-value-left-out",
                    format!("{title}: {count} values do not fit and are left out"),
                );
            }
            if field.unknown > 0 {
                let (count, encoding) = (field.unknown, self.encoding.cpg());
                let text = format!("{title}: {count} characters are not in {encoding}; question marks stand for them");
                note("shp-character-unknown", text);
            }
            if field.kind == FieldType::Int && field.width > EXACT_WIDTH {
                let text = format!("{title}: integers of more than {EXACT_WIDTH} digits may be read as fractions");
                note("shp-integer-wide", text);
            }
        }
        notes
    }

    /// The head of a table of so many rows.
    ///
    /// # Errors
    /// [`WriteError::TooMuch`] for more columns than a table has.
    pub fn head(&self, rows: u32) -> Result<Vec<u8>, WriteError> {
        let too_wide = || WriteError::TooMuch(format!("a shapefile cannot hold these {} columns", self.fields.len()));
        let record: usize = 1 + self.fields.iter().map(|field| field.width).sum::<usize>();
        let record = u16::try_from(record).map_err(|_| too_wide())?;
        let head = u16::try_from(32 + 32 * self.fields.len() + 1).map_err(|_| too_wide())?;
        let (year, month, day) = crate::published::now().date(0).ymd();
        let mut out = vec![0x03, (year - 1900).clamp(0, 255) as u8, month as u8, day as u8];
        out.extend_from_slice(&rows.to_le_bytes());
        out.extend_from_slice(&head.to_le_bytes());
        out.extend_from_slice(&record.to_le_bytes());
        out.extend_from_slice(&[0; 17]);
        out.push(self.encoding.language_id());
        out.extend_from_slice(&[0; 2]);
        for field in &self.fields {
            let mut name = field.name.clone();
            name.resize(11, 0);
            out.extend_from_slice(&name);
            out.push(field.letter());
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&[field.width as u8, field.decimals as u8]);
            out.extend_from_slice(&[0; 14]);
        }
        out.push(0x0d);
        Ok(out)
    }

    /// A row of the table made of its cells.
    pub fn row(&self, mut cells: &[u8]) -> Vec<u8> {
        let mut out = vec![b' '];
        for field in &self.fields {
            let (length, rest) = cells.split_at(2);
            let length = u16::from_le_bytes([length[0], length[1]]);
            let (cell, rest) = rest.split_at(if length == NULL { 0 } else { length.into() });
            cells = rest;
            let padding = std::iter::repeat_n(b' ', field.width - cell.len());
            if field.letter() == b'N' {
                out.extend(padding);
                out.extend_from_slice(cell);
            } else {
                out.extend_from_slice(cell);
                out.extend(padding);
            }
        }
        out
    }
}

impl Field {
    fn letter(&self) -> u8 {
        match self.kind {
            FieldType::Bool => b'L',
            FieldType::Int | FieldType::Float => b'N',
            FieldType::Date => b'D',
            FieldType::Text | FieldType::DateTime | FieldType::Bytes | FieldType::Array => b'C',
        }
    }

    /// The value as it stands in the table, with the width and decimals of the field made to hold it.
    fn cell(&mut self, value: &Datum<'_>, encoding: TextEncoding) -> Option<Vec<u8>> {
        let cell = match value {
            Datum::Null => None,
            Datum::Bool(value) => Some(if *value { b"T".to_vec() } else { b"F".to_vec() }),
            Datum::Int(value) => Some(value.to_string().into_bytes()),
            Datum::Float(value) => Some(self.number(*value)),
            Datum::Date(date) => {
                let (year, month, day) = date.ymd();
                let cell = (0..=9999)
                    .contains(&year)
                    .then(|| format!("{year:04}{month:02}{day:02}").into_bytes());
                self.left_out += u64::from(cell.is_none());
                cell
            }
            Datum::Text(text) => {
                let encoded = encoding.encode(text, MOST_TEXT);
                self.cut += u64::from(encoded.cut);
                self.unknown += encoded.unknown as u64;
                Some(encoded.bytes.into_owned())
            }
            Datum::DateTime(moment) => Some(moment.to_string().into_bytes()),
            Datum::Bytes(bytes) => self.whole(&base64(bytes), encoding),
            Datum::Array(items) => {
                let mut text = String::new();
                write_array(&mut text, items);
                self.whole(&text, encoding)
            }
        };
        self.width = self.width.max(cell.as_ref().map_or(0, Vec::len));
        cell
    }

    /// A number in its fewest digits, as far as they fit.
    fn number(&mut self, number: f64) -> Vec<u8> {
        let plain = number.to_string();
        let text = if plain.len() <= MOST_NUMBER {
            plain
        } else {
            format!("{number:e}")
        };
        let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        // At least one, for a column without is one of integers.
        self.decimals = self.decimals.max(fraction).clamp(1, MOST_DECIMALS);
        self.width = self.width.max(self.decimals + 2);
        text.into_bytes()
    }

    /// A text that means nothing where it is cut.
    fn whole(&mut self, text: &str, encoding: TextEncoding) -> Option<Vec<u8>> {
        let encoded = encoding.encode(text, MOST_TEXT);
        if encoded.cut {
            self.left_out += 1;
            return None;
        }
        self.unknown += encoded.unknown as u64;
        Some(encoded.bytes.into_owned())
    }
}

/// A name of ten bytes that no other column has: cut, and numbered where it must be.
fn free_name(name: &str, encoding: TextEncoding, taken: &mut HashSet<String>) -> String {
    let cut = |most: usize| {
        let mut end = name.len();
        while encoding.encode(&name[..end], usize::MAX).bytes.len() > most {
            end = name.floor_char_boundary(end - 1);
        }
        &name[..end]
    };
    let mut found = cut(MOST_NAME).to_owned();
    let mut number = 1;
    while !taken.insert(found.to_lowercase()) {
        let suffix = format!("_{number}");
        found = format!("{}{suffix}", cut(MOST_NAME - suffix.len()));
        number += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_ten_bytes_and_differ() {
        let mut taken = HashSet::new();
        let mut name = |text: &str, encoding| free_name(text, encoding, &mut taken);
        assert_eq!(name("宗地代码编号", TextEncoding::Utf8), "宗地代");
        assert_eq!(name("宗地代码名称", TextEncoding::Utf8), "宗地_1");
        assert_eq!(name("宗地代码编号", TextEncoding::Gbk), "宗地代码编");
        assert_eq!(name("administrative", TextEncoding::Utf8), "administra");
        assert_eq!(name("ADMINISTRATOR", TextEncoding::Utf8), "ADMINIST_1");
        let many: Vec<_> = (0..120)
            .map(|i| name(&format!("administration{i}"), TextEncoding::Utf8))
            .collect();
        assert!(many.iter().all(|name| name.len() <= 10), "{many:?}");
    }
}
