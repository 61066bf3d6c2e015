//! Which features are asked for.

mod intersect;

use crate::data::times::Times;
use crate::world::WorldBox;
use crate::{FeatureView, LayerSnapshot};
use onemap_model::{Bbox, Instant};
use std::borrow::Cow;

/// A question to a layer. What is not asked for does not restrict.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Query {
    /// Only features whose geometry has a point in common with this box, in degrees; a touch counts.
    pub bbox: Option<Bbox>,
    /// Only features that are true at this moment.
    pub at: Option<Instant>,
}

impl LayerSnapshot {
    /// All features that answer `query`, in ascending order of their numbers.
    ///
    /// Exact: the geometry itself is tested, in longitude and latitude with straight edges, not only its box. Areas
    /// are what the even-odd rule makes of their rings. With a box, features without geometry are left out.
    pub fn features<'a>(&'a self, query: &Query) -> impl Iterator<Item = FeatureView<'a>> + use<'a> {
        let Query { bbox, at } = *query;
        let slots = match bbox {
            None => Cow::Borrowed(&self.by_fid[..]),
            Some(bbox) => Cow::Owned(self.candidates(bbox)),
        };
        let shapes = &self.parts.shapes;
        let times = &self.parts.times;
        let answers = move |&slot: &u32| {
            is_true(times, slot, at) && bbox.is_none_or(|bbox| intersect::touches(shapes, slot as usize, bbox))
        };
        (0..slots.len())
            .map(move |at| slots[at])
            .filter(answers)
            .map(|slot| FeatureView { layer: self, slot })
    }

    /// Slots whose box meets `bbox`, in ascending order of feature number.
    fn candidates(&self, bbox: Bbox) -> Vec<u32> {
        let mut slots = Vec::new();
        self.parts.tree.search(&WorldBox::around(bbox), &mut slots);
        self.parts.sort_by_fid(&mut slots);
        slots
    }
}

fn is_true(times: &Times, slot: u32, at: Option<Instant>) -> bool {
    at.is_none_or(|at| times.get(slot as usize).contains(at))
}
