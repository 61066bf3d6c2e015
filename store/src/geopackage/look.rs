//! The look: finding what other programs did, and making a version of it.

use super::GeoPackage;
use super::adopt::{self, Deviation};
use super::catalog::{self, Touched};
use super::fault::Inner;
use super::open;
use super::schema::{self, Extent};
use super::seal::{self, SameContent};
use super::wal;
use crate::LoadCounts;
use onemap_model::Version;
use rusqlite::{Connection, TransactionBehavior};

/// What was there when the file was looked at last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// SQLite's own number, which changes when another connection commits.
    data_version: i64,
    /// The version then.
    version: Version,
}

/// Whether older states can still be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Past {
    Kept,
    /// Rows vanished, or may have changed, without a trace: the store begins a new epoch.
    Lost,
}

impl GeoPackage {
    /// Looks at the file; see [`crate::Store::catch_up`].
    pub(super) fn look(&mut self) -> Inner<Version> {
        if self.mode == wal::Mode::Wal {
            // The look before let the file go: this connection has not read it yet.
            open::set_up(&self.db)?;
        }
        let looked = self.look_once();
        self.mode = self.leave_wal()?;
        if self.mode == wal::Mode::Wal {
            self.let_go()?;
        }
        looked
    }

    fn look_once(&mut self) -> Inner<Version> {
        let data_version = data_version(&self.db)?;
        if let Some(seen) = self.seen.filter(|seen| seen.data_version == data_version) {
            return Ok(seen.version);
        }
        let reading = self.db.transaction()?;
        let quiet = has_nothing_new(&reading, self.crs)?;
        let version = catalog::version(&reading)?;
        (self.epoch, _) = open::facts(&reading)?;
        reading.commit()?;
        if quiet || self.db.is_readonly("main")? {
            return Ok(self.saw(data_version, version));
        }
        let writing = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = settle(&writing, self.crs)?;
        (self.epoch, _) = open::facts(&writing)?;
        writing.commit()?;
        // Another program may have written between the two transactions' locks: its change shows in the next look.
        Ok(self.saw(data_version, version))
    }

    /// Remembers the version that this process itself made, or saw.
    pub(super) fn saw(&mut self, data_version: i64, version: Version) -> Version {
        self.seen = Some(Seen { data_version, version });
        version
    }

    /// Remembers the version that this process itself made.
    pub(super) fn made(&mut self, version: Version) {
        if let Some(seen) = &mut self.seen {
            seen.version = version;
        }
    }
}

/// SQLite's own number, which changes when another connection commits.
pub(super) fn data_version(db: &Connection) -> Inner<i64> {
    Ok(db
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))?)
}

fn has_nothing_new(db: &Connection, crs: onemap_model::Crs) -> Inner<bool> {
    if !adopt::deviations(db, crs)?.is_empty() {
        return Ok(false);
    }
    for table in catalog::current_tables(db)? {
        if seal::is_pending(db, &table)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes one version of all that other programs did, where they did anything; gives the version after it. To be called
/// in a write transaction.
pub(super) fn settle(db: &Connection, crs: onemap_model::Crs) -> Inner<Version> {
    let current = catalog::version(db)?;
    let next = current.next();
    let mut touched: Vec<Touched> = Vec::new();
    let mut past = Past::Kept;
    seal::open_gate(db)?;
    for deviation in adopt::deviations(db, crs)? {
        let (one, kept) = adopt::follow(db, &deviation, next)?;
        tracing::info!(layer = deviation.name(), "{}", deviation.describe());
        if kept == Past::Lost {
            past = Past::Lost;
        }
        touched.extend(one);
    }
    for table in catalog::current_tables(db)? {
        if touched.iter().all(|one| one.layer != table.name()) && seal::is_pending(db, &table)? {
            touched.extend(seal_edits(db, &table, next)?);
        }
    }
    seal::close_gate(db)?;
    if past == Past::Lost {
        db.execute(
            "UPDATE onemap_meta SET value = lower(hex(randomblob(16))) WHERE key = 'epoch'",
            [],
        )?;
    }
    if touched.is_empty() {
        return Ok(current);
    }
    touched.sort_by(|a, b| a.layer.cmp(&b.layer));
    catalog::record(db, next, "", "edited by another program", &touched)?;
    Ok(next)
}

/// Seals the edits of one layer; none where they come to nothing.
pub(super) fn seal_edits(db: &Connection, table: &super::table::Table, next: Version) -> Inner<Option<Touched>> {
    let counts = seal::seal(db, table, next, SameContent::IsNoChange)?;
    let (_, before) = catalog::state(db, table.name(), next)?;
    let features = (before + counts.inserted).saturating_sub(counts.deleted);
    if counts == LoadCounts::default() {
        // A row that was replaced by its equal was counted once more all the same.
        schema::write_count(db, table, features)?;
        return Ok(None);
    }
    let written = schema::extent(db, table, &format!("WHERE since = {next}"))?;
    schema::refresh_contents(db, table, features, Extent::Holds(written))?;
    Ok(Some(Touched {
        layer: table.name().to_owned(),
        counts,
        features,
    }))
}

impl Deviation {
    fn describe(&self) -> String {
        let what = match self {
            Deviation::Gone(_, reason) => return format!("another program took it away: {reason}"),
            Deviation::Remade(_) => "its table was made anew by another program",
            Deviation::Reshaped { .. } => "its columns were changed by another program",
            Deviation::Unrecorded(_) => "its triggers were missing",
            Deviation::Retriggered(_) => "its triggers were brought up to date",
            Deviation::Unkept(_) => "what is kept of it once more was missing",
            Deviation::New(_) => "adopted from another program",
        };
        what.to_owned()
    }
}
