//! Tiles as one file: a PMTiles 3 archive that any web server can hand out.
//!
//! The tiles are those that the server gives for the same layers, byte for byte before compression. `hilbert` walks
//! through the tiles in which something is, `ordered` renders them on all cores, `archive` writes each content once, in
//! the order of the tiles, and `journal` keeps what is on the disk, so that a run that was stopped goes on.

mod archive;
mod directory;
mod hilbert;
mod journal;
mod ordered;

use crate::tilejson;
use archive::{Archive, Content, Described};
use onemap_atlas::{LayerSnapshot, composite};
use onemap_model::{Bbox, Epoch, Instant, TileCoord, TileMatrixSet, Version};
use serde_json::json;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant as Clock};
use xxhash_rust::xxh3::xxh3_128;

/// The level of gzip: a file is written once and sent often, but a city's worth of tiles should not take a coffee break.
const GZIP_LEVEL: i32 = 3;
/// The latitude at which Web Mercator's square ends.
const MERCATOR_LIMIT: f64 = 85.051_128_779_806_59;
/// A run that is stopped loses so much time at the most.
const SAVE_EVERY: Duration = Duration::from_secs(10);

/// Which tiles are written, of what.
pub struct Export {
    /// The layers, in the order in which they are in each tile.
    pub layers: Vec<LayerSnapshot>,
    /// The life of the store that they are of.
    pub epoch: Epoch,
    /// Its version.
    pub version: Version,
    /// The moment whose truth the tiles show.
    pub now: Instant,
    /// The lowest and highest zoom.
    pub zooms: (u8, u8),
    /// Tiles that do not meet this box are left out.
    pub bbox: Option<Bbox>,
    /// Threads that render.
    pub threads: usize,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The zoom under way.
    pub zoom: u8,
    /// Tiles that the archive has.
    pub tiles: u64,
    /// Bytes of tiles that it has.
    pub bytes: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Tiles in the archive.
    pub tiles: u64,
    /// Bytes of tiles, each content once.
    pub bytes: u64,
    /// Tiles that an earlier run had written.
    pub resumed: u64,
}

/// Why no archive was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A file cannot be written or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Another process writes the same archive.
    #[error("{} is being written by another process", path.display())]
    Locked {
        /// The journal beside the archive.
        path: PathBuf,
    },
    /// Whoever was told how far it is wanted no more.
    #[error("interrupted: {} is not complete yet; the same command goes on after its {tiles} tiles", path.display())]
    Stopped {
        /// The archive.
        path: PathBuf,
        /// Tiles that are kept for the next run.
        tiles: u64,
    },
    /// A tile has more bytes than an archive can tell of.
    #[error("tile number {tile} has 4 GiB or more")]
    TooLarge {
        /// Its number in the archive.
        tile: u64,
    },
}

impl ExportError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, source }
    }
}

impl Export {
    /// Writes the archive, or what is left of it after a run of the same that was stopped. It has its name only when it is
    /// complete; until then `….part` and `….journal` lie beside it. `tell` hears how far it is, every now and then, and may
    /// end it there.
    ///
    /// # Errors
    /// [`ExportError`]; what was written stays for the next run.
    pub fn run(&self, to: &Path, mut tell: impl FnMut(Progress) -> ControlFlow<()>) -> Result<Summary, ExportError> {
        let (mut archive, now) = Archive::open(to, self.description().as_bytes(), self.now)?;
        let (resumed, _) = archive.size();
        let from = archive.next();
        let zooms = self.zooms.0..=self.zooms.1;
        let tiles = zooms.flat_map(|z| hilbert::Walk::new(z, from, |tile| self.reaches(tile)));
        let tiles = tiles.filter(|tile| self.layers.iter().any(|layer| layer.layer().zoom.contains(tile.z())));
        let known = RwLock::new(HashSet::new());
        let render = |tile: &TileCoord| self.render(*tile, now, &known);
        let (mut told, mut saved) = (Clock::now(), Clock::now());
        ordered::in_order(self.threads, tiles, render, |tile, content| {
            let hash = match content {
                Content::New(hash, _) => Some(hash),
                _ => None,
            };
            archive.push(hilbert::number(tile), content)?;
            // Only what is in the archive counts as known to the others: it comes before all that is still rendered.
            known.write().unwrap_or_else(PoisonError::into_inner).extend(hash);
            if told.elapsed() > Duration::from_millis(200) {
                let (tiles, bytes) = archive.size();
                let zoom = tile.z();
                if tell(Progress { zoom, tiles, bytes }).is_break() {
                    archive.save()?;
                    let path = to.to_owned();
                    return Err(ExportError::Stopped { path, tiles });
                }
                told = Clock::now();
            }
            if saved.elapsed() > SAVE_EVERY {
                archive.save()?;
                saved = Clock::now();
            }
            Ok(())
        })?;
        let (tiles, bytes) = archive.size();
        archive.finish(&self.described())?;
        Ok(Summary { tiles, bytes, resumed })
    }

    fn reaches(&self, tile: TileCoord) -> bool {
        self.bbox.is_none_or(|bbox| bbox.intersects(&tile.bbox()))
            && self.layers.iter().any(|layer| layer.reaches(tile))
    }

    fn render(&self, tile: TileCoord, now: Instant, known: &RwLock<HashSet<u128>>) -> Content {
        let mut plain = Vec::new();
        composite::tile(&self.layers, tile, now, &mut plain);
        if plain.is_empty() {
            return Content::Empty;
        }
        let hash = xxh3_128(&plain);
        if known.read().unwrap_or_else(PoisonError::into_inner).contains(&hash) {
            return Content::Known(hash);
        }
        Content::New(hash, directory::gzip(&plain, GZIP_LEVEL))
    }

    /// All that two runs must have in common for one to go on with what the other wrote.
    fn description(&self) -> String {
        json!({
            "program": env!("CARGO_PKG_VERSION"),
            "epoch": self.epoch.as_str(),
            "version": self.version.0,
            "layers": self.layers.iter().map(|layer| layer.layer().name().as_str()).collect::<Vec<_>>(),
            "zooms": [self.zooms.0, self.zooms.1],
            "bbox": self.bbox.map(Bbox::to_array),
            "level": GZIP_LEVEL,
            "budget": composite::budget(&self.layers),
        })
        .to_string()
    }

    fn described(&self) -> Described {
        let layers: Vec<_> = self.layers.iter().map(LayerSnapshot::layer).collect();
        let metadata = json!({
            "name": layers.iter().map(|layer| layer.title.as_str()).collect::<Vec<_>>().join(", "),
            "type": "overlay",
            "version": self.version.0.to_string(),
            "attribution": tilejson::attribution_of(layers.iter().copied()),
            "vector_layers": tilejson::vector_layers(layers.iter().map(|layer| &**layer)),
            "generator": concat!("onemap-export ", env!("CARGO_PKG_VERSION")),
        });
        Described {
            zooms: self.shown(),
            bounds: self.bounds(),
            metadata: metadata.to_string(),
        }
    }

    /// The lowest and highest zoom of those asked for at which any layer shows.
    fn shown(&self) -> (u8, u8) {
        let shows = |z: &u8| self.layers.iter().any(|layer| layer.layer().zoom.contains(*z));
        let zooms = self.zooms.0..=self.zooms.1;
        let ends = (zooms.clone().find(shows), zooms.rev().find(shows));
        match ends {
            (Some(low), Some(high)) => (low, high),
            _ => self.zooms,
        }
    }

    /// Around what is in the tiles, within Web Mercator.
    fn bounds(&self) -> Bbox {
        let world = Bbox::new(-180.0, -MERCATOR_LIMIT, 180.0, MERCATOR_LIMIT).expect("the world is a box");
        let all = self.layers.iter().filter_map(LayerSnapshot::bbox).reduce(Bbox::union);
        let within = |inner: Bbox, outer: Bbox| {
            let [low, high] = [outer.west(), outer.east()];
            let [south, north] = [outer.south(), outer.north()];
            let (x, y) = (|x: f64| x.clamp(low, high), |y: f64| y.clamp(south, north));
            Bbox::new(x(inner.west()), y(inner.south()), x(inner.east()), y(inner.north()))
        };
        let inside = within(all.unwrap_or(world), world).expect("clamping keeps the order");
        self.bbox.map_or(inside, |bbox| within(inside, bbox).unwrap_or(inside))
    }
}

/// The zooms that an archive can have.
pub fn zooms() -> std::ops::RangeInclusive<u8> {
    let grid = TileMatrixSet::WebMercatorQuad;
    grid.min_zoom()..=grid.max_zoom()
}
