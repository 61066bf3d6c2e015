//! What is served at one moment: an immutable snapshot of all layers, with what the routes say of each.

use onemap_atlas::{LayerSnapshot, Query, Snapshot};
use onemap_model::{Access, Epoch, GeometryType, Instant, TimeSpan, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// One layer as it is served.
#[derive(Clone)]
pub(crate) struct ServedLayer {
    /// The features.
    pub snapshot: Arc<LayerSnapshot>,
    /// The version that last changed it.
    pub changed: Version,
    /// A number that no other state of any layer has in this process.
    pub generation: u64,
    /// How many features are valid now.
    pub count: u64,
    /// From the first to the last moment at which any of its features is valid.
    pub lifetime: TimeSpan,
}

/// All layers at one version and moment.
pub(crate) struct Published {
    /// The snapshot; its layers are in the order of `layers`.
    pub snapshot: Snapshot,
    /// The layers in the order of their names.
    pub layers: Vec<ServedLayer>,
}

/// A version that is served, and the life of the store that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublishedVersion {
    /// The life of the store.
    pub epoch: Epoch,
    /// Its version.
    pub version: Version,
}

impl ServedLayer {
    /// A layer read at `changed`, as it is at `now`.
    pub(crate) fn new(snapshot: Arc<LayerSnapshot>, changed: Version, lifetime: TimeSpan, now: Instant) -> Self {
        Self {
            count: count(&snapshot, now),
            snapshot,
            changed,
            generation: next_generation(),
            lifetime,
        }
    }

    /// The layer's name.
    pub(crate) fn name(&self) -> &str {
        self.snapshot.layer().name().as_str()
    }

    /// Whether everybody may see it.
    pub(crate) fn is_public(&self) -> bool {
        self.snapshot.layer().access == Access::Public
    }

    /// Whether it can be in tiles at all.
    pub(crate) fn has_geometry(&self) -> bool {
        self.snapshot.layer().geometry_type != GeometryType::None
    }

    /// The same layer at a later moment: as it is where no feature began or ceased to be valid since `then`.
    pub(crate) fn at(&self, then: Instant, now: Instant) -> Self {
        let mut later = self.clone();
        if self
            .snapshot
            .next_boundary(then)
            .is_some_and(|boundary| boundary <= now)
        {
            later.count = count(&self.snapshot, now);
            later.generation = next_generation();
        }
        later
    }
}

impl Published {
    /// All layers of a store at one version, as they are at `now`.
    pub(crate) fn new(epoch: Epoch, version: Version, now: Instant, layers: Vec<ServedLayer>) -> Self {
        let snapshots = layers.iter().map(|layer| Arc::clone(&layer.snapshot)).collect();
        Self {
            snapshot: Snapshot::new(epoch, version, now, snapshots),
            layers,
        }
    }

    /// The same version at a later moment; none where nothing began or ceased to be valid since.
    pub(crate) fn at(&self, now: Instant) -> Option<Self> {
        let due = self.snapshot.next_boundary().is_some_and(|boundary| boundary <= now);
        due.then(|| Self {
            snapshot: self.snapshot.at(now),
            layers: self
                .layers
                .iter()
                .map(|layer| layer.at(self.snapshot.now(), now))
                .collect(),
        })
    }
}

/// The present moment.
pub(crate) fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros())
        .ok()
        .and_then(|micros| Instant::from_micros(micros).ok())
        .expect("the clock shows a year before 9999")
}

fn count(snapshot: &LayerSnapshot, now: Instant) -> u64 {
    let query = Query {
        bbox: None,
        at: Some(now),
    };
    snapshot.features(&query).count() as u64
}

fn next_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}
