//! The temporary GeoPackage that a VCT file is written to: a layer for each table that has anything in it.

use super::curve::Position;
use super::record::Shape;
use super::rings;
use super::scan::Kind;
use super::tables::{DIRECTION_COLUMNS, FieldKind, OWN_COLUMNS, TEXT_COLUMNS, Table};
use super::values::Cell;
use crate::error::{Error, Result};
use crate::{messages, ogr};
use gdal::vector::{Feature, Geometry, LayerAccess, LayerOptions, OGRFieldType, OGRwkbGeometryType as Ogr};
use gdal::{Dataset, DriverManager};
use std::collections::HashMap;
use std::path::Path;

/// A GeoPackage in the making.
pub struct Package {
    dataset: Dataset,
    /// The layer of each table that has one.
    layers: HashMap<usize, Written>,
    /// The tables of the layers, in their order.
    order: Vec<usize>,
    /// The next number for a feature without one of its own, where others have theirs.
    spare: i64,
}

/// Numbers from here on are no identifiers: those have 18 digits at most.
const SPARE: i64 = 4_000_000_000_000_000_000;

/// A layer in the making.
struct Written {
    at: usize,
    /// Where text and angle, and the direction, are kept, where they are.
    text: Option<usize>,
    direction: Option<usize>,
    columns: usize,
    /// Whether a feature got a number of its own.
    is_numbered: bool,
}

impl Written {
    /// Sees to it that there are columns for the position that a point points to.
    fn need_direction(&mut self, layer: &impl LayerAccess) -> Result<()> {
        if self.direction.is_none() {
            let fields = DIRECTION_COLUMNS.map(|name| (name, OGRFieldType::OFTReal));
            layer.create_defn_fields(&fields).map_err(failed)?;
            self.direction = Some(self.columns);
            self.columns += 2;
        }
        Ok(())
    }

    /// Sees to it that there are columns for the text and angle of an annotation.
    fn need_text(&mut self, layer: &impl LayerAccess) -> Result<()> {
        if self.text.is_none() {
            let [text, angle] = TEXT_COLUMNS;
            let fields = [(text, OGRFieldType::OFTString), (angle, OGRFieldType::OFTReal)];
            layer.create_defn_fields(&fields).map_err(failed)?;
            self.text = Some(self.columns);
            self.columns += 2;
        }
        Ok(())
    }
}

/// Whether a feature has the number that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// It has.
    AsAsked,
    /// Another one has it; this one got another number.
    Otherwise,
}

impl Package {
    /// A new one at `path`.
    ///
    /// # Errors
    /// Where GDAL cannot make it.
    pub fn new(path: &Path) -> Result<Self> {
        crate::setup::gdal();
        let driver = DriverManager::get_driver_by_name("GPKG").map_err(failed)?;
        let dataset = driver.create_vector_only(path).map_err(failed)?;
        ogr::begin(&dataset).map_err(Error::Gdal)?;
        Ok(Self {
            dataset,
            layers: HashMap::new(),
            order: Vec::new(),
            spare: SPARE,
        })
    }

    /// The tables that became layers, in the order of the layers.
    pub fn tables(&self) -> &[usize] {
        &self.order
    }

    /// Adds a feature to the layer of a table: its number where it has one, its geometry, its values in the order of the
    /// table's fields.
    ///
    /// # Errors
    /// Where GDAL cannot write it.
    pub fn add(
        &mut self,
        (at, table): (usize, &Table),
        id: Option<i64>,
        shape: Option<&Drawn>,
        cells: &[Cell],
    ) -> Result<Numbered> {
        if !self.layers.contains_key(&at) {
            let made = self.make_layer(table)?;
            self.layers.insert(at, made);
            self.order.push(at);
        }
        let written = self.layers.get_mut(&at).expect("it was put there just now");
        let layer = self.dataset.layer(written.at).map_err(failed)?;
        let extra = shape.map(|drawn| &drawn.extra);
        match extra {
            Some(Extra::Direction(_)) => written.need_direction(&layer)?,
            Some(Extra::Text(..)) => written.need_text(&layer)?,
            _ => {}
        }
        let mut feature = Feature::new(layer.defn()).map_err(failed)?;
        for (field, cell) in cells.iter().enumerate() {
            set(&mut feature, field, cell)?;
        }
        match extra {
            Some(Extra::Text(text, angle)) => {
                let column = written.text.unwrap_or_default();
                set(&mut feature, column, &Cell::Text(text.clone()))?;
                set(&mut feature, column + 1, &angle.map_or(Cell::Null, Cell::Float))?;
            }
            Some(Extra::Direction([x, y])) => {
                let column = written.direction.unwrap_or_default();
                set(&mut feature, column, &Cell::Float(*x))?;
                set(&mut feature, column + 1, &Cell::Float(*y))?;
            }
            _ => {}
        }
        if let Some(drawn) = shape {
            let geometry = Geometry::from_wkb(&drawn.wkb).map_err(failed)?;
            feature.set_geometry(geometry).map_err(failed)?;
        }
        let id = id.filter(|id| *id > 0);
        if let Some(id) = id {
            written.is_numbered = true;
            ogr::set_number(&feature, id);
            if feature.create(&layer).is_ok() {
                return Ok(Numbered::AsAsked);
            }
            messages::forget();
        }
        if written.is_numbered {
            ogr::set_number(&feature, self.spare);
            self.spare += 1;
        }
        feature.create(&layer).map_err(failed)?;
        Ok(if id.is_some() {
            Numbered::Otherwise
        } else {
            Numbered::AsAsked
        })
    }

    fn make_layer(&mut self, table: &Table) -> Result<Written> {
        let [number, geometry] = OWN_COLUMNS;
        let options = [
            format!("FID={number}"),
            format!("GEOMETRY_NAME={geometry}"),
            "SPATIAL_INDEX=NO".to_owned(),
        ];
        let options = options.each_ref().map(String::as_str);
        // Names of tables are kept beside: SQLite could not tell ZD from zd.
        let at = self.dataset.layer_count();
        let layer = self.dataset.create_layer(LayerOptions {
            name: &format!("t{at}"),
            srs: None,
            ty: geometry_type(&table.kinds),
            options: Some(&options),
        });
        let layer = layer.map_err(failed)?;
        let fields: Vec<(&str, OGRFieldType::Type)> = table
            .fields
            .iter()
            .map(|field| (field.name.as_str(), field_type(field.kind)))
            .collect();
        layer.create_defn_fields(&fields).map_err(failed)?;
        Ok(Written {
            at,
            text: None,
            direction: None,
            columns: fields.len(),
            is_numbered: false,
        })
    }

    /// Writes all of it to the disk.
    ///
    /// # Errors
    /// Where that fails.
    pub fn finish(self) -> Result<()> {
        ogr::commit(&self.dataset).map_err(Error::Gdal)?;
        self.dataset.close().map_err(failed)
    }
}

/// What belongs to a geometry and is no part of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Extra {
    /// Nothing.
    None,
    /// A text, and its angle.
    Text(String, Option<f64>),
    /// Where a point points to.
    Direction([f64; 2]),
}

/// A geometry as WKB.
#[derive(Debug)]
pub struct Drawn {
    wkb: Vec<u8>,
    extra: Extra,
}

impl Drawn {
    /// A geometry, and what belongs to it; lines and rings by identifiers must have been put together before.
    ///
    /// # Errors
    /// A sentence where it has more rings than are read.
    pub fn of(shape: Shape, text: impl FnOnce(&[u8]) -> String) -> Result<Self, String> {
        let (wkb, extra) = match shape {
            Shape::Point(at) => (points(&[at]), Extra::None),
            Shape::Directed(at, to) => (points(&[at]), Extra::Direction([to[0], to[1]])),
            Shape::Points(all) => (points(&all), Extra::None),
            Shape::Line(pieces) => (lines(pieces), Extra::None),
            Shape::Rings(rings) => (polygons(&rings::polygons(rings)?), Extra::None),
            Shape::Text(bytes, places) => {
                let at: Vec<Position> = places.iter().map(|place| place.0).collect();
                let angle = places.first().and_then(|place| place.1);
                (points(&at), Extra::Text(text(&bytes), angle))
            }
            Shape::LineBy(_) | Shape::RingsBy(_) => return Err("its lines were not put together".into()),
        };
        Ok(Self { wkb, extra })
    }
}

/// OGC 06-103r4, 8.2: the code of a kind, 1000 more with heights.
fn begin(out: &mut Vec<u8>, kind: u32, has_z: bool) {
    out.push(1);
    out.extend_from_slice(&(kind + if has_z { 1000 } else { 0 }).to_le_bytes());
}

fn count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn push(out: &mut Vec<u8>, p: &Position, has_z: bool) {
    for number in &p[..if has_z { 3 } else { 2 }] {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn has_z(positions: &[Position]) -> bool {
    positions.first().is_some_and(|p| !p[2].is_nan())
}

fn points(all: &[Position]) -> Vec<u8> {
    let (mut out, z) = (Vec::new(), has_z(all));
    if all.len() != 1 {
        begin(&mut out, 4, z);
        count(&mut out, all.len());
    }
    for p in all {
        begin(&mut out, 1, z);
        push(&mut out, p, z);
    }
    out
}

fn chain(out: &mut Vec<u8>, positions: &[Position], z: bool) {
    count(out, positions.len());
    positions.iter().for_each(|p| push(out, p, z));
}

/// Pieces that follow one another become one line.
fn lines(pieces: Vec<Vec<Position>>) -> Vec<u8> {
    let mut joined: Vec<Vec<Position>> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if last.last().map(|p| [p[0], p[1]]) == piece.first().map(|p| [p[0], p[1]]) => {
                last.extend_from_slice(&piece[1..]);
            }
            _ => joined.push(piece),
        }
    }
    let (mut out, z) = (Vec::new(), joined.first().is_some_and(|line| has_z(line)));
    if joined.len() != 1 {
        begin(&mut out, 5, z);
        count(&mut out, joined.len());
    }
    for line in &joined {
        begin(&mut out, 2, z);
        chain(&mut out, line, z);
    }
    out
}

fn polygons(all: &[rings::Polygon]) -> Vec<u8> {
    let mut out = Vec::new();
    let z = all
        .first()
        .and_then(|polygon| polygon.first())
        .is_some_and(|ring| has_z(ring));
    if all.len() != 1 {
        begin(&mut out, 6, z);
        count(&mut out, all.len());
    }
    for polygon in all {
        begin(&mut out, 3, z);
        count(&mut out, polygon.len());
        polygon.iter().for_each(|ring| chain(&mut out, ring, z));
    }
    out
}

fn geometry_type(kinds: &[Kind]) -> Ogr::Type {
    let of = |kind: &Kind| match kind {
        Kind::Point => Some(Ogr::wkbPoint),
        Kind::Annotation => Some(Ogr::wkbPoint),
        Kind::Line => Some(Ogr::wkbLineString),
        Kind::Polygon => Some(Ogr::wkbPolygon),
        _ => None,
    };
    let mut types: Vec<Ogr::Type> = kinds.iter().filter_map(of).collect();
    types.dedup();
    match types.as_slice() {
        [] if kinds.is_empty() => Ogr::wkbNone,
        [one] => *one,
        _ => Ogr::wkbUnknown,
    }
}

fn field_type(kind: FieldKind) -> OGRFieldType::Type {
    match kind {
        FieldKind::Text => OGRFieldType::OFTString,
        FieldKind::Int => OGRFieldType::OFTInteger64,
        FieldKind::Float => OGRFieldType::OFTReal,
        FieldKind::Date => OGRFieldType::OFTDate,
        FieldKind::DateTime => OGRFieldType::OFTDateTime,
    }
}

fn set(feature: &mut Feature<'_>, at: usize, cell: &Cell) -> Result<()> {
    match cell {
        Cell::Null => feature.set_field_null(at),
        Cell::Text(text) => feature.set_field_string(at, text),
        Cell::Int(number) => feature.set_field_integer64(at, *number),
        Cell::Float(number) => feature.set_field_double(at, *number),
    }
    .map_err(failed)
}

fn failed(error: gdal::errors::GdalError) -> Error {
    Error::Gdal(crate::source::said(&error))
}
