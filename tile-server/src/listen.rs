//! The accept loop: connections with bounds on their number, their headers and their idleness, and a graceful end.
//!
//! hyper's own timer bounds how long the headers of a request may take; the watch over each connection bounds what
//! hyper does not: a connection on which no request ever begins, and one on which nothing moves.

use crate::app::App;
use crate::config::Limits;
use crate::connection::{Activity, Requests, Watched};
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest head of a request.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// The most header fields of a request.
const MAX_HEADERS: usize = 100;
/// Requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 32;

/// Serves `router` until `stop` is ready, then lets requests under way finish within the limit.
pub(crate) async fn serve(listener: TcpListener, router: Router, app: Arc<App>, stop: impl Future<Output = ()>) {
    let limits = &app.config.limits;
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        let open = Open::count(Arc::clone(&app), place);
        tokio::spawn(converse(stream, peer, router.clone(), graceful.watcher(), open));
    }
    drop(listener);
    app.feed.close();
    if tokio::time::timeout(limits.stop_timeout, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("stopped with requests still under way");
    }
}

/// Waits for a place, then for a connection.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                // Out of file descriptors, most likely: wait for some to be given back.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Answers requests on one connection until it ends, stalls, or the server stops.
async fn converse(stream: TcpStream, peer: SocketAddr, router: Router, watcher: Watcher, open: Open) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "connection without TCP_NODELAY");
    }
    let limits = &open.app.config.limits;
    let (builder, activity) = (builder(limits), Activity::new());
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
    let requests = Requests::new(router, peer, Arc::clone(&activity));
    let connection = builder.serve_connection(io, requests).into_owned();
    tokio::select! {
        ended = watcher.watch(connection) => {
            if let Err(error) = ended {
                tracing::debug!(%peer, error, "connection ended");
            }
        }
        () = activity.stalled(limits) => tracing::debug!(%peer, "idle connection closed"),
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(limits.idle_timeout)
        .keep_alive_timeout(limits.header_timeout);
    builder
}

/// Counts a connection, and keeps its place, for as long as it is open.
struct Open {
    app: Arc<App>,
    _place: OwnedSemaphorePermit,
}

impl Open {
    fn count(app: Arc<App>, place: OwnedSemaphorePermit) -> Self {
        app.metrics.connections.fetch_add(1, Ordering::Relaxed);
        Self { app, _place: place }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.app.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
