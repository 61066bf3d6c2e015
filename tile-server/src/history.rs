//! Questions that the snapshot cannot answer, put to the store: what changed, and what was.
//!
//! A few threads, each with a connection of its own that is opened when it is first needed, and a queue with an end.
//! Nothing here holds up the follower, and nothing that the store does holds up the async side.

use crate::opened::{Connection, Opener};
use crate::problem::Problem;
use onemap_store::{Error, Store};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::oneshot;

/// Threads, and connections, at most.
const THREADS: usize = 2;
/// Questions that may wait; further ones are refused.
const MAX_WAITING: usize = 64;

/// A bounded pool of connections to the store.
pub(crate) struct History {
    queue: Arc<Queue>,
}

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum HistoryError {
    /// Too many are waiting.
    Busy,
    /// The work panicked.
    Fault,
    /// The store's own reason.
    Store(Error),
}

/// A question that waits.
struct Job {
    /// Lives as long as somebody waits for the answer.
    asker: Weak<()>,
    work: Box<dyn FnOnce(&mut Connection) + Send>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// The life of the store: connections of an earlier one are not to be used.
    life: u64,
    closed: bool,
}

impl History {
    /// Starts the threads; no connection is opened yet.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub(crate) fn start(store: &str, opener: &Opener) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let history = Self {
            queue: Arc::clone(&queue),
        };
        for i in 0..THREADS {
            let (queue, connection) = (Arc::clone(&queue), Connection::new(store, Arc::clone(opener)));
            let thread = std::thread::Builder::new().name(format!("history-{i}"));
            thread.spawn(move || queue.work(connection))?;
        }
        Ok(history)
    }

    /// Tells that the store began another life: connections from before are opened anew.
    pub(crate) fn renew(&self) {
        self.queue.lock().life += 1;
    }

    /// Asks the store; dropping the future gives it up, where it was not begun.
    ///
    /// # Errors
    /// [`HistoryError`]: the queue is full, the work panicked, or what the store gives.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, HistoryError>
    where
        T: Send + 'static,
        W: FnOnce(&mut dyn Store) -> onemap_store::Result<T> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let asker = Arc::new(());
        let work = move |connection: &mut Connection| {
            let answer = catch_unwind(AssertUnwindSafe(|| connection.store().and_then(work)));
            if answer
                .as_ref()
                .map_or(true, |answer| answer.as_ref().is_err_and(is_lost))
            {
                connection.close();
            }
            let answer = match answer {
                Ok(answer) => answer.map_err(HistoryError::Store),
                // The panic itself was printed by the hook.
                Err(_) => Err(HistoryError::Fault),
            };
            // Nobody may be waiting any more.
            let _ = sender.send(answer);
        };
        self.queue.push(Job {
            asker: Arc::downgrade(&asker),
            work: Box::new(work),
        })?;
        let answer = receiver.await;
        drop(asker);
        answer.unwrap_or(Err(HistoryError::Fault))
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) -> Result<(), HistoryError> {
        let mut state = self.lock();
        if state.jobs.len() >= MAX_WAITING {
            state.jobs.retain(Job::is_awaited);
        }
        if state.jobs.len() >= MAX_WAITING {
            return Err(HistoryError::Busy);
        }
        state.jobs.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    fn work(&self, mut connection: Connection) {
        let mut known = 0;
        while let Some((job, life)) = self.next() {
            if life != known {
                connection.close();
                known = life;
            }
            if job.is_awaited() {
                (job.work)(&mut connection);
            }
        }
    }

    fn next(&self) -> Option<(Job, u64)> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some((job, state.life));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Job {
    fn is_awaited(&self) -> bool {
        self.asker.strong_count() > 0
    }
}

/// Whether the connection is not to be trusted after this error; a question about what there is not does no harm.
fn is_lost(error: &Error) -> bool {
    !matches!(
        error,
        Error::UnknownLayer(_) | Error::UnknownFeature { .. } | Error::UnknownVersion { .. } | Error::Pruned { .. }
    )
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Busy => Problem::unavailable("too many ask for what was; try again"),
            HistoryError::Fault => Problem::fault(),
            HistoryError::Store(Error::Pruned { oldest }) => Problem::gone(format!(
                "history begins at version {oldest}: what was before is no longer kept"
            )),
            HistoryError::Store(Error::UnknownVersion { asked, oldest, .. }) if asked < oldest => {
                Problem::gone(format!("version {asked} is no longer kept: the oldest is {oldest}"))
            }
            HistoryError::Store(Error::UnknownVersion { asked, oldest, newest }) => {
                Problem::not_found(format!("there is no version {asked}: expected {oldest} to {newest}"))
            }
            HistoryError::Store(error) => {
                tracing::warn!(%error, "the store cannot say what was");
                Problem::unavailable("the store cannot be read at the moment; try again")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    fn broken(opened: &Arc<AtomicUsize>) -> Opener {
        let opened = Arc::clone(opened);
        Arc::new(move || {
            opened.fetch_add(1, Ordering::SeqCst);
            Err(Error::Busy { store: "x".into() })
        })
    }

    #[tokio::test]
    async fn it_opens_when_asked_and_again_after_a_failure() {
        let opened = Arc::new(AtomicUsize::new(0));
        let history = History::start("nowhere", &broken(&opened)).unwrap();
        assert_eq!(opened.load(Ordering::SeqCst), 0);
        for times in 1..=3 {
            let answer = history.run(|store| Ok(store.epoch().clone())).await;
            assert!(matches!(answer, Err(HistoryError::Store(Error::Busy { .. }))));
            assert_eq!(opened.load(Ordering::SeqCst), times);
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_who_left_is_passed_over() {
        let opened = Arc::new(AtomicUsize::new(0));
        let history = History::start("nowhere", &broken(&opened)).unwrap();
        let (release, held) = channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let (begun, has_begun) = channel();
        let asker = Arc::new(());
        for _ in 0..THREADS {
            let (held, begun) = (Arc::clone(&held), begun.clone());
            let work = move |_: &mut Connection| {
                begun.send(()).unwrap();
                held.lock().unwrap().recv().unwrap();
            };
            let job = Job {
                asker: Arc::downgrade(&asker),
                work: Box::new(work),
            };
            assert!(history.queue.push(job).is_ok());
        }
        (0..THREADS).for_each(|_| has_begun.recv().unwrap());
        let mut waiting: Vec<_> = (0..MAX_WAITING)
            .map(|_| Box::pin(history.run(|store| Ok(store.epoch().clone()))))
            .collect();
        for asked in &mut waiting {
            assert!(
                std::future::poll_fn(|context| std::task::Poll::Ready(asked.as_mut().poll(context).is_pending())).await
            );
        }
        let refused = history.run(|store| Ok(store.epoch().clone())).await;
        assert!(matches!(refused, Err(HistoryError::Busy)));
        drop(waiting);
        // Those who left make place, though no thread has come to them yet.
        let mut last = Box::pin(history.run(|store| Ok(store.epoch().clone())));
        let pending = std::future::poll_fn(|context| std::task::Poll::Ready(last.as_mut().poll(context).is_pending()));
        assert!(pending.await);
        (0..THREADS).for_each(|_| release.send(()).unwrap());
        assert!(last.await.is_err());
        assert_eq!(opened.load(Ordering::SeqCst), 1, "only the one who stayed was served");
    }
}
