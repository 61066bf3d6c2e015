//! The feed as server-sent events (WHATWG HTML, clause 9.2).
//!
//! Each stream is a task that reads the next chunk only when the connection has taken the last: a slow reader holds one
//! chunk, whatever is waiting for it. Streams that wait for the next version hold nothing.

use super::chunk::{Chunk, mark};
use super::cursor::Place;
use super::query::Wish;
use crate::app::App;
use crate::ask::Ask;
use crate::history::HistoryError;
use crate::view::{Audience, View};
use axum::body::{Body, Bytes};
use hyper::body::Frame;
use onemap_model::Epoch;
use onemap_store::Error;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// A comment is sent where nothing else was for so long, so that nobody between takes the connection for dead.
const HEART_BEAT: Duration = Duration::from_secs(15);
/// When a client comes again after its connection was lost.
const RETRY_MS: u64 = 2000;
/// After a fault of the store it is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// The body of a stream.
struct Events(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = ready!(self.0.poll_recv(cx));
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// One stream.
struct Stream {
    app: Arc<App>,
    ask: Ask,
    wish: Wish,
    /// The life of the store that it began in, and ends with.
    epoch: Epoch,
    /// Who may read it, for as long as it lasts: pages from elsewhere, where everybody may.
    audience: Audience,
    at: Place,
    _place: OwnedSemaphorePermit,
}

/// Begins a stream at a place whose first chunk is there, where anything follows it.
pub(crate) fn begin(
    ask: Ask,
    wish: Wish,
    view: &View,
    at: Place,
    first: Option<Arc<Chunk>>,
    place: OwnedSemaphorePermit,
) -> Body {
    let (sender, receiver) = mpsc::channel(1);
    let mut head = format!("retry: {RETRY_MS}\n\n");
    if at.inside.is_none() {
        head.push_str(&mark(view.epoch(), &at));
    }
    let stream = Stream {
        app: Arc::clone(&ask.app),
        audience: view.audience(),
        epoch: view.epoch().clone(),
        ask,
        wish,
        at,
        _place: place,
    };
    tokio::spawn(async move {
        let app = Arc::clone(&stream.app);
        tokio::select! {
            () = app.feed.closing() => (),
            () = sender.closed() => (),
            _ = stream.run(head.into(), first, &sender) => (),
        }
    });
    Body::new(Events(receiver))
}

impl Stream {
    /// Sends all there is and all that comes; none where the client is gone or the stream cannot go on.
    async fn run(mut self, head: Bytes, first: Option<Arc<Chunk>>, sender: &mpsc::Sender<Bytes>) -> Option<()> {
        let mut watch = self.app.version_watch();
        sender.send(head).await.ok()?;
        if let Some(chunk) = first {
            self.pass(&chunk, sender).await?;
            drop(chunk);
        }
        let heart_beat = HEART_BEAT.min(self.app.config.limits.idle_timeout / 3);
        loop {
            // The room comes first: what waits for a slow reader waits in the store.
            let room = sender.reserve().await.ok()?;
            watch.mark_unchanged();
            // Another life, or other rights: who comes again is answered anew.
            let same = |view: &View| *view.epoch() == self.epoch && view.audience() == self.audience;
            let view = self.ask.view().ok().filter(same)?;
            if self.at.is_before(view.version()) {
                drop(room);
                let reader = self.wish.reader(&view, self.audience);
                let feed = &self.app.feed;
                match feed.chunk(&self.app.history, &reader, &self.at, view.version()).await {
                    Ok(chunk) => self.pass(&chunk, sender).await?,
                    // Who comes again is told.
                    Err(HistoryError::Store(Error::Pruned { .. })) => return None,
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
                continue;
            }
            tokio::select! {
                changed = watch.changed() => changed.ok()?,
                () = tokio::time::sleep(heart_beat) => room.send(Bytes::from_static(b":\n\n")),
            }
        }
    }

    async fn pass(&mut self, chunk: &Chunk, sender: &mpsc::Sender<Bytes>) -> Option<()> {
        self.at = chunk.next.clone();
        // A chunk that has nothing in it for this reader may still end inside a version.
        if chunk.events.is_empty() {
            return Some(());
        }
        sender.send(chunk.events.clone()).await.ok()
    }
}
