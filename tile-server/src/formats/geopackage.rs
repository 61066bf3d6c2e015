//! GeoPackage 1.3: one layer in a file of its own, or several (see `onemap-export`).

use super::Sink;
use super::column::{Column, Source};
use super::json::write_array;
use super::place::placed;
use super::srs::Srs;
use super::{FeatureWriter, Foot, Note, Shown, WriteError};
use onemap_model::cql2::{Datum, Subject};
use onemap_store::{PlainGeoPackage, PlainLayer, PlainSrs};
use tempfile::NamedTempFile;

/// The layer of a GeoPackage that is written.
pub(crate) struct Rows<'a> {
    shown: Shown<'a>,
    columns: Vec<Column<'a>>,
}

/// Writes a file of one layer. SQLite writes to a file only, so that is made first and then passed on.
pub(super) struct GeoPackage<'a> {
    sink: &'a mut dyn Sink,
    file: NamedTempFile,
    db: PlainGeoPackage,
    rows: Rows<'a>,
    size: u64,
}

impl<'a> Rows<'a> {
    /// Begins a layer in `db`.
    ///
    /// # Errors
    /// Where the disk is full.
    pub(crate) fn begin(db: &mut PlainGeoPackage, shown: Shown<'a>) -> Result<Self, WriteError> {
        let columns: Vec<_> = shown
            .columns()
            .into_iter()
            .filter(|column| column.source != Source::Fid)
            .collect();
        let srs = Srs::of(&shown.crs);
        let declared: Vec<_> = columns.iter().map(|column| (&*column.name, column.kind)).collect();
        db.start_layer(&PlainLayer {
            layer: shown.layer,
            srs: PlainSrs {
                code: srs.code,
                name: &srs.name,
                wkt: &srs.wkt(),
            },
            columns: &declared,
        })?;
        Ok(Self { shown, columns })
    }

    /// Adds a feature.
    ///
    /// # Errors
    /// Where the disk is full, or a place is not in the coordinate system.
    pub(crate) fn push(
        &self,
        db: &mut PlainGeoPackage,
        feature: &dyn Subject,
        distance_m: Option<f64>,
    ) -> Result<(), WriteError> {
        let geometry = placed(feature, &self.shown.crs)?;
        let value = |column: &Column<'_>| match column.value(feature, distance_m) {
            Datum::Array(items) => {
                let mut text = String::new();
                write_array(&mut text, items);
                Datum::Text(text.into())
            }
            value => value,
        };
        let values: Vec<_> = self.columns.iter().map(value).collect();
        Ok(db.push(feature.fid().as_i64(), geometry.as_deref(), &values)?)
    }
}

impl<'a> GeoPackage<'a> {
    /// Begins a file.
    ///
    /// # Errors
    /// Where no temporary file can be made.
    pub fn new(sink: &'a mut dyn Sink, shown: Shown<'a>) -> Result<Self, WriteError> {
        let file = NamedTempFile::with_suffix(".gpkg")?;
        let mut db = PlainGeoPackage::create(file.path())?;
        let rows = Rows::begin(&mut db, shown)?;
        Ok(Self {
            sink,
            file,
            db,
            rows,
            size: 0,
        })
    }
}

impl FeatureWriter for GeoPackage<'_> {
    fn feature(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError> {
        // What a row takes beside its positions is little, and not known before it is written.
        self.size += 100
            + feature
                .geometry()
                .map_or(0, |geometry| geometry.coord_count() as u64 * 16);
        self.rows.push(&mut self.db, feature, distance_m)
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn finish(self: Box<Self>, _: &Foot<'_>) -> Result<Vec<Note>, WriteError> {
        let Self { sink, file, db, .. } = *self;
        db.close()?;
        std::io::copy(&mut file.reopen()?, sink)?;
        Ok(Vec::new())
    }
}
