//! Which bytes of an archive are which tile (PMTiles 3, clause 4).

use libdeflater::{CompressionLvl, Compressor};

/// Bytes that header and root directory may have together: what a client fetches first.
pub(super) const HEAD_BYTES: u64 = 16_384;
/// Bytes of the header.
pub(super) const HEADER_BYTES: u64 = 127;
/// Entries of a leaf directory, to begin with.
const LEAF_ENTRIES: usize = 4096;

/// Some tiles in a row with the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// The number of the first tile.
    pub tile: u64,
    /// Where its content begins.
    pub offset: u64,
    /// The length of its content.
    pub length: u32,
    /// How many tiles; 0 for a leaf directory.
    pub run: u32,
}

/// Entries in the order of their tiles.
#[derive(Debug, Default)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    addressed: u64,
}

/// Directories as they are written.
#[derive(Debug)]
pub(super) struct Directories {
    /// The root, compressed.
    pub root: Vec<u8>,
    /// The leaves, each compressed, one after the other.
    pub leaves: Vec<u8>,
}

impl Directory {
    /// Adds a tile, which comes after all others.
    pub fn push(&mut self, tile: u64, offset: u64, length: u32) {
        self.addressed += 1;
        match self.entries.last_mut() {
            Some(last) if last.tile + u64::from(last.run) == tile && last.offset == offset => last.run += 1,
            _ => self.entries.push(Entry {
                tile,
                offset,
                length,
                run: 1,
            }),
        }
    }

    /// How many tiles there are.
    pub fn addressed(&self) -> u64 {
        self.addressed
    }

    /// How many entries they make.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The directories, the root small enough to be fetched with the header.
    pub fn written(&self) -> Directories {
        let room = (HEAD_BYTES - HEADER_BYTES) as usize;
        let root = write(&self.entries);
        if root.len() <= room {
            let leaves = Vec::new();
            return Directories { root, leaves };
        }
        let mut size = LEAF_ENTRIES;
        loop {
            let directories = self.with_leaves(size);
            if directories.root.len() <= room {
                return directories;
            }
            size *= 2;
        }
    }

    fn with_leaves(&self, size: usize) -> Directories {
        let mut leaves = Vec::new();
        let leaf = |entries: &[Entry]| {
            let offset = leaves.len() as u64;
            leaves.extend(write(entries));
            Entry {
                tile: entries[0].tile,
                offset,
                length: (leaves.len() as u64 - offset) as u32,
                run: 0,
            }
        };
        let root: Vec<Entry> = self.entries.chunks(size).map(leaf).collect();
        let root = write(&root);
        Directories { root, leaves }
    }
}

/// Entries by columns, compressed.
fn write(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(entries.len() as u64, &mut out);
    let mut last = 0;
    for entry in entries {
        put_varint(entry.tile - last, &mut out);
        last = entry.tile;
    }
    entries.iter().for_each(|entry| put_varint(entry.run.into(), &mut out));
    entries
        .iter()
        .for_each(|entry| put_varint(entry.length.into(), &mut out));
    let mut next = None;
    for entry in entries {
        let follows = next == Some(entry.offset);
        put_varint(if follows { 0 } else { entry.offset + 1 }, &mut out);
        next = Some(entry.offset + u64::from(entry.length));
    }
    gzip(&out, 6)
}

fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// `plain` in gzip, at a level from 1 to 12.
pub(super) fn gzip(plain: &[u8], level: i32) -> Vec<u8> {
    let level = CompressionLvl::new(level).expect("levels are 1 to 12");
    let mut compressor = Compressor::new(level);
    let mut coded = vec![0; compressor.gzip_compress_bound(plain.len())];
    let size = compressor.gzip_compress(plain, &mut coded);
    coded.truncate(size.expect("the buffer is as large as the bound says"));
    coded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_in_a_row_with_one_content_are_one_entry() {
        let mut directory = Directory::default();
        directory.push(5, 0, 10);
        directory.push(6, 0, 10);
        directory.push(7, 10, 3);
        directory.push(9, 10, 3);
        directory.push(10, 0, 10);
        let entry = |tile, offset, length, run| Entry {
            tile,
            offset,
            length,
            run,
        };
        let expected = [
            entry(5, 0, 10, 2),
            entry(7, 10, 3, 1),
            entry(9, 10, 3, 1),
            entry(10, 0, 10, 1),
        ];
        assert_eq!(directory.entries, expected);
        assert_eq!((directory.addressed(), directory.len()), (5, 4));
        assert!(directory.written().leaves.is_empty());
    }

    #[test]
    fn a_root_that_is_too_large_gets_leaves() {
        let mut directory = Directory::default();
        for n in 0..200_000_u64 {
            directory.push(n * 9 + n % 7, n * 1_000_003 % (1 << 40), (n * 7919 % 60_000) as u32);
        }
        let written = directory.written();
        assert!(written.root.len() as u64 <= HEAD_BYTES - HEADER_BYTES && !written.leaves.is_empty());
    }
}
