//! Following a table that was dropped, made anew or changed past the triggers: what it holds is compared with the history,
//! and the difference is logged as if the triggers had seen it.

use super::catalog;
use super::connect::Link;
use super::reshape;
use super::schema::{self, History};
use super::table::{Table, literal, quote};
use crate::{LoadCounts, Result};

/// Makes the store agree with the table of a layer again. In a transaction.
pub(super) fn follow(link: &mut Link, known: &Table, postgis: &str) -> Result<()> {
    match reshape::of_table(link, known, postgis)? {
        None => bury(link, known),
        Some(Err(reason)) => refuse(link, known, &reason),
        Some(Ok(_)) => {
            link.batch(&format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", known.current()))?;
            // It may have changed until the lock was there.
            match reshape::of_table(link, known, postgis)? {
                None => bury(link, known),
                Some(Err(reason)) => refuse(link, known, &reason),
                Some(Ok(table)) => adapt(link, known, table, postgis),
            }
        }
    }
}

/// Leaves a layer as it was, because its table cannot be followed. Said once, and by `verify`.
pub(super) fn refuse(link: &mut Link, known: &Table, reason: &str) -> Result<()> {
    let sql = "UPDATE onemap_meta.following SET refused = coalesce(onemap_meta.shape(layer), ''), reason = $2 WHERE layer = $1";
    link.execute(sql, &[&known.name(), &reason])?;
    tracing::error!(
        layer = known.name(),
        "its table was changed by another program and cannot be followed; the layer stays as it was: {reason}"
    );
    Ok(())
}

/// The table is gone: so are the features. The definition waits for a table of that name.
fn bury(link: &mut Link, known: &Table) -> Result<()> {
    let sql = "SELECT FROM onemap_meta.layer WHERE name = $1 AND until_tx IS NULL";
    if !link.query(sql, &[&known.name()])?.is_empty() {
        let tx = catalog::enter(link, "", "a layer's table was dropped by another program")?;
        let sql = format!("UPDATE {} SET until_tx = $1 WHERE until_tx IS NULL", known.history());
        let deleted = link.execute(&sql, &[&tx])?;
        let counts = LoadCounts {
            deleted,
            ..LoadCounts::default()
        };
        catalog::touch(link, tx, known.name(), &counts)?;
        catalog::define(link, known.name(), None, tx)?;
        tracing::info!(layer = known.name(), "its table was dropped by another program");
    }
    let sql = "UPDATE onemap_meta.following SET shape = onemap_meta.shape(layer), refused = NULL, reason = NULL WHERE layer = $1";
    link.execute(sql, &[&known.name()])?;
    Ok(())
}

/// Compares table and history, logs the difference, and lets the triggers record what comes next.
fn adapt(link: &mut Link, known: &Table, mut table: Table, postgis: &str) -> Result<()> {
    if let Some(reason) = bad_number(link, &table)? {
        return refuse(link, known, &reason);
    }
    let columns = names_of_columns(link, &table)?;
    link.batch(&own_parts(&columns, &table))?;
    if schema::ensure_history(link, &mut table, postgis)? == History::Made {
        link.batch(&schema::index_history(&table))?;
    }
    let tx = catalog::enter(link, "", "a layer's table was changed by another program")?;
    let counts = difference(link, &table, tx, postgis)?;
    catalog::touch(link, tx, table.name(), &LoadCounts { updated: 0, ..counts })?;
    catalog::define(link, table.name(), Some(&table), tx)?;
    link.batch(&schema::raise_sequence(&table))?;
    schema::finish(link, &table, postgis)?;
    tracing::info!(
        layer = table.name(),
        inserted = counts.inserted,
        updated = counts.updated,
        deleted = counts.deleted,
        "its table was changed past the triggers by another program"
    );
    Ok(())
}

fn bad_number(link: &mut Link, table: &Table) -> Result<Option<String>> {
    let fid = quote(&table.fid);
    let sql = format!(
        "SELECT {fid}::bigint FROM {} WHERE {fid} NOT BETWEEN 1 AND 9007199254740991 LIMIT 1",
        table.current()
    );
    let rows = link.query(&sql, &[])?;
    Ok(rows.first().map(|row| {
        let number: i64 = row.get(0);
        format!("the feature number {number} is not between 1 and 9007199254740991")
    }))
}

fn names_of_columns(link: &mut Link, table: &Table) -> Result<Vec<String>> {
    let columns = schema::columns_of(link, "public", table.name())?.unwrap_or_default();
    Ok(columns.into_iter().map(|column| column.name).collect())
}

/// Gives a table that another program made the columns of valid time, and numbers that never come again.
fn own_parts(columns: &[String], table: &Table) -> String {
    let (t, fid) = (table.current(), quote(&table.fid));
    let mut sql = schema::create_sequence(table);
    for (name, kind) in ["valid_from", "valid_to"].iter().zip(&table.valid) {
        if !columns.iter().any(|column| column == name) {
            sql.push_str(&format!("ALTER TABLE {t} ADD COLUMN \"{name}\" {kind};\n"));
        }
    }
    sql.push_str(&format!(
        "ALTER TABLE {t} ALTER COLUMN {fid} DROP IDENTITY IF EXISTS;\n\
         ALTER TABLE {t} ALTER COLUMN {fid} SET DEFAULT nextval({}::regclass);\n",
        literal(&table.sequence())
    ));
    sql
}

/// Ends the states that the table does not have any more, and begins those that it has.
fn difference(link: &mut Link, table: &Table, tx: i64, postgis: &str) -> Result<LoadCounts> {
    let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
    let same = table.same("n", "h", postgis);
    let close = format!(
        "UPDATE {h} h SET until_tx = {tx} WHERE h.until_tx IS NULL \
         AND NOT EXISTS (SELECT FROM {t} n WHERE n.{fid} = h.fid AND {same})"
    );
    let closed = link.execute_long(&close)?;
    let open = format!(
        "INSERT INTO {h} (fid, {}, since_tx) SELECT n.{fid}, {}, {tx} FROM {t} n \
         WHERE NOT EXISTS (SELECT FROM {h} c WHERE c.fid = n.{fid} AND c.until_tx IS NULL)",
        table.history_content().join(", "),
        table.as_history("n", postgis).join(", ")
    );
    let opened = link.execute_long(&open)?;
    let both = format!(
        "UPDATE onemap_meta.touched SET updated = (SELECT count(*) FROM {h} o JOIN {h} c ON c.fid = o.fid \
         WHERE o.since_tx = {tx} AND c.until_tx = {tx}) WHERE tx = {tx} AND layer = {}",
        literal(table.name())
    );
    catalog::touch(link, tx, table.name(), &LoadCounts::default())?;
    link.execute_long(&both)?;
    let sql = "SELECT updated FROM onemap_meta.touched WHERE tx = $1 AND layer = $2";
    let updated = link.query(sql, &[&tx, &table.name()])?[0].get::<_, i64>(0) as u64;
    Ok(LoadCounts {
        inserted: opened - updated,
        updated,
        unchanged: 0,
        deleted: closed - updated,
    })
}
