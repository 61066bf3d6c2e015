//! Which features a place has, over all segments of a layer, in the order of their numbers.

use crate::LayerSnapshot;
use crate::index::order;
use crate::segment::Segment;
use crate::world::WorldBox;
use onemap_model::Instant;

/// A feature by its segment's place in the layer and its slot there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub segment: u32,
    pub slot: u32,
}

impl LayerSnapshot {
    /// All features whose box meets `around`, and that are true at `at` where that is given, in ascending order of
    /// their numbers.
    pub(crate) fn hits(&self, around: &WorldBox, at: Option<Instant>) -> Vec<Hit> {
        self.in_order(self.hits_as_found(around, at))
    }

    /// The features in ascending order of their numbers.
    pub(crate) fn in_order(&self, hits: Vec<Hit>) -> Vec<Hit> {
        let number = |hit: &Hit| self.segments[hit.segment as usize].segment.fids.get(hit.slot as usize) as u64;
        let fids: Vec<u64> = hits.iter().map(number).collect();
        order::ascending(&fids)
            .into_iter()
            .map(|at| hits[at as usize])
            .collect()
    }

    /// As [`LayerSnapshot::hits`], segment by segment: the order tells how features are spread over them.
    pub(crate) fn hits_as_found(&self, around: &WorldBox, at: Option<Instant>) -> Vec<Hit> {
        let (mut hits, mut slots) = (Vec::new(), Vec::new());
        for (segment, live) in (0..).zip(&self.segments) {
            slots.clear();
            live.segment.tree.search(around, &mut slots);
            if live.gone_count() > 0 {
                slots.retain(|&slot| live.has(slot));
            }
            let Segment { times, .. } = &*live.segment;
            if let Some(at) = at.filter(|_| times.vary()) {
                slots.retain(|&slot| times.get(slot as usize).contains(at));
            }
            hits.extend(slots.iter().map(|&slot| Hit { segment, slot }));
        }
        hits
    }
}
