//! `/changes`: what was done to the city, one entry a feature, in the order of versions.
//!
//! Pages of JSON, or a stream of server-sent events for who asks for that. A reader can go on from any place that is
//! kept, and misses nothing: what it reads comes from the store's change log, by version, never from notifications.

mod chunk;
mod cursor;
mod definitions;
mod entry;
mod feed;
mod log;
mod query;
mod read;
mod scope;
mod stream;

pub(crate) use feed::Feed;
pub(crate) use query::PARAMS;

use crate::ask::{Answer, Ask, DependsOn, Freshness, header, open_to_all};
use crate::history::HistoryError;
use crate::links::Link;
use crate::negotiate::prefers_events;
use crate::problem::Problem;
use crate::representation::Representation;
use crate::view::{Audience, View};
use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK, VARY};
use axum::response::Response;
use chunk::Chunk;
use cursor::Place;
use onemap_store::Error;
use query::Wish;
use serde_json::{Value, json};
use std::sync::Arc;

/// The media type of a stream.
pub(crate) const EVENTS: &str = "text/event-stream";

const JSON: &str = "application/json";
/// A page ends early where it would grow beyond this.
const MAX_PAGE_BYTES: usize = 16 << 20;
/// A page ends early where it took this many chunks: most of what they stood for may be hidden from its reader.
const MAX_CHUNKS: usize = 256;

/// A page in the making.
struct Page {
    entries: Vec<Bytes>,
    bytes: usize,
    next: Place,
}

/// `/changes`
pub(crate) async fn changes(ask: Ask) -> Answer {
    let view = ask.view()?;
    let wish = Wish::read(&ask, &view)?;
    let from = wish.begin(&ask, &view).await?;
    if prefers_events(&ask.headers) {
        stream(ask, &view, wish, from).await
    } else {
        page(&ask, &view, &wish, from).await
    }
}

async fn stream(ask: Ask, view: &View, wish: Wish, from: Place) -> Answer {
    let too_many = || Problem::unavailable("as many read the stream of changes as may; try again, or read pages");
    let place = ask.app.feed.place().ok_or_else(too_many)?;
    // Read before anything is said: what is no longer kept is a problem, not a stream that ends.
    let first = follow(&ask, view, &wish, &from).await?;
    let mut response = Response::new(stream::begin(ask.clone(), wish, view, from, first, place));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENTS));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    // nginx would otherwise gather events until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    if view.audience() == Audience::Everybody {
        open_to_all(headers);
    }
    Ok(response)
}

async fn page(ask: &Ask, view: &View, wish: &Wish, from: Place) -> Answer {
    let mut page = Page {
        entries: Vec::new(),
        bytes: 0,
        next: from,
    };
    for _ in 0..MAX_CHUNKS {
        match follow(ask, view, wish, &page.next).await? {
            Some(chunk) if page.take(&chunk, wish.limit) == Room::Left => (),
            _ => break,
        }
    }
    let more = page.next.is_before(view.version());
    let cursor = page.next.cursor(view.epoch());
    let next = ask.url(&format!("/changes?{}", ask.params.with("since", &cursor)));
    let links = [Link::new("next", next, JSON, "What follows, now or later")];
    let head = json!({
        "epoch": view.epoch().as_str(),
        "version": view.version().0,
        "next": cursor,
        "more": more,
        "numberReturned": page.entries.len(),
        "links": links.iter().map(Link::to_json).collect::<Vec<_>>(),
    });
    let coding = ask.coding()?;
    let write = move |_: &crate::pool::Waiting<'_>| Ok(Representation::new(JSON, page.finish(&head), coding));
    let made = ask.app.pool.run(write).await?;
    let mut response = ask.deliver(&made, view.audience(), Freshness::Revalidate, DependsOn::LinksAndType);
    response.headers_mut().insert(LINK, header(&Link::header(&links)));
    Ok(response)
}

/// What follows a place; none where nothing does yet.
async fn follow(ask: &Ask, view: &View, wish: &Wish, from: &Place) -> Result<Option<Arc<Chunk>>, Problem> {
    if !from.is_before(view.version()) {
        return Ok(None);
    }
    let reader = wish.reader(view, view.audience());
    let chunk = ask
        .app
        .feed
        .chunk(&ask.app.history, &reader, from, view.version())
        .await;
    match chunk {
        Ok(chunk) => Ok(Some(chunk)),
        Err(HistoryError::Store(Error::Pruned { oldest })) => {
            let why = format!("what followed version {} is no longer kept", from.version);
            Err(query::gone(ask, view, &why, oldest))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(PartialEq, Eq)]
enum Room {
    Left,
    None,
}

impl Page {
    /// Takes from a chunk what there is room for.
    fn take(&mut self, chunk: &Chunk, limit: usize) -> Room {
        for (place, entry) in chunk.entries() {
            let is_full = self.entries.len() >= limit || self.bytes >= MAX_PAGE_BYTES;
            if is_full {
                return Room::None;
            }
            self.bytes += entry.len();
            self.entries.push(entry);
            self.next = place.clone();
        }
        self.next = chunk.next.clone();
        if self.entries.len() < limit && self.bytes < MAX_PAGE_BYTES {
            Room::Left
        } else {
            Room::None
        }
    }

    /// The whole answer.
    fn finish(self, head: &Value) -> Vec<u8> {
        let mut out = head.to_string().into_bytes();
        // The entries go in before the closing brace.
        out.pop();
        out.reserve(self.bytes + self.entries.len() + 16);
        out.extend_from_slice(b",\"entries\":[");
        for (at, entry) in self.entries.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(entry);
        }
        out.extend_from_slice(b"]}");
        out
    }
}

/// What `/api` says of a page.
pub(crate) fn page_schema() -> Value {
    let range = json!({"type": "array", "items": {"type": "integer"}, "minItems": 5, "maxItems": 5,
        "description": "zoom, first column, first row, last column, last row"});
    let bbox = json!({"type": "array", "items": {"type": "number"}, "nullable": true});
    json!({"type": "object", "required": ["epoch", "version", "next", "more", "entries"], "properties": {
        "epoch": {"type": "string", "description": "The life of the store; another one makes all cursors void"},
        "version": {"type": "integer", "description": "The newest version"},
        "next": {"type": "string", "description": "The cursor after this page, for since= and Last-Event-ID"},
        "more": {"type": "boolean", "description": "Whether there is more at once"},
        "numberReturned": {"type": "integer"},
        "links": {"type": "array", "items": {"type": "object"}},
        "entries": {"type": "array", "items": {"type": "object",
            "required": ["version", "time", "layer", "operation", "cursor"], "properties": {
                "version": {"type": "integer"},
                "time": {"type": "string", "format": "date-time"},
                "layer": {"type": "string"},
                "operation": {"type": "string", "enum": ["insert", "update", "delete", "define"]},
                "exists": {"type": "boolean", "description": "With define: whether the layer is there now"},
                "id": {"type": "string", "description": "The feature's public id"},
                "fid": {"type": "integer"},
                "box": {"type": "object", "properties": {"old": bbox, "new": bbox}},
                "tiles": {"type": "object", "additionalProperties": {"type": "array", "items": range}},
                "new": {"type": "object", "nullable": true},
                "old": {"type": "object", "nullable": true},
                "cursor": {"type": "string", "description": "The cursor after this entry"}}}}}})
}
