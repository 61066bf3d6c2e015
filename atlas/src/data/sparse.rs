//! An array that is nearly all zero, and that a copy of costs little: a copy shares what neither changes.

use std::sync::Arc;

/// Entries that are copied together when one of them changes.
const CHUNK: usize = 64;

/// An endless array of numbers that are zero where nothing else was written.
///
/// A clone costs a pointer for every 64 entries up to the last one written, a change a copy of 64.
#[derive(Debug, Clone)]
pub(crate) struct Sparse<T> {
    chunks: Vec<Option<Arc<[T; CHUNK]>>>,
}

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T: Copy + Default> Sparse<T> {
    /// The entry at `at`.
    #[inline]
    pub fn get(&self, at: usize) -> T {
        match self.chunks.get(at / CHUNK) {
            Some(Some(chunk)) => chunk[at % CHUNK],
            _ => T::default(),
        }
    }

    /// The entry at `at`, to be written.
    pub fn get_mut(&mut self, at: usize) -> &mut T {
        if self.chunks.len() <= at / CHUNK {
            self.chunks.resize(at / CHUNK + 1, None);
        }
        let chunk = self.chunks[at / CHUNK].get_or_insert_with(|| Arc::new([T::default(); CHUNK]));
        &mut Arc::make_mut(chunk)[at % CHUNK]
    }

    /// Hands entries here and there, with their place, to `each`; leaves out what both share or neither has.
    pub fn compare(&self, other: &Self, mut each: impl FnMut(usize, T, T)) {
        let chunk_of = |array: &Self, at: usize| array.chunks.get(at).cloned().flatten();
        for chunk in 0..self.chunks.len().max(other.chunks.len()) {
            let pair = (chunk_of(self, chunk), chunk_of(other, chunk));
            let shared = match &pair {
                (Some(own), Some(others)) => Arc::ptr_eq(own, others),
                (own, others) => own.is_none() && others.is_none(),
            };
            if !shared {
                (chunk * CHUNK..(chunk + 1) * CHUNK).for_each(|at| each(at, self.get(at), other.get(at)));
            }
        }
    }

    /// Bytes on the heap, as if nothing were shared.
    pub fn bytes(&self) -> usize {
        let chunks = self.chunks.iter().flatten().count();
        self.chunks.capacity() * size_of::<usize>() + chunks * (CHUNK * size_of::<T>() + 2 * size_of::<usize>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_it_was_and_shares_what_did_not_change() {
        let mut array = Sparse::<u32>::default();
        *array.get_mut(7) = 1;
        *array.get_mut(1_000) = 2;
        let before = array.clone();
        *array.get_mut(1_000) = 3;
        *array.get_mut(100_000) = 4;
        let read = |array: &Sparse<u32>| [7, 1_000, 100_000, usize::MAX].map(|at| array.get(at));
        assert_eq!((read(&before), read(&array)), ([1, 2, 0, 0], [1, 3, 4, 0]));
        let mut seen = Vec::new();
        array.compare(&before, |at, new, old| seen.push((at, new, old)));
        assert_eq!(seen.len(), 2 * CHUNK, "the chunk of 7 is shared");
        seen.retain(|(_, new, old)| new != old);
        assert_eq!(seen, [(1_000, 3, 2), (100_000, 4, 0)]);
    }
}
