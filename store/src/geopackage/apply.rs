//! Writing what a load changes into the layer's tables.

use super::catalog::{self, Touched};
pub(super) use super::diff::told;
use super::diff::{self, Difference, STEP_ROWS};
use super::fault::Inner;
use super::load::LayerLoad;
use super::pack::Packer;
use super::schema::{self, Extent, Triggers};
use super::table::{Table, quote};
use super::{blob, hilbert};
use crate::{CommitStep, Error, LoadCounts, LoadMode};
use onemap_model::Version;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

type Step<'s> = &'s mut dyn FnMut(CommitStep);

/// Writes one layer of a load; the gate must be open. Says what the version did to it: nothing at all, maybe.
pub(super) fn apply(
    db: &Connection,
    load: &LayerLoad,
    version: Version,
    step: Step<'_>,
) -> Inner<(Option<Touched>, LoadCounts)> {
    let table = &load.stage.table;
    if load.mode == LoadMode::Upsert {
        check_keys(db, load)?;
    }
    let (counts, redefined) = match &load.existing {
        None => (fill_new(db, load, version, 0, step)?, true),
        Some(existing) if table.has_same_columns(existing) => {
            (change(db, load, existing, version, step)?, table != existing)
        }
        Some(existing) => (supersede(db, load, existing, version, step)?, true),
    };
    let changed = LoadCounts { unchanged: 0, ..counts } != LoadCounts::default();
    if !changed && !redefined {
        return Ok((None, counts));
    }
    if redefined {
        catalog::define(db, table.name(), Some(table), version)?;
        schema::register(db, table)?;
    }
    let features = catalog::count(db, table)?;
    let extent = match (load.mode, &load.existing) {
        (LoadMode::Replace, _) | (_, None) => Extent::Is(load.stage.extent),
        _ => Extent::Holds(load.stage.extent),
    };
    schema::refresh_contents(db, table, features, extent)?;
    if load.stage.has_z {
        schema::allow_heights(db, table)?;
    }
    let touched = Touched {
        layer: table.name().to_owned(),
        counts,
        features,
    };
    Ok((Some(touched), counts))
}

pub(super) fn check_keys(db: &Connection, load: &LayerLoad) -> Inner<()> {
    let sql = format!(
        "SELECT key FROM {} WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1 LIMIT 1",
        load.stage.name
    );
    let twice: Option<String> = db.query_row(&sql, [], |row| row.get(0)).optional()?;
    match twice {
        None => Ok(()),
        Some(key) => Err(Error::KeyTwice {
            layer: load.stage.table.layer.name().clone(),
            key: key.split_once('|').map_or(key.as_str(), |(_, key)| key).to_owned(),
        }
        .into()),
    }
}

/// Makes the layer's tables and fills them.
fn fill_new(db: &Connection, load: &LayerLoad, version: Version, last_fid: i64, step: Step<'_>) -> Inner<LoadCounts> {
    let table = &load.stage.table;
    schema::ensure_history(db, table, version)?;
    let sql = format!("SELECT max({}) FROM {}", quote(&table.fid), table.history());
    let in_history: Option<i64> = db.query_row(&sql, [], |row| row.get(0))?;
    let last_fid = last_fid.max(in_history.unwrap_or(0));
    schema::create_current(db, table, last_fid)?;
    schema::create_rtree(db, table)?;
    insert(
        db,
        load,
        &format!("FROM {} s", load.stage.name),
        version,
        Index::Pack,
        step,
    )?;
    schema::create_since_index(db, table)?;
    schema::renew_triggers(db, table, Triggers::All)?;
    Ok(LoadCounts {
        inserted: load.stage.rows,
        ..LoadCounts::default()
    })
}

/// Closes all rows of the old definition and begins anew with the loaded one. Numbers go on where they were.
fn supersede(
    db: &Connection,
    load: &LayerLoad,
    existing: &Table,
    version: Version,
    step: Step<'_>,
) -> Inner<LoadCounts> {
    let deleted = close(db, existing, "", version)?;
    let sequence = "SELECT seq FROM sqlite_sequence WHERE name = ?";
    let last: Option<i64> = db.query_row(sequence, [existing.name()], |row| row.get(0)).optional()?;
    schema::remove(db, existing)?;
    let counts = fill_new(db, load, version, last.unwrap_or(0), step)?;
    Ok(LoadCounts { deleted, ..counts })
}

/// Copies rows into the history, closed by `version`.
pub(super) fn close(db: &Connection, table: &Table, filter: &str, version: Version) -> Inner<u64> {
    let columns = format!("{}, {}, since", quote(&table.fid), table.content().join(", "));
    let (t, h) = (table.current(), table.history());
    let sql = format!("INSERT INTO {h} ({columns}, until) SELECT {columns}, {version} FROM {t} {filter}");
    Ok(db.execute(&sql, [])? as u64)
}

/// Writes the difference into a layer that keeps its columns.
fn change(db: &Connection, load: &LayerLoad, existing: &Table, version: Version, step: Step<'_>) -> Inner<LoadCounts> {
    let table = &load.stage.table;
    let difference = diff::compare(db, &load.stage, existing, load.mode, step)?;
    let deleted = if load.mode == LoadMode::Replace {
        difference.left
    } else {
        0
    };
    let touched = deleted + difference.updated + difference.inserted;
    // Where much changes, the R-tree is packed anew afterwards, instead of entry by entry.
    let rebuild = touched > 20_000 && touched * 4 > catalog::count(db, existing)? && table.geom.is_some();
    if rebuild {
        schema::drop_triggers(db, table.name())?;
    }
    let (t, fid) = (table.current(), quote(&table.fid));
    if deleted > 0 {
        let filter = format!(
            "WHERE {fid} IN (SELECT fid FROM {} WHERE staged IS NULL)",
            difference.gone
        );
        close(db, existing, &filter, version)?;
        db.execute(&format!("DELETE FROM {t} {filter}"), [])?;
    }
    if difference.updated > 0 {
        let filter = format!(
            "WHERE {fid} IN (SELECT fid FROM {} WHERE staged IS NOT NULL)",
            difference.gone
        );
        close(db, existing, &filter, version)?;
        update(db, load, &difference, version, step)?;
    }
    let index = if rebuild { Index::Leave } else { Index::Triggers };
    let fresh = format!(
        "FROM {} f CROSS JOIN {} s ON s.rowid = f.staged WHERE f.fid IS NULL",
        difference.fresh, load.stage.name
    );
    insert(db, load, &fresh, version, index, step)?;
    if rebuild {
        pack_again(db, table, step)?;
        schema::renew_triggers(db, table, Triggers::All)?;
    }
    db.execute_batch(&format!(
        "DROP TABLE {}; DROP TABLE {}",
        difference.fresh, difference.gone
    ))?;
    Ok(LoadCounts {
        inserted: difference.inserted,
        updated: difference.updated,
        unchanged: difference.unchanged,
        deleted,
    })
}

fn update(db: &Connection, load: &LayerLoad, difference: &Difference, version: Version, step: Step<'_>) -> Inner<()> {
    let table = &load.stage.table;
    let sets: String = table.content().iter().map(|column| format!("{column} = ?, ")).collect();
    let mut update = db.prepare(&format!(
        "UPDATE {} SET {sets}since = {version} WHERE {} = ?",
        table.current(),
        quote(&table.fid)
    ))?;
    let mut select = db.prepare(&format!(
        "SELECT {}, f.fid FROM {} f CROSS JOIN {} s ON s.rowid = f.staged WHERE f.fid IS NOT NULL ORDER BY f.fid",
        load.stage.content(),
        difference.fresh,
        load.stage.name
    ))?;
    let columns = table.content().len() + 1;
    let mut rows = select.query([])?;
    let mut done = 0;
    while let Some(row) = rows.next()? {
        update.execute(params_from_iter(values_of(row, 0..columns)?))?;
        done += 1;
        if done % STEP_ROWS == 0 {
            step(told("writing", table, done, difference.updated + difference.inserted));
        }
    }
    Ok(())
}

/// What becomes of the R-tree while rows are inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    /// Triggers keep it.
    Triggers,
    /// It is made anew afterwards.
    Leave,
    /// It is empty, and packed as the rows come.
    Pack,
}

/// Inserts staged rows in the order of the Hilbert curve.
fn insert(db: &Connection, load: &LayerLoad, from: &str, version: Version, index: Index, step: Step<'_>) -> Inner<()> {
    let (table, stage) = (&load.stage.table, &load.stage);
    let columns = table.content();
    let marks = vec!["?"; columns.len()].join(", ");
    let names = columns.join(", ");
    let mut insert = db.prepare(&format!(
        "INSERT INTO {} ({names}, {}, since) VALUES ({marks}, ?, {version})",
        table.current(),
        quote(&table.fid)
    ))?;
    let mut fid = catalog::next_fid(db, table)?;
    let mut select = db.prepare(&format!("SELECT {} {from} ORDER BY s.place, s.rowid", stage.content()))?;
    let mut packer = match (index, table.rtree_name()) {
        (Index::Pack, Some(rtree)) => Some(Packer::new(db, &rtree)?),
        _ => None,
    };
    step(told("sorting", table, 0, stage.rows));
    let mut rows = select.query([])?;
    let mut done = 0;
    while let Some(row) = rows.next()? {
        let number = Borrowed(ValueRef::Integer(fid.as_i64()));
        insert.execute(params_from_iter(
            values_of(row, 0..columns.len())?.into_iter().chain([number]),
        ))?;
        if let (Some(packer), Index::Pack, ValueRef::Blob(bytes)) = (&mut packer, index, row.get_ref(0)?)
            && let Some(bbox) = blob::bbox(bytes)
        {
            packer.push(fid.as_i64(), &bbox)?;
        }
        fid = catalog::following(table, fid)?;
        done += 1;
        if done % STEP_ROWS == 0 {
            step(told("writing", table, done, stage.rows));
        }
    }
    match packer {
        Some(packer) => packer.finish(),
        None => Ok(()),
    }
}

fn values_of<'r>(row: &'r rusqlite::Row<'_>, columns: std::ops::Range<usize>) -> rusqlite::Result<Vec<Borrowed<'r>>> {
    columns.map(|at| row.get_ref(at).map(Borrowed)).collect()
}

/// A value on its way from one statement to another, not copied.
struct Borrowed<'r>(ValueRef<'r>);

impl rusqlite::ToSql for Borrowed<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(self.0))
    }
}

/// Makes the R-tree of a filled table anew, packed in the order of the Hilbert curve.
pub(super) fn pack_again(db: &Connection, table: &Table, step: Step<'_>) -> Inner<()> {
    let (Some(rtree), Some(geom)) = (table.rtree_name(), &table.geom) else {
        return Ok(());
    };
    db.execute_batch(&format!(
        "DROP TABLE IF EXISTS {}; CREATE TABLE temp.onemap_places (place INTEGER, fid INTEGER, w, e, s, n)",
        quote(&rtree)
    ))?;
    schema::create_rtree(db, table)?;
    let total = catalog::count(db, table)?;
    let mut select = db.prepare(&format!(
        "SELECT {}, {} FROM {}",
        quote(&table.fid),
        quote(geom),
        table.current()
    ))?;
    let mut keep = db.prepare("INSERT INTO temp.onemap_places VALUES (?, ?, ?, ?, ?, ?)")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let ValueRef::Blob(bytes) = row.get_ref(1)?
            && let Some(b) = blob::bbox(bytes)
        {
            let place = hilbert::place(b.center());
            keep.execute((place, row.get::<_, i64>(0)?, b.west(), b.east(), b.south(), b.north()))?;
        }
    }
    drop(rows);
    let mut packer = Packer::new(db, &rtree)?;
    let mut sorted = db.prepare("SELECT fid, w, s, e, n FROM temp.onemap_places ORDER BY place, fid")?;
    let mut rows = sorted.query([])?;
    let mut done = 0;
    while let Some(row) = rows.next()? {
        let bbox = onemap_model::Bbox::new(row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        if let Ok(bbox) = bbox {
            packer.push(row.get(0)?, &bbox)?;
        }
        done += 1;
        if done % STEP_ROWS == 0 {
            step(told("indexing", table, done, total));
        }
    }
    drop(rows);
    drop(sorted);
    packer.finish()?;
    db.execute_batch("DROP TABLE temp.onemap_places")?;
    Ok(())
}
