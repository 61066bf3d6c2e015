//! GeoParquet 1.1: WKB, a `bbox` column that readers skip by, the coordinate system in PROJJSON.
//!
//! Rows are gathered to groups of bounded size, so memory does not grow with the layer. Lists are JSON.

use super::Sink;
use super::column::Column;
use super::json::write_array;
use super::parquet_column::{Chunk, leaf};
use super::place::placed;
use super::srs::Srs;
use super::{FeatureWriter, Foot, Note, Shown, WriteError};
use ::parquet::basic::{Compression, Repetition, Type as Physical};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::{Type, TypePtr};
use onemap_model::cql2::{Datum, Subject};
use onemap_model::{Bbox, Geometry, GeometryType, wkb};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A group of rows is closed where it has so many rows, or bytes.
const GROUP_ROWS: usize = 65_536;
const GROUP_BYTES: usize = 32 << 20;

/// Writes a file.
pub(super) struct Parquet<'a> {
    out: SerializedFileWriter<&'a mut dyn Sink>,
    shown: Shown<'a>,
    columns: Vec<Column<'a>>,
    chunks: Vec<Chunk>,
    place: Option<Place>,
    rows: usize,
    bytes: usize,
}

/// The geometries of a file.
struct Place {
    name: String,
    bbox_name: String,
    geometry: Chunk,
    /// `xmin`, `ymin`, `xmax`, `ymax`.
    bounds: [Chunk; 4],
    kinds: BTreeSet<&'static str>,
    extent: Option<Bbox>,
}

const BOUNDS: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

impl<'a> Parquet<'a> {
    /// Begins a file.
    ///
    /// # Errors
    /// Where the sink fails.
    pub fn new(sink: &'a mut dyn Sink, shown: Shown<'a>) -> Result<Self, WriteError> {
        let columns = shown.columns();
        let mut fields: Vec<TypePtr> = columns.iter().map(|column| leaf(&column.name, column.kind)).collect();
        let place = (shown.layer.geometry_type != GeometryType::None).then(|| Place {
            name: shown.free_name("geometry"),
            bbox_name: shown.free_name("bbox"),
            geometry: Chunk::bytes(),
            bounds: std::array::from_fn(|_| Chunk::double()),
            kinds: BTreeSet::new(),
            extent: None,
        });
        if let Some(place) = &place {
            fields.push(primitive(&place.name, Physical::BYTE_ARRAY, Repetition::OPTIONAL));
            let bounds = BOUNDS.map(|name| primitive(name, Physical::DOUBLE, Repetition::REQUIRED));
            let group = Type::group_type_builder(&place.bbox_name).with_repetition(Repetition::OPTIONAL);
            let group = group.with_fields(bounds.to_vec()).build();
            fields.push(Arc::new(group.expect("a group with a name and fields can be built")));
        }
        let schema = Type::group_type_builder("schema").with_fields(fields).build();
        let schema = schema.expect("a group with a name and fields can be built");
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("onemap".to_owned())
            .build();
        Ok(Self {
            out: SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties)).map_err(fault)?,
            chunks: columns.iter().map(|column| Chunk::of(column.kind)).collect(),
            columns,
            shown,
            place,
            rows: 0,
            bytes: 0,
        })
    }

    fn close_group(&mut self) -> Result<(), WriteError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.out.next_row_group().map_err(fault)?;
        let place = self.place.iter_mut();
        let places = place.flat_map(|place| std::iter::once(&mut place.geometry).chain(&mut place.bounds));
        for chunk in self.chunks.iter_mut().chain(places) {
            let mut column = group
                .next_column()
                .map_err(fault)?
                .expect("the schema has as many columns");
            chunk.write(column.untyped()).map_err(fault)?;
            column.close().map_err(fault)?;
        }
        group.close().map_err(fault)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// The file's `geo` metadata (GeoParquet 1.1.0).
    fn geo(&self) -> Option<String> {
        let place = self.place.as_ref()?;
        let path = |name: &str| json!([place.bbox_name, name]);
        let covering =
            json!({"bbox": {"xmin": path("xmin"), "ymin": path("ymin"), "xmax": path("xmax"), "ymax": path("ymax")}});
        let mut column = json!({
            "encoding": "WKB", "geometry_types": place.kinds, "edges": "planar", "covering": covering,
            "crs": Srs::of(&self.shown.crs).projjson(),
        });
        if let Some(extent) = place.extent {
            column["bbox"] = json!(extent.to_array());
        }
        let columns = serde_json::Map::from_iter([(place.name.clone(), column)]);
        Some(json!({"version": "1.1.0", "primary_column": place.name, "columns": columns}).to_string())
    }
}

impl FeatureWriter for Parquet<'_> {
    fn feature(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError> {
        for (column, chunk) in self.columns.iter().zip(&mut self.chunks) {
            self.bytes += match column.value(feature, distance_m) {
                Datum::Array(items) => {
                    let mut text = String::new();
                    write_array(&mut text, items);
                    chunk.push(&Datum::Text(text.into()))
                }
                value => chunk.push(&value),
            };
        }
        if let Some(place) = &mut self.place {
            let geometry = placed(feature, &self.shown.crs)?;
            self.bytes += place.push(geometry.as_deref(), self.shown.layer.geometry_type);
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.close_group()?;
        }
        Ok(())
    }

    fn size(&self) -> u64 {
        (self.out.bytes_written() + self.bytes) as u64
    }

    fn finish(mut self: Box<Self>, _: &Foot<'_>) -> Result<Vec<Note>, WriteError> {
        self.close_group()?;
        if let Some(geo) = self.geo() {
            self.out.append_key_value_metadata(KeyValue::new("geo".to_owned(), geo));
        }
        self.out.finish().map_err(fault)?;
        Ok(Vec::new())
    }
}

impl Place {
    fn push(&mut self, geometry: Option<&Geometry>, declared: GeometryType) -> usize {
        let mut bytes = Vec::new();
        let bbox = geometry.and_then(Geometry::bbox);
        let known = match geometry {
            None => Datum::Null,
            Some(geometry) => {
                wkb::encode(geometry, declared, &mut bytes);
                self.kinds.insert(kind(&bytes));
                Datum::Bytes(&bytes)
            }
        };
        self.geometry.push(&known);
        for (at, bound) in self.bounds.iter_mut().enumerate() {
            bound.push(&bbox.map_or(Datum::Null, |bbox| Datum::Float(bbox.to_array()[at])));
        }
        if let Some(bbox) = bbox {
            self.extent = Some(self.extent.map_or(bbox, |extent| extent.union(bbox)));
        }
        bytes.len() + 40
    }
}

/// What WKB written here is of, in the words of GeoParquet.
fn kind(wkb: &[u8]) -> &'static str {
    const FLAT: [&str; 8] = [
        "",
        "Point",
        "LineString",
        "Polygon",
        "MultiPoint",
        "MultiLineString",
        "MultiPolygon",
        "GeometryCollection",
    ];
    const HIGH: [&str; 8] = [
        "",
        "Point Z",
        "LineString Z",
        "Polygon Z",
        "MultiPoint Z",
        "MultiLineString Z",
        "MultiPolygon Z",
        "GeometryCollection Z",
    ];
    let code = wkb
        .get(1..5)
        .map_or(0, |code| u32::from_le_bytes([code[0], code[1], code[2], code[3]]));
    let names = if code >= 1000 { HIGH } else { FLAT };
    names.get(code as usize % 1000).copied().unwrap_or_default()
}

fn primitive(name: &str, physical: Physical, repetition: Repetition) -> TypePtr {
    let kind = Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .build();
    Arc::new(kind.expect("a plain type with a name can be built"))
}

fn fault(error: ParquetError) -> WriteError {
    match error {
        ParquetError::External(error) => match error.downcast::<std::io::Error>() {
            Ok(error) => WriteError::Io(*error),
            Err(error) => WriteError::Io(std::io::Error::other(error)),
        },
        error => WriteError::Io(std::io::Error::other(error)),
    }
}
