//! The kept state: every layer's rows as the newest version has them, once more.
//!
//! Triggers do not see a table that is dropped, made anew or reshaped, nor what is edited while they are missing. Then
//! what was there is read from here, so that the difference goes into log and history as if triggers had seen it.
//! Only onemap writes here: each commit brings the kept state up to date with what it changed.

use super::catalog;
use super::fault::Inner;
use super::schema;
use super::table::{Table, quote};
use super::values;
use onemap_model::Version;
use rusqlite::Connection;

/// The name of the table, unquoted.
fn name_of(layer: &str) -> String {
    format!("onemap_kept_{layer}")
}

/// Number, content and version, quoted.
fn columns(table: &Table) -> String {
    format!("{}, {}, \"since\"", quote(&table.fid), table.content().join(", "))
}

/// Whether the kept state of a layer is there, as rows of this shape.
pub(super) fn is_there(db: &Connection, table: &Table) -> Inner<bool> {
    let found = schema::columns_of(db, &name_of(table.name()))?;
    let found = found
        .iter()
        .map(|column| quote(&column.name))
        .collect::<Vec<_>>()
        .join(", ");
    Ok(found == columns(table))
}

/// Makes the kept state of a layer anew: what is pending counts as it was before.
pub(super) fn make(db: &Connection, table: &Table) -> Inner<()> {
    let (t, h, k) = (table.current(), table.history(), quote(&name_of(table.name())));
    let columns = columns(table);
    let fields = table.layer.fields().iter().zip(&table.columns);
    let declared = fields.map(|(field, column)| format!(", {} {}", quote(column), values::declared(field.field_type)));
    let geom = table.geom.iter().map(|geom| format!(", {} BLOB", quote(geom)));
    db.execute_batch(&format!(
        "DROP TABLE IF EXISTS {k}; \
         CREATE TABLE {k} ({} INTEGER PRIMARY KEY NOT NULL{}, valid_from DATETIME, valid_to DATETIME{}, since INTEGER); \
         INSERT INTO {k} ({columns}) SELECT {columns} FROM {t} WHERE since IS NOT NULL; \
         INSERT OR IGNORE INTO {k} ({columns}) SELECT {columns} FROM {h} WHERE until IS NULL",
        quote(&table.fid),
        geom.collect::<String>(),
        declared.collect::<String>(),
    ))?;
    Ok(())
}

/// Brings the kept state of a layer up to date with what `version` changed; nothing of the layer may be pending.
pub(super) fn follow(db: &Connection, layer: &str, version: Version) -> Inner<()> {
    let k = quote(&name_of(layer));
    let Some(table) = catalog::table(db, layer, Version(i64::MAX as u64))? else {
        db.execute_batch(&format!("DROP TABLE IF EXISTS {k}"))?;
        return Ok(());
    };
    if !is_there(db, &table)? {
        return make(db, &table);
    }
    let (t, h, fid, columns) = (table.current(), table.history(), quote(&table.fid), columns(&table));
    db.execute_batch(&format!(
        "DELETE FROM {k} WHERE {fid} IN (SELECT {fid} FROM {h} WHERE until = {version}); \
         INSERT OR REPLACE INTO {k} ({columns}) SELECT {columns} FROM {t} WHERE since = {version}"
    ))?;
    Ok(())
}

/// Makes everything pending that a layer was, so that sealing finds how its table differs. The history must have the
/// columns of `table`.
pub(super) fn make_pending(db: &Connection, table: &Table) -> Inner<()> {
    let (h, k, fid) = (table.history(), quote(&name_of(table.name())), quote(&table.fid));
    let columns = columns(table);
    db.execute_batch(&format!(
        "INSERT INTO {h} ({columns}) SELECT {columns} FROM {k} WHERE {fid} NOT IN \
         (SELECT {fid} FROM {h} WHERE until IS NULL)"
    ))?;
    Ok(())
}

/// How many rows differ from the kept state.
pub(super) fn deviations(db: &Connection, table: &Table) -> Inner<u64> {
    let (t, k, fid) = (table.current(), quote(&name_of(table.name())), quote(&table.fid));
    let same: String = table.content().iter().map(|c| format!(" AND k.{c} IS t.{c}")).collect();
    let sql = format!(
        "SELECT (SELECT count(*) FROM {t} t LEFT JOIN {k} k ON k.{fid} = t.{fid} AND k.since IS t.since{same} \
           WHERE k.{fid} IS NULL) + \
         (SELECT count(*) FROM {k} k LEFT JOIN {t} t ON t.{fid} = k.{fid} WHERE t.{fid} IS NULL)"
    );
    Ok(db.query_row(&sql, [], |row| row.get::<_, i64>(0))? as u64)
}
