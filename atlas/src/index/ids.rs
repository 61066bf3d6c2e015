//! From public id to features: places in the order of a hash of the id, four bytes a feature.

use crate::data::interner::hash;

/// Places of features, ascending by the hash of their public ids.
#[derive(Debug)]
pub(crate) struct IdIndex {
    slots: Vec<u32>,
}

impl IdIndex {
    /// Indexes features `0..count`; `hash_of` gives the [`IdIndex::hash`] of a feature's public id.
    pub fn build(count: usize, hash_of: impl Fn(u32) -> u32) -> Self {
        let mut pairs: Vec<(u32, u32)> = (0..count as u32).map(|slot| (hash_of(slot), slot)).collect();
        pairs.sort_unstable();
        Self {
            slots: pairs.into_iter().map(|(_, slot)| slot).collect(),
        }
    }

    /// The hash that the index is ordered by.
    pub fn hash(id: &[u8]) -> u32 {
        (hash(id) >> 32) as u32
    }

    /// Features whose id has the hash of `id`: those that have the id, and possibly others.
    pub fn candidates(&self, id: &str, hash_of: impl Fn(u32) -> u32) -> &[u32] {
        let wanted = Self::hash(id.as_bytes());
        let start = self.slots.partition_point(|&slot| hash_of(slot) < wanted);
        let count = self.slots[start..].partition_point(|&slot| hash_of(slot) == wanted);
        &self.slots[start..start + count]
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u32>()
    }
}
