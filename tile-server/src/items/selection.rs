//! The features that a question is about: counted, gone through in order, or in any order.

use super::query::PageQuery;
use super::top::Top;
use crate::analysis::rounded;
use crate::crs::Window;
use crate::filter::Sieve;
use crate::nearest::Near;
use crate::pool::Waiting;
use crate::problem::Problem;
use onemap_atlas::{Direction, FeatureView, Further, LayerSnapshot, Scope, Verdict};
use onemap_model::{Bbox, TimeSpan};

/// One feature looked at by number costs as much as so many by columns.
const ONE_BY_ONE: usize = 8;

/// A question at work.
pub(crate) struct Selection<'a> {
    layer: &'a LayerSnapshot,
    query: &'a PageQuery,
    boxes: &'a [Bbox],
    window: Option<&'a Window>,
    sieve: Sieve,
    when: &'a dyn Fn(TimeSpan) -> bool,
    waiting: &'a Waiting<'a>,
}

/// The features of a page, in their order.
pub(crate) struct Picked<'a> {
    pub features: Vec<FeatureView<'a>>,
    /// Whether there are others before them.
    pub before: bool,
    /// Whether there are others after them.
    pub after: bool,
}

impl<'a> Selection<'a> {
    /// The question `query`. `when` is its time.
    ///
    /// # Errors
    /// 400 where the filter does not fit the layer.
    pub fn new(
        query: &'a PageQuery,
        when: &'a dyn Fn(TimeSpan) -> bool,
        waiting: &'a Waiting<'a>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            layer: &query.layer.snapshot,
            query,
            boxes: query.boxes.as_ref().map_or(&[], |boxes| boxes.lonlat()),
            window: query.boxes.as_ref().and_then(|boxes| boxes.window()),
            sieve: Sieve::new(query.filter.as_ref(), &query.layer)?,
            when,
            waiting,
        })
    }

    /// How many features there are.
    ///
    /// # Errors
    /// 400 where the filter takes too long.
    pub fn count(&self) -> Result<u64, Problem> {
        if self.is_counted_by_place() {
            return Ok(self.layer.count(self.scope(self.boxes.first())) as u64);
        }
        let mut count = 0;
        self.sift(&mut |_| count += 1)?;
        Ok(count)
    }

    /// How many features there are, and those of the page. Where all of them have to be asked to be counted, the page is
    /// picked on the way.
    ///
    /// # Errors
    /// As [`Selection::pick`].
    pub fn count_and_pick(&self) -> Result<(u64, Picked<'a>), Problem> {
        if self.is_counted_by_place() {
            return Ok((self.count()?, self.pick()?));
        }
        let mut count = 0;
        let picked = self.picked_of_all(&mut || count += 1)?;
        Ok((count, picked))
    }

    /// The features of the page, where it is known that `matched` answer the question: few of many are not looked for in
    /// the order of their numbers, one by one.
    ///
    /// # Errors
    /// As [`Selection::pick`].
    pub fn pick_of(&self, matched: u64) -> Result<Picked<'a>, Problem> {
        let wanted = self.query.offset.saturating_add(self.query.limit);
        let passed_over = wanted.saturating_mul(self.layer.len() as u64) / matched.max(1);
        if self.query.filter.is_some() && passed_over > (self.layer.len() / ONE_BY_ONE) as u64 {
            return self.picked_of_all(&mut || ());
        }
        self.pick()
    }

    /// Hands each of the features to `with`, in any order.
    ///
    /// # Errors
    /// 400 where the filter takes too long, and what `with` gives.
    pub fn each(&self, mut with: impl FnMut(FeatureView<'a>) -> Result<(), Problem>) -> Result<(), Problem> {
        for feature in self.in_any_order().take_while(|_| self.sieve.goes_on(self.waiting)) {
            if self.passes(&feature) {
                with(feature)?;
            }
        }
        self.sieve.finish()
    }

    /// The features of the page.
    ///
    /// # Errors
    /// 400 where the filter takes too long, or the page's place is none in this order.
    pub fn pick(&self) -> Result<Picked<'a>, Problem> {
        let features = self.first(self.skipped(), self.query.limit as usize + 1)?;
        self.sieve.finish()?;
        Ok(self.as_page(features))
    }

    fn as_page(&self, mut features: Vec<FeatureView<'a>>) -> Picked<'a> {
        let PageQuery { place, offset, .. } = self.query;
        let limit = self.query.limit as usize;
        let more = features.len() > limit;
        features.truncate(limit);
        let came_from = place.from.is_some() || (*offset > 0 && !features.is_empty());
        match place.direction {
            Direction::Forward => Picked {
                features,
                before: came_from,
                after: more,
            },
            Direction::Backward => {
                features.reverse();
                Picked {
                    features,
                    before: more,
                    after: came_from,
                }
            }
        }
    }

    fn skipped(&self) -> usize {
        usize::try_from(self.query.offset).unwrap_or(usize::MAX)
    }

    /// The page, out of all features that pass; `each` is told of every one.
    fn picked_of_all(&self, each: &mut dyn FnMut()) -> Result<Picked<'a>, Problem> {
        let (skipped, wanted) = (self.skipped(), self.query.limit as usize + 1);
        let mut top = self.top(skipped, wanted)?;
        self.sift(&mut |feature| {
            each();
            top.offer(feature, || true);
        })?;
        Ok(self.as_page(top.finish().into_iter().skip(skipped).take(wanted).collect()))
    }

    /// Hands every feature that answers the question to `each`, once, in any order.
    fn sift(&self, each: &mut dyn FnMut(FeatureView<'a>)) -> Result<(), Problem> {
        let mut goes_on = || match self.sieve.goes_on_after_many(self.waiting) {
            true => Further::Continue(()),
            false => Further::Break(()),
        };
        // Over the antimeridian: what is in both halves comes once.
        let west = (self.boxes.len() > 1).then(|| self.boxes[0]);
        let halves = match self.boxes {
            [] => vec![None],
            boxes => boxes.iter().map(Some).collect(),
        };
        for (at, half) in halves.into_iter().enumerate() {
            let again = west.filter(|_| at > 0);
            let mut each = |feature: FeatureView<'a>| {
                let is_new = again.is_none_or(|west| !feature.touches(west));
                if is_new && self.window.is_none_or(|window| window.touches(&feature)) {
                    each(feature);
                }
            };
            self.layer
                .sift(self.scope(half), self.sieve.filter(), &mut goes_on, &mut each);
        }
        self.sieve.finish()
    }

    fn top(&self, skipped: usize, wanted: usize) -> Result<Top<'a, 'a>, Problem> {
        let PageQuery { order, place, .. } = self.query;
        let from = place.from.map(|fid| {
            let feature = self.layer.by_fid(fid);
            let lost = || {
                Problem::bad_request(format!(
                    "there is no feature number {fid} in this version to go on from"
                ))
            };
            feature.map(|feature| order.rank(&feature)).ok_or_else(lost)
        });
        let most = skipped.saturating_add(wanted).min(self.layer.len());
        Ok(Top::new(order, place.direction, from.transpose()?, most))
    }

    /// Whether the tree tells how many there are.
    fn is_counted_by_place(&self) -> bool {
        self.window.is_none() && self.query.filter.is_none() && self.boxes.len() < 2
    }

    /// The features nearest to a place, with their distances.
    ///
    /// # Errors
    /// 400 where the filter takes too long.
    pub fn nearest(&self, near: &Near) -> Result<Vec<(FeatureView<'a>, f64)>, Problem> {
        let is_in = |feature: &FeatureView<'_>| {
            let touches = |bbox: &Bbox| feature.touches(*bbox);
            (self.boxes.is_empty() || self.boxes.iter().any(touches)) && self.passes(feature)
        };
        let judge = |feature: &FeatureView<'a>| match self.sieve.goes_on(self.waiting) {
            false => Verdict::Stop,
            true if is_in(feature) => Verdict::Take,
            true => Verdict::Skip,
        };
        let found = self.layer.nearest(near.from, self.when, judge).take(near.k);
        let found = found.map(|(feature, metres)| (feature, rounded(metres))).collect();
        self.sieve.finish()?;
        Ok(found)
    }

    fn first(&self, skipped: usize, wanted: usize) -> Result<Vec<FeatureView<'a>>, Problem> {
        let PageQuery { order, place, .. } = self.query;
        if order.is_natural() && self.boxes.len() < 2 {
            let all = self
                .layer
                .walk(self.scope(self.boxes.first()), place.from, place.direction);
            let all = all.take_while(|_| self.sieve.goes_on(self.waiting));
            let passing = all.filter(|feature| self.passes(feature));
            return Ok(passing.skip(skipped).take(wanted).collect());
        }
        let mut top = self.top(skipped, wanted)?;
        for feature in self.in_any_order().take_while(|_| self.sieve.goes_on(self.waiting)) {
            top.offer(feature, || self.passes(&feature));
        }
        Ok(top.finish().into_iter().skip(skipped).take(wanted).collect())
    }

    fn in_any_order(&self) -> Box<dyn Iterator<Item = FeatureView<'a>> + 'a> {
        match *self.boxes {
            // Over the antimeridian: what is in both halves comes once.
            [west, east] => {
                let rest = self.layer.features_in(self.scope(Some(&east)));
                let rest = rest.filter(move |feature| !feature.touches(west));
                Box::new(self.layer.features_in(self.scope(Some(&west))).chain(rest))
            }
            _ => Box::new(self.layer.features_in(self.scope(self.boxes.first()))),
        }
    }

    fn scope(&self, bbox: Option<&Bbox>) -> Scope<'a> {
        let near = [self.window.and_then(Window::near), self.sieve.near()];
        let area = |bbox: &Bbox| (bbox.east() - bbox.west()) * (bbox.north() - bbox.south());
        Scope {
            bbox: bbox.copied(),
            near: near.into_iter().flatten().min_by(|a, b| area(a).total_cmp(&area(b))),
            when: self.when,
        }
    }

    fn passes(&self, feature: &FeatureView<'_>) -> bool {
        self.window.is_none_or(|window| window.touches(feature)) && self.sieve.lets_pass(feature)
    }
}
