//! How the layers were defined at a version, remembered from page to page.

use onemap_model::{Epoch, Layer, Name, Version};
use onemap_store::{At, Result, Store};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// How many sets of definitions are remembered; readers that follow the store need one.
const MAX_KEPT: usize = 16;

/// All layers at one version, by name.
pub(crate) type Layers = Arc<BTreeMap<Name, Arc<Layer>>>;

/// Remembers how the layers were defined.
#[derive(Default)]
pub(crate) struct Definitions(Mutex<VecDeque<Kept>>);

/// The same definitions from one version to another, both included.
struct Kept {
    epoch: Epoch,
    from: Version,
    to: Version,
    layers: Layers,
}

impl Definitions {
    /// The layers as they were at `version`.
    ///
    /// # Errors
    /// Faults of the store.
    pub(crate) fn at(&self, store: &mut dyn Store, version: Version) -> Result<Layers> {
        let holds = |kept: &&Kept| kept.epoch == *store.epoch() && (kept.from..=kept.to).contains(&version);
        if let Some(kept) = self.lock().iter().find(holds) {
            return Ok(Arc::clone(&kept.layers));
        }
        let epoch = store.epoch().clone();
        let states = store.read(At::Version(version))?.layers()?;
        let named = |state: onemap_store::LayerState| (state.layer.name().clone(), Arc::new(state.layer));
        let layers: Layers = Arc::new(states.into_iter().map(named).collect());
        let mut kept = self.lock();
        kept.truncate(MAX_KEPT - 1);
        kept.push_front(Kept {
            epoch,
            from: version,
            to: version,
            layers: Arc::clone(&layers),
        });
        Ok(layers)
    }

    /// Says that no layer was defined anew from `from` to `to`.
    pub(crate) fn hold(&self, epoch: &Epoch, from: Version, to: Version) {
        let mut kept = self.lock();
        if let Some(kept) = kept
            .iter_mut()
            .find(|kept| kept.epoch == *epoch && (kept.from..=kept.to).contains(&from))
        {
            kept.to = kept.to.max(to);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Kept>> {
        // Nothing that panics runs under the lock, and what it guards is whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
