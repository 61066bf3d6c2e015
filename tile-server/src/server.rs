//! A server from its settings to its end.

use crate::app::App;
use crate::config::Config;
use crate::follow::{Failure, Follower};
use crate::opened::Opener;
use crate::{listen, openapi, persisted, routes};
use onemap_store::{OpenMode, Store};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A server that listens already but answers only from [`Server::run`] on.
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    opener: Opener,
}

/// Why a server cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The system gives no threads.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] onemap_store::Error),
    /// The thread that follows the store panicked again and again.
    #[error("the thread that follows the store fails again and again; its last words are above")]
    Follower,
}

impl Server {
    /// Begins to listen, for the store that the settings name.
    ///
    /// # Errors
    /// [`ServeError::Listen`], [`ServeError::Threads`].
    pub async fn bind(config: Config) -> Result<Self, ServeError> {
        let (store, mode) = (config.store.clone(), config.open);
        let is_migrated = AtomicBool::new(false);
        let opener = move || {
            let again = is_migrated.load(Ordering::Relaxed);
            let opened = onemap_store::open(&store, if again { OpenMode::Existing } else { mode })?;
            is_migrated.store(true, Ordering::Relaxed);
            Ok(opened)
        };
        Self::bind_for(config, opener).await
    }

    /// As [`Server::bind`], for a store that `opener` opens, at the start and again whenever it was lost.
    ///
    /// # Errors
    /// [`ServeError::Listen`], [`ServeError::Threads`].
    pub async fn bind_for<O>(config: Config, opener: O) -> Result<Self, ServeError>
    where
        O: Fn() -> onemap_store::Result<Box<dyn Store>> + Send + Sync + 'static,
    {
        let address = config.listen;
        let failed = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let api = openapi::describe(&routes::table());
        let opener: Opener = Arc::new(opener);
        let app = App::new(config, bound, api, &opener).map_err(|error| ServeError::Threads(error.to_string()))?;
        Ok(Self { app, listener, opener })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.app.listen
    }

    /// The address that links begin with, where the request says nothing else.
    pub fn url(&self) -> String {
        let own = || format!("http://{}", self.app.listen);
        self.app
            .config
            .public_url
            .as_ref()
            .map_or_else(own, ToString::to_string)
    }

    /// Loads the store and answers requests, `/health/live` at once and the rest when the store has been read, until
    /// `stop` is ready; then lets requests under way finish.
    ///
    /// # Errors
    /// [`ServeError::Store`] where the store cannot be opened or read at the start.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        tokio::spawn(announce(Arc::clone(&self.app), self.url()));
        let (fail, failed) = oneshot::channel();
        let on_failure = Box::new(move |error| {
            // Where the server is gone already, nobody needs to know.
            let _ = fail.send(error);
        });
        let (app, opener) = (Arc::clone(&self.app), Arc::clone(&self.opener));
        let follower = Follower::start(Arc::clone(&self.app), self.opener, on_failure);
        let follower = follower.map_err(|error| ServeError::Threads(error.to_string()))?;
        let mut failure = None;
        let stop = async {
            tokio::select! {
                () = stop => (),
                // Where the thread is gone without a word, that is a fault too.
                failed = failed => failure = Some(failed.unwrap_or(Failure::Fault)),
            }
        };
        let router = routes::router(Arc::clone(&self.app));
        listen::serve(self.listener, router, self.app, stop).await;
        follower.stop();
        // Where that thread panics there is no snapshot, which is no reason to fail.
        let _ = tokio::task::spawn_blocking(move || persisted::keep_last(&app, &opener)).await;
        match failure {
            None => Ok(()),
            Some(Failure::Store(error)) => Err(error.into()),
            Some(Failure::Fault) => Err(ServeError::Follower),
        }
    }
}

/// Says in the log that the map is there, as soon as it is.
async fn announce(app: Arc<App>, url: String) {
    let mut watch = app.version_watch();
    if let Ok(served) = watch.wait_for(Option::is_some).await {
        let version = served.as_ref().map_or(0, |served| served.version.0);
        let (store, address) = (app.config.store_shown(), app.listen);
        tracing::info!(
            version,
            "serving {store} on http://{address}; the map is at {url}/map, the API at {url}/api"
        );
    }
}
