//! From a store to what is served: reads layers whole and builds their snapshots.

use crate::app::App;
use crate::published::{Published, ServedLayer, now};
use crate::status::Phase;
use onemap_atlas::{LayerBuilder, LayerSnapshot};
use onemap_model::{Instant, Layer, Version};
use onemap_store::{At, LayerState, Reading, Result, Store};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::thread;

/// The layers of one view of the store.
pub(crate) struct Loaded {
    /// The version of the view.
    pub version: Version,
    /// The moment that the new layers are at.
    pub now: Instant,
    /// The layers, in the order of their names.
    pub layers: Vec<LoadedLayer>,
}

/// A layer of a view.
pub(crate) enum LoadedLayer {
    /// It was there already; the version that last changed it.
    Kept(ServedLayer, Version),
    /// It was read whole.
    New(ServedLayer),
}

/// Reads the newest state, all of it.
///
/// # Errors
/// Faults of the store.
pub(crate) fn load_all(store: &mut dyn Store, before: Option<&Published>, app: &App) -> Result<Published> {
    // Read once, when everything is there, and never back: a boundary of valid time that fell between two readings of
    // the clock would be passed over for ever.
    let moment = || before.map_or_else(now, |before| now().max(before.now()));
    let loaded = load(store, moment, app, |_| None)?;
    let layers = loaded.layers.into_iter().map(LoadedLayer::into_layer).collect();
    let sequence = before.map_or(1, |published| published.sequence + 1);
    let epoch = store.epoch().clone();
    Ok(Published::new(epoch, loaded.version, loaded.now, layers, sequence))
}

/// Reads the newest state of those layers for which `keep` gives nothing; what it gives stands for the others. The new
/// ones are as they are at the `moment` that is asked for when everything is there.
///
/// # Errors
/// Faults of the store.
pub(crate) fn load(
    store: &mut dyn Store,
    moment: impl FnOnce() -> Instant,
    app: &App,
    keep: impl Fn(&LayerState) -> Option<ServedLayer>,
) -> Result<Loaded> {
    let mut reading = store.read(At::Now)?;
    let (version, states) = (reading.version(), reading.layers()?);
    let started = std::time::Instant::now();
    // Reading is one file's affair; indexing and generalising a layer goes on beside the reading of the next.
    let (now, layers) = thread::scope(|scope| -> Result<(Instant, Vec<_>)> {
        let mut built = Vec::with_capacity(states.len());
        for (at, state) in states.iter().enumerate() {
            if let Some(kept) = keep(state) {
                built.push(Building::Kept(kept, state.changed));
                continue;
            }
            app.status
                .loads(|| Phase::Loading(format!("reading layer {} of {}", at + 1, states.len())));
            let (builder, budget) = (read_layer(&mut *reading, &state.layer)?, app.config.tile_bytes);
            app.metrics.whole_reloads.fetch_add(1, Ordering::Relaxed);
            let finish = move || {
                let snapshot = builder.finish().with_budget(budget);
                tracing::info!(layer = %snapshot.layer().name(), features = snapshot.len(), "layer ready");
                snapshot
            };
            built.push(Building::New(scope.spawn(finish), state.changed));
        }
        app.status.loads(|| Phase::Loading("building indexes".to_owned()));
        let built: Vec<_> = built.into_iter().map(Building::join).collect();
        let now = moment();
        Ok((now, built.into_iter().map(|built| built.serve(now)).collect()))
    })?;
    tracing::info!(%version, layers = layers.len(), took = ?started.elapsed(), "store read");
    Ok(Loaded { version, now, layers })
}

/// Reads a layer whole as it was at `version`.
///
/// # Errors
/// Faults of the store; [`onemap_store::Error::UnknownVersion`].
pub(crate) fn load_past(
    store: &mut dyn Store,
    version: Version,
    state: &LayerState,
    now: Instant,
    budget: usize,
) -> Result<ServedLayer> {
    let builder = read_layer(&mut *store.read(At::Version(version))?, &state.layer)?;
    Ok(ServedLayer::new(
        builder.finish().with_budget(budget),
        state.changed,
        now,
    ))
}

/// A layer on its way.
enum Building<'scope> {
    Kept(ServedLayer, Version),
    New(thread::ScopedJoinHandle<'scope, LayerSnapshot>, Version),
}

/// A layer that is ready.
enum Built {
    Kept(ServedLayer, Version),
    New(LayerSnapshot, Version),
}

impl Building<'_> {
    fn join(self) -> Built {
        match self {
            Building::Kept(layer, changed) => Built::Kept(layer, changed),
            Building::New(building, changed) => {
                let snapshot = building.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                Built::New(snapshot, changed)
            }
        }
    }
}

impl Built {
    fn serve(self, now: Instant) -> LoadedLayer {
        match self {
            Built::Kept(layer, changed) => LoadedLayer::Kept(layer, changed),
            Built::New(snapshot, changed) => LoadedLayer::New(ServedLayer::new(snapshot, changed, now)),
        }
    }
}

impl LoadedLayer {
    /// The layer.
    pub(crate) fn into_layer(self) -> ServedLayer {
        match self {
            LoadedLayer::Kept(layer, _) | LoadedLayer::New(layer) => layer,
        }
    }
}

fn read_layer(reading: &mut dyn Reading, layer: &Layer) -> Result<LayerBuilder> {
    let mut builder = LayerBuilder::new(layer.clone());
    reading.features(layer.name(), &mut |feature| {
        builder.push(feature);
        ControlFlow::Continue(())
    })?;
    Ok(builder)
}
