//! The lines of a VCT file: read one after the other, or again from a place that was passed before.

use crate::error::{Error, Result};
use crate::interrupt;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longest line, in bytes. The longest that is met is a row of attributes.
pub const MAX_LINE: usize = 1 << 20;

/// Where a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Bytes before it.
    pub at: u64,
    /// Its number, from 1 on.
    pub number: u64,
}

/// A line without its end and without white space around it.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Where it begins.
    pub place: Place,
    /// Its bytes, in the encoding of the file.
    pub bytes: Vec<u8>,
}

impl Line {
    /// Whether it is this word, whatever the case.
    pub fn is(&self, word: &str) -> bool {
        self.bytes.eq_ignore_ascii_case(word.as_bytes())
    }

    /// It as it may be shown to people: cut to 60 characters.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.bytes).chars().take(60).collect()
    }
}

/// A file of lines.
#[derive(Debug)]
pub struct Lines {
    label: String,
    file: BufReader<File>,
    next: Place,
    ahead: VecDeque<Line>,
}

impl Lines {
    /// Opens the file at `path`, which messages call `label`.
    ///
    /// # Errors
    /// Where it cannot be read, or is UTF-16.
    pub fn open(path: &Path, label: &str) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::source(label, e))?;
        let mut lines = Self {
            label: label.to_owned(),
            file: BufReader::with_capacity(1 << 16, file),
            next: Place { at: 0, number: 1 },
            ahead: VecDeque::new(),
        };
        let head = lines.file.fill_buf().map_err(|e| Error::source(label, e))?;
        if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return Err(Error::source(label, "it is UTF-16: save it as UTF-8 or GB18030"));
        }
        if head.starts_with(b"\xef\xbb\xbf") {
            lines.file.consume(3);
            lines.next.at = 3;
        }
        Ok(lines)
    }

    /// An error at a line.
    pub fn error(&self, number: u64, reason: impl AsRef<str>) -> Error {
        Error::source(&self.label, format!("line {number}: {}", reason.as_ref()))
    }

    /// Goes to a place where a line begins.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn go_to(&mut self, place: Place) -> Result<()> {
        self.ahead.clear();
        let by = i64::try_from(i128::from(place.at) - i128::from(self.next.at)).unwrap_or(i64::MAX);
        self.file.seek_relative(by).map_err(|e| Error::source(&self.label, e))?;
        self.next = place;
        Ok(())
    }

    /// The next line that has something in it; none at the end of the file.
    ///
    /// # Errors
    /// Where the file cannot be read, a line is longer than [`MAX_LINE`] or has a NUL byte in it.
    pub fn next(&mut self) -> Result<Option<Line>> {
        loop {
            match self.next_raw()? {
                Some(line) if line.bytes.is_empty() => {}
                other => return Ok(other),
            }
        }
    }

    /// The next line, empty ones too; none at the end of the file.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn next_raw(&mut self) -> Result<Option<Line>> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    /// The line that will come after `skipped` others that have something in them.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn peek(&mut self, skipped: usize) -> Result<Option<&Line>> {
        let mut at = 0;
        let mut filled = 0;
        loop {
            if at == self.ahead.len() {
                match self.read()? {
                    Some(line) => self.ahead.push_back(line),
                    None => return Ok(None),
                }
            }
            if !self.ahead[at].bytes.is_empty() {
                if filled == skipped {
                    return Ok(Some(&self.ahead[at]));
                }
                filled += 1;
            }
            at += 1;
        }
    }

    fn read(&mut self) -> Result<Option<Line>> {
        let place = self.next;
        if place.number.is_multiple_of(4096) {
            interrupt::check()?;
        }
        let mut bytes = Vec::new();
        let limit = MAX_LINE as u64 + 1;
        let read = (&mut self.file)
            .take(limit)
            .read_until(b'\n', &mut bytes)
            .map_err(|e| Error::source(&self.label, e))?;
        if read == 0 {
            return Ok(None);
        }
        if read > MAX_LINE {
            return Err(self.error(
                place.number,
                format!("it is longer than {MAX_LINE} bytes: this is no VCT file"),
            ));
        }
        if bytes.contains(&0) {
            return Err(self.error(place.number, "a NUL byte in it: the file is damaged, or no text"));
        }
        self.next.at += read as u64;
        self.next.number += 1;
        let kept = bytes.trim_ascii().to_vec();
        Ok(Some(Line { place, bytes: kept }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(content: &[u8]) -> Lines {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.vct");
        std::fs::write(&path, content).unwrap();
        Lines::open(&path, "a.vct").unwrap()
    }

    #[test]
    fn lines_are_numbered_and_can_be_read_again() {
        let mut lines = lines(b"\xef\xbb\xbfa\r\n\r\n  b \n\nc");
        assert_eq!(lines.peek(1).unwrap().unwrap().bytes, b"b");
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"a");
        let b = lines.next().unwrap().unwrap();
        assert_eq!((b.place.number, b.place.at, b.bytes.as_slice()), (3, 8, &b"b"[..]));
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"c");
        assert!(lines.next().unwrap().is_none());
        lines.go_to(b.place).unwrap();
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"b");
    }

    #[test]
    fn endless_lines_and_nul_bytes_are_refused_with_their_number() {
        let error = lines(&vec![b'1'; MAX_LINE + 10]).next().unwrap_err().to_string();
        assert!(error.contains("a.vct: line 1:") && error.contains("longer"), "{error}");
        let mut lines = lines(b"HeadBegin\nDim\0:2\n");
        lines.next().unwrap();
        assert!(lines.next().unwrap_err().to_string().contains("line 2: a NUL byte"));
    }
}
