//! What lies in a box and in a time: looked through in any order, and counted.

use crate::index::rtree::Found;
use crate::live::Live;
use crate::query::intersect;
use crate::world::WorldBox;
use crate::{FeatureView, LayerSnapshot};
use onemap_model::{Bbox, TimeSpan};
use std::ops::Range;

/// Which features are asked for.
#[derive(Clone, Copy)]
pub struct Scope<'w> {
    /// Only features whose geometry has a point in common with this box, as [`crate::Query::bbox`] means it.
    pub bbox: Option<Bbox>,
    /// Features whose own box does not meet this one may be missing.
    pub near: Option<Bbox>,
    /// Only features that are true in such a time. Asked of each span, not of each feature, where spans are few.
    pub when: &'w dyn Fn(TimeSpan) -> bool,
}

/// So many different spans of a segment are asked for beforehand, or as many as features will be; where there are more,
/// those that are met.
const FEW_SPANS: usize = 256;

/// Which of a segment's features are true in a time that is asked for.
pub(crate) enum Times<'w> {
    All,
    None,
    /// By the code of their span.
    Some(Vec<bool>),
    /// To be asked.
    Each(&'w dyn Fn(TimeSpan) -> bool),
}

impl<'w> Times<'w> {
    /// The times of a segment of which some `candidates` will be asked for.
    pub fn of(live: &Live, when: &'w dyn Fn(TimeSpan) -> bool, candidates: usize) -> Self {
        let times = &live.segment.times;
        if times.span_count() > FEW_SPANS.max(candidates) {
            return Self::Each(when);
        }
        let wanted: Vec<bool> = times.spans().map(|(_, span, _)| when(span)).collect();
        match (wanted.contains(&true), wanted.contains(&false)) {
            (true, true) => Self::Some(wanted),
            (true, false) => Self::All,
            _ => Self::None,
        }
    }

    #[inline]
    pub fn has(&self, live: &Live, slot: u32) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Some(wanted) => wanted[live.segment.times.code(slot as usize) as usize],
            Self::Each(when) => when(live.segment.times.get(slot as usize)),
        }
    }
}

impl Scope<'_> {
    /// The smaller of the two boxes: where candidates are looked for.
    pub(crate) fn narrowest(&self) -> Option<Bbox> {
        let area = |bbox: &Bbox| (bbox.east() - bbox.west()) * (bbox.north() - bbox.south());
        let boxes = self.bbox.into_iter().chain(self.near);
        boxes.min_by(|a, b| area(a).total_cmp(&area(b)))
    }

    /// Whether a feature has a point in common with the box, where there is one.
    pub(crate) fn touches(&self, live: &Live, slot: usize) -> bool {
        self.bbox
            .is_none_or(|bbox| intersect::touches(&live.segment.shapes, slot, bbox))
    }

    /// Where the features are, and perhaps others.
    pub(crate) fn slots(&self, live: &Live) -> Slots {
        match self.narrowest() {
            None => Slots::All(0..live.segment.count as u32),
            Some(bbox) => {
                let mut slots = Vec::new();
                live.segment.tree.search(&WorldBox::around(bbox), &mut slots);
                Slots::Found(slots.into_iter())
            }
        }
    }

    /// How many of a segment's features there are.
    fn count_in(&self, live: &Live) -> usize {
        let outer = self.bbox.map(WorldBox::around);
        let candidates = outer.map_or(0, |outer| live.segment.tree.count(&outer));
        let times = Times::of(live, self.when, candidates);
        let counts = |slot: u32| live.has(slot) && times.has(live, slot);
        let whole = |run: Range<u32>| {
            let all = match &times {
                Times::None => return 0,
                Times::All => run.len(),
                Times::Some(wanted) => {
                    let run = run.start as usize..run.end as usize;
                    live.segment.times.count_wanted(run, wanted)
                }
                Times::Each(_) => return run.filter(|&slot| counts(slot)).count(),
            };
            match live.gone_count() {
                0 => all,
                _ => all - live.gone.taken(run).filter(|&slot| times.has(live, slot)).count(),
            }
        };
        let Some((bbox, outer)) = self.bbox.zip(outer) else {
            let of_span = |(code, _, count): (u32, TimeSpan, usize)| count - live.gone.count_of_time(code);
            let spans = live.segment.times.spans().filter(|(_, span, _)| (self.when)(*span));
            return spans.map(of_span).sum();
        };
        let shapes = &live.segment.shapes;
        let mut sum = 0;
        live.segment
            .tree
            .split(&outer, &outer.inside(), &mut |found| match found {
                Found::Inside(run) => sum += whole(run),
                Found::OnEdge(slot) => {
                    let is_in = counts(slot) && intersect::touches(shapes, slot as usize, bbox);
                    sum += usize::from(is_in);
                }
            });
        sum
    }
}

/// Candidates of one segment.
pub(crate) enum Slots {
    All(Range<u32>),
    Found(std::vec::IntoIter<u32>),
}

impl Slots {
    /// How many are left.
    pub fn len(&self) -> usize {
        match self {
            Self::All(range) => range.len(),
            Self::Found(found) => found.len(),
        }
    }
}

impl Iterator for Slots {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        match self {
            Self::All(range) => range.next(),
            Self::Found(found) => found.next(),
        }
    }
}

impl LayerSnapshot {
    /// The features of `scope`, in any order: the fastest one.
    pub fn features_in<'a>(&'a self, scope: Scope<'a>) -> impl Iterator<Item = FeatureView<'a>> {
        self.segments.iter().flat_map(move |live| {
            let slots = scope.slots(live);
            let times = Times::of(live, scope.when, slots.len());
            let is_in =
                move |slot: &u32| live.has(*slot) && times.has(live, *slot) && scope.touches(live, *slot as usize);
            let slots = slots.filter(is_in);
            slots.map(|slot| FeatureView::new(&live.segment, slot))
        })
    }

    /// Whether what may be in the box has at most so many vertices together, a feature counted as one at least. Costs no
    /// more steps than that.
    pub fn is_light(&self, bbox: Bbox, most_vertices: usize) -> bool {
        let (around, mut vertices) = (WorldBox::around(bbox), 0);
        self.segments.iter().all(|live| {
            let shapes = &live.segment.shapes;
            let mut weigh = |slot: u32| {
                vertices += shapes.coords_of(slot as usize).len().max(1);
                vertices <= most_vertices
            };
            let mut weigh_all = |mut run: Range<u32>| run.all(&mut weigh);
            live.segment.tree.search_while(&around, &mut weigh_all)
        })
    }

    /// How many features `scope` has; `near` leaves out nothing here.
    ///
    /// Costs a look at each feature on the border of the box; what lies inside is counted by whole branches of the tree,
    /// where nothing was taken from them and all is true at the same times.
    pub fn count(&self, scope: Scope<'_>) -> usize {
        self.segments.iter().map(|live| scope.count_in(live)).sum()
    }
}
