//! The forms in which features leave the house: what `f=` and `Accept` ask for, and what `onemap-export` writes.
//!
//! Every form is a [`FeatureWriter`]: features are pushed into it one by one, in any order, and it writes to a sink. What
//! a writer must keep until the end is bounded, or lies in a temporary file. Which features, who may see them, and pages
//! with their links are not decided here.

mod choose;
mod column;
mod csv;
mod error;
mod flatgeobuf;
mod gathered;
pub(crate) mod geojson;
mod geojson_seq;
pub(crate) mod geopackage;
pub(crate) mod html;
pub(crate) mod json;
mod note;
mod parquet;
mod parquet_column;
mod place;
pub(crate) mod shapefile;
mod sink;
mod spool;
mod srs;
mod wkt;

use crate::crs::{AxisOrder, OutCrs};
use crate::links::Link;
use column::Column;
use csv::{Csv, Mark};
use geojson_seq::{Separator, Sequence};
use onemap_model::cql2::Subject;
use onemap_model::{FieldType, Layer};

pub(crate) use csv::write_datum as csv_value;
pub(crate) use error::WriteError;
pub(crate) use json::write_datum as json_value;
pub(crate) use note::Note;
pub(crate) use shapefile::TextEncoding;
pub(crate) use sink::Sink;

/// A form of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    /// RFC 7946, one collection.
    GeoJson,
    /// RFC 8142, a text sequence.
    GeoJsonSeq,
    /// A GeoJSON feature a line.
    GeoJsonLines,
    /// RFC 4180 in UTF-8.
    Csv,
    /// The same after the mark by which Excel knows UTF-8.
    CsvMarked,
    /// With its index.
    FlatGeobuf,
    /// GeoParquet 1.1.
    GeoParquet,
    /// GeoPackage 1.3.
    GeoPackage,
    /// Shapefiles in a ZIP, their tables in this encoding.
    Shapefile(TextEncoding),
    /// A page for people.
    Html,
}

/// What is shown of a layer's features, and how.
#[derive(Debug, Clone)]
pub(crate) struct Shown<'a> {
    /// The layer.
    pub layer: &'a Layer,
    /// The fields shown, by their places in the layer, in the order in which they are shown.
    pub fields: Vec<usize>,
    /// The system that coordinates are in.
    pub crs: OutCrs,
    /// Which number of a position comes first where the form leaves that to the coordinate system.
    pub axes: Axes,
    /// Whether features come with a distance.
    pub measure: Measure,
    /// Whether tables have columns for the time at which a feature is true.
    pub times: Times,
}

/// The order of the two numbers of a position in GeoJSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axes {
    /// As the system's authority says, for answers with a `Content-Crs` header (OGC 18-058r1, clause 6.3).
    Authority,
    /// Easting or longitude first, with the system named in the file itself.
    EastNorth,
}

/// What is told of a feature beside itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Nothing.
    Nothing,
    /// How far it is from the place asked for, in metres.
    Distance,
}

/// Whether tables tell when features are true. GeoJSON tells it of each feature that is not always true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// No: all are true at all times.
    Left,
    /// Yes, in the columns `valid_from` and `valid_to`.
    Columns,
}

/// What is known when all features are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Foot<'a> {
    /// How many features answer the question, on all pages together.
    pub matched: Option<u64>,
    /// Links, for the forms that have a place for them.
    pub links: &'a [Link],
}

/// Writes features in one form. Dropped before its end, it leaves the sink with something that is none.
pub(crate) trait FeatureWriter {
    /// Writes one feature; `distance_m` where [`Measure::Distance`] is shown.
    ///
    /// # Errors
    /// [`WriteError`]: where the sink fails, and for a place that the coordinate system does not have.
    fn feature(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError>;

    /// How many bytes there are so far, written or kept; roughly.
    fn size(&self) -> u64;

    /// Writes what stands at the end, and says what the form could not hold. The sink is flushed by whoever made it.
    ///
    /// # Errors
    /// As [`FeatureWriter::feature`].
    fn finish(self: Box<Self>, foot: &Foot<'_>) -> Result<Vec<Note>, WriteError>;
}

impl<'a> Shown<'a> {
    /// All of a layer, as answers show it.
    pub(crate) fn all(layer: &'a Layer) -> Self {
        Self {
            layer,
            fields: (0..layer.fields().len()).collect(),
            crs: OutCrs::CRS84,
            axes: Axes::Authority,
            measure: Measure::Nothing,
            times: Times::Left,
        }
    }

    /// Which number of a position comes first in GeoJSON.
    fn axis_order(&self) -> AxisOrder {
        match self.axes {
            Axes::Authority => self.crs.axis_order(),
            Axes::EastNorth => AxisOrder::EastNorth,
        }
    }

    /// The columns of a table: the feature's number, the fields, and what else is shown. The names that are added are
    /// no field's, for fields may not have them, but for `distance`, which gives way.
    fn columns(&self) -> Vec<Column<'a>> {
        let fields = self.layer.fields();
        let mut columns = vec![Column::of("fid", FieldType::Int, column::Source::Fid)];
        let shown = self.fields.iter().filter_map(|&at| Some((at, fields.get(at)?)));
        columns.extend(shown.map(|(at, field)| Column {
            name: field.name.as_str().into(),
            title: &field.title,
            kind: field.field_type,
            source: column::Source::Field(at),
        }));
        if self.times == Times::Columns {
            columns.push(Column::of("valid_from", FieldType::DateTime, column::Source::ValidFrom));
            columns.push(Column::of("valid_to", FieldType::DateTime, column::Source::ValidTo));
        }
        if self.measure == Measure::Distance {
            let name = self.free_name("distance");
            columns.push(Column::of(name, FieldType::Float, column::Source::Distance));
        }
        columns
    }

    /// `name`, or the next like it that no field has.
    fn free_name(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self
            .layer
            .fields()
            .iter()
            .any(|field| field.name.folded() == name.to_lowercase())
        {
            name.push('_');
        }
        name
    }
}

impl Format {
    /// A writer into `sink`.
    ///
    /// # Errors
    /// Where the sink fails, or a temporary file cannot be made.
    pub(crate) fn writer<'a>(
        self,
        sink: &'a mut dyn Sink,
        shown: Shown<'a>,
    ) -> Result<Box<dyn FeatureWriter + 'a>, WriteError> {
        Ok(match self {
            Format::GeoJson => Box::new(geojson::Collection::new(sink, shown)),
            Format::GeoJsonSeq => Box::new(Sequence::new(sink, shown, Separator::Record)),
            Format::GeoJsonLines => Box::new(Sequence::new(sink, shown, Separator::Line)),
            Format::Csv => Box::new(Csv::new(sink, shown, Mark::Absent)),
            Format::CsvMarked => Box::new(Csv::new(sink, shown, Mark::Present)),
            Format::FlatGeobuf => Box::new(flatgeobuf::FlatGeobuf::new(sink, shown)),
            Format::GeoParquet => Box::new(parquet::Parquet::new(sink, shown)?),
            Format::GeoPackage => Box::new(geopackage::GeoPackage::new(sink, shown)?),
            Format::Shapefile(encoding) => Box::new(shapefile::Shapefile::new(sink, shown, encoding)),
            Format::Html => Box::new(html::Table::new(sink, shown)),
        })
    }
}
