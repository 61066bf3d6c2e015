//! Reads the feed out of a store: what follows a place, as far as a reader may see it, in chunks.
//!
//! What a reader may not see is stepped over; it learns nothing of it. Each look at the store reads some chunks ahead,
//! so that a long feed needs few looks.

use super::chunk::{Chunk, Chunks};
use super::cursor::{Inside, Place};
use super::definitions::{Definitions, Layers};
use super::entry::{self, Defined, Made, Shape};
use super::log::Log;
use super::scope::{Existence, Scope, Shown, Sight};
use onemap_model::{Epoch, Layer, Name, Version};
use onemap_store::{Commit, Error, LogEntry, LogPosition, Result, Store};
use std::sync::Arc;

/// One look at the store reads this many commits at most.
const LOOK_COMMITS: usize = 512;

/// Who reads what, of which life of the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Reader {
    /// The life of the store.
    pub epoch: Epoch,
    /// Which entries.
    pub scope: Scope,
    /// What of each.
    pub shape: Shape,
}

/// Reads what follows `from`, up to the version `upto`, which must have been committed: at least one chunk, each with
/// the place where it begins. The last chunk's `next` is the end, or where the look at the store ended.
///
/// # Errors
/// [`onemap_store::Error::Pruned`] where that is no longer kept; faults of the store.
pub(crate) fn read(
    store: &mut dyn Store,
    definitions: &Definitions,
    reader: &Reader,
    from: &Place,
    upto: Version,
) -> Result<Vec<(Place, Chunk)>> {
    let mut commits = store.commits(from.version, LOOK_COMMITS)?;
    let is_all = commits.len() < LOOK_COMMITS;
    let known = commits.len();
    commits.retain(|commit| commit.version <= upto);
    let is_all = is_all || commits.len() < known;
    let mut chunks = Chunks::new(reader, from);
    let mut log = Log::default();
    let mut old = definitions.at(store, from.version)?;
    let mut before = from.version;
    for commit in &commits {
        let new = if commit.layers.iter().any(|layer| layer.redefined) {
            definitions.at(store, commit.version)?
        } else {
            definitions.hold(&reader.epoch, before, commit.version);
            Arc::clone(&old)
        };
        let one = OneVersion {
            reader,
            commit,
            before,
            old: &old,
            new: &new,
        };
        if one.read(store, from, &mut log, &mut chunks)? == Outcome::Enough {
            return Ok(chunks.finish());
        }
        chunks.reached(Place::after(commit.version));
        (old, before) = (new, commit.version);
    }
    if is_all && before < upto {
        // A standby that lags, for example: to go on from here would lose what it has not heard of yet.
        return Err(Error::Unreachable {
            store: "the store".to_owned(),
            reason: format!("it knows versions up to {before} here, and {upto} is served"),
        });
    }
    Ok(chunks.finish())
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The version was read whole.
    Whole,
    /// The look has read enough.
    Enough,
}

/// One version to be read.
struct OneVersion<'a> {
    reader: &'a Reader,
    commit: &'a Commit,
    /// The version before it.
    before: Version,
    old: &'a Layers,
    new: &'a Layers,
}

impl OneVersion<'_> {
    fn read(&self, store: &mut dyn Store, from: &Place, log: &mut Log, chunks: &mut Chunks<'_>) -> Result<Outcome> {
        let version = self.commit.version;
        let inside = from.inside.as_ref().filter(|inside| inside.version == version);
        let mut offset = 0;
        for touched in &self.commit.layers {
            let begin = offset;
            offset += touched.entries;
            let layer = &touched.layer;
            // Layers come by name: those before the one that was being read are done.
            let done = match inside {
                Some(inside) if inside.layer > *layer => continue,
                Some(inside) if inside.layer == *layer => inside.entries,
                _ => 0,
            };
            let scope = &self.reader.scope;
            let shown = scope.shows(layer, self.layer(self.old, layer), self.layer(self.new, layer));
            let definitions = u64::from(touched.redefined);
            if done < definitions
                && let Some(existence) = shown.definition
            {
                let now = self.layer(self.new, layer).filter(|_| existence == Existence::There);
                chunks.push(self.place(layer, definitions), |cursor| {
                    Some(entry::definition(self.made(), layer, now, cursor))
                });
            }
            if shown.features() == Sight::Hidden {
                continue;
            }
            for number in done.saturating_sub(definitions)..touched.entries {
                if chunks.is_enough() {
                    return Ok(Outcome::Enough);
                }
                let position = LogPosition {
                    version: self.before,
                    offset: begin + number,
                };
                let entry = log.entry(store, position, version, layer)?;
                chunks.push(self.place(layer, definitions + number + 1), |cursor| {
                    self.write(shown, &entry, cursor)
                });
            }
        }
        Ok(Outcome::Whole)
    }

    fn layer<'l>(&self, layers: &'l Layers, name: &Name) -> Option<&'l Layer> {
        layers.get(name).map(|layer| &**layer)
    }

    fn made(&self) -> Made {
        Made {
            version: self.commit.version,
            time: self.commit.time,
        }
    }

    fn place(&self, layer: &Name, entries: u64) -> Place {
        let inside = Inside {
            version: self.commit.version,
            layer: layer.clone(),
            entries,
        };
        Place {
            version: self.before,
            inside: Some(inside),
        }
    }

    fn write(&self, shown: Shown, entry: &LogEntry, cursor: &str) -> Option<String> {
        let name = &entry.change.layer;
        let defined = Defined {
            old: self.layer(self.old, name),
            new: self.layer(self.new, name),
        };
        entry::change(self.made(), &entry.change, defined, shown, &self.reader.shape, cursor)
    }
}
