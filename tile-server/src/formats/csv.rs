//! Comma-separated values (RFC 4180) in UTF-8, safe to open in a spreadsheet.
//!
//! A text that a spreadsheet would take for a formula, because it begins with `=`, `+`, `-`, `@`, a tab or a carriage
//! return, gets an apostrophe before it, unless it is a plain negative number. Numbers stay numbers. Null is empty,
//! an empty text is `""`. Points are in three columns, all other geometries are WKT in a column of that name.

use super::Sink;
use super::column::Column;
use super::gathered::Gathered;
use super::json::{base64, write_array, write_number};
use super::place::placed;
use super::{FeatureWriter, Foot, Note, Shown, WriteError, wkt};
use crate::crs::Unit;
use onemap_model::cql2::{Datum, Subject};
use onemap_model::{Geometry, GeometryType};
use std::fmt::Write as _;

/// Whether a file begins with the mark by which Excel knows UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It does not.
    Absent,
    /// It does.
    Present,
}

/// Writes a table.
pub(super) struct Csv<'a> {
    out: Gathered<'a>,
    shown: Shown<'a>,
    columns: Vec<Column<'a>>,
}

impl<'a> Csv<'a> {
    /// Begins a table.
    pub fn new(sink: &'a mut dyn Sink, shown: Shown<'a>, mark: Mark) -> Self {
        let columns = shown.columns();
        let geometry: &[&str] = match (shown.layer.geometry_type, shown.crs.unit()) {
            (GeometryType::None, _) => &[],
            (GeometryType::Point, Unit::Degree) => &["lon", "lat", "height"],
            (GeometryType::Point, Unit::Metre) => &["x", "y", "height"],
            _ => &["WKT"],
        };
        let mut out = Gathered::new(sink);
        if mark == Mark::Present {
            out.text.push('\u{feff}');
        }
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                out.text.push(',');
            }
            write_text(&mut out.text, &column.name);
        }
        for name in geometry {
            let _ = write!(out.text, ",{}", shown.free_name(name));
        }
        out.text.push_str("\r\n");
        Self { out, shown, columns }
    }
}

impl FeatureWriter for Csv<'_> {
    fn feature(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError> {
        let out = &mut self.out.text;
        for (at, column) in self.columns.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_datum(out, &column.value(feature, distance_m));
        }
        let declared = self.shown.layer.geometry_type;
        match (declared, placed(feature, &self.shown.crs)?) {
            (GeometryType::None, _) => {}
            (GeometryType::Point, Some(geometry)) => write_point(out, &geometry),
            (GeometryType::Point, None) => out.push_str(",,,"),
            (_, None) => out.push(','),
            (_, Some(geometry)) => {
                let mut text = String::new();
                wkt::write(&mut text, &geometry, declared);
                let _ = write!(out, ",\"{text}\"");
            }
        }
        out.push_str("\r\n");
        self.out.pass_on()
    }

    fn size(&self) -> u64 {
        self.out.size()
    }

    fn finish(self: Box<Self>, _: &Foot<'_>) -> Result<Vec<Note>, WriteError> {
        self.out.finish()?;
        Ok(Vec::new())
    }
}

fn write_point(out: &mut String, geometry: &Geometry) {
    let path = geometry.paths().next();
    let position = path.and_then(|path| Some((path.coords().first()?, path.z().first())));
    let Some((at, height)) = position else {
        out.push_str(",,,");
        return;
    };
    for number in [at.x, at.y] {
        out.push(',');
        write_number(out, number);
    }
    out.push(',');
    if let Some(height) = height.filter(|height| height.is_finite()) {
        write_number(out, *height);
    }
}

/// Writes one cell.
pub(crate) fn write_datum(out: &mut String, value: &Datum<'_>) {
    match value {
        Datum::Null => {}
        Datum::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Datum::Int(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Datum::Float(value) => write_number(out, *value),
        Datum::Text(text) => write_text(out, text),
        Datum::Date(date) => drop(write!(out, "{date}")),
        Datum::DateTime(moment) => drop(write!(out, "{moment}")),
        Datum::Bytes(bytes) => out.push_str(&base64(bytes)),
        Datum::Array(items) => {
            let mut text = String::new();
            write_array(&mut text, items);
            write_text(out, &text);
        }
    }
}

fn write_text(out: &mut String, text: &str) {
    let guard = if is_formula(text) { "'" } else { "" };
    let first_or_last = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let special = text.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'));
    let edges = first_or_last(text.chars().next()) || first_or_last(text.chars().next_back());
    if !(special || edges || text.is_empty()) {
        out.push_str(guard);
        out.push_str(text);
        return;
    }
    out.push('"');
    out.push_str(guard);
    for (i, part) in text.split('"').enumerate() {
        if i > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

/// Whether a spreadsheet may take the text for a formula.
fn is_formula(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'=' | b'+' | b'@' | b'\t' | b'\r') => true,
        Some(b'-') => {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let (whole, fraction) = text[1..].split_once('.').unwrap_or((&text[1..], "0"));
            !(digits(whole) && digits(fraction))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_they_must_be_and_formulas_are_defused() {
        let check = |text: &str, expected: &str| {
            let mut out = String::new();
            write_text(&mut out, text);
            assert_eq!(out, expected, "{text:?}");
        };
        check("地块", "地块");
        check("", "\"\"");
        check("a,b", "\"a,b\"");
        check("say \"x\"", "\"say \"\"x\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check("=1+1", "'=1+1");
        check("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"");
        check("+8613800000000", "'+8613800000000");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "\"'\t=1\"");
        check("\r=1", "\"'\r=1\"");
        check("-cmd", "'-cmd");
        check("-1+1", "'-1+1");
        check("-12.50", "-12.50");
        check(" x", "\" x\"");
    }
}
