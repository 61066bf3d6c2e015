//! A GeoPackage that is no store: layers for other people, without history or log (OGC 12-128r18, with R-trees).
//!
//! Written once, into a file that is nobody's yet: there is no journal, and who puts it in its place sees to it that it is
//! on the disk.

use super::fault::{Fault, Inner};
use super::pack::Packer;
use super::table::{Table, quote};
use super::{blob, schema, triggers, values};
use crate::{Error, Result};
use onemap_model::cql2::Datum;
use onemap_model::{Bbox, Crs, FieldType, Geometry, GeometryType, Layer};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params};
use std::path::Path;

/// The standard's own tables, with those systems that every GeoPackage has.
const TABLES: &str = include_str!("../../../schemas/geopackage/plain.sql");
const FID: &str = "fid";
const GEOM: &str = "geom";

/// A GeoPackage in the making.
#[derive(Debug)]
pub struct PlainGeoPackage {
    db: Connection,
    path: String,
    layer: Option<Open>,
}

/// A layer of a [`PlainGeoPackage`].
#[derive(Debug, Clone, Copy)]
pub struct PlainLayer<'a> {
    /// Its name, title and kind of geometry.
    pub layer: &'a Layer,
    /// The system of its coordinates.
    pub srs: PlainSrs<'a>,
    /// Its columns beside `fid` and `geom`.
    pub columns: &'a [(&'a str, FieldType)],
}

/// A coordinate system by EPSG's code.
#[derive(Debug, Clone, Copy)]
pub struct PlainSrs<'a> {
    /// The code.
    pub code: u32,
    /// The name.
    pub name: &'a str,
    /// Its definition as WKT 1.
    pub wkt: &'a str,
}

#[derive(Debug)]
struct Open {
    table: Table,
    crs: Crs,
    insert: String,
    rows: u64,
    extent: Option<Bbox>,
    has_z: bool,
    blob: Vec<u8>,
}

impl PlainGeoPackage {
    /// A new file at `path`, where there must be none, or an empty one.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let make = || -> Inner<Connection> {
            let db = Connection::open(path)?;
            db.execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; \
                 PRAGMA application_id = 0x47504b47; PRAGMA user_version = 10300; BEGIN",
            )?;
            db.execute_batch(TABLES)?;
            Ok(db)
        };
        let db = make().map_err(|fault| fault.of(&shown))?;
        Ok(Self {
            db,
            path: shown,
            layer: None,
        })
    }

    /// Begins a layer; the features pushed next are its.
    ///
    /// # Errors
    /// A full disk; a layer of a name that is there already.
    pub fn start_layer(&mut self, plain: &PlainLayer<'_>) -> Result<()> {
        let open = self.start(plain).map_err(|fault| fault.of(&self.path))?;
        self.layer = Some(open);
        Ok(())
    }

    /// Adds a feature to the layer that was started last: its number, its place, and a value for each column.
    ///
    /// # Errors
    /// A full disk; a number that comes twice.
    pub fn push(&mut self, fid: i64, geometry: Option<&Geometry>, values: &[Datum<'_>]) -> Result<()> {
        let Some(open) = &mut self.layer else {
            return Err(Error::Damaged {
                store: self.path.clone(),
                reason: "a feature came before its layer".to_owned(),
            });
        };
        let write = |open: &mut Open| -> Inner<()> {
            let mut insert = self.db.prepare_cached(&open.insert)?;
            let mut at = 1;
            insert.raw_bind_parameter(at, fid)?;
            if open.table.geom.is_some() {
                at += 1;
                match geometry {
                    None => insert.raw_bind_parameter(at, rusqlite::types::Null)?,
                    Some(geometry) => {
                        open.see(geometry);
                        insert.raw_bind_parameter(at, &open.blob)?;
                    }
                }
            }
            for value in values {
                at += 1;
                insert.raw_bind_parameter(at, to_sql(value))?;
            }
            insert.raw_execute()?;
            open.rows += 1;
            Ok(())
        };
        write(open).map_err(|fault| fault.of(&self.path))
    }

    /// Ends the layer: its extent, its count, its R-tree.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish_layer(&mut self) -> Result<()> {
        let Some(open) = self.layer.take() else { return Ok(()) };
        self.finish(&open).map_err(|fault| fault.of(&self.path))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// A full disk.
    pub fn close(mut self) -> Result<()> {
        self.finish_layer()?;
        let ended = self.db.execute_batch("COMMIT").map_err(Fault::Sql);
        ended.map_err(|fault| fault.of(&self.path))?;
        let closed = self.db.close().map_err(|(_, error)| Fault::Sql(error));
        closed.map_err(|fault| fault.of(&self.path))
    }

    fn start(&self, plain: &PlainLayer<'_>) -> Inner<Open> {
        let (db, layer, srs) = (&self.db, plain.layer, plain.srs);
        let has_place = layer.geometry_type != GeometryType::None;
        let table = Table {
            layer: layer.clone(),
            fid: FID.to_owned(),
            geom: has_place.then(|| GEOM.to_owned()),
            columns: Vec::new(),
        };
        let mut columns = vec![format!("{FID} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL")];
        if has_place {
            columns.push(format!("{GEOM} {}", schema::geometry_name(layer.geometry_type)));
        }
        let fields = plain.columns.iter();
        columns.extend(fields.map(|(name, kind)| format!("{} {}", quote(name), values::declared(*kind))));
        db.execute_batch(&format!("CREATE TABLE {} ({})", table.current(), columns.join(", ")))?;
        db.execute(
            "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?1, ?2, 'EPSG', ?2, ?3, NULL)",
            params![srs.name, srs.code, srs.wkt],
        )?;
        let crs = Crs::epsg(srs.code);
        let mut registered = table.clone();
        registered.layer.crs = crs;
        schema::register(db, &registered)?;
        schema::create_rtree(db, &table)?;
        let places = vec!["?"; columns.len()].join(", ");
        Ok(Open {
            insert: format!("INSERT INTO {} VALUES ({places})", table.current()),
            table,
            crs,
            rows: 0,
            extent: None,
            has_z: false,
            blob: Vec::new(),
        })
    }

    fn finish(&self, open: &Open) -> Inner<()> {
        let (db, table) = (&self.db, &open.table);
        if let Some(rtree) = table.rtree_name() {
            let mut packer = Packer::new(db, &rtree)?;
            let mut select = db.prepare(&format!("SELECT {FID}, {GEOM} FROM {}", table.current()))?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let bbox = match row.get_ref(1)? {
                    ValueRef::Blob(bytes) => blob::bbox(bytes),
                    _ => None,
                };
                if let Some(bbox) = bbox {
                    packer.push(row.get(0)?, &bbox)?;
                }
            }
            packer.finish()?;
        }
        for trigger in triggers::of_rtree(table).into_iter().chain(triggers::of_count(table)) {
            db.execute_batch(&trigger.sql)?;
        }
        if open.has_z {
            schema::allow_heights(db, table)?;
        }
        schema::refresh_contents(db, table, open.rows, schema::Extent::Is(open.extent))
    }
}

impl Open {
    /// Makes the blob of a geometry, and notes what it is like.
    fn see(&mut self, geometry: &Geometry) {
        self.blob.clear();
        blob::encode(geometry, self.table.layer.geometry_type, self.crs, &mut self.blob);
        self.has_z |= geometry.has_z();
        if let Some(bbox) = geometry.bbox() {
            self.extent = Some(self.extent.map_or(bbox, |extent| extent.union(bbox)));
        }
    }
}

fn to_sql<'v>(value: &'v Datum<'_>) -> ToSqlOutput<'v> {
    use rusqlite::types::Value as Sql;
    match value {
        Datum::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Datum::Bool(value) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*value))),
        Datum::Int(value) => ToSqlOutput::Borrowed(ValueRef::Integer(*value)),
        Datum::Float(value) => ToSqlOutput::Borrowed(ValueRef::Real(*value)),
        Datum::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Datum::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Datum::Date(date) => ToSqlOutput::Owned(Sql::Text(date.to_string())),
        Datum::DateTime(moment) => ToSqlOutput::Owned(Sql::Text(moment.to_string())),
        Datum::Array(items) => ToSqlOutput::Owned(Sql::Text(values::array_to_text(items))),
    }
}
