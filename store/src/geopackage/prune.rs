//! Forgetting history.

use super::GeoPackage;
use super::catalog;
use super::fault::Inner;
use super::schema;
use super::table::{Table, quote};
use crate::{Error, Pruned};
use onemap_model::Version;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// The oldest version that can be read.
pub(super) fn oldest(db: &Connection) -> Inner<Version> {
    let sql = "SELECT value FROM onemap_meta WHERE key = 'oldest'";
    let found: Option<i64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    Ok(Version(found.unwrap_or(0).max(0) as u64))
}

/// Refuses a place in the log that is older than what is kept.
pub(super) fn check_kept(db: &Connection, after: Version) -> Inner<()> {
    let oldest = oldest(db)?;
    if after < oldest {
        return Err(Error::Pruned { oldest }.into());
    }
    Ok(())
}

/// Forgets the states that ended before a version began; see [`crate::Store::prune`]. Commits stay as a record of who did
/// what when.
pub(super) fn prune(package: &mut GeoPackage, before: Version) -> Inner<Pruned> {
    package.look()?;
    let tx = package.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (kept, newest) = (oldest(&tx)?, catalog::version(&tx)?);
    if before < kept || before > newest {
        return Err(Error::UnknownVersion {
            asked: before,
            oldest: kept,
            newest,
        }
        .into());
    }
    let mut rows = 0;
    for table in catalog::newest_tables(&tx)? {
        rows += forget(&tx, &table, before)?;
    }
    let v = before.0 as i64;
    tx.execute("DELETE FROM onemap_layer WHERE until <= ?", [v])?;
    tx.execute("INSERT OR REPLACE INTO onemap_meta VALUES ('oldest', ?)", [v])?;
    tx.commit()?;
    Ok(Pruned { oldest: before, rows })
}

fn forget(db: &Connection, table: &Table, before: Version) -> Inner<u64> {
    if !schema::exists(db, &table.history_name())? {
        return Ok(0);
    }
    let (h, fid) = (table.history(), quote(&table.fid));
    // Where nothing else remembers the highest number that was given, its last row goes on doing so.
    let highest = if schema::exists(db, table.name())? {
        format!(
            "coalesce((SELECT max({fid}) FROM {h} HAVING max({fid}) > max(\
             ifnull((SELECT max({fid}) FROM {t}), 0), ifnull((SELECT max(seq) FROM sqlite_sequence WHERE name = ?2), 0))), 0)",
            t = table.current()
        )
    } else {
        format!("(SELECT max({fid}) FROM {h} WHERE ?2 NOTNULL)")
    };
    let sql = format!("DELETE FROM {h} WHERE until <= ?1 AND {fid} <> {highest}");
    Ok(db.execute(&sql, rusqlite::params![before.0 as i64, table.name()])? as u64)
}
