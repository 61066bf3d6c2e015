//! One layer in memory.

use crate::live::Live;
use crate::render;
use crate::{FeatureView, MemoryUse};
use onemap_model::{Bbox, Fid, Instant, Layer, TileCoord};
use std::fmt;
use std::sync::Arc;

/// All features of a layer, of all valid times, at one version. Immutable; a clone is cheap and shares everything.
///
/// Made of a few packed segments, from which features that changed later are taken. What it answers does not depend on
/// how features are spread over them.
#[derive(Clone)]
pub struct LayerSnapshot {
    layer: Arc<Layer>,
    /// In the order in which they were made. Each feature is left in one.
    pub(crate) segments: Vec<Live>,
    /// The most bytes of it in a tile.
    budget: usize,
}

/// What a tile has of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drawn {
    /// So many features were true and had a place in the tile or its buffer.
    pub met: usize,
    /// So many of them were not drawn by themselves, since all together would have been more than the budget. Areas
    /// among them are drawn together, as one feature without number and attributes.
    pub left_out: usize,
    /// So many are drawn without the attributes that tell each from every other, but with their public id.
    pub abridged: usize,
}

impl std::iter::Sum for Drawn {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Drawn::default(), |sum, part| Drawn {
            met: sum.met + part.met,
            left_out: sum.left_out + part.left_out,
            abridged: sum.abridged + part.abridged,
        })
    }
}

impl LayerSnapshot {
    /// The most bytes of a layer in a tile where nothing else was asked for.
    pub const DEFAULT_BUDGET: usize = 500_000;

    /// The layer made of the features that are left in `segments`, each in one only.
    pub(crate) fn new(layer: Arc<Layer>, mut segments: Vec<Live>) -> Self {
        segments.retain(|live| live.len() > 0);
        let budget = Self::DEFAULT_BUDGET;
        Self {
            layer,
            segments,
            budget,
        }
    }

    /// The same layer made of other segments.
    pub(crate) fn with_segments(&self, segments: Vec<Live>) -> Self {
        Self {
            budget: self.budget,
            ..Self::new(self.shared_layer(), segments)
        }
    }

    /// The same layer with at most so many bytes in a tile. Where all features that meet a tile fit, they are there
    /// exactly; where not, what is left out is decided by rules (see docs/decisions/0023).
    #[must_use]
    pub fn with_budget(self, bytes: usize) -> Self {
        Self { budget: bytes, ..self }
    }

    /// The most bytes of the layer in a tile, before compression.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// The layer's definition.
    pub fn layer(&self) -> &Layer {
        &self.layer
    }

    pub(crate) fn shared_layer(&self) -> Arc<Layer> {
        Arc::clone(&self.layer)
    }

    /// How many features there are, of all valid times.
    pub fn len(&self) -> usize {
        self.segments.iter().map(Live::len).sum()
    }

    /// Whether there is no feature at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many features are true at `at`. Costs a look at each of the different valid times, not at each feature.
    pub fn count_at(&self, at: Instant) -> usize {
        self.segments.iter().map(|live| live.count_at(at)).sum()
    }

    /// A box around all geometries, of all valid times; none where there are none. The smallest one, except that the
    /// places of features that were since moved or removed count until they are merged away.
    pub fn bbox(&self) -> Option<Bbox> {
        self.segments.iter().filter_map(Live::bbox).reduce(Bbox::union)
    }

    /// What the layer costs in memory; versions of a layer share most of it.
    pub fn memory(&self) -> MemoryUse {
        let one = |live: &Live| {
            let mut memory = live.segment.memory();
            memory.identity += live.gone.bytes();
            memory
        };
        self.segments
            .iter()
            .map(one)
            .fold(MemoryUse::default(), |sum, one| sum + one)
    }

    /// Appends the layer's part of a tile (MVT 2.1, field 3 of `Tile`) to `out`: features true at `now`, in the order
    /// of their numbers. Appends nothing where there are none, or where the layer does not show at the tile's zoom.
    ///
    /// Tiles of several layers are made by calling this for one after the other. Equal layers give equal bytes, never
    /// more than the [`LayerSnapshot::budget`].
    pub fn tile(&self, tile: TileCoord, now: Instant, out: &mut Vec<u8>) -> Drawn {
        self.tile_of(tile, now, |_| true, out)
    }

    /// As [`LayerSnapshot::tile`], of the features alone that `is_wanted`.
    pub fn tile_of(
        &self,
        tile: TileCoord,
        now: Instant,
        is_wanted: impl FnMut(&FeatureView<'_>) -> bool,
        out: &mut Vec<u8>,
    ) -> Drawn {
        self.tile_within(self.budget, tile, now, is_wanted, out)
    }

    /// As [`LayerSnapshot::tile_of`], with at most `budget` bytes instead of the layer's own.
    pub fn tile_within(
        &self,
        budget: usize,
        tile: TileCoord,
        now: Instant,
        is_wanted: impl FnMut(&FeatureView<'_>) -> bool,
        out: &mut Vec<u8>,
    ) -> Drawn {
        if self.layer.zoom.contains(tile.z()) {
            render::layer(self, budget, tile, now, is_wanted, out)
        } else {
            Drawn::default()
        }
    }

    /// Whether anything may be drawn in the tile, or in any tile below it, at whatever time and zoom. Costs about a
    /// microsecond; says yes where only the boxes of features meet the tile, or of features that are gone.
    pub fn reaches(&self, tile: TileCoord) -> bool {
        let around = render::search_box(tile);
        self.segments.iter().any(|live| live.segment.tree.meets(&around))
    }

    /// The feature with this number.
    pub fn by_fid(&self, fid: Fid) -> Option<FeatureView<'_>> {
        self.segments.iter().find_map(|live| {
            let slot = live.slot_of(fid)?;
            Some(FeatureView::new(&live.segment, slot))
        })
    }

    /// All features with this public id, one for each valid time, in the order of their numbers.
    pub fn by_public_id<'a>(&'a self, id: &str) -> Vec<FeatureView<'a>> {
        let mut found = Vec::new();
        for live in &self.segments {
            let slots = live.segment.slots_of_id(id).filter(|&slot| live.has(slot));
            found.extend(slots.map(|slot| FeatureView::new(&live.segment, slot)));
        }
        found.sort_by_key(FeatureView::fid);
        found
    }

    /// The first moment after `after` at which a feature begins or ceases to be true; until then tiles stay the same.
    pub fn next_boundary(&self, after: Instant) -> Option<Instant> {
        self.segments.iter().filter_map(|live| live.next_boundary(after)).min()
    }
}

impl fmt::Debug for LayerSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.layer.name();
        write!(f, "{name} in {} segments: {:?}", self.segments.len(), self.segments)
    }
}
