//! Archives of tiles: every tile of the server, and no other, as another program reads them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{city, serve_city};
use onemap_atlas::{LayerBuilder, LayerSnapshot};
use onemap_model::{Bbox, Epoch, GeometryType, Instant, Version};
use onemap_tile_server::export::pmtiles::{Export, Summary};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

/// The layers of the city with these names.
fn layers(names: &[&str]) -> Vec<LayerSnapshot> {
    let of = |name: &&str| {
        let mut all = city::layers().into_iter();
        let (layer, features) = all.find(|(layer, _)| layer.name().as_str() == *name).unwrap();
        assert_ne!(layer.geometry_type, GeometryType::None);
        let mut builder = LayerBuilder::new(layer);
        features.into_iter().for_each(|feature| builder.push(feature));
        builder.finish()
    };
    names.iter().map(of).collect()
}

fn export(names: &[&str], zooms: (u8, u8), bbox: Option<Bbox>, to: &Path) -> Summary {
    let export = Export {
        layers: layers(names),
        epoch: Epoch::new("test-epoch").unwrap(),
        version: Version(1),
        now: Instant::parse("2026-01-01T00:00:00Z").unwrap(),
        zooms,
        bbox,
        threads: 2,
    };
    export.run(to, |_| ControlFlow::Continue(())).unwrap()
}

/// An archive, read as its specification says and by nothing of ours.
struct Archive(Vec<u8>);

impl Archive {
    fn number(&self, at: usize) -> usize {
        u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap()) as usize
    }

    fn section(&self, at: usize) -> &[u8] {
        &self.0[self.number(at)..][..self.number(at + 8)]
    }

    fn metadata(&self) -> serde_json::Value {
        serde_json::from_slice(&unzipped(self.section(24))).unwrap()
    }

    /// All tiles by zoom, column and row.
    fn tiles(&self) -> BTreeMap<(u8, u64, u64), Vec<u8>> {
        let mut tiles = BTreeMap::new();
        self.read(self.section(8), &mut tiles);
        tiles
    }

    fn read(&self, directory: &[u8], tiles: &mut BTreeMap<(u8, u64, u64), Vec<u8>>) {
        let plain = unzipped(directory);
        let mut rest = &plain[..];
        let count = varint(&mut rest);
        let mut column = || (0..count).map(|_| varint(&mut rest)).collect::<Vec<u64>>();
        let (steps, runs, lengths, offsets) = (column(), column(), column(), column());
        let (mut tile, mut next) = (0, 0);
        for at in 0..count as usize {
            tile += steps[at];
            let offset = if offsets[at] == 0 { next } else { offsets[at] - 1 };
            next = offset + lengths[at];
            let bytes = |section: &[u8]| section[offset as usize..next as usize].to_vec();
            if runs[at] == 0 {
                self.read(&bytes(self.section(40)), tiles);
            }
            for id in tile..tile + runs[at] {
                let content = unzipped(&bytes(self.section(56)));
                assert!(tiles.insert(place(id), content).is_none(), "tile {id} twice");
            }
        }
    }
}

fn varint(rest: &mut &[u8]) -> u64 {
    let end = rest.iter().position(|byte| byte & 0x80 == 0).unwrap();
    let number = rest[..=end]
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
    *rest = &rest[end + 1..];
    number
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let size = u32::from_le_bytes(bytes[bytes.len() - 4..].try_into().unwrap());
    let mut plain = vec![0; size as usize];
    libdeflater::Decompressor::new()
        .gzip_decompress(bytes, &mut plain)
        .unwrap();
    plain
}

/// Zoom, column and row of a tile number, from the curve's own definition.
fn place(id: u64) -> (u8, u64, u64) {
    let (mut z, mut first) = (0_u8, 0);
    while id >= first + (1 << (2 * z)) {
        first += 1 << (2 * z);
        z += 1;
    }
    let (mut rest, mut x, mut y) = (id - first, 0, 0);
    for level in 0..z {
        let side = 1 << level;
        let right = 1 & (rest / 2);
        let down = 1 & (rest ^ right);
        if down == 0 {
            if right == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            (x, y) = (y, x);
        }
        (x, y) = (x + side * right, y + side * down);
        rest /= 4;
    }
    (z, x, y)
}

#[test]
fn an_archive_has_every_tile_of_the_server_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("city.pmtiles");
    let names = ["宗地", "roads", "pacific"];
    let summary = export(&names, (0, 15), None, &to);
    let archive = Archive(std::fs::read(&to).unwrap());
    let tiles = archive.tiles();
    assert_eq!(summary.tiles as usize, tiles.len());
    assert_eq!(
        (archive.number(72), archive.number(88) <= tiles.len()),
        (tiles.len(), true)
    );
    let (server, _) = serve_city("");
    let path = |(z, x, y): (u8, u64, u64)| format!("/xyz/%E5%AE%97%E5%9C%B0,roads,pacific/{z}/{x}/{y}.mvt");
    for (&at, content) in &tiles {
        assert!(server.get(&path(at)).body == *content, "{at:?}");
    }
    // What is not in it is empty: all tiles of low zooms, and the neighbours of those that are.
    let low = (0..5_u8).flat_map(|z| (0..1 << z).flat_map(move |x| (0..1 << z).map(move |y| (z, x, y))));
    let near = tiles
        .keys()
        .filter(|at| at.0 == 15)
        .flat_map(|&(z, x, y)| [(z, x + 1, y), (z, x, y + 1)]);
    for at in low.chain(near.filter(|at| at.1 < 1 << 15 && at.2 < 1 << 15)) {
        let is_empty = server.get(&path(at)).status == 204;
        assert_eq!(is_empty, !tiles.contains_key(&at), "{at:?}");
    }
    let metadata = archive.metadata();
    let ids: Vec<_> = metadata["vector_layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| &layer["id"])
        .collect();
    assert_eq!(ids, names);
    assert_eq!(metadata["attribution"], "Roads &amp; &lt;Bridges&gt;");
    assert_eq!(&archive.0[96..102], [1, 2, 2, 1, 0, 15]);
}

#[test]
fn zooms_and_a_box_bound_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("part.pmtiles");
    let bbox = Bbox::new(115.0, 30.0, 115.1, 30.3).unwrap();
    export(&["pacific", "roads"], (3, 9), Some(bbox), &to);
    let tiles = Archive(std::fs::read(&to).unwrap()).tiles();
    let zooms: Vec<u8> = tiles.keys().map(|at| at.0).collect();
    assert_eq!((zooms[0], zooms[zooms.len() - 1]), (3, 9));
    assert!(
        tiles
            .keys()
            .all(|&(z, x, _)| x == ((115.04 + 180.0) / 360.0 * f64::from(1 << z)) as u64)
    );
}
