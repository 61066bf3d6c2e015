//! What all requests share.

use crate::cache::AnswerCache;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::pool::Pool;
use crate::published::Published;
use crate::status::Status;
use arc_swap::ArcSwapOption;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;

/// What all requests share.
pub(crate) struct App {
    /// The settings.
    pub config: Config,
    /// The address that is listened on.
    pub listen: SocketAddr,
    /// What is served; none until the store has been read.
    pub published: ArcSwapOption<Published>,
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
    pub(crate) fn new(
        config: Config,
        listen: SocketAddr,
        api: Value,
    ) -> Result<Arc<Self>, rayon::ThreadPoolBuildError> {
        Ok(Arc::new(Self {
            listen,
            published: ArcSwapOption::empty(),
            status: Status::default(),
            cache: AnswerCache::new(config.cache_bytes),
            pool: Pool::new(config.limits.render_threads, config.limits.max_queued)?,
            metrics: Metrics::default(),
            api,
            config,
        }))
    }
}
