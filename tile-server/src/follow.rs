//! Follows the store: a thread of its own looks again and again, and publishes what is new. Readers never wait for it.
//!
//! The store is asked by version, never believed by a notification alone. Where it cannot be read, what was read last
//! goes on being served.

use crate::app::App;
use crate::load::load;
use crate::opened::{Connection, Opener};
use crate::published::{Published, now};
use crate::status::Phase;
use onemap_store::Result;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

/// The thread that follows the store.
pub(crate) struct Follower {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

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
        let thread = thread.spawn(move || {
            let mut connection = Connection::new(&app.config.store, opener);
            match begin(&app, &mut connection) {
                Ok(()) => follow(&app, &mut connection, &stopped),
                Err(error) => on_failure(error),
            }
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

fn begin(app: &App, connection: &mut Connection) -> Result<()> {
    let store = connection.store()?;
    store.catch_up()?;
    app.publish(load(store, None, app)?);
    app.status.enter(Phase::Following);
    Ok(())
}

fn follow(app: &App, connection: &mut Connection, stopped: &Receiver<()>) {
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(app.config.limits.poll) {
        match look(app, connection) {
            Ok(()) => {
                if app.status.enter(Phase::Following) == Phase::Unreadable {
                    tracing::info!("the store can be read again");
                }
            }
            Err(error) => {
                connection.close();
                app.metrics.failed_looks.fetch_add(1, Ordering::Relaxed);
                if app.status.enter(Phase::Unreadable) != Phase::Unreadable {
                    tracing::error!(%error, "the store cannot be read; the last state read is still served");
                }
            }
        }
    }
}

/// Looks once: publishes a new version of the store, or the same one where a boundary of valid time has passed.
fn look(app: &App, connection: &mut Connection) -> Result<()> {
    let store = connection.store()?;
    let version = store.catch_up()?;
    let before = app.published.load_full();
    let is_new = |published: &Arc<Published>| {
        published.snapshot.version() != version || published.snapshot.epoch() != store.epoch()
    };
    if before.as_ref().is_none_or(is_new) {
        app.publish(load(store, before.as_deref(), app)?);
    } else if let Some(later) = before.and_then(|published| published.at(now())) {
        app.publish(later);
    }
    Ok(())
}
