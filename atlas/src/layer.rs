//! One layer in memory.

use crate::data::column::{Cell, Column};
use crate::data::packed::Packed;
use crate::data::shapes::Shapes;
use crate::data::times::Times;
use crate::index::ids::IdIndex;
use crate::index::rtree::RTree;
use crate::render;
use crate::{FeatureView, MemoryUse};
use onemap_model::{Bbox, Fid, Instant, Layer, TileCoord};

/// All features of a layer, of all valid times, at one version. Immutable.
///
/// Features are known inside by their *slot*: their place in Hilbert order.
#[derive(Debug)]
pub struct LayerSnapshot {
    pub(crate) parts: Parts,
    /// Slots in ascending order of feature number.
    pub(crate) by_fid: Vec<u32>,
    /// From public id to slot; none where the public id is the feature number.
    ids: Option<IdIndex>,
}

/// What a layer is made of: arrays that have one entry or run for each slot.
#[derive(Debug)]
pub(crate) struct Parts {
    pub layer: Layer,
    pub count: usize,
    pub fids: Packed,
    pub shapes: Shapes,
    /// Over the slots that have a place; those that have none come after.
    pub tree: RTree,
    /// One for each field.
    pub columns: Vec<Column>,
    pub times: Times,
    pub bbox: Option<Bbox>,
}

impl LayerSnapshot {
    pub(crate) fn new(parts: Parts) -> Self {
        let mut by_fid: Vec<u32> = (0..parts.count as u32).collect();
        parts.sort_by_fid(&mut by_fid);
        let ids = parts
            .layer
            .key()
            .map(|_| IdIndex::build(parts.count, |slot| parts.id_hash(slot)));
        Self { parts, by_fid, ids }
    }

    /// The layer's definition.
    pub fn layer(&self) -> &Layer {
        &self.parts.layer
    }

    /// How many features there are, of all valid times.
    pub fn len(&self) -> usize {
        self.parts.count
    }

    /// Whether there is no feature at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The smallest box around all geometries, of all valid times; none where there are none.
    pub fn bbox(&self) -> Option<Bbox> {
        self.parts.bbox
    }

    /// What the layer costs in memory.
    pub fn memory(&self) -> MemoryUse {
        let [coordinates, projected, structure] = self.parts.shapes.bytes();
        MemoryUse {
            coordinates,
            projected,
            structure,
            tree: self.parts.tree.bytes(),
            attributes: self.parts.columns.iter().map(Column::bytes).sum(),
            identity: self.parts.fids.bytes()
                + self.by_fid.capacity() * size_of::<u32>()
                + self.ids.as_ref().map_or(0, IdIndex::bytes),
            times: self.parts.times.bytes(),
        }
    }

    /// Appends the layer's part of a tile (MVT 2.1, field 3 of `Tile`) to `out`: features true at `now`, in the order
    /// of their numbers. Appends nothing where there are none, or where the layer does not show at the tile's zoom.
    ///
    /// Tiles of several layers are made by calling this for one after the other. Equal layers give equal bytes.
    pub fn tile(&self, tile: TileCoord, now: Instant, out: &mut Vec<u8>) {
        if self.parts.layer.zoom.contains(tile.z()) {
            render::layer(&self.parts, tile, now, out);
        }
    }

    /// All features with this public id, one for each valid time, in the order of their numbers.
    pub fn by_public_id<'a>(&'a self, id: &str) -> Vec<FeatureView<'a>> {
        let keyed = self
            .ids
            .as_ref()
            .map_or(&[][..], |ids| ids.candidates(id, |slot| self.parts.id_hash(slot)));
        let numbered = match &self.ids {
            None => self.by_fid(id),
            Some(_) => &[],
        };
        let has_id = |view: &FeatureView<'_>| self.parts.with_public_id(view.slot, |own| own == id.as_bytes());
        let mut found: Vec<_> = keyed
            .iter()
            .chain(numbered)
            .map(|&slot| FeatureView { layer: self, slot })
            .filter(has_id)
            .collect();
        found.sort_by_key(FeatureView::fid);
        found
    }

    /// The first moment after `after` at which a feature begins or ceases to be true; until then tiles stay the same.
    pub fn next_boundary(&self, after: Instant) -> Option<Instant> {
        self.parts.times.next_boundary(after)
    }

    fn by_fid(&self, id: &str) -> &[u32] {
        let Ok(wanted) = id.parse::<i64>() else { return &[] };
        let fid = |slot: &u32| self.parts.fids.get(*slot as usize);
        let start = self.by_fid.partition_point(|slot| fid(slot) < wanted);
        let count = self.by_fid[start..].partition_point(|slot| fid(slot) == wanted);
        &self.by_fid[start..start + count]
    }
}

impl Parts {
    /// The number of the feature.
    pub fn fid(&self, slot: u32) -> Fid {
        Fid::new(self.fids.get(slot as usize)).expect("the number was made from a feature's")
    }

    /// Sorts slots by the numbers of their features.
    pub fn sort_by_fid(&self, slots: &mut [u32]) {
        // Numbers are sorted, not looked up at each comparison, which is what costs.
        if self.fids.span() <= u64::from(u32::MAX) {
            self.sort_keyed(slots, |fid, slot| fid << 32 | u64::from(slot), |key| key as u32);
        } else {
            self.sort_keyed(
                slots,
                |fid, slot| u128::from(fid) << 32 | u128::from(slot),
                |key| key as u32,
            );
        }
    }

    fn sort_keyed<K: Ord>(&self, slots: &mut [u32], key: impl Fn(u64, u32) -> K, slot_of: impl Fn(K) -> u32) {
        let keys = slots.iter().map(|&slot| key(self.fids.offset(slot as usize), slot));
        let mut keys: Vec<K> = keys.collect();
        keys.sort_unstable();
        slots.iter_mut().zip(keys).for_each(|(slot, key)| *slot = slot_of(key));
    }

    /// The value of a field; null where there is no such field.
    pub fn cell(&self, slot: u32, field: usize) -> Cell<'_> {
        self.columns
            .get(field)
            .map_or(Cell::Null, |column| column.get(slot as usize))
    }

    /// Hands the public id, as UTF-8, to `use_id`: the key's text, or the feature number where there is no key or it is
    /// null.
    pub fn with_public_id<R>(&self, slot: u32, use_id: impl FnOnce(&[u8]) -> R) -> R {
        match self.layer.key().map_or(Cell::Null, |key| self.cell(slot, key)) {
            Cell::Text(text) => use_id(text),
            Cell::Null => use_id(self.fid(slot).to_string().as_bytes()),
            other => use_id(other.to_value().to_string().as_bytes()),
        }
    }

    fn id_hash(&self, slot: u32) -> u32 {
        self.with_public_id(slot, IdIndex::hash)
    }
}
