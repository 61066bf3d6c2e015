//! All features of several segments in the order of their numbers.

use crate::hits::Hit;
use crate::live::Live;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// Goes through all segments at once: each step takes the smallest number that any of them has next.
pub(super) struct AllByFid<'a> {
    segments: &'a [Live],
    /// How far each segment is, in its order by number.
    places: Vec<usize>,
    /// The feature that is next of all.
    first: Option<Next>,
    /// The next feature of each other segment that has one left.
    others: BinaryHeap<Reverse<Next>>,
}

/// A feature by its number, segment and slot.
type Next = (i64, u32, u32);

impl<'a> AllByFid<'a> {
    pub fn new(segments: &'a [Live]) -> Self {
        let mut places = vec![0; segments.len()];
        let nexts = (0..).zip(segments).zip(&mut places);
        let nexts = nexts.filter_map(|((segment, live), place)| next_of(live, segment, place));
        let mut others: BinaryHeap<_> = nexts.map(Reverse).collect();
        Self {
            segments,
            places,
            first: others.pop().map(|Reverse(first)| first),
            others,
        }
    }
}

impl Iterator for AllByFid<'_> {
    type Item = Hit;

    fn next(&mut self) -> Option<Hit> {
        let (_, segment, slot) = self.first?;
        let at = segment as usize;
        self.first = next_of(&self.segments[at], segment, &mut self.places[at]);
        // Mostly the same segment goes on, the large one: then the heap is looked at only.
        if let Some(mut other) = self.others.peek_mut() {
            match self.first {
                Some(first) if first < other.0 => {}
                Some(first) => self.first = Some(std::mem::replace(&mut other.0, first)),
                None => self.first = Some(PeekMut::pop(other).0),
            }
        }
        Some(Hit { segment, slot })
    }
}

/// The next feature that is left in a segment, from `place` on.
fn next_of(live: &Live, segment: u32, place: &mut usize) -> Option<Next> {
    loop {
        let (fid, slot) = live.segment.numbers.get(*place)?;
        *place += 1;
        if live.has(slot) {
            return Some((fid, segment, slot));
        }
    }
}
