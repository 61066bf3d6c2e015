//! An OpenStreetMap file in PBF: a header, then blobs, each of which is unpacked by itself.
//!
//! Source: "PBF Format", OpenStreetMap wiki; `fileformat.proto`. A blob header has at most 64 KiB, a blob 32 MiB, packed
//! or not: what says otherwise is damaged, and nothing larger is ever held.

use super::block::Block;
use super::wire::{Field, Fields, Malformed};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

const MOST_OF_A_HEADER: u32 = 64 << 10;
const MOST_OF_A_BLOB: u64 = 32 << 20;
/// What files may ask of their readers.
const KNOWN: [&[u8]; 2] = [b"OsmSchema-V0.6", b"DenseNodes"];

/// An open file, and where its blobs lie.
#[derive(Debug)]
pub struct Pbf {
    file: File,
    blobs: Vec<Blob>,
}

#[derive(Debug, Clone, Copy)]
struct Blob {
    start: u64,
    length: u32,
}

/// Whether a file begins as PBF files do.
pub fn is_pbf(path: &Path) -> bool {
    let mut head = [0; 15];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head[4..6] == [0x0a, 9] && &head[6..] == b"OSMHeader"
}

impl Pbf {
    /// Opens the file at `path` and finds its blobs.
    ///
    /// # Errors
    /// A sentence where it cannot be read, is damaged, or asks for what is not known here.
    pub fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|e| e.to_string())?;
        let length = file.metadata().map_err(|e| e.to_string())?.len();
        let (mut at, mut blobs, mut has_header) = (0, Vec::new(), false);
        while at < length {
            let cut = |_| format!("it is cut off or damaged at byte {at}");
            let mut size = [0; 4];
            file.read_exact_at(&mut size, at).map_err(cut)?;
            let size = u32::from_be_bytes(size);
            if size > MOST_OF_A_HEADER {
                return Err(format!("it is damaged at byte {at}: a blob header of {size} bytes"));
            }
            let mut header = vec![0; size as usize];
            file.read_exact_at(&mut header, at + 4).map_err(cut)?;
            let (kind, data) = blob_header(&header).map_err(|_| format!("it is damaged at byte {at}"))?;
            if data > MOST_OF_A_BLOB {
                return Err(format!("it is damaged at byte {at}: a blob of {data} bytes"));
            }
            let blob = Blob {
                start: at + 4 + u64::from(size),
                length: data as u32,
            };
            if blob.start + data > length {
                return Err(format!("it is cut off: the blob at byte {at} goes on beyond its end"));
            }
            match kind {
                b"OSMHeader" => {
                    let bytes = unpack(&file, blob).map_err(|e| format!("its header: {e}"))?;
                    understand(&bytes)?;
                    has_header = true;
                }
                b"OSMData" => blobs.push(blob),
                // "Parsers should ignore and skip fileblock types that they do not recognize."
                _ => {}
            }
            at = blob.start + data;
        }
        match has_header {
            true => Ok(Self { file, blobs }),
            false => Err("it has no header of OpenStreetMap".to_owned()),
        }
    }

    /// How many blobs it has.
    pub fn len(&self) -> usize {
        self.blobs.len()
    }

    /// Reads and unpacks a blob.
    ///
    /// # Errors
    /// A sentence with its place.
    pub fn block(&self, at: usize) -> Result<Block, String> {
        let blob = self.blobs[at];
        let bytes = unpack(&self.file, blob).map_err(|e| format!("the blob at byte {}: {e}", blob.start))?;
        Block::new(bytes).map_err(|Malformed| self.damaged(at))
    }

    /// What is said of a blob that is not as it should be.
    pub fn damaged(&self, at: usize) -> String {
        format!("the blob at byte {} is damaged", self.blobs[at].start)
    }
}

/// The kind of a blob, and how long it is.
fn blob_header(bytes: &[u8]) -> Result<(&[u8], u64), Malformed> {
    let (mut kind, mut length) = (None, None);
    for field in Fields(bytes) {
        match field? {
            (1, Field::Bytes(text)) => kind = Some(text),
            (3, Field::Number(number)) => length = Some(number),
            _ => {}
        }
    }
    kind.zip(length).ok_or(Malformed)
}

/// Whether everything that a header asks for is known.
fn understand(header: &[u8]) -> Result<(), String> {
    for field in Fields(header) {
        match field.map_err(|Malformed| "its header is damaged".to_owned())? {
            (4, Field::Bytes(b"HistoricalInformation")) => {
                return Err(
                    "it has the history of all elements: make an extract of one moment out of it \
                            (`osmium time-filter`)"
                        .to_owned(),
                );
            }
            (4, Field::Bytes(feature)) if !KNOWN.contains(&feature) => {
                let feature = String::from_utf8_lossy(feature);
                return Err(format!("it needs {feature:?}, which is not known here"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn unpack(file: &File, blob: Blob) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; blob.length as usize];
    file.read_exact_at(&mut bytes, blob.start)
        .map_err(|e: io::Error| e.to_string())?;
    let damaged = |Malformed| "it is damaged".to_owned();
    let (mut raw, mut raw_size, mut zlib) = (None, None, None);
    for field in Fields(&bytes) {
        match field.map_err(damaged)? {
            (1, Field::Bytes(data)) => raw = Some(data),
            (2, Field::Number(size)) => raw_size = Some(size),
            (3, Field::Bytes(data)) => zlib = Some(data),
            (4..=7, _) => return Err("it is packed in a way that is not read here: expected zlib, or none".to_owned()),
            _ => {}
        }
    }
    match (raw, zlib, raw_size) {
        (Some(raw), ..) => Ok(raw.to_vec()),
        (None, Some(zlib), Some(size)) if size <= MOST_OF_A_BLOB => {
            let mut unpacked = vec![0; size as usize];
            let length = libdeflater::Decompressor::new().zlib_decompress(zlib, &mut unpacked);
            match length {
                Ok(length) if length as u64 == size => Ok(unpacked),
                _ => Err("it cannot be unpacked".to_owned()),
            }
        }
        _ => Err("it is damaged".to_owned()),
    }
}
