//! Ready-made tiles, as many as fit into a number of bytes.
//!
//! A key names the *generation* of every layer in the tile; a layer gets a new one with each change and whenever a
//! boundary of valid time passes, so a tile from before an edit is never met again and needs no clearing: it ages out.
//! A tile is rendered once however many ask for it at the same moment.

use crate::negotiate::Coding;
use crate::problem::Problem;
use crate::representation::Representation;
use onemap_model::TileCoord;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a cached answer is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A tile of some layers.
    Tile {
        /// Their generations, in the order of the layers in the tile.
        layers: Box<[u64]>,
        /// The tile.
        tile: TileCoord,
        /// The coding.
        coding: Coding,
    },
    /// A file that came with the server.
    Asset {
        /// The hash of its content.
        hash: [u8; 32],
        /// The coding.
        coding: Coding,
    },
}

/// A cache bounded by bytes.
pub(crate) struct AnswerCache {
    kept: Option<Cache<Key, Arc<Representation>, ByBytes>>,
    asked: AtomicU64,
    made: AtomicU64,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Arc<Representation>> for ByBytes {
    fn weight(&self, key: &Key, value: &Arc<Representation>) -> u64 {
        const OVERHEAD_BYTES: usize = 200;
        let layers = match key {
            Key::Tile { layers, .. } => layers.len() * 8,
            Key::Asset { .. } => 0,
        };
        (value.bytes.len() + value.etag.len() + layers + OVERHEAD_BYTES) as u64
    }
}

impl AnswerCache {
    /// A cache of at most `bytes`; 0 keeps nothing.
    pub(crate) fn new(bytes: u64) -> Self {
        const TYPICAL_TILE_BYTES: u64 = 8 << 10;
        let items = (bytes / TYPICAL_TILE_BYTES).max(64) as usize;
        Self {
            kept: (bytes > 0).then(|| Cache::with_weighter(items, bytes, ByBytes)),
            asked: AtomicU64::new(0),
            made: AtomicU64::new(0),
        }
    }

    /// The answer for a key, made by `make` where it is not kept. Those who ask meanwhile wait for the same one.
    ///
    /// # Errors
    /// What `make` gives; that is not kept, and the next who waits tries again.
    pub(crate) async fn get<F>(&self, key: Key, make: F) -> Result<Arc<Representation>, Problem>
    where
        F: Future<Output = Result<Representation, Problem>>,
    {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let make = async {
            self.made.fetch_add(1, Ordering::Relaxed);
            make.await.map(Arc::new)
        };
        match &self.kept {
            Some(kept) => kept.get_or_insert_async(&key, make).await,
            None => make.await,
        }
    }

    /// How often it was asked, how often an answer had to be made, and how many bytes it holds.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let held = self.kept.as_ref().map_or(0, Cache::weight);
        (
            self.asked.load(Ordering::Relaxed),
            self.made.load(Ordering::Relaxed),
            held,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Key {
        Key::Asset {
            hash: [n; 32],
            coding: Coding::Identity,
        }
    }

    async fn made(size: usize) -> Result<Representation, Problem> {
        tokio::task::yield_now().await;
        Ok(Representation::new("x/y", vec![1; size], Coding::Identity))
    }

    #[tokio::test]
    async fn many_who_ask_at_once_share_one_answer() {
        let cache = AnswerCache::new(1 << 20);
        let (a, b, c) = tokio::join!(
            cache.get(key(1), made(10)),
            cache.get(key(1), made(10)),
            cache.get(key(1), made(10))
        );
        assert!(Arc::ptr_eq(&a.unwrap(), &b.unwrap()) && c.is_ok());
        assert_eq!((cache.counts().0, cache.counts().1), (3, 1));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = AnswerCache::new(1 << 20);
        assert!(cache.get(key(1), async { Err(Problem::fault()) }).await.is_err());
        assert!(cache.get(key(1), made(10)).await.is_ok());
    }

    #[tokio::test]
    async fn it_stays_within_its_bytes_and_zero_keeps_nothing() {
        let cache = AnswerCache::new(100_000);
        for n in 0..=255 {
            cache.get(key(n), made(5_000)).await.unwrap();
        }
        assert!(cache.counts().2 <= 100_000, "{}", cache.counts().2);
        let none = AnswerCache::new(0);
        none.get(key(1), made(10)).await.unwrap();
        none.get(key(1), made(10)).await.unwrap();
        assert_eq!(none.counts(), (2, 2, 0));
    }
}
