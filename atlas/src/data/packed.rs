//! Integers in as few whole bytes as their range allows: 0, 1, 2, 4 or 8.

use crate::shelf::Shelf;
use std::ops::Range;

/// Integers by position, kept as differences to the smallest.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(super) base: i64,
    /// The largest less the smallest.
    pub(super) span: u64,
    pub(super) words: Words,
}

#[derive(Debug)]
pub(super) enum Words {
    /// All are the same.
    None,
    U8(Shelf<u8>),
    U16(Shelf<u16>),
    U32(Shelf<u32>),
    U64(Shelf<u64>),
}

impl Packed {
    /// Packs the numbers; the iterator is run twice.
    pub fn pack(numbers: impl Iterator<Item = i64> + Clone) -> Self {
        let (mut base, mut max) = (i64::MAX, i64::MIN);
        for number in numbers.clone() {
            base = base.min(number);
            max = max.max(number);
        }
        let offsets = numbers.map(|number| number.wrapping_sub(base) as u64);
        let span = if max <= base { 0 } else { max.wrapping_sub(base) as u64 };
        let words = match span {
            0 => Words::None,
            1..=0xff => Words::U8(offsets.map(|n| n as u8).collect()),
            0x100..=0xffff => Words::U16(offsets.map(|n| n as u16).collect()),
            0x1_0000..=0xffff_ffff => Words::U32(offsets.map(|n| n as u32).collect()),
            _ => Words::U64(offsets.collect()),
        };
        Self { base, span, words }
    }

    /// The number at `at`.
    #[inline]
    pub fn get(&self, at: usize) -> i64 {
        self.of_offset(self.offset(at))
    }

    /// The number that is `offset` more than the smallest.
    #[inline]
    pub fn of_offset(&self, offset: u64) -> i64 {
        self.base.wrapping_add(offset as i64)
    }

    /// How much the number at `at` is more than the smallest.
    #[inline]
    pub fn offset(&self, at: usize) -> u64 {
        match &self.words {
            Words::None => 0,
            Words::U8(words) => u64::from(words[at]),
            Words::U16(words) => u64::from(words[at]),
            Words::U32(words) => u64::from(words[at]),
            Words::U64(words) => words[at],
        }
    }

    /// How many of the numbers in `run` are places of true in `wanted`; none of them is negative.
    pub fn count_wanted(&self, run: Range<usize>, wanted: &[bool]) -> usize {
        fn count<T: Copy + Into<u64>>(words: &[T], wanted: &[bool]) -> usize {
            let is_wanted = |word: &&T| wanted.get((**word).into() as usize).is_some_and(|&is| is);
            words.iter().filter(is_wanted).count()
        }
        let wanted = usize::try_from(self.base).ok().and_then(|base| wanted.get(base..));
        let wanted = wanted.unwrap_or_default();
        match &self.words {
            Words::None => run.len() * usize::from(wanted.first() == Some(&true)),
            Words::U8(words) => count(&words[run], wanted),
            Words::U16(words) => count(&words[run], wanted),
            Words::U32(words) => count(&words[run], wanted),
            Words::U64(words) => count(&words[run], wanted),
        }
    }

    /// The largest [`Packed::offset`].
    pub fn span(&self) -> u64 {
        self.span
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        match &self.words {
            Words::None => 0,
            Words::U8(words) => words.bytes(),
            Words::U16(words) => words.bytes(),
            Words::U32(words) => words.bytes(),
            Words::U64(words) => words.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_numbers_are_counted_in_a_run() {
        for (base, step) in [(0, 0), (3, 0), (0, 1), (5, 3), (0, 100), (7, 3000)] {
            let numbers: Vec<i64> = (0..100).map(|n| base + n * n % 97 * step).collect();
            let wanted: Vec<bool> = (0..300_000).map(|n| n % 3 == 0).collect();
            let packed = Packed::pack(numbers.iter().copied());
            for run in [0..100, 0..0, 17..63] {
                let expected = numbers[run.clone()].iter().filter(|&&n| wanted[n as usize]).count();
                assert_eq!(packed.count_wanted(run.clone(), &wanted), expected);
                let few = numbers[run.clone()]
                    .iter()
                    .filter(|&&n| n < 4 && wanted[n as usize])
                    .count();
                assert_eq!(packed.count_wanted(run, &wanted[..4]), few);
            }
        }
    }

    #[test]
    fn any_numbers_come_back_from_the_fewest_bytes() {
        let check = |numbers: &[i64], bytes_each: usize| {
            let packed = Packed::pack(numbers.iter().copied());
            let back: Vec<i64> = (0..numbers.len()).map(|at| packed.get(at)).collect();
            assert_eq!(back, numbers);
            assert_eq!(packed.bytes(), bytes_each * numbers.len());
        };
        check(&[], 0);
        check(&[-5, -5], 0);
        check(&[-100, 155], 1);
        check(&[-100, 156], 2);
        check(&[i64::MAX - 70_000, i64::MAX], 4);
        check(&[i64::MIN, 0, i64::MAX], 8);
    }
}
