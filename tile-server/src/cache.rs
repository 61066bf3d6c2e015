//! Ready-made tiles, as many as fit into a number of bytes.
//!
//! A tile is kept under the names of its layers. A change takes away exactly the tiles that it touches, before what it
//! made is published; what is rendered meanwhile is kept only where nothing touched it (see [`crate::touch_map`]). A
//! tile is rendered once however many ask for it at the same moment.

use crate::negotiate::Coding;
use crate::problem::Problem;
use crate::representation::Representation;
use crate::selections::SelectionId;
use crate::touched::Touched;
use onemap_model::TileCoord;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, Weighter};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a cached answer is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A tile of some layers.
    Tile {
        /// The layers.
        selection: SelectionId,
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

type Kept = Cache<Key, Arc<Representation>, ByBytes, DefaultHashBuilder, Evictions>;

/// A cache bounded by bytes.
pub(crate) struct AnswerCache {
    kept: Option<Kept>,
    asked: AtomicU64,
    made: AtomicU64,
    evictions: Evictions,
}

#[derive(Clone)]
struct ByBytes;

/// Counts what had to make room.
#[derive(Debug, Clone, Default)]
struct Evictions(Arc<AtomicU64>);

impl Lifecycle<Key, Arc<Representation>> for Evictions {
    type RequestState = ();

    fn begin_request(&self) {}

    fn on_evict(&self, (): &mut (), _: Key, _: Arc<Representation>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a cache counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// How often it was asked.
    pub asked: u64,
    /// How often an answer had to be made.
    pub made: u64,
    /// How many bytes it holds.
    pub bytes: u64,
    /// How many answers it holds.
    pub entries: u64,
    /// How many had to make room for others.
    pub evicted: u64,
}

impl Weighter<Key, Arc<Representation>> for ByBytes {
    fn weight(&self, _: &Key, value: &Arc<Representation>) -> u64 {
        const OVERHEAD_BYTES: usize = 200;
        (value.bytes.len() + value.etag.len() + OVERHEAD_BYTES) as u64
    }
}

impl AnswerCache {
    /// A cache of at most `bytes`; 0 keeps nothing.
    pub(crate) fn new(bytes: u64) -> Self {
        const TYPICAL_TILE_BYTES: u64 = 8 << 10;
        let items = (bytes / TYPICAL_TILE_BYTES).max(64) as usize;
        let evictions = Evictions::default();
        let make = || Cache::with(items, bytes, ByBytes, DefaultHashBuilder::default(), evictions.clone());
        Self {
            kept: (bytes > 0).then(make),
            asked: AtomicU64::new(0),
            made: AtomicU64::new(0),
            evictions,
        }
    }

    /// What is kept for a key now.
    pub(crate) fn find(&self, key: &Key) -> Option<Arc<Representation>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = self.kept.as_ref().and_then(|kept| kept.get(key));
        self.made.fetch_add(u64::from(found.is_none()), Ordering::Relaxed);
        found
    }

    /// Keeps an answer that was made after [`AnswerCache::find`] found none.
    pub(crate) fn keep(&self, key: Key, made: Arc<Representation>) {
        if let Some(kept) = &self.kept {
            kept.insert(key, made);
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
        self.get_if(key, make, |keep| keep()).await
    }

    /// As [`AnswerCache::get`]; what was made is kept, and given to those who wait, only if `admit` calls its argument.
    ///
    /// # Errors
    /// What `make` gives.
    pub(crate) async fn get_if<F, A>(&self, key: Key, make: F, admit: A) -> Result<Arc<Representation>, Problem>
    where
        F: Future<Output = Result<Representation, Problem>>,
        A: FnOnce(&mut dyn FnMut()),
    {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let make = async {
            self.made.fetch_add(1, Ordering::Relaxed);
            make.await.map(Arc::new)
        };
        let Some(kept) = &self.kept else {
            return make.await;
        };
        match kept.get_value_or_guard_async(&key).await {
            Ok(found) => Ok(found),
            Err(guard) => {
                let made = make.await?;
                let mut guard = Some(guard);
                admit(&mut || {
                    // Where the place was taken away meanwhile, it is not kept; those who waited before that get it.
                    drop(guard.take().map(|guard| guard.insert(Arc::clone(&made))));
                });
                Ok(made)
            }
        }
    }

    /// Takes away the tiles that were touched, of these selections; gives how many there were.
    pub(crate) fn remove(&self, selections: &[SelectionId], touched: &Touched) -> u64 {
        let Some(kept) = self
            .kept
            .as_ref()
            .filter(|_| !selections.is_empty() && !touched.is_empty())
        else {
            return 0;
        };
        let single = touched.tiles().len() * selections.len() * Coding::ALL.len();
        if touched.is_everything() || touched.ranges().next().is_some() || single > kept.len().max(1000) {
            return Self::sweep(kept, selections, touched);
        }
        let keys = touched.tiles().flat_map(|tile| {
            let of = move |selection: &SelectionId| {
                let selection = *selection;
                Coding::ALL.map(|coding| Key::Tile {
                    selection,
                    tile,
                    coding,
                })
            };
            selections.iter().flat_map(of)
        });
        keys.filter(|key| kept.remove(key).is_some()).count() as u64
    }

    /// As [`AnswerCache::remove`], by looking at everything that is kept.
    fn sweep(kept: &Kept, selections: &[SelectionId], touched: &Touched) -> u64 {
        let removed = AtomicU64::new(0);
        let selections: HashSet<SelectionId> = selections.iter().copied().collect();
        kept.retain(|key, _| {
            let is_touched = match key {
                Key::Tile { selection, tile, .. } => selections.contains(selection) && touched.contains(*tile),
                Key::Asset { .. } => false,
            };
            removed.fetch_add(u64::from(is_touched), Ordering::Relaxed);
            !is_touched
        });
        removed.into_inner()
    }

    /// What it counts.
    pub(crate) fn counts(&self) -> Counts {
        let kept = self.kept.as_ref();
        Counts {
            asked: self.asked.load(Ordering::Relaxed),
            made: self.made.load(Ordering::Relaxed),
            bytes: kept.map_or(0, Cache::weight),
            entries: kept.map_or(0, |kept| kept.len() as u64),
            evicted: self.evictions.0.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selections::Selections;

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
        assert_eq!((cache.counts().asked, cache.counts().made), (3, 1));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = AnswerCache::new(1 << 20);
        assert!(cache.get(key(1), async { Err(Problem::fault()) }).await.is_err());
        assert!(cache.get(key(1), made(10)).await.is_ok());
    }

    #[tokio::test]
    async fn exactly_what_was_touched_is_taken_away_and_what_is_not_admitted_never_kept() {
        use onemap_model::{Bbox, TileMatrixSet::WebMercatorQuad, ZoomRange};
        let (cache, selections) = (AnswerCache::new(1 << 20), Selections::default());
        let (own, other) = (selections.id("a,"), selections.id("b,"));
        let keys: Vec<Key> = [own, other]
            .into_iter()
            .flat_map(|selection| {
                let tile = move |col| WebMercatorQuad.tile(3, col, 3).unwrap();
                let key = move |col, coding| Key::Tile {
                    selection,
                    tile: tile(col),
                    coding,
                };
                (0..8).flat_map(move |col| Coding::ALL.map(|coding| key(col, coding)))
            })
            .collect();
        let fill = async || {
            for key in &keys {
                cache.get(key.clone(), made(10)).await.unwrap();
            }
            cache.counts().made
        };
        assert_eq!(fill().await, 64);
        let point =
            |touched: &mut Touched| touched.include(&Bbox::new(20.0, 10.0, 20.0, 10.0).unwrap(), ZoomRange::ALL);
        let mut one = Touched::default();
        point(&mut one);
        assert_eq!((cache.remove(&[own], &one), fill().await), (4, 68));
        let mut wide = Touched::default();
        wide.include(&Bbox::new(-180.0, 1.0, -100.0, 80.0).unwrap(), ZoomRange::ALL);
        point(&mut wide);
        assert_eq!((cache.remove(&[own, other], &wide), fill().await), (24, 92));
        assert_eq!(
            (cache.remove(&[other], &Touched::everything()), fill().await),
            (32, 124)
        );
        assert_eq!(cache.remove(&[], &Touched::everything()), 0);
        for times in 1..3 {
            cache.get_if(key(1), made(10), |_| ()).await.unwrap();
            assert_eq!(cache.counts().made, 124 + times);
        }
    }

    #[tokio::test]
    async fn it_stays_within_its_bytes_and_zero_keeps_nothing() {
        let cache = AnswerCache::new(100_000);
        for n in 0..=255 {
            cache.get(key(n), made(5_000)).await.unwrap();
        }
        let counts = cache.counts();
        assert!(
            counts.bytes <= 100_000 && counts.evicted > 200 && counts.entries < 20,
            "{counts:?}"
        );
        let none = AnswerCache::new(0);
        none.get(key(1), made(10)).await.unwrap();
        none.get(key(1), made(10)).await.unwrap();
        let counts = none.counts();
        assert_eq!((counts.asked, counts.made, counts.bytes), (2, 2, 0));
    }
}
