//! What the store knows of its layers: their definitions from version to version, their counts, how their tables looked.

use super::connect::Link;
use super::table::Table;
use crate::{Error, LoadCounts, Result};
use onemap_model::{Instant, Version};

/// The version that the store is at.
pub(super) fn version(link: &mut Link) -> Result<Version> {
    let rows = link.query(
        "SELECT coalesce(max(version), 0) FROM onemap_meta.commit WHERE version IS NOT NULL",
        &[],
    )?;
    Ok(number(rows[0].get(0)))
}

/// The oldest version that can be read.
pub(super) fn oldest(link: &mut Link) -> Result<Version> {
    let rows = link.query("SELECT value::bigint FROM onemap_meta.meta WHERE key = 'oldest'", &[])?;
    Ok(rows.first().map_or(Version(0), |row| number(row.get(0))))
}

/// The layers as they are now, also as the running transaction made them, by name.
pub(super) fn current_tables(link: &mut Link) -> Result<Vec<Table>> {
    let sql = "SELECT name, definition::text FROM onemap_meta.layer WHERE until_tx IS NULL ORDER BY name COLLATE \"C\"";
    tables_of(link, sql, &[])
}

/// The layers as they were at a version, by name.
pub(super) fn tables(link: &mut Link, at: Version) -> Result<Vec<Table>> {
    // Whose commit is no longer kept is older than anything that can be asked for.
    let sql = "SELECT l.name, l.definition::text FROM onemap_meta.layer l
               LEFT JOIN onemap_meta.commit b ON b.tx = l.since_tx LEFT JOIN onemap_meta.commit e ON e.tx = l.until_tx
               WHERE (b.tx IS NULL OR b.version <= $1) AND (l.until_tx IS NULL OR e.version > $1)
               ORDER BY l.name COLLATE \"C\"";
    tables_of(link, sql, &[&signed(at)])
}

fn tables_of(
    link: &mut Link,
    sql: &str,
    parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> Result<Vec<Table>> {
    let rows = link.query(sql, parameters)?;
    rows.iter().map(|row| parse(link, row.get(0), row.get(1))).collect()
}

/// Reads a definition.
pub(super) fn parse(link: &Link, name: &str, json: &str) -> Result<Table> {
    Table::from_json(name, json).map_err(|reason| Error::Damaged {
        store: link.store().to_owned(),
        reason: format!("definition of layer {name:?}: {reason}"),
    })
}

/// Says how a layer is defined from this transaction on; with none, that it is no more. A definition that tells the same
/// to readers takes the place of the one that is there.
pub(super) fn define(link: &mut Link, name: &str, new: Option<&Table>, tx: i64) -> Result<()> {
    let current = current_tables(link)?.into_iter().find(|table| table.name() == name);
    if let (Some(old), Some(new)) = (&current, new)
        && old.layer == new.layer
        && old.has_same_history(new)
    {
        let sql = "UPDATE onemap_meta.layer SET definition = $2::text::json WHERE name = $1 AND until_tx IS NULL";
        link.execute(sql, &[&name, &new.to_json()])?;
        return Ok(());
    }
    link.execute(
        "DELETE FROM onemap_meta.layer WHERE name = $1 AND since_tx = $2",
        &[&name, &tx],
    )?;
    let sql = "UPDATE onemap_meta.layer SET until_tx = $2 WHERE name = $1 AND until_tx IS NULL";
    link.execute(sql, &[&name, &tx])?;
    if let Some(table) = new {
        let sql = "INSERT INTO onemap_meta.layer (name, since_tx, definition) VALUES ($1, $2, $3::text::json)";
        link.execute(sql, &[&name, &tx, &table.to_json()])?;
    }
    let sql = "INSERT INTO onemap_meta.touched (tx, layer, redefined) VALUES ($1, $2, true)
               ON CONFLICT (tx, layer) DO UPDATE SET redefined = true";
    link.execute(sql, &[&tx, &name])?;
    Ok(())
}

/// Remembers how the layer's table looks now: what looks otherwise later was changed by others.
pub(super) fn remember(link: &mut Link, table: &Table) -> Result<()> {
    let sql = "INSERT INTO onemap_meta.following (layer, definition, shape) VALUES ($1, $2::text::json, onemap_meta.shape($1))
               ON CONFLICT (layer) DO UPDATE SET definition = excluded.definition, shape = excluded.shape,
                 refused = NULL, reason = NULL";
    link.execute(sql, &[&table.name(), &table.to_json()])?;
    Ok(())
}

/// Makes the running transaction one that will be a version, and gives the number that its rows carry. Until the commit
/// [`touch`], [`define`] and the triggers add to what it did; where that is nothing, there will be no version.
pub(super) fn enter(link: &mut Link, who: &str, what: &str) -> Result<i64> {
    let rows = link.query("SELECT onemap_meta.current_tx()", &[])?;
    if let Some(tx) = rows[0].get(0) {
        return Ok(tx);
    }
    let rows = link.query("SELECT nextval('onemap_meta.tx')", &[])?;
    let tx: i64 = rows[0].get(0);
    link.execute("SELECT onemap_meta.enter($1, $2, $3)", &[&tx, &who, &what])?;
    Ok(tx)
}

/// Adds what the transaction did to a layer by set, past the triggers.
pub(super) fn touch(link: &mut Link, tx: i64, layer: &str, counts: &LoadCounts) -> Result<()> {
    let [inserted, updated, deleted] = [counts.inserted, counts.updated, counts.deleted].map(|n| n as i64);
    let sql = "SELECT onemap_meta.touch($1, $2, $3, $4, $5)";
    link.execute(sql, &[&tx, &layer, &inserted, &updated, &deleted])?;
    Ok(())
}

/// The version that the transaction `tx` became; that of the store where it came to nothing. To be asked after its commit.
pub(super) fn version_of(link: &mut Link, tx: i64) -> Result<Version> {
    let rows = link.query("SELECT version FROM onemap_meta.commit WHERE tx = $1", &[&tx])?;
    match rows.first().and_then(|row| row.get::<_, Option<i64>>(0)) {
        Some(version) => Ok(number(version)),
        None => version(link),
    }
}

/// Per layer: the version up to `at` that last changed it, and how many features it had after it.
pub(super) fn states(link: &mut Link, names: &[String], at: Version) -> Result<Vec<(Version, u64)>> {
    let sql =
        "SELECT (SELECT coalesce(max(t.version), 0) FROM onemap_meta.touched t WHERE t.layer = l.name AND t.version <= $2),
                 (coalesce(c.features, 0) + (SELECT coalesce(sum(t.inserted - t.deleted), 0) FROM onemap_meta.touched t
                   WHERE t.layer = l.name AND t.version > coalesce(c.version, -1) AND t.version <= $2))::bigint
               FROM unnest($1::text[]) WITH ORDINALITY AS l (name, place)
               LEFT JOIN LATERAL (SELECT k.version, k.features FROM onemap_meta.layer_count k
                 WHERE k.layer = l.name AND k.version <= $2 ORDER BY k.version DESC LIMIT 1) c ON true
               ORDER BY l.place";
    let rows = link.query(sql, &[&names, &signed(at)])?;
    let state = |row: &tokio_postgres::Row| (number(row.get(0)), row.get::<_, i64>(1).max(0) as u64);
    Ok(rows.iter().map(state).collect())
}

/// Writes down how many features each layer has at `at`, so that states need not sum up from the beginning.
pub(super) fn count_up(link: &mut Link, names: &[String], at: Version) -> Result<()> {
    let states = states(link, names, at)?;
    for (name, (_, features)) in names.iter().zip(states) {
        let sql = "INSERT INTO onemap_meta.layer_count VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        link.execute(sql, &[name, &signed(at), &(features as i64)])?;
    }
    Ok(())
}

/// A version as PostgreSQL's integer; one that is too great for it stands after all there are.
pub(super) fn signed(version: Version) -> i64 {
    i64::try_from(version.0).unwrap_or(i64::MAX)
}

/// PostgreSQL's integer as a version.
pub(super) fn number(version: i64) -> Version {
    Version(version.max(0) as u64)
}

/// A time of the database, in microseconds since 1970.
pub(super) fn instant(link: &Link, micros: i64) -> Result<Instant> {
    Instant::from_micros(micros).map_err(|error| Error::Damaged {
        store: link.store().to_owned(),
        reason: error.to_string(),
    })
}
