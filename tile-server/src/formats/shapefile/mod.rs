//! Shapefiles (ESRI, 1998) in a ZIP: what desktop programs of every age open.
//!
//! A shapefile has one kind of geometry, names of ten bytes, texts of 254. A layer of mixed kinds becomes several files,
//! names are cut and made unique, and everything that does not fit is said: in a text beside the files, and to whoever
//! made them. What is in a file must be known before its head can be written, so rows are laid aside first.

mod dbf;
mod encoding;
mod shp;

use super::Sink;
use super::column::Column;
use super::place::placed;
use super::spool::Spool;
use super::srs::Srs;
use super::{FeatureWriter, Foot, Note, Shown, WriteError};
use dbf::Table;
use onemap_model::cql2::Subject;
use onemap_model::{Geometry, GeometryType, Path, Polygon, wkb};
use shp::{Shape, Shapes};
use std::collections::BTreeMap;
use std::io::Write;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

pub(crate) use encoding::TextEncoding;

/// ZIPs have no more in one file without their extensions, and old programs read no more.
const MOST_BYTES: u64 = 2 << 30;

/// A ZIP on its way to a sink.
pub(crate) struct Archive<'a>(ZipWriter<StreamWriter<&'a mut dyn Sink>>);

/// The rows of one layer, laid aside.
pub(crate) struct Rows<'a> {
    shown: Shown<'a>,
    columns: Vec<Column<'a>>,
    encoding: TextEncoding,
    /// By kind of shape; without one, the rows that have no geometry.
    parts: BTreeMap<Option<Shape>, Part>,
    split_collections: u64,
}

/// Rows of one kind of shape.
struct Part {
    spool: Spool,
    rows: u32,
    has_z: bool,
    table: Table,
}

/// Writes one layer's ZIP.
pub(super) struct Shapefile<'a> {
    archive: Archive<'a>,
    rows: Rows<'a>,
}

impl<'a> Archive<'a> {
    /// An empty ZIP.
    pub(crate) fn new(sink: &'a mut dyn Sink) -> Self {
        Self(ZipWriter::new_stream(sink))
    }

    /// Writes its end.
    ///
    /// # Errors
    /// Where the sink fails.
    pub(crate) fn finish(self) -> Result<(), WriteError> {
        self.0.finish().map_err(std::io::Error::from)?;
        Ok(())
    }

    fn start(&mut self, name: &str) -> Result<&mut dyn Write, WriteError> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        self.0.start_file(name, options).map_err(std::io::Error::from)?;
        Ok(&mut self.0)
    }
}

impl<'a> Shapefile<'a> {
    /// Begins a ZIP of one layer.
    pub fn new(sink: &'a mut dyn Sink, shown: Shown<'a>, encoding: TextEncoding) -> Self {
        Self {
            archive: Archive::new(sink),
            rows: Rows::new(shown, encoding),
        }
    }
}

impl FeatureWriter for Shapefile<'_> {
    fn feature(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError> {
        self.rows.push(feature, distance_m)
    }

    fn size(&self) -> u64 {
        self.rows.size()
    }

    fn finish(self: Box<Self>, _: &Foot<'_>) -> Result<Vec<Note>, WriteError> {
        let Self { mut archive, rows } = *self;
        let notes = rows.write(&mut archive)?;
        archive.finish()?;
        Ok(notes)
    }
}

impl<'a> Rows<'a> {
    /// No rows yet.
    pub(crate) fn new(shown: Shown<'a>, encoding: TextEncoding) -> Self {
        Self {
            columns: shown.columns(),
            shown,
            encoding,
            parts: BTreeMap::new(),
            split_collections: 0,
        }
    }

    /// Lays a feature aside.
    ///
    /// # Errors
    /// Where the disk is full, or a place is not in the coordinate system.
    pub(crate) fn push(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError> {
        let placed = placed(feature, &self.shown.crs)?;
        let parts = match placed.as_deref() {
            None => Vec::new(),
            Some(geometry) => by_kind(geometry, self.shown.layer.geometry_type),
        };
        if parts.len() > 1 {
            self.split_collections += 1;
        }
        if parts.is_empty() {
            // Where all geometries are of a kind, those that have none stand among them.
            let shape = Shape::of(self.shown.layer.geometry_type);
            return self.put(shape, None, feature, distance_m);
        }
        for (shape, geometry) in &parts {
            self.put(Some(*shape), Some(geometry), feature, distance_m)?;
        }
        Ok(())
    }

    fn put(
        &mut self,
        shape: Option<Shape>,
        geometry: Option<&Geometry>,
        feature: &dyn Subject,
        distance_m: Option<f64>,
    ) -> Result<(), WriteError> {
        let (columns, encoding) = (&self.columns, self.encoding);
        let part = self.parts.entry(shape).or_insert_with(|| Part {
            spool: Spool::new(),
            rows: 0,
            has_z: false,
            table: Table::new(columns, encoding),
        });
        let mut bytes = Vec::new();
        if let Some(geometry) = geometry {
            part.has_z |= geometry.has_z();
            wkb::encode(geometry, GeometryType::Geometry, &mut bytes);
        }
        let mut cells = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            part.table.put(&mut cells, at, &column.value(feature, distance_m));
        }
        part.rows = part.rows.checked_add(1).ok_or_else(too_large)?;
        part.spool.put(&bytes, &cells)
    }

    /// How many bytes are laid aside.
    pub(crate) fn size(&self) -> u64 {
        self.parts.values().map(|part| part.spool.size()).sum()
    }

    /// Writes the layer's files into a ZIP, and says what did not fit.
    ///
    /// # Errors
    /// Where the sink or the disk fails, or a file grows too large.
    pub(crate) fn write(mut self, archive: &mut Archive<'_>) -> Result<Vec<Note>, WriteError> {
        let layer = self.shown.layer;
        let mut notes = Vec::new();
        if self.split_collections > 0 {
            let count = self.split_collections;
            let text =
                format!("{count} collections of several kinds stand in several files, each with its parts of one kind");
            notes.push(Note::new("shp-collection-split", text));
        }
        if self.parts.is_empty() {
            let table = Table::new(&self.columns, self.encoding);
            let (spool, rows, has_z) = (Spool::new(), 0, false);
            let shape = Shape::of(layer.geometry_type);
            self.parts.insert(
                shape,
                Part {
                    spool,
                    rows,
                    has_z,
                    table,
                },
            );
        }
        let several = self.parts.len() > 1;
        for (shape, part) in std::mem::take(&mut self.parts) {
            let suffix = match shape.filter(|_| several) {
                Some(shape) => shape.suffix(),
                None if several => "_none",
                None => "",
            };
            self.write_part(archive, &format!("{}{suffix}", layer.name()), shape, part, &mut notes)?;
        }
        if !notes.is_empty() {
            let file = archive.start(&format!("{}.txt", layer.name()))?;
            for note in &notes {
                write!(file, "{}\r\n", note.text)?;
            }
        }
        Ok(notes)
    }

    fn write_part(
        &self,
        archive: &mut Archive<'_>,
        name: &str,
        shape: Option<Shape>,
        part: Part,
        notes: &mut Vec<Note>,
    ) -> Result<(), WriteError> {
        let Part {
            spool,
            rows,
            has_z,
            table,
        } = part;
        notes.extend(table.notes(name));
        let mut body = Spool::new();
        let mut shapes = shape.map(|shape| Shapes::new(shape, has_z));
        let mut records = spool.records()?;
        while let Some((geometry, cells)) = records.next()? {
            if let Some(shapes) = &mut shapes {
                let geometry = (!geometry.is_empty()).then(|| wkb::decode(geometry).expect("it was encoded here"));
                shapes.push(geometry.as_ref())?;
            }
            body.put_bytes(&table.row(cells))?;
        }
        let head = table.head(rows)?;
        let too_large = |size: u64| if size > MOST_BYTES { Err(too_large()) } else { Ok(()) };
        too_large(body.size())?;
        if let Some(shapes) = shapes {
            too_large(shapes.size())?;
            let (shp, shx) = shapes.finish();
            shp.write(archive.start(&format!("{name}.shp"))?)?;
            shx.write(archive.start(&format!("{name}.shx"))?)?;
            let prj = Srs::of(&self.shown.crs).esri_wkt();
            archive.start(&format!("{name}.prj"))?.write_all(prj.as_bytes())?;
        }
        let dbf = archive.start(&format!("{name}.dbf"))?;
        dbf.write_all(&head)?;
        body.copy(dbf)?;
        dbf.write_all(&[0x1a])?;
        let cpg = archive.start(&format!("{name}.cpg"))?;
        cpg.write_all(self.encoding.cpg().as_bytes())?;
        Ok(())
    }
}

fn too_large() -> WriteError {
    let most = MOST_BYTES >> 30;
    WriteError::TooMuch(format!(
        "a shapefile holds {most} GB: choose a part of the layer, or another format"
    ))
}

/// The geometry's parts of each kind together; none where it is empty.
fn by_kind(geometry: &Geometry, declared: GeometryType) -> Vec<(Shape, Geometry)> {
    let mut kinds = Kinds::default();
    kinds.add(geometry);
    let mut parts = Vec::new();
    match kinds.points.len() {
        0 => {}
        1 if kinds.points[0].len() == 1 && declared != GeometryType::MultiPoint => {
            parts.push((Shape::Point, Geometry::Points(kinds.points.remove(0))));
        }
        _ => parts.push((Shape::MultiPoint, Geometry::Points(joined(&kinds.points)))),
    }
    if !kinds.lines.is_empty() {
        parts.push((Shape::Line, Geometry::Lines(kinds.lines)));
    }
    if !kinds.polygons.is_empty() {
        parts.push((Shape::Polygon, Geometry::Polygons(kinds.polygons)));
    }
    parts
}

#[derive(Default)]
struct Kinds {
    points: Vec<Path>,
    lines: Vec<Path>,
    polygons: Vec<Polygon>,
}

impl Kinds {
    fn add(&mut self, geometry: &Geometry) {
        let full = |path: &&Path| !path.is_empty();
        match geometry {
            Geometry::Points(path) => self.points.extend(Some(path).filter(full).cloned()),
            Geometry::Lines(lines) => self.lines.extend(lines.iter().filter(full).cloned()),
            Geometry::Polygons(polygons) => {
                let with_rings = polygons
                    .iter()
                    .filter(|polygon| polygon.rings.iter().any(|ring| !ring.is_empty()));
                self.polygons.extend(with_rings.cloned());
            }
            Geometry::Collection(parts) => parts.iter().for_each(|part| self.add(part)),
        }
    }
}

fn joined(paths: &[Path]) -> Path {
    let coords = paths.iter().flat_map(|path| path.coords().iter().copied()).collect();
    let has_z = paths.iter().any(|path| !path.z().is_empty());
    let height = |path: &Path, at: usize| path.z().get(at).copied().unwrap_or(f64::NAN);
    let heights = paths
        .iter()
        .flat_map(|path| (0..path.len()).map(move |at| height(path, at)));
    let z = if has_z { heights.collect() } else { Vec::new() };
    Path::with_z(coords, z).expect("all positions were finite, and have a height each or none")
}
