//! The commits that were made, and waiting for the next.

use super::GeoPackage;
use super::fault::{Fault, Inner};
use super::look::data_version;
use super::prune;
use crate::{Commit, LayerCommit};
use onemap_model::{Instant, Name, TimeError, Version};
use rusqlite::{Connection, params};
use std::time::Duration;

/// How often the file is asked whether another connection wrote.
const NAP: Duration = Duration::from_millis(50);

/// Reads the commits after a version; see [`crate::Store::commits`].
pub(super) fn after(db: &Connection, after: Version, limit: usize) -> Inner<Vec<Commit>> {
    let tx = db.unchecked_transaction()?;
    prune::check_kept(&tx, after)?;
    let sql = "SELECT version, time, who, what FROM onemap_commit WHERE version > ? ORDER BY version LIMIT ?";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![number(after), i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut commits = Vec::new();
    while let Some(row) = rows.next()? {
        let version = Version(row.get::<_, i64>(0)? as u64);
        let damaged = |e: TimeError| Fault::Damaged(format!("the time of version {version}: {e}"));
        commits.push(Commit {
            version,
            time: Instant::parse(&row.get::<_, String>(1)?).map_err(damaged)?,
            who: row.get(2)?,
            what: row.get(3)?,
            layers: layers(&tx, version)?,
        });
    }
    Ok(commits)
}

fn layers(db: &Connection, version: Version) -> Inner<Vec<LayerCommit>> {
    // A definition that begins or ends with the version.
    let sql = "SELECT layer, inserted + updated + deleted, EXISTS (SELECT 1 FROM onemap_layer
                   WHERE name = layer AND (since = version OR until = version))
               FROM onemap_commit_layer WHERE version = ? ORDER BY layer";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([number(version)])?;
    let mut layers = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        layers.push(LayerCommit {
            layer: Name::new(&name).map_err(|e| Fault::Damaged(e.to_string()))?,
            entries: row.get::<_, i64>(1)? as u64,
            redefined: row.get(2)?,
        });
    }
    Ok(layers)
}

/// The newest version that there was at `time`.
pub(super) fn version_at(db: &Connection, time: Instant) -> Inner<Version> {
    // Times of one form sort as texts, but a text of another precision would not: they are read.
    let mut statement = db.prepare("SELECT version, time FROM onemap_commit ORDER BY version DESC")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let version = Version(row.get::<_, i64>(0)? as u64);
        let damaged = |e: TimeError| Fault::Damaged(format!("the time of version {version}: {e}"));
        if Instant::parse(&row.get::<_, String>(1)?).map_err(damaged)? <= time {
            return Ok(version);
        }
    }
    Ok(Version(0))
}

/// Waits until another connection has written, or `at_most` so long.
pub(super) fn wait(package: &GeoPackage, at_most: Duration) -> Inner<()> {
    let end = std::time::Instant::now() + at_most;
    let before = data_version(&package.db)?;
    loop {
        let left = end.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() || data_version(&package.db)? != before {
            return Ok(());
        }
        std::thread::sleep(left.min(NAP));
    }
}

fn number(version: Version) -> i64 {
    i64::try_from(version.0).unwrap_or(i64::MAX)
}
