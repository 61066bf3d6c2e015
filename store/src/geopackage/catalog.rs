//! Which versions and layers the file says that there are.

use super::fault::Inner;
use super::kept;
use super::table::{Table, quote};
use crate::{Error, LoadCounts};
use onemap_model::{Fid, Instant, Version};
use rusqlite::{Connection, OptionalExtension, params};

/// The newest version; 0 before the first commit.
pub(super) fn version(db: &Connection) -> Inner<Version> {
    let newest: Option<i64> = db
        .prepare_cached("SELECT max(version) FROM onemap_commit")?
        .query_row([], |row| row.get(0))?;
    Ok(Version(newest.unwrap_or(0).max(0) as u64))
}

/// The layers of a version, in the order of their names.
pub(super) fn tables(db: &Connection, at: Version) -> Inner<Vec<Table>> {
    let mut statement = db.prepare_cached(
        "SELECT name, definition FROM onemap_layer WHERE since <= ?1 AND (until IS NULL OR until > ?1) ORDER BY name",
    )?;
    let mut rows = statement.query([at.0 as i64])?;
    let mut tables = Vec::new();
    while let Some(row) = rows.next()? {
        tables.push(Table::from_json(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?)?);
    }
    Ok(tables)
}

/// The layers as they are now.
pub(super) fn current_tables(db: &Connection) -> Inner<Vec<Table>> {
    tables(db, Version(i64::MAX as u64))
}

/// Every layer that there is or was, with its newest definition.
pub(super) fn newest_tables(db: &Connection) -> Inner<Vec<Table>> {
    // SQLite takes the other columns of the row that has the maximum.
    let mut statement =
        db.prepare_cached("SELECT name, definition, max(since) FROM onemap_layer GROUP BY name ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut tables = Vec::new();
    while let Some(row) = rows.next()? {
        tables.push(Table::from_json(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?)?);
    }
    Ok(tables)
}

/// How a layer is defined at a version; none where it was not there.
pub(super) fn table(db: &Connection, name: &str, at: Version) -> Inner<Option<Table>> {
    let sql = "SELECT definition FROM onemap_layer \
               WHERE name = ?1 AND since <= ?2 AND (until IS NULL OR until > ?2)";
    let json: Option<String> = db
        .prepare_cached(sql)?
        .query_row(params![name, at.0 as i64], |row| row.get(0))
        .optional()?;
    json.map(|json| Table::from_json(name, &json)).transpose()
}

/// Closes the definition of the layer, and opens a new one where there is one.
pub(super) fn define(db: &Connection, name: &str, new: Option<&Table>, version: Version) -> Inner<()> {
    let v = version.0 as i64;
    // A definition that began with this same version never was.
    db.execute(
        "DELETE FROM onemap_layer WHERE name = ? AND since = ?",
        params![name, v],
    )?;
    db.execute(
        "UPDATE onemap_layer SET until = ? WHERE name = ? AND until IS NULL",
        params![v, name],
    )?;
    if let Some(table) = new {
        db.execute(
            "INSERT INTO onemap_layer VALUES (?, ?, NULL, ?)",
            params![name, v, table.to_json()],
        )?;
    }
    Ok(())
}

/// What the last commit that touched a layer, up to a version, left: that version, and the number of features.
pub(super) fn state(db: &Connection, name: &str, at: Version) -> Inner<(Version, u64)> {
    let sql = "SELECT version, features FROM onemap_commit_layer \
               WHERE layer = ? AND version <= ? ORDER BY version DESC LIMIT 1";
    let found: Option<(i64, i64)> = db
        .prepare_cached(sql)?
        .query_row(params![name, at.0 as i64], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map_or((Version(0), 0), |(version, features)| {
        (Version(version as u64), features.max(0) as u64)
    }))
}

/// What a commit did to one layer.
#[derive(Debug, Clone)]
pub(super) struct Touched {
    pub layer: String,
    pub counts: LoadCounts,
    pub features: u64,
}

/// Writes the commit that makes `version`, and keeps the states that it made.
pub(super) fn record(db: &Connection, version: Version, who: &str, what: &str, touched: &[Touched]) -> Inner<()> {
    let v = version.0 as i64;
    db.execute(
        "INSERT INTO onemap_commit VALUES (?, ?, ?, ?)",
        params![v, now().to_string(), who, what],
    )?;
    for one in touched {
        let counts = [
            one.counts.inserted,
            one.counts.updated,
            one.counts.deleted,
            one.features,
        ]
        .map(|n| n as i64);
        db.execute(
            "INSERT INTO onemap_commit_layer VALUES (?, ?, ?, ?, ?, ?)",
            params![v, one.layer, counts[0], counts[1], counts[2], counts[3]],
        )?;
        kept::follow(db, &one.layer, version)?;
    }
    Ok(())
}

fn now() -> Instant {
    let since_1970 = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let micros = i64::try_from(since_1970.as_micros()).unwrap_or(0);
    Instant::from_micros(micros).expect("the clock shows a year before 9999")
}

/// How many rows stand in the table of current rows.
pub(super) fn count(db: &Connection, table: &Table) -> Inner<u64> {
    let sql = format!("SELECT count(*) FROM {}", table.current());
    Ok(db.query_row(&sql, [], |row| row.get::<_, i64>(0))? as u64)
}

/// The first number that no feature of the layer ever had. `AUTOINCREMENT` alone does not know of numbers that features
/// were moved to by an update, and tables of other programs may lack it.
pub(super) fn next_fid(db: &Connection, table: &Table) -> Inner<Fid> {
    let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
    let sql = format!(
        "SELECT max(ifnull((SELECT max({fid}) FROM {t}), 0), ifnull((SELECT max({fid}) FROM {h}), 0), \
         ifnull((SELECT max(seq) FROM sqlite_sequence WHERE name = ?), 0))"
    );
    let last: i64 = db.prepare_cached(&sql)?.query_row([table.name()], |row| row.get(0))?;
    after(table, last.max(0))
}

/// The number after `fid`.
pub(super) fn following(table: &Table, fid: Fid) -> Inner<Fid> {
    after(table, fid.as_i64())
}

fn after(table: &Table, last: i64) -> Inner<Fid> {
    let next = Fid::new(last.saturating_add(1));
    Ok(next.map_err(|_| Error::Misfit {
        layer: table.layer.name().clone(),
        reason: format!("a feature has the number {last}: there is none left after it"),
    })?)
}

/// Lets other programs' rows, too, begin after the numbers that there ever were.
pub(super) fn raise_sequence(db: &Connection, table: &Table) -> Inner<()> {
    if let Ok(next) = next_fid(db, table) {
        let sql = "UPDATE sqlite_sequence SET seq = ?1 WHERE name = ?2 AND seq < ?1";
        db.prepare_cached(sql)?
            .execute(params![next.as_i64() - 1, table.name()])?;
        // A table that was made anew and never filled has no number yet.
        let sql = "INSERT INTO sqlite_sequence (name, seq) SELECT ?2, ?1 \
                   WHERE ?1 > 0 AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?2)";
        db.prepare_cached(sql)?
            .execute(params![next.as_i64() - 1, table.name()])?;
    }
    Ok(())
}
