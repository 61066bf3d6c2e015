//! Applying changes by building anew, until the atlas does it in time proportional to the change.

use onemap_atlas::{FeatureView, LayerBuilder, LayerSnapshot, Query};
use onemap_model::{Change, Feature, Fid, Row};
use std::collections::HashMap;

pub(crate) trait Standin {
    fn apply(&self, changes: &[Change]) -> LayerSnapshot;
    fn by_fid(&self, fid: Fid) -> Option<FeatureView<'_>>;
}

impl Standin for LayerSnapshot {
    fn apply(&self, changes: &[Change]) -> LayerSnapshot {
        let last: HashMap<Fid, &Option<Feature>> = changes.iter().map(|change| (change.fid, &change.new)).collect();
        let mut builder = LayerBuilder::new(self.layer().clone());
        for view in self
            .features(&Query::default())
            .filter(|view| !last.contains_key(&view.fid()))
        {
            builder.push(Feature {
                fid: view.fid(),
                row: Row {
                    geometry: view.geometry(),
                    values: (0..self.layer().fields().len()).map(|i| view.value(i)).collect(),
                    valid: view.valid(),
                },
            });
        }
        last.into_values()
            .flatten()
            .for_each(|feature| builder.push(feature.clone()));
        builder.finish()
    }

    fn by_fid(&self, fid: Fid) -> Option<FeatureView<'_>> {
        self.features(&Query::default()).find(|view| view.fid() == fid)
    }
}
