//! Sealing: making a version of what the triggers recorded.
//!
//! Pending are current rows without `since` and history rows without `until`. Any number of edits of one feature is one
//! change: the history has the state before the first, the table the one after the last.

use super::catalog;
use super::fault::Inner;
use super::schema;
use super::table::{Table, quote};
use crate::LoadCounts;
use onemap_model::Version;
use rusqlite::Connection;

/// Whether a feature that was edited into what it was before counts as changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SameContent {
    /// It was never touched.
    IsNoChange,
    /// It counts, because its columns mean something else now.
    IsChange,
}

/// Opens the gate: what is written now, in this transaction, is not recorded by the triggers.
pub(super) fn open_gate(db: &Connection) -> Inner<()> {
    db.execute("UPDATE onemap_gate SET open = 1", [])?;
    Ok(())
}

/// Closes the gate again.
pub(super) fn close_gate(db: &Connection) -> Inner<()> {
    db.execute("UPDATE onemap_gate SET open = 0", [])?;
    Ok(())
}

/// Whether anything is pending in a layer.
pub(super) fn is_pending(db: &Connection, table: &Table) -> Inner<bool> {
    let (t, h) = (table.current(), table.history());
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM {t} WHERE since IS NULL) OR EXISTS (SELECT 1 FROM {h} WHERE until IS NULL)"
    );
    Ok(db.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
}

/// Makes what is pending in a layer part of `version`; the gate must be open.
pub(super) fn seal(db: &Connection, table: &Table, version: Version, same: SameContent) -> Inner<LoadCounts> {
    let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
    let v = version.0;
    if same == SameContent::IsNoChange {
        let equal = table
            .content()
            .iter()
            .map(|c| format!(" AND {t}.{c} IS {h}.{c}"))
            .collect::<String>();
        db.execute_batch(&format!(
            "UPDATE {t} SET since = (SELECT {h}.since FROM {h} WHERE {h}.{fid} = {t}.{fid} AND {h}.until IS NULL) \
             WHERE since IS NULL AND EXISTS \
             (SELECT 1 FROM {h} WHERE {h}.{fid} = {t}.{fid} AND {h}.until IS NULL{equal})"
        ))?;
    }
    db.execute_batch(&format!(
        "DELETE FROM {h} WHERE until IS NULL AND EXISTS \
         (SELECT 1 FROM {t} WHERE {t}.{fid} = {h}.{fid} AND {t}.since IS NOT NULL)"
    ))?;
    let count = |sql: String| db.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(|n| n as u64);
    let fresh = count(format!("SELECT count(*) FROM {t} WHERE since IS NULL"))?;
    let saved = count(format!("SELECT count(*) FROM {h} WHERE until IS NULL"))?;
    let updated = count(format!(
        "SELECT count(*) FROM {h} CROSS JOIN {t} ON {t}.{fid} = {h}.{fid} WHERE {h}.until IS NULL"
    ))?;
    if let (Some(rtree), Some(geom)) = (table.rtree_name(), &table.geom)
        && schema::exists(db, &rtree)?
    {
        // A row that was pushed out by REPLACE leaves its entry behind, and so does a geometry that another program's
        // functions make nothing of.
        let (r, geom) = (quote(&rtree), quote(geom));
        db.execute_batch(&format!(
            "DELETE FROM {r} WHERE id IN (SELECT {fid} FROM {h} WHERE until IS NULL EXCEPT SELECT {fid} FROM {t}); \
             DELETE FROM {r} WHERE id IN (SELECT {fid} FROM {t} WHERE since IS NULL AND \
             ({geom} ISNULL OR ST_IsEmpty({geom})))"
        ))?;
    }
    db.execute_batch(&format!(
        "UPDATE {h} SET until = {v} WHERE until IS NULL; UPDATE {t} SET since = {v} WHERE since IS NULL"
    ))?;
    catalog::raise_sequence(db, table)?;
    Ok(LoadCounts {
        inserted: fresh - updated,
        updated,
        unchanged: 0,
        deleted: saved - updated,
    })
}
