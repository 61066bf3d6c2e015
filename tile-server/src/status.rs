//! How loading and following the store go, for `/health/ready`.

use std::sync::{Mutex, PoisonError};

/// What the follower is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first load: what is being done. No layer is named, for it may not be for all to know.
    Loading(String),
    /// Following; the snapshot is the store's newest state or a second behind.
    Following,
    /// The store cannot be read; what was read last is still served.
    Unreadable,
}

/// The phase, shared.
#[derive(Debug)]
pub(crate) struct Status(Mutex<Phase>);

impl Default for Status {
    fn default() -> Self {
        Self(Mutex::new(Phase::Loading("opening the store".to_owned())))
    }
}

impl Status {
    /// The phase.
    pub(crate) fn phase(&self) -> Phase {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Enters a phase; gives the one before.
    pub(crate) fn enter(&self, phase: Phase) -> Phase {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), phase)
    }
}
