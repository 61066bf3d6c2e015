//! The look: which version the store is at, and what was done to its tables that no trigger saw.

use super::catalog;
use super::connect::Link;
use super::follow;
use super::migrate;
use super::transaction::{Isolation, is_lock_held, within};
use crate::{Error, Result};
use onemap_model::{Epoch, Version};

/// Layers whose table is not as it was left, and was not refused as it is: `f` is their row of onemap_meta.following.
pub(super) const DEVIATES: &str = "onemap_meta.shape(f.layer) IS DISTINCT FROM f.shape
    AND (f.refused IS NULL OR onemap_meta.shape(f.layer) IS DISTINCT FROM f.refused)";

/// What a look saw.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub version: Version,
    pub epoch: Epoch,
}

/// Looks, and brings the store in line with its tables where they deviate; see [`crate::Store::catch_up`].
pub(super) fn look(link: &mut Link, postgis: &str) -> Result<Seen> {
    let (seen, state) = see(link)?;
    if state == State::Quiet {
        return Ok(seen);
    }
    match within(link, Isolation::ReadCommitted, |link| settle(link, postgis)) {
        // Somebody is writing to the table, or another process settles: the next look finds what there is.
        Err(error) if is_lock_held(&error) => {
            tracing::debug!("waiting to follow a changed table: {error}");
            Ok(seen)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(see(link)?.0),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Quiet,
    /// Something has to be written.
    Unsettled,
}

fn see(link: &mut Link) -> Result<(Seen, State)> {
    let sql = format!(
        "SELECT (SELECT coalesce(max(version), 0) FROM onemap_meta.commit WHERE version IS NOT NULL),
           (SELECT value FROM onemap_meta.meta WHERE key = 'epoch'),
           NOT pg_is_in_recovery() AND (EXISTS (SELECT FROM onemap_meta.following f WHERE {DEVIATES})
             OR onemap_meta.identity() IS DISTINCT FROM (SELECT value FROM onemap_meta.meta WHERE key = 'identity'))"
    );
    let rows = link.query(&sql, &[])?;
    let epoch: Option<String> = rows[0].get(1);
    let epoch = epoch
        .and_then(|text| Epoch::new(&text).ok())
        .ok_or_else(|| Error::Damaged {
            store: link.store().to_owned(),
            reason: "its table onemap_meta.meta has no legal epoch".to_owned(),
        })?;
    let version = catalog::number(rows[0].get(0));
    let state = if rows[0].get(2) { State::Unsettled } else { State::Quiet };
    Ok((Seen { version, epoch }, state))
}

/// Renews the epoch of a store that lives elsewhere than it did, and follows every table that deviates. In a transaction.
fn settle(link: &mut Link, postgis: &str) -> Result<()> {
    // Nobody waits behind a look that waits for somebody who writes.
    link.batch("SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = 0")?;
    link.batch(migrate::LOCK)?;
    let renewed = link.execute(
        "UPDATE onemap_meta.meta SET value = onemap_meta.identity() WHERE key = 'identity' AND value IS DISTINCT FROM onemap_meta.identity()",
        &[],
    )?;
    if renewed > 0 {
        link.batch(
            "UPDATE onemap_meta.meta SET value = replace(gen_random_uuid()::text, '-', '') WHERE key = 'epoch'",
        )?;
        tracing::info!("the store was restored, copied or promoted: it begins a new epoch");
    }
    let sql =
        format!("SELECT f.layer, f.definition::text FROM onemap_meta.following f WHERE {DEVIATES} ORDER BY f.layer");
    for row in link.query(&sql, &[])? {
        let known = catalog::parse(link, row.get(0), row.get(1))?;
        link.batch("SAVEPOINT onemap_follow")?;
        match follow::follow(link, &known, postgis) {
            Ok(()) => link.batch("RELEASE SAVEPOINT onemap_follow")?,
            Err(Error::Postgres { message, code, .. }) if !code.as_ref().is_some_and(|c| is_passing(c)) => {
                link.batch("ROLLBACK TO SAVEPOINT onemap_follow")?;
                follow::refuse(link, &known, &message)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes down how many features the layers have, so that this need not be summed up from the beginning; gives the version
/// that was counted at.
pub(super) fn count(link: &mut Link, version: Version) -> Result<Version> {
    let standby = link.query("SELECT pg_is_in_recovery()", &[])?[0].get::<_, bool>(0);
    let rows = link.query("SELECT coalesce(max(version), 0) FROM onemap_meta.layer_count", &[])?;
    let last = catalog::number(rows[0].get(0));
    if standby || version.0 < last.0 + super::COUNT_EVERY {
        return Ok(if standby { version } else { last });
    }
    let names: Vec<String> = catalog::current_tables(link)?
        .iter()
        .map(|table| table.name().to_owned())
        .collect();
    catalog::count_up(link, &names, version)?;
    Ok(version)
}

/// Whether trying again may help: locks, deadlocks, resources, a server that shuts down.
fn is_passing(code: &str) -> bool {
    code == "55P03" || ["40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
}
