//! Temporary folders, for what archives are unpacked to.
//!
//! Each is locked as long as the process lives that made it. One that a killed process left behind is removed by the next
//! that needs a folder.

use crate::error::{Error, Result};
use crate::interrupt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How their names begin.
const PREFIX: &str = "onemap-import-";
/// A folder that was made just now may not be locked yet.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder that goes when this is dropped.
#[derive(Debug)]
pub struct Folder {
    // Dropped in this order: locked until it is gone.
    dir: TempDir,
    _lock: Option<File>,
}

impl Folder {
    /// Makes one where temporary files go, and removes what killed processes left there.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn new() -> Result<Self> {
        let place = std::env::temp_dir();
        for left in left_behind(&place, YOUNG) {
            // What cannot be removed is another user's.
            let _ = std::fs::remove_dir_all(&left.path);
        }
        Self::within(&place)
    }

    fn within(place: &Path) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place);
        let dir = dir.map_err(|e| Error::io(place, e))?;
        interrupt::remove_on_exit(dir.path());
        Ok(Self {
            _lock: locked(dir.path()),
            dir,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// A folder that nobody holds any more, held by us.
struct Left {
    path: PathBuf,
    _lock: File,
}

fn left_behind(place: &Path, young: Duration) -> Vec<Left> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    let old = ours.filter(|entry| {
        let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_dir);
        let age = metadata.and_then(|metadata| metadata.modified().ok()?.elapsed().ok());
        age.is_some_and(|age| age >= young)
    });
    old.filter_map(|entry| {
        let path = entry.path();
        locked(&path).map(|_lock| Left { path, _lock })
    })
    .collect()
}

/// Takes the lock of a folder; none where somebody has it, or the file system knows no locks.
fn locked(dir: &Path) -> Option<File> {
    let file = File::open(dir).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_that_nobody_holds_are_left_behind() {
        let place = tempfile::tempdir().unwrap();
        let (held, let_go) = (
            Folder::within(place.path()).unwrap(),
            place.path().join("onemap-import-x"),
        );
        std::fs::create_dir(&let_go).unwrap();
        std::fs::create_dir(place.path().join("other")).unwrap();
        std::fs::write(place.path().join("onemap-import-file"), b"").unwrap();
        let left: Vec<PathBuf> = left_behind(place.path(), Duration::ZERO)
            .into_iter()
            .map(|left| left.path)
            .collect();
        assert_eq!(left, [let_go]);
        assert!(left_behind(place.path(), YOUNG).is_empty());
        let path = held.path().to_owned();
        drop(held);
        assert!(!path.exists());
    }
}
