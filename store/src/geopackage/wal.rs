//! Leaving the WAL into which other programs put the file.
//!
//! Only the one program that has the file open can end WAL mode, and whoever has read in that mode keeps the file
//! locked until it closes it. So every look tries, and lets the file go where it fails: then the next to look can.

use super::GeoPackage;
use super::fault::Inner;
use super::open;
use crate::Error;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a write waits for the file to leave WAL mode: some looks of a server.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long the file is let go between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// How the file keeps what a transaction changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Rollback,
    Wal,
}

/// The mode that the file was in when it was read last.
pub(super) fn mode(db: &Connection) -> Inner<Mode> {
    let name: String = db
        .prepare_cached("PRAGMA journal_mode")?
        .query_row([], |row| row.get(0))?;
    Ok(if name == "wal" { Mode::Wal } else { Mode::Rollback })
}

impl GeoPackage {
    /// Ends WAL mode if no other program has the file open; gives the mode after it.
    pub(super) fn leave_wal(&mut self) -> Inner<Mode> {
        if mode(&self.db)? == Mode::Rollback || self.db.is_readonly("main")? {
            return Ok(Mode::Rollback);
        }
        self.db.flush_prepared_statement_cache();
        self.db.busy_timeout(Duration::ZERO)?;
        let left = self.db.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()));
        self.db.busy_timeout(open::BUSY_TIMEOUT)?;
        if let Err(error) = left {
            tracing::debug!("the file stays in WAL mode: {error}");
        }
        mode(&self.db)
    }

    /// Closes the file and connects to it anew without reading it.
    pub(super) fn let_go(&mut self) -> Inner<()> {
        self.db = open::connect(Path::new(&self.store), OpenFlags::empty())?;
        self.seen = None;
        Ok(())
    }

    /// Looks, and waits until the file can be written with a rollback journal.
    pub(super) fn look_to_write(&mut self) -> Inner<()> {
        let begun = Instant::now();
        loop {
            let looked = self.look();
            if self.mode == Mode::Rollback {
                return looked.map(|_| ());
            }
            if begun.elapsed() > PATIENCE {
                let store = self.store.clone();
                return Err(Error::WalHeld { store }.into());
            }
            std::thread::sleep(PAUSE);
        }
    }
}
