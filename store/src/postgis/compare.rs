//! What a load changes: staged rows against those that are there, by set, inside the database.
//!
//! Rows equal in content stay untouched, as often as they come on both sides. What is left is paired by key and
//! beginning of valid time: those are updates.

use super::connect::Link;
use super::stage::Stage;
use super::table::{Table, quote};
use crate::{Error, LoadMode, Result};

/// The outcome, in temporary tables that go with the transaction.
#[derive(Debug)]
pub(super) struct Difference {
    /// `(n, fid)`: the staged row, and the feature that it updates, null where it is new.
    pub fresh: String,
    /// `(fid)`: features that have no row in the load.
    pub gone: String,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
}

/// Compares the staged rows with those of `there`: the table as it is, told as the loaded definition tells it.
pub(super) fn compare(
    link: &mut Link,
    stage: &Stage,
    there: &Table,
    mode: LoadMode,
    postgis: &str,
) -> Result<Difference> {
    let (fresh, gone) = (beside(stage, "fresh"), beside(stage, "gone"));
    let mut difference = Difference {
        fresh: fresh.clone(),
        gone: gone.clone(),
        inserted: 0,
        updated: 0,
        unchanged: 0,
        deleted: 0,
    };
    if mode == LoadMode::Append {
        let sql = format!(
            "CREATE TEMPORARY TABLE {fresh} ON COMMIT DROP AS SELECT fid AS n, NULL::bigint AS fid FROM {}",
            stage.name
        );
        difference.inserted = link.execute_long(&sql)?;
        return Ok(difference);
    }
    let (staged, known, same) = (beside(stage, "staged"), beside(stage, "known"), beside(stage, "same"));
    identify(link, &staged, &stage.table, &stage.name, "n", "true", postgis)?;
    let filter = match mode {
        // Other rows cannot be equal to a loaded one, and stay whatever they are.
        LoadMode::Upsert => format!(
            "coalesce({key}, '') IN (SELECT coalesce(k.key, '') FROM {staged} k)",
            key = key(there, "t")
        ),
        _ => "true".to_owned(),
    };
    identify(link, &known, there, &there.current(), "fid", &filter, postgis)?;
    let ranked = |table: &str, number: &str| {
        format!("SELECT {number}, hash, row_number() OVER (PARTITION BY hash ORDER BY {number}) AS r FROM {table}")
    };
    let sql = format!(
        "CREATE TEMPORARY TABLE {same} ON COMMIT DROP AS SELECT a.n, b.fid FROM ({}) a JOIN ({}) b ON b.hash = a.hash AND b.r = a.r",
        ranked(&staged, "n"),
        ranked(&known, "fid")
    );
    difference.unchanged = link.execute_long(&sql)?;
    link.batch_long(&format!("ANALYZE {same}"))?;
    let left = |table: &str, number: &str| {
        format!(
            "SELECT x.{number}, x.key, row_number() OVER (PARTITION BY x.key ORDER BY x.{number}) AS r FROM {table} x \
             WHERE NOT EXISTS (SELECT FROM {same} s WHERE s.{number} = x.{number})"
        )
    };
    let sql = format!(
        "CREATE TEMPORARY TABLE {fresh} ON COMMIT DROP AS SELECT a.n, b.fid FROM ({}) a LEFT JOIN ({}) b ON b.key = a.key AND b.r = a.r",
        left(&staged, "n"),
        left(&known, "fid")
    );
    link.execute_long(&sql)?;
    link.batch_long(&format!("ANALYZE {fresh}"))?;
    let sql = format!("SELECT count(*) FILTER (WHERE fid IS NULL), count(fid) FROM {fresh}");
    let counts = link.query_long(&sql)?;
    difference.inserted = counts[0].get::<_, i64>(0).unsigned_abs();
    difference.updated = counts[0].get::<_, i64>(1).unsigned_abs();
    if mode == LoadMode::Replace {
        let sql = format!(
            "CREATE TEMPORARY TABLE {gone} ON COMMIT DROP AS SELECT k.fid FROM {known} k \
             WHERE NOT EXISTS (SELECT FROM {same} s WHERE s.fid = k.fid) \
             AND NOT EXISTS (SELECT FROM {fresh} f WHERE f.fid = k.fid)"
        );
        difference.deleted = link.execute_long(&sql)?;
    }
    link.batch(&format!("DROP TABLE {staged}, {known}, {same}"))?;
    Ok(difference)
}

/// Refuses an upsert that brings a key twice with the same beginning of valid time.
pub(super) fn refuse_keys_twice(link: &mut Link, stage: &Stage) -> Result<()> {
    let Some(at) = stage.table.layer.key() else {
        return Ok(());
    };
    let sql = format!(
        "SELECT min(t.{}::text) FROM {} t WHERE t.{0} IS NOT NULL GROUP BY {} HAVING count(*) > 1 LIMIT 1",
        quote(&stage.table.columns[at].name),
        stage.name,
        key(&stage.table, "t")
    );
    match link.query_long(&sql)?.first() {
        None => Ok(()),
        Some(row) => Err(Error::KeyTwice {
            layer: stage.table.layer.name().clone(),
            key: super::text::meant(row.get(0)).into_owned(),
        }),
    }
}

/// A temporary table beside the staged rows.
fn beside(stage: &Stage, what: &str) -> String {
    stage.name.replace("onemap_stage", &format!("onemap_{what}"))
}

/// Makes a table `(<number>, key, hash)` of the rows of another.
fn identify(
    link: &mut Link,
    name: &str,
    table: &Table,
    from: &str,
    number: &str,
    filter: &str,
    postgis: &str,
) -> Result<()> {
    let sql = format!(
        "CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT t.{}::bigint AS {number}, {} AS key, {} AS hash FROM {from} t WHERE {filter}",
        quote(&table.fid),
        key(table, "t"),
        hash(table, "t", postgis)
    );
    link.execute_long(&sql)?;
    link.batch_long(&format!("ANALYZE {name}"))
}

/// Key and beginning of valid time as one text; null without a key.
fn key(table: &Table, row: &str) -> String {
    let Some(at) = table.layer.key() else {
        return "NULL::text".to_owned();
    };
    let told = table.valid_and_fields(row);
    format!(
        "((coalesce({}::text, '') || '|' || {}::text) COLLATE \"C\")",
        told[0],
        told[at + 2]
    )
}

/// Equal for equal content: whether a geometry is written as single or multi is no difference.
fn hash(table: &Table, row: &str, postgis: &str) -> String {
    let geom = table.geom.iter().map(|geom| {
        let value = format!(
            "{postgis}.ST_SetSRID({row}.{}, {})",
            quote(geom),
            table.layer.crs.code()
        );
        format!("{postgis}.ST_Multi({value})")
    });
    let told: Vec<String> = geom.chain(table.valid_and_fields(row)).collect();
    format!("sha256(convert_to(ROW({})::text, 'UTF8'))", told.join(", "))
}
