//! Answers on their way to clients, bounded in bytes: who reads slowly, or not at all, must not fill the memory.

use crate::problem::Problem;
use axum::body::Bytes;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const UNIT_BYTES: usize = 1 << 10;

/// How much may be on its way.
pub(crate) struct Held {
    units: u32,
    free: Arc<Semaphore>,
}

/// Bytes, and the place that they take until the last of them is sent or given up.
struct Owner {
    bytes: Bytes,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Held {
    /// Room for `bytes`.
    pub(crate) fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT_BYTES as u64).unwrap_or(u32::MAX);
        let units = units.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self {
            units,
            free: Arc::new(Semaphore::new(units as usize)),
        }
    }

    /// The same bytes, counted for as long as anybody has them.
    ///
    /// # Errors
    /// 503 where there is no room.
    pub(crate) fn hold(&self, bytes: Bytes) -> Result<Bytes, Problem> {
        let units = u32::try_from(bytes.len().div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        // What is larger than all the room gets all of it.
        let place = Arc::clone(&self.free).try_acquire_many_owned(units.min(self.units));
        let full = |_| Problem::unavailable("too much is on its way to other clients at the moment; try again");
        let place = place.map_err(full)?;
        Ok(Bytes::from_owner(Owner { bytes, _place: place }))
    }

    /// How many bytes are on their way.
    pub(crate) fn bytes(&self) -> u64 {
        (self.units as usize - self.free.available_permits()) as u64 * UNIT_BYTES as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_with_the_last_of_the_bytes() {
        let held = Held::new(4096);
        let hold = |size: usize| held.hold(vec![7; size].into());
        let first = hold(2000).unwrap();
        let part = first.slice(100..200);
        assert_eq!((first.len(), held.bytes()), (2000, 2048));
        assert!(hold(3000).is_err());
        drop(first);
        assert_eq!(held.bytes(), 2048, "a part of it is still on its way");
        drop(part);
        assert_eq!(hold(1 << 20).unwrap().len(), 1 << 20, "more than all the room, alone");
        assert_eq!((hold(0).unwrap().len(), held.bytes()), (0, 0));
    }
}
