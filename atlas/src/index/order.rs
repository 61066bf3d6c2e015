//! Sorting by number, the fast way.

/// Up to so many numbers are sorted by comparing them.
const FEW: usize = 192;
/// Bits of a number that one pass sorts by.
const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 1 << DIGIT_BITS;

/// The places of `numbers` in ascending order of the numbers; equal ones stay in the order they have.
///
/// # Panics
/// Where there are 2^32 numbers or more.
pub(crate) fn ascending(numbers: &[u64]) -> Vec<u32> {
    let count = u32::try_from(numbers.len()).expect("fewer than 2^32 numbers are sorted");
    let min = numbers.iter().copied().min().unwrap_or(0);
    let max = numbers.iter().copied().max().unwrap_or(0);
    // Numbers and places are sorted as one word, which is much faster than to look numbers up at each comparison.
    if max - min <= u64::from(u32::MAX) {
        let word = |(place, number): (u32, &u64)| (number - min) << 32 | u64::from(place);
        let mut words: Vec<u64> = (0..count).zip(numbers).map(word).collect();
        if words.len() <= FEW {
            words.sort_unstable();
        } else {
            by_digits(&mut words, 64 - (max - min).leading_zeros());
        }
        words.into_iter().map(|word| word as u32).collect()
    } else {
        let mut pairs: Vec<(u64, u32)> = numbers.iter().copied().zip(0..count).collect();
        pairs.sort_unstable();
        pairs.into_iter().map(|(_, place)| place).collect()
    }
}

/// Sorts words by their upper half, of which `bits` bits are in use: one digit after the other, the lowest first.
fn by_digits(words: &mut Vec<u64>, bits: u32) {
    let mut sorted = vec![0; words.len()];
    for pass in 0..bits.div_ceil(DIGIT_BITS) {
        let digit = |word: u64| (word >> (32 + pass * DIGIT_BITS)) as usize % DIGITS;
        let mut next = [0_u32; DIGITS];
        words.iter().for_each(|&word| next[digit(word)] += 1);
        let mut start = 0;
        for place in &mut next {
            start += std::mem::replace(place, start);
        }
        for &word in words.iter() {
            let place = &mut next[digit(word)];
            sorted[*place as usize] = word;
            *place += 1;
        }
        std::mem::swap(words, &mut sorted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn near_and_far_numbers_are_sorted_and_equal_ones_keep_their_order() {
        let check = |numbers: &[u64], expected: &[u32]| assert_eq!(ascending(numbers), expected, "{numbers:?}");
        check(&[], &[]);
        check(&[9, 7, 8, 7], &[1, 3, 2, 0]);
        check(&[u64::MAX, 7, 8, 7], &[1, 3, 2, 0]);
        check(&[1 << 33, 1 << 32, (1 << 33) - 1], &[1, 2, 0]);
        check(&[5; 300], &(0..300).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn many_numbers_are_sorted_as_few_are(
            bits in 0..64_u32,
            numbers in prop::collection::vec(any::<u64>(), 0..600),
        ) {
            let numbers: Vec<u64> = numbers.into_iter().map(|number| number >> bits).collect();
            let mut places: Vec<u32> = (0..numbers.len() as u32).collect();
            places.sort_by_key(|&at| numbers[at as usize]);
            prop_assert_eq!(ascending(&numbers), places);
        }
    }
}
