//! What all requests share.

use crate::cache::AnswerCache;
use crate::changes::Feed;
use crate::config::Config;
use crate::history::History;
use crate::metrics::Metrics;
use crate::opened::Opener;
use crate::pool::Pool;
use crate::published::{Published, PublishedVersion};
use crate::status::Status;
use arc_swap::ArcSwapOption;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// What all requests share.
pub(crate) struct App {
    /// The settings.
    pub config: Config,
    /// The address that is listened on.
    pub listen: SocketAddr,
    /// What is served; none until the store has been read. Changed by [`App::publish`] alone.
    pub published: ArcSwapOption<Published>,
    /// The version of what is served, for those who wait for the next.
    version: watch::Sender<Option<PublishedVersion>>,
    /// Where the store is asked for what the snapshot does not hold.
    pub history: History,
    /// What the readers of `/changes` share.
    pub feed: Feed,
    /// How loading and following go.
    pub status: Status,
    /// Ready answers.
    pub cache: AnswerCache,
    /// Where answers are computed.
    pub pool: Pool,
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
        let pool = Pool::new(config.limits.render_threads, config.limits.max_queued);
        Ok(Arc::new(Self {
            listen,
            published: ArcSwapOption::empty(),
            version: watch::Sender::new(None),
            history: History::start(&config.store, opener)?,
            feed: Feed::new(config.limits.max_streams),
            status: Status::default(),
            cache: AnswerCache::new(config.cache_bytes),
            pool: pool.map_err(std::io::Error::other)?,
            metrics: Metrics::default(),
            api,
            config,
        }))
    }

    /// Serves `published` from now on, and wakes those who wait for its version.
    pub(crate) fn publish(&self, published: Published) {
        let version = PublishedVersion {
            epoch: published.snapshot.epoch().clone(),
            version: published.snapshot.version(),
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
