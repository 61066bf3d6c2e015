//! Taking a layer away, and bringing one back as it was.

use super::catalog;
use super::fault::{Fault, Inner};
use super::schema::{self, Extent, Triggers};
use super::table::{Table, quote};
use super::{apply, rollback::Step};
use crate::{Error, LoadCounts};
use onemap_model::Version;
use rusqlite::Connection;

/// Closes all rows of a layer with the version `next`, and takes its table away; the history stays.
pub(super) fn take_away(db: &Connection, table: &Table, next: Version) -> Inner<LoadCounts> {
    let deleted = apply::close(db, table, "", next)?;
    schema::remove(db, table)?;
    catalog::define(db, table.name(), None, next)?;
    Ok(LoadCounts {
        deleted,
        ..LoadCounts::default()
    })
}

/// Makes the table of a layer again, with all rows that ended when the version `undone` took it away, as `next`.
pub(super) fn come_back(
    db: &Connection,
    before: &Table,
    (undone, next): (Version, Version),
    step: Step<'_>,
) -> Inner<LoadCounts> {
    let name = before.name();
    if schema::exists(db, name)? {
        let reason = format!("another table is called {name:?} now");
        return Err(Error::NotUndone {
            version: undone,
            reason,
        }
        .into());
    }
    let table = as_it_stood(before, undone);
    schema::ensure_history(db, &table, next)?;
    // Columns of the history may have got other names just now.
    let source = catalog::table(db, name, Version(undone.0 - 1))?;
    let source = source.ok_or_else(|| Fault::Damaged(format!("layer {name:?} has lost its definition")))?;
    let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
    let last: i64 = db.query_row(&format!("SELECT ifnull(max({fid}), 0) FROM {h}"), [], |row| row.get(0))?;
    schema::create_current(db, &table, last)?;
    step(apply::told("writing", &table, 0, 0));
    let inserted = db.execute(
        &format!(
            "INSERT INTO {t} ({fid}, {}, since) SELECT {}, {}, {next} FROM {h} WHERE until = {undone} ORDER BY 1",
            table.content().join(", "),
            quote(&source.fid),
            source.content().join(", ")
        ),
        [],
    )? as u64;
    apply::pack_again(db, &table, step)?;
    schema::create_since_index(db, &table)?;
    schema::renew_triggers(db, &table, Triggers::All)?;
    catalog::define(db, name, Some(&table), next)?;
    schema::register(db, &table)?;
    let extent = schema::extent(db, &table, "")?;
    schema::refresh_contents(db, &table, inserted, Extent::Is(extent))?;
    Ok(LoadCounts {
        inserted,
        ..LoadCounts::default()
    })
}

/// The layer in the columns that it had: those of the history whose type changed with the version were called otherwise
/// then.
fn as_it_stood(before: &Table, undone: Version) -> Table {
    let mut table = before.clone();
    let end = format!("_until_{undone}");
    for column in &mut table.columns {
        if let Some(own) = column.strip_suffix(&end) {
            *column = own.to_owned();
        }
    }
    table
}
