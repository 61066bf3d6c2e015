//! Times tiles: rendered from the snapshot, without any tile cache, on one thread.
//!
//! A round goes over all tiles before the next begins, so that one tile's data has left the processor's caches when
//! it is its turn again: what is measured is a first request, not a loop.

use onemap_model::{Bbox, Coord, TileCoord, TileMatrixSet};
use std::time::{Duration, Instant};

/// Rounds over all tiles; a tile's time is the median of them.
const ROUNDS: usize = 5;

/// What the tiles of one zoom took.
#[derive(Debug, Clone)]
pub struct TileTimes {
    /// How many tiles were not empty, and count.
    pub tiles: usize,
    /// The median tile's time.
    pub median: Duration,
    /// 95 of 100 tiles took no longer.
    pub p95: Duration,
    /// The slowest tile's time.
    pub slowest: Duration,
    /// Features in the median tile, over all its layers.
    pub features: usize,
    /// Bytes of the median tile, not compressed.
    pub bytes: usize,
}

/// At most `limit` tiles of a zoom, spread evenly over `area`.
pub fn over(area: Bbox, grid: TileMatrixSet, z: u8, limit: usize) -> Vec<TileCoord> {
    let corner = |x, y| {
        grid.tile_at(z, Coord { x, y })
            .expect("both grids have every zoom from 1 to 20")
    };
    let (nw, se) = (corner(area.west(), area.north()), corner(area.east(), area.south()));
    let (width, height) = (u64::from(se.col() - nw.col()) + 1, u64::from(se.row() - nw.row()) + 1);
    let (all, limit) = (width * height, limit as u64);
    (0..all.min(limit))
        .map(|i| i * all / all.min(limit))
        .map(|at| (u64::from(nw.col()) + at % width, u64::from(nw.row()) + at / width))
        .map(|(col, row)| {
            grid.tile(u64::from(z), col, row)
                .expect("it lies between two tiles of the grid")
        })
        .collect()
}

/// Renders each tile several times; none where all are empty.
pub fn time(tiles: &[TileCoord], mut render: impl FnMut(TileCoord) -> Vec<u8>) -> Option<TileTimes> {
    let mut seen: Vec<(TileCoord, usize, usize)> = Vec::new();
    for &tile in tiles {
        let bytes = render(tile);
        if !bytes.is_empty() {
            seen.push((tile, feature_count(&bytes), bytes.len()));
        }
    }
    if seen.is_empty() {
        return None;
    }
    let mut rounds = vec![Vec::with_capacity(ROUNDS); seen.len()];
    for _ in 0..ROUNDS {
        for (at, (tile, ..)) in seen.iter().enumerate() {
            let began = Instant::now();
            let bytes = render(*tile);
            rounds[at].push(began.elapsed());
            drop(bytes);
        }
    }
    let times: Vec<Duration> = rounds.into_iter().map(|times| quantile(times, 0.5)).collect();
    Some(TileTimes {
        tiles: seen.len(),
        median: quantile(times.clone(), 0.5),
        p95: quantile(times.clone(), 0.95),
        slowest: quantile(times, 1.0),
        features: quantile(seen.iter().map(|(_, features, _)| *features).collect(), 0.5),
        bytes: quantile(seen.iter().map(|(.., bytes)| *bytes).collect(), 0.5),
    })
}

/// The value below which the share `q` of `values` lies; there must be one at least.
fn quantile<T: Ord + Copy>(mut values: Vec<T>, q: f64) -> T {
    values.sort_unstable();
    values[((values.len() - 1) as f64 * q).round() as usize]
}

/// How many features a vector tile has: the fields 2 of its fields 3 (MVT 2.1, section 4.1).
///
/// # Panics
/// Where the bytes are no tile.
pub fn feature_count(tile: &[u8]) -> usize {
    members(tile, 3).map(|layer| members(layer, 2).count()).sum()
}

/// The members of a protobuf message that have this number and a length.
fn members(mut message: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        while !message.is_empty() {
            let key = varint(&mut message);
            match key & 7 {
                0 => drop(varint(&mut message)),
                2 => {
                    let length = usize::try_from(varint(&mut message)).expect("a tile is smaller than memory");
                    let (member, rest) = message.split_at(length);
                    message = rest;
                    if key >> 3 == wanted {
                        return Some(member);
                    }
                }
                kind => panic!("a tile has no field of wire type {kind}"),
            }
        }
        None
    })
}

fn varint(message: &mut &[u8]) -> u64 {
    let end = message
        .iter()
        .position(|byte| byte & 0x80 == 0)
        .expect("a number ends in its message");
    let (number, rest) = message.split_at(end + 1);
    *message = rest;
    number
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_of_all_layers_are_counted() {
        let layer = |features: usize| {
            let mut layer = vec![0x78, 2, 0x0a, 1, b'a'];
            layer.extend([0x12, 2, 0x18, 3].repeat(features));
            let mut tile = vec![0x1a, u8::try_from(layer.len()).unwrap()];
            tile.extend(layer);
            tile
        };
        assert_eq!(feature_count(&[]), 0);
        assert_eq!(feature_count(&[layer(3), layer(4)].concat()), 7);
    }

    #[test]
    fn tiles_are_spread_over_the_area_without_repeating() {
        let area = Bbox::new(114.9, 30.0, 115.2, 30.3).unwrap();
        for (z, limit) in [(10, 50), (14, 50), (16, 50)] {
            let tiles = over(area, TileMatrixSet::WebMercatorQuad, z, limit);
            let distinct: std::collections::HashSet<_> = tiles.iter().collect();
            assert_eq!(distinct.len(), tiles.len());
            assert!(tiles.len() <= limit && tiles.iter().all(|tile| tile.bbox().intersects(&area)));
            assert!(z < 14 || tiles.len() == limit);
        }
    }

    #[test]
    fn the_median_is_in_the_middle_and_empty_tiles_do_not_count() {
        assert_eq!(quantile(vec![9, 1, 5], 0.5), 5);
        let tiles = over(
            Bbox::new(114.9, 30.0, 115.2, 30.3).unwrap(),
            TileMatrixSet::WebMercatorQuad,
            14,
            9,
        );
        assert!(time(&tiles, |_| Vec::new()).is_none());
    }
}
