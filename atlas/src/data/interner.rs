//! Each byte string once: numbers for strings, in order of first sight.

use crate::shelf::{Shelf, Utf8};
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Strings by number, and numbers by string.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    strings: Strings,
    /// What hashes here or before; 0 where free. A power of two long, at most half full.
    table: Vec<Entry>,
}

/// Texts by number: strings that are known to be UTF-8, so that nobody has to look again.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(super) text: Utf8,
    pub(super) ends: Shelf<u32>,
}

/// Strings by number that no other is added to.
#[derive(Debug)]
pub(crate) struct Blobs {
    pub(super) bytes: Shelf<u8>,
    pub(super) ends: Shelf<u32>,
}

/// The upper half of a string's hash above its number plus one: mostly another string is told apart without a look at it.
type Entry = u64;

/// Strings by number.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Interner {
    /// The number of `string`, new or not; none where the strings would be 4 GiB or more together.
    pub fn intern(&mut self, string: &[u8]) -> Option<u32> {
        if self.table.len() < 2 * (self.strings.len() + 1) {
            self.grow();
        }
        let mask = self.table.len() - 1;
        let upper = hash(string) >> 32;
        let mut at = upper as usize & mask;
        loop {
            let entry = self.table[at];
            if entry == 0 {
                break;
            }
            let number = entry as u32 - 1;
            if entry >> 32 == upper && self.strings.get(number) == string {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
        let number = self.strings.push(string)?;
        self.table[at] = upper << 32 | u64::from(number + 1);
        Some(number)
    }

    /// All strings so far.
    pub fn strings(&self) -> &Strings {
        &self.strings
    }

    fn grow(&mut self) {
        let size = (self.table.len() * 2).max(64);
        let entries = std::mem::replace(&mut self.table, vec![0; size]);
        for entry in entries.into_iter().filter(|&entry| entry != 0) {
            let mut at = (entry >> 32) as usize & (size - 1);
            while self.table[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.table[at] = entry;
        }
    }
}

impl Strings {
    /// No strings, and room for exactly those of another.
    pub fn with_room_for(other: &Strings) -> Self {
        Self {
            bytes: Vec::with_capacity(other.bytes.len()),
            ends: Vec::with_capacity(other.ends.len()),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The string with this number.
    #[inline]
    pub fn get(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.bytes[start..self.ends[at] as usize]
    }

    /// Adds a string, new or not, and gives its number; none where they would be 4 GiB or more together.
    pub fn push(&mut self, string: &[u8]) -> Option<u32> {
        let end = u32::try_from(self.bytes.len() + string.len()).ok()?;
        let number = u32::try_from(self.ends.len())
            .ok()
            .filter(|&number| number < u32::MAX - 1)?;
        self.bytes.extend_from_slice(string);
        self.ends.push(end);
        Some(number)
    }
}

impl Texts {
    /// The same strings as texts.
    ///
    /// # Panics
    /// Where one of them is none.
    pub fn of(strings: Strings) -> Self {
        Self {
            text: Utf8::new(strings.bytes.into()).expect("the strings were made of texts"),
            ends: strings.ends.into(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text with this number.
    #[inline]
    pub fn get(&self, number: u32) -> &str {
        let at = number as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.text.as_str()[start..self.ends[at] as usize]
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.text.shelf().bytes() + self.ends.bytes()
    }
}

impl Blobs {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The string with this number.
    #[inline]
    pub fn get(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.bytes[start..self.ends[at] as usize]
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.bytes.bytes() + self.ends.bytes()
    }
}

impl From<Strings> for Blobs {
    fn from(strings: Strings) -> Self {
        Self {
            bytes: strings.bytes.into(),
            ends: strings.ends.into(),
        }
    }
}

/// A fast hash of bytes, well mixed in all its bits; another one in each process, so that no file can be made to
/// collide in it.
#[inline]
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    seeded(seed(), bytes)
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What [`hash`] begins with in this process.
pub(crate) fn seed() -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(ODD));
    *SEED
}

/// What [`hash`] is in a process with this seed.
#[inline]
pub(crate) fn seeded(seed: u64, bytes: &[u8]) -> u64 {
    let mix = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(ODD);
        (product as u64) ^ (product >> 64) as u64
    };
    let mut state = seed ^ bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(mix(state, u64::from_le_bytes(last)), ODD.rotate_left(17))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_has_one_number_and_comes_back() {
        let mut interner = Interner::default();
        let text = |n: usize| "黄".repeat(n % 50) + &n.to_string();
        for round in 0..2 {
            for n in 0..5000 {
                assert_eq!(interner.intern(text(n).as_bytes()), Some(n as u32), "round {round}");
            }
        }
        let strings = interner.strings();
        assert!((0..5000).all(|n| strings.get(n as u32) == text(n).as_bytes()));
    }

    #[test]
    fn the_empty_string_is_a_string() {
        let mut interner = Interner::default();
        assert_eq!(interner.intern(b""), Some(0));
        assert_eq!(interner.intern(b"\0"), Some(1));
        assert_eq!(interner.intern(b""), Some(0));
    }
}
