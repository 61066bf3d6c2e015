//! From one version of a layer to the next, at the cost of what changed.

use crate::LayerSnapshot;
use crate::builder::SegmentBuilder;
use crate::live::Live;
use crate::merge::Merge;
use crate::tiers;
use onemap_model::{Change, Feature, Fid};
use std::collections::HashMap;

/// So many features are packed again while others wait for a change to be applied: two milliseconds' work.
const MOST_AT_ONCE: usize = 1_000;

/// Where merges of the background are not done, changes make more and more segments: from so many on, merging is not
/// left to others.
const MOST_SEGMENTS: usize = 48;

impl LayerSnapshot {
    /// The layer after `changes`, which come in the order of their commits; a feature may be in several.
    ///
    /// The state that a change ends in counts: it takes the place of whatever the layer has under that number, or of
    /// nothing. Changes of other layers are left out. The definition stays.
    ///
    /// Costs as much as the changes, whatever the size of the layer; shares everything else with this version.
    #[must_use]
    pub fn apply<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) -> LayerSnapshot {
        let own = |change: &&Change| change.layer == *self.layer().name();
        let states: HashMap<Fid, Option<&Feature>> = changes
            .into_iter()
            .filter(own)
            .map(|change| (change.fid, change.new.as_ref()))
            .collect();
        if states.is_empty() {
            return self.clone();
        }
        let mut segments = self.segments.clone();
        for live in &mut segments {
            states.keys().for_each(|&fid| live.take(fid));
        }
        let mut builder = SegmentBuilder::new(self.layer());
        for (fid, row) in states.into_iter().filter_map(|(fid, new)| Some((fid, &new?.row))) {
            let row = row.clone();
            builder.push(Feature { fid, row });
        }
        segments.push(Live::new(builder.finish()));
        self.with_segments(segments).with_small_merges()
    }

    /// The same layer with those merges done that cost little, or without which it would have too many segments.
    fn with_small_merges(mut self) -> LayerSnapshot {
        while let Some(places) = tiers::same_class(&self.sizes()) {
            let inputs = places.iter().map(|&at| self.segments[at].clone()).collect();
            let merge = Merge::new(self.shared_layer(), inputs);
            if merge.len() > MOST_AT_ONCE && self.segments.len() <= MOST_SEGMENTS {
                break;
            }
            self = self.with_merged(merge.run());
        }
        self
    }
}
