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
        let (mut hits, mut fids, mut slots) = (Vec::new(), Vec::new(), Vec::new());
        for (segment, live) in (0..).zip(&self.segments) {
            slots.clear();
            live.segment.tree.search(around, &mut slots);
            if live.gone_count() > 0 {
                slots.retain(|&slot| live.has(slot));
            }
            let Segment {
                times, fids: numbers, ..
            } = &*live.segment;
            if let Some(at) = at.filter(|_| times.vary()) {
                slots.retain(|&slot| times.get(slot as usize).contains(at));
            }
            fids.extend(slots.iter().map(|&slot| numbers.get(slot as usize) as u64));
            hits.extend(slots.iter().map(|&slot| Hit { segment, slot }));
        }
        order::ascending(&fids)
            .into_iter()
            .map(|at| hits[at as usize])
            .collect()
    }
}
