//! The persisted snapshot: all layers at one version in one file, which is mapped into memory to serve them again.
//!
//! ```text
//! header, 64 bytes: "ONEMAP\r\n", format and byte order, layout, where the table is, its length and sum; their sum
//! arrays, each at a multiple of 64 bytes, as they are in memory
//! table: the mark, then layer by layer and segment by segment, numbers and where each array is, with its sum
//! ```
//!
//! A file is read by the program that can have written it, on a machine with the same byte order. It is looked at whole
//! when it is opened: sums, bounds, whatever indexes something; what is not as it should be is [`Refused`] with the
//! reason. It is no place to keep anything: the store is the truth, and a file that is refused is made anew.
//!
//! Whoever writes one must write a new file and give it the name of the old ([`write()`] leaves that to its caller): the
//! old one may be mapped.

pub(crate) mod reader;
mod segments;
pub(crate) mod values;
pub(crate) mod writer;

use crate::LayerSnapshot;
use crate::shelf::Mapping;
use onemap_model::{Epoch, Instant, Layer, Version};
use reader::{Damage, Reader};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;
use writer::{ALIGNMENT, Writer};
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: u64 = u64::from_ne_bytes(*b"ONEMAP\r\n");
/// Rises with each change of what is in a file, or of what is derived when a layer is built.
const FORMAT: u64 = 1;
/// Reads otherwise where the order of bytes is another.
const ORDER: u64 = 0x0102_0304 << 32;
const HEADER: usize = ALIGNMENT as usize;

/// Of which state of which store a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The life of the store.
    pub epoch: Epoch,
    /// The version.
    pub version: Version,
    /// When the store says that this version was committed: a copy of an older state put in the store's place may come
    /// to the same version by another way.
    pub committed: Option<Instant>,
}

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is no such file.
    #[error("it is no snapshot of onemap")]
    NotASnapshot,
    /// Another release wrote it, or one on another kind of machine.
    #[error("another release of onemap wrote it")]
    OtherLayout,
    /// It is cut off, or was changed.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It has other layers than the store had at that version, or with other definitions.
    #[error("it has other layers than the store: {0}")]
    OtherLayers(String),
}

impl From<Damage> for Refused {
    fn from(Damage(what): Damage) -> Self {
        Self::Damaged(what)
    }
}

/// A file that was opened, of which no layer was read yet.
pub struct Opened {
    mark: Mark,
    reader: Reader,
}

/// Writes the layers, each with the version that last changed it, into an empty file, and has the system keep it; gives
/// its size in bytes.
///
/// # Errors
/// The system's.
pub fn write(mut file: &File, mark: &Mark, layers: &[(&LayerSnapshot, Version)]) -> io::Result<u64> {
    let mut out = Writer::new(file, HEADER as u64)?;
    out.bytes(mark.epoch.as_str().as_bytes());
    out.number(mark.version.0);
    out.maybe(mark.committed.map(Instant::micros));
    out.number(layers.len() as u64);
    for (layer, changed) in layers {
        out.bytes(layer.layer().name().as_str().as_bytes());
        out.number(definition(layer.layer()));
        out.number(changed.0);
        segments::store(layer, &mut out)?;
    }
    let [start, length, sum] = out.finish()?;
    let mut header: Vec<u8> = [MAGIC, FORMAT | ORDER, layout(), start, length, sum, 0]
        .into_iter()
        .flat_map(u64::to_ne_bytes)
        .collect();
    header.extend(xxh3_64(&header).to_ne_bytes());
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header)?;
    file.sync_all()?;
    Ok(start + length)
}

/// Opens a file that [`write()`] made.
///
/// # Errors
/// [`Refused`].
pub fn open(file: &File) -> Result<Opened, Refused> {
    if file.metadata()?.len() < HEADER as u64 {
        return Err(Refused::NotASnapshot);
    }
    let map = Arc::new(Mapping::of(file)?);
    let (words, _) = map.bytes().get(..HEADER).ok_or(Refused::NotASnapshot)?.as_chunks::<8>();
    let word = |at: usize| u64::from_ne_bytes(words[at]);
    if word(0) != MAGIC {
        return Err(Refused::NotASnapshot);
    }
    if [word(1), word(2)] != [FORMAT | ORDER, layout()] {
        return Err(Refused::OtherLayout);
    }
    if word(7) != xxh3_64(&map.bytes()[..HEADER - 8]) {
        return Err(Refused::Damaged("the sum of its header is wrong".to_owned()));
    }
    let table = [word(3), word(4), word(5)];
    let mut reader = Reader::new(map, table)?;
    let epoch = Epoch::new(reader.text()?).map_err(|error| Damage(error.to_string()))?;
    let version = Version(reader.number()?);
    let committed = reader.maybe()?.map(Instant::from_micros).transpose();
    let committed = committed.map_err(|error| Damage(error.to_string()))?;
    Ok(Opened {
        mark: Mark {
            epoch,
            version,
            committed,
        },
        reader,
    })
}

impl Opened {
    /// Of which state of which store it is.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// The layers, which the store defined so at that version, each with the version that last changed it, in their
    /// order. All of the file is read once.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn layers(mut self, definitions: &[Layer]) -> Result<Vec<(LayerSnapshot, Version)>, Refused> {
        let reader = &mut self.reader;
        let other = |what: String| Err(Refused::OtherLayers(what));
        let count = reader.count()?;
        if count != definitions.len() {
            return other(format!("{count}, not {}", definitions.len()));
        }
        let mut layers = Vec::with_capacity(count);
        for layer in definitions {
            let name = reader.text()?;
            if name != layer.name().as_str() {
                return other(format!("{name:?} where {:?} was expected", layer.name().as_str()));
            }
            if reader.number()? != definition(layer) {
                return other(format!("{:?} was defined otherwise", layer.name().as_str()));
            }
            let changed = Version(reader.number()?);
            layers.push((segments::read(Arc::new(layer.clone()), reader)?, changed));
        }
        self.reader.finish()?;
        Ok(layers)
    }
}

/// What stands for all that is said of a layer.
fn definition(layer: &Layer) -> u64 {
    xxh3_64(format!("{layer:?}").as_bytes())
}

/// What stands for the program's way to lay out memory and to derive what is kept: its release.
fn layout() -> u64 {
    xxh3_64(env!("CARGO_PKG_VERSION").as_bytes())
}

#[cfg(test)]
mod tests;
