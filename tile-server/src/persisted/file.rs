//! A file that is whole or not there, whatever happens while it is written, and whoever else writes it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// What became of it.
#[derive(Debug, PartialEq)]
pub(super) enum Written {
    /// It is there.
    Whole {
        /// Its size.
        bytes: u64,
        /// How long that took.
        took: Duration,
    },
    /// Somebody else is at it.
    ByAnother,
}

/// Puts a file at `path` that `write` fills: it is written beside it under another name, and takes its place when the
/// disk has it. Only this user can read it. One process writes at a time; what one left behind that was killed is
/// overwritten by the next.
pub(super) fn replace(path: &Path, write: impl FnOnce(&File) -> io::Result<u64>) -> io::Result<Written> {
    let begun = Instant::now();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut part = path.to_owned();
    part.as_mut_os_string().push(".part");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&part)?;
    match file.try_lock() {
        Ok(()) => (),
        Err(TryLockError::WouldBlock) => return Ok(Written::ByAnother),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // Between the opening and the lock another process may have finished: the file is then the snapshot itself, which
    // nobody may write.
    let own = file.metadata()?;
    let is_same = |there: fs::Metadata| (there.dev(), there.ino()) == (own.dev(), own.ino());
    if !fs::metadata(&part).is_ok_and(is_same) {
        return Ok(Written::ByAnother);
    }
    let written = file.set_len(0).and_then(|()| write(&file));
    let written = written.and_then(|bytes| fs::rename(&part, path).map(|()| bytes));
    match written {
        Ok(bytes) => {
            File::open(folder)?.sync_all()?;
            let took = begun.elapsed();
            Ok(Written::Whole { bytes, took })
        }
        Err(error) => {
            // A full disk needs the space; where even that fails, the first error says more.
            let _ = fs::remove_file(&part);
            Err(error)
        }
    }
}

/// Removes the snapshots in a folder that were written so long ago: those of databases that are gone. Who has one mapped
/// keeps it.
pub(super) fn forget_older(folder: &Path, age: Duration) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_one = path.extension().is_some_and(|extension| extension == "snapshot");
        let written = fs::symlink_metadata(&path).and_then(|metadata| metadata.modified());
        if is_one && written.is_ok_and(|then| then.elapsed().is_ok_and(|passed| passed > age)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn put(path: &Path, text: &str) -> io::Result<Written> {
        replace(path, |mut file| {
            file.write_all(text.as_bytes()).map(|()| text.len() as u64)
        })
    }

    #[test]
    fn a_file_is_replaced_whole_and_what_was_mapped_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.snapshot");
        assert!(matches!(
            put(&path, "first, longer").unwrap(),
            Written::Whole { bytes: 13, .. }
        ));
        let old = File::open(&path).unwrap();
        // What a process left behind that was killed.
        fs::write(folder.path().join("new/a.snapshot.part"), "half of something long").unwrap();
        put(&path, "second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(io::read_to_string(old).unwrap(), "first, longer");
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.snapshot");
        put(&path, "old").unwrap();
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let failed = replace(&path, |mut file| file.write_all(b"new").and(Err(full())));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn two_do_not_write_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.snapshot");
        let outer = replace(&path, |_| {
            assert_eq!(put(&path, "inner").unwrap(), Written::ByAnother);
            Ok(0)
        });
        assert!(matches!(outer.unwrap(), Written::Whole { .. }));
    }
    #[test]
    fn old_snapshots_are_forgotten_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let day = Duration::from_secs(86_400);
        for (name, age) in [("a.snapshot", 40), ("b.snapshot", 20), ("city.gpkg", 40)] {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - age * day).unwrap();
        }
        forget_older(folder.path(), 30 * day).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["b.snapshot", "city.gpkg"]);
    }
}
