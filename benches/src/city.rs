//! Reads a store into a snapshot, layer by layer, with the time and memory that each takes.

use crate::machine::now;
use anyhow::Result;
use onemap_atlas::{LayerBuilder, LayerSnapshot, MemoryUse, Snapshot};
use onemap_store::{At, OpenMode};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A city in memory, and what it took to get it there.
#[derive(Debug)]
pub struct City {
    /// The city.
    pub snapshot: Snapshot,
    /// Opening the file, with its check.
    pub open_time: Duration,
    /// Each layer, in the order of the snapshot.
    pub layers: Vec<LayerCost>,
}

/// What one layer took.
#[derive(Debug, Clone)]
pub struct LayerCost {
    /// Its name.
    pub name: String,
    /// How many features it has, of all valid times.
    pub features: u64,
    /// Reading and decoding its rows, and handing them to the builder.
    pub read_time: Duration,
    /// Ordering and indexing them.
    pub build_time: Duration,
    /// What its snapshot holds, as it counts that itself.
    pub memory: MemoryUse,
}

impl City {
    /// Reads the newest version of the store at `path`.
    ///
    /// # Errors
    /// Where the file is no sound store.
    pub fn read(path: &str) -> Result<Self> {
        let began = Instant::now();
        let mut store = onemap_store::open(path, OpenMode::Existing)?;
        let open_time = began.elapsed();
        let epoch = store.epoch().clone();
        let mut reading = store.read(At::Now)?;
        let version = reading.version();
        let (mut layers, mut costs) = (Vec::new(), Vec::new());
        for state in reading.layers()? {
            let began = Instant::now();
            let mut builder = LayerBuilder::new(state.layer.clone());
            reading.features(state.layer.name(), &mut |feature| {
                builder.push(feature);
                ControlFlow::Continue(())
            })?;
            let read_time = began.elapsed();
            let layer = builder.finish();
            costs.push(LayerCost {
                name: state.layer.name().to_string(),
                features: layer.len() as u64,
                read_time,
                build_time: began.elapsed() - read_time,
                memory: layer.memory(),
            });
            layers.push(Arc::new(layer));
        }
        Ok(Self {
            snapshot: Snapshot::new(epoch, version, now(), layers),
            open_time,
            layers: costs,
        })
    }

    /// The layers that have geometries, with their names.
    pub fn drawn(&self) -> impl Iterator<Item = (&str, &LayerSnapshot)> {
        let layers = self.snapshot.layers().iter().filter(|layer| layer.bbox().is_some());
        layers.map(|layer| (layer.layer().name().as_str(), layer.as_ref()))
    }
}
