//! An archive on its way to the disk (PMTiles 3): contents first, and the header last, so that a file that has one is
//! complete.
//!
//! Contents begin behind the place of header and root directory; metadata and leaf directories come after them, where
//! they can be written when all contents are known.

use super::ExportError;
use super::directory::{Directory, HEAD_BYTES, HEADER_BYTES, gzip};
use super::journal::{Journal, Record};
use onemap_model::{Bbox, Instant};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Contents that may be lost when a run is stopped: so many bytes.
const BATCH_BYTES: u64 = 64 << 20;
/// And so many tiles.
const BATCH_TILES: usize = 1 << 16;

/// The tile type and the two compressions of the header.
const GZIP: u8 = 2;
const MVT: u8 = 1;

/// What of a tile is to be written.
pub(super) enum Content {
    /// Nothing is drawn.
    Empty,
    /// The same as a tile before.
    Known(u128),
    /// The hash of what it is, and that compressed.
    New(u128, Vec<u8>),
}

/// What the header says beside where things are.
pub(super) struct Described {
    /// The lowest and highest zoom.
    pub zooms: (u8, u8),
    /// What is in it.
    pub bounds: Bbox,
    /// JSON for people and styles.
    pub metadata: String,
}

/// An archive under way.
pub(super) struct Archive {
    to: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
    journal: Journal,
    /// How many bytes of contents there are.
    end: u64,
    directory: Directory,
    known: HashMap<u128, (u64, u32)>,
    batch: Vec<Record>,
    batch_start: u64,
    /// The number after the last tile that is done.
    next: u64,
}

impl Archive {
    /// Goes on with the archive `to`, where what there is of it is of the same, or begins it; also gives the moment that it
    /// is of.
    pub fn open(to: &Path, what: &[u8], now: Instant) -> Result<(Self, Instant), ExportError> {
        let beside = |ending: &str| {
            let mut name = to.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let part = beside(".part");
        let opened = Journal::open(&beside(".journal"), what, now)?;
        let (mut journal, mut records) = (opened.journal, opened.records);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&part);
        let failed = |error| ExportError::io(&part, error);
        let file = file.map_err(failed)?;
        if file.metadata().map_err(failed)?.len() < HEAD_BYTES + end_of(&records) {
            // The contents were taken away without the journal.
            journal.clear(what)?;
            records.clear();
        }
        let mut archive = Self {
            to: to.to_owned(),
            part,
            file: BufWriter::with_capacity(1 << 20, file),
            journal,
            end: 0,
            directory: Directory::default(),
            known: HashMap::new(),
            batch: Vec::new(),
            batch_start: 0,
            next: 0,
        };
        archive.resume(&records)?;
        Ok((archive, opened.now))
    }

    /// The number of the first tile that is not done.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// How many tiles it has, and how many bytes of contents.
    pub fn size(&self) -> (u64, u64) {
        (self.directory.addressed(), self.end)
    }

    /// Adds a tile, which comes after all others. What is [`Content::Known`] was added before.
    pub fn push(&mut self, tile: u64, content: Content) -> Result<(), ExportError> {
        let (hash, bytes) = match content {
            Content::Empty => (0, None),
            Content::Known(hash) => (hash, None),
            Content::New(hash, bytes) => (hash, Some(bytes)),
        };
        if let (Some(bytes), false) = (bytes, self.known.contains_key(&hash)) {
            let length = u32::try_from(bytes.len()).map_err(|_| ExportError::TooLarge { tile })?;
            self.file
                .write_all(&bytes)
                .map_err(|error| ExportError::io(&self.part, error))?;
            self.known.insert(hash, (self.end, length));
            self.end += bytes.len() as u64;
        }
        let (offset, length) = self.known.get(&hash).copied().unwrap_or((0, 0));
        self.add(tile, offset, length);
        self.batch.push(Record {
            tile,
            offset,
            length,
            hash,
        });
        if self.batch.len() >= BATCH_TILES || self.end - self.batch_start >= BATCH_BYTES {
            self.save()?;
        }
        Ok(())
    }

    /// Brings everything so far to the disk: a run that is stopped now goes on from here.
    pub fn save(&mut self) -> Result<(), ExportError> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_data());
        written.map_err(|error| ExportError::io(&self.part, error))?;
        self.journal.add(&self.batch)?;
        self.batch.clear();
        self.batch_start = self.end;
        Ok(())
    }

    /// Completes the archive and gives it its name.
    pub fn finish(mut self, described: &Described) -> Result<(), ExportError> {
        let written = self.write_rest(described);
        written.map_err(|error| ExportError::io(&self.part, error))?;
        std::fs::rename(&self.part, &self.to).map_err(|error| ExportError::io(&self.to, error))?;
        if let Some(folder) = self.to.parent().filter(|folder| !folder.as_os_str().is_empty())
            && let Ok(folder) = File::open(folder)
        {
            // The name itself, where the file system can.
            let _ = folder.sync_all();
        }
        self.journal.remove()
    }

    fn write_rest(&mut self, described: &Described) -> std::io::Result<()> {
        let metadata = gzip(described.metadata.as_bytes(), 6);
        let directories = self.directory.written();
        self.file.write_all(&metadata)?;
        self.file.write_all(&directories.leaves)?;
        self.file.seek(SeekFrom::Start(0))?;
        let metadata_at = HEAD_BYTES + self.end;
        let places = [
            (HEADER_BYTES, directories.root.len() as u64),
            (metadata_at, metadata.len() as u64),
            (metadata_at + metadata.len() as u64, directories.leaves.len() as u64),
            (HEAD_BYTES, self.end),
        ];
        self.file.write_all(&self.header(places, described))?;
        self.file.write_all(&directories.root)?;
        self.file.flush()?;
        self.file.get_ref().sync_all()
    }

    fn header(&self, places: [(u64, u64); 4], described: &Described) -> Vec<u8> {
        let mut header = b"PMTiles\x03".to_vec();
        let counts = [
            self.directory.addressed(),
            self.directory.len() as u64,
            self.known.len() as u64,
        ];
        let numbers = places
            .into_iter()
            .flat_map(|(offset, length)| [offset, length])
            .chain(counts);
        numbers.for_each(|number| header.extend(number.to_le_bytes()));
        let (min, max) = described.zooms;
        // Contents are in the order of tiles.
        header.extend([1, GZIP, GZIP, MVT, min, max]);
        let degrees = |value: f64| ((value * 1e7).round() as i32).to_le_bytes();
        described
            .bounds
            .to_array()
            .into_iter()
            .for_each(|value| header.extend(degrees(value)));
        header.push(min);
        let center = described.bounds.center();
        [center.x, center.y]
            .into_iter()
            .for_each(|value| header.extend(degrees(value)));
        debug_assert_eq!(header.len() as u64, HEADER_BYTES);
        header
    }

    fn resume(&mut self, records: &[Record]) -> Result<(), ExportError> {
        for record in records {
            if record.length > 0 {
                self.known.entry(record.hash).or_insert((record.offset, record.length));
            }
            self.add(record.tile, record.offset, record.length);
        }
        self.end = end_of(records);
        self.batch_start = self.end;
        let (file, end) = (self.file.get_mut(), HEAD_BYTES + self.end);
        // What was written after the last batch is written again.
        let placed = file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end)));
        placed.map(drop).map_err(|error| ExportError::io(&self.part, error))
    }

    fn add(&mut self, tile: u64, offset: u64, length: u32) {
        if length > 0 {
            self.directory.push(tile, offset, length);
        }
        self.next = tile + 1;
    }
}

/// Where the contents of tiles end.
fn end_of(records: &[Record]) -> u64 {
    let ends = records.iter().map(|record| record.offset + u64::from(record.length));
    ends.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(to: &Path, what: &str) -> Archive {
        Archive::open(to, what.as_bytes(), Instant::from_micros(0).unwrap())
            .unwrap()
            .0
    }

    /// Adds the tiles from where the archive is up to `until`; some are empty, some the same.
    fn push(archive: &mut Archive, until: u64) {
        for tile in archive.next()..until {
            let hash = u128::from(tile % 10) + 1;
            let content = match tile % 10 {
                3 => Content::Empty,
                5 if archive.known.contains_key(&hash) => Content::Known(hash),
                kind => Content::New(hash, vec![kind as u8; 100 + tile as usize % 10]),
            };
            archive.push(tile, content).unwrap();
        }
    }

    fn finish(archive: Archive) -> Vec<u8> {
        let to = archive.to.clone();
        let described = Described {
            zooms: (0, 9),
            bounds: Bbox::new(114.0, 29.0, 116.0, 31.0).unwrap(),
            metadata: "{}".to_owned(),
        };
        archive.finish(&described).unwrap();
        std::fs::read(to).unwrap()
    }

    #[test]
    fn a_run_that_was_stopped_goes_on_and_ends_as_one_that_was_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut whole = open(&folder.path().join("whole"), "x");
        push(&mut whole, 1000);
        let whole = finish(whole);
        assert_eq!(&whole[..8], b"PMTiles\x03");
        let to = folder.path().join("stopped");
        for (saved, lost) in [(10, 17), (500, 600), (600, 600)] {
            let mut stopped = open(&to, "x");
            push(&mut stopped, saved);
            stopped.save().unwrap();
            push(&mut stopped, lost);
            assert!(!to.exists());
        }
        let mut last = open(&to, "x");
        assert_eq!((last.next(), last.size().0), (600, 540));
        push(&mut last, 1000);
        assert_eq!(finish(last), whole);
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing else is left"
        );
    }

    #[test]
    fn what_is_of_something_else_or_half_lost_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("a");
        let begin = || {
            let mut archive = open(&to, "x");
            push(&mut archive, 100);
            archive.save().unwrap();
        };
        begin();
        assert_eq!(open(&to, "x").next(), 100);
        assert_eq!(open(&to, "y").next(), 0);
        begin();
        std::fs::remove_file(folder.path().join("a.part")).unwrap();
        assert_eq!(open(&to, "x").next(), 0);
        begin();
        assert_eq!(open(&to, "x").next(), 100);
    }
}
