//! DBF tables: language id, field names and a look at all texts, to find out their encoding.
//!
//! Only what the encoding needs is read here; values are read by GDAL.

use std::fs::File;
use std::io::{BufReader, Read, Result};
use std::path::Path;

/// What a DBF says of the encoding of its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survey {
    /// The language driver id, byte 29 of the header; 0 where none is stated.
    pub language_id: u8,
    /// What its texts are made of; those of deleted rows do not count.
    pub texts: Texts,
    /// How many rows are marked as deleted: GDAL counts them, but does not read them.
    pub deleted: u64,
}

/// What a row begins with that is deleted, but still there.
const DELETED: u8 = b'*';

/// What bytes texts are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// Nothing but ASCII, which reads the same in every encoding met here.
    Ascii,
    /// Valid UTF-8 throughout, a character cut by the end of a field aside.
    Utf8,
    /// Something else.
    Other,
}

/// Surveys the table at `path` in one pass, in memory bounded by one row (at most 64 KiB).
///
/// # Errors
/// Where the file cannot be read. A file that is no DBF surveys as what its bytes are.
pub fn survey(path: &Path) -> Result<Survey> {
    let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let mut header = [0; 32];
    if read_full(&mut file, &mut header)? < header.len() {
        return Ok(Survey {
            language_id: 0,
            texts: Texts::Ascii,
            deleted: 0,
        });
    }
    let header_len = usize::from(u16::from_le_bytes([header[8], header[9]])).max(33);
    let row_len = usize::from(u16::from_le_bytes([header[10], header[11]]));
    let mut fields = vec![0; header_len - 32];
    let got = read_full(&mut file, &mut fields)?;
    fields.truncate(got);
    let columns = columns(&fields);
    let mut texts = Texts::Ascii;
    for name in fields.chunks_exact(32).take(columns.len()) {
        texts = texts.and(of_text(until_nul(&name[..11])));
    }
    let announced = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    let (mut row, mut deleted) = (vec![0; row_len], 0);
    for _ in 0..announced {
        if row_len == 0 || read_full(&mut file, &mut row)? < row_len {
            break;
        }
        if row[0] == DELETED {
            deleted += 1;
            continue;
        }
        for column in &columns {
            if let Some(text) = row.get(column.clone()).filter(|_| texts != Texts::Other) {
                texts = texts.and(of_text(text));
            }
        }
    }
    Ok(Survey {
        language_id: header[29],
        texts,
        deleted,
    })
}

/// Where the text columns lie in a row.
fn columns(fields: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut at = 1; // the deletion mark
    let mut columns = Vec::new();
    for field in fields.chunks_exact(32).take_while(|field| field[0] != 0x0d) {
        let is_text = field[11].eq_ignore_ascii_case(&b'C');
        let width = usize::from(field[16]) + if is_text { usize::from(field[17]) << 8 } else { 0 };
        columns.push(if is_text { at..at + width } else { at..at });
        at += width;
    }
    columns
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&b| b == 0).next().unwrap_or(bytes)
}

/// What a text that fills a column of fixed width is made of.
fn of_text(text: &[u8]) -> Texts {
    match std::str::from_utf8(text) {
        Ok(_) if text.is_ascii() => Texts::Ascii,
        Ok(_) => Texts::Utf8,
        // A character that the end of the column cut in half.
        Err(e) if e.error_len().is_none() && e.valid_up_to() > 0 && !text[..e.valid_up_to()].is_ascii() => Texts::Utf8,
        Err(_) => Texts::Other,
    }
}

impl Texts {
    /// What both together are made of.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Texts::Other, _) | (_, Texts::Other) => Texts::Other,
            (Texts::Utf8, _) | (_, Texts::Utf8) => Texts::Utf8,
            _ => Texts::Ascii,
        }
    }
}

fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read(&mut buffer[got..])? {
            0 => break,
            n => got += n,
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with one text column `name` of 6 bytes.
    pub fn table(language_id: u8, rows: &[&[u8; 6]]) -> Vec<u8> {
        let mut dbf = vec![0; 32];
        dbf[0] = 3;
        dbf[4] = rows.len() as u8;
        (dbf[8], dbf[10], dbf[29]) = (65, 7, language_id);
        let mut field = vec![0; 32];
        field[..4].copy_from_slice(b"name");
        (field[11], field[16]) = (b'C', 6);
        dbf.extend(field);
        dbf.push(0x0d);
        for row in rows {
            dbf.push(b' ');
            dbf.extend_from_slice(*row);
        }
        dbf
    }

    fn check(dbf: &[u8], language_id: u8, texts: Texts) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), dbf).unwrap();
        let expected = Survey {
            language_id,
            texts,
            deleted: 0,
        };
        assert_eq!(survey(file.path()).unwrap(), expected);
    }

    #[test]
    fn deleted_rows_are_counted_and_what_follows_the_last_is_not_looked_at() {
        let mut dbf = table(0, &[b"plain ", b"\xbb\xc6\xca\xaf  ", b"plain "]);
        let second = dbf.len() - 2 * 7;
        dbf[second] = b'*';
        dbf.extend(b" \xbb\xc6\xca\xaf  ");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), dbf).unwrap();
        let found = survey(file.path()).unwrap();
        assert_eq!((found.texts, found.deleted), (Texts::Ascii, 1));
    }

    #[test]
    fn all_rows_are_looked_at() {
        check(&table(0x4d, &[b"plain "]), 0x4d, Texts::Ascii);
        check(
            &table(0, &[b"plain ", "黄石".as_bytes().try_into().unwrap()]),
            0,
            Texts::Utf8,
        );
        check(
            &table(0, &["黄石".as_bytes().try_into().unwrap(), b"\xbb\xc6\xca\xaf  "]),
            0,
            Texts::Other,
        );
    }

    #[test]
    fn a_character_cut_by_the_end_of_its_column_is_still_utf8() {
        check(&table(0, &[b"\xe9\xbb\x84a\xe9\xbb"]), 0, Texts::Utf8);
    }

    #[test]
    fn no_garbage_makes_it_panic() {
        check(b"", 0, Texts::Ascii);
        check(&[0xff; 40], 0xff, Texts::Ascii);
        let mut wide = table(0, &[b"plain "]);
        wide[32 + 16] = 255;
        check(&wide, 0, Texts::Ascii);
        check(&wide[..50], 0, Texts::Ascii);
    }
}
