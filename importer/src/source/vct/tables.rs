//! What feature classes and tables a VCT file declares (GB/T 17798-2007, 5.4 and 5.5).

use super::head::Head;
use super::lines::{Line, Lines};
use super::scan::{Kind, MAX_TABLES, Scan, marker};
use crate::encoding::Decoder;
use crate::error::Result;
use crate::fields::MAX_FIELDS;
use std::collections::{HashMap, HashSet};

/// Most feature classes.
const MAX_CODES: usize = 100_000;
/// The columns of a layer's number and geometry.
pub const OWN_COLUMNS: [&str; 2] = ["_vct_fid", "_vct_geom"];
/// The columns of an annotation's text and angle.
pub const TEXT_COLUMNS: [&str; 2] = ["注记文字", "注记角度"];
/// The columns of the position that a directed point points to.
pub const DIRECTION_COLUMNS: [&str; 2] = ["方向点X", "方向点Y"];

/// How a value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// As it is written.
    Text,
    /// A whole number of 64 bits.
    Int,
    /// A number.
    Float,
    /// A day.
    Date,
    /// A day and a time.
    DateTime,
}

/// A field of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDef {
    /// What it is called here: its own name, or one with a number after it where that is taken.
    pub name: String,
    /// How it is kept.
    pub kind: FieldKind,
}

/// A table: the layer that it becomes.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Its name, decoded.
    pub name: String,
    /// What people call it: the name of its feature class, where there is one only.
    pub title: Option<String>,
    /// Its fields.
    pub fields: Vec<FieldDef>,
    /// The kinds of geometry of its feature classes, without repetition.
    pub kinds: Vec<Kind>,
    /// Names of fields that were taken, and what they became.
    pub renamed: Vec<(String, String)>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// The tables.
    pub all: Vec<Table>,
    /// Which table the features of a code belong to, by the code in the encoding of the file.
    codes: HashMap<Vec<u8>, usize>,
    /// Tables by their names in upper case.
    names: HashMap<String, usize>,
}

impl Tables {
    /// Reads the sections that `scan` found.
    ///
    /// # Errors
    /// Where a line of them is not as it should be.
    pub fn read(lines: &mut Lines, scan: &Scan, head: &Head, decoder: &Decoder) -> Result<Self> {
        let mut tables = Self::default();
        for section in scan.of_kind(Kind::FeatureCode) {
            lines.go_to(section.first)?;
            while let Some(line) = next_in_section(lines)? {
                let cells = cells(&line.bytes, head.separator, decoder);
                let added = tables.add_code(&line, &cells, head.separator);
                added.map_err(|reason| lines.error(line.place.number, format!("FeatureCodeBegin: {reason}")))?;
            }
        }
        for section in scan.of_kind(Kind::TableStructure) {
            lines.go_to(section.first)?;
            while let Some(line) = next_in_section(lines)? {
                tables.add_structure(lines, &line, head, decoder)?;
            }
        }
        Ok(tables)
    }

    /// The table that features of a code belong to.
    pub fn of_code(&self, code: &[u8]) -> Option<usize> {
        self.codes.get(code).copied()
    }

    /// The table of this name, whatever the case.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.names.get(&name.to_uppercase()).copied()
    }

    /// The table of this name, made where there is none.
    ///
    /// # Errors
    /// Where there are more than [`MAX_TABLES`].
    pub fn named_or_new(&mut self, name: &str) -> Result<usize, String> {
        if let Some(at) = self.named(name) {
            return Ok(at);
        }
        if self.all.len() == MAX_TABLES {
            return Err(format!("more than {MAX_TABLES} tables"));
        }
        self.names.insert(name.to_uppercase(), self.all.len());
        self.all.push(Table {
            name: name.to_owned(),
            ..Table::default()
        });
        Ok(self.all.len() - 1)
    }

    /// `code,name,kind,table`; version 1 has a colour before the table, as one number or as three.
    fn add_code(&mut self, line: &Line, cells: &[String], separator: u8) -> Result<(), String> {
        if self.codes.len() == MAX_CODES {
            return Err(format!("more than {MAX_CODES} feature classes"));
        }
        let [code, title, kind, rest @ ..] = cells else {
            return Err(format!(
                "{:?}: code, name, kind of geometry and table were expected",
                line.shown()
            ));
        };
        let kind = match kind.to_lowercase().as_str() {
            "point" => Kind::Point,
            "line" => Kind::Line,
            "polygon" => Kind::Polygon,
            "annotation" => Kind::Annotation,
            // Solids, images and aggregations have no features that are read.
            _ => Kind::Unread,
        };
        let is_number = |cell: &&String| cell.parse::<i64>().is_ok();
        let colours = rest
            .iter()
            .take_while(is_number)
            .count()
            .min(rest.len().saturating_sub(1));
        let colours = if colours >= 3 { 3 } else { colours.min(1) };
        let name = rest.get(colours).filter(|name| !name.is_empty());
        let name = name.unwrap_or(if title.is_empty() { code } else { title });
        let at = self.named_or_new(name)?;
        let table = &mut self.all[at];
        table.title = (table.kinds.is_empty() && !title.is_empty()).then(|| title.clone());
        if !table.kinds.contains(&kind) {
            table.kinds.push(kind);
        }
        let raw = line.bytes.split(|byte| *byte == separator).next().unwrap_or_default();
        self.codes.insert(raw.trim_ascii().to_vec(), at);
        Ok(())
    }

    /// `table,count`, then so many fields `name,type[,width[,decimals]]`, then `0` in some editions.
    fn add_structure(&mut self, lines: &mut Lines, line: &Line, head: &Head, decoder: &Decoder) -> Result<()> {
        let wrong = |lines: &Lines, line: &Line, reason: String| {
            lines.error(line.place.number, format!("TableStructureBegin: {reason}"))
        };
        if line.bytes == b"0" {
            return Ok(());
        }
        let named = cells(&line.bytes, head.separator, decoder);
        let count = named.get(1).and_then(|count| count.parse::<usize>().ok());
        let (Some(count), Some(name)) = (count.filter(|count| *count <= MAX_FIELDS), named.first()) else {
            let reason = format!(
                "{:?}: a table's name and its number of fields were expected, at most {MAX_FIELDS}",
                line.shown()
            );
            return Err(wrong(lines, line, reason));
        };
        let at = self.named_or_new(name).map_err(|reason| wrong(lines, line, reason))?;
        if !self.all[at].fields.is_empty() {
            return Err(wrong(lines, line, format!("the table {name:?} is there twice")));
        }
        let (mut fields, mut renamed) = (Vec::new(), Vec::new());
        let own = [OWN_COLUMNS, TEXT_COLUMNS, DIRECTION_COLUMNS].concat();
        let mut taken: HashSet<String> = own.iter().map(|name| name.to_lowercase()).collect();
        for _ in 0..count {
            let Some(line) = next_in_section(lines)? else {
                return Err(wrong(
                    lines,
                    line,
                    format!("the table {name:?} has less than the {count} fields that it announces"),
                ));
            };
            let parts = cells(&line.bytes, head.separator, decoder);
            let [own, kind, ..] = parts.as_slice() else {
                let reason = format!("{:?}: a field's name and its type were expected", line.shown());
                return Err(wrong(lines, &line, reason));
            };
            let kind = field_kind(kind).ok_or_else(|| {
                wrong(
                    lines,
                    &line,
                    format!("{:?}: {kind:?} is no type of a field", line.shown()),
                )
            })?;
            let name = free_name(own, &mut taken);
            if name != *own {
                renamed.push((own.clone(), name.clone()));
            }
            fields.push(FieldDef { name, kind });
        }
        if let Some(end) = lines.peek(0)?
            && end.bytes == b"0"
        {
            lines.next()?;
        }
        let table = &mut self.all[at];
        (table.fields, table.renamed) = (fields, renamed);
        Ok(())
    }
}

/// `own`, or with a number after it where a column is called so already, whatever the case.
fn free_name(own: &str, taken: &mut HashSet<String>) -> String {
    let own = if own.is_empty() { "field" } else { own };
    let mut name = own.to_owned();
    let mut number = 2;
    while !taken.insert(name.to_lowercase()) {
        name = format!("{own}_{number}");
        number += 1;
    }
    name
}

/// The next line of a section; none at its end.
fn next_in_section(lines: &mut Lines) -> Result<Option<Line>> {
    Ok(lines.next()?.filter(|line| marker(&line.bytes).is_none()))
}

/// How a type of field is kept. What has no binary form in text (`Varbin`) is the path that stands for it.
fn field_kind(name: &str) -> Option<FieldKind> {
    let name = name.to_lowercase();
    let plain = name.split(['(', '[']).next().unwrap_or_default().trim();
    Some(match plain {
        "char" | "varchar" | "varbin" | "string" | "text" | "time" => FieldKind::Text,
        "int" | "integer" | "smallint" | "bool" | "boolean" | "long" => FieldKind::Int,
        "float" | "double" | "numeric" | "real" | "single" => FieldKind::Float,
        "date" => FieldKind::Date,
        "datetime" => FieldKind::DateTime,
        // `Int1` to `Int8`; some programs write the width there.
        other
            if other
                .strip_prefix("int")
                .is_some_and(|width| width.parse::<u8>().is_ok()) =>
        {
            FieldKind::Int
        }
        _ => return None,
    })
}

/// The values of a line, decoded; one whose last character was cut in half loses that character.
///
/// The second byte of a Chinese character may look like a letter or a bar, never like a comma or what comes before it in
/// ASCII. So at such separators the line is split before it is decoded.
pub fn cells(bytes: &[u8], separator: u8, decoder: &Decoder) -> Vec<String> {
    let plain = |text: &str| text.trim().to_owned();
    if separator < b'0' || decoder.is_utf8() {
        let split = bytes.split(|byte| *byte == separator);
        return split
            .map(|cell| plain(&decoder.decode_name(cell.trim_ascii())))
            .collect();
    }
    let text = decoder.decode_name(bytes);
    text.split(char::from(separator)).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::vct::head::head_of;

    fn read(content: &[u8]) -> Result<Tables> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.vct");
        std::fs::write(&path, [b"HeadBegin\nHeadEnd\n", content].concat()).unwrap();
        let scan = Scan::of(&path, "a.vct")?;
        let mut lines = Lines::open(&path, "a.vct")?;
        let decoder = Decoder::named("gb18030").unwrap();
        Tables::read(&mut lines, &scan, &head_of("").unwrap(), &decoder)
    }

    #[test]
    fn feature_classes_of_each_version_name_their_table() {
        let tables = read(b"FeatureCodeBegin\n1,\xd7\xda\xb5\xd8,Polygon,ZD\n2,b,Line,255,JZX\n3,c,Point,0,128,255,JZD,X\n4,d,Annotation,ZJ\n5,e,Annotation,ZJ\n6,f,Point,7,\nFeatureCodeEnd\n").unwrap();
        let names: Vec<_> = tables.all.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["ZD", "JZX", "JZD", "ZJ", "f"]);
        assert_eq!(tables.all[0].title.as_deref(), Some("宗地"));
        assert_eq!(tables.all[3].title, None);
        assert_eq!(tables.of_code(b"3"), Some(2));
        assert_eq!(tables.named("zd"), Some(0));
    }

    #[test]
    fn fields_have_types_and_names_of_their_own() {
        let tables = read(b"TableStructureBegin\nZD,5\nBSM,Int10\nDLMC,Char,60\nMJ,Float,15,2\nmj,Double\nRQ,Date,8\n0\nQT,1,NoneGeometry\nA,Varchar\nTableStructureEnd\n").unwrap();
        let names: Vec<_> = tables.all[0].fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["BSM", "DLMC", "MJ", "mj_2", "RQ"]);
        assert_eq!(tables.all[0].fields[0].kind, FieldKind::Int);
        assert_eq!(tables.all[1].fields.len(), 1);
    }

    #[test]
    fn what_is_no_table_names_its_line() {
        for (content, expected) in [
            (
                &b"TableStructureBegin\nZD,99999999999\nTableStructureEnd\n"[..],
                "line 4: TableStructureBegin",
            ),
            (
                b"TableStructureBegin\nZD,2\nA,Char,1\nTableStructureEnd\n",
                "less than the 2 fields",
            ),
            (
                b"TableStructureBegin\nZD,1\nA,Blob\nTableStructureEnd\n",
                "line 5: TableStructureBegin: \"A,Blob\"",
            ),
            (
                b"TableStructureBegin\nZD,1\nA,Char\nzd,1\nA,Char\nTableStructureEnd\n",
                "is there twice",
            ),
            (b"FeatureCodeBegin\n1\nFeatureCodeEnd\n", "code, name, kind of geometry"),
        ] {
            let error = read(content).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn values_are_split_between_characters_not_in_them() {
        let gbk = Decoder::named("gb18030").unwrap();
        // 東 is 96 7C in GBK: its second byte is a bar.
        assert_eq!(cells(b"\x96\x7c|a", b'|', &gbk), ["東", "a"]);
        // The last character of the first value is cut in half.
        assert_eq!(cells(b"\xd7\xda\xb5,7", b',', &gbk), ["宗", "7"]);
    }
}
