//! Which features of a segment are no longer true.

use crate::data::sparse::Sparse;
use std::ops::Range;

/// The slots that were taken from a segment. A copy is cheap; see [`Sparse`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Tombstones {
    /// A bit for each slot.
    words: Sparse<u64>,
    /// How many were taken of each code of valid time.
    by_time: Sparse<u32>,
    count: usize,
}

impl Tombstones {
    /// How many slots were taken.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether the slot was taken.
    #[inline]
    pub fn contains(&self, slot: u32) -> bool {
        self.words.get(slot as usize / 64) >> (slot % 64) & 1 == 1
    }

    /// Takes the slot, whose valid time has the code `time`.
    pub fn insert(&mut self, slot: u32, time: u32) {
        if !self.contains(slot) {
            *self.words.get_mut(slot as usize / 64) |= 1 << (slot % 64);
            *self.by_time.get_mut(time as usize) += 1;
            self.count += 1;
        }
    }

    /// The slots of `run` that were taken, ascending.
    pub fn taken(&self, run: Range<u32>) -> impl Iterator<Item = u32> {
        let words = run.start / 64..run.end.div_ceil(64);
        let in_word = |word: u32| {
            let mut left = self.words.get(word as usize);
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(word * 64 + bit)
            })
        };
        words.flat_map(in_word).filter(move |slot| run.contains(slot))
    }

    /// How many slots with this code of valid time were taken.
    pub fn count_of_time(&self, time: u32) -> usize {
        self.by_time.get(time as usize) as usize
    }

    /// The slots that were taken since `earlier`; none where this is not a later state of that.
    pub fn since(&self, earlier: &Tombstones) -> Option<Vec<u32>> {
        let (mut taken, mut is_later) = (Vec::new(), true);
        self.words.compare(&earlier.words, |at, now, then| {
            is_later &= then & !now == 0;
            let mut new = now & !then;
            while new != 0 {
                taken.push(at as u32 * 64 + new.trailing_zeros());
                new &= new - 1;
            }
        });
        is_later.then_some(taken)
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.words.bytes() + self.by_time.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_since_is_known() {
        let mut tombstones = Tombstones::default();
        [5, 64, 70_000]
            .into_iter()
            .for_each(|slot| tombstones.insert(slot, slot % 2));
        let before = tombstones.clone();
        [5, 6, 63, 70_001]
            .into_iter()
            .for_each(|slot| tombstones.insert(slot, 1));
        assert_eq!(tombstones.since(&before), Some(vec![6, 63, 70_001]));
        assert_eq!(before.since(&tombstones), None, "that is the wrong way round");
        assert_eq!((before.count(), tombstones.count()), (3, 6));
        let taken = |run| tombstones.taken(run).collect::<Vec<_>>();
        assert_eq!(taken(0..70_002), [5, 6, 63, 64, 70_000, 70_001]);
        assert_eq!(
            (taken(6..64), taken(64..70_000), taken(7..7)),
            (vec![6, 63], vec![64], vec![])
        );
        assert_eq!((tombstones.count_of_time(0), tombstones.count_of_time(1)), (2, 4));
        assert!(tombstones.contains(64) && !tombstones.contains(65));
    }
}
