//! The first look at a VCT file: where its sections and rows of attributes are, and what its texts are made of.
//!
//! The sections are `HeadBegin … HeadEnd` and so on (GB/T 17798-2007, 5.1). Rows of attributes come after the geometries
//! that they belong to, so that their places are kept: 24 bytes each, for [`MAX_PLACES`] rows and lines at most.

use super::lines::{Lines, Place};
use crate::error::Result;
use crate::source::dbf::Texts;
use std::path::Path;

/// Most rows of attributes and lines together whose places are kept: 1 GB.
pub const MAX_PLACES: usize = 40_000_000;
/// Most tables.
pub const MAX_TABLES: usize = 10_000;

/// A section that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the file is, and its coordinate system.
    Head,
    /// Which feature classes there are.
    FeatureCode,
    /// Which fields their tables have.
    TableStructure,
    /// Points.
    Point,
    /// Lines.
    Line,
    /// Polygons.
    Polygon,
    /// Texts on the map.
    Annotation,
    /// Rows of the tables.
    Attribute,
    /// What is of no use here: topology, styles, comments.
    Passed,
    /// What has data that is not read: solids, aggregations, long texts.
    Unread,
}

/// The names of the sections.
const NAMES: [(&str, Kind); 16] = [
    ("Head", Kind::Head),
    ("FeatureCode", Kind::FeatureCode),
    ("TableStructure", Kind::TableStructure),
    ("Point", Kind::Point),
    ("Line", Kind::Line),
    ("Polygon", Kind::Polygon),
    ("Annotation", Kind::Annotation),
    ("Attribute", Kind::Attribute),
    ("Topology", Kind::Passed),
    ("Style", Kind::Passed),
    ("Representation", Kind::Passed),
    ("Comment", Kind::Passed),
    ("Solid", Kind::Unread),
    ("Aggregation", Kind::Unread),
    ("Varchar", Kind::Unread),
    ("Image", Kind::Unread),
];

/// A section of the file.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: &'static str,
    /// Where its first line is.
    pub first: Place,
    /// Whether there is anything in it.
    pub is_empty: bool,
}

/// A row of attributes: the identifier that it begins with, and where it is.
pub type RowPlace = (i64, Place);

/// A table in the section of attributes.
#[derive(Debug, Clone, Default)]
pub struct TableRows {
    /// Its name, in the encoding of the file.
    pub name: Vec<u8>,
    /// Where its rows are, in the order of the file.
    pub rows: Vec<RowPlace>,
}

/// The identifier of a row that does not begin with a number: it comes after all others.
pub const NO_ID: i64 = i64::MAX;

/// What was seen.
#[derive(Debug)]
pub struct Scan {
    /// The sections, in the order of the file.
    pub sections: Vec<Section>,
    /// The rows of attributes.
    pub tables: Vec<TableRows>,
    /// What the texts are made of.
    pub texts: Texts,
    /// The first line that is in no section, and how many of them there are.
    pub outside: Option<(u64, u64)>,
}

impl Scan {
    /// Looks at the file at `path`.
    ///
    /// # Errors
    /// Where it cannot be read, does not begin with `HeadBegin`, ends inside a section, has an end without a beginning,
    /// or more than [`MAX_PLACES`] rows.
    pub fn of(path: &Path, label: &str) -> Result<Self> {
        let mut lines = Lines::open(path, label)?;
        let mut scan = Scan {
            sections: Vec::new(),
            tables: Vec::new(),
            texts: Texts::Ascii,
            outside: None,
        };
        match lines.peek(0)? {
            Some(first) if first.is("HeadBegin") || first.is("CommentBegin") => {}
            Some(first) => {
                let (number, shown) = (first.place.number, first.shown());
                return Err(lines.error(number, format!("{shown:?}: a VCT file begins with HeadBegin")));
            }
            None => return Err(lines.error(1, "the file is empty: a VCT file begins with HeadBegin")),
        }
        while let Some(line) = lines.next()? {
            scan.see_text(&line.bytes);
            let number = line.place.number;
            match marker(&line.bytes) {
                Some((name, kind, true)) => scan.section(&mut lines, (name, kind, number))?,
                Some((name, _, false)) => {
                    return Err(lines.error(number, format!("{name}End without a {name}Begin")));
                }
                None => scan.outside.get_or_insert((number, 0)).1 += 1,
            }
        }
        Ok(scan)
    }

    /// Sections of a kind, in their order.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = Section> + '_ {
        self.sections
            .iter()
            .copied()
            .filter(move |section| section.kind == kind)
    }

    fn see_text(&mut self, bytes: &[u8]) {
        if !bytes.is_ascii() && self.texts != Texts::Other {
            self.texts = match std::str::from_utf8(bytes) {
                Ok(_) => Texts::Utf8,
                Err(_) => Texts::Other,
            };
        }
    }

    /// Runs through a section that begins after line `begun`.
    fn section(&mut self, lines: &mut Lines, (name, kind, begun): (&'static str, Kind, u64)) -> Result<()> {
        let mut section = Section {
            kind,
            name,
            first: Place::default(),
            is_empty: true,
        };
        let mut rows = Rows::default();
        let mut last = begun;
        while let Some(line) = lines.next_raw()? {
            if section.first.number == 0 {
                section.first = line.place;
            }
            if line.bytes.is_empty() {
                continue;
            }
            last = line.place.number;
            match marker(&line.bytes) {
                Some((other, _, false)) if other == name => {
                    self.sections.push(section);
                    return Ok(());
                }
                // Styles and topology have sections of their own inside.
                Some((other, _, begins)) if kind != Kind::Passed => {
                    let what = if begins { "Begin" } else { "End" };
                    return Err(lines.error(
                        last,
                        format!("{other}{what}, where {name}End was expected for the {name}Begin in line {begun}"),
                    ));
                }
                _ => {}
            }
            section.is_empty = false;
            self.see_text(&line.bytes);
            if kind == Kind::Attribute {
                let count = rows.take(&line.bytes, line.place, &mut self.tables);
                count.map_err(|reason| lines.error(last, reason))?;
            }
        }
        Err(lines.error(
            last,
            format!("the file ends here, inside the {name}Begin of line {begun}: {name}End is missing"),
        ))
    }
}

/// Rows of attributes as they come: a table's name, its rows, `TableEnd`.
#[derive(Debug, Default)]
struct Rows {
    table: Option<usize>,
    count: usize,
}

impl Rows {
    fn take(&mut self, bytes: &[u8], place: Place, tables: &mut Vec<TableRows>) -> Result<(), String> {
        if bytes.eq_ignore_ascii_case(b"TableEnd") {
            self.table = None;
            return Ok(());
        }
        let Some(table) = self.table else {
            let name = bytes.trim_ascii().to_vec();
            let known = tables.iter().position(|table| table.name.eq_ignore_ascii_case(&name));
            if known.is_none() && tables.len() == MAX_TABLES {
                return Err(format!("more than {MAX_TABLES} tables"));
            }
            self.table = Some(known.unwrap_or(tables.len()));
            if known.is_none() {
                tables.push(TableRows { name, rows: Vec::new() });
            }
            return Ok(());
        };
        self.count += 1;
        if self.count > MAX_PLACES {
            return Err(format!("more than {MAX_PLACES} rows of attributes"));
        }
        tables[table].rows.push((leading_number(bytes).unwrap_or(NO_ID), place));
        Ok(())
    }
}

/// The whole number that a row begins with; none where something else is before the first separator.
fn leading_number(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit() || **b == b'-').count();
    let ends = bytes
        .get(digits)
        .is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'.' && b.is_ascii());
    let text = std::str::from_utf8(&bytes[..digits]).ok()?;
    ends.then(|| text.parse().ok()).flatten()
}

/// The section that a line begins (true) or ends.
pub fn marker(bytes: &[u8]) -> Option<(&'static str, Kind, bool)> {
    let (name, begins) = match () {
        () if ends_with(bytes, b"begin") => (&bytes[..bytes.len() - 5], true),
        () if ends_with(bytes, b"end") => (&bytes[..bytes.len() - 3], false),
        () => return None,
    };
    let known = NAMES
        .iter()
        .find(|known| known.0.as_bytes().eq_ignore_ascii_case(name))?;
    Some((known.0, known.1, begins))
}

fn ends_with(bytes: &[u8], end: &[u8]) -> bool {
    let from = bytes.len().checked_sub(end.len());
    from.is_some_and(|from| bytes[from..].eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(content: &str) -> Result<Scan> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.vct");
        std::fs::write(&path, content).unwrap();
        Scan::of(&path, "a.vct")
    }

    #[test]
    fn sections_and_rows_are_found() {
        let scan = scan("HeadBegin\nDim:2\nHeadEnd\n\nStyleBegin\nRepresentationBegin\nRepresentationEnd\nStyleEnd\nAttributeBegin\nZD\n7,a\n-,b\nTableEnd\nZJ\nTableEnd\nAttributeEnd\n").unwrap();
        let kinds: Vec<_> = scan.sections.iter().map(|section| section.kind).collect();
        assert_eq!(kinds, [Kind::Head, Kind::Passed, Kind::Attribute]);
        let rows: Vec<_> = scan.tables[0].rows.iter().map(|row| (row.0, row.1.number)).collect();
        assert_eq!((rows, scan.tables.len()), (vec![(7, 11), (NO_ID, 12)], 2));
    }

    #[test]
    fn a_cut_file_names_the_section_and_its_line() {
        for (content, expected) in [
            ("HeadBegin\nDim:2\n", "inside the HeadBegin of line 1"),
            (
                "HeadBegin\nHeadEnd\nLineBegin\n1\n",
                "line 4: the file ends here, inside the LineBegin of line 3",
            ),
            (
                "HeadBegin\nHeadEnd\nLineBegin\nPolygonBegin\n",
                "line 4: PolygonBegin, where LineEnd",
            ),
            ("HeadBegin\nHeadEnd\nLineEnd\n", "line 3: LineEnd without a LineBegin"),
            ("PointBegin\n", "begins with HeadBegin"),
            ("", "empty"),
        ] {
            let error = scan(content).unwrap_err().to_string();
            assert!(error.contains(expected), "{content:?}: {error}");
        }
    }

    #[test]
    fn the_number_of_a_row_is_whole() {
        assert_eq!(leading_number(b"12,a"), Some(12));
        assert_eq!(leading_number(b"-12|a"), Some(-12));
        assert_eq!(leading_number(b"12.5,a"), None);
        assert_eq!(leading_number(b"12a,b"), None);
        assert_eq!(leading_number(b"99999999999999999999,b"), None);
    }
}
