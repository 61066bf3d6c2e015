//! What of an archive is safely on the disk, so that a run that was stopped goes on where it was.
//!
//! The journal lies beside the archive. It begins with what the run is of; each batch after that tells tiles whose content
//! had reached the disk before, and has a checksum: one that was cut off counts as not there.

use super::ExportError;
use onemap_model::Instant;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"onemapJ1";
const RECORD_BYTES: usize = 36;
/// Batches that claim more are not ours.
const MOST_RECORDS: u32 = 1 << 24;

/// A tile that was written, or found empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// The tile's number.
    pub tile: u64,
    /// Where its content begins, from the beginning of the contents.
    pub offset: u64,
    /// The length of its content; 0 where it is empty.
    pub length: u32,
    /// The hash of its content before compression.
    pub hash: u128,
}

/// An open journal, which no other process writes.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

/// A journal, and what an earlier run wrote.
pub(super) struct Opened {
    /// The journal.
    pub journal: Journal,
    /// What the earlier run wrote.
    pub records: Vec<Record>,
    /// The moment that the run is of.
    pub now: Instant,
}

impl Journal {
    /// Opens the journal of a run of `what`, and reads what an earlier run of the same wrote; begins anew where there is
    /// none, or it is of something else. A run that goes on is of the moment at which it began, one that begins is of `now`.
    ///
    /// # Errors
    /// [`ExportError::Locked`] where another process writes it, [`ExportError::Io`].
    pub fn open(path: &Path, what: &[u8], now: Instant) -> Result<Opened, ExportError> {
        let failed = |error| ExportError::io(path, error);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ExportError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let head = [MAGIC, &(what.len() as u32).to_le_bytes()[..], what].concat();
        let earlier = read(&mut file, &head).map_err(failed)?;
        let begun = earlier.is_some();
        let (now, records, end) = earlier.unwrap_or((now, Vec::new(), 0));
        file.set_len(end).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        if !begun {
            let head = [head, now.micros().to_le_bytes().to_vec()].concat();
            file.write_all(&head).map_err(failed)?;
        }
        let path = path.to_owned();
        let journal = Self { path, file };
        Ok(Opened { journal, records, now })
    }

    /// Forgets all records.
    pub fn clear(&mut self, what: &[u8]) -> Result<(), ExportError> {
        let end = (MAGIC.len() + 4 + what.len() + 8) as u64;
        let cleared = self.file.set_len(end).and_then(|()| self.file.seek(SeekFrom::End(0)));
        cleared.map(drop).map_err(|error| ExportError::io(&self.path, error))
    }

    /// Adds records of tiles whose content is on the disk; they are when this is done.
    pub fn add(&mut self, records: &[Record]) -> Result<(), ExportError> {
        let mut batch = (records.len() as u32).to_le_bytes().to_vec();
        for record in records {
            batch.extend(record.tile.to_le_bytes());
            batch.extend(record.offset.to_le_bytes());
            batch.extend(record.length.to_le_bytes());
            batch.extend(record.hash.to_le_bytes());
        }
        batch.extend(xxh3_64(&batch).to_le_bytes());
        let written = self.file.write_all(&batch).and_then(|()| self.file.sync_data());
        written.map_err(|error| ExportError::io(&self.path, error))
    }

    /// Takes the journal away: the archive is complete.
    pub fn remove(self) -> Result<(), ExportError> {
        std::fs::remove_file(&self.path).map_err(|error| ExportError::io(&self.path, error))
    }
}

/// The moment, the records, and where the last whole batch ends; none where the file is of something else.
fn read(file: &mut File, head: &[u8]) -> std::io::Result<Option<(Instant, Vec<Record>, u64)>> {
    let mut file = std::io::BufReader::new(file);
    let mut found = vec![0; head.len() + 8];
    if !fill(&mut file, &mut found)? || found[..head.len()] != *head {
        return Ok(None);
    }
    let micros = found[head.len()..].try_into().expect("these are eight bytes");
    let Ok(now) = Instant::from_micros(i64::from_le_bytes(micros)) else {
        return Ok(None);
    };
    let (mut records, mut end) = (Vec::new(), found.len() as u64);
    while let Some(batch) = read_batch(&mut file)? {
        end += batch.len() as u64;
        records.extend(batch[4..batch.len() - 8].chunks_exact(RECORD_BYTES).map(Record::of));
    }
    Ok(Some((now, records, end)))
}

/// The next batch, whole and sound; none where there is no such.
fn read_batch(file: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut batch = vec![0; 4];
    if !fill(file, &mut batch)? {
        return Ok(None);
    }
    let count = u32::from_le_bytes(batch[..4].try_into().expect("these are four bytes"));
    if count > MOST_RECORDS {
        return Ok(None);
    }
    batch.resize(4 + count as usize * RECORD_BYTES + 8, 0);
    if !fill(file, &mut batch[4..])? {
        return Ok(None);
    }
    let (content, sum) = batch.split_at(batch.len() - 8);
    Ok((xxh3_64(content).to_le_bytes() == sum).then_some(batch))
}

fn fill(file: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

impl Record {
    fn of(bytes: &[u8]) -> Self {
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("these are eight bytes"));
        Self {
            tile: number(0),
            offset: number(8),
            length: u32::from_le_bytes(bytes[16..20].try_into().expect("these are four bytes")),
            hash: u128::from(number(20)) | u128::from(number(28)) << 64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_whole_comes_back_and_what_was_cut_off_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let record = |tile| Record {
            tile,
            offset: tile * 10,
            length: 10,
            hash: u128::MAX - u128::from(tile),
        };
        let moment = |micros| Instant::from_micros(micros).unwrap();
        let open = |what: &[u8], micros| Journal::open(&path, what, moment(micros)).unwrap();
        let mut first = open(b"a", 7);
        assert!(first.records.is_empty());
        first.journal.add(&[record(1), record(2)]).unwrap();
        first.journal.add(&[record(3)]).unwrap();
        let second = Journal::open(&path, b"a", moment(8));
        assert!(matches!(second, Err(ExportError::Locked { .. })));
        drop(first);
        let again = open(b"a", 8);
        assert_eq!(
            (again.records, again.now),
            (vec![record(1), record(2), record(3)], moment(7))
        );
        drop(again.journal);
        let length = std::fs::metadata(&path).unwrap().len();
        OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(length - 1)
            .unwrap();
        let mut cut = open(b"a", 9);
        assert_eq!(cut.records, [record(1), record(2)]);
        cut.journal.add(&[record(4)]).unwrap();
        drop(cut);
        assert_eq!(open(b"a", 9).records, [record(1), record(2), record(4)]);
        open(b"a", 9).journal.clear(b"a").unwrap();
        let cleared = open(b"a", 9);
        assert!(cleared.records.is_empty() && cleared.now == moment(7));
        drop(cleared);
        let other = open(b"b", 9);
        assert!(
            other.records.is_empty() && other.now == moment(9),
            "it is of something else"
        );
        other.journal.remove().unwrap();
        assert!(!path.exists());
    }
}
