//! Writing rows by `COPY … FROM STDIN (FORMAT binary)` (PostgreSQL documentation, COPY, "Binary Format").
//!
//! A header, then rows of fields, each with its length, then a trailer. One buffer is filled, and sent in chunks.

use super::connect::Link;
use super::fault::Fault;
use crate::Result;
use bytes::Bytes;
use futures_util::SinkExt;
use std::pin::Pin;
use tokio_postgres::CopyInSink;

/// The signature, no flags, no header extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In place of a count of fields: the end.
const TRAILER: i16 = -1;
/// How much is sent at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Rows on their way into a table.
pub(super) struct CopyIn {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for CopyIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopyIn").finish_non_exhaustive()
    }
}

impl CopyIn {
    /// Begins a copy by its statement. Nothing else can be done with the link until it is finished; dropping it makes the
    /// transaction fail.
    pub fn begin(link: &mut Link, sql: &str) -> Result<Self> {
        let sink = link.call(link.limits().statement, async |client| client.copy_in(sql).await)?;
        Ok(Self {
            sink: Box::pin(sink),
            buffer: [HEADER, &[]].concat(),
        })
    }

    /// Adds a row of `count` fields, which `write` appends by [`null`] and [`field`]. Where it fails, nothing is added.
    pub fn row<E>(&mut self, count: usize, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let start = self.buffer.len();
        let count = i16::try_from(count).expect("a table has at most 1600 columns");
        self.buffer.extend_from_slice(&count.to_be_bytes());
        let written = write(&mut self.buffer);
        if written.is_err() {
            self.buffer.truncate(start);
        }
        written
    }

    /// Sends what has gathered, where that is enough.
    pub fn relieve(&mut self, link: &mut Link) -> Result<()> {
        if self.buffer.len() < CHUNK_BYTES {
            Ok(())
        } else {
            self.send(link)
        }
    }

    /// Ends the copy.
    pub fn finish(mut self, link: &mut Link) -> Result<u64> {
        self.buffer.extend_from_slice(&TRAILER.to_be_bytes());
        self.send(link)?;
        let (bound, sink) = (link.limits().progress, &mut self.sink);
        link.call(bound, async |_| sink.as_mut().finish().await)
    }

    fn send(&mut self, link: &mut Link) -> Result<()> {
        let chunk = Bytes::from(std::mem::replace(
            &mut self.buffer,
            Vec::with_capacity(CHUNK_BYTES * 5 / 4),
        ));
        let (bound, sink) = (link.limits().progress, &mut self.sink);
        let sent = link.tried(bound, async |_| sink.feed(chunk).await);
        match sent {
            Ok(()) => Ok(()),
            // The channel is closed where the server refused what came before: its answer says why.
            Err(Fault::Sql(error)) if error.is_closed() => {
                link.call(bound, async |_| sink.as_mut().finish().await)?;
                Err(Fault::Sql(error).of(link.store()))
            }
            Err(fault) => Err(fault.of(link.store())),
        }
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
