//! Ctrl-C: an import stops within a second and says what became of the store.
//!
//! Loops ask [`check`] often and leave by an ordinary error, which drops the load and the temporary files. Where one
//! call takes longer than that (GDAL opening a large file, the store sorting), a thread ends the process: to the store
//! that is like a power cut, which its journal undoes. Only while a commit is being made durable nothing is cut off.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a user's interruption exits with: 128 + SIGINT, as shells have it.
pub const EXIT_CODE: i32 = 130;

/// How long the ordinary way out may take.
const PATIENCE: Duration = Duration::from_millis(700);

static STOP: AtomicBool = AtomicBool::new(false);
/// Held until the end by whoever ends the process, so that no commit begins to be durable after that was decided.
static PHASE: Mutex<Phase> = Mutex::new(Phase::Revocable);
static LITTER: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Whether stopping now leaves the store as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It does.
    Revocable,
    /// The commit may be durable already: it is waited for.
    Durable,
}

/// Starts to listen for SIGINT and SIGTERM; for programs, once.
///
/// # Errors
/// Where the system grants no signal handlers.
pub fn listen() -> std::io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        for _ in &mut signals {
            STOP.store(true, Ordering::SeqCst);
            std::thread::sleep(PATIENCE);
            leave_if_revocable();
        }
    });
    Ok(())
}

/// Says from where on an interruption must wait. Does not return where the process is being ended already.
pub fn enter(phase: Phase) {
    *PHASE.lock().unwrap_or_else(PoisonError::into_inner) = phase;
}

/// Whether the user asked to stop.
pub fn is_asked() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Leaves the work where the user asked to stop.
///
/// # Errors
/// [`Error::Interrupted`] then.
pub fn check() -> Result<()> {
    if is_asked() { Err(Error::Interrupted) } else { Ok(()) }
}

/// Has the file or directory at `path` removed where the process must be ended at once.
pub fn remove_on_exit(path: &Path) {
    if let Ok(mut litter) = LITTER.lock() {
        litter.push(path.to_owned());
    }
}

/// Files that are removed where the process must be ended at once, for as long as this lives.
pub struct Removable(Vec<PathBuf>);

impl Removable {
    /// Has `paths` removed from now on.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        paths.iter().for_each(|path| remove_on_exit(path));
        Self(paths)
    }
}

impl Drop for Removable {
    fn drop(&mut self) {
        if let Ok(mut litter) = LITTER.lock() {
            litter.retain(|path| !self.0.contains(path));
        }
    }
}

/// Ends the process at once, with the message, and what was to be removed gone; does nothing once a commit may be
/// durable.
pub fn leave_if_revocable() {
    let phase = PHASE.lock().unwrap_or_else(PoisonError::into_inner);
    if *phase == Phase::Durable {
        return;
    }
    if let Ok(litter) = LITTER.lock() {
        for path in litter.iter() {
            let _ = if path.is_dir() {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
        }
    }
    eprintln!("{}", Error::Interrupted);
    std::process::exit(EXIT_CODE)
}
