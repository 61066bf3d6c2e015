//! What all requests share.

use crate::cache::AnswerCache;
use crate::changes::Feed;
use crate::config::Config;
use crate::held::Held;
use crate::history::History;
use crate::items::{Counts, MOST_DOWNLOADS, Pins};
use crate::metrics::Metrics;
use crate::opened::Opener;
use crate::past::Past;
use crate::persisted::Persisted;
use crate::pool::Pool;
use crate::published::{Published, PublishedVersion, TouchedLayer, Update, now};
use crate::selections::Selections;
use crate::status::Status;
use crate::touch_map::TouchMap;
use arc_swap::ArcSwapOption;
use serde_json::Value;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{Semaphore, watch};

/// This part of the cache's bytes is for tiles of single layers.
const LAYER_SHARE: u64 = 8;

/// What all requests share.
pub(crate) struct App {
    /// The settings.
    pub config: Config,
    /// The address that is listened on.
    pub listen: SocketAddr,
    /// What is served; none until the store has been read. Changed by [`App::publish`] and [`App::publish_anew`] alone.
    pub published: ArcSwapOption<Published>,
    /// The version of what is served, for those who wait for the next.
    version: watch::Sender<Option<PublishedVersion>>,
    /// Where the store is asked for what the snapshot does not hold.
    pub history: History,
    /// Earlier versions that were asked for.
    pub past: Past,
    /// Layers as they were, for the pages that links lead to.
    pub pins: Pins,
    /// How many features answer which question.
    pub counts: Counts,
    /// What the readers of `/changes` share.
    pub feed: Feed,
    /// The snapshot that the next start begins with.
    pub persisted: Persisted,
    /// How loading and following go.
    pub status: Status,
    /// Ready answers.
    pub cache: AnswerCache,
    /// Tiles of single layers as they are before anything is made of them: what tiles of several have in common.
    pub layer_tiles: AnswerCache,
    /// Which combinations of layers are in the caches.
    pub selections: Selections,
    /// When each tile was last touched.
    pub touches: TouchMap,
    /// Part of what a tag is of, where it holds for this process only.
    pub nonce: u64,
    /// Where answers are computed.
    pub pool: Pool,
    /// What is on its way to clients.
    pub held: Held,
    /// Places for downloads of whole layers.
    pub downloads: Arc<Semaphore>,
    /// What is counted.
    pub metrics: Metrics,
    /// The description of all routes, without the server's address.
    pub api: Value,
}

impl App {
    /// The shared state of a server that listens on `listen` and has nothing to serve yet.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub(crate) fn new(config: Config, listen: SocketAddr, api: Value, opener: &Opener) -> std::io::Result<Arc<Self>> {
        let layer_bytes = config.cache_bytes / LAYER_SHARE;
        let pool = Pool::new(config.limits.render_threads, config.limits.max_queued);
        Ok(Arc::new(Self {
            listen,
            published: ArcSwapOption::empty(),
            version: watch::Sender::new(None),
            history: History::start(&config.store, opener)?,
            past: Past::default(),
            pins: Pins::default(),
            counts: Counts::default(),
            feed: Feed::new(config.limits.max_streams),
            persisted: Persisted::default(),
            status: Status::default(),
            cache: AnswerCache::new(config.cache_bytes - layer_bytes),
            layer_tiles: AnswerCache::new(layer_bytes),
            selections: Selections::default(),
            touches: TouchMap::default(),
            nonce: RandomState::new().hash_one(now().micros()),
            pool: pool.map_err(std::io::Error::other)?,
            held: Held::new(config.limits.max_answer_bytes),
            downloads: Arc::new(Semaphore::new(MOST_DOWNLOADS)),
            metrics: Metrics::default(),
            api,
            config,
        }))
    }

    /// Serves what a store holds from now on, nothing of which is known to be as it was.
    pub(crate) fn publish_anew(&self, published: Published) {
        self.touches.clear();
        self.history.renew();
        let touched = published.layers.iter().map(TouchedLayer::whole).collect();
        self.publish(Update { published, touched });
    }

    /// Serves a later state from now on: takes away the tiles that it touches, and wakes those who wait for it.
    pub(crate) fn publish(&self, update: Update) {
        let Update { published, touched } = update;
        let is_there = |name: &str| published.layer(name).is_some();
        self.touches.note(&touched, published.sequence, is_there);
        // What was rendered before this point is taken away here; what is rendered later is not kept, or is new.
        let removed: u64 = touched.iter().map(|layer| self.forget(layer)).sum();
        self.metrics.invalidated.fetch_add(removed, Ordering::Relaxed);
        self.show(published);
    }

    fn forget(&self, layer: &TouchedLayer) -> u64 {
        let selections = self.selections.holding(&layer.name);
        self.layer_tiles.remove(&selections, &layer.tiles);
        self.cache.remove(&selections, &layer.tiles)
    }

    fn show(&self, published: Published) {
        let version = PublishedVersion {
            epoch: published.epoch().clone(),
            version: published.version(),
        };
        self.published.store(Some(Arc::new(published)));
        self.metrics.published.fetch_add(1, Ordering::Relaxed);
        self.version.send_if_modified(|known| {
            let is_new = known.as_ref() != Some(&version);
            *known = Some(version);
            is_new
        });
    }

    /// The version of what is served, for who wants to be woken by the next; none until the store has been read. When
    /// it is seen here, `published` is at that version already.
    pub(crate) fn version_watch(&self) -> watch::Receiver<Option<PublishedVersion>> {
        self.version.subscribe()
    }
}
