//! The features nearest to a place, one after the other.
//!
//! Best first: of all nodes and features of all segments that are known, the one with the smallest distance is looked at
//! next. A node's distance is a bound that nothing in it undercuts, a feature's is measured on the ellipsoid when its turn
//! comes. So nothing is measured that is not about as near as what is given.

use crate::index::rtree::Node;
use crate::scope::Times;
use crate::world::{World, WorldBox};
use crate::{FeatureView, LayerSnapshot};
use onemap_model::measure::{at_least_m, distance_m};
use onemap_model::{Bbox, Coord, TimeSpan};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// What is to be done with a feature that may be the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is one of those asked for.
    Take,
    /// It is not.
    Skip,
    /// Nothing more is wanted.
    Stop,
}

/// Something to look at, with how near it is at least.
struct Next {
    metres: f64,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// A node or feature whose distance is a bound.
    Bound { segment: u32, node: Node },
    /// A feature that was measured.
    Feature { fid: i64, segment: u32, slot: u32 },
}

/// The search; gives features with their distance in metres, nearest first, those of one distance by their numbers.
pub struct Nearest<'a, F> {
    layer: &'a LayerSnapshot,
    from: Coord,
    times: Vec<Times<'a>>,
    judge: F,
    heap: BinaryHeap<Reverse<Next>>,
}

impl LayerSnapshot {
    /// The features that `judge` takes and that are true in a time of `when`, by their distance from a place in longitude
    /// and latitude: see [`distance_m`]. Features without geometry have none and are left out.
    ///
    /// Each step costs a look at what is about as near as the feature it gives: see [`Verdict::Stop`] where few are taken.
    pub fn nearest<'a, F: FnMut(&FeatureView<'a>) -> Verdict>(
        &'a self,
        from: Coord,
        when: &'a dyn Fn(TimeSpan) -> bool,
        judge: F,
    ) -> Nearest<'a, F> {
        let mut heap = BinaryHeap::new();
        for (segment, live) in (0..).zip(&self.segments) {
            for (node, around) in live.segment.tree.roots() {
                heap.push(Reverse(Next::bound(from, segment, node, around)));
            }
        }
        let times = self.segments.iter().map(|live| Times::of(live, when, 0)).collect();
        Nearest {
            layer: self,
            from,
            times,
            judge,
            heap,
        }
    }
}

impl<'a, F: FnMut(&FeatureView<'a>) -> Verdict> Iterator for Nearest<'a, F> {
    type Item = (FeatureView<'a>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(Reverse(Next { metres, what })) = self.heap.pop() {
            match what {
                What::Feature { segment, slot, .. } => {
                    let live = &self.layer.segments[segment as usize];
                    return Some((FeatureView::new(&live.segment, slot), metres));
                }
                What::Bound { segment, node } => {
                    let tree = &self.layer.segments[segment as usize].segment.tree;
                    if let Some(slot) = node.entry() {
                        if self.measure(segment, slot) == Verdict::Stop {
                            self.heap.clear();
                        }
                    } else {
                        for (child, around) in tree.children(node) {
                            self.heap.push(Reverse(Next::bound(self.from, segment, child, around)));
                        }
                    }
                }
            }
        }
        None
    }
}

impl<'a, F: FnMut(&FeatureView<'a>) -> Verdict> Nearest<'a, F> {
    fn measure(&mut self, segment: u32, slot: u32) -> Verdict {
        let live = &self.layer.segments[segment as usize];
        if !live.has(slot) || !self.times[segment as usize].has(live, slot) {
            return Verdict::Skip;
        }
        let feature = FeatureView::new(&live.segment, slot);
        let verdict = (self.judge)(&feature);
        let geometry = feature.geometry().filter(|_| verdict == Verdict::Take);
        if let Some(metres) = geometry.and_then(|geometry| distance_m(self.from, &geometry)) {
            let fid = feature.fid().as_i64();
            let what = What::Feature { fid, segment, slot };
            self.heap.push(Reverse(Next { metres, what }));
        }
        verdict
    }
}

impl Next {
    fn bound(from: Coord, segment: u32, node: Node, around: &WorldBox) -> Self {
        Self {
            metres: degrees(around).map_or(0.0, |around| at_least_m(from, around)),
            what: What::Bound { segment, node },
        }
    }
}

/// A box in degrees that surely holds everything in a stored one; none where that is all the world.
fn degrees(around: &WorldBox) -> Option<Bbox> {
    let around = around.widened(2);
    // What lies outside the Mercator world was moved to its edge.
    let is_edge = |at: i32| at == i32::MIN || at == i32::MAX;
    let [min, max] = [around.min, around.max].map(World::lonlat);
    if is_edge(around.min.x) || is_edge(around.max.x) {
        return None;
    }
    let south = if is_edge(around.max.y) { -90.0 } else { max.y };
    let north = if is_edge(around.min.y) { 90.0 } else { min.y };
    Bbox::new(min.x, south, max.x, north).ok()
}

impl Ord for Next {
    /// Bounds come before features of the same distance: what is as near may have a smaller number.
    fn cmp(&self, other: &Self) -> Ordering {
        self.metres
            .total_cmp(&other.metres)
            .then_with(|| self.what.cmp(&other.what))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Next {}
