//! What all readers of the feed share: chunks that were read lately, how the layers were defined, and the number of
//! streams there may be.

use super::chunk::Chunk;
use super::cursor::Place;
use super::definitions::Definitions;
use super::read::{Reader, read};
use crate::history::{History, HistoryError};
use onemap_model::Version;
use onemap_store::Error;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// What is kept of the chunks that were read lately: enough for all who read the newest, and for some who catch up.
const KEPT_BYTES: u64 = 32 << 20;
const TYPICAL_BYTES: u64 = 4 << 10;

/// What all readers of the feed share.
pub(crate) struct Feed {
    lately: Arc<Cache<(Reader, Place), Arc<Chunk>, ByBytes>>,
    definitions: Arc<Definitions>,
    streams: Arc<Semaphore>,
    closed: watch::Sender<bool>,
    /// How often the store was read.
    reads: AtomicU64,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<(Reader, Place), Arc<Chunk>> for ByBytes {
    fn weight(&self, _: &(Reader, Place), chunk: &Arc<Chunk>) -> u64 {
        const KEY_BYTES: usize = 200;
        (chunk.bytes() + KEY_BYTES) as u64
    }
}

impl Feed {
    /// A feed with room for some streams at a time.
    pub(crate) fn new(max_streams: usize) -> Self {
        let items = (KEPT_BYTES / TYPICAL_BYTES) as usize;
        Self {
            lately: Arc::new(Cache::with_weighter(items, KEPT_BYTES, ByBytes)),
            definitions: Arc::default(),
            streams: Arc::new(Semaphore::new(max_streams)),
            closed: watch::Sender::new(false),
            reads: AtomicU64::new(0),
        }
    }

    /// What follows a place that is before the version `upto`. It is read from the store once, however many ask.
    ///
    /// # Errors
    /// What the store gives.
    pub(crate) async fn chunk(
        &self,
        history: &History,
        reader: &Reader,
        from: &Place,
        upto: Version,
    ) -> Result<Arc<Chunk>, HistoryError> {
        let key = (reader.clone(), from.clone());
        let make = async {
            self.reads.fetch_add(1, Ordering::Relaxed);
            let (definitions, (reader, from)) = (Arc::clone(&self.definitions), key.clone());
            let chunks = history.run(move |store| {
                if *store.epoch() != reader.epoch {
                    // The follower will find out what it is now; until then nothing can be said.
                    return Err(Error::Unreachable {
                        store: "the store".to_owned(),
                        reason: format!("it is in the life {}, and {} is served", store.epoch(), reader.epoch),
                    });
                }
                read(store, &definitions, &reader, &from, upto)
            });
            let mut chunks = chunks.await?.into_iter();
            let (_, first) = chunks.next().ok_or(HistoryError::Fault)?;
            for (place, ahead) in chunks {
                self.lately.insert((key.0.clone(), place), Arc::new(ahead));
            }
            Ok(Arc::new(first))
        };
        self.lately.get_or_insert_async(&key, make).await
    }

    /// A place for one more stream; none where there are as many as may be.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.streams).try_acquire_owned().ok()
    }

    /// Ends all streams.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Waits until the streams are to end.
    pub(crate) async fn closing(&self) {
        // The sender is in the same place as this.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// How many more streams there may be.
    pub(crate) fn free_places(&self) -> usize {
        self.streams.available_permits()
    }

    /// How often the store was read.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}
