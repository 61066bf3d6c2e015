//! The contract that every store keeps.

use crate::{Batch, Delivery, Later, RecordedBatch, Result, RolledBack};

use onemap_model::{Change, Epoch, Feature, Fid, GeometryType, Instant, Layer, Name, Row, Version};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::time::Duration;

/// A place that keeps layers, their history and their change log.
///
/// Every commit, from whatever program, makes exactly one [`Version`]; nothing is ever overwritten.
pub trait Store: Send {
    /// The name of this life of the store; see [`Epoch`].
    fn epoch(&self) -> &Epoch;

    /// Looks for what other programs did since the last look and makes it part of the log, as one new version where
    /// there was anything; gives the version that the store now is at.
    ///
    /// Cheap where nothing happened: it may be called every second.
    ///
    /// # Errors
    /// A fault of the file or the connection.
    fn catch_up(&mut self) -> Result<Version>;

    /// Waits until something may have happened, `at_most` so long. It may come back early for no reason, and it may miss
    /// something: the next [`Store::catch_up`] finds that.
    ///
    /// # Errors
    /// A fault of the connection.
    fn wait(&mut self, at_most: Duration) -> Result<()>;

    /// The oldest version that can still be read: 0 until history is pruned.
    ///
    /// # Errors
    /// Faults of the file or the connection.
    fn oldest(&mut self) -> Result<Version>;

    /// The newest version that there was at `time`.
    ///
    /// # Errors
    /// Faults of the file or the connection.
    fn version_at(&mut self, time: Instant) -> Result<Version>;

    /// Opens one consistent view. What is committed meanwhile does not show in it.
    ///
    /// # Errors
    /// [`crate::Error::UnknownVersion`] for a version that never was; faults of the file or the connection.
    fn read(&mut self, at: At) -> Result<Box<dyn Reading + '_>>;

    /// Begins a load: one or more layers that become one version on [`Load::commit`], or nothing at all.
    ///
    /// # Errors
    /// [`crate::Error::Busy`] where another load is under way; faults of the file or the connection.
    fn begin(&mut self, batch: &Batch) -> Result<Box<dyn Load + '_>>;

    /// The batches there were, the latest first: at most `limit`, of those before the version `before` that were of the
    /// layer named.
    ///
    /// # Errors
    /// Faults of the file or the connection.
    fn batches(&mut self, layer: Option<&Name>, before: Option<Version>, limit: usize) -> Result<Vec<RecordedBatch>>;

    /// What is known of a version: what is kept of its batch, or, where another program made it, of the commit alone.
    ///
    /// # Errors
    /// [`crate::Error::UnknownVersion`]; faults of the file or the connection.
    fn batch(&mut self, version: Version) -> Result<RecordedBatch>;

    /// Undoes what the version `undone` did, as a new version: rows that it made are removed, rows that it changed or
    /// removed are again what they were, with their numbers. `step` hears how far it has come.
    ///
    /// # Errors
    /// [`crate::Error::LaterChanges`] where rows were changed again since and `later` says that this stops it;
    /// [`crate::Error::UnknownVersion`], [`crate::Error::Pruned`], [`crate::Error::NotUndone`], [`crate::Error::Busy`];
    /// faults of the file or the connection. Nothing is changed then.
    fn roll_back(
        &mut self,
        undone: Version,
        batch: &Batch,
        later: Later,
        step: &mut dyn FnMut(CommitStep),
    ) -> Result<RolledBack>;

    /// Makes single edits, as one version.
    ///
    /// # Errors
    /// [`crate::Error::UnknownLayer`], [`crate::Error::UnknownFeature`], [`crate::Error::Misfit`] for a row that the
    /// layer cannot hold; nothing is changed then.
    fn edit(&mut self, edits: &[Edit]) -> Result<Version>;

    /// What was committed after the version `after`: at most `limit` commits, oldest first.
    ///
    /// # Errors
    /// [`crate::Error::Pruned`] where commits after `after` are no longer kept; faults of the file or the connection.
    fn commits(&mut self, after: Version, limit: usize) -> Result<Vec<Commit>>;

    /// Reads the change log: at most `limit` entries after `after`, in commit order.
    ///
    /// # Errors
    /// [`crate::Error::Pruned`] where entries after `after` are no longer kept; faults of the file or the connection.
    fn log(&mut self, after: LogPosition, limit: usize) -> Result<LogPage>;

    /// What differs in a layer between two versions: each feature once, `old` as it was at `from`, `new` as it was at
    /// `to`; features that are equal in both are left out. `from` may be the later one.
    ///
    /// # Errors
    /// [`crate::Error::UnknownVersion`]; faults of the file or the connection.
    fn difference(&mut self, layer: &Name, from: Version, to: Version, limit: usize) -> Result<Difference>;

    /// What a feature was, as far as that is kept: at most `limit` states, the latest first, of those that began with the
    /// version `until` or before it. Of a layer that is there now; each state in the columns that it has now.
    ///
    /// # Errors
    /// [`crate::Error::UnknownLayer`]; faults of the file or the connection.
    fn states(&mut self, layer: &Name, fid: Fid, until: Option<Version>, limit: usize) -> Result<Vec<RecordedState>>;

    /// Forgets what was closed before the version `before` began: that version and all later ones can still be read.
    ///
    /// # Errors
    /// [`crate::Error::UnknownVersion`]; [`crate::Error::Busy`]; faults of the file or the connection.
    fn prune(&mut self, before: Version) -> Result<Pruned>;

    /// Compares log, history, indexes and tables, and says in a sentence each what does not agree; empty when sound.
    ///
    /// # Errors
    /// Faults of the file or the connection.
    fn verify(&mut self) -> Result<Vec<String>>;
}

/// Which state of the store is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The newest.
    Now,
    /// As it was at this version.
    Version(Version),
}

/// One consistent view of a store.
pub trait Reading {
    /// The version seen.
    fn version(&self) -> Version;

    /// The layers there are, in the order of their names.
    ///
    /// # Errors
    /// Faults of the file or the connection.
    fn layers(&mut self) -> Result<Vec<LayerState>>;

    /// Hands every feature of a layer to `each`, until it breaks off. The order is the store's own. All valid times
    /// are handed out, past and future too.
    ///
    /// # Errors
    /// [`crate::Error::UnknownLayer`]; faults of the file or the connection.
    fn features(&mut self, layer: &Name, each: &mut dyn FnMut(Feature) -> ControlFlow<()>) -> Result<()>;

    /// One feature by its number.
    ///
    /// # Errors
    /// [`crate::Error::UnknownLayer`]; faults of the file or the connection.
    fn feature(&mut self, layer: &Name, fid: Fid) -> Result<Option<Feature>>;
}

/// A layer as it is in one view.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerState {
    /// Its definition.
    pub layer: Layer,
    /// How many features it has, of all valid times.
    pub features: u64,
    /// The version that last changed anything in it.
    pub changed: Version,
}

/// One commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// The version that it made.
    pub version: Version,
    /// When it was committed, or sealed where another program made it.
    pub time: Instant,
    /// Who made it; empty where that is not known.
    pub who: String,
    /// What was done, in words.
    pub what: String,
    /// The layers that it touched, by name.
    pub layers: Vec<LayerCommit>,
}

/// What a commit did to one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerCommit {
    /// The layer.
    pub layer: Name,
    /// How many entries the log has of it.
    pub entries: u64,
    /// Whether the layer itself was made, changed or removed: what was known of it has to be read again.
    pub redefined: bool,
}

/// What differs between two versions of a layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// These features, in the order of their numbers.
    Changes(Vec<Change>),
    /// More features than were asked for.
    TooMany,
    /// The layer is not in both versions with the same definition.
    Redefined,
}

/// What a feature was, and how long the store said so.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedState {
    /// The feature.
    pub feature: Feature,
    /// With which version it began. A beginning that is no longer kept counts as that of the oldest version.
    pub since: Stamp,
    /// With which version it ended; none where it is so now.
    pub until: Option<Stamp>,
}

/// A version, and when it was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The version.
    pub version: Version,
    /// When it was committed; none where that is no longer kept.
    pub time: Option<Instant>,
}

/// What pruning forgot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// The oldest version that can still be read.
    pub oldest: Version,
    /// How many closed rows were removed.
    pub rows: u64,
}

/// What loading does with the rows that a layer has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadMode {
    /// The loaded rows are the layer from now on. Rows that were there before, equal in all, stay untouched.
    Replace,
    /// The loaded rows are added.
    Append,
    /// Loaded rows take the place of those with the same key and beginning of valid time; others stay.
    Upsert,
}

/// A load under way. Dropping it leaves the store as it was.
///
/// Layers come one after the other: [`Load::start_layer`], any number of [`Load::push`], [`Load::finish_layer`]. A load may
/// be driven from another thread than the one that began it.
pub trait Load: Send {
    /// Starts a layer; the rows pushed next are its.
    ///
    /// # Errors
    /// [`crate::Error::LayerTwice`] where this load had the layer already; [`crate::Error::Misfit`] where an append or
    /// upsert does not fit the layer that is there, or an upsert has no key.
    fn start_layer(&mut self, layer: &Layer, mode: LoadMode) -> Result<()>;

    /// Adds a row to the layer that was started last.
    ///
    /// # Errors
    /// [`crate::Error::Misfit`] where the values do not fit the fields; faults such as a full disk.
    fn push(&mut self, row: Row) -> Result<()>;

    /// Ends the layer, with the kind that its geometries turned out to be.
    ///
    /// # Errors
    /// Faults such as a full disk.
    fn finish_layer(&mut self, geometry_type: GeometryType) -> Result<()>;

    /// Says what was delivered: kept with the batch. What is said last counts.
    fn describe(&mut self, delivery: Delivery);

    /// Does as much of [`Load::commit`] as can be undone and makes nobody wait who does not load. For whoever has something
    /// else to do meanwhile; [`Load::commit`] does the rest. No layer and no row can be added afterwards.
    ///
    /// # Errors
    /// As [`Load::commit`].
    fn prepare(&mut self, step: &mut (dyn FnMut(CommitStep) + Send)) -> Result<()>;

    /// Hands out what [`Load::commit`] would change, and ends the load without changing anything: layer by layer in the
    /// order they were loaded, until `each` breaks off. The counts are whole whatever it does.
    ///
    /// # Errors
    /// As [`Load::commit`]; [`crate::Error::Misfit`] where it was prepared.
    fn preview(
        self: Box<Self>,
        step: &mut dyn FnMut(CommitStep),
        each: &mut dyn FnMut(Planned<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<(Name, LoadCounts)>>;

    /// Makes all layers of the load one version, durably, and says what became of the rows. `step` hears how far the
    /// commit has come. A load that changes nothing makes no version.
    ///
    /// # Errors
    /// [`crate::Error::KeyTwice`] where an upsert brings a key twice with the same beginning of valid time; faults
    /// such as a full disk. Nothing is changed then.
    fn commit(self: Box<Self>, step: &mut dyn FnMut(CommitStep)) -> Result<Committed>;
}

/// How far a commit has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitStep {
    /// What is being done, in one or two words: `comparing`, `sorting`, `writing`, `indexing`, `syncing`.
    pub what: &'static str,
    /// The layer it is done to; none for the whole store.
    pub layer: Option<Name>,
    /// Rows done.
    pub done: u64,
    /// Rows in all; 0 where that is not known.
    pub total: u64,
}

/// What a load did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The version that the store is at now.
    pub version: Version,
    /// What became of each layer, in the order they were loaded.
    pub layers: Vec<(Name, LoadCounts)>,
}

/// What became of the rows of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LoadCounts {
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that took the place of another with the same key.
    pub updated: u64,
    /// Rows that were there before, equal in all.
    pub unchanged: u64,
    /// Rows that were there before and are no longer.
    pub deleted: u64,
}

/// A change that a load would make.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned<'l> {
    /// The layer whose fields the rows have: as it would be, or, where it would get other fields, as it is for what
    /// would go.
    pub layer: &'l Layer,
    /// The feature; none where it would be new.
    pub fid: Option<Fid>,
    /// What it is; none where it would be new.
    pub old: Option<Row>,
    /// What it would be; none where it would cease to be.
    pub new: Option<Row>,
}

/// A single edit.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A new feature; its number is the store's to choose.
    Insert {
        /// The layer.
        layer: Name,
        /// All that is known of it.
        row: Row,
    },
    /// A feature's new state.
    Update {
        /// The layer.
        layer: Name,
        /// The feature.
        fid: Fid,
        /// All that is known of it now.
        row: Row,
    },
    /// A feature ceases to be.
    Delete {
        /// The layer.
        layer: Name,
        /// The feature.
        fid: Fid,
    },
}

/// A place in the change log: after `offset` entries of the version that follows `version`.
///
/// The default is the beginning of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct LogPosition {
    /// The last version that was read whole.
    pub version: Version,
    /// How many entries of the next version were read.
    pub offset: u64,
}

/// One entry of the change log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// The version that the change is part of.
    pub version: Version,
    /// When it was committed, or sealed where another program made it.
    pub time: Instant,
    /// What changed.
    pub change: Change,
}

/// A page of the change log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPage {
    /// The entries, in commit order; inside a version by layer name, then feature number.
    pub entries: Vec<LogEntry>,
    /// Where the next page begins; equal to the place asked for where nothing followed.
    pub next: LogPosition,
}
