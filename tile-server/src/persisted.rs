//! The snapshot on disk: a start that finds one maps it and reads from the store only what was committed since.
//!
//! It is written by a thread of its own: after the first reading of the store, when much has changed, and at the end. It
//! is only ever a shorter way to what the store says: whatever is wrong with it is said in the log, and the store is read.

mod file;

use crate::advance::advance;
use crate::app::App;
use crate::config::{Config, SnapshotPlace};
use crate::opened::Opener;
use crate::published::{Published, ServedLayer, now};
use crate::status::Phase;
use file::Written;
use onemap_atlas::persist::{self, Mark, Refused};
use onemap_model::{Epoch, Version};
use onemap_store::{At, Error, LayerState, Result, Store};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Smaller stores are read as fast; in the usual place nothing is kept of them.
const WORTH_IT: usize = 50_000;
/// So many changes, or a twentieth of all features where that is more, are worth writing it again.
const MANY: u64 = 20_000;
/// The least time from one writing to the next, and from one that failed.
const REST: Duration = Duration::from_secs(60);
const AFTER_FAULT: Duration = Duration::from_secs(600);
/// In the usual place for databases, what is older is of a database that is gone, or is made anew.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// What is known of the file.
#[derive(Default)]
pub(crate) struct Persisted(Mutex<State>);

#[derive(Default)]
struct State {
    /// What it holds, as far as this server read or wrote it.
    holds: Option<(Epoch, Version)>,
    /// How many changes had been applied by then, and layers read whole.
    applied: u64,
    whole: u64,
    is_writing: bool,
    /// Who writes, or wrote last.
    writer: Option<JoinHandle<()>>,
    /// Nothing is written before.
    not_before: Option<Instant>,
}

impl Persisted {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the file has, brought to the version `version` that the store is at; none where there is no file that can be used.
///
/// # Errors
/// Faults of the store.
pub(crate) fn restore(app: &App, store: &mut dyn Store, version: Version) -> Result<Option<Published>> {
    let Some(path) = path(&app.config, store.epoch()) else {
        return Ok(None);
    };
    let begun = Instant::now();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return refuse(&path, &error.to_string()),
    };
    app.status.loads(|| Phase::Loading("opening the snapshot".to_owned()));
    let published = match read(app, store, version, &file)? {
        Ok(published) => published,
        Err(reason) => return refuse(&path, &reason),
    };
    let held = (published.epoch().clone(), published.version());
    tracing::info!(path = %path.display(), version = %held.1, took = ?begun.elapsed(), "snapshot opened");
    {
        let mut state = app.persisted.lock();
        state.applied = app.metrics.applied.load(Ordering::Relaxed);
        state.whole = app.metrics.whole_reloads.load(Ordering::Relaxed);
        state.holds = Some(held);
    }
    if published.version() == version {
        return Ok(Some(published));
    }
    let later = advance(store, &published, version, app)?.published;
    tracing::info!(version = %later.version(), took = ?begun.elapsed(), "brought to what the store has now");
    Ok(Some(later))
}

fn refuse<T>(path: &Path, reason: &str) -> Result<Option<T>> {
    tracing::warn!(path = %path.display(), reason, "the snapshot is not used; the store is read instead");
    Ok(None)
}

/// The state in the file, or why it cannot be used.
fn read(
    app: &App,
    store: &mut dyn Store,
    version: Version,
    file: &File,
) -> Result<std::result::Result<Published, String>> {
    let opened = match persist::open(file) {
        Ok(opened) => opened,
        Err(refused) => return Ok(Err(refused.to_string())),
    };
    let mark = opened.mark().clone();
    if mark.epoch != *store.epoch() {
        return Ok(Err(format!(
            "it is of another store, or of another life of this one ({}, the store is {})",
            mark.epoch,
            store.epoch()
        )));
    }
    if mark.version > version {
        return Ok(Err(format!(
            "it is of version {}, the store is at {version}",
            mark.version
        )));
    }
    if self::mark(store, mark.version)?.committed != mark.committed {
        return Ok(Err(format!(
            "the store came to version {} by another way",
            mark.version
        )));
    }
    let states = match states_at(store, mark.version) {
        Err(Error::Pruned { .. } | Error::UnknownVersion { .. }) => {
            return Ok(Err(format!("the store no longer knows its version {}", mark.version)));
        }
        states => states?,
    };
    let definitions: Vec<_> = states.iter().map(|state| state.layer.clone()).collect();
    let layers = catch_unwind(AssertUnwindSafe(|| opened.layers(&definitions)));
    let layers = layers.unwrap_or_else(|_| Err(Refused::Damaged("reading it failed".to_owned())));
    let layers = match layers {
        Ok(layers) => layers,
        Err(refused) => return Ok(Err(refused.to_string())),
    };
    let now = now();
    let mut served = Vec::with_capacity(layers.len());
    for ((snapshot, changed), state) in layers.into_iter().zip(&states) {
        if snapshot.len() as u64 != state.features || changed != state.changed {
            return Ok(Err(format!(
                "layer {} has {} features of version {changed} in it, and {} of version {} in the store",
                state.layer.name(),
                snapshot.len(),
                state.features,
                state.changed
            )));
        }
        served.push(ServedLayer::new(
            snapshot.with_budget(app.config.tile_bytes),
            changed,
            now,
        ));
    }
    Ok(Ok(Published::new(mark.epoch, mark.version, now, served, 1)))
}

fn states_at(store: &mut dyn Store, version: Version) -> Result<Vec<LayerState>> {
    store.read(At::Version(version))?.layers()
}

/// What stands for a version of the store.
fn mark(store: &mut dyn Store, version: Version) -> Result<Mark> {
    let committed = match version.0.checked_sub(1).map(|before| store.commits(Version(before), 1)) {
        None | Some(Err(Error::Pruned { .. })) => None,
        Some(commits) => commits?.into_iter().find(|commit| commit.version == version),
    };
    Ok(Mark {
        epoch: store.epoch().clone(),
        version,
        committed: committed.map(|commit| commit.time),
    })
}

/// Has what is served written, where that is due: by a thread of its own.
pub(crate) fn keep(app: &Arc<App>, store: &mut dyn Store) {
    let Some(published) = app.published.load_full() else {
        return;
    };
    let Some(path) = path(&app.config, published.epoch()) else {
        return;
    };
    if !begin(app, &published) {
        return;
    }
    let owned = Arc::clone(app);
    let mark = mark(store, published.version());
    let work = move || match mark {
        Ok(mark) => write(&owned, &path, &mark, &published),
        Err(error) => end(&owned, &path, None, Err(std::io::Error::other(error.to_string()))),
    };
    match std::thread::Builder::new().name("snapshot".to_owned()).spawn(work) {
        Ok(writer) => app.persisted.lock().writer = Some(writer),
        Err(error) => end(app, Path::new("snapshot"), None, Err(error)),
    }
}

/// Writes what is served, where the file does not have it, and waits for that; nobody follows the store any more.
pub(crate) fn keep_last(app: &App, opener: &Opener) {
    let writer = app.persisted.lock().writer.take();
    // Where it panicked it has not written; that is found out below.
    let _ = writer.map(JoinHandle::join);
    let Some(published) = app.published.load_full() else {
        return;
    };
    let Some(path) = path(&app.config, published.epoch()) else {
        return;
    };
    {
        let mut state = app.persisted.lock();
        let is_there = state.holds == Some((published.epoch().clone(), published.version()));
        if is_there || state.is_writing || !is_worth_it(app, &published) {
            return;
        }
        state.is_writing = true;
    }
    let mark = opener().and_then(|mut store| {
        let mark = mark(&mut *store, published.version())?;
        Ok(Some(mark).filter(|mark| mark.epoch == *published.epoch()))
    });
    match mark {
        Ok(Some(mark)) => write(app, &path, &mark, &published),
        Ok(None) => app.persisted.lock().is_writing = false,
        Err(error) => end(app, &path, None, Err(std::io::Error::other(error.to_string()))),
    }
}

/// Whether it is due; it is then under way.
fn begin(app: &App, published: &Published) -> bool {
    let mut state = app.persisted.lock();
    let is_early = state.not_before.is_some_and(|then| Instant::now() < then);
    if state.is_writing || is_early || !is_worth_it(app, published) {
        return false;
    }
    let applied = app.metrics.applied.load(Ordering::Relaxed);
    let whole = app.metrics.whole_reloads.load(Ordering::Relaxed);
    let features: usize = published.layers.iter().map(|layer| layer.snapshot.len()).sum();
    let is_same_life = matches!(&state.holds, Some((epoch, _)) if epoch == published.epoch());
    let is_due = !is_same_life || whole > state.whole || applied - state.applied >= MANY.max(features as u64 / 20);
    if is_due {
        (state.applied, state.whole, state.is_writing) = (applied, whole, true);
    }
    is_due
}

fn is_worth_it(app: &App, published: &Published) -> bool {
    let features: usize = published.layers.iter().map(|layer| layer.snapshot.len()).sum();
    features >= WORTH_IT || app.config.snapshot != SnapshotPlace::Usual
}

fn write(app: &App, path: &Path, mark: &Mark, published: &Published) {
    let layers: Vec<_> = published
        .layers
        .iter()
        .map(|layer| (&*layer.snapshot, layer.changed))
        .collect();
    let written = catch_unwind(|| file::replace(path, |file| persist::write(file, mark, &layers)));
    let written = written.unwrap_or_else(|_| Err(std::io::Error::other("writing it panicked")));
    end(app, path, Some(mark), written);
}

/// Notes how writing went.
fn end(app: &App, path: &Path, mark: Option<&Mark>, written: std::io::Result<Written>) {
    let mut state = app.persisted.lock();
    state.is_writing = false;
    let written_to = path;
    let path = path.display();
    let rest = match written {
        Ok(Written::Whole { bytes, took }) => {
            let version = mark.map_or(0, |mark| mark.version.0);
            tracing::info!(%path, version, bytes, ?took, "snapshot written");
            state.holds = mark.map(|mark| (mark.epoch.clone(), mark.version));
            forget_old(app, written_to);
            REST
        }
        Ok(Written::ByAnother) => {
            tracing::info!(%path, "another server is writing the snapshot; this one does not");
            state.holds = mark.map(|mark| (mark.epoch.clone(), mark.version));
            REST
        }
        Err(error) => {
            let reason = error.to_string();
            tracing::warn!(%path, reason, "the snapshot could not be written; a restart will read the store");
            AFTER_FAULT
        }
    };
    state.not_before = Some(Instant::now() + rest);
}

/// In the folder that databases share, snapshots of those that are gone would pile up.
fn forget_old(app: &App, written: &Path) {
    let is_shared = app.config.snapshot == SnapshotPlace::Usual && app.config.is_database();
    if let Some(folder) = written.parent().filter(|_| is_shared)
        && let Err(error) = file::forget_older(folder, KEPT)
    {
        let reason = error.to_string();
        tracing::warn!(folder = %folder.display(), reason, "old snapshots could not be removed");
    }
}

/// Where the file is; none where there is to be none.
fn path(config: &Config, epoch: &Epoch) -> Option<PathBuf> {
    let of_epoch = || format!("{epoch}.snapshot");
    match &config.snapshot {
        SnapshotPlace::Off => None,
        SnapshotPlace::At(path) if path.is_dir() => Some(path.join(of_epoch())),
        SnapshotPlace::At(path) => Some(path.clone()),
        SnapshotPlace::Usual if config.is_database() => {
            let folder = |name| {
                std::env::var_os(name)
                    .map(PathBuf::from)
                    .filter(|path| path.is_absolute())
            };
            let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
            Some(cache.join("onemap").join(of_epoch()))
        }
        SnapshotPlace::Usual => {
            let mut path = PathBuf::from(&config.store);
            if !path.is_file() {
                return None;
            }
            path.as_mut_os_string().push(".snapshot");
            Some(path)
        }
    }
}
