//! Where answers are computed: as many threads as there are cores, and a queue with an end.
//!
//! The async side only waits. Work whose client is gone is not begun, and work under way can look whether it still
//! matters. Work that waited too long is refused instead of done: where more is asked than can be done, what is done is
//! done in time.

use crate::histogram::Histogram;
use crate::problem::Problem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot};

/// Work that waited longer is refused.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A bounded pool for work that computes.
pub(crate) struct Pool {
    threads: rayon::ThreadPool,
    places: Arc<Semaphore>,
    all_places: usize,
    /// What is counted.
    pub counts: Arc<Counts>,
}

/// What a pool counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Work refused because the queue was full, or because it had waited too long in it.
    pub refused: AtomicU64,
    /// Work not begun because its client was gone.
    pub given_up: AtomicU64,
    /// How long work waited.
    pub waited: Histogram,
    /// How long it took.
    pub took: Histogram,
}

/// Tells work under way whether anybody still waits for it.
pub(crate) struct Waiting<'a>(&'a dyn Fn() -> bool);

impl<'a> Waiting<'a> {
    /// Work that is over when `is_over` says so.
    pub(crate) fn new(is_over: &'a dyn Fn() -> bool) -> Self {
        Self(is_over)
    }

    /// Whether the client is gone, so that the result would be thrown away.
    pub(crate) fn is_over(&self) -> bool {
        (self.0)()
    }
}

impl Pool {
    /// A pool of `threads` threads that lets `queued` more pieces of work wait.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub(crate) fn new(threads: usize, queued: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        Ok(Self {
            threads: builder.thread_name(|i| format!("render-{i}")).build()?,
            places: Arc::new(Semaphore::new(threads + queued)),
            all_places: threads + queued,
            counts: Arc::default(),
        })
    }

    /// How many pieces of work are waiting or under way.
    pub(crate) fn load(&self) -> usize {
        self.all_places - self.places.available_permits()
    }

    /// Whether work that comes now has to wait.
    pub(crate) fn is_busy(&self) -> bool {
        self.load() >= self.threads.current_num_threads()
    }

    /// Computes `work` where it was asked for: for what takes less time than it takes to hand it to another thread and to
    /// wake up for the result.
    ///
    /// # Errors
    /// 500 where the work panicked, or what the work itself gives.
    pub(crate) fn run_here<T>(&self, work: impl FnOnce(&Waiting<'_>) -> Result<T, Problem>) -> Result<T, Problem> {
        let begun = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| work(&Waiting(&|| false))));
        self.counts.waited.note(Duration::ZERO);
        self.counts.took.note(begun.elapsed());
        result.unwrap_or_else(|_| Err(Problem::fault()))
    }

    /// Computes `work` on the pool; dropping the future gives it up.
    ///
    /// # Errors
    /// 503 where the queue is full or too slow, 500 where the work panicked, or what the work itself gives.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, Problem>
    where
        T: Send + 'static,
        W: FnOnce(&Waiting<'_>) -> Result<T, Problem> + Send + 'static,
    {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let counts = Arc::clone(&self.counts);
        let place = place.map_err(|_| counts.refuse())?;
        let (sender, receiver) = oneshot::channel();
        let asked = Instant::now();
        self.threads.spawn_fifo(move || {
            if sender.is_closed() {
                counts.given_up.fetch_add(1, Ordering::Relaxed);
                return;
            }
            let waited = asked.elapsed();
            counts.waited.note(waited);
            if waited > LONGEST_WAIT {
                drop(place);
                // Nobody may be waiting any more.
                let _ = sender.send(Err(counts.refuse()));
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(|| work(&Waiting(&|| sender.is_closed()))));
            counts.took.note(asked.elapsed() - waited);
            // Who has the answer may ask again at once and must find the place free.
            drop(place);
            // The panic itself was printed by the hook; here it becomes an answer. Nobody may be waiting any more.
            let _ = sender.send(result.unwrap_or_else(|_| Err(Problem::fault())));
        });
        receiver.await.unwrap_or_else(|_| Err(Problem::fault()))
    }
}

impl Counts {
    fn refuse(&self) -> Problem {
        self.refused.fetch_add(1, Ordering::Relaxed);
        Problem::unavailable("too much to do at the moment; try again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicBool;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_is_an_answer_and_the_pool_goes_on() {
        let pool = Pool::new(1, 1).unwrap();
        let failed: Result<(), _> = pool.run(|_| panic!("on purpose")).await;
        assert_eq!(failed, Err(Problem::fault()));
        assert_eq!(pool.run(|_| Ok(7)).await, Ok(7));
        let failed: Result<(), _> = pool.run_here(|_| panic!("on purpose, here"));
        assert_eq!(failed, Err(Problem::fault()));
        assert_eq!(pool.run_here(|_| Ok(8)), Ok(8));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_queue_refuses_and_work_given_up_is_not_begun() {
        let pool = Arc::new(Pool::new(1, 1).unwrap());
        let gate = Arc::new(Barrier::new(2));
        let begun = Arc::new(AtomicBool::new(false));
        let (first, held) = (Arc::clone(&pool), Arc::clone(&gate));
        let running = tokio::spawn(async move {
            let work = move |_: &Waiting<'_>| {
                held.wait();
                held.wait();
                Ok(())
            };
            first.run(work).await
        });
        tokio::task::block_in_place(|| gate.wait());
        let (second, seen) = (Arc::clone(&pool), Arc::clone(&begun));
        let waiting = tokio::spawn(async move {
            let work = move |_: &Waiting<'_>| {
                seen.store(true, Ordering::SeqCst);
                Ok(())
            };
            second.run(work).await
        });
        while pool.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(pool.run(|_| Ok(())).await.is_err());
        waiting.abort();
        assert!(waiting.await.is_err());
        tokio::task::block_in_place(|| gate.wait());
        assert_eq!(running.await.unwrap(), Ok(()));
        assert_eq!(pool.run(|_| Ok(())).await, Ok(()));
        assert!(!begun.load(Ordering::SeqCst));
        let counts = &pool.counts;
        let counted = [&counts.refused, &counts.given_up].map(|count| count.load(Ordering::SeqCst));
        assert_eq!((counted, pool.load()), ([1, 1], 0));
    }
}
