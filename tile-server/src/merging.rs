//! Keeping layers tidy: merges of their segments, made on a thread beside the follower, one at a time.

use crate::published::{Published, ServedLayer};
use onemap_atlas::Merged;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

/// How long nothing is merged after a merge that failed: it would most likely fail again.
const AFTER_FAULT: Duration = Duration::from_secs(60);

/// The merge under way, if any.
#[derive(Default)]
pub(crate) struct Merging {
    running: Option<Running>,
    failed: Option<Instant>,
}

struct Running {
    layer: String,
    result: Receiver<Merged>,
}

impl Merging {
    /// Begins a merge where one is due and none is under way.
    pub(crate) fn begin(&mut self, published: &Published) {
        if self.running.is_some() || self.failed.is_some_and(|failed| failed.elapsed() < AFTER_FAULT) {
            return;
        }
        let due = |layer: &ServedLayer| layer.snapshot.merge_due().map(|merge| (layer.name().to_owned(), merge));
        let Some((layer, merge)) = published.layers.iter().find_map(due) else {
            return;
        };
        let (sender, result) = channel();
        let work = move || {
            let begun = Instant::now();
            let features = merge.len();
            let merged = merge.run();
            tracing::debug!(features, took = ?begun.elapsed(), "merged");
            // Where the server ends, nobody waits.
            let _ = sender.send(merged);
        };
        match std::thread::Builder::new().name("merge".to_owned()).spawn(work) {
            Ok(_) => self.running = Some(Running { layer, result }),
            Err(error) => self.fails(&error.to_string()),
        }
    }

    /// The same state with a finished merge in it; none where none is finished. Everything answers as before.
    pub(crate) fn install(&mut self, published: &Published) -> Option<Published> {
        let running = self.running.as_ref()?;
        let merged = match running.result.try_recv() {
            Err(TryRecvError::Empty) => return None,
            merged => merged.ok(),
        };
        let name = self.running.take().map(|running| running.layer)?;
        let Some(merged) = merged else {
            self.fails("the thread panicked");
            return None;
        };
        let mut layers = published.layers.clone();
        let layer = layers.iter_mut().find(|layer| layer.name() == name)?;
        layer.snapshot = Arc::new(layer.snapshot.with_merged(merged));
        Some(published.with_layers(layers))
    }

    fn fails(&mut self, reason: &str) {
        tracing::error!(reason, "a layer could not be tidied; it is served as it is");
        self.failed = Some(Instant::now());
    }
}
