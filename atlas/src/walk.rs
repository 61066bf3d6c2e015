//! Features in the order of their numbers, from any number on, forwards and backwards: what pages are made of.

use crate::hits::Hit;
use crate::index::rtree::Found;
use crate::live::Live;
use crate::scope::{Scope, Times};
use crate::world::WorldBox;
use crate::{FeatureView, LayerSnapshot};
use onemap_model::Fid;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// Which way to go through the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Ascending.
    Forward,
    /// Descending.
    Backward,
}

/// Where a box holds less than one feature in so many, they are looked for by place, else by number.
const FEW: usize = 8;

/// A feature by its number (its opposite, going backwards), segment and slot.
type Next = (i64, u32, u32);

impl LayerSnapshot {
    /// The features of `scope` in the order of their numbers, beginning after `from`, which itself is left out.
    ///
    /// What comes first costs the same wherever that is. Without a box nothing is looked at but what is given; with one,
    /// its candidates are found at once, or numbers are tried in turn where it holds many of them.
    pub fn walk<'a>(
        &'a self,
        scope: Scope<'a>,
        from: Option<Fid>,
        direction: Direction,
    ) -> impl Iterator<Item = FeatureView<'a>> {
        let around = scope.narrowest().map(WorldBox::around);
        let few = around.as_ref().and_then(|around| self.few(&scope, around));
        let is_by_place = few.is_some();
        let hits = match few {
            Some(few) => Hits::ByPlace(self.by_place(&scope, few, from, direction)),
            None => Hits::ByNumber(ByNumber::new(&self.segments, from, direction)),
        };
        let times: Vec<Times<'_>> = self
            .segments
            .iter()
            .map(|live| Times::of(live, scope.when, 0))
            .collect();
        let is_in = move |hit: &Hit| {
            let live = &self.segments[hit.segment as usize];
            let slot = hit.slot as usize;
            let is_near =
                |around: &WorldBox| slot < live.segment.tree.len() && live.segment.tree.entry(slot).intersects(around);
            times[hit.segment as usize].has(live, hit.slot)
                && (is_by_place || around.as_ref().is_none_or(is_near) && scope.touches(live, slot))
        };
        let view = |hit: Hit| FeatureView::new(&self.segments[hit.segment as usize].segment, hit.slot);
        hits.filter(is_in).map(view)
    }

    /// What may be in `scope`, segment by segment, where that is little. What is surely in its box comes in runs.
    fn few(&self, scope: &Scope<'_>, around: &WorldBox) -> Option<Vec<(u32, Found)>> {
        // What lies in another box has to be asked, each for itself.
        let inside = match scope.near {
            None => around.inside(),
            Some(_) => WorldBox::NOTHING,
        };
        let (mut found, mut count) = (Vec::new(), 0);
        for (segment, live) in (0..).zip(&self.segments) {
            live.segment.tree.split(around, &inside, &mut |one| {
                count += one.len();
                found.push((segment, one));
            });
        }
        (count < self.len() / FEW).then_some(found)
    }

    fn by_place(
        &self,
        scope: &Scope<'_>,
        few: Vec<(u32, Found)>,
        from: Option<Fid>,
        direction: Direction,
    ) -> BinaryHeap<Reverse<Next>> {
        let mut nexts = Vec::new();
        let from = from.map(|from| direction.signed(from.as_i64()));
        for (segment, found) in few {
            let live = &self.segments[segment as usize];
            let number = |slot: u32| (direction.signed(live.segment.fids.get(slot as usize)), segment, slot);
            let wanted = |next: &Next| from.is_none_or(|from| next.0 > from);
            match found {
                Found::Inside(run) => {
                    let left = run.filter(|&slot| live.has(slot));
                    nexts.extend(left.map(number).filter(wanted).map(Reverse));
                }
                Found::OnEdge(slot) if live.has(slot) && scope.touches(live, slot as usize) => {
                    nexts.extend(Some(number(slot)).filter(wanted).map(Reverse));
                }
                Found::OnEdge(_) => {}
            }
        }
        // Making a heap takes one pass, and each feature that is taken from it little: no need to sort all of them.
        nexts.into()
    }
}

impl Direction {
    /// The number as it is sorted by.
    fn signed(self, number: i64) -> i64 {
        match self {
            Self::Forward => number,
            Self::Backward => -number,
        }
    }
}

enum Hits<'a> {
    ByPlace(BinaryHeap<Reverse<Next>>),
    ByNumber(ByNumber<'a>),
}

impl Iterator for Hits<'_> {
    type Item = Hit;

    #[inline]
    fn next(&mut self) -> Option<Hit> {
        match self {
            Self::ByPlace(heap) => {
                let Reverse((_, segment, slot)) = heap.pop()?;
                Some(Hit { segment, slot })
            }
            Self::ByNumber(numbers) => numbers.next(),
        }
    }
}

/// Goes through all segments at once: each step takes the first number that any of them has next.
struct ByNumber<'a> {
    segments: &'a [Live],
    direction: Direction,
    /// How far each segment is in its order by number: the next place forwards, or one more than it backwards.
    places: Vec<usize>,
    /// The feature that is next of all.
    first: Option<Next>,
    /// The next feature of each other segment that has one left.
    others: BinaryHeap<Reverse<Next>>,
}

impl<'a> ByNumber<'a> {
    fn new(segments: &'a [Live], from: Option<Fid>, direction: Direction) -> Self {
        let place = |live: &Live| match (direction, from) {
            (Direction::Forward, None) => 0,
            (Direction::Forward, Some(from)) => live.segment.numbers.place_of(from.as_i64() + 1),
            (Direction::Backward, None) => live.segment.count,
            (Direction::Backward, Some(from)) => live.segment.numbers.place_of(from.as_i64()),
        };
        let mut places: Vec<usize> = segments.iter().map(place).collect();
        let nexts = (0..).zip(segments).zip(&mut places);
        let nexts = nexts.filter_map(|((segment, live), place)| next_of(live, segment, direction, place));
        let mut others: BinaryHeap<_> = nexts.map(Reverse).collect();
        Self {
            segments,
            direction,
            places,
            first: others.pop().map(|Reverse(first)| first),
            others,
        }
    }
}

impl Iterator for ByNumber<'_> {
    type Item = Hit;

    fn next(&mut self) -> Option<Hit> {
        let (_, segment, slot) = self.first?;
        let at = segment as usize;
        self.first = next_of(&self.segments[at], segment, self.direction, &mut self.places[at]);
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
fn next_of(live: &Live, segment: u32, direction: Direction, place: &mut usize) -> Option<Next> {
    loop {
        let at = match direction {
            Direction::Forward => *place,
            Direction::Backward => place.checked_sub(1)?,
        };
        let (fid, slot) = live.segment.numbers.get(at)?;
        *place = match direction {
            Direction::Forward => at + 1,
            Direction::Backward => at,
        };
        if live.has(slot) {
            return Some((direction.signed(fid), segment, slot));
        }
    }
}
