//! Follows the store: a thread of its own looks again and again, and publishes what is new. Readers never wait for it.
//!
//! The store is asked by version, never believed by a notification alone. Where it cannot be read, what was read last
//! goes on being served.

use crate::app::App;
use crate::load::load;
use crate::published::{Published, now};
use crate::status::Phase;
use onemap_store::{Result, Store};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

/// The thread that follows the store.
pub(crate) struct Follower {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// Opens the store, at the start and whenever it was lost.
pub(crate) type Opener = Box<dyn Fn() -> Result<Box<dyn Store>> + Send>;

/// What to do when the store cannot even be opened at the start.
pub(crate) type OnFailure = Box<dyn FnOnce(onemap_store::Error) + Send>;

impl Follower {
    /// Starts following. `on_failure` hears why the first load failed; nothing is followed then.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(app: Arc<App>, opener: Opener, on_failure: OnFailure) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("follower".to_owned());
        let thread = thread.spawn(move || match begin(&app, &opener) {
            Ok(store) => follow(&app, &opener, store, &stopped),
            Err(error) => on_failure(error),
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends the thread. A load under way is not waited for: it holds nothing that the process's end would break.
    pub(crate) fn stop(self) {
        drop(self.stop);
        if self.thread.is_finished() && self.thread.join().is_err() {
            tracing::error!("the thread that follows the store panicked");
        }
    }
}

/// The open store, and which file it was when it was opened.
struct Opened {
    store: Box<dyn Store>,
    file: Option<FileIdentity>,
}

type FileIdentity = (u64, u64);

fn begin(app: &App, opener: &Opener) -> Result<Opened> {
    let mut opened = open(app, opener)?;
    opened.store.catch_up()?;
    publish(app, load(&mut *opened.store, None, app)?);
    app.status.enter(Phase::Following);
    Ok(opened)
}

fn open(app: &App, opener: &Opener) -> Result<Opened> {
    let file = identity(&app.config.store);
    let store = opener()?;
    Ok(Opened { store, file })
}

fn follow(app: &App, opener: &Opener, store: Opened, stopped: &Receiver<()>) {
    let mut store = Some(store);
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(app.config.limits.poll) {
        match look(app, opener, &mut store) {
            Ok(()) => {
                if app.status.enter(Phase::Following) == Phase::Unreadable {
                    tracing::info!("the store can be read again");
                }
            }
            Err(error) => {
                store = None;
                app.metrics.failed_looks.fetch_add(1, Ordering::Relaxed);
                if app.status.enter(Phase::Unreadable) != Phase::Unreadable {
                    tracing::error!(%error, "the store cannot be read; the last state read is still served");
                }
            }
        }
    }
}

/// Looks once: publishes a new version of the store, or the same one where a boundary of valid time has passed.
fn look(app: &App, opener: &Opener, kept: &mut Option<Opened>) -> Result<()> {
    // A file put in the place of the old one is another file, though the old one can still be read.
    if kept
        .as_ref()
        .is_some_and(|opened| opened.file != identity(&app.config.store))
    {
        *kept = None;
    }
    if kept.is_none() {
        *kept = Some(open(app, opener)?);
    }
    let store = &mut kept.as_mut().expect("opened just now").store;
    let version = store.catch_up()?;
    let before = app.published.load_full();
    let is_new = |published: &Arc<Published>| {
        published.snapshot.version() != version || published.snapshot.epoch() != store.epoch()
    };
    if before.as_ref().is_none_or(is_new) {
        publish(app, load(&mut **store, before.as_deref(), app)?);
    } else if let Some(later) = before.and_then(|published| published.at(now())) {
        publish(app, later);
    }
    Ok(())
}

fn publish(app: &App, published: Published) {
    app.published.store(Some(Arc::new(published)));
    app.metrics.published.fetch_add(1, Ordering::Relaxed);
}

/// Device and inode of the store where it is a file.
fn identity(store: &str) -> Option<FileIdentity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(store).ok().map(|file| (file.dev(), file.ino()))
}
