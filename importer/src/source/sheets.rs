//! Spreadsheets (Office Open XML, `.xlsx`): each sheet becomes a table in a temporary CSV file, which is read like any.
//!
//! The header is the first row with more than one cell filled (a sheet of one column: its first row); rows above it
//! are titles, and left out. Numbers of more than 15 digits are refused: the spreadsheet has lost the rest of them, and
//! they were codes.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::source::folder::Folder;
use calamine::{Cell, DataRef, ExcelDateTime, Reader, Xlsx};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// What a spreadsheet may unpack to, in bytes: far more than a full sheet of 1 048 576 rows needs.
const MAX_UNPACKED: u64 = 4 << 30;
/// What its table of texts may unpack to, in bytes; it is held in memory.
const MAX_TEXTS: u64 = 512 << 20;
/// Most columns of a sheet.
const MAX_COLUMNS: u32 = 16_384;
/// From here on a number of a spreadsheet has lost digits.
const LOST_DIGITS: f64 = 1e15;
/// Most rows above the header that are taken for titles.
const MAX_TITLES: usize = 20;

/// A sheet as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The table.
    pub file: PathBuf,
    /// Its name in the spreadsheet.
    pub name: String,
    /// The rows above its header, which are left out.
    pub titles: Vec<String>,
}

/// Writes the sheets of a spreadsheet into a temporary folder, a table each; empty sheets are passed over.
///
/// # Errors
/// Where it is no spreadsheet, damaged, too large, or has numbers that lost digits.
pub fn to_tables(path: &Path, label: &str) -> Result<(Folder, Vec<Sheet>)> {
    weigh(path, label)?;
    let wrong = |reason: String| Error::source(label, reason);
    let dir = Folder::new()?;
    let file = File::open(path).map_err(|e| Error::source(label, e))?;
    let damaged = |error: calamine::XlsxError| wrong(format!("no readable spreadsheet: {error}"));
    let mut book = Xlsx::new(BufReader::new(file)).map_err(damaged)?;
    let mut sheets = Vec::new();
    for (at, name) in book.sheet_names().into_iter().enumerate() {
        let mut cells = book.worksheet_cells_reader(&name).map_err(damaged)?;
        let target = dir.path().join(format!("{at}.csv"));
        let out = File::create_new(&target).map_err(|e| Error::io(&target, e))?;
        let mut table = Table::new(&name, BufWriter::new(out));
        while let Some(cell) = cells.next_cell().map_err(damaged)? {
            table.take(&cell).map_err(wrong)?;
        }
        if let Some(titles) = table.finish().map_err(wrong)? {
            sheets.push(Sheet {
                file: target,
                name,
                titles,
            });
        }
    }
    Ok((dir, sheets))
}

/// Refuses what unpacks to more than is reasonable, before anything of it is held in memory.
fn weigh(path: &Path, label: &str) -> Result<()> {
    let wrong = |reason: String| Error::source(label, reason);
    let file = File::open(path).map_err(|e| Error::source(label, e))?;
    let damaged = |error: zip::result::ZipError| wrong(format!("no readable spreadsheet: {error}"));
    let mut zip = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let (mut total, mut buffer) = (0, vec![0; 1 << 16]);
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).map_err(damaged)?;
        // Sheets are read as a stream; everything else as a whole.
        let name = String::from_utf8_lossy(entry.name_raw()).to_lowercase();
        let is_sheet = name.contains("worksheets/");
        let most = if is_sheet { MAX_UNPACKED } else { MAX_TEXTS };
        let mut size = 0;
        loop {
            interrupt::check()?;
            let read = entry
                .read(&mut buffer)
                .map_err(|error| wrong(format!("damaged: {error}")))?;
            if read == 0 {
                break;
            }
            size += read as u64;
            total += read as u64;
            if size > most || total > MAX_UNPACKED {
                return Err(wrong("it unpacks to more than a spreadsheet can be".to_owned()));
            }
        }
    }
    Ok(())
}

/// A table in the making, row by row.
struct Table<'a> {
    sheet: &'a str,
    out: BufWriter<File>,
    row: u32,
    cells: Vec<String>,
    /// Rows that may be titles; written once there are too many of them.
    held: Vec<Vec<String>>,
    titles: Vec<String>,
    has_header: bool,
}

impl<'a> Table<'a> {
    fn new(sheet: &'a str, out: BufWriter<File>) -> Self {
        Self {
            sheet,
            out,
            row: 0,
            cells: Vec::new(),
            held: Vec::new(),
            titles: Vec::new(),
            has_header: false,
        }
    }

    fn take(&mut self, cell: &Cell<DataRef<'_>>) -> Result<(), String> {
        let (row, column) = cell.get_position();
        if row != self.row {
            if row < self.row {
                return Err(format!(
                    "sheet {:?}: row {} comes after row {}",
                    self.sheet,
                    row + 1,
                    self.row + 1
                ));
            }
            self.end_row()?;
            self.row = row;
        }
        if column >= MAX_COLUMNS {
            return Err(format!("sheet {:?}: more than {MAX_COLUMNS} columns", self.sheet));
        }
        let text = text_of(cell.get_value()).map_err(|reason| {
            let place = format!("{}{}", letters(column), row + 1);
            format!("sheet {:?}, cell {place}: {reason}", self.sheet)
        })?;
        if !text.is_empty() {
            let at = column as usize;
            if self.cells.len() <= at {
                self.cells.resize(at + 1, String::new());
            }
            self.cells[at] = text;
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), String> {
        if self.row.is_multiple_of(1024) {
            interrupt::check().map_err(|error| error.to_string())?;
        }
        let cells = std::mem::take(&mut self.cells);
        let filled = cells.iter().filter(|text| !text.is_empty()).count();
        match filled {
            0 => Ok(()),
            _ if self.has_header => self.write(&cells),
            1 if self.held.len() < MAX_TITLES => {
                self.held.push(cells);
                Ok(())
            }
            1 => self.begin_with_held().and_then(|()| self.write(&cells)),
            _ => {
                // A column of its own above the header is a title.
                let titles = std::mem::take(&mut self.held).into_iter();
                self.titles = titles.map(|cells| cells.concat()).collect();
                self.has_header = true;
                self.write(&cells)
            }
        }
    }

    /// Takes the rows that were held for a table of one column.
    fn begin_with_held(&mut self) -> Result<(), String> {
        self.has_header = true;
        for cells in std::mem::take(&mut self.held) {
            self.write(&cells)?;
        }
        Ok(())
    }

    fn write(&mut self, cells: &[String]) -> Result<(), String> {
        for (at, text) in cells.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(self.out, "{comma}\"{}\"", text.replace('"', "\"\"")).map_err(|error| error.to_string())?;
        }
        writeln!(self.out).map_err(|error| error.to_string())
    }

    /// Ends the table; gives the titles above it, or none where the sheet is empty.
    fn finish(mut self) -> Result<Option<Vec<String>>, String> {
        self.end_row()?;
        if !self.has_header && !self.held.is_empty() {
            self.begin_with_held()?;
        }
        self.out.flush().map_err(|error| error.to_string())?;
        Ok(self.has_header.then_some(self.titles))
    }
}

/// A cell as it would be typed: numbers in their shortest form, days and moments as ISO 8601 has them, errors as nothing.
fn text_of(value: &DataRef<'_>) -> Result<String, String> {
    Ok(match value {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) if number.abs() >= LOST_DIGITS => {
            return Err(format!(
                "{number} is a number of more than 15 digits, of which the spreadsheet lost the rest: make the column text"
            ));
        }
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(is) => is.to_string(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::DateTime(time) => moment(time),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
    })
}

fn moment(time: &ExcelDateTime) -> String {
    if !time.is_datetime() {
        return time.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => date,
        _ => format!("{date} {hour:02}:{minute:02}:{second:02}"),
    }
}

/// The letters of a column: 0 is A, 26 is AA.
fn letters(column: u32) -> String {
    let last = char::from(b'A' + (column % 26) as u8);
    match column / 26 {
        0 => last.to_string(),
        more => format!("{}{last}", letters(more - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    #[test]
    fn a_number_that_lost_digits_is_refused() {
        assert!(
            text_of(&DataRef::Float(4.202_020_010_01e18))
                .unwrap_err()
                .contains("15 digits")
        );
        assert_eq!(text_of(&DataRef::Float(420_202_001_001.0)).unwrap(), "420202001001");
        assert_eq!(text_of(&DataRef::Float(0.1)).unwrap(), "0.1");
    }

    #[test]
    fn what_is_no_spreadsheet_is_refused() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("a.xlsx");
        for content in [&b"PK"[..], b"", b"PK\x03\x04 and more"] {
            std::fs::write(&path, content).unwrap();
            let error = to_tables(&path, "a.xlsx").unwrap_err().to_string();
            assert!(error.contains("a.xlsx") && error.contains("spreadsheet"), "{error}");
        }
    }
}
