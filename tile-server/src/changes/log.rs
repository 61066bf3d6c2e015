//! Entries of the store's change log one after the other, read in steps.

use onemap_model::{Change, Feature, Name, Version};
use onemap_store::{Error, LogEntry, LogPosition, Result, Store};
use std::collections::VecDeque;

/// How many entries are read at first; then more with each step, for as long as they are small: features may be large.
const FIRST_STEP: usize = 32;
const LAST_STEP: usize = 1024;
/// A step whose features are together larger than this is followed by a smaller one.
const STEP_BYTES: usize = 1 << 20;

/// Entries that were read and are still to be used.
pub(crate) struct Log {
    ahead: VecDeque<LogEntry>,
    /// The place of the first of them inside its version.
    offset: u64,
    step: usize,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            ahead: VecDeque::new(),
            offset: 0,
            step: FIRST_STEP,
        }
    }
}

impl Log {
    /// The entry at a position, which is in `version` and of `layer`; positions only grow from call to call.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the log has another entry there, or none; faults of the store.
    pub(crate) fn entry(
        &mut self,
        store: &mut dyn Store,
        position: LogPosition,
        version: Version,
        layer: &Name,
    ) -> Result<LogEntry> {
        self.skip_to(version, position.offset);
        if self.ahead.is_empty() {
            self.fetch(store, position)?;
        }
        let entry = self
            .pop()
            .filter(|entry| (entry.version, &entry.change.layer) == (version, layer));
        entry.ok_or_else(|| Error::Damaged {
            store: "the change log".to_owned(),
            reason: format!("version {version} has fewer entries of layer {layer:?} than its commit says"),
        })
    }

    fn skip_to(&mut self, version: Version, offset: u64) {
        while self
            .ahead
            .front()
            .is_some_and(|front| (front.version, self.offset) < (version, offset))
        {
            self.pop();
        }
    }

    fn fetch(&mut self, store: &mut dyn Store, position: LogPosition) -> Result<()> {
        self.ahead = store.log(position, self.step)?.entries.into();
        self.offset = position.offset;
        let bytes: usize = self.ahead.iter().map(|entry| size_of_change(&entry.change)).sum();
        self.step = if bytes < STEP_BYTES {
            (self.step * 2).min(LAST_STEP)
        } else {
            (self.step / 2).max(1)
        };
        Ok(())
    }

    fn pop(&mut self) -> Option<LogEntry> {
        let first = self.ahead.pop_front()?;
        let goes_on = self.ahead.front().is_some_and(|next| next.version == first.version);
        self.offset = if goes_on { self.offset + 1 } else { 0 };
        Some(first)
    }
}

/// Roughly, in bytes.
fn size_of_change(change: &Change) -> usize {
    let size = |feature: &Feature| {
        let coords = feature
            .row
            .geometry
            .as_ref()
            .map_or(0, |geometry| geometry.coord_count());
        coords * 24 + feature.row.values.len() * 32
    };
    [&change.old, &change.new].into_iter().flatten().map(size).sum()
}
