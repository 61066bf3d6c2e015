//! A row of bits.

use crate::shelf::Shelf;

/// Bits by position; grows at the end.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// Adds a bit at the end.
    pub fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        let last = self.words.len() - 1;
        self.words[last] |= u64::from(bit) << (self.len % 64);
        self.len += 1;
    }

    /// The bit at `at`.
    #[inline]
    pub fn get(&self, at: usize) -> bool {
        self.words[at / 64] >> (at % 64) & 1 == 1
    }
}

/// Bits by position, all there.
#[derive(Debug, Default)]
pub(crate) struct PackedBits {
    pub(super) words: Shelf<u64>,
    pub(super) len: usize,
}

impl PackedBits {
    /// The bit at `at`.
    #[inline]
    pub fn get(&self, at: usize) -> bool {
        self.words[at / 64] >> (at % 64) & 1 == 1
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.words.bytes()
    }
}

impl FromIterator<bool> for PackedBits {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut all = Bits::default();
        bits.into_iter().for_each(|bit| all.push(bit));
        all.words.shrink_to_fit();
        Self {
            words: all.words.into(),
            len: all.len,
        }
    }
}
