//! A store in one GeoPackage file, which every GIS opens as ordinary layers.
//!
//! Current rows stand in a table named as the layer, closed ones in `<layer>_history`; triggers in the file record what
//! any program does (`triggers`), and the next look makes a version of it (`look`, `seal`). Loads are staged in
//! temporary tables and compared with what is there (`stage`, `diff`, `load`). What triggers cannot see is compared with
//! the state that is kept once more (`kept`, `adopt`). A rollback journal, never a WAL:
//! one that another program made is left again (`wal`).

mod adopt;
mod adopt_shape;
mod apply;
pub(crate) mod backup;
mod batches;
mod blob;
mod catalog;
mod commits;
mod diff;
mod edit;
mod fault;
mod functions;
mod hilbert;
mod kept;
mod load;
mod log;
mod look;
mod migrate;
mod open;
mod pack;
mod plain;
mod preview;
mod prune;
mod read;
mod revive;
mod rollback;
mod rows;
mod schema;
mod seal;
mod stage;
mod states;
mod table;
mod triggers;
mod undo;
mod values;
mod verify;
mod wal;

pub use plain::{PlainGeoPackage, PlainLayer, PlainSrs};
pub(crate) use rows::{put_bytes, put_row};
pub(crate) use values::{array_from_text, array_to_text, without_sign_of_zero};

use crate::{
    At, Batch, Commit, CommitStep, Difference, Edit, Later, Load, LogPage, LogPosition, Pruned, Reading, RecordedBatch,
    RecordedState, Result, RolledBack, Store, difference,
};
use fault::Inner;
use migrate::Schema;
use onemap_model::{Crs, Epoch, Fid, Instant, Name, Version};
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// A store in one GeoPackage file.
///
/// Temporary files of loads go where SQLite puts them: `SQLITE_TMPDIR`, else `TMPDIR`, else `/var/tmp`.
#[derive(Debug)]
pub struct GeoPackage {
    db: Connection,
    store: String,
    epoch: Epoch,
    crs: Crs,
    /// How the file was kept at the end of the last look.
    mode: wal::Mode,
    seen: Option<look::Seen>,
    log_mark: Option<log::Mark>,
}

impl GeoPackage {
    /// Opens the store in the file at `path`.
    ///
    /// # Errors
    /// As [`crate::open`].
    pub fn open(path: &Path) -> Result<Self> {
        open::existing(path, Schema::MustBeKnown)
    }

    /// Opens the store in the file at `path`, and brings an older schema up to date.
    ///
    /// # Errors
    /// As [`crate::open`].
    pub fn migrate(path: &Path) -> Result<Self> {
        open::existing(path, Schema::IsUpgraded)
    }

    /// Opens the store in the file at `path`; makes it in `crs` where there is no file, or an empty one.
    ///
    /// # Errors
    /// As [`crate::open`].
    pub fn open_or_create(path: &Path, crs: Crs) -> Result<Self> {
        open::or_create(path, crs)
    }

    fn new(db: Connection, store: String, epoch: Epoch, crs: Crs) -> Self {
        Self {
            db,
            store,
            epoch,
            crs,
            mode: wal::Mode::Rollback,
            seen: None,
            log_mark: None,
        }
    }

    /// Adds the path to what failed.
    fn named<T>(&self, result: Inner<T>) -> Result<T> {
        result.map_err(|fault| fault.of(&self.store))
    }
}

impl Store for GeoPackage {
    fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    fn catch_up(&mut self) -> Result<Version> {
        let looked = self.look();
        self.named(looked)
    }

    fn wait(&mut self, at_most: Duration) -> Result<()> {
        let waited = commits::wait(self, at_most);
        self.named(waited)
    }

    fn oldest(&mut self) -> Result<Version> {
        let oldest = prune::oldest(&self.db);
        self.named(oldest)
    }

    fn version_at(&mut self, time: Instant) -> Result<Version> {
        let version = commits::version_at(&self.db, time);
        self.named(version)
    }

    fn read(&mut self, at: At) -> Result<Box<dyn Reading + '_>> {
        read::begin(self, at)
    }

    fn begin(&mut self, batch: &Batch) -> Result<Box<dyn Load + '_>> {
        load::begin(self, batch)
    }

    fn batches(&mut self, layer: Option<&Name>, before: Option<Version>, limit: usize) -> Result<Vec<RecordedBatch>> {
        let batches = batches::before(&self.db, layer, before, limit);
        self.named(batches)
    }

    fn batch(&mut self, version: Version) -> Result<RecordedBatch> {
        let batch = batches::of(&self.db, version);
        self.named(batch)
    }

    fn roll_back(
        &mut self,
        undone: Version,
        batch: &Batch,
        later: Later,
        step: &mut dyn FnMut(CommitStep),
    ) -> Result<RolledBack> {
        let done = rollback::roll_back(self, undone, batch, later, step);
        self.named(done)
    }

    fn edit(&mut self, edits: &[Edit]) -> Result<Version> {
        let edited = edit::edit(self, edits);
        self.named(edited)
    }

    fn commits(&mut self, after: Version, limit: usize) -> Result<Vec<Commit>> {
        let commits = commits::after(&self.db, after, limit);
        self.named(commits)
    }

    fn log(&mut self, after: LogPosition, limit: usize) -> Result<LogPage> {
        let page = log::page(self, after, limit);
        self.named(page)
    }

    fn difference(&mut self, layer: &Name, from: Version, to: Version, limit: usize) -> Result<Difference> {
        difference::by_log(self, layer, from, to, limit)
    }

    fn states(&mut self, layer: &Name, fid: Fid, until: Option<Version>, limit: usize) -> Result<Vec<RecordedState>> {
        let states = states::states(self, layer, fid, until, limit);
        self.named(states)
    }

    fn prune(&mut self, before: Version) -> Result<Pruned> {
        let pruned = prune::prune(self, before);
        self.named(pruned)
    }

    fn verify(&mut self) -> Result<Vec<String>> {
        let verified = self.look().and_then(|_| verify::verify(&self.db));
        self.named(verified)
    }
}
