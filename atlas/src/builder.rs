//! Takes the features of a layer in any order and packs them.

use crate::LayerSnapshot;
use crate::data::column::Column;
use crate::data::column_builder::ColumnBuilder;
use crate::data::packed::Packed;
use crate::data::shapes_builder::ShapesBuilder;
use crate::data::times::TimesBuilder;
use crate::generalise::Labels;
use crate::index::hilbert;
use crate::index::numbers::NumberIndex;
use crate::index::rtree::RTree;
use crate::live::Live;
use crate::segment::Segment;
use crate::world::WorldBox;
use onemap_model::{Bbox, Feature, Layer, Value};
use std::sync::Arc;

/// Collects the features of one layer.
///
/// Needs about twice the memory of the finished layer, briefly, in [`LayerBuilder::finish`].
#[derive(Debug)]
pub struct LayerBuilder {
    layer: Layer,
    features: SegmentBuilder,
}

/// Collects the features of one segment.
#[derive(Debug)]
pub(crate) struct SegmentBuilder {
    key: Option<usize>,
    fids: Vec<i64>,
    shapes: ShapesBuilder,
    boxes: Vec<Option<WorldBox>>,
    columns: Vec<ColumnBuilder>,
    times: TimesBuilder,
    bbox: Option<Bbox>,
}

impl LayerBuilder {
    /// An empty layer.
    pub fn new(layer: Layer) -> Self {
        let features = SegmentBuilder::new(&layer);
        Self { layer, features }
    }

    /// Adds a feature, whose number no other has. Missing values count as null, values beyond the layer's fields are
    /// left out.
    pub fn push(&mut self, feature: Feature) {
        self.features.push(feature);
    }

    /// Sorts and packs all that was pushed. The order of pushing makes no difference to what the layer answers.
    pub fn finish(self) -> LayerSnapshot {
        LayerSnapshot::new(Arc::new(self.layer), vec![Live::new(self.features.finish())])
    }
}

impl SegmentBuilder {
    /// An empty segment of `layer`.
    pub fn new(layer: &Layer) -> Self {
        let columns = layer
            .fields()
            .iter()
            .map(|f| ColumnBuilder::new(f.field_type))
            .collect();
        Self {
            key: layer.key(),
            fids: Vec::new(),
            shapes: ShapesBuilder::default(),
            boxes: Vec::new(),
            columns,
            times: TimesBuilder::default(),
            bbox: None,
        }
    }

    /// Adds a feature; see [`LayerBuilder::push`].
    pub fn push(&mut self, feature: Feature) {
        let row = feature.row;
        self.fids.push(feature.fid.as_i64());
        self.boxes.push(self.shapes.push(row.geometry.as_ref()));
        let bbox = row.geometry.as_ref().and_then(|geometry| geometry.bbox());
        self.bbox = self.bbox.into_iter().chain(bbox).reduce(Bbox::union);
        let values = row.values.into_iter().chain(std::iter::repeat(Value::Null));
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value);
        }
        self.times.push(row.valid);
    }

    /// Sorts and packs all that was pushed.
    pub fn finish(self) -> Segment {
        let order = hilbert_order(&self.boxes, &self.fids);
        let located = order.iter().map_while(|&at| self.boxes[at as usize]).collect();
        let columns: Vec<Column> = self.columns.into_iter().map(|c| c.finish(Some(&order)).0).collect();
        let fids = Packed::pack(order.iter().map(|&at| self.fids[at as usize]));
        Segment {
            count: order.len(),
            numbers: NumberIndex::build(order.len(), &fids),
            fids,
            shapes: self.shapes.finish(&order),
            tree: RTree::build(located),
            columns,
            times: self.times.finish(&order),
            bbox: self.bbox,
            key: self.key,
            ids: None,
            labels: Labels::default(),
        }
        .with_ids()
    }
}

/// Positions of the features in their final order: along the Hilbert curve, those without a place at the end.
///
/// # Panics
/// Where there are 2^32 features: they would not fit into memory before.
fn hilbert_order(boxes: &[Option<WorldBox>], fids: &[i64]) -> Vec<u32> {
    let count = u32::try_from(boxes.len()).expect("a layer has fewer than 2^32 features");
    let place = |around: &WorldBox| {
        let (x, y) = around.center_unsigned();
        hilbert::place(x, y)
    };
    let key = |at: u32| {
        let around = boxes[at as usize].as_ref();
        (around.is_none(), around.map_or(0, place), fids[at as usize], at)
    };
    let mut keyed: Vec<_> = (0..count).map(key).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, _, _, at)| at).collect()
}
