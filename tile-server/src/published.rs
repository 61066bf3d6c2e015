//! What is served at one moment: an immutable snapshot of all layers, with what the routes say of each.

use crate::lifetime::Lifetime;
use crate::touched::Touched;
use onemap_atlas::{FeatureView, LayerSnapshot, Query, Snapshot};
use onemap_model::{Access, Change, Epoch, Feature, GeometryType, Instant, Layer, TimeSpan, Version};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// One layer as it is served.
#[derive(Clone)]
pub(crate) struct ServedLayer {
    /// The features.
    pub snapshot: Arc<LayerSnapshot>,
    /// The version that last changed it.
    pub changed: Version,
    /// How many features are valid now.
    pub count: u64,
    lifetime: Lifetime,
    /// No feature begins or ceases to be valid before.
    next_boundary: Option<Instant>,
}

/// All layers at one version and moment.
pub(crate) struct Published {
    /// The snapshot; its layers are in the order of `layers`.
    pub snapshot: Snapshot,
    /// The layers in the order of their names.
    pub layers: Vec<ServedLayer>,
    /// A number that rises with each publication that changes what is served.
    pub sequence: u64,
}

/// What is to be published, and what it changes.
pub(crate) struct Update {
    /// The new state.
    pub published: Published,
    /// The layers in which something is not as it was.
    pub touched: Vec<TouchedLayer>,
}

/// What is not as it was in one layer.
pub(crate) struct TouchedLayer {
    /// The layer.
    pub name: String,
    /// The tiles in which it shows.
    pub tiles: Touched,
    /// Tags of versions before this one are void.
    pub version: Version,
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
    pub(crate) fn new(snapshot: LayerSnapshot, changed: Version, now: Instant) -> Self {
        let (mut count, mut lifetime) = (0, Lifetime::default());
        for feature in snapshot.features(&Query::default()) {
            let valid = feature.valid();
            count += u64::from(valid.contains(now));
            lifetime.include(valid);
        }
        Self {
            count,
            lifetime,
            next_boundary: snapshot.next_boundary(now),
            snapshot: Arc::new(snapshot),
            changed,
        }
    }

    /// The layer's definition.
    pub(crate) fn definition(&self) -> &Layer {
        self.snapshot.layer()
    }

    /// The layer's name.
    pub(crate) fn name(&self) -> &str {
        self.definition().name().as_str()
    }

    /// Whether everybody may see it.
    pub(crate) fn is_public(&self) -> bool {
        self.definition().access == Access::Public
    }

    /// Whether it can be in tiles at all.
    pub(crate) fn has_geometry(&self) -> bool {
        self.definition().geometry_type != GeometryType::None
    }

    /// Whether any of its features is valid at some times only.
    pub(crate) fn is_timed(&self) -> bool {
        self.lifetime.has_boundaries()
    }

    /// From the first to the last moment at which any of its features is valid; it may reach further since some of them
    /// were changed.
    pub(crate) fn lifetime(&self) -> TimeSpan {
        self.lifetime.span()
    }

    /// The same layer at a later moment, and the tiles that show it; none where no boundary may have passed. Takes as
    /// long as the layer is large where one has.
    fn at(&self, then: Instant, now: Instant) -> Option<(Self, Touched)> {
        self.next_boundary.filter(|boundary| *boundary <= now)?;
        let passed = |at: Option<Instant>| at.is_some_and(|at| then < at && at <= now);
        let (mut count, mut touched) = (0, Touched::default());
        for feature in self.snapshot.features(&Query::default()) {
            let valid = feature.valid();
            count += u64::from(valid.contains(now));
            if passed(valid.from()) || passed(valid.to()) {
                include(&mut touched, feature.bbox(), self.definition());
            }
        }
        let later = Self {
            count,
            next_boundary: self.snapshot.next_boundary(now),
            ..self.clone()
        };
        Some((later, touched))
    }

    /// The layer after `changes`, each feature once, which `changed` made last, and the tiles that show it. `now` is the
    /// moment at which this layer is. Takes as long as there are changes.
    pub(crate) fn changed(&self, changes: &[Change], changed: Version, now: Instant) -> (Self, Touched) {
        let mut touched = Touched::default();
        let mut count = self.count;
        let mut lifetime = self.lifetime;
        let mut boundaries: Vec<Instant> = self.next_boundary.into_iter().collect();
        for change in changes {
            // What was served before is asked of the snapshot: a tool may have lost the old state on its way to the log.
            let old = self.snapshot.by_fid(change.fid);
            count = count.saturating_sub(u64::from(old.as_ref().is_some_and(|old| old.valid().contains(now))));
            include(
                &mut touched,
                old.as_ref().and_then(FeatureView::bbox),
                self.definition(),
            );
            if let Some(Feature { row, .. }) = &change.new {
                count += u64::from(row.valid.contains(now));
                lifetime.include(row.valid);
                boundaries.extend([row.valid.from(), row.valid.to()].into_iter().flatten());
                let bbox = row.geometry.as_ref().and_then(|geometry| geometry.bbox());
                include(&mut touched, bbox, self.definition());
            }
        }
        let after = Self {
            snapshot: Arc::new(self.snapshot.apply(changes)),
            changed,
            count,
            lifetime,
            next_boundary: boundaries.into_iter().filter(|boundary| *boundary > now).min(),
        };
        (after, touched)
    }
}

fn include(touched: &mut Touched, bbox: Option<onemap_model::Bbox>, layer: &Layer) {
    if let Some(bbox) = bbox {
        touched.include(&bbox, layer.zoom);
    }
}

impl Published {
    /// All layers of a store at one version, as they are at `now`.
    pub(crate) fn new(epoch: Epoch, version: Version, now: Instant, layers: Vec<ServedLayer>, sequence: u64) -> Self {
        let snapshots = layers.iter().map(|layer| Arc::clone(&layer.snapshot)).collect();
        Self {
            snapshot: Snapshot::new(epoch, version, now, snapshots),
            layers,
            sequence,
        }
    }

    /// The layer of this name.
    pub(crate) fn layer(&self, name: &str) -> Option<&ServedLayer> {
        self.layers.iter().find(|layer| layer.name() == name)
    }

    /// The version.
    pub(crate) fn version(&self) -> Version {
        self.snapshot.version()
    }

    /// The life of the store.
    pub(crate) fn epoch(&self) -> &Epoch {
        self.snapshot.epoch()
    }

    /// The moment that "now" is.
    pub(crate) fn now(&self) -> Instant {
        self.snapshot.now()
    }

    /// Other layers at the same version and moment.
    pub(crate) fn with_layers(&self, layers: Vec<ServedLayer>) -> Self {
        Self::new(self.epoch().clone(), self.version(), self.now(), layers, self.sequence)
    }

    /// Whether at `now` something may have begun or ceased to be valid.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let due = |layer: &ServedLayer| layer.next_boundary.is_some_and(|boundary| boundary <= now);
        self.layers.iter().any(due)
    }

    /// The same version at a later moment, with a number of its own, and what began or ceased to be valid since.
    pub(crate) fn at(&self, now: Instant) -> Update {
        let mut touched = Vec::new();
        let later = |layer: &ServedLayer| match layer.at(self.now(), now) {
            None => layer.clone(),
            Some((later, tiles)) => {
                // Tags of this very version may be from before.
                let (name, version) = (layer.name().to_owned(), self.version().next());
                touched.push(TouchedLayer { name, tiles, version });
                later
            }
        };
        let layers = self.layers.iter().map(later).collect();
        let published = Self::new(self.epoch().clone(), self.version(), now, layers, self.sequence + 1);
        Update { published, touched }
    }
}

impl TouchedLayer {
    /// A layer that was read whole.
    pub(crate) fn whole(layer: &ServedLayer) -> Self {
        Self {
            name: layer.name().to_owned(),
            tiles: Touched::everything(),
            version: layer.changed,
        }
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
