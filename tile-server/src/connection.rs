//! One connection as the accept loop watches it: when bytes last moved, and whether a request is under way.

use crate::client::Peer;
use crate::config::Limits;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What one connection has done so far.
pub(crate) struct Activity {
    opened: Instant,
    moved_ms: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A stream that notes when bytes move.
pub(crate) struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
}

/// The routes, for one connection: each request learns its peer and is counted while it is under way.
pub(crate) struct Requests {
    inner: TowerToHyperService<Router>,
    peer: SocketAddr,
    activity: Arc<Activity>,
}

struct UnderWay(Arc<Activity>);

impl Activity {
    /// A connection just opened.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            moved_ms: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        })
    }

    /// Waits until nobody is to be expected at the other end any more: no request began within the time for headers,
    /// or none is under way and nothing has moved for the idle time.
    pub(crate) async fn stalled(&self, limits: &Limits) {
        let step = limits.header_timeout.min(limits.idle_timeout) / 4;
        loop {
            tokio::time::sleep(step).await;
            let (begun, ended) = (self.begun.load(Ordering::Acquire), self.ended.load(Ordering::Acquire));
            let still = self.opened.elapsed().saturating_sub(self.last_moved());
            let mute = begun == 0 && self.opened.elapsed() > limits.header_timeout;
            if mute || (begun == ended && still > limits.idle_timeout) {
                return;
            }
        }
    }

    fn last_moved(&self) -> Duration {
        Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }

    fn moves(&self) {
        self.moved_ms
            .store(self.opened.elapsed().as_millis() as u64, Ordering::Relaxed);
    }
}

impl Watched {
    /// Watches a stream.
    pub(crate) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            self.activity.moves();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if written.is_ready() {
            self.activity.moves();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        if written.is_ready() {
            self.activity.moves();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Requests {
    /// The routes, for the connection of `peer`.
    pub(crate) fn new(router: Router, peer: SocketAddr, activity: Arc<Activity>) -> Self {
        Self {
            inner: TowerToHyperService::new(router),
            peer,
            activity,
        }
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(Peer(self.peer));
        self.activity.begun.fetch_add(1, Ordering::Release);
        let under_way = UnderWay(Arc::clone(&self.activity));
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            drop(under_way);
            answer
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.moves();
        self.0.ended.fetch_add(1, Ordering::Release);
    }
}
