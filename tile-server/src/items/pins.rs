//! Layers as they were when a page of them was given, for the pages that its links lead to.
//!
//! Links name the version that last changed the layer. While nothing changes it that is the layer as it is; afterwards it
//! is found here, for a while, without asking the store: versions of a layer share most of their memory.

use crate::ask::Ask;
use crate::problem::Problem;
use crate::published::ServedLayer;
use crate::versions::{self, VERSION};
use crate::view::View;
use onemap_atlas::PartId;
use onemap_model::{Epoch, Version};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many states are kept at most.
const MOST: usize = 256;
/// How long one is kept that nobody asks for.
const UNUSED: Duration = Duration::from_secs(300);
/// What states may cost together that are not served any more, or as much as what is served, where that is more.
const MOST_BYTES: usize = 256 << 20;

/// States of layers.
#[derive(Default)]
pub(crate) struct Pins(Mutex<Vec<Pin>>);

struct Pin {
    epoch: Epoch,
    layer: ServedLayer,
    used: Instant,
}

/// What the client sees at the version that it asks for; for `name`, and possibly for no other layer.
///
/// # Errors
/// 503 until the store has been read, and what [`Ask::view_of_version`] gives.
pub(super) async fn view(ask: &Ask, name: &str) -> Result<View, Problem> {
    let view = ask.view()?;
    let Some(text) = ask.params.get(VERSION) else {
        return Ok(view);
    };
    let version = versions::parse(VERSION, text)?;
    let is_same = |layer: &ServedLayer| layer.changed <= version && version <= view.version();
    if view.layer(name).is_ok_and(is_same) {
        return Ok(view);
    }
    match ask.app.pins.get(view.epoch(), name, version) {
        // Who may see the layer today may see what it was, where it was open then; `back_to` looks after that.
        Some(layer) => {
            let past = view.published().with_layers(vec![layer]);
            Ok(view.back_to(Arc::new(past)))
        }
        None => ask.view_of_version().await,
    }
}

impl Pins {
    /// Keeps a layer as it is.
    pub(super) fn keep(&self, epoch: &Epoch, layer: &ServedLayer) {
        let mut pins = self.lock();
        let pin = match pins
            .iter()
            .position(|pin| pin.is_of(epoch, layer.name(), layer.changed))
        {
            Some(at) => pins.remove(at),
            None => Pin {
                epoch: epoch.clone(),
                layer: layer.clone(),
                used: Instant::now(),
            },
        };
        // The one that was not asked for longest is the first.
        pins.push(Pin {
            used: Instant::now(),
            ..pin
        });
        if pins.len() > MOST {
            pins.remove(0);
        }
    }

    fn get(&self, epoch: &Epoch, name: &str, version: Version) -> Option<ServedLayer> {
        let mut pins = self.lock();
        let at = pins.iter().position(|pin| pin.is_of(epoch, name, version))?;
        let mut pin = pins.remove(at);
        pin.used = Instant::now();
        let layer = pin.layer.clone();
        pins.push(pin);
        Some(layer)
    }

    /// Forgets what nobody asked for in a while, other lives of the store, and what costs too much beside `served`.
    pub(crate) fn sweep(&self, epoch: &Epoch, served: &[ServedLayer]) {
        let mut pins = self.lock();
        pins.retain(|pin| pin.used.elapsed() < UNUSED && pin.epoch == *epoch);
        if pins.is_empty() {
            return;
        }
        let mut known: HashMap<PartId, usize> = served.iter().flat_map(|layer| layer.snapshot.parts()).collect();
        let most = MOST_BYTES.max(known.values().sum());
        let (mut bytes, mut kept) = (0, 0);
        for pin in pins.iter().rev() {
            let parts = pin.layer.snapshot.parts();
            let new = parts.filter(|(part, size)| known.insert(*part, *size).is_none());
            bytes += new.map(|(_, size)| size).sum::<usize>();
            if bytes > most {
                break;
            }
            kept += 1;
        }
        let gone = pins.len() - kept;
        pins.drain(..gone);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Pin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pin {
    fn is_of(&self, epoch: &Epoch, name: &str, changed: Version) -> bool {
        self.layer.changed == changed && self.epoch == *epoch && self.layer.name() == name
    }
}
