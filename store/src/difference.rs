//! What differs between two versions, from the log alone: for stores that have no shorter way.

use crate::{At, Difference, LogPosition, Result, Store};
use onemap_model::{Change, Feature, Fid, Layer, Name, Version};
use std::collections::BTreeMap;

/// Entries of the log that are read at once.
const PAGE: usize = 4096;

/// See [`Store::difference`]. Takes as long as the log between the two versions is.
pub(crate) fn by_log(
    store: &mut dyn Store,
    layer: &Name,
    from: Version,
    to: Version,
    limit: usize,
) -> Result<Difference> {
    let definition = definition(store, layer, from)?;
    if definition.is_none() || definition != self::definition(store, layer, to)? {
        return Ok(Difference::Redefined);
    }
    let (first, last) = (from.min(to), from.max(to));
    let mut states: BTreeMap<Fid, (Option<Feature>, Option<Feature>)> = BTreeMap::new();
    let mut after = LogPosition {
        version: first,
        offset: 0,
    };
    loop {
        let page = store.log(after, PAGE)?;
        let is_last = page.next == after || page.entries.last().is_some_and(|entry| entry.version > last);
        let wanted = page.entries.into_iter().filter(|entry| entry.version <= last);
        for entry in wanted.filter(|entry| entry.change.layer == *layer) {
            let Change { fid, old, new, .. } = entry.change;
            states.entry(fid).or_insert((old, None)).1 = new;
        }
        if states.len() > limit {
            return Ok(Difference::TooMany);
        }
        if is_last {
            break;
        }
        after = page.next;
    }
    let changes = states.into_iter().filter(|(_, (old, new))| old != new);
    let change = |(fid, (early, late))| {
        let (old, new) = if from <= to { (early, late) } else { (late, early) };
        Change {
            layer: layer.clone(),
            fid,
            old,
            new,
        }
    };
    Ok(Difference::Changes(changes.map(change).collect()))
}

fn definition(store: &mut dyn Store, layer: &Name, version: Version) -> Result<Option<Layer>> {
    let mut reading = store.read(At::Version(version))?;
    let states = reading.layers()?;
    let found = states.into_iter().find(|state| state.layer.name() == layer);
    Ok(found.map(|state| state.layer))
}
