//! Sorting by number, the fast way.

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
        words.sort_unstable();
        words.into_iter().map(|word| word as u32).collect()
    } else {
        let mut pairs: Vec<(u64, u32)> = numbers.iter().copied().zip(0..count).collect();
        pairs.sort_unstable();
        pairs.into_iter().map(|(_, place)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far_numbers_are_sorted_and_equal_ones_keep_their_order() {
        let check = |numbers: &[u64], expected: &[u32]| assert_eq!(ascending(numbers), expected, "{numbers:?}");
        check(&[], &[]);
        check(&[9, 7, 8, 7], &[1, 3, 2, 0]);
        check(&[u64::MAX, 7, 8, 7], &[1, 3, 2, 0]);
        check(&[1 << 33, 1 << 32, (1 << 33) - 1], &[1, 2, 0]);
    }
}
