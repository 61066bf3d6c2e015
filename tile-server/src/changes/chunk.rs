//! A stretch of the feed, ready to be sent. It is small, so that a thousand slow readers hold little; it is written
//! once, as events, and shared by all who read the same.

use super::cursor::Place;
use super::read::Reader;
use axum::body::Bytes;
use onemap_model::Epoch;
use std::fmt::Write;
use std::ops::Range;

/// A chunk is closed where it has reached this many bytes or entries.
const CHUNK_BYTES: usize = 64 << 10;
const CHUNK_ENTRIES: usize = 256;
/// One look at the store is ended where it has reached this many bytes or entries.
const LOOK_BYTES: usize = 1 << 20;
const LOOK_ENTRIES: usize = 2048;

/// A stretch of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The entries as server-sent events; where a version was read whole, one more event says so.
    pub events: Bytes,
    /// The entries.
    lines: Vec<Line>,
    /// Where the next chunk begins.
    pub next: Place,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// The place after it.
    place: Place,
    /// Where its JSON stands in the events.
    json: Range<usize>,
}

impl Chunk {
    /// The entries as JSON, each with the place after it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Place, Bytes)> {
        let lines = self.lines.iter();
        lines.map(|line| (&line.place, self.events.slice(line.json.clone())))
    }

    /// How much memory it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        const LINE_BYTES: usize = size_of::<Line>() + 16;
        size_of::<Self>() + self.events.len() + self.lines.len() * LINE_BYTES
    }
}

/// The event that says how far its reader has come.
pub(crate) fn mark(epoch: &Epoch, place: &Place) -> String {
    let version = place.version;
    let cursor = place.cursor(epoch);
    format!("id: {cursor}\nevent: version\ndata: {{\"version\":{version}}}\n\n")
}

/// Chunks in the making.
pub(crate) struct Chunks<'r> {
    reader: &'r Reader,
    closed: Vec<(Place, Chunk)>,
    /// Where the open chunk begins.
    start: Place,
    /// How far it has come.
    at: Place,
    events: String,
    lines: Vec<Line>,
    bytes: usize,
    entries: usize,
}

impl<'r> Chunks<'r> {
    /// Begins at a place.
    pub(crate) fn new(reader: &'r Reader, from: &Place) -> Self {
        Self {
            reader,
            closed: Vec::new(),
            start: from.clone(),
            at: from.clone(),
            events: String::new(),
            lines: Vec::new(),
            bytes: 0,
            entries: 0,
        }
    }

    /// Goes on to `place`, with the entry that `write` gives for its cursor, where it gives any.
    pub(crate) fn push(&mut self, place: Place, write: impl FnOnce(&str) -> Option<String>) {
        let cursor = place.cursor(&self.reader.epoch);
        if let Some(json) = write(&cursor) {
            if self.events.len() >= CHUNK_BYTES || self.lines.len() >= CHUNK_ENTRIES {
                self.close();
            }
            let _ = write!(self.events, "id: {cursor}\ndata: ");
            let begin = self.events.len();
            self.events.push_str(&json);
            self.lines.push(Line {
                place: place.clone(),
                json: begin..self.events.len(),
            });
            self.events.push_str("\n\n");
            self.bytes += json.len();
            self.entries += 1;
        }
        self.at = place;
    }

    /// Says that everything before `place` was read.
    pub(crate) fn reached(&mut self, place: Place) {
        self.at = place;
    }

    /// Whether it is time to send what there is.
    pub(crate) fn is_enough(&self) -> bool {
        self.bytes >= LOOK_BYTES || self.entries >= LOOK_ENTRIES
    }

    /// The chunks, each with the place where it begins.
    pub(crate) fn finish(mut self) -> Vec<(Place, Chunk)> {
        self.close();
        self.closed
    }

    fn close(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        if self.at.inside.is_none() {
            events.push_str(&mark(&self.reader.epoch, &self.at));
        }
        let chunk = Chunk {
            events: events.into(),
            lines: std::mem::take(&mut self.lines),
            next: self.at.clone(),
        };
        let start = std::mem::replace(&mut self.start, self.at.clone());
        self.closed.push((start, chunk));
    }
}
