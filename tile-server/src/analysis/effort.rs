//! How much work one question may be: whoever asks for more is told what to narrow.

use crate::pool::Waiting;
use crate::problem::Problem;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a question may take.
const MAX_TIME: Duration = Duration::from_secs(5);
/// How many vertices may be cut.
const MAX_VERTICES: u64 = 20_000_000;
/// Vertices, or features, between two looks at the clock.
const LOOK_EVERY: u64 = 2_000;

/// What a question has used up.
pub(super) struct Effort<'a> {
    waiting: &'a Waiting<'a>,
    until: Instant,
    vertices: Cell<u64>,
    looked_at: Cell<u64>,
    next_look: Cell<u64>,
}

impl<'a> Effort<'a> {
    pub fn new(waiting: &'a Waiting<'a>) -> Self {
        Self {
            waiting,
            until: Instant::now() + MAX_TIME,
            vertices: Cell::new(0),
            looked_at: Cell::new(0),
            next_look: Cell::new(LOOK_EVERY),
        }
    }

    /// Counts vertices that are about to be cut.
    ///
    /// # Errors
    /// 400 where it is too much, or takes too long.
    pub fn spend(&self, vertices: usize) -> Result<(), Problem> {
        let spent = self.vertices.get().saturating_add(vertices as u64);
        self.vertices.set(spent);
        if spent > MAX_VERTICES {
            return Err(too_much(&format!("more than {MAX_VERTICES} vertices to be cut")));
        }
        self.pass(vertices)
    }

    /// Counts what is about to be looked at, a feature or vertices.
    ///
    /// # Errors
    /// 400 where it takes too long.
    pub fn pass(&self, count: usize) -> Result<(), Problem> {
        let looked_at = self.looked_at.get().saturating_add(count.max(1) as u64);
        self.looked_at.set(looked_at);
        if looked_at < self.next_look.get() {
            return Ok(());
        }
        self.next_look.set(looked_at.saturating_add(LOOK_EVERY));
        if Instant::now() > self.until {
            return Err(too_much(&format!("more than {} s of work", MAX_TIME.as_secs())));
        }
        // Nobody reads what is said to a client that is gone.
        if self.waiting.is_over() {
            return Err(Problem::unavailable("the client is gone"));
        }
        Ok(())
    }
}

fn too_much(what: &str) -> Problem {
    Problem::bad_request(format!(
        "this question is {what}: narrow it with bbox or filter, or ask for less of each feature"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_refused_and_says_what_to_narrow() {
        let is_over = || false;
        let waiting = Waiting::new(&is_over);
        let effort = Effort::new(&waiting);
        assert_eq!(effort.spend(1_000_000), Ok(()));
        let refused = effort.spend(MAX_VERTICES as usize).unwrap_err();
        assert!(
            format!("{refused:?}").contains("narrow it with bbox or filter"),
            "{refused:?}"
        );
        let is_gone = || true;
        let waiting = Waiting::new(&is_gone);
        assert!(Effort::new(&waiting).spend(LOOK_EVERY as usize).is_err());
    }
}
