//! All layers at one version and one moment.

use crate::{LayerSnapshot, composite};
use onemap_model::{Epoch, Instant, TileCoord, Version};
use std::sync::Arc;

/// An immutable view of the whole map. A clone is cheap and shares everything.
#[derive(Debug, Clone)]
pub struct Snapshot {
    epoch: Arc<Epoch>,
    version: Version,
    now: Instant,
    layers: Arc<[Arc<LayerSnapshot>]>,
}

impl Snapshot {
    /// The map made of `layers`, at `version` of the store's life `epoch`, showing what is true at `now`.
    pub fn new(epoch: Epoch, version: Version, now: Instant, layers: Vec<Arc<LayerSnapshot>>) -> Self {
        Self {
            epoch: Arc::new(epoch),
            version,
            now,
            layers: layers.into(),
        }
    }

    /// The store's life that the version belongs to.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The version of the store.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The moment whose truth tiles show.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The same version at another moment.
    #[must_use]
    pub fn at(&self, now: Instant) -> Self {
        Self { now, ..self.clone() }
    }

    /// The layers, in the order given.
    pub fn layers(&self) -> &[Arc<LayerSnapshot>] {
        &self.layers
    }

    /// The layer with this exact name.
    pub fn layer(&self, name: &str) -> Option<&Arc<LayerSnapshot>> {
        self.layers.iter().find(|layer| layer.layer().name().as_str() == name)
    }

    /// A tile (MVT 2.1, not compressed) of the layers named, in that order; names that are unknown or stand again add
    /// nothing. Empty where nothing shows.
    pub fn tile(&self, layers: &[&str], tile: TileCoord) -> Vec<u8> {
        let mut out = Vec::new();
        let wanted = layers
            .iter()
            .enumerate()
            .filter(|(at, name)| !layers[..*at].contains(name));
        let found = wanted.filter_map(|(_, name)| self.layer(name).map(|layer| &**layer));
        composite::tile(found, tile, self.now, &mut out);
        out
    }

    /// The first moment after [`Snapshot::now`] at which any feature begins or ceases to be true.
    pub fn next_boundary(&self) -> Option<Instant> {
        self.layers
            .iter()
            .filter_map(|layer| layer.next_boundary(self.now))
            .min()
    }
}
