//! Databases as sources: the tables and views of PostgreSQL with PostGIS, read in one transaction that sees one moment and
//! may not write.
//!
//! What would be lost on the way is refused: numbers of more digits than a float holds, geometries of several coordinate
//! systems in one column. A table with several geometry columns is a layer for each, called `table(column)`.

mod connection;
mod table;

use crate::error::{Error, Result};
use crate::source::said;
use crate::{messages, ogr, setup};
use connection::connect;
pub use connection::{is_named, shown};
use gdal::Dataset;
use gdal::vector::sql::Dialect;
use gdal::vector::{Feature, LayerAccess};
pub use table::Table;

/// Which database one is, however it is reached: when its server was started, and its number there.
const IDENTITY: &str = "SELECT pg_postmaster_start_time()::text || ' ' || oid FROM pg_database \
    WHERE datname = current_database()";

const HAS_STORE: &str = "SELECT CASE WHEN to_regclass('onemap_meta.layer') IS NULL THEN 'no' ELSE 'yes' END";
const STORED: &str = "SELECT name FROM onemap_meta.layer WHERE until_tx IS NULL";

/// Which database one is; equal for the same one, however it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(String);

/// Which database `text` names; none where it cannot be reached.
pub fn identity(text: &str) -> Option<Identity> {
    setup::gdal();
    let dataset = connect(text).ok();
    messages::forget();
    identity_of(&dataset?)
}

/// Opens a database and lists what is in it. `store` is the database that will be written to: where it is the same, the
/// layers of the store are no sources.
///
/// # Errors
/// Where it cannot be reached or its catalog cannot be read.
pub fn open(source: &str, store: Option<&Identity>) -> Result<(Dataset, Vec<Table>)> {
    let fault = |reason: String| Error::source(shown(source), reason);
    let dataset = connect(source).map_err(|refusal| refusal.of(source))?;
    ogr::begin(&dataset).map_err(fault)?;
    let mut tables = table::all(&dataset).map_err(fault)?;
    if ask(&dataset, HAS_STORE).map_err(fault)?.as_deref() == Some("yes") {
        let stored = rows(&dataset, STORED, |row| text(row, 0)).map_err(fault)?;
        // What its history looks like stands beside each layer.
        let is_history = |name: &str| {
            name.strip_suffix("_history")
                .is_some_and(|of| stored.iter().any(|name| name == of))
        };
        tables.retain(|table| table.schema != "public" || !is_history(&table.name));
        for table in &mut tables {
            table.is_stored = table.schema == "public" && stored.contains(&table.name);
        }
        if store.is_some() && identity_of(&dataset).as_ref() == store {
            tables.retain(|table| !table.is_stored);
        }
    }
    messages::forget();
    Ok((dataset, tables))
}

fn identity_of(dataset: &Dataset) -> Option<Identity> {
    ask(dataset, IDENTITY).ok().flatten().map(Identity)
}

/// The first value of the first row that `sql` gives; none where it gives none.
fn ask(dataset: &Dataset, sql: &str) -> Result<Option<String>, String> {
    Ok(rows(dataset, sql, |row| text(row, 0))?.into_iter().next())
}

fn rows<T>(dataset: &Dataset, sql: &str, read: impl Fn(&Feature<'_>) -> T) -> Result<Vec<T>, String> {
    messages::forget();
    let found = dataset
        .execute_sql(sql, None, Dialect::DEFAULT)
        .map_err(|error| said(&error))?;
    let mut found = found.ok_or("its catalog gives no answer")?;
    let rows = found.features().map(|row| read(&row)).collect();
    match messages::take_line() {
        Some(wrong) => Err(wrong),
        None => Ok(rows),
    }
}

fn text(row: &Feature<'_>, at: usize) -> String {
    row.field_as_string(at).ok().flatten().unwrap_or_default()
}
