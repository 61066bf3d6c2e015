//! Staging: loaded rows wait in temporary tables, with their place on the Hilbert curve, key and content hash.

use super::fault::Inner;
use super::rows::{self, Identity};
use super::table::Table;
use super::{blob, hilbert, values};
use onemap_model::{Bbox, Row, TimeSpan};
use rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};
use rusqlite::{Connection, params_from_iter};

/// The rows of one layer of a load.
#[derive(Debug)]
pub(super) struct Stage {
    /// The layer as it is loaded.
    pub table: Table,
    /// The temporary table.
    pub name: String,
    /// How many rows it holds.
    pub rows: u64,
    /// Their box.
    pub extent: Option<Bbox>,
    /// Whether any of them has heights.
    pub has_z: bool,
    sql: String,
    blob: Vec<u8>,
}

impl Stage {
    /// Makes the temporary table; it goes with the transaction that it was made in.
    pub fn create(db: &Connection, table: Table, number: usize) -> Inner<Self> {
        let name = format!("temp.onemap_stage_{number}");
        let columns: String = (0..table.columns.len()).map(|i| format!(", c{i}")).collect();
        db.execute_batch(&format!(
            "CREATE TABLE {name} (place INTEGER, key, hash, geom, valid_from, valid_to{columns})"
        ))?;
        let marks = vec!["?"; table.columns.len() + 6].join(", ");
        Ok(Self {
            sql: format!("INSERT INTO {name} VALUES ({marks})"),
            table,
            name,
            rows: 0,
            extent: None,
            has_z: false,
            blob: Vec::new(),
        })
    }

    /// The columns of the table that [`Table::content`] names, in its order.
    pub fn content(&self) -> String {
        let geom = if self.table.geom.is_some() { "geom, " } else { "" };
        let fields: String = (0..self.table.columns.len()).map(|i| format!(", c{i}")).collect();
        format!("{geom}valid_from, valid_to{fields}")
    }

    /// Adds a row that was checked to fit.
    pub fn push(&mut self, db: &Connection, row: &Row) -> Inner<()> {
        self.blob.clear();
        let mut place = 0;
        if let Some(geometry) = &row.geometry {
            blob::encode(
                geometry,
                self.table.layer.geometry_type,
                self.table.layer.crs,
                &mut self.blob,
            );
            if let Some(bbox) = geometry.bbox() {
                place = hilbert::place(bbox.center());
                self.extent = Some(self.extent.map_or(bbox, |extent| extent.union(bbox)));
            }
            self.has_z |= geometry.has_z();
        }
        let has_geometry = row.geometry.is_some();
        let wkb = has_geometry.then(|| blob::wkb_part(&self.blob));
        let identity = Identity {
            hash: rows::content_hash(wkb, &row.values, row.valid),
            key: rows::key_text(self.table.layer.key(), &row.values, row.valid),
        };
        let fixed = [
            ToSqlOutput::Borrowed(ValueRef::Integer(place)),
            ToSqlOutput::Owned(identity.key.map_or(Sql::Null, Sql::Text)),
            ToSqlOutput::Borrowed(ValueRef::Blob(&identity.hash)),
            ToSqlOutput::Borrowed(if has_geometry {
                ValueRef::Blob(&self.blob)
            } else {
                ValueRef::Null
            }),
        ];
        let parameters = fixed
            .into_iter()
            .chain(ends(row.valid))
            .chain(row.values.iter().map(values::to_sql));
        db.prepare_cached(&self.sql)?.execute(params_from_iter(parameters))?;
        self.rows += 1;
        Ok(())
    }
}

fn ends(valid: TimeSpan) -> [ToSqlOutput<'static>; 2] {
    [valid.from(), valid.to()]
        .map(|end| ToSqlOutput::Owned(end.map_or(Sql::Null, |moment| Sql::Text(moment.to_string()))))
}
