//! Which run of one array belongs to each entry of another.

use crate::shelf::Shelf;
use std::ops::Range;

/// Runs that follow each other without gaps.
#[derive(Debug)]
pub(crate) enum Offsets {
    /// Every run is this long.
    Uniform(usize),
    /// Where each run begins, and the end.
    Listed(Shelf<u32>),
}

impl Offsets {
    /// Makes the runs from their lengths.
    ///
    /// # Panics
    /// Where they are more than 2^32 long together: an array of that length is beyond any memory this runs in.
    pub fn from_lengths(lengths: impl Iterator<Item = u32> + Clone) -> Self {
        let mut rest = lengths.clone();
        let first = rest.next().unwrap_or(0);
        if rest.all(|length| length == first) {
            return Self::Uniform(first as usize);
        }
        let mut end = 0_u32;
        let ends = lengths.map(|length| {
            end = end.checked_add(length).expect("an array has fewer than 2^32 entries");
            end
        });
        Self::Listed(std::iter::once(0).chain(ends).collect())
    }

    /// The run of entry `at`.
    #[inline]
    pub fn run(&self, at: usize) -> Range<usize> {
        match self {
            Self::Uniform(length) => at * length..(at + 1) * length,
            Self::Listed(starts) => starts[at] as usize..starts[at + 1] as usize,
        }
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Uniform(_) => 0,
            Self::Listed(starts) => starts.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_follow_each_other() {
        let check = |lengths: &[u32], stored: bool| {
            let offsets = Offsets::from_lengths(lengths.iter().copied());
            let mut end = 0;
            for (at, &length) in lengths.iter().enumerate() {
                assert_eq!(offsets.run(at), end..end + length as usize);
                end += length as usize;
            }
            assert_eq!(offsets.bytes() > 0, stored);
        };
        check(&[], false);
        check(&[1, 1, 1], false);
        check(&[8, 0, 3], true);
    }
}
