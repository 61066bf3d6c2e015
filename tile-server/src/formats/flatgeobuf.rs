//! FlatGeobuf 3 with its packed Hilbert R-tree, which lets a reader fetch a part of a file.
//!
//! The index stands before the features and needs their sizes, so they are laid aside first. A day is a time at midnight,
//! lists are JSON, an empty geometry is none, and where any position has a height an unknown one is 0: the form has no others.

use super::Sink;
use super::column::Column;
use super::json::write_array;
use super::place::placed;
use super::spool::Spool;
use super::srs::Srs;
use super::{FeatureWriter, Foot, Note, Shown, WriteError};
use ::flatgeobuf::packed_r_tree::{NodeItem, PackedRTree, calc_extent, hilbert_sort};
use ::flatgeobuf::{self as fgb, ColumnType, GeometryType as Kind};
use flatbuffers::{FlatBufferBuilder, WIPOffset};
use onemap_model::cql2::{Datum, Subject};
use onemap_model::{FieldType, Geometry, GeometryType, Path, Polygon, wkb};
use std::ops::Range;

const MAGIC: [u8; 8] = [b'f', b'g', b'b', 3, b'f', b'g', b'b', 0];
const NODE_SIZE: u16 = PackedRTree::DEFAULT_NODE_SIZE;
/// The index is made in memory; with more features than this a file has none.
const MOST_INDEXED: usize = 20_000_000;

/// Writes a file.
pub(super) struct FlatGeobuf<'a> {
    sink: &'a mut dyn Sink,
    shown: Shown<'a>,
    columns: Vec<Column<'a>>,
    spool: Spool,
    features: u64,
    has_z: bool,
}

/// A feature ready to be written: its box, and where its bytes lie.
struct Ready {
    nodes: Vec<NodeItem>,
    places: Vec<Range<u64>>,
    spool: Spool,
}

impl<'a> FlatGeobuf<'a> {
    /// Begins a file.
    pub fn new(sink: &'a mut dyn Sink, shown: Shown<'a>) -> Self {
        Self {
            sink,
            columns: shown.columns(),
            shown,
            spool: Spool::new(),
            features: 0,
            has_z: false,
        }
    }

    fn kind(&self) -> Kind {
        match self.shown.layer.geometry_type {
            GeometryType::Point => Kind::Point,
            GeometryType::MultiPoint => Kind::MultiPoint,
            GeometryType::MultiLineString => Kind::MultiLineString,
            GeometryType::MultiPolygon => Kind::MultiPolygon,
            GeometryType::Geometry | GeometryType::None => Kind::Unknown,
        }
    }

    fn header(&self, extent: Option<&NodeItem>, index_node_size: u16) -> Vec<u8> {
        let mut out = FlatBufferBuilder::new();
        let columns: Vec<_> = self.columns.iter().map(|column| declared(&mut out, column)).collect();
        let srs = Srs::of(&self.shown.crs);
        let crs = fgb::CrsArgs {
            org: Some(out.create_string("EPSG")),
            code: srs.code as i32,
            name: Some(out.create_string(&srs.name)),
            wkt: Some(out.create_string(&srs.wkt())),
            ..Default::default()
        };
        let envelope = extent.map(|e| out.create_vector(&[e.min_x, e.min_y, e.max_x, e.max_y]));
        let layer = self.shown.layer;
        let header = fgb::HeaderArgs {
            name: Some(out.create_string(layer.name().as_str())),
            title: Some(out.create_string(&layer.title)),
            envelope,
            geometry_type: self.kind(),
            has_z: self.has_z,
            columns: Some(out.create_vector(&columns)),
            features_count: self.features,
            index_node_size,
            crs: (layer.geometry_type != GeometryType::None).then(|| fgb::Crs::create(&mut out, &crs)),
            ..Default::default()
        };
        let header = fgb::Header::create(&mut out, &header);
        out.finish_size_prefixed(header, None);
        out.finished_data().to_vec()
    }

    /// Gives every feature its bytes, now that it is known whether any has heights.
    fn prepare(spool: Spool, declared: GeometryType, has_z: bool) -> Result<Ready, WriteError> {
        let mut ready = Ready {
            nodes: Vec::new(),
            places: Vec::new(),
            spool: Spool::new(),
        };
        let mut records = spool.records()?;
        let mut out = FlatBufferBuilder::new();
        while let Some((geometry, properties)) = records.next()? {
            // Around nothing: no box meets it, and it adds nothing to the boxes above it.
            let mut node = NodeItem::create(ready.nodes.len() as u64);
            let geometry = (!geometry.is_empty()).then(|| wkb::decode(geometry).expect("it was encoded here"));
            geometry
                .iter()
                .flat_map(Geometry::coords)
                .for_each(|at| node.expand_xy(at.x, at.y));
            let geometry = geometry.and_then(|geometry| shape(&mut out, &geometry, declared, has_z));
            let properties = (!properties.is_empty()).then(|| out.create_vector(properties));
            let args = fgb::FeatureArgs {
                geometry,
                properties,
                columns: None,
            };
            let feature = fgb::Feature::create(&mut out, &args);
            out.finish_size_prefixed(feature, None);
            let begin = ready.spool.size();
            ready.spool.put_bytes(out.finished_data())?;
            ready.places.push(begin..ready.spool.size());
            ready.nodes.push(node);
            out.reset();
        }
        Ok(ready)
    }
}

impl FeatureWriter for FlatGeobuf<'_> {
    fn feature(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError> {
        let mut geometry = Vec::new();
        if let Some(placed) = placed(feature, &self.shown.crs)?.filter(|geometry| !geometry.is_empty()) {
            self.has_z |= placed.has_z();
            wkb::encode(&placed, self.shown.layer.geometry_type, &mut geometry);
        }
        let mut properties = Vec::new();
        for (at, column) in (0..).zip(&self.columns) {
            put_property(&mut properties, at, &column.value(feature, distance_m));
        }
        self.features += 1;
        self.spool.put(&geometry, &properties)
    }

    fn size(&self) -> u64 {
        self.spool.size()
    }

    fn finish(mut self: Box<Self>, _: &Foot<'_>) -> Result<Vec<Note>, WriteError> {
        let spool = std::mem::replace(&mut self.spool, Spool::new());
        let mut ready = Self::prepare(spool, self.shown.layer.geometry_type, self.has_z)?;
        let extent = calc_extent(&ready.nodes);
        let extent = (extent.min_x <= extent.max_x).then_some(extent);
        let indexed = extent.as_ref().filter(|_| ready.nodes.len() <= MOST_INDEXED);
        self.sink.write_all(&MAGIC)?;
        let node_size = if indexed.is_some() { NODE_SIZE } else { 0 };
        let header = self.header(extent.as_ref(), node_size);
        self.sink.write_all(&header)?;
        if let Some(extent) = indexed {
            hilbert_sort(&mut ready.nodes, extent);
            let mut at = 0;
            let mut leaves = ready.nodes.clone();
            for leaf in &mut leaves {
                let place = &ready.places[leaf.offset as usize];
                leaf.offset = at;
                at += place.end - place.start;
            }
            let tree = PackedRTree::build(&leaves, extent, NODE_SIZE).map_err(std::io::Error::other)?;
            tree.stream_write(&mut self.sink)?;
        }
        let mut features = ready.spool.anywhere()?;
        for node in &ready.nodes {
            let place = ready.places[node.offset as usize].clone();
            self.sink.write_all(features.read(place)?)?;
        }
        Ok(Vec::new())
    }
}

fn declared<'f>(out: &mut FlatBufferBuilder<'f>, column: &Column<'_>) -> WIPOffset<fgb::Column<'f>> {
    let kind = match column.kind {
        FieldType::Bool => ColumnType::Bool,
        FieldType::Int => ColumnType::Long,
        FieldType::Float => ColumnType::Double,
        FieldType::Text => ColumnType::String,
        FieldType::Date | FieldType::DateTime => ColumnType::DateTime,
        FieldType::Bytes => ColumnType::Binary,
        FieldType::Array => ColumnType::Json,
    };
    let args = fgb::ColumnArgs {
        name: Some(out.create_string(&column.name)),
        title: (!column.title.is_empty()).then(|| out.create_string(column.title)),
        type_: kind,
        ..Default::default()
    };
    fgb::Column::create(out, &args)
}

/// Appends a property that is not null: its column's place, then its value.
fn put_property(out: &mut Vec<u8>, at: u16, value: &Datum<'_>) {
    if value.is_null() {
        return;
    }
    out.extend_from_slice(&at.to_le_bytes());
    let mut bytes = |bytes: &[u8]| {
        // A value in memory is shorter than 4 GB: the stores hold no longer ones.
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    match value {
        Datum::Null => {}
        Datum::Bool(value) => out.push(u8::from(*value)),
        Datum::Int(value) => out.extend_from_slice(&value.to_le_bytes()),
        Datum::Float(value) => out.extend_from_slice(&value.to_le_bytes()),
        Datum::Text(text) => bytes(text.as_bytes()),
        Datum::Date(date) => bytes(date.to_string().as_bytes()),
        Datum::DateTime(moment) => bytes(moment.to_string().as_bytes()),
        Datum::Bytes(value) => bytes(value),
        Datum::Array(items) => {
            let mut text = String::new();
            write_array(&mut text, items);
            bytes(text.as_bytes());
        }
    }
}

/// A geometry with at least one position; none for one without.
fn shape<'f>(
    out: &mut FlatBufferBuilder<'f>,
    geometry: &Geometry,
    declared: GeometryType,
    has_z: bool,
) -> Option<WIPOffset<fgb::Geometry<'f>>> {
    if geometry.is_empty() {
        return None;
    }
    let single = |parts: usize| parts == 1 && matches!(declared, GeometryType::Geometry | GeometryType::Point);
    Some(match geometry {
        Geometry::Points(path) => {
            let kind = if single(path.len()) {
                Kind::Point
            } else {
                Kind::MultiPoint
            };
            paths(out, kind, &[path], Ends::Left, has_z)
        }
        Geometry::Lines(lines) if single(lines.len()) => paths(out, Kind::LineString, &[&lines[0]], Ends::Left, has_z),
        Geometry::Lines(lines) => {
            let lines: Vec<_> = lines.iter().collect();
            paths(out, Kind::MultiLineString, &lines, Ends::Written, has_z)
        }
        Geometry::Polygons(polygons) if single(polygons.len()) => polygon(out, &polygons[0], has_z),
        Geometry::Polygons(polygons) => {
            let full = polygons.iter().filter(|polygon| !polygon.rings.is_empty());
            let parts: Vec<_> = full.map(|part| polygon(out, part, has_z)).collect();
            together(out, Kind::MultiPolygon, &parts)
        }
        Geometry::Collection(parts) => {
            let parts = parts
                .iter()
                .filter_map(|part| shape(out, part, GeometryType::Geometry, has_z));
            let parts: Vec<_> = parts.collect();
            together(out, Kind::GeometryCollection, &parts)
        }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Left,
    Written,
}

fn polygon<'f>(out: &mut FlatBufferBuilder<'f>, polygon: &Polygon, has_z: bool) -> WIPOffset<fgb::Geometry<'f>> {
    let rings: Vec<_> = polygon.rings.iter().collect();
    paths(out, Kind::Polygon, &rings, Ends::Written, has_z)
}

fn together<'f>(
    out: &mut FlatBufferBuilder<'f>,
    kind: Kind,
    parts: &[WIPOffset<fgb::Geometry<'f>>],
) -> WIPOffset<fgb::Geometry<'f>> {
    let args = fgb::GeometryArgs {
        type_: kind,
        parts: Some(out.create_vector(parts)),
        ..Default::default()
    };
    fgb::Geometry::create(out, &args)
}

fn paths<'f>(
    out: &mut FlatBufferBuilder<'f>,
    kind: Kind,
    paths: &[&Path],
    ends: Ends,
    has_z: bool,
) -> WIPOffset<fgb::Geometry<'f>> {
    let coords = paths.iter().flat_map(|path| path.coords());
    let xy: Vec<f64> = coords.flat_map(|at| [at.x, at.y]).collect();
    // As GDAL does; a NaN would have readers take the whole position for none.
    let height = |path: &Path, at: usize| path.z().get(at).copied().filter(|z| z.is_finite()).unwrap_or(0.0);
    let heights = |path: &&Path| (0..path.len()).map(|at| height(path, at)).collect::<Vec<_>>();
    let z: Option<Vec<f64>> = has_z.then(|| paths.iter().flat_map(heights).collect());
    let mut end = 0;
    let ends: Option<Vec<u32>> = (ends == Ends::Written).then(|| {
        let each = paths.iter().map(|path| {
            end += path.len() as u32;
            end
        });
        each.collect()
    });
    let args = fgb::GeometryArgs {
        type_: kind,
        xy: Some(out.create_vector(&xy)),
        z: z.map(|z| out.create_vector(&z)),
        ends: ends.map(|ends| out.create_vector(&ends)),
        ..Default::default()
    };
    fgb::Geometry::create(out, &args)
}
