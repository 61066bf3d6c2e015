//! From one version to a later one, by what was committed in between.
//!
//! A layer of which few features changed gets the changes applied; one that was redefined, or of which much changed, is
//! read whole. However many commits there were, they become one publication.

use crate::app::App;
use crate::load::{self, LoadedLayer};
use crate::published::{Published, ServedLayer, TouchedLayer, Update};
use onemap_model::{Change, Fid, Instant, Name, Version};
use onemap_store::{Difference, LogPosition, Result, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

/// Commits, and entries of the log, that are read at once.
const COMMITS: usize = 1000;
const ENTRIES: usize = 2000;
/// A layer of which more entries changed, and more than a twentieth, is read whole.
const FEW: u64 = 20_000;
/// More changes than this are not held in memory for any layer.
const MAX_APPLIED: u64 = 200_000;
/// How often it is tried again when what was to be read changed meanwhile.
const TRIES: usize = 3;

/// What was committed after a version.
#[derive(Default)]
struct Plan {
    /// The last version committed; 0 where nothing was.
    version: Version,
    /// When that was.
    time: Option<Instant>,
    layers: BTreeMap<Name, Touch>,
}

/// What the commits did to one layer.
struct Touch {
    entries: u64,
    redefined: bool,
    changed: Version,
}

/// Brings `before`, which is at the present moment and not published yet, to the newest version, `least` or later.
///
/// # Errors
/// Faults of the store.
pub(crate) fn advance(store: &mut dyn Store, before: &Published, least: Version, app: &App) -> Result<Update> {
    let mut whole = BTreeSet::new();
    for _ in 0..TRIES {
        let plan = match Plan::read(store, before.version(), None) {
            Err(onemap_store::Error::Pruned { .. }) => break,
            plan => plan?,
        };
        let version = plan.version.max(least);
        whole.extend(plan.to_read_whole(before));
        let moved = if whole.is_empty() {
            Some(by_log(store, before, plan, version)?)
        } else {
            with_whole(store, before, app, &mut whole)?
        };
        if let Some(moved) = moved {
            return Ok(moved.publish(before, app));
        }
    }
    // The log does not lead there, or the store changes faster than its layers are read.
    let published = load::load_all(store, Some(before), app)?;
    let touched = published.layers.iter().map(TouchedLayer::whole).collect();
    Ok(Update { published, touched })
}

/// The layers at a later version.
struct Moved {
    version: Version,
    time: Option<Instant>,
    layers: Vec<ServedLayer>,
    touched: Vec<TouchedLayer>,
    applied: u64,
}

impl Moved {
    fn publish(self, before: &Published, app: &App) -> Update {
        app.metrics.applied.fetch_add(self.applied, Ordering::Relaxed);
        app.metrics.committed(self.time);
        let (epoch, now) = (before.epoch().clone(), before.now());
        Update {
            published: Published::new(epoch, self.version, now, self.layers, before.sequence),
            touched: self.touched,
        }
    }
}

/// All layers by their changes.
fn by_log(store: &mut dyn Store, before: &Published, plan: Plan, version: Version) -> Result<Moved> {
    let wanted = plan.layers.keys().cloned().collect();
    let mut changes = log_between(store, before.version(), version, &wanted)?;
    Ok(apply(before, plan, version, &mut changes, before.layers.clone()))
}

/// Those in `whole` read whole, the others by their changes up to the version read; none where more layers have to be
/// read whole, which `whole` then has too.
fn with_whole(
    store: &mut dyn Store,
    before: &Published,
    app: &App,
    whole: &mut BTreeSet<Name>,
) -> Result<Option<Moved>> {
    let keep = |state: &onemap_store::LayerState| {
        let kept = before.layer(state.layer.name().as_str());
        let same = kept.filter(|kept| *kept.definition() == state.layer && !whole.contains(state.layer.name()));
        same.cloned()
    };
    let loaded = load::load(store, || before.now(), app, keep)?;
    let plan = Plan::read(store, before.version(), Some(loaded.version))?;
    let (mut layers, mut kept, mut touched) = (Vec::new(), BTreeSet::new(), Vec::new());
    for layer in loaded.layers {
        match layer {
            LoadedLayer::New(layer) => {
                touched.push(TouchedLayer::whole(&layer));
                layers.push(layer);
            }
            LoadedLayer::Kept(layer, changed) => {
                if changed != layer.changed {
                    kept.insert(layer.definition().name().clone());
                }
                layers.push(layer);
            }
        }
    }
    let missed: Vec<Name> = plan.to_read_whole(before).filter(|name| kept.contains(name)).collect();
    let mut changes = BTreeMap::new();
    let skipped = plan.layers.iter().filter(|(name, _)| !kept.contains(*name));
    if missed.is_empty() && skipped.map(|(_, touch)| touch.entries).sum::<u64>() <= FEW {
        changes = log_between(store, before.version(), loaded.version, &kept)?;
    } else if missed.is_empty() {
        for name in &kept {
            let limit = MAX_APPLIED as usize;
            match store.difference(name, before.version(), loaded.version, limit)? {
                Difference::Changes(differing) => drop(changes.insert(name.clone(), differing)),
                Difference::TooMany | Difference::Redefined => {
                    whole.insert(name.clone());
                    return Ok(None);
                }
            }
        }
    } else {
        whole.extend(missed);
        return Ok(None);
    }
    let mut moved = apply(before, plan, loaded.version, &mut changes, layers);
    moved.touched.extend(touched);
    Ok(Some(moved))
}

/// Applies the changes to `layers`, which are at the moment of `before`.
fn apply(
    before: &Published,
    plan: Plan,
    version: Version,
    changes: &mut BTreeMap<Name, Vec<Change>>,
    mut layers: Vec<ServedLayer>,
) -> Moved {
    let (mut touched, mut applied) = (Vec::new(), 0);
    for layer in &mut layers {
        let name = layer.definition().name().clone();
        let Some(changes) = changes.remove(&name) else { continue };
        let changed = plan.layers.get(&name).map_or(version, |touch| touch.changed);
        let (after, tiles) = layer.changed(&changes, changed, before.now());
        applied += changes.len() as u64;
        touched.push(TouchedLayer {
            name: name.to_string(),
            tiles,
            version: changed,
        });
        *layer = after;
    }
    Moved {
        version,
        time: plan.time,
        layers,
        touched,
        applied,
    }
}

/// What the log says of the layers `wanted` between two versions: each feature once, with its first and last state.
fn log_between(
    store: &mut dyn Store,
    after: Version,
    until: Version,
    wanted: &BTreeSet<Name>,
) -> Result<BTreeMap<Name, Vec<Change>>> {
    let mut layers: BTreeMap<Name, BTreeMap<Fid, Change>> = BTreeMap::new();
    let mut position = LogPosition {
        version: after,
        offset: 0,
    };
    while position.version < until {
        let page = store.log(position, ENTRIES)?;
        let entries = page.entries.into_iter().filter(|entry| entry.version <= until);
        for change in entries
            .map(|entry| entry.change)
            .filter(|change| wanted.contains(&change.layer))
        {
            let layer = layers.entry(change.layer.clone()).or_default();
            match layer.get_mut(&change.fid) {
                Some(known) => known.new = change.new,
                None => drop(layer.insert(change.fid, change)),
            }
        }
        if page.next == position {
            break;
        }
        position = page.next;
    }
    let listed = |(name, changes): (Name, BTreeMap<Fid, Change>)| (name, changes.into_values().collect());
    Ok(layers.into_iter().map(listed).collect())
}

impl Plan {
    /// What was committed after `after`, up to `until` where that is given.
    fn read(store: &mut dyn Store, after: Version, until: Option<Version>) -> Result<Self> {
        let mut plan = Plan::default();
        let mut after = after;
        loop {
            let commits = store.commits(after, COMMITS)?;
            let is_last = commits.len() < COMMITS;
            for commit in commits {
                if until.is_some_and(|until| commit.version > until) {
                    return Ok(plan);
                }
                after = commit.version;
                (plan.version, plan.time) = (after, Some(commit.time));
                for layer in commit.layers {
                    let touch = plan.layers.entry(layer.layer).or_insert(Touch {
                        entries: 0,
                        redefined: false,
                        changed: after,
                    });
                    touch.entries += layer.entries;
                    touch.redefined |= layer.redefined;
                    touch.changed = after;
                }
            }
            if is_last {
                return Ok(plan);
            }
        }
    }

    /// The layers that have to be read whole.
    fn to_read_whole(&self, before: &Published) -> impl Iterator<Item = Name> {
        let has_to = |(name, touch): &(&Name, &Touch)| {
            let known = before.layer(name.as_str());
            let few = known.map(|layer| FEW.max(layer.snapshot.len() as u64 / 20).min(MAX_APPLIED));
            touch.redefined || few.is_none_or(|few| touch.entries > few)
        };
        let whole = self.layers.iter().filter(has_to);
        whole.map(|(name, _)| name.clone())
    }
}
