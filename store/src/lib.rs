//! Where the city's layers are kept, with their history and every change that was ever made.
//!
//! One [`Store`] trait, behind it one GeoPackage file or a PostGIS database. The trait is blocking: the
//! importer is, and the server calls it from threads of its own. What the stores must do alike is said by one contract
//! suite (`tests/contract.rs`), into which a store is entered by name.

mod backup;
mod batch;
mod difference;
mod digest;
mod error;
mod geopackage;
mod layer;
mod open;
mod postgis;
mod store;

pub use backup::{BackupStep, Existing, backup, restore};
pub use batch::{
    Batch, BatchLayer, Conflict, DeliveredLayer, Delivery, FindingCount, Later, RecordedBatch, RolledBack, SourceFile,
};
pub use digest::{ContentDigest, content_digest};
pub use error::{Error, Result};
pub use geopackage::{GeoPackage, PlainGeoPackage, PlainLayer, PlainSrs};
pub use open::{OpenMode, open};
pub use postgis::{PostGis, is_connection, without_password};
pub use store::{
    At, Commit, CommitStep, Committed, Difference, Edit, LayerCommit, LayerState, Load, LoadCounts, LoadMode, LogEntry,
    LogPage, LogPosition, Planned, Pruned, Reading, RecordedState, Stamp, Store,
};
