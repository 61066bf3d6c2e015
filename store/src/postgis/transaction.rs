//! Work that is done wholly or not at all.

use super::connect::Link;
use crate::{Error, Result};

/// What a transaction sees of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Isolation {
    /// Each statement sees what was committed before it: for writing.
    ReadCommitted,
    /// One consistent view, which changes nothing.
    Snapshot,
}

impl Isolation {
    /// The statement that begins such a transaction.
    pub fn begin(self) -> &'static str {
        match self {
            Isolation::ReadCommitted => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
            Isolation::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

/// Does `work` in one transaction; where it fails, nothing was done.
pub(super) fn within<T>(link: &mut Link, isolation: Isolation, work: impl FnOnce(&mut Link) -> Result<T>) -> Result<T> {
    link.batch(isolation.begin())?;
    match work(link) {
        Ok(done) => {
            link.batch("COMMIT")?;
            Ok(done)
        }
        Err(error) => {
            roll_back(link);
            Err(error)
        }
    }
}

/// Ends the running transaction without a trace. A connection that is lost has ended it already.
pub(super) fn roll_back(link: &mut Link) {
    if let Err(error) = link.batch("ROLLBACK") {
        tracing::debug!("rolling back: {error}");
    }
}

/// Whether PostgreSQL gave up waiting for a lock, or chose this transaction to break a deadlock.
pub(super) fn is_lock_held(error: &Error) -> bool {
    matches!(error, Error::Busy { .. })
}
