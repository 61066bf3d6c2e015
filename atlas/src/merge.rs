//! Making one segment of several, beside whatever else goes on.

use crate::LayerSnapshot;
use crate::builder::SegmentBuilder;
use crate::live::Live;
use crate::tiers::{self, Size};
use crate::view::FeatureView;
use onemap_model::{Fid, Layer};
use std::sync::Arc;

/// Segments that should become one: work for the background. Holds on to the version it was made from.
#[derive(Debug, Clone)]
pub struct Merge {
    layer: Arc<Layer>,
    inputs: Vec<Live>,
}

/// A finished [`Merge`].
#[derive(Debug, Clone)]
pub struct Merged {
    inputs: Vec<Live>,
    output: Live,
}

impl Merge {
    pub(crate) fn new(layer: Arc<Layer>, inputs: Vec<Live>) -> Self {
        Self { layer, inputs }
    }

    /// How many features are packed again.
    pub fn len(&self) -> usize {
        self.inputs.iter().map(Live::len).sum()
    }

    /// Whether nothing is left in any of the segments.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Packs the features: some two microseconds each, and until it is installed the memory of all of them again.
    pub fn run(self) -> Merged {
        let mut builder = SegmentBuilder::new(&self.layer);
        for live in &self.inputs {
            let views = live.slots().map(|slot| FeatureView::new(&live.segment, slot));
            views.for_each(|view| builder.push(view.to_feature()));
        }
        Merged {
            inputs: self.inputs,
            output: Live::new(builder.finish()),
        }
    }
}

impl Merged {
    /// What it puts in the place of its inputs in a layer that has `segments` now; none where it does not fit.
    fn output_for(mut self, segments: &[Live]) -> Option<Live> {
        let mut fits = false;
        for input in &self.inputs {
            let fid = |slot| input.segment.fid(slot);
            let gone: Vec<Fid> = match segments.iter().find(|live| live.is_same(input)) {
                Some(now) => {
                    fits = true;
                    now.gone.since(&input.gone)?.into_iter().map(fid).collect()
                }
                // It became part of another segment meanwhile, where those of its features are that are still there.
                None => input.slots().map(fid).collect(),
            };
            gone.into_iter().for_each(|fid| self.output.take(fid));
        }
        fits.then_some(self.output)
    }
}

impl LayerSnapshot {
    /// A merge that is due but costs too much for [`LayerSnapshot::apply`]; none where all is well.
    ///
    /// Nothing goes wrong where it is done late or never, except that answers become slower and memory more.
    pub fn merge_due(&self) -> Option<Merge> {
        let sizes = self.sizes();
        if tiers::everything(&sizes) {
            return Some(self.merge_all());
        }
        let inputs = tiers::same_class(&sizes)?.into_iter();
        let inputs = inputs.map(|at| self.segments[at].clone()).collect();
        Some(Merge::new(self.shared_layer(), inputs))
    }

    /// The merge of everything into one segment, due or not: for a quiet hour.
    pub fn merge_all(&self) -> Merge {
        Merge::new(self.shared_layer(), self.segments.clone())
    }

    /// This layer with a finished merge in it: the same features, in fewer segments.
    ///
    /// What was applied since the merge was asked for stays; costs as much as that. A merge of another layer, or of
    /// segments that are no longer there, changes nothing.
    #[must_use]
    pub fn with_merged(&self, merged: Merged) -> LayerSnapshot {
        let is_input = |live: &Live| merged.inputs.iter().any(|input| input.is_same(live));
        let others: Vec<Live> = self.segments.iter().filter(|live| !is_input(live)).cloned().collect();
        match merged.output_for(&self.segments) {
            Some(output) => self.with_segments(std::iter::once(output).chain(others).collect()),
            None => self.clone(),
        }
    }

    pub(crate) fn sizes(&self) -> Vec<Size> {
        let size = |live: &Live| Size {
            left: live.len(),
            gone: live.gone_count(),
        };
        self.segments.iter().map(size).collect()
    }
}
