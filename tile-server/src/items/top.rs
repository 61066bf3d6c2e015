//! The first features of an order, out of any number of them, in bounded memory: nothing is sorted but what may be given.

use super::order::{Order, Rank};
use onemap_atlas::{Direction, FeatureView};

/// Fewer are not worth looking for the best of them.
const LEAST_KEPT: usize = 256;

/// Takes features in any order and keeps the first of them.
pub(super) struct Top<'a, 'o> {
    order: &'o Order,
    direction: Direction,
    /// Only what comes after it is wanted.
    from: Option<Rank<'a>>,
    most: usize,
    /// At most twice as many as are wanted.
    kept: Vec<(Rank<'a>, FeatureView<'a>)>,
    /// What does not come before it is not among the first.
    last: Option<Rank<'a>>,
}

impl<'a, 'o> Top<'a, 'o> {
    /// The `most` features that come first after `from`, going in `direction`.
    pub fn new(order: &'o Order, direction: Direction, from: Option<Rank<'a>>, most: usize) -> Self {
        Self {
            order,
            direction,
            from,
            most,
            kept: Vec::new(),
            last: None,
        }
    }

    /// Takes a feature, where it is one of the first so far and then `passes`.
    pub fn offer(&mut self, feature: FeatureView<'a>, passes: impl FnOnce() -> bool) {
        let (order, direction) = (self.order, self.direction);
        if let Some(last) = &self.last
            && order.is_surely_after(&feature, last, direction)
        {
            return;
        }
        let rank = order.rank(&feature);
        let is_after = |from: &Rank<'_>| order.compare(&rank, from, direction).is_gt();
        let is_before = |last: &Rank<'_>| order.compare(&rank, last, direction).is_lt();
        if self.from.as_ref().is_none_or(is_after) && self.last.as_ref().is_none_or(is_before) && passes() {
            self.kept.push((rank, feature));
            if self.kept.len() >= self.most.max(LEAST_KEPT).saturating_mul(2) {
                self.drop_the_rest();
            }
        }
    }

    fn drop_the_rest(&mut self) {
        if self.most == 0 || self.kept.len() <= self.most {
            return self.kept.truncate(self.most);
        }
        let (order, direction) = (self.order, self.direction);
        let compare = |a: &(Rank<'a>, _), b: &(Rank<'a>, _)| order.compare(&a.0, &b.0, direction);
        self.kept.select_nth_unstable_by(self.most - 1, compare);
        self.kept.truncate(self.most);
        self.last = self.kept.last().map(|(rank, _)| rank.clone());
    }

    /// The first ones, in their order.
    pub fn finish(mut self) -> Vec<FeatureView<'a>> {
        self.drop_the_rest();
        let (order, direction) = (self.order, self.direction);
        self.kept.sort_unstable_by(|a, b| order.compare(&a.0, &b.0, direction));
        self.kept.into_iter().map(|(_, feature)| feature).collect()
    }
}
