//! Work on several threads whose results are wanted in the order of the questions.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// Questions that each thread may be ahead of the results taken.
const AHEAD: usize = 16;

/// The questions left, and how far all are.
struct Queue<I> {
    questions: I,
    asked: usize,
    taken: usize,
    is_over: bool,
}

/// Answers all questions on `threads` threads and hands the answers to `take` in the order of the questions; not many more
/// are made than were taken. The first error ends it.
///
/// # Errors
/// What `take` gives.
///
/// # Panics
/// Where `answer` does.
pub(super) fn in_order<Q: Send, A: Send, E>(
    threads: usize,
    questions: impl Iterator<Item = Q> + Send,
    answer: impl Fn(&Q) -> A + Sync,
    mut take: impl FnMut(Q, A) -> Result<(), E>,
) -> Result<(), E> {
    let queue = Mutex::new(Queue {
        questions,
        asked: 0,
        taken: 0,
        is_over: false,
    });
    let room = Condvar::new();
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (queue, room, answer, sender) = (&queue, &room, &answer, sender.clone());
            scope.spawn(move || {
                while let Some((place, question)) = next(queue, room, AHEAD * threads) {
                    let answer = catch_unwind(AssertUnwindSafe(|| answer(&question)));
                    if sender.send((place, question, answer)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut result = Ok(());
        'all: for (place, question, answer) in &receiver {
            early.insert(place, (question, answer));
            let mut due = lock(&queue).taken;
            while let Some((question, answer)) = early.remove(&due) {
                match answer {
                    Ok(answer) => result = take(question, answer),
                    Err(panic) => {
                        end(&queue, &room);
                        resume_unwind(panic);
                    }
                }
                if result.is_err() {
                    break 'all;
                }
                due += 1;
                lock(&queue).taken = due;
                room.notify_all();
            }
        }
        end(&queue, &room);
        result
    })
}

/// The next question, when there is room for its answer; none where there are no more.
fn next<Q>(queue: &Mutex<Queue<impl Iterator<Item = Q>>>, room: &Condvar, ahead: usize) -> Option<(usize, Q)> {
    let waits = |queue: &mut Queue<_>| !queue.is_over && queue.asked >= queue.taken + ahead;
    let mut queue = room
        .wait_while(lock(queue), waits)
        .unwrap_or_else(PoisonError::into_inner);
    if queue.is_over {
        return None;
    }
    let question = queue.questions.next()?;
    queue.asked += 1;
    Some((queue.asked - 1, question))
}

fn end<I>(queue: &Mutex<Queue<I>>, room: &Condvar) {
    lock(queue).is_over = true;
    room.notify_all();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn answers_come_in_order_and_not_far_ahead() {
        let (made, mut taken) = (AtomicUsize::new(0), 0);
        let answer = |n: &usize| {
            if n.is_multiple_of(7) {
                thread::yield_now();
            }
            made.fetch_add(1, Ordering::SeqCst);
            n * 2
        };
        let result: Result<(), ()> = in_order(3, 0..1000_usize, answer, |n, doubled| {
            assert_eq!((n, doubled), (taken, 2 * taken));
            taken += 1;
            assert!(made.load(Ordering::SeqCst) <= taken + 3 * AHEAD);
            Ok(())
        });
        assert_eq!((result, taken), (Ok(()), 1000));
    }

    #[test]
    fn an_error_ends_it() {
        let result = in_order(2, 0.., |n: &u64| *n, |n, _| if n == 100 { Err(n) } else { Ok(()) });
        assert_eq!(result, Err(100));
    }

    #[test]
    #[should_panic(expected = "on purpose")]
    fn a_panic_ends_it() {
        let answer = |n: &u64| assert!(*n != 50, "on purpose");
        let _: Result<(), ()> = in_order(2, 0.., answer, |_, ()| Ok(()));
    }
}
