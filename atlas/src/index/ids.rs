//! From public id to features: places in the order of a hash of the id, four bytes a feature.

use crate::data::interner::{seed, seeded};
use crate::shelf::Shelf;

/// Places of features, ascending by the hash of their public ids.
#[derive(Debug)]
pub(crate) struct IdIndex {
    pub(crate) slots: Shelf<u32>,
    /// What the hash begins with: that of the process that built it.
    pub(crate) seed: u64,
}

impl IdIndex {
    /// Indexes features `0..count`; `hash_of` gives the hash of a feature's public id for a seed.
    pub fn build(count: usize, hash_of: impl Fn(u64, u32) -> u32) -> Self {
        let seed = seed();
        let mut pairs: Vec<(u32, u32)> = (0..count as u32).map(|slot| (hash_of(seed, slot), slot)).collect();
        pairs.sort_unstable();
        Self {
            slots: pairs.into_iter().map(|(_, slot)| slot).collect(),
            seed,
        }
    }

    /// The hash that an index with this seed is ordered by.
    pub fn hash(seed: u64, id: &[u8]) -> u32 {
        (seeded(seed, id) >> 32) as u32
    }

    /// Features whose id has the hash of `id`: those that have the id, and possibly others.
    pub fn candidates(&self, id: &str, hash_of: impl Fn(u64, u32) -> u32) -> &[u32] {
        let wanted = Self::hash(self.seed, id.as_bytes());
        let start = self.slots.partition_point(|&slot| hash_of(self.seed, slot) < wanted);
        let count = self.slots[start..].partition_point(|&slot| hash_of(self.seed, slot) == wanted);
        &self.slots[start..start + count]
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.slots.bytes()
    }
}
