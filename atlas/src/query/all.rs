//! All features of several segments in the order of their numbers.

use crate::hits::Hit;
use crate::live::Live;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// Goes through all segments at once: each step takes the smallest number that any of them has next.
pub(super) struct AllByFid<'a> {
    segments: &'a [Live],
    /// For each segment, the place after that of its feature in `next`, in its order by number.
    places: Vec<usize>,
    /// The next feature of each segment that has one: its number, segment and slot.
    next: BinaryHeap<Reverse<(u64, u32, u32)>>,
}

impl<'a> AllByFid<'a> {
    pub fn new(segments: &'a [Live]) -> Self {
        let mut places = vec![0; segments.len()];
        let firsts = (0..).zip(segments).zip(&mut places);
        let next = firsts
            .filter_map(|((segment, live), place)| step(live, place, segment))
            .collect();
        Self { segments, places, next }
    }
}

impl Iterator for AllByFid<'_> {
    type Item = Hit;

    fn next(&mut self) -> Option<Hit> {
        let mut top = self.next.peek_mut()?;
        let Reverse((_, segment, slot)) = *top;
        match step(
            &self.segments[segment as usize],
            &mut self.places[segment as usize],
            segment,
        ) {
            Some(next) => *top = next,
            None => drop(PeekMut::pop(top)),
        }
        Some(Hit { segment, slot })
    }
}

/// The next feature that is left in a segment, from `place` on.
fn step(live: &Live, place: &mut usize, segment: u32) -> Option<Reverse<(u64, u32, u32)>> {
    loop {
        let slot = *live.segment.by_fid.get(*place)?;
        *place += 1;
        if live.has(slot) {
            return Some(Reverse((live.segment.fid(slot).get(), segment, slot)));
        }
    }
}
