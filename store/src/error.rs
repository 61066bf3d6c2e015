//! What can go wrong in a store.

use crate::Conflict;
use onemap_model::{Fid, Name, Version};

/// The result of a store's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such store, or it names nothing that a store can be.
    #[error("{store}: {reason}")]
    NotAStore {
        /// The path or connection as given, without any password.
        store: String,
        /// What is wrong with it and what was expected.
        reason: String,
    },
    /// The store was written by a newer program.
    #[error("{store} has schema version {found}; this program knows up to {known}: use a newer onemap")]
    TooNew {
        /// The path or connection.
        store: String,
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The file is damaged.
    #[error("{store} is damaged: {reason}")]
    Damaged {
        /// The path or connection.
        store: String,
        /// The first things that the integrity check found.
        reason: String,
    },
    /// Another process writes, or reads for so long that nothing can be written.
    #[error("{store} is in use by another process; try again when it is done")]
    Busy {
        /// The path or connection.
        store: String,
    },
    /// Another program put the file into WAL mode, in which the store does not write, and keeps it open.
    #[error("{store} is in WAL mode and another program has it open: close it there")]
    WalHeld {
        /// The path.
        store: String,
    },
    /// There is no such layer.
    #[error("there is no layer {0:?}")]
    UnknownLayer(Name),
    /// There is no such feature.
    #[error("layer {layer:?} has no feature {fid}")]
    UnknownFeature {
        /// The layer.
        layer: Name,
        /// The number asked for.
        fid: Fid,
    },
    /// There never was such a version, or its history was pruned.
    #[error("there is no version {asked}: the store keeps {oldest} to {newest}")]
    UnknownVersion {
        /// The version asked for.
        asked: Version,
        /// The oldest that can be read.
        oldest: Version,
        /// The newest.
        newest: Version,
    },
    /// The change log was pruned: it no longer has what was asked for.
    #[error("the change log begins after version {oldest}: what was before is no longer kept")]
    Pruned {
        /// The oldest version that can be read, after which the log is whole.
        oldest: Version,
    },
    /// The store has an older schema, and nobody asked to bring it up to date.
    #[error(
        "{store} has schema version {found}; this program needs {known}: bring it up to date with onemap-serve --migrate, or with any onemap-import load"
    )]
    NeedsMigration {
        /// The path or connection.
        store: String,
        /// The version found.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// The database cannot be reached, or does not answer in time: trying again may help.
    #[error("{store} cannot be reached: {reason}")]
    Unreachable {
        /// The connection, without any password.
        store: String,
        /// What happened.
        reason: String,
    },
    /// PostgreSQL refused a statement.
    #[error("{store}: {message}{}", .code.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default())]
    Postgres {
        /// The connection, without any password.
        store: String,
        /// Its message.
        message: String,
        /// Its five-character code (PostgreSQL documentation, appendix A).
        code: Option<String>,
    },
    /// A layer comes twice in one load.
    #[error("layer {0:?} comes twice in one load: rename one with --layer")]
    LayerTwice(Name),
    /// Two rows of an upsert have the same key and the same beginning of valid time.
    #[error("layer {layer:?}: the key {key:?} comes twice")]
    KeyTwice {
        /// The layer.
        layer: Name,
        /// The key.
        key: String,
    },
    /// A row or layer does not fit.
    #[error("layer {layer:?}: {reason}")]
    Misfit {
        /// The layer.
        layer: Name,
        /// What does not fit, with the value.
        reason: String,
    },
    /// Rows of a batch that is to be rolled back were changed again since.
    #[error(
        "version {version} is not rolled back, for later versions built on it: {}; roll those back first, or leave such \
         features as they are with --keep-later",
        .conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    LaterChanges {
        /// The batch.
        version: Version,
        /// What was changed, by layer.
        conflicts: Vec<Conflict>,
    },
    /// A version cannot be undone, whatever is asked.
    #[error("version {version} cannot be rolled back: {reason}")]
    NotUndone {
        /// The version.
        version: Version,
        /// Why not.
        reason: String,
    },
    /// SQLite failed.
    #[error("{store}: {source}")]
    Sqlite {
        /// The path.
        store: String,
        /// Its own error.
        source: rusqlite::Error,
    },
    /// The operating system failed.
    #[error("{path}: {source}")]
    Io {
        /// The path.
        path: String,
        /// Its own error.
        source: std::io::Error,
    },
}
