//! A store in memory that can be changed and broken while it is served.

use onemap_model::{Epoch, Feature, Fid, Layer, Name, Version};
use onemap_store::{At, Batch, Edit, Error, LayerState, Load, LogPage, LogPosition, Reading, Result, Store};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The content, shared by all who opened it.
#[derive(Clone)]
pub struct Memory(Arc<Mutex<Content>>);

struct Content {
    epoch: Epoch,
    version: Version,
    layers: Vec<(Layer, Vec<Feature>, Version)>,
    broken: bool,
    slow: Duration,
}

struct Opened {
    memory: Memory,
    epoch: Epoch,
}

struct View {
    version: Version,
    layers: Vec<(Layer, Vec<Feature>, Version)>,
    slow: Duration,
}

impl Memory {
    pub fn new(layers: Vec<(Layer, Vec<Feature>)>) -> Self {
        Self(Arc::new(Mutex::new(Content {
            epoch: Epoch::new("test-epoch-1").unwrap(),
            version: Version(1),
            layers: layers
                .into_iter()
                .map(|(layer, features)| (layer, features, Version(1)))
                .collect(),
            broken: false,
            slow: Duration::ZERO,
        })))
    }

    pub fn opener(&self) -> impl Fn() -> Result<Box<dyn Store>> + Send + Sync + 'static {
        let memory = self.clone();
        move || {
            let epoch = memory.content()?.epoch.clone();
            let memory = memory.clone();
            Ok(Box::new(Opened { memory, epoch }) as Box<dyn Store>)
        }
    }

    /// Changes one layer, as one version.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut Vec<Feature>)) {
        let mut content = self.0.lock().unwrap();
        content.version = content.version.next();
        let version = content.version;
        let found = content
            .layers
            .iter_mut()
            .find(|(layer, ..)| layer.name().as_str() == name);
        let (_, features, changed) = found.unwrap();
        change(features);
        *changed = version;
    }

    /// Takes a layer away, as one version.
    pub fn remove(&self, name: &str) {
        let mut content = self.0.lock().unwrap();
        content.version = content.version.next();
        content.layers.retain(|(layer, ..)| layer.name().as_str() != name);
    }

    /// Makes all work of the store fail, or work again.
    pub fn set_broken(&self, broken: bool) {
        self.0.lock().unwrap().broken = broken;
    }

    /// Makes the reading of each layer take this long.
    pub fn set_slow(&self, slow: Duration) {
        self.0.lock().unwrap().slow = slow;
    }

    fn content(&self) -> Result<std::sync::MutexGuard<'_, Content>> {
        let content = self.0.lock().unwrap();
        if content.broken {
            return Err(Error::NotAStore {
                store: "memory".into(),
                reason: "broken by the test".into(),
            });
        }
        Ok(content)
    }
}

impl Store for Opened {
    fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    fn catch_up(&mut self) -> Result<Version> {
        Ok(self.memory.content()?.version)
    }

    fn read(&mut self, _: At) -> Result<Box<dyn Reading + '_>> {
        let content = self.memory.content()?;
        Ok(Box::new(View {
            version: content.version,
            layers: content.layers.clone(),
            slow: content.slow,
        }))
    }

    fn begin(&mut self, _: &Batch) -> Result<Box<dyn Load + '_>> {
        panic!("a server never loads")
    }

    fn edit(&mut self, _: &[Edit]) -> Result<Version> {
        panic!("a server does not edit yet")
    }

    fn log(&mut self, after: LogPosition, _: usize) -> Result<LogPage> {
        Ok(LogPage {
            entries: vec![],
            next: after,
        })
    }

    fn verify(&mut self) -> Result<Vec<String>> {
        Ok(vec![])
    }
}

impl Reading for View {
    fn version(&self) -> Version {
        self.version
    }

    fn layers(&mut self) -> Result<Vec<LayerState>> {
        let state = |(layer, features, changed): &(Layer, Vec<Feature>, Version)| LayerState {
            layer: layer.clone(),
            features: features.len() as u64,
            changed: *changed,
        };
        Ok(self.layers.iter().map(state).collect())
    }

    fn features(&mut self, name: &Name, each: &mut dyn FnMut(Feature) -> ControlFlow<()>) -> Result<()> {
        std::thread::sleep(self.slow);
        let found = self.layers.iter().find(|(layer, ..)| layer.name() == name);
        let (_, features, _) = found.ok_or_else(|| Error::UnknownLayer(name.clone()))?;
        for feature in features {
            if each(feature.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn feature(&mut self, name: &Name, fid: Fid) -> Result<Option<Feature>> {
        let found = self.layers.iter().find(|(layer, ..)| layer.name() == name);
        Ok(found.and_then(|(_, features, _)| features.iter().find(|feature| feature.fid == fid).cloned()))
    }
}
