//! Files that come to their place in one step, when they are whole and on the disk.
//!
//! Until then a file lies beside its place under a hidden name, and is removed where the work ends before. A killed process
//! may leave that one, never half a file under the name that was asked for.

use super::error::Error;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

/// Between two looks at whether the user wants it to stop, so many features.
pub(super) const LOOK_EVERY: u64 = 1024;

static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Starts to listen for SIGINT and SIGTERM; the second one ends the process at once.
///
/// # Errors
/// Where the system grants no signal handlers.
pub(super) fn listen() -> Result<(), Error> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM] {
        let listen = signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&STOP));
        let listen = listen.and_then(|_| signal_hook::flag::register(signal, Arc::clone(&STOP)));
        listen.map_err(|error| Error::io("signal handlers".as_ref(), error))?;
    }
    Ok(())
}

/// Whether the user wants it to stop.
pub(super) fn is_interrupted() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Ends a loop where the user wants it to stop.
pub(super) fn go_on() -> ControlFlow<()> {
    match is_interrupted() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// A file on its way.
pub(super) struct Unfinished {
    beside: PathBuf,
    place: PathBuf,
}

impl Unfinished {
    /// A new file, empty, that will come to `place`.
    ///
    /// # Errors
    /// Where the folder is not there or cannot be written.
    pub fn new(place: &Path) -> Result<(Self, File), Error> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        // The system's names have 255 bytes.
        let kept = &name[..name.floor_char_boundary(200)];
        let beside = place.with_file_name(format!(".{kept}.{}.part", std::process::id()));
        if place.is_dir() {
            return Err(Error::Usage(format!("--to: {} is a folder", place.display())));
        }
        let file = File::create(&beside).map_err(|error| Error::io(place, error))?;
        let place = place.to_owned();
        Ok((Self { beside, place }, file))
    }

    /// Where the file lies until it is whole.
    pub fn beside(&self) -> &Path {
        &self.beside
    }

    /// The place it comes to.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Brings the file to its place, durably; gives its size in bytes.
    ///
    /// # Errors
    /// Where the disk fails, or the user wants it to stop.
    pub fn finish(self) -> Result<u64, Error> {
        if is_interrupted() {
            return Err(Error::Interrupted);
        }
        let finish = || -> std::io::Result<u64> {
            let file = File::open(&self.beside)?;
            file.sync_all()?;
            let size = file.metadata()?.len();
            std::fs::rename(&self.beside, &self.place)?;
            let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(size)
        };
        finish().map_err(|error| Error::io(&self.place, error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Where it came to its place there is none.
        let _ = std::fs::remove_file(&self.beside);
    }
}
