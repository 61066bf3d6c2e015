//! `/collections/{layer}/download`: all features that answer a question in one streamed answer, at one version.
//!
//! The snapshot is held until the last byte is written, so a commit meanwhile changes nothing. Each download has a thread
//! of its own, for it waits for its reader: it holds two pieces of what is written, a reader who does not take one in
//! time is let go, and there are only so many downloads at a time.

use super::params::{DOWNLOAD_PARAMS, PARAMS};
use super::pins;
use super::query::PageQuery;
use super::selection::Selection;
use crate::ask::{Answer, Ask, header, open_to_all};
use crate::formats::{Foot, Format, Sink, Times};
use crate::parameter::Parameter;
use crate::params::{self, encode};
use crate::pool::Waiting;
use crate::problem::Problem;
use crate::view::Audience;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, VARY};
use axum::http::{HeaderName, HeaderValue, Response};
use hyper::body::Frame;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

/// Downloads at a time; further ones are refused with 503.
pub(crate) const MOST_DOWNLOADS: usize = 8;
/// What is written before it is passed on.
const PIECE_BYTES: usize = 128 << 10;

/// A piece of the answer, or why there is no more.
type Piece = Result<Bytes, Problem>;

/// The body of a download.
struct Pieces {
    first: Option<Bytes>,
    rest: mpsc::Receiver<Piece>,
}

/// Passes pieces on to the connection, and waits for it.
struct Pipe {
    gathered: Vec<u8>,
    pieces: mpsc::Sender<Piece>,
    runtime: Handle,
    patience: Duration,
}

/// What a download's thread works on.
struct Work {
    query: PageQuery,
    format: Format,
    pipe: Pipe,
    _place: OwnedSemaphorePermit,
}

/// Answers with all features of a layer that answer a question, as a file.
pub(crate) async fn download(ask: Ask, Path(name): Path<String>) -> Answer {
    let format = Format::of(&ask)?;
    if format == Format::Html {
        return Err(Problem::bad_request(
            "f: a download is a file, not a page: choose another format",
        ));
    }
    // What is of pages only would be let pass with the parameters of pages, and mean nothing.
    let of_pages = |page: &&Parameter| DOWNLOAD_PARAMS.iter().all(|own| own.name != page.name);
    if let Some(page) = PARAMS
        .iter()
        .filter(of_pages)
        .find(|page| ask.params.get(page.name).is_some())
    {
        return Err(params::unknown(page.name, DOWNLOAD_PARAMS));
    }
    let view = pins::view(&ask, &name).await?;
    let layer = view.layer(&name)?.clone();
    let audience = view.audience_of([&layer]);
    let mut query = PageQuery::read(&ask, layer, view.epoch(), view.now())?;
    // All of it; the vector of features is the only thing that grows with that.
    query.limit = u64::from(u32::MAX);
    let content_crs = query.look.crs.content_crs();
    let file = query.layer.name().to_owned();
    let place = Arc::clone(&ask.app.downloads).try_acquire_owned();
    let full = |_| Problem::unavailable(format!("{MOST_DOWNLOADS} downloads are under way; try again"));
    let (pieces, mut receiver) = mpsc::channel(1);
    let pipe = Pipe {
        gathered: Vec::new(),
        pieces,
        runtime: Handle::current(),
        patience: ask.app.config.limits.idle_timeout,
    };
    let work = Work {
        query,
        format,
        pipe,
        _place: place.map_err(full)?,
    };
    let (told, matched) = oneshot::channel();
    let thread = std::thread::Builder::new().name("download".to_owned());
    thread.spawn(move || work.run(told)).map_err(|_| Problem::fault())?;
    let matched = matched.await.map_err(|_| Problem::fault())??;
    // Not before the first piece is it known whether there is an answer at all.
    let first = receiver.recv().await.ok_or_else(Problem::fault)??;
    let mut response = Response::new(Body::new(Pieces {
        first: Some(first),
        rest: receiver,
    }));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(CONTENT_DISPOSITION, disposition(&file, format));
    headers.insert(super::CONTENT_CRS, header(&content_crs));
    headers.insert(HeaderName::from_static("ogc-numbermatched"), matched.into());
    headers.insert(HeaderName::from_static("ogc-numberreturned"), matched.into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    if audience == Audience::Everybody {
        open_to_all(headers);
    }
    Ok(response)
}

/// What a file is called (RFC 6266): in letters that all clients know, and as it is.
pub(super) fn disposition(layer: &str, format: Format) -> HeaderValue {
    let name = format!("{layer}.{}", format.extension());
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() { c } else { '_' })
        .collect();
    header(&format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        encode(&name)
    ))
}

impl Work {
    fn run(self, told: oneshot::Sender<Result<u64, Problem>>) {
        let sender = self.pipe.pieces.clone();
        let written = catch_unwind(AssertUnwindSafe(|| self.write(told)));
        // The panic itself was printed by the hook.
        if let Err(problem) = written.unwrap_or_else(|_| Err(Problem::fault())) {
            let _ = sender.blocking_send(Err(problem));
        }
    }

    fn write(mut self, told: oneshot::Sender<Result<u64, Problem>>) -> Result<(), Problem> {
        let sender = self.pipe.pieces.clone();
        let is_over = || sender.is_closed();
        let waiting = Waiting::new(&is_over);
        let query = &self.query;
        let when = |span| query.when.meets(span);
        let picked = Selection::new(query, &when, &waiting).and_then(|selection| selection.pick());
        let picked = match picked {
            Ok(picked) => picked,
            Err(problem) => {
                let _ = told.send(Err(problem));
                return Ok(());
            }
        };
        let matched = picked.features.len() as u64;
        let _ = told.send(Ok(matched));
        let mut shown = query.look.of(query.layer.definition());
        if query.layer.is_timed() {
            shown.times = Times::Columns;
        }
        let mut writer = self.format.writer(&mut self.pipe, shown)?;
        for feature in &picked.features {
            if waiting.is_over() {
                return Ok(());
            }
            writer.feature(feature, None)?;
        }
        let matched = Some(matched);
        writer.finish(&Foot { matched, links: &[] })?;
        // Where the reader is gone there is nobody to tell.
        let _ = self.pipe.flush();
        Ok(())
    }
}

impl Pipe {
    fn pass_on(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.gathered));
        let send = async { tokio::time::timeout(self.patience, self.pieces.send(Ok(piece))).await };
        // The runtime's clock is asked, its threads are not: this one waits.
        match self.runtime.block_on(send) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// What is gathered when it is dropped is not passed on: then something failed, and there is an error to be told.
impl Sink for Pipe {}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = &bytes[..bytes.len().min(PIECE_BYTES)];
        self.gathered.extend_from_slice(taken);
        if self.gathered.len() >= PIECE_BYTES {
            self.pass_on()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            Ok(())
        } else {
            self.pass_on()
        }
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        self.rest.poll_recv(cx).map(|piece| {
            // The connection is broken off, so that nobody takes a part for the whole.
            let broken = |_| io::Error::other("the download could not be finished");
            piece.map(|piece| piece.map(Frame::data).map_err(broken))
        })
    }
}
