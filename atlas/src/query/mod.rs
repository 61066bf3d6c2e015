//! Which features are asked for.

mod all;
pub(crate) mod intersect;
pub(crate) mod nearest;
pub(crate) mod overlap;
pub(crate) mod subject;

use crate::hits::Hit;
use crate::live::Live;
use crate::world::WorldBox;
use crate::{FeatureView, LayerSnapshot};
use all::AllByFid;
use onemap_model::{Bbox, Instant};

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
        self.features_near(query, None)
    }

    /// As [`LayerSnapshot::features`], but features whose own box does not meet `near` may be missing: for whoever asks
    /// further and will not take them, as a filter with a [`bbox_hint`](onemap_model::cql2::Filter::bbox_hint).
    pub fn features_near<'a>(
        &'a self,
        query: &Query,
        near: Option<Bbox>,
    ) -> impl Iterator<Item = FeatureView<'a>> + use<'a> {
        let Query { bbox, at } = *query;
        let segments = &self.segments;
        let narrowest = bbox.into_iter().chain(near).min_by(|a, b| area(a).total_cmp(&area(b)));
        let hits = match narrowest {
            Some(bbox) => Hits::Found(self.hits(&WorldBox::around(bbox), at).into_iter()),
            None => match &segments[..] {
                [one] => Hits::One(one, one.segment.numbers.slots().iter()),
                several => Hits::All(AllByFid::new(several)),
            },
        };
        let answers = move |hit: &Hit| {
            let (segment, slot) = (&segments[hit.segment as usize].segment, hit.slot as usize);
            at.is_none_or(|at| segment.times.get(slot).contains(at))
                && bbox.is_none_or(|bbox| intersect::touches(&segment.shapes, slot, bbox))
        };
        hits.filter(answers)
            .map(|hit| FeatureView::new(&segments[hit.segment as usize].segment, hit.slot))
    }
}

fn area(bbox: &Bbox) -> f64 {
    (bbox.east() - bbox.west()) * (bbox.north() - bbox.south())
}

/// Candidates in ascending order of feature number.
enum Hits<'a> {
    Found(std::vec::IntoIter<Hit>),
    One(&'a Live, std::slice::Iter<'a, u32>),
    All(AllByFid<'a>),
}

impl Iterator for Hits<'_> {
    type Item = Hit;

    #[inline]
    fn next(&mut self) -> Option<Hit> {
        match self {
            Self::Found(found) => found.next(),
            Self::One(live, slots) => {
                let slot = *slots.find(|&&slot| live.has(slot))?;
                Some(Hit { segment: 0, slot })
            }
            Self::All(all) => all.next(),
        }
    }
}
