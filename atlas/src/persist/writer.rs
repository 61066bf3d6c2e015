//! Writes arrays one after the other, and beside them what they are.

use crate::shelf::{Plain, Shelf};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use xxhash_rust::xxh3::xxh3_64;

/// Every array begins at a multiple of this many bytes.
pub(super) const ALIGNMENT: u64 = 64;

/// A file being written: arrays go to it at once; numbers and texts, among them where each array is, are collected and
/// go to its end.
pub(crate) struct Writer<'f> {
    file: BufWriter<&'f File>,
    place: u64,
    table: Vec<u8>,
}

impl<'f> Writer<'f> {
    /// A writer for an empty file, whose first `reserved` bytes are left for a header.
    pub fn new(file: &'f File, reserved: u64) -> io::Result<Self> {
        let mut writer = Self {
            file: BufWriter::with_capacity(1 << 20, file),
            place: 0,
            table: Vec::new(),
        };
        writer.zeros(reserved)?;
        Ok(writer)
    }

    /// Adds a number to the table.
    pub fn number(&mut self, number: u64) {
        self.table.extend_from_slice(&number.to_ne_bytes());
    }

    /// Adds a signed number to the table.
    pub fn signed(&mut self, number: i64) {
        self.number(number as u64);
    }

    /// Adds a number and whether there is one to the table.
    pub fn maybe(&mut self, number: Option<i64>) {
        self.number(u64::from(number.is_some()));
        self.signed(number.unwrap_or(0));
    }

    /// Adds bytes to the table.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.table.extend_from_slice(bytes);
    }

    /// Writes an array to the file, and where it is to the table.
    pub fn shelf<T: Plain>(&mut self, shelf: &Shelf<T>) -> io::Result<()> {
        self.zeros(self.place.next_multiple_of(ALIGNMENT) - self.place)?;
        let bytes = shelf.as_bytes();
        self.number(self.place);
        self.number(shelf.len() as u64);
        self.number(xxh3_64(bytes));
        self.file.write_all(bytes)?;
        self.place += bytes.len() as u64;
        Ok(())
    }

    /// Writes the table; gives where it begins, its length and its sum.
    pub fn finish(mut self) -> io::Result<[u64; 3]> {
        let sum = xxh3_64(&self.table);
        self.file.write_all(&self.table)?;
        self.file.flush()?;
        Ok([self.place, self.table.len() as u64, sum])
    }

    fn zeros(&mut self, count: u64) -> io::Result<()> {
        self.place += count;
        io::copy(&mut io::Read::take(io::repeat(0), count), &mut self.file).map(drop)
    }
}
