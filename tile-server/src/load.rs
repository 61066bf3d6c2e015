//! From a store to what is served: reads layers whole and builds their snapshots.

use crate::app::App;
use crate::published::{Published, ServedLayer, now};
use crate::status::Phase;
use onemap_atlas::{LayerBuilder, LayerSnapshot};
use onemap_model::{Instant, Layer, TimeSpan};
use onemap_store::{At, LayerState, Reading, Result, Store};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

/// From the first to the last moment of some spans.
#[derive(Default)]
struct Lifetime(Option<(Option<Instant>, Option<Instant>)>);

/// Reads the newest state; layers that did not change since `before` are taken over from it.
///
/// # Errors
/// Faults of the store.
pub(crate) fn load(store: &mut dyn Store, before: Option<&Published>, app: &App) -> Result<Published> {
    let epoch = store.epoch().clone();
    let before = before.filter(|published| *published.snapshot.epoch() == epoch);
    let mut reading = store.read(At::Now)?;
    let (version, states) = (reading.version(), reading.layers()?);
    let started = std::time::Instant::now();
    // Reading is one file's affair; indexing and generalising a layer goes on beside the reading of the next.
    let (now, built) = thread::scope(|scope| -> Result<(Instant, Vec<_>)> {
        let mut built = Vec::with_capacity(states.len());
        for (at, state) in states.iter().enumerate() {
            if before.is_none() {
                app.status
                    .enter(Phase::Loading(format!("reading layer {} of {}", at + 1, states.len())));
            }
            if let Some(kept) = before.and_then(|published| unchanged(published, state)) {
                built.push(Built::Kept(kept));
                continue;
            }
            let (builder, lifetime) = read_layer(&mut *reading, &state.layer)?;
            let finish = move || {
                let snapshot = builder.finish();
                tracing::info!(layer = %snapshot.layer().name(), features = snapshot.len(), "layer ready");
                snapshot
            };
            built.push(Built::New(scope.spawn(finish), lifetime, state.changed));
        }
        if before.is_none() {
            app.status.enter(Phase::Loading("building indexes".to_owned()));
        }
        let built: Vec<_> = built.into_iter().map(Built::join).collect();
        let then = before.map(|published| published.snapshot.now());
        // Read once, when everything is there, and never back: a boundary of valid time that fell between two readings
        // of the clock would be passed over for ever.
        let now = then.map_or_else(now, |then| now().max(then));
        Ok((now, built.into_iter().map(|built| built.serve(then, now)).collect()))
    })?;
    tracing::info!(%version, layers = built.len(), took = ?started.elapsed(), "store read");
    Ok(Published::new(epoch, version, now, built))
}

/// A layer on its way into the new snapshot.
enum Built<'scope> {
    Kept(ServedLayer),
    New(
        thread::ScopedJoinHandle<'scope, LayerSnapshot>,
        TimeSpan,
        onemap_model::Version,
    ),
}

/// A layer that is ready.
enum Ready {
    Kept(ServedLayer),
    New(Arc<LayerSnapshot>, TimeSpan, onemap_model::Version),
}

impl Built<'_> {
    fn join(self) -> Ready {
        match self {
            Built::Kept(layer) => Ready::Kept(layer),
            Built::New(building, lifetime, changed) => {
                let snapshot = building.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                Ready::New(Arc::new(snapshot), lifetime, changed)
            }
        }
    }
}

impl Ready {
    fn serve(self, then: Option<Instant>, now: Instant) -> ServedLayer {
        match self {
            Ready::Kept(layer) => layer.at(then.unwrap_or(now), now),
            Ready::New(snapshot, lifetime, changed) => ServedLayer::new(snapshot, changed, lifetime, now),
        }
    }
}

fn unchanged(published: &Published, state: &LayerState) -> Option<ServedLayer> {
    let name = state.layer.name().as_str();
    let kept = published.layers.iter().find(|layer| layer.name() == name)?;
    let same = kept.changed == state.changed && *kept.snapshot.layer() == state.layer;
    same.then(|| kept.clone())
}

fn read_layer(reading: &mut dyn Reading, layer: &Layer) -> Result<(LayerBuilder, TimeSpan)> {
    let mut builder = LayerBuilder::new(layer.clone());
    let mut lifetime = Lifetime::default();
    reading.features(layer.name(), &mut |feature| {
        lifetime.include(feature.row.valid);
        builder.push(feature);
        ControlFlow::Continue(())
    })?;
    Ok((builder, lifetime.span()))
}

impl Lifetime {
    fn include(&mut self, span: TimeSpan) {
        let (from, to) = self.0.unwrap_or((span.from(), span.to()));
        let both = |a: Option<Instant>, b: Option<Instant>, pick: fn(Instant, Instant) -> Instant| Some(pick(a?, b?));
        self.0 = Some((both(from, span.from(), Ord::min), both(to, span.to(), Ord::max)));
    }

    fn span(&self) -> TimeSpan {
        let (from, to) = self.0.unwrap_or((None, None));
        TimeSpan::new(from, to).unwrap_or(TimeSpan::ALWAYS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_holds_all_spans_and_is_open_where_one_is() {
        let at = |micros: i64| Some(Instant::from_micros(micros).unwrap());
        let mut lifetime = Lifetime::default();
        lifetime.include(TimeSpan::new(at(5), at(9)).unwrap());
        lifetime.include(TimeSpan::new(at(2), at(7)).unwrap());
        assert_eq!(lifetime.span(), TimeSpan::new(at(2), at(9)).unwrap());
        lifetime.include(TimeSpan::new(at(3), None).unwrap());
        assert_eq!(lifetime.span(), TimeSpan::new(at(2), None).unwrap());
        assert_eq!(Lifetime::default().span(), TimeSpan::ALWAYS);
    }
}
