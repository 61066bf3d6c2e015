//! What a load would change, without changing it.

use super::apply::check_keys;
use super::diff::{self, Difference};
use super::fault::Inner;
use super::load::LayerLoad;
use super::rows::Decoder;
use super::table::{Table, quote};
use crate::{CommitStep, LoadCounts, LoadMode, Planned};
use onemap_model::{Fid, Row};
use rusqlite::Connection;
use std::ops::ControlFlow;

type Each<'e> = &'e mut dyn FnMut(Planned<'_>) -> ControlFlow<()>;

/// Hands out what a layer of a load would change; see [`crate::Load::preview`].
pub(super) fn preview(
    db: &Connection,
    load: &LayerLoad,
    step: &mut dyn FnMut(CommitStep),
    each: Each<'_>,
) -> Inner<LoadCounts> {
    let (stage, table) = (&load.stage, &load.stage.table);
    if load.mode == LoadMode::Upsert {
        check_keys(db, load)?;
    }
    let there = load.existing.as_ref();
    let Some(there) = there.filter(|there| table.has_same_columns(there)) else {
        // All rows of a layer with other fields go, and all that were loaded come.
        let mut counts = LoadCounts {
            inserted: stage.rows,
            ..LoadCounts::default()
        };
        if let Some(there) = there {
            counts.deleted = super::catalog::count(db, there)?;
            old_rows(db, there, "", each)?;
        }
        new_rows(db, load, &format!("FROM {} s", stage.name), "s.rowid", each)?;
        return Ok(counts);
    };
    let difference = diff::compare(db, stage, there, load.mode, step)?;
    let counts = LoadCounts {
        inserted: difference.inserted,
        updated: difference.updated,
        unchanged: difference.unchanged,
        deleted: match load.mode {
            LoadMode::Replace => difference.left,
            LoadMode::Append | LoadMode::Upsert => 0,
        },
    };
    if counts.deleted > 0 {
        let fid = quote(&there.fid);
        let gone = format!(
            "WHERE {fid} IN (SELECT fid FROM {} WHERE staged IS NULL)",
            difference.gone
        );
        old_rows(db, there, &gone, each)?;
    }
    changed_rows(db, load, &difference, each)?;
    let fresh = format!(
        "FROM {} f CROSS JOIN {} s ON s.rowid = f.staged WHERE f.fid IS NULL",
        difference.fresh, stage.name
    );
    new_rows(db, load, &fresh, "s.rowid", each)?;
    Ok(counts)
}

/// The columns of a staged row, in the order that [`Decoder`] expects; `number` stands for the feature's.
fn staged(table: &Table, number: &str) -> String {
    let fields: String = (0..table.columns.len()).map(|at| format!(", s.c{at}")).collect();
    format!("{number}, s.geom, s.valid_from, s.valid_to{fields}")
}

fn old_rows(db: &Connection, table: &Table, filter: &str, each: Each<'_>) -> Inner<()> {
    let sql = format!("SELECT {} FROM {} {filter}", table.decoded(), table.current());
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut decoder = Decoder::new(table);
    while let Some(row) = rows.next()? {
        let Some(feature) = decoder.feature(row, 0)? else {
            continue;
        };
        if each(planned(table, Some(feature.fid), Some(feature.row), None)).is_break() {
            break;
        }
    }
    Ok(())
}

fn new_rows(db: &Connection, load: &LayerLoad, from: &str, number: &str, each: Each<'_>) -> Inner<()> {
    let table = &load.stage.table;
    let mut statement = db.prepare(&format!("SELECT {} {from} ORDER BY s.rowid", staged(table, number)))?;
    let mut rows = statement.query([])?;
    let mut decoder = Decoder::new(table);
    while let Some(row) = rows.next()? {
        let Some(feature) = decoder.feature(row, 0)? else {
            continue;
        };
        if each(planned(table, None, None, Some(feature.row))).is_break() {
            break;
        }
    }
    Ok(())
}

fn changed_rows(db: &Connection, load: &LayerLoad, difference: &Difference, each: Each<'_>) -> Inner<()> {
    let table = &load.stage.table;
    // Both sides as the loaded definition tells them, so that their values stand in the same order.
    let (t, fid) = (table.current(), quote(&table.fid));
    let mut before = db.prepare(&format!("SELECT {} FROM {t} WHERE {fid} = ?", table.decoded()))?;
    let mut after = db.prepare(&format!(
        "SELECT {} FROM {} f CROSS JOIN {} s ON s.rowid = f.staged WHERE f.fid IS NOT NULL ORDER BY f.fid",
        staged(table, "f.fid"),
        difference.fresh,
        load.stage.name
    ))?;
    let mut rows = after.query([])?;
    let mut decoder = Decoder::new(table);
    while let Some(row) = rows.next()? {
        let Some(new) = decoder.feature(row, 0)? else { continue };
        let mut found = before.query([new.fid.as_i64()])?;
        let old = match found.next()? {
            Some(row) => decoder.feature(row, 0)?,
            None => None,
        };
        let old = old.map(|feature| feature.row);
        if each(planned(table, Some(new.fid), old, Some(new.row))).is_break() {
            break;
        }
    }
    Ok(())
}

fn planned(table: &Table, fid: Option<Fid>, old: Option<Row>, new: Option<Row>) -> Planned<'_> {
    Planned {
        layer: &table.layer,
        fid,
        old,
        new,
    }
}
