//! Follows the store: a thread of its own looks again and again, and publishes what is new. Readers never wait for it.
//!
//! The store is asked by version, never believed by a notification alone. Where it cannot be read, what was read last
//! goes on being served, and it is tried again until it can.

use crate::advance::advance;
use crate::app::App;
use crate::load::load_all;
use crate::merging::Merging;
use crate::opened::{Connection, Opener};
use crate::persisted;
use crate::published::{Published, Update, now};
use crate::status::Phase;
use onemap_store::{Result, Store};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two publications: what is committed meanwhile becomes one.
const PAUSE: Duration = Duration::from_millis(15);
/// Between two attempts to reach a store that cannot be read.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(1);
/// After a fault of the follower itself; and how many in a row end the server.
const AFTER_FAULT: Duration = Duration::from_secs(1);
const MAX_FAULTS: u32 = 5;

/// The thread that follows the store.
pub(crate) struct Follower {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// Why nothing is followed any more.
pub(crate) enum Failure {
    /// The store could not be read at the start.
    Store(onemap_store::Error),
    /// The follower panicked again and again.
    Fault,
}

/// What to do when nothing is followed any more.
pub(crate) type OnFailure = Box<dyn FnOnce(Failure) + Send>;

impl Follower {
    /// Starts following. `on_failure` hears why that ended by itself.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(app: Arc<App>, opener: Opener, on_failure: OnFailure) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("follower".to_owned());
        let thread = thread.spawn(move || {
            if let Err(failure) = follow_on(&app, opener, &stopped) {
                on_failure(failure);
            }
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends the thread. A look under way is not waited for: it holds nothing that the process's end would break.
    pub(crate) fn stop(self) {
        drop(self.stop);
        if self.thread.is_finished() && self.thread.join().is_err() {
            tracing::error!("the thread that follows the store panicked");
        }
    }
}

/// Follows until it is stopped, and begins anew after a panic.
fn follow_on(app: &Arc<App>, opener: Opener, stopped: &Receiver<()>) -> Result<(), Failure> {
    let mut connection = Connection::new(&app.config.store, opener);
    let mut faults = 0;
    loop {
        let before = app.metrics.looks.load(Ordering::Relaxed);
        // What a panic may leave behind is the connection, which is closed, and what is served, which is read anew.
        let ended = catch_unwind(AssertUnwindSafe(|| follow(app, &mut connection, stopped)));
        match ended {
            Ok(ended) => return ended.map_err(Failure::Store),
            Err(_) => {
                let worked = app.metrics.looks.load(Ordering::Relaxed) > before;
                faults = if worked { 1 } else { faults + 1 };
                tracing::error!(faults, "the thread that follows the store panicked; it begins anew");
                app.status.enter(Phase::Faulty);
                connection.close();
                if faults == MAX_FAULTS {
                    return Err(Failure::Fault);
                }
                if is_stopped(stopped, AFTER_FAULT) {
                    return Ok(());
                }
            }
        }
    }
}

/// Follows until it is stopped; fails where there is nothing that could be served meanwhile.
fn follow(app: &Arc<App>, connection: &mut Connection, stopped: &Receiver<()>) -> Result<()> {
    let mut retry = FIRST_RETRY;
    let mut state = State::default();
    loop {
        let begun = Instant::now();
        let looked = look(app, connection, &mut state).and_then(|published| {
            follows(app);
            app.metrics.looks.fetch_add(1, Ordering::Relaxed);
            persisted::keep(app, connection.store()?);
            if let Some(rest) = PAUSE.checked_sub(begun.elapsed()).filter(|_| published) {
                std::thread::sleep(rest);
            }
            connection.store()?.wait(app.config.limits.poll)?;
            retry = FIRST_RETRY;
            Ok(())
        });
        if let Err(error) = looked {
            connection.close();
            if app.published.load().is_none() {
                return Err(error);
            }
            fails(app, &error);
            if is_stopped(stopped, retry) {
                return Ok(());
            }
            retry = (retry * 2).min(LAST_RETRY);
        } else if is_stopped(stopped, Duration::ZERO) {
            return Ok(());
        }
    }
}

fn is_stopped(stopped: &Receiver<()>, within: Duration) -> bool {
    stopped.recv_timeout(within) != Err(RecvTimeoutError::Timeout)
}

fn follows(app: &App) {
    if matches!(app.status.follows(), Phase::Unreadable(_) | Phase::Faulty) {
        tracing::info!("the store can be read again");
    }
}

fn fails(app: &App, error: &onemap_store::Error) {
    app.metrics.failed_looks.fetch_add(1, Ordering::Relaxed);
    let reason = error.to_string();
    let phase = Phase::Unreadable(reason.clone());
    if app.status.enter(phase.clone()) != phase {
        tracing::error!(reason, "the store cannot be read; the last state read is still served");
    }
}

/// What the follower keeps from look to look.
#[derive(Default)]
struct State {
    /// Whether what is served was read by this follower: else it may be anything.
    is_known: bool,
    merging: Merging,
}

/// Looks once: publishes a new version of the store, or the same one where a boundary of valid time has passed. Says
/// whether it published.
fn look(app: &App, connection: &mut Connection, state: &mut State) -> Result<bool> {
    let version = connection.store()?.catch_up()?;
    app.metrics.openings.store(connection.openings(), Ordering::Relaxed);
    let store = connection.store()?;
    let before = app.published.load_full();
    let is_same_life = |before: &&Arc<Published>| before.epoch() == store.epoch() && before.version() <= version;
    let Some(before) = before.as_ref().filter(is_same_life).filter(|_| state.is_known) else {
        let restored = match before {
            None => persisted::restore(app, store, version)?,
            Some(_) => None,
        };
        let published = restored.map_or_else(|| load_all(store, before.as_deref(), app), Ok)?;
        app.publish_anew(published);
        state.is_known = true;
        return Ok(true);
    };
    app.past.sweep(before.epoch());
    app.pins.sweep(before.epoch(), &before.layers);
    let tidied = state.merging.install(before).map(Arc::new);
    let update = later(store, tidied.as_ref().unwrap_or(before), version, app)?;
    let update = update.or_else(|| {
        Some(Update {
            published: Arc::into_inner(tidied?)?,
            touched: Vec::new(),
        })
    });
    let Some(update) = update else {
        state.merging.begin(before);
        return Ok(false);
    };
    state.merging.begin(&update.published);
    app.publish(update);
    Ok(true)
}

/// What follows `before`, with all that happened and all the time that passed; none where nothing did.
fn later(
    store: &mut dyn Store,
    before: &Published,
    version: onemap_model::Version,
    app: &App,
) -> Result<Option<Update>> {
    let is_new = before.version() != version;
    let now = now().max(before.now());
    if !is_new && !before.is_due(now) {
        return Ok(None);
    }
    let mut passed = before.at(now);
    if !is_new {
        return Ok(Some(passed));
    }
    let mut update = advance(store, &passed.published, version, app)?;
    update.touched.append(&mut passed.touched);
    Ok(Some(update))
}
