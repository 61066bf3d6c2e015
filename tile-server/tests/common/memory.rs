//! A store in memory that keeps all it ever held, and can be changed and broken while it is served.

use onemap_model::{Change, Epoch, Feature, Fid, Instant, Layer, Name, Version};
use onemap_store::{
    At, Batch, Commit, CommitStep, Difference, Edit, Error, Later, LayerCommit, LayerState, Load, LogEntry, LogPage,
    LogPosition, Pruned, Reading, RecordedBatch, RecordedState, Result, RolledBack, Stamp, Store,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// The content, shared by all who opened it.
#[derive(Clone)]
pub struct Memory(Arc<(Mutex<Content>, Condvar)>);

type Layers = BTreeMap<Name, State>;

/// A version, its layers, and those of them that it redefined.
type Committed = (Version, Layers, Vec<Name>);

#[derive(Clone)]
struct State {
    layer: Layer,
    features: BTreeMap<Fid, Feature>,
    changed: Version,
}

struct Content {
    epoch: Epoch,
    versions: Vec<Committed>,
    oldest: Version,
    fault: Option<fn() -> Error>,
    panics: u32,
    slow: Duration,
    held: bool,
    deaf: bool,
    read_whole: u64,
}

struct Opened {
    memory: Memory,
    epoch: Epoch,
}

struct View {
    memory: Memory,
    version: Version,
    layers: Layers,
    slow: Duration,
}

impl Memory {
    pub fn new(layers: Vec<(Layer, Vec<Feature>)>) -> Self {
        let state = |(layer, features): (Layer, Vec<Feature>)| {
            let features = features.into_iter().map(|feature| (feature.fid, feature)).collect();
            let state = State {
                layer,
                features,
                changed: Version(1),
            };
            (state.layer.name().clone(), state)
        };
        let layers: Layers = layers.into_iter().map(state).collect();
        let names = layers.keys().cloned().collect();
        let content = Content {
            epoch: Epoch::new("test-epoch-1").unwrap(),
            versions: vec![(Version(0), Layers::new(), vec![]), (Version(1), layers, names)],
            oldest: Version(0),
            fault: None,
            panics: 0,
            slow: Duration::ZERO,
            held: false,
            deaf: false,
            read_whole: 0,
        };
        Self(Arc::new((Mutex::new(content), Condvar::new())))
    }

    pub fn opener(&self) -> impl Fn() -> Result<Box<dyn Store>> + Send + Sync + 'static {
        let memory = self.clone();
        move || {
            let epoch = memory.content()?.epoch.clone();
            let memory = memory.clone();
            Ok(Box::new(Opened { memory, epoch }) as Box<dyn Store>)
        }
    }

    /// Changes one layer, as one version; gives the version.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut Vec<Feature>)) -> Version {
        self.commit(|layers, version| {
            let state = layers.get_mut(&Name::new(name).unwrap()).unwrap();
            let mut features: Vec<_> = std::mem::take(&mut state.features).into_values().collect();
            change(&mut features);
            state.features = features.into_iter().map(|feature| (feature.fid, feature)).collect();
            state.changed = version;
            vec![]
        })
    }

    /// Changes a layer's definition, as one version.
    pub fn redefine(&self, name: &str, change: impl FnOnce(&mut Layer)) -> Version {
        let name = Name::new(name).unwrap();
        self.commit(|layers, version| {
            let state = layers.get_mut(&name).unwrap();
            change(&mut state.layer);
            state.changed = version;
            vec![name]
        })
    }

    /// Takes a layer away, as one version.
    pub fn remove(&self, name: &str) -> Version {
        let name = Name::new(name).unwrap();
        self.commit(|layers, _| {
            layers.remove(&name);
            vec![name]
        })
    }

    fn commit(&self, change: impl FnOnce(&mut Layers, Version) -> Vec<Name>) -> Version {
        let mut content = self.lock();
        let (last, mut layers, _) = content.versions.last().unwrap().clone();
        let version = last.next();
        let redefined = change(&mut layers, version);
        content.versions.push((version, layers, redefined));
        self.0.1.notify_all();
        version
    }

    /// Begins another life: the same content, other numbers.
    pub fn restore(&self, epoch: &str) {
        let mut content = self.lock();
        content.epoch = Epoch::new(epoch).unwrap();
        let (_, mut layers, _) = content.versions.pop().unwrap();
        layers.values_mut().for_each(|state| state.changed = Version(1));
        let names = layers.keys().cloned().collect();
        content.versions = vec![(Version(0), Layers::new(), vec![]), (Version(1), layers, names)];
    }

    /// Forgets what was before `oldest`.
    pub fn prune(&self, oldest: Version) {
        let mut content = self.lock();
        content.versions.retain(|(version, ..)| *version >= oldest);
        content.oldest = oldest;
    }

    /// Makes all work of the store fail, or work again.
    pub fn set_broken(&self, broken: bool) {
        self.set_fault(broken.then_some(|| Error::NotAStore {
            store: "memory".into(),
            reason: "broken by the test".into(),
        }));
    }

    /// Makes all work of the store fail like this, or work again.
    pub fn set_fault(&self, fault: Option<fn() -> Error>) {
        self.lock().fault = fault;
        self.0.1.notify_all();
    }

    /// Makes the next looks panic.
    pub fn set_panics(&self, times: u32) {
        self.lock().panics = times;
        self.0.1.notify_all();
    }

    /// Makes the reading of each layer take this long.
    pub fn set_slow(&self, slow: Duration) {
        self.lock().slow = slow;
    }

    /// Holds up the reading of layers, or lets it go on.
    pub fn set_held(&self, held: bool) {
        self.lock().held = held;
        self.0.1.notify_all();
    }

    /// Makes waiting hear nothing.
    pub fn set_deaf(&self, deaf: bool) {
        self.lock().deaf = deaf;
    }

    /// How many layers were read whole so far.
    pub fn read_whole(&self) -> u64 {
        self.lock().read_whole
    }

    /// The features of a layer as they are now.
    pub fn features(&self, name: &str) -> Vec<Feature> {
        let content = self.lock();
        let (_, layers, _) = content.versions.last().unwrap();
        layers[&Name::new(name).unwrap()].features.values().cloned().collect()
    }

    /// The features of a layer as they were at a version.
    pub fn features_at(&self, name: &str, version: Version) -> Vec<Feature> {
        let content = self.lock();
        let layers = content.at(version).unwrap();
        layers[&Name::new(name).unwrap()].features.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.0.lock().unwrap()
    }

    fn content(&self) -> Result<MutexGuard<'_, Content>> {
        let content = self.lock();
        match content.fault {
            Some(fault) => Err(fault()),
            None => Ok(content),
        }
    }
}

impl Content {
    fn newest(&self) -> Version {
        self.versions.last().unwrap().0
    }

    fn at(&self, version: Version) -> Result<&Layers> {
        let found = self.versions.iter().find(|(known, ..)| *known == version);
        found.map(|(_, layers, _)| layers).ok_or(Error::UnknownVersion {
            asked: version,
            oldest: self.oldest,
            newest: self.newest(),
        })
    }

    /// The commits after a version, each with the layers before it.
    fn after(&self, after: Version) -> Result<impl Iterator<Item = (&Layers, &Committed)>> {
        if after < self.oldest {
            return Err(Error::Pruned { oldest: self.oldest });
        }
        let pairs = self.versions.windows(2).map(|pair| (&pair[0].1, &pair[1]));
        Ok(pairs.filter(move |(_, (version, ..))| *version > after))
    }
}

/// What differs, by layer and feature.
fn changes(before: &Layers, after: &Layers) -> Vec<Change> {
    let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let mut changes = Vec::new();
    for name in names {
        let of = |layers: &Layers| layers.get(name).map(|state| state.features.clone()).unwrap_or_default();
        let (old, new) = (of(before), of(after));
        let mut fids: Vec<_> = old.keys().chain(new.keys()).copied().collect();
        fids.sort();
        fids.dedup();
        for fid in fids.into_iter().filter(|fid| old.get(fid) != new.get(fid)) {
            changes.push(Change {
                layer: name.clone(),
                fid,
                old: old.get(&fid).cloned(),
                new: new.get(&fid).cloned(),
            });
        }
    }
    changes
}

fn time(version: Version) -> Instant {
    Instant::from_micros(1_700_000_000_000_000 + version.0 as i64 * 1_000_000).unwrap()
}

impl Store for Opened {
    fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    fn catch_up(&mut self) -> Result<Version> {
        let mut content = self.memory.content()?;
        if content.panics > 0 {
            content.panics -= 1;
            drop(content);
            panic!("on purpose");
        }
        self.epoch = content.epoch.clone();
        Ok(content.newest())
    }

    fn wait(&mut self, at_most: Duration) -> Result<()> {
        let content = self.memory.content()?;
        if content.deaf {
            drop(content);
            std::thread::sleep(at_most);
            return Ok(());
        }
        drop(self.memory.0.1.wait_timeout(content, at_most).unwrap());
        Ok(())
    }

    fn oldest(&mut self) -> Result<Version> {
        Ok(self.memory.content()?.oldest)
    }

    fn version_at(&mut self, at: Instant) -> Result<Version> {
        let content = self.memory.content()?;
        let then = content.versions.iter().rev().find(|(version, ..)| time(*version) <= at);
        Ok(then.map_or(content.oldest, |(version, ..)| *version))
    }

    fn read(&mut self, at: At) -> Result<Box<dyn Reading + '_>> {
        let content = self.memory.content()?;
        let version = match at {
            At::Now => content.newest(),
            At::Version(version) => version,
        };
        Ok(Box::new(View {
            memory: self.memory.clone(),
            version,
            layers: content.at(version)?.clone(),
            slow: content.slow,
        }))
    }

    fn begin(&mut self, _: &Batch) -> Result<Box<dyn Load + '_>> {
        panic!("a server never loads")
    }

    fn batches(&mut self, _: Option<&Name>, _: Option<Version>, _: usize) -> Result<Vec<RecordedBatch>> {
        panic!("a server asks for no batches")
    }

    fn batch(&mut self, _: Version) -> Result<RecordedBatch> {
        panic!("a server asks for no batches")
    }

    fn roll_back(&mut self, _: Version, _: &Batch, _: Later, _: &mut dyn FnMut(CommitStep)) -> Result<RolledBack> {
        panic!("a server rolls nothing back")
    }

    fn edit(&mut self, _: &[Edit]) -> Result<Version> {
        panic!("a server does not edit yet")
    }

    fn commits(&mut self, after: Version, limit: usize) -> Result<Vec<Commit>> {
        let content = self.memory.content()?;
        let commit = |(before, (version, layers, redefined)): (&Layers, &Committed)| {
            let mut touched: BTreeMap<Name, u64> = redefined.iter().map(|name| (name.clone(), 0)).collect();
            for change in changes(before, layers) {
                *touched.entry(change.layer).or_default() += 1;
            }
            let touched = touched.into_iter().map(|(layer, entries)| LayerCommit {
                redefined: redefined.contains(&layer),
                layer,
                entries,
            });
            Commit {
                version: *version,
                time: time(*version),
                who: "a test".into(),
                what: String::new(),
                layers: touched.collect(),
            }
        };
        Ok(content.after(after)?.take(limit).map(commit).collect())
    }

    fn log(&mut self, after: LogPosition, limit: usize) -> Result<LogPage> {
        let content = self.memory.content()?;
        let (mut entries, mut next) = (Vec::new(), after);
        for (before, (version, layers, _)) in content.after(after.version)? {
            let skipped = if next.version == after.version {
                after.offset as usize
            } else {
                0
            };
            let changes = changes(before, layers);
            let whole = changes.len();
            for (at, change) in changes.into_iter().enumerate().skip(skipped) {
                if entries.len() == limit {
                    return Ok(LogPage { entries, next });
                }
                entries.push(LogEntry {
                    version: *version,
                    time: time(*version),
                    change,
                });
                next.offset = at as u64 + 1;
            }
            debug_assert!(next.offset <= whole as u64);
            next = LogPosition {
                version: *version,
                offset: 0,
            };
        }
        Ok(LogPage { entries, next })
    }

    fn difference(&mut self, layer: &Name, from: Version, to: Version, limit: usize) -> Result<Difference> {
        let content = self.memory.content()?;
        let (old, new) = (content.at(from)?, content.at(to)?);
        let definition = |layers: &Layers| layers.get(layer).map(|state| state.layer.clone());
        if definition(old).is_none() || definition(old) != definition(new) {
            return Ok(Difference::Redefined);
        }
        let changes: Vec<_> = changes(old, new)
            .into_iter()
            .filter(|change| change.layer == *layer)
            .collect();
        Ok(if changes.len() > limit {
            Difference::TooMany
        } else {
            Difference::Changes(changes)
        })
    }

    fn states(&mut self, layer: &Name, fid: Fid, until: Option<Version>, limit: usize) -> Result<Vec<RecordedState>> {
        let content = self.memory.content()?;
        let stamp = |version: Version| Stamp {
            version,
            time: Some(time(version)),
        };
        let mut states: Vec<RecordedState> = Vec::new();
        for (version, layers, _) in &content.versions {
            let now = layers.get(layer).and_then(|state| state.features.get(&fid));
            if let Some(last) = states.last_mut().filter(|last| last.until.is_none()) {
                if Some(&last.feature) == now {
                    continue;
                }
                last.until = Some(stamp(*version));
            }
            states.extend(now.map(|feature| RecordedState {
                feature: feature.clone(),
                since: stamp(*version),
                until: None,
            }));
        }
        states.retain(|state| until.is_none_or(|until| state.since.version <= until));
        states.reverse();
        states.truncate(limit);
        Ok(states)
    }

    fn prune(&mut self, _: Version) -> Result<Pruned> {
        panic!("a server never prunes")
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
        let state = |state: &State| LayerState {
            layer: state.layer.clone(),
            features: state.features.len() as u64,
            changed: state.changed,
        };
        Ok(self.layers.values().map(state).collect())
    }

    fn features(&mut self, name: &Name, each: &mut dyn FnMut(Feature) -> ControlFlow<()>) -> Result<()> {
        let mut content = self.memory.lock();
        content.read_whole += 1;
        let begun = std::time::Instant::now();
        // A test that failed meanwhile still ends.
        while content.held && begun.elapsed() < Duration::from_secs(60) {
            content = self.memory.0.1.wait_timeout(content, Duration::from_secs(1)).unwrap().0;
        }
        drop(content);
        std::thread::sleep(self.slow);
        let state = self.layers.get(name).ok_or_else(|| Error::UnknownLayer(name.clone()))?;
        for feature in state.features.values() {
            if each(feature.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn feature(&mut self, name: &Name, fid: Fid) -> Result<Option<Feature>> {
        let found = self.layers.get(name);
        Ok(found.and_then(|state| state.features.get(&fid).cloned()))
    }
}
