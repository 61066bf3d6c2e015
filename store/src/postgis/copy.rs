//! Writing rows by `COPY … FROM STDIN (FORMAT binary)` (PostgreSQL documentation, COPY, "Binary Format").
//!
//! A header, then rows of fields, each with its length, then a trailer. Rows are gathered into pieces, each a copy of its
//! own for every table that gets them. A thread sends one piece while the next is gathered: whoever makes the rows need not
//! wait for the server that stores them.

use super::connect::Link;
use super::fault::{Fault, Inner};
use crate::Result;
use bytes::Bytes;
use futures_util::SinkExt;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_postgres::{Client, Statement};

/// The signature, no flags, no header extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In place of a count of fields: the end.
const TRAILER: i16 = -1;
/// How much is gathered for one table before it is sent.
const PIECE_BYTES: usize = 1 << 20;
/// How much of it is sent at once.
const CHUNK_BYTES: usize = 64 << 10;
/// How many pieces wait at most while another is sent.
const WAITING: usize = 1;

/// A table that gets the rows.
#[derive(Debug)]
pub(super) struct Into {
    /// The statement that begins a copy.
    pub statement: String,
    /// Fields of this table alone, which end each of its rows.
    pub last: Vec<i64>,
}

/// Rows on their way into tables.
pub(super) struct CopyIn {
    tables: Vec<Gathered>,
    row: Vec<u8>,
    pieces: Option<mpsc::Sender<Vec<Bytes>>>,
    thread: Option<JoinHandle<Inner<()>>>,
}

/// What was gathered for one table.
struct Gathered {
    /// How many fields its rows have beyond those that all have, and their bytes.
    beyond: i16,
    tail: Vec<u8>,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for CopyIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopyIn").finish_non_exhaustive()
    }
}

impl CopyIn {
    /// Begins to copy rows into `tables`. Nothing else can be done with the link until it is finished or dropped; what was
    /// not finished makes no sense but in a transaction that is rolled back.
    pub fn begin(link: &Link, tables: Vec<Into>) -> Result<Self> {
        let background = link.background()?;
        let gathered = tables.iter().map(Gathered::new).collect();
        let statements: Vec<String> = tables.into_iter().map(|table| table.statement).collect();
        let (pieces, waiting) = mpsc::channel(WAITING);
        let bounds = (link.limits().statement, link.limits().progress);
        let thread = std::thread::Builder::new().name("copy".to_owned());
        let thread =
            thread.spawn(move || background.run(async |client| send_all(client, &statements, waiting, bounds).await));
        Ok(Self {
            tables: gathered,
            row: Vec::new(),
            pieces: Some(pieces),
            thread: Some(thread.map_err(|error| link.cannot("a thread that sends rows", error))?),
        })
    }

    /// Adds a row of `count` fields, which `write` appends by [`null`] and [`field`]. Where it fails, nothing is added.
    pub fn row<E>(&mut self, count: usize, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let count = i16::try_from(count).expect("a table has at most 1600 columns");
        self.row.clear();
        write(&mut self.row)?;
        for table in &mut self.tables {
            table.buffer.extend_from_slice(&(count + table.beyond).to_be_bytes());
            table.buffer.extend_from_slice(&self.row);
            table.buffer.extend_from_slice(&table.tail);
        }
        Ok(())
    }

    /// Sends what has gathered, where that is enough.
    pub fn relieve(&mut self, link: &mut Link) -> Result<()> {
        if self.tables[0].buffer.len() < PIECE_BYTES {
            return Ok(());
        }
        self.send(link)
    }

    /// Ends the copy: all rows are in their tables.
    pub fn finish(mut self, link: &mut Link) -> Result<()> {
        if self.tables[0].buffer.len() > HEADER.len() {
            self.send(link)?;
        }
        self.ended(link)
    }

    fn send(&mut self, link: &mut Link) -> Result<()> {
        let piece = self.tables.iter_mut().map(Gathered::take).collect();
        let sent = self.pieces.as_ref().map(|pieces| pieces.blocking_send(piece));
        match sent {
            Some(Ok(())) => Ok(()),
            // The thread has ended before its time: it says why.
            _ => {
                self.ended(link)?;
                link.judged(Err(Fault::Lost("sending rows ended early".to_owned())))
            }
        }
    }

    /// Waits until the thread has sent all that it was given.
    fn ended(&mut self, link: &mut Link) -> Result<()> {
        self.pieces = None;
        let outcome = match self.thread.take() {
            Some(thread) => thread
                .join()
                .unwrap_or_else(|_| Err(Fault::Lost("sending rows failed".to_owned()))),
            None => Err(Fault::Lost("the copy has ended already".to_owned())),
        };
        link.judged(outcome)
    }
}

impl Drop for CopyIn {
    fn drop(&mut self) {
        self.pieces = None;
        if let Some(thread) = self.thread.take() {
            // Whoever drops it has given up, and rolls back.
            let _ = thread.join();
        }
    }
}

impl Gathered {
    fn new(table: &Into) -> Self {
        let mut tail = Vec::new();
        for number in &table.last {
            tail.extend_from_slice(&8_i32.to_be_bytes());
            tail.extend_from_slice(&number.to_be_bytes());
        }
        Self {
            beyond: i16::try_from(table.last.len()).expect("the statement names few columns"),
            tail,
            buffer: HEADER.to_vec(),
        }
    }

    /// The piece that was gathered, whole.
    fn take(&mut self) -> Bytes {
        self.buffer.extend_from_slice(&TRAILER.to_be_bytes());
        let mut next = Vec::with_capacity(self.buffer.len() + CHUNK_BYTES);
        next.extend_from_slice(HEADER);
        Bytes::from(std::mem::replace(&mut self.buffer, next))
    }
}

/// Sends pieces as they come, each into every table.
async fn send_all(
    client: &Client,
    statements: &[String],
    mut pieces: mpsc::Receiver<Vec<Bytes>>,
    (statement, progress): (Duration, Duration),
) -> Inner<()> {
    let mut prepared = Vec::new();
    for sql in statements {
        prepared.push(within(statement, client.prepare(sql)).await?);
    }
    while let Some(piece) = pieces.recv().await {
        for (copy, bytes) in prepared.iter().zip(piece) {
            send(client, copy, bytes, progress).await?;
        }
    }
    Ok(())
}

async fn send(client: &Client, copy: &Statement, mut bytes: Bytes, bound: Duration) -> Inner<()> {
    let sink = within(bound, client.copy_in::<_, Bytes>(copy)).await?;
    let mut sink = std::pin::pin!(sink);
    while !bytes.is_empty() {
        let chunk = bytes.split_to(bytes.len().min(CHUNK_BYTES));
        match within(bound, sink.feed(chunk)).await {
            Ok(()) => {}
            // The channel is closed where the server refused what came before: its answer says why.
            Err(Fault::Sql(error)) if error.is_closed() => {
                within(bound, sink.as_mut().finish()).await?;
                return Err(Fault::Sql(error));
            }
            Err(fault) => return Err(fault),
        }
    }
    within(bound, sink.as_mut().finish()).await.map(drop)
}

async fn within<T>(bound: Duration, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Inner<T> {
    match tokio::time::timeout(bound, work).await {
        Ok(outcome) => outcome.map_err(Fault::Sql),
        Err(_) => Err(Fault::Lost(format!("no answer within {} s", bound.as_secs_f32()))),
    }
}

/// Appends a null.
pub(super) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}

/// Appends a field, whose bytes `write` appends.
pub(super) fn field<E>(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out)?;
    // More than two gigabytes are more than PostgreSQL takes: it refuses the row by this length.
    let length = i32::try_from(out.len() - at - 4).unwrap_or(i32::MAX);
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}
