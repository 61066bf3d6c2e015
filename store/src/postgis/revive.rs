//! Taking a layer's table away, and bringing one back as it was.

use super::apply::take_place;
use super::catalog;
use super::connect::Link;
use super::schema;
use super::table::{Table, quote};
use crate::{Error, Result};
use onemap_model::Version;

/// Where a table comes back to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'t> {
    /// There is no table of that name, or this version cannot be undone.
    Free(Version),
    /// In the place of this one.
    Of(&'t Table),
}

/// Takes the table of a layer away in the transaction `tx`; its states must have ended. The definition waits for a table
/// of that name, as where another program drops it.
pub(super) fn drop(link: &mut Link, table: &Table, (undone, tx): (Version, i64)) -> Result<()> {
    link.batch(&schema::drop_current(table)).map_err(|error| match error {
        Error::Postgres { message, code, .. } if code.as_deref() == Some("2BP01") => Error::NotUndone {
            version: undone,
            reason: format!(
                "it made layer {:?}, and others build on its table: {message}",
                table.layer.name()
            ),
        },
        error => error,
    })?;
    catalog::define(link, table.name(), None, tx)?;
    let sql = "UPDATE onemap_meta.following SET shape = onemap_meta.shape(layer), refused = NULL, reason = NULL WHERE layer = $1";
    link.execute(sql, &[&table.name()])?;
    Ok(())
}

/// Makes the table of a layer again, with all rows whose states ended with the transaction `undone`, as states that begin
/// with `tx`; gives how many there are.
pub(super) fn come_back(
    link: &mut Link,
    table: &Table,
    (undone, tx): (i64, i64),
    place: Place<'_>,
    postgis: &str,
) -> Result<u64> {
    let name = match place {
        Place::Of(_) => format!("onemap_history.{}", quote(&format!("{}_new", table.name()))),
        Place::Free(version) => {
            if schema::columns_of(link, "public", table.name())?.is_some() {
                let reason = format!("another table is called {:?} now", table.name());
                return Err(Error::NotUndone { version, reason });
            }
            table.current()
        }
    };
    let (h, kept) = (table.history(), table.history_content().join(", "));
    link.batch(&schema::create_sequence(table))?;
    link.batch(&schema::create_current(table, &name, postgis))?;
    let inserted = link.execute_long(&format!(
        "INSERT INTO {name} ({}, {}) SELECT {kept}, fid FROM {h} WHERE until_tx = {undone} ORDER BY fid",
        table.current_content().join(", "),
        quote(&table.fid)
    ))?;
    link.batch_long(&format!(
        "INSERT INTO {h} (fid, {kept}, since_tx) SELECT fid, {kept}, {tx} FROM {h} WHERE until_tx = {undone}"
    ))?;
    link.batch_long(&schema::index_current(table, &name))?;
    link.batch_long(&schema::analyze_history(table))?;
    if let Place::Of(now) = place {
        take_place(link, now, &table.layer, &name)?;
    }
    schema::finish(link, table, postgis)?;
    catalog::define(link, table.name(), Some(table), tx)?;
    Ok(inserted)
}
