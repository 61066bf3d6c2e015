//! Which tiles are asked for: all of a zoom that have parcels, or a mix of zooms as popular as the tiles of
//! OpenStreetMap are.

use super::Dice;
use anyhow::{Context, Result};
use onemap_model::{Coord, TileCoord, TileMatrixSet};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::process::Command;

/// The zooms that are known.
const ZOOMS: RangeInclusive<u8> = 10..=16;

/// The tiles of a zoom with parcels in them, in an order without sense, the same in every run.
pub fn distinct(places: &[(i64, Coord)], z: u8) -> Vec<TileCoord> {
    let mut tiles: Vec<TileCoord> = counted(places, z).into_keys().collect();
    tiles.sort_unstable_by_key(|tile| (tile.col(), tile.row()));
    Dice(u64::from(z)).shuffle(&mut tiles);
    tiles
}

fn counted(places: &[(i64, Coord)], z: u8) -> HashMap<TileCoord, u32> {
    let mut counted = HashMap::new();
    for (_, at) in places {
        let tile = TileMatrixSet::WebMercatorQuad.tile_at(z, *at);
        *counted.entry(tile.expect("the grid has this zoom")).or_default() += 1;
    }
    counted
}

/// How often tiles are loaded, by zoom, most loaded first.
#[derive(Debug, Clone)]
pub struct Popularity(Vec<(u8, Vec<u64>)>);

impl Popularity {
    /// Reads `z x y loads` lines, gzipped, behind a line of names.
    ///
    /// # Errors
    /// Where the file cannot be read or has other lines.
    pub fn read(path: &str) -> Result<Self> {
        let output = Command::new("gzip")
            .args(["-dc", path])
            .output()
            .context("starting gzip")?;
        anyhow::ensure!(output.status.success(), "{path}: gzip cannot read it");
        let text = String::from_utf8(output.stdout).with_context(|| format!("{path} is not UTF-8"))?;
        Self::parse(&text).with_context(|| path.to_owned())
    }

    fn parse(text: &str) -> Result<Self> {
        let mut zooms: Vec<(u8, Vec<u64>)> = ZOOMS.map(|z| (z, Vec::new())).collect();
        for line in text.lines().skip(1) {
            let mut columns = line.split('\t');
            let z: u8 = columns
                .next()
                .and_then(|z| z.parse().ok())
                .context("a line without zoom")?;
            let loads = columns.nth(2).and_then(|loads| loads.parse().ok());
            let loads = loads.with_context(|| format!("no loads: {line:?}"))?;
            if let Some((_, of_zoom)) = zooms.iter_mut().find(|(zoom, _)| *zoom == z) {
                of_zoom.push(loads);
            }
        }
        for (_, loads) in &mut zooms {
            loads.sort_unstable_by(|a, b| b.cmp(a));
        }
        Ok(Self(zooms))
    }

    /// `many` tiles of these zooms as they would be asked for one after the other; each zoom has its share of the loads. Within a zoom, the tile with most parcels takes the
    /// loads of the most loaded one, and so on; what has more ranks than the city has tiles is cut off.
    pub fn draw(&self, places: &[(i64, Coord)], zooms: RangeInclusive<u8>, many: usize) -> Vec<TileCoord> {
        let mut tiles = Vec::new();
        let (mut ends, mut end) = (Vec::new(), 0_u64);
        for (z, loads) in self.0.iter().filter(|(z, _)| zooms.contains(z)) {
            let mut ranked: Vec<_> = counted(places, *z).into_iter().collect();
            ranked.sort_unstable_by_key(|(tile, count)| (std::cmp::Reverse(*count), tile.col(), tile.row()));
            for ((tile, _), loads) in ranked.into_iter().zip(loads) {
                end += loads;
                tiles.push(tile);
                ends.push(end);
            }
        }
        let mut dice = Dice(2026);
        let mut draw = || {
            let at = dice.below(end);
            tiles[ends.partition_point(|end| *end <= at)]
        };
        (0..if tiles.is_empty() { 0 } else { many }).map(|_| draw()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Vec<(i64, Coord)> {
        let place = |i: i64| {
            (
                i,
                Coord {
                    x: 115.0 + 0.0001 * (i * i % 4000) as f64,
                    y: 30.0,
                },
            )
        };
        (0..1000).map(place).collect()
    }

    #[test]
    fn every_tile_with_parcels_comes_once() {
        let tiles = distinct(&places(), 14);
        let set: std::collections::HashSet<_> = tiles.iter().collect();
        assert!(tiles.len() > 10 && set.len() == tiles.len());
        assert_eq!(tiles, distinct(&places(), 14));
    }

    #[test]
    fn popular_tiles_are_drawn_more_often() {
        let popularity =
            Popularity::parse("z\tx\ty\tloads\n12\t0\t0\t9000\n12\t1\t0\t1000\n3\t0\t0\t5000000\n").unwrap();
        let drawn = popularity.draw(&places(), 12..=13, 10_000);
        let mut counts: HashMap<TileCoord, usize> = HashMap::new();
        drawn.iter().for_each(|tile| *counts.entry(*tile).or_default() += 1);
        let mut counts: Vec<usize> = counts.into_values().collect();
        counts.sort_unstable();
        assert_eq!(counts.len(), 2, "{counts:?}");
        assert!((800..1200).contains(&counts[0]), "{counts:?}");
    }
}
