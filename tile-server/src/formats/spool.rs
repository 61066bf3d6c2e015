//! What a form must know whole before it can be written, laid aside: in memory while it is little, then in a temporary
//! file (in `TMPDIR`), never without bound.

use super::WriteError;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use tempfile::SpooledTempFile;

/// What is kept in memory of one spool.
const IN_MEMORY_BYTES: usize = 4 << 20;
/// What a spool holds at most.
const MOST_BYTES: u64 = 32 << 30;

/// Records laid aside.
pub(super) struct Spool {
    file: BufWriter<SpooledTempFile>,
    size: u64,
}

/// A record's two parts: WKB, or nothing, and whatever belongs to it.
type Record<'r> = (&'r [u8], &'r [u8]);

/// Records in the order in which they were laid aside.
pub(super) struct Records {
    file: BufReader<SpooledTempFile>,
    left: u64,
    geometry: Vec<u8>,
    rest: Vec<u8>,
}

/// Records in any order.
pub(super) struct Anywhere {
    file: BufReader<SpooledTempFile>,
    at: u64,
    record: Vec<u8>,
}

impl Spool {
    /// An empty spool.
    pub fn new() -> Self {
        Self {
            file: BufWriter::new(SpooledTempFile::new(IN_MEMORY_BYTES)),
            size: 0,
        }
    }

    /// Lays a record of two parts aside.
    ///
    /// # Errors
    /// Where the disk is full, or the spool.
    pub fn put(&mut self, geometry: &[u8], rest: &[u8]) -> Result<(), WriteError> {
        for part in [geometry, rest] {
            self.put_bytes(&(part.len() as u64).to_le_bytes())?;
            self.put_bytes(part)?;
        }
        Ok(())
    }

    /// Lays bytes aside, to be found by their place.
    ///
    /// # Errors
    /// As [`Spool::put`].
    pub fn put_bytes(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.size += bytes.len() as u64;
        if self.size > MOST_BYTES {
            let most = MOST_BYTES >> 30;
            return Err(WriteError::TooMuch(format!("more than {most} GB in one file")));
        }
        self.file.write_all(bytes)?;
        Ok(())
    }

    /// How many bytes are laid aside.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// All records, from the first.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn records(self) -> Result<Records, WriteError> {
        Ok(Records {
            left: self.size,
            file: self.rewound()?,
            geometry: Vec::new(),
            rest: Vec::new(),
        })
    }

    /// What was laid aside with [`Spool::put_bytes`], by its place.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn anywhere(self) -> Result<Anywhere, WriteError> {
        Ok(Anywhere {
            file: self.rewound()?,
            at: 0,
            record: Vec::new(),
        })
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// Where the sink or the disk fails.
    pub fn copy(self, out: &mut dyn Write) -> Result<(), WriteError> {
        std::io::copy(&mut self.rewound()?, out)?;
        Ok(())
    }

    fn rewound(self) -> Result<BufReader<SpooledTempFile>, WriteError> {
        let mut file = self.file.into_inner().map_err(|error| error.into_error())?;
        file.rewind()?;
        Ok(BufReader::new(file))
    }
}

impl Records {
    /// The next record's two parts.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn next(&mut self) -> Result<Option<Record<'_>>, WriteError> {
        if self.left == 0 {
            return Ok(None);
        }
        for part in [&mut self.geometry, &mut self.rest] {
            let mut length = [0; 8];
            self.file.read_exact(&mut length)?;
            let length = u64::from_le_bytes(length);
            self.left -= 8 + length;
            // It was in memory once, when it was laid aside.
            part.resize(length as usize, 0);
            self.file.read_exact(part)?;
        }
        Ok(Some((&self.geometry, &self.rest)))
    }
}

impl Anywhere {
    /// The bytes at a place.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn read(&mut self, place: std::ops::Range<u64>) -> Result<&[u8], WriteError> {
        if place.start != self.at {
            self.file.seek(SeekFrom::Start(place.start))?;
        }
        self.record.resize((place.end - place.start) as usize, 0);
        self.file.read_exact(&mut self.record)?;
        self.at = place.end;
        Ok(&self.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were() {
        let mut spool = Spool::new();
        let large = vec![7; 3 << 20];
        spool.put(b"one", b"").unwrap();
        spool.put(b"", &large).unwrap();
        spool.put(&large, b"three").unwrap();
        let mut records = spool.records().unwrap();
        assert_eq!(records.next().unwrap(), Some((&b"one"[..], &b""[..])));
        assert_eq!(records.next().unwrap(), Some((&b""[..], &large[..])));
        assert_eq!(records.next().unwrap(), Some((&large[..], &b"three"[..])));
        assert_eq!(records.next().unwrap(), None);
    }
}
