//! A segment as one version sees it: without the features that were taken from it.

use crate::segment::Segment;
use crate::tombstones::Tombstones;
use onemap_model::{Bbox, Fid, Instant};
use std::fmt;
use std::sync::Arc;

/// A segment and which of its features are gone. A copy is cheap.
#[derive(Clone)]
pub(crate) struct Live {
    pub segment: Arc<Segment>,
    pub gone: Tombstones,
}

impl Live {
    /// The whole segment.
    pub fn new(segment: Segment) -> Self {
        Self {
            segment: Arc::new(segment),
            gone: Tombstones::default(),
        }
    }

    /// Whether both are of one segment, whatever is gone from it.
    pub fn is_same(&self, other: &Live) -> bool {
        Arc::ptr_eq(&self.segment, &other.segment)
    }

    /// How many features are left.
    pub fn len(&self) -> usize {
        self.segment.count - self.gone.count()
    }

    /// How many features are gone.
    pub fn gone_count(&self) -> usize {
        self.gone.count()
    }

    /// Whether the feature in the slot is still there.
    #[inline]
    pub fn has(&self, slot: u32) -> bool {
        self.gone.count() == 0 || !self.gone.contains(slot)
    }

    /// All slots that are left, in Hilbert order.
    pub fn slots(&self) -> impl Iterator<Item = u32> {
        (0..self.segment.count as u32).filter(|&slot| self.has(slot))
    }

    /// The feature's slot, where it is left.
    pub fn slot_of(&self, fid: Fid) -> Option<u32> {
        let slots = self.segment.numbers.slots_of(fid.as_i64());
        slots.iter().copied().find(|&slot| self.has(slot))
    }

    /// Takes the feature away, where it is there.
    pub fn take(&mut self, fid: Fid) {
        for &slot in self.segment.numbers.slots_of(fid.as_i64()) {
            self.gone.insert(slot, self.segment.times.code(slot as usize));
        }
    }

    /// The box around all geometries, those that are gone included.
    pub fn bbox(&self) -> Option<Bbox> {
        self.segment.bbox
    }

    /// How many features are true at `at`. Costs a look at each of the different valid times.
    pub fn count_at(&self, at: Instant) -> usize {
        if !self.segment.times.vary() {
            return self.len();
        }
        let spans = self.segment.times.spans().filter(|(_, span, _)| span.contains(at));
        spans
            .map(|(code, _, count)| count - self.gone.count_of_time(code))
            .sum()
    }

    /// The first moment after `after` at which a feature that is left begins or ceases to be true.
    pub fn next_boundary(&self, after: Instant) -> Option<Instant> {
        let is_left = |code, count| count > self.gone.count_of_time(code);
        self.segment.times.next_boundary(after, is_left)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.len(), self.segment.count)
    }
}
