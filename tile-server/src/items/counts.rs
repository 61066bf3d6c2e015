//! How many features answer a question: counted once, and remembered for the pages that follow.

use super::query::PageQuery;
use onemap_model::Epoch;
use quick_cache::sync::Cache;
use std::fmt::Write;
use xxhash_rust::xxh3::xxh3_128;

/// So many questions are remembered.
const KEPT: usize = 4096;

/// Counts by question. A layer at the version that last changed it does not change any more, so nothing is ever wrong.
pub(crate) struct Counts(Cache<u128, u64>);

impl Default for Counts {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Counts {
    /// How many features answer `query`, where that is known.
    pub(super) fn get(&self, epoch: &Epoch, query: &PageQuery) -> Option<u64> {
        self.0.get(&key(epoch, query))
    }

    /// Remembers it.
    pub(super) fn put(&self, epoch: &Epoch, query: &PageQuery, count: u64) {
        self.0.insert(key(epoch, query), count);
    }
}

fn key(epoch: &Epoch, query: &PageQuery) -> u128 {
    let layer = &query.layer;
    let mut text = format!("{epoch} {} {}", layer.name(), layer.changed);
    if layer.is_timed() {
        let _ = write!(text, " {:?}", query.when);
    }
    if let Some(boxes) = &query.boxes {
        let _ = write!(text, " {:?}", boxes.as_given());
    }
    if let Some(filter) = &query.filter {
        text.push_str(&filter.canonical());
    }
    xxh3_128(text.as_bytes())
}
