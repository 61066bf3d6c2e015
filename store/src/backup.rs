//! Copies of a whole store, with its history, and stores made of them.

use crate::Result;
use crate::geopackage::backup as file;
use crate::postgis::backup as database;
use crate::postgis::is_connection;
use std::path::Path;

/// What restoring does where there is a store already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is kept, and nothing is done.
    Keep,
    /// The copy takes its place.
    Replace,
}

/// How much is done: bytes done and in all, or nothing where that is not known.
pub type BackupStep<'a> = &'a mut dyn FnMut(u64, u64);

/// Copies the store into the file `to`, as it is at one moment; others may read and write meanwhile.
///
/// A GeoPackage becomes a GeoPackage, a database a custom-format archive of `pg_dump`. The file is there whole or not
/// at all.
///
/// # Errors
/// [`crate::Error::NotAStore`]; [`crate::Error::Io`] where `to` exists or cannot be written; faults of the store.
pub fn backup(store: &str, to: &Path, step: BackupStep<'_>) -> Result<()> {
    if is_connection(store) {
        database::backup(store, to)
    } else {
        file::backup(Path::new(store), to, step)
    }
}

/// Makes the store `to` of a copy, in a new epoch: version numbers that were given after the copy was made may come
/// again with another meaning, and nobody is to take the one for the other.
///
/// # Errors
/// [`crate::Error::NotAStore`] where `from` is no copy, or `to` is a store already and is to be kept; faults of the
/// store. A GeoPackage is then as it was; a database is too.
pub fn restore(from: &Path, to: &str, existing: Existing, step: BackupStep<'_>) -> Result<()> {
    if is_connection(to) {
        database::restore(from, to, existing)
    } else {
        file::restore(from, Path::new(to), existing, step)
    }
}
