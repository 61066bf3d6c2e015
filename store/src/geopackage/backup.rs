//! Copying a file while others write into it, by SQLite's own backup.

use super::fault::{Fault, Inner};
use super::open;
use crate::backup::{BackupStep, Existing};
use crate::{Error, Result};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages copied at once: 16 MB of 4 KiB. Writers may have the file in between.
const PAGES: i32 = 4096;
/// How long a writer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// See [`crate::backup`].
pub(crate) fn backup(from: &Path, to: &Path, step: BackupStep<'_>) -> Result<()> {
    if to.exists() {
        return Err(io(to, ErrorKind::AlreadyExists.into()));
    }
    let source = source(from)?;
    let part = Part::beside(to);
    copy(&source, &part.path, step).map_err(|fault| fault.of(&from.display().to_string()))?;
    part.become_whole(to)
}

/// See [`crate::restore`].
pub(crate) fn restore(from: &Path, to: &Path, existing: Existing, step: BackupStep<'_>) -> Result<()> {
    if to.exists() {
        if existing == Existing::Keep {
            return Err(Error::NotAStore {
                store: to.display().to_string(),
                reason: "there is a file already; --force lets the copy take its place".to_owned(),
            });
        }
        // A journal beside the old file would be played into the new one.
        for journal in ["-journal", "-wal"] {
            let journal = beside(to, journal);
            if journal.metadata().is_ok_and(|file| file.len() > 0) {
                let store = to.display().to_string();
                return Err(Error::Busy { store });
            }
        }
    }
    let source = source(from)?;
    let part = Part::beside(to);
    let made = copy(&source, &part.path, step).and_then(|()| {
        let copy = open::connect(&part.path, OpenFlags::empty())?;
        let verdict: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(Fault::Damaged(verdict));
        }
        copy.execute(
            "UPDATE onemap_meta SET value = lower(hex(randomblob(16))) WHERE key = 'epoch'",
            [],
        )?;
        Ok(())
    });
    made.map_err(|fault| fault.of(&from.display().to_string()))?;
    part.become_whole(to)
}

/// A store's file, to be read only.
fn source(path: &Path) -> Result<Connection> {
    let store = path.display().to_string();
    if !path.is_file() {
        return Err(Error::NotAStore {
            store,
            reason: "there is no such file".to_owned(),
        });
    }
    let opened = || -> Inner<Connection> {
        let db = open::connect(path, OpenFlags::empty())?;
        open::check_kind(&db, &store)?;
        Ok(db)
    };
    opened().map_err(|fault| fault.of(&store))
}

fn copy(from: &Connection, to: &Path, step: BackupStep<'_>) -> Inner<()> {
    let mut copy = Connection::open(to)?;
    let backup = Backup::new(from, &mut copy)?;
    let mut waited = Duration::ZERO;
    loop {
        let result = backup.step(PAGES)?;
        let progress = backup.progress();
        let bytes = |pages: i32| u64::from(pages.unsigned_abs()) * 4096;
        step(
            bytes(progress.pagecount - progress.remaining),
            bytes(progress.pagecount),
        );
        match result {
            StepResult::Done => return Ok(()),
            StepResult::More => waited = Duration::ZERO,
            _ if waited >= PATIENCE => {
                return Err(Fault::Sql(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                    None,
                )));
            }
            _ => {
                let nap = Duration::from_millis(50);
                std::thread::sleep(nap);
                waited += nap;
            }
        }
    }
}

/// A file in the making, removed where it does not become whole.
struct Part {
    path: PathBuf,
}

impl Part {
    fn beside(whole: &Path) -> Self {
        let path = beside(whole, &format!(".{}.part", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Self { path }
    }

    /// Puts the file in its place, durably.
    fn become_whole(self, whole: &Path) -> Result<()> {
        let put = || {
            std::fs::File::open(&self.path)?.sync_all()?;
            std::fs::rename(&self.path, whole)?;
            let folder = whole.parent().filter(|folder| !folder.as_os_str().is_empty());
            std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        put().map_err(|source| io(whole, source))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        for end in ["", "-journal"] {
            let _ = std::fs::remove_file(beside(&self.path, end));
        }
    }
}

/// The path with more at its end.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.display().to_string(),
        source,
    }
}
