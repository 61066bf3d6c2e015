//! A store in a PostgreSQL database with PostGIS, which analysts use with SQL and QGIS directly.
//!
//! Current rows stand in `public.<layer>`, every state that ever was in `onemap_history.<layer>` (`table`, `schema`).
//! Statement triggers record what any program does (`triggers`), and a trigger at commit gives it a version (the
//! migrations). What triggers cannot see is compared with the history at the next look (`look`, `follow`, `reshape`).

mod apply;
pub(crate) mod backup;
mod batches;
mod catalog;
mod commits;
mod compare;
mod connect;
mod copy;
mod edit;
mod ewkb;
mod fault;
mod fit;
mod follow;
mod load;
mod log;
mod look;
mod migrate;
mod preview;
mod prune;
mod read;
mod reshape;
mod revive;
mod rollback;
mod rows;
mod scan;
mod schema;
mod stage;
mod states;
mod table;
mod target;
mod text;
mod tls;
mod transaction;
mod triggers;
mod types;
mod undo;
mod values;
mod verify;
mod write;

use crate::{
    At, Batch, Commit, CommitStep, Difference, Edit, Later, Load, LogPage, LogPosition, OpenMode, Pruned, Reading,
    RecordedBatch, RecordedState, Result, RolledBack, Store,
};
use connect::{Link, Readiness};
use onemap_model::{Crs, Epoch, Fid, Instant, Name, Version};
use std::time::Duration;
pub use target::{is_connection, without_password};

/// After so many versions it is written down anew how many features each layer has.
const COUNT_EVERY: u64 = 2000;

/// A store in a PostgreSQL database with PostGIS.
#[derive(Debug)]
pub struct PostGis {
    link: Link,
    epoch: Epoch,
    crs: Crs,
    /// The schema that PostGIS is in, quoted.
    postgis: String,
    log_mark: Option<log::Mark>,
    /// The version at which the features were counted last.
    counted: Version,
}

impl PostGis {
    /// Opens the store in the database that `text` names.
    ///
    /// # Errors
    /// As [`crate::open`]; [`crate::Error::Unreachable`] where no server answers in time.
    pub fn open(text: &str, mode: OpenMode) -> Result<Self> {
        let mut link = Link::open(text)?;
        let facts = migrate::open(&mut link, mode)?;
        let mut store = Self {
            link,
            epoch: facts.epoch,
            crs: facts.crs,
            postgis: facts.postgis,
            log_mark: None,
            counted: Version(0),
        };
        store.look()?;
        Ok(store)
    }

    /// Makes sure that there is a connection. Where there was none, the server may be another one than before.
    fn ready(&mut self) -> Result<()> {
        if self.link.ready()? == Readiness::New {
            self.log_mark = None;
            migrate::check(&mut self.link)?;
        }
        Ok(())
    }

    /// Looks; see [`Store::catch_up`].
    fn look(&mut self) -> Result<Version> {
        self.ready()?;
        let seen = look::look(&mut self.link, &self.postgis)?;
        if seen.epoch != self.epoch {
            (self.epoch, self.log_mark) = (seen.epoch, None);
        }
        if seen.version.0 >= self.counted.0 + COUNT_EVERY {
            self.counted = look::count(&mut self.link, seen.version)?;
        }
        Ok(seen.version)
    }
}

impl Store for PostGis {
    fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    fn catch_up(&mut self) -> Result<Version> {
        self.look()
    }

    fn wait(&mut self, at_most: Duration) -> Result<()> {
        self.ready()?;
        self.link.wait(at_most)
    }

    fn oldest(&mut self) -> Result<Version> {
        self.ready()?;
        catalog::oldest(&mut self.link)
    }

    fn version_at(&mut self, time: Instant) -> Result<Version> {
        self.ready()?;
        commits::version_at(&mut self.link, time)
    }

    fn read(&mut self, at: At) -> Result<Box<dyn Reading + '_>> {
        self.ready()?;
        read::begin(self, at)
    }

    fn begin(&mut self, batch: &Batch) -> Result<Box<dyn Load + '_>> {
        load::begin(self, batch)
    }

    fn batches(&mut self, layer: Option<&Name>, before: Option<Version>, limit: usize) -> Result<Vec<RecordedBatch>> {
        self.ready()?;
        batches::before(&mut self.link, layer, before, limit)
    }

    fn batch(&mut self, version: Version) -> Result<RecordedBatch> {
        self.ready()?;
        batches::of(&mut self.link, version)
    }

    fn roll_back(
        &mut self,
        undone: Version,
        batch: &Batch,
        later: Later,
        step: &mut dyn FnMut(CommitStep),
    ) -> Result<RolledBack> {
        rollback::roll_back(self, undone, batch, later, step)
    }

    fn edit(&mut self, edits: &[Edit]) -> Result<Version> {
        self.ready()?;
        edit::edit(self, edits)
    }

    fn commits(&mut self, after: Version, limit: usize) -> Result<Vec<Commit>> {
        self.ready()?;
        commits::after(&mut self.link, after, limit)
    }

    fn log(&mut self, after: LogPosition, limit: usize) -> Result<LogPage> {
        self.ready()?;
        log::page(&mut self.link, &mut self.log_mark, after, limit)
    }

    fn difference(&mut self, layer: &Name, from: Version, to: Version, limit: usize) -> Result<Difference> {
        self.ready()?;
        commits::difference(&mut self.link, layer, from, to, limit)
    }

    fn states(&mut self, layer: &Name, fid: Fid, until: Option<Version>, limit: usize) -> Result<Vec<RecordedState>> {
        self.ready()?;
        states::states(&mut self.link, layer, fid, until, limit)
    }

    fn prune(&mut self, before: Version) -> Result<Pruned> {
        self.ready()?;
        prune::prune(&mut self.link, before)
    }

    fn verify(&mut self) -> Result<Vec<String>> {
        self.look()?;
        verify::verify(&mut self.link, &self.postgis)
    }
}
