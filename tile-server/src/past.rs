//! What the map was: earlier versions, made when they are asked for and kept for a while.
//!
//! A past version is the present one with its changes undone: layers that did not change since are shared, of the others
//! only what differs is read. It is made once however many ask for it. It shows what is true now, as it was recorded
//! then.

use crate::app::App;
use crate::load::load_past;
use crate::problem::Problem;
use crate::published::{Published, ServedLayer};
use onemap_atlas::LayerSnapshot;
use onemap_model::{Epoch, Instant, Version};
use onemap_store::{At, Difference, Error, LayerState, Result, Store};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Moment};
use tokio::sync::OnceCell;

/// How many past versions are kept at most.
const MAX_KEPT: usize = 4;
/// How long one is kept that nobody asks for.
const UNUSED: Duration = Duration::from_secs(300);
/// A layer in which more features differ, and more than a twentieth, is read whole.
const FEW: usize = 20_000;

/// Past versions.
#[derive(Default)]
pub(crate) struct Past(Mutex<Vec<Kept>>);

struct Kept {
    epoch: Epoch,
    version: Version,
    used: Moment,
    made: Arc<OnceCell<Arc<Published>>>,
}

impl Past {
    /// The state of `version`, as seen from `current`, which is later.
    ///
    /// # Errors
    /// 410 where it is no longer kept, 404 where it never was, 503 where the store cannot be read or is asked too much.
    pub(crate) async fn at(
        &self,
        app: &App,
        current: &Arc<Published>,
        version: Version,
    ) -> Result<Arc<Published>, Problem> {
        let made = self.place(current.epoch(), version);
        let make = async || {
            let current = Arc::clone(current);
            let make = move |store: &mut dyn Store| past(store, &current, version);
            app.history.run(make).await.map(Arc::new).map_err(Problem::from)
        };
        let made = made.get_or_try_init(make).await?;
        let now = current.now();
        Ok(if made.is_due(now) {
            Arc::new(made.at(now).published)
        } else {
            Arc::clone(made)
        })
    }

    /// Forgets what nobody asked for in a while, and other lives of the store.
    pub(crate) fn sweep(&self, epoch: &Epoch) {
        self.lock()
            .retain(|kept| kept.used.elapsed() < UNUSED && kept.epoch == *epoch);
    }

    fn place(&self, epoch: &Epoch, version: Version) -> Arc<OnceCell<Arc<Published>>> {
        let mut kept = self.lock();
        let known = kept
            .iter()
            .position(|kept| kept.version == version && kept.epoch == *epoch);
        let mut place = match known {
            Some(at) => kept.remove(at),
            None => Kept {
                epoch: epoch.clone(),
                version,
                used: Moment::now(),
                made: Arc::default(),
            },
        };
        place.used = Moment::now();
        let made = Arc::clone(&place.made);
        // The one that was not asked for longest is the first.
        kept.push(place);
        if kept.len() > MAX_KEPT {
            kept.remove(0);
        }
        made
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn past(store: &mut dyn Store, current: &Published, version: Version) -> Result<Published> {
    if store.epoch() != current.epoch() {
        // The store was put in another's place, which the follower has not seen yet.
        return Err(Error::Busy {
            store: "the store".to_owned(),
        });
    }
    let states = store.read(At::Version(version))?.layers()?;
    let layer = |state: &LayerState| past_layer(store, current, version, state);
    let layers = states.iter().map(layer).collect::<Result<Vec<_>>>()?;
    let (epoch, now) = (current.epoch().clone(), current.now());
    Ok(Published::new(epoch, version, now, layers, current.sequence))
}

/// The bytes that a tile may have, as they are for the layers of now; there is one at least where one is asked for.
fn budget(current: &Published) -> usize {
    let budgets = current.layers.iter().map(|layer| layer.snapshot.budget());
    budgets.max().unwrap_or(LayerSnapshot::DEFAULT_BUDGET)
}

fn past_layer(store: &mut dyn Store, current: &Published, version: Version, state: &LayerState) -> Result<ServedLayer> {
    let now: Instant = current.now();
    let name = state.layer.name();
    let same = current
        .layer(name.as_str())
        .filter(|layer| *layer.definition() == state.layer);
    let Some(layer) = same else {
        return load_past(store, version, state, now, budget(current));
    };
    if layer.changed <= version {
        return Ok(layer.clone());
    }
    let few = FEW.max(layer.snapshot.len() / 20);
    match store.difference(name, current.version(), version, few)? {
        Difference::Changes(changes) => Ok(layer.changed(&changes, state.changed, now).0),
        Difference::TooMany | Difference::Redefined => load_past(store, version, state, now, budget(current)),
    }
}
