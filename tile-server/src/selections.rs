//! Which combinations of layers have tiles in the cache, so that a change to a layer finds them all.

use crate::published::ServedLayer;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Combinations kept; a further one takes the place of the one that was not asked for longest.
const MAX_KEPT: usize = 1024;

/// A combination of layers in some order. A number is never given twice, so that what was cached under a forgotten one
/// is never met again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SelectionId(u64);

/// The combinations that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Selections(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_names: HashMap<Box<str>, Entry>,
    /// Rises with each question; also the next number.
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    id: SelectionId,
    used: u64,
}

/// The names of layers, in their order, as one text: a name has no comma in it.
pub(crate) fn joined(layers: &[ServedLayer]) -> String {
    let mut names = String::new();
    for layer in layers {
        names.push_str(layer.name());
        names.push(',');
    }
    names
}

impl Selections {
    /// The number of a combination, given as [`joined`] names.
    pub(crate) fn id(&self, names: &str) -> SelectionId {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.clock += 1;
        let now = known.clock;
        if let Some(entry) = known.by_names.get_mut(names) {
            entry.used = now;
            return entry.id;
        }
        if known.by_names.len() >= MAX_KEPT {
            let oldest = known.by_names.iter().min_by_key(|(_, entry)| entry.used);
            let oldest = oldest.map(|(names, _)| names.clone());
            oldest.and_then(|names| known.by_names.remove(&names));
        }
        let id = SelectionId(now);
        known.by_names.insert(names.into(), Entry { id, used: now });
        id
    }

    /// All combinations that have the layer in them.
    pub(crate) fn holding(&self, layer: &str) -> Vec<SelectionId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |names: &str| names.split(',').any(|name| name == layer);
        known
            .by_names
            .iter()
            .filter(|(names, _)| holds(names))
            .map(|(_, entry)| entry.id)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_finds_its_combinations() {
        let selections = Selections::default();
        let (a, ab, ba, bc) = ("a,", "a,b,", "b,a,", "b,cc,");
        let ids: Vec<_> = [a, ab, ba, bc].map(|names| selections.id(names)).into();
        assert_eq!(selections.id(ab), ids[1]);
        let mut holding = selections.holding("a");
        holding.sort_by_key(|id| id.0);
        assert_eq!(holding, ids[..3]);
        assert_eq!(selections.holding("cc"), [ids[3]]);
        assert!(selections.holding("c").is_empty());
    }

    #[test]
    fn a_flood_of_combinations_leaves_those_in_use() {
        let selections = Selections::default();
        let (used, unused) = (selections.id("used,"), selections.id("unused,"));
        for i in 0..5000 {
            selections.id(&format!("n{i},"));
            assert_eq!(selections.id("used,"), used);
        }
        assert_ne!(selections.id("unused,"), unused);
        assert!(selections.0.lock().unwrap().by_names.len() <= MAX_KEPT);
    }
}
