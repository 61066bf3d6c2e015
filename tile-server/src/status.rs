//! How loading and following the store go, for `/health/ready`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the follower is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first load: what is being done. No layer is named, for it may not be for all to know.
    Loading(String),
    /// Following; the snapshot is the store's newest state or a second behind.
    Following,
    /// The store cannot be read, for this reason; what was read last is still served.
    Unreadable(String),
    /// The follower failed by a fault of its own and begins anew.
    Faulty,
}

/// The phase, shared.
#[derive(Debug)]
pub(crate) struct Status(Mutex<State>);

#[derive(Debug)]
struct State {
    phase: Phase,
    looked: Option<Instant>,
}

impl Default for Status {
    fn default() -> Self {
        Self(Mutex::new(State {
            phase: Phase::Loading("opening the store".to_owned()),
            looked: None,
        }))
    }
}

impl Status {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The phase.
    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase.clone()
    }

    /// How long ago what is served was known to be the newest state; none where it never was.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.lock().looked.map(|looked| looked.elapsed())
    }

    /// The store was read and is followed from now on, or still; gives the phase before.
    pub(crate) fn follows(&self) -> Phase {
        let mut state = self.lock();
        state.looked = Some(Instant::now());
        std::mem::replace(&mut state.phase, Phase::Following)
    }

    /// Enters a phase; gives the one before.
    pub(crate) fn enter(&self, phase: Phase) -> Phase {
        std::mem::replace(&mut self.lock().phase, phase)
    }

    /// Enters a phase of the first load; nothing where that is over.
    pub(crate) fn loads(&self, phase: impl FnOnce() -> Phase) {
        let mut state = self.lock();
        if state.looked.is_none() {
            state.phase = phase();
        }
    }
}
