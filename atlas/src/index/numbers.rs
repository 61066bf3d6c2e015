//! From feature number to slot, and slots in the order of numbers: four bytes a feature where numbers have few gaps.

use super::order;
use crate::data::packed::Packed;
use crate::shelf::Shelf;

/// Slots in ascending order of feature number.
#[derive(Debug)]
pub(crate) struct NumberIndex {
    pub(crate) slots: Shelf<u32>,
    /// How much each number is more than its place in the order: nearly the same for all where there are few gaps.
    pub(crate) more: Packed,
}

impl NumberIndex {
    /// Indexes slots `0..count`; `fids` are their numbers.
    pub fn build(count: usize, fids: &Packed) -> Self {
        let numbers: Vec<u64> = (0..count).map(|slot| fids.offset(slot)).collect();
        let slots = order::ascending(&numbers);
        let more = (0_i64..)
            .zip(&slots)
            .map(|(place, &slot)| fids.get(slot as usize) - place);
        let more = Packed::pack(more);
        Self {
            slots: slots.into(),
            more,
        }
    }

    /// The number and the slot in a place of the order.
    #[inline]
    pub fn get(&self, place: usize) -> Option<(i64, u32)> {
        let slot = *self.slots.get(place)?;
        Some((self.number(place), slot))
    }

    /// All slots in the order of their numbers.
    pub fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// The slots of a number: one, or none, or several where the number was given to several features.
    pub fn slots_of(&self, wanted: i64) -> &[u32] {
        let start = self.place_of(wanted);
        let count = (start..self.slots.len())
            .take_while(|&place| self.number(place) == wanted)
            .count();
        &self.slots[start..start + count]
    }

    /// How many numbers are smaller than `wanted`: the place where it is, or would be.
    pub fn place_of(&self, wanted: i64) -> usize {
        let (mut start, mut end) = (0, self.slots.len());
        while start < end {
            let middle = start + (end - start) / 2;
            if self.number(middle) < wanted {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        start
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.slots.bytes() + self.more.bytes()
    }

    #[inline]
    fn number(&self, place: usize) -> i64 {
        place as i64 + self.more.get(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(fids: &[i64]) -> NumberIndex {
        NumberIndex::build(fids.len(), &Packed::pack(fids.iter().copied()))
    }

    #[test]
    fn numbers_are_found_and_come_in_their_order() {
        let index = index(&[7, 1 << 52, 3, 7, 4]);
        let order: Vec<_> = (0..6).map_while(|place| index.get(place)).collect();
        assert_eq!(order, [(3, 2), (4, 4), (7, 0), (7, 3), (1 << 52, 1)]);
        let check = |fid: i64, slots: &[u32]| assert_eq!(index.slots_of(fid), slots, "{fid}");
        check(2, &[]);
        check(3, &[2]);
        check(7, &[0, 3]);
        check(8, &[]);
        check(1 << 52, &[1]);
        check(i64::MAX, &[]);
    }

    #[test]
    fn numbers_without_gaps_cost_no_more_than_their_slots() {
        let fids: Vec<i64> = (1..=1000).rev().collect();
        assert_eq!(index(&fids).bytes(), 4 * 1000);
    }
}
