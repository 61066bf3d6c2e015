//! From the sections of a VCT file to the layers of a GeoPackage.

use super::LayerName;
use super::curve::{self, Position};
use super::head::{Axes, Head};
use super::lines::{Lines, Place};
use super::notes::{Note, Notes};
use super::package::{Drawn, Numbered, Package};
use super::record::{Fault, MAX_POSITIONS, Reader, Record, Shape};
use super::rings;
use super::rows::Rows;
use super::scan::{Kind, MAX_PLACES, RowPlace, Scan, Section};
use super::tables::Tables;
use crate::encoding::Decoder;
use crate::error::{Error, Result};
use crate::source::folder::Folder;
use onemap_model::{Bbox, FindingCode};
use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Most codes that are learnt in a section.
const MAX_STRANGE: usize = 1000;

/// What is converted.
pub struct From<'a> {
    /// Where the file is.
    pub path: &'a Path,
    /// What messages call it.
    pub label: &'a str,
    /// The encoding of its texts.
    pub decoder: &'a Decoder,
    /// Its head.
    pub head: &'a Head,
}

/// What came of it.
pub struct Converted {
    /// The table that each layer was, and what it is called, in the order of the layers.
    pub layers: Vec<(usize, LayerName)>,
    /// What was found.
    pub notes: Vec<Note>,
    /// Where coordinates lie: east, north; metres or degrees. None where there are none.
    pub seen: Option<Bbox>,
}

/// Writes all features and rows to a GeoPackage in a new temporary folder.
///
/// # Errors
/// Where the file cannot be read on, or there is nothing in it.
pub fn run(from: &From<'_>, mut scan: Scan, axes: Axes) -> Result<(Folder, PathBuf, Converted)> {
    let mut lines = Lines::open(from.path, from.label)?;
    let tables = Tables::read(&mut lines, &scan, from.head, from.decoder)?;
    let folder = Folder::new()?;
    let file = folder.path().join("vct.gpkg");
    let mut notes = Notes::default();
    tell_of_sections(&scan, &tables, &mut notes);
    let own = Lines::open(from.path, from.label)?;
    let texts = (from.head.separator, from.decoder);
    let rows = Rows::new(own, (&mut scan, &tables), texts, &mut notes)?;
    let mut conversion = Conversion {
        from,
        axes,
        tables: &tables,
        rows,
        again: Lines::open(from.path, from.label)?,
        package: Package::new(&file)?,
        notes,
        index: Vec::new(),
        later: Vec::new(),
        strangers: 0,
        by_lines: false,
        seen: None,
        grown: 0,
        most: most_positions(from)?,
    };
    for kind in [Kind::Line, Kind::Point, Kind::Polygon, Kind::Annotation] {
        for section in scan.of_kind(kind) {
            conversion.section(&mut lines, section)?;
        }
        if kind == Kind::Line {
            conversion.lines_are_read(&mut lines)?;
        }
    }
    conversion.rows_left()?;
    let converted = conversion.finish()?;
    Ok((folder, file, converted))
}

/// How many positions geometries may grow to: what no real file reaches, for a few bytes can name a long line again, or
/// draw a large circle.
fn most_positions(from: &From<'_>) -> Result<u64> {
    let size = std::fs::metadata(from.path)
        .map_err(|e| Error::source(from.label, e))?
        .len();
    Ok(size.saturating_mul(16).saturating_add(20_000_000))
}

fn tell_of_sections(scan: &Scan, tables: &Tables, notes: &mut Notes) {
    for section in scan.of_kind(Kind::Unread).filter(|section| !section.is_empty) {
        notes.add(None, FindingCode::RowUnreadable, None, || {
            format!(
                "line {}: the section {}Begin is not read",
                section.first.number, section.name
            )
        });
    }
    if let Some((first, count)) = scan.outside {
        notes.add(None, FindingCode::RowUnreadable, None, || {
            format!("line {first}: {count} lines are in no section, and not read")
        });
    }
    for (at, table) in tables.all.iter().enumerate() {
        for (own, name) in &table.renamed {
            notes.add(Some(at), FindingCode::NameChanged, None, || {
                format!("field {own:?} is called {name:?} here: its name is taken")
            });
        }
    }
}

struct Conversion<'a> {
    from: &'a From<'a>,
    axes: Axes,
    tables: &'a Tables,
    rows: Rows<'a>,
    /// For reading lines again that polygons name.
    again: Lines,
    package: Package,
    notes: Notes,
    /// Where each line is, by its identifier.
    index: Vec<RowPlace>,
    /// Lines that are made of others, which may come after them.
    later: Vec<Place>,
    /// Lines of no feature class: borders of polygons, as a rule.
    strangers: u64,
    /// Whether any polygon is made of lines.
    by_lines: bool,
    seen: Option<[f64; 4]>,
    /// Positions that were read again or written, and how many there may be.
    grown: u64,
    most: u64,
}

impl Conversion<'_> {
    fn section(&mut self, lines: &mut Lines, section: Section) -> Result<()> {
        lines.go_to(section.first)?;
        let tables = self.tables;
        // Borders have a code of no feature class; it is learnt from those that were read.
        let strange = RefCell::new(HashSet::new());
        let is_code = |code: &[u8]| tables.of_code(code).is_some() || strange.borrow().contains(code);
        loop {
            let mut reader = Reader::new(lines, self.from.head, self.axes, &is_code);
            match reader.next(section.kind) {
                Ok(None) => return Ok(()),
                Ok(Some(record)) => {
                    if !is_code(&record.code) && strange.borrow().len() < MAX_STRANGE {
                        strange.borrow_mut().insert(record.code.clone());
                    }
                    self.record(record, section)?;
                }
                Err(Fault::File(error)) => return Err(error),
                Err(Fault::Record(line, reason)) => {
                    self.notes.add(None, FindingCode::RowUnreadable, None, || {
                        format!("line {line} ({}Begin): {reason}; the record is left out", section.name)
                    });
                }
                Err(Fault::Shape(reason)) => return Err(Error::source(self.from.label, reason)),
            }
        }
    }

    fn record(&mut self, record: Record, section: Section) -> Result<()> {
        if section.kind == Kind::Line {
            if self.index.len() + self.later.len() >= MAX_PLACES {
                let number = record.place.number;
                return Err(self.again.error(number, format!("more than {MAX_PLACES} lines")));
            }
            if matches!(record.shape, Ok(Shape::LineBy(_))) {
                self.later.push(record.place);
                return Ok(());
            }
            self.index.push((record.id, record.place));
        }
        self.feature(record, section)
    }

    /// After all lines: they can be found by their identifiers, and lines of lines are made.
    fn lines_are_read(&mut self, lines: &mut Lines) -> Result<()> {
        self.index.sort_by_key(|line| line.0);
        let twice: Vec<_> = self
            .index
            .windows(2)
            .filter(|pair| pair[0].0 == pair[1].0)
            .map(|pair| pair[1])
            .collect();
        for (id, place) in twice {
            self.notes.add(None, FindingCode::KeyDuplicate, Some(id), || {
                format!(
                    "line {}: there is a line {id} already; polygons have the first",
                    place.number
                )
            });
        }
        let tables = self.tables;
        let is_code = move |code: &[u8]| tables.of_code(code).is_some();
        for place in std::mem::take(&mut self.later) {
            lines.go_to(place)?;
            let mut reader = Reader::new(lines, self.from.head, self.axes, &is_code);
            if let Ok(record) = reader.again() {
                let section = Section {
                    kind: Kind::Line,
                    name: "Line",
                    first: place,
                    is_empty: false,
                };
                self.feature(record, section)?;
            }
        }
        Ok(())
    }

    fn feature(&mut self, record: Record, section: Section) -> Result<()> {
        let (id, line) = (record.id, record.place.number);
        let Some(at) = self.tables.of_code(&record.code) else {
            if section.kind == Kind::Line {
                self.strangers += 1;
            } else {
                self.notes.add(None, FindingCode::RowUnreadable, Some(id), || {
                    let code = self.from.decoder.decode_name(&record.code);
                    format!(
                        "line {line} ({}Begin): FeatureCodeBegin has no {code:?}; the record is left out",
                        section.name
                    )
                });
            }
            return Ok(());
        };
        let table = &self.tables.all[at];
        if record.smooth {
            self.notes.add(Some(at), FindingCode::GeometryLinearised, Some(id), || {
                format!("line {line}: a smooth curve was read as the chain of its points")
            });
        }
        let drawn = match self.drawn(record.shape) {
            Ok(drawn) => Some(drawn),
            Err(Fault::File(error)) => return Err(error),
            Err(Fault::Shape(reason)) => {
                self.notes.add(Some(at), FindingCode::GeometryUnread, Some(id), || {
                    format!("line {line} ({}Begin): {reason}", section.name)
                });
                None
            }
            Err(Fault::Record(at_line, reason)) => {
                self.notes.add(Some(at), FindingCode::GeometryUnread, Some(id), || {
                    format!("line {line} ({}Begin), by line {at_line}: {reason}", section.name)
                });
                None
            }
        };
        let cells = self.rows.take((at, table), id, &mut self.notes)?;
        // Annotations need none: what they say is in the geometry's record.
        let needs_row = section.kind != Kind::Annotation || self.rows.has_any(at);
        if cells.is_none() && needs_row {
            self.notes.add(Some(at), FindingCode::AttributesMissing, Some(id), || {
                format!("line {line}: there is no row of {id} in the table {:?}", table.name)
            });
        }
        if self
            .package
            .add((at, table), Some(id), drawn.as_ref(), &cells.unwrap_or_default())?
            == Numbered::Otherwise
        {
            self.notes.add(Some(at), FindingCode::KeyDuplicate, Some(id), || {
                format!(
                    "line {line}: the identifier {id} comes more than once in the table {:?}",
                    table.name
                )
            });
        }
        Ok(())
    }

    /// The geometry of a record, its lines put together.
    fn drawn(&mut self, shape: Result<Shape, String>) -> Result<Drawn, Fault> {
        let tolerance = match self.from.head.unit {
            Some(unit) if unit.is_angle() => curve::TOLERANCE_DEG,
            _ => curve::TOLERANCE_M,
        };
        let shape = match shape? {
            Shape::RingsBy(references) => {
                self.by_lines = true;
                let line = |id| self.line(id);
                Shape::Rings(rings::from_lines(&references, tolerance, MAX_POSITIONS, line)?)
            }
            Shape::LineBy(references) => {
                let mut pieces = Vec::new();
                let mut total = 0;
                for id in references {
                    let mut piece = self.line(id.checked_abs().unwrap_or(0))?;
                    total += piece.len();
                    if total > MAX_POSITIONS {
                        return Err(Fault::Shape(format!("more than {MAX_POSITIONS} positions")));
                    }
                    if id < 0 {
                        piece.reverse();
                    }
                    pieces.push(piece);
                }
                Shape::Line(pieces)
            }
            other => other,
        };
        self.see(&shape);
        if let Shape::Line(parts) | Shape::Rings(parts) = &shape {
            self.grow(parts.iter().map(Vec::len).sum())?;
        }
        let decoder = self.from.decoder;
        Ok(Drawn::of(shape, |text| decoder.decode_name(text))?)
    }

    /// The positions of a line by its identifier.
    fn line(&mut self, id: i64) -> Result<Vec<Position>, Fault> {
        let at = self.index.partition_point(|line| line.0 < id);
        let Some((_, place)) = self.index.get(at).filter(|line| line.0 == id) else {
            return Err(Fault::Shape(format!("there is no line {id}")));
        };
        self.again.go_to(*place)?;
        let never = |_: &[u8]| false;
        let record = Reader::new(&mut self.again, self.from.head, self.axes, &never).again()?;
        match record.shape {
            Ok(Shape::Line(pieces)) => {
                let positions = pieces.concat();
                self.grow(positions.len())?;
                Ok(positions)
            }
            Ok(_) => Err(Fault::Shape(format!("line {id} is made of other lines"))),
            Err(reason) => Err(Fault::Shape(format!("line {id}: {reason}"))),
        }
    }

    fn grow(&mut self, by: usize) -> Result<()> {
        self.grown += by as u64;
        if self.grown > self.most {
            let reason = format!(
                "its geometries grow to more than the {} positions that its size allows",
                self.most
            );
            return Err(Error::source(self.from.label, reason));
        }
        Ok(())
    }

    fn see(&mut self, shape: &Shape) {
        let mut see = |p: &Position| {
            let [west, south, east, north] = self.seen.unwrap_or([p[0], p[1], p[0], p[1]]);
            self.seen = Some([west.min(p[0]), south.min(p[1]), east.max(p[0]), north.max(p[1])]);
        };
        match shape {
            Shape::Point(at) | Shape::Directed(at, _) => see(at),
            Shape::Points(all) => all.iter().for_each(see),
            Shape::Line(parts) | Shape::Rings(parts) => parts.iter().flatten().for_each(see),
            Shape::Text(_, places) => places.iter().for_each(|place| see(&place.0)),
            Shape::LineBy(_) | Shape::RingsBy(_) => {}
        }
    }

    /// Rows that no feature has had: of tables without geometry, and of features that are not in the file.
    fn rows_left(&mut self) -> Result<()> {
        for (at, table) in self.tables.all.iter().enumerate() {
            let mut from = 0;
            while let Some((id, cells)) = self.rows.next_left((at, table), &mut from, &mut self.notes)? {
                // An identifier that comes twice was told of when rows were found.
                self.package.add((at, table), id, None, &cells)?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Converted> {
        if self.strangers > 0 && !self.by_lines {
            let count = self.strangers;
            self.notes.add(None, FindingCode::RowUnreadable, None, || {
                format!("LineBegin: {count} lines have a code that FeatureCodeBegin does not have, and no polygon is made of lines; they are left out")
            });
        }
        let named = |at: &usize| {
            let table = &self.tables.all[*at];
            let (name, title) = (table.name.clone(), table.title.clone());
            (*at, LayerName { name, title })
        };
        let layers: Vec<_> = self.package.tables().iter().map(named).collect();
        if layers.is_empty() {
            let said = self
                .notes
                .finish()
                .into_iter()
                .next()
                .map_or_else(String::new, |note| format!(": {}", note.message));
            return Err(Error::source(
                self.from.label,
                format!("there are no features in it{said}"),
            ));
        }
        self.package.finish()?;
        let seen = self
            .seen
            .and_then(|[west, south, east, north]| Bbox::new(west, south, east, north).ok());
        Ok(Converted {
            layers,
            notes: self.notes.finish(),
            seen,
        })
    }
}
