//! One immutable piece of a layer: features packed in Hilbert order.

use crate::MemoryUse;
use crate::data::column::{Cell, Column};
use crate::data::packed::Packed;
use crate::data::shapes::Shapes;
use crate::data::times::Times;
use crate::generalise::Labels;
use crate::index::ids::IdIndex;
use crate::index::numbers::NumberIndex;
use crate::index::rtree::RTree;
use onemap_model::{Bbox, Fid};
use std::borrow::Cow;

/// Features in arrays that have one entry or run for each slot: a feature's place in Hilbert order.
#[derive(Debug)]
pub(crate) struct Segment {
    pub count: usize,
    pub fids: Packed,
    pub shapes: Shapes,
    /// Over the slots that have a place; those that have none come after.
    pub tree: RTree,
    /// One for each field of the layer.
    pub columns: Vec<Column>,
    pub times: Times,
    /// Around all geometries, exactly.
    pub bbox: Option<Bbox>,
    /// The field that the public id is from.
    pub key: Option<usize>,
    /// Slots in the order of feature numbers.
    pub numbers: NumberIndex,
    /// From public id to slot; none where the public id is the feature number.
    pub ids: Option<IdIndex>,
    /// Where labels stand, as far as that was asked. Not kept in files.
    pub labels: Labels,
}

impl Segment {
    /// The segment with a way from public id to slot, where those are not the feature numbers.
    pub fn with_ids(mut self) -> Self {
        self.ids = self
            .key
            .map(|_| IdIndex::build(self.count, |seed, slot| self.id_hash(seed, slot)));
        self
    }

    /// The number of the feature.
    pub fn fid(&self, slot: u32) -> Fid {
        Fid::new(self.fids.get(slot as usize)).expect("the number was made from a feature's")
    }

    /// The slots whose public id is `id`.
    pub fn slots_of_id(&self, id: &str) -> impl Iterator<Item = u32> {
        let slots = match &self.ids {
            Some(ids) => ids.candidates(id, |seed, slot| self.id_hash(seed, slot)),
            None => id.parse().map_or(&[][..], |number| self.numbers.slots_of(number)),
        };
        let has_id = move |slot: &u32| self.public_id(*slot) == id;
        slots.iter().copied().filter(has_id)
    }

    /// The value of a field; null where there is no such field.
    pub fn cell(&self, slot: u32, field: usize) -> Cell<'_> {
        self.columns
            .get(field)
            .map_or(Cell::Null, |column| column.get(slot as usize))
    }

    /// The public id: the key's text, or the feature number where there is no key or it is null.
    pub fn public_id(&self, slot: u32) -> Cow<'_, str> {
        match self.key.map_or(Cell::Null, |key| self.cell(slot, key)) {
            Cell::Text(text) => Cow::Borrowed(text),
            Cell::Null => Cow::Owned(self.fid(slot).to_string()),
            other => Cow::Owned(other.to_value().to_string()),
        }
    }

    /// What the segment costs in memory.
    pub fn memory(&self) -> MemoryUse {
        let [coordinates, projected, structure] = self.shapes.bytes();
        MemoryUse {
            coordinates,
            projected,
            structure: structure + self.labels.bytes(),
            tree: self.tree.bytes(),
            attributes: self.columns.iter().map(Column::bytes).sum(),
            identity: self.fids.bytes() + self.numbers.bytes() + self.ids.as_ref().map_or(0, IdIndex::bytes),
            times: self.times.bytes(),
        }
    }

    fn id_hash(&self, seed: u64, slot: u32) -> u32 {
        IdIndex::hash(seed, self.public_id(slot).as_bytes())
    }
}
