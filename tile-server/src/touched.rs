//! Which tiles of a layer a batch of changes touches: exactly those in which the old or the new state of a feature can
//! show, buffers included.

use onemap_model::{Bbox, TileCoord, TileMatrixSet, TileRange, ZoomRange};
use std::collections::{HashMap, HashSet};

/// The deepest zoom of which the touch map keeps single tiles; deeper ones are known by the tile they lie in.
pub(crate) const MAP_ZOOM: u8 = 15;
/// A feature that shows in more tiles of a zoom than this is kept as a rectangle of tiles.
const MAX_SINGLE: u64 = 64;
/// Beyond this many single tiles, or rectangles, everything counts as touched.
const MAX_TILES: usize = 2_000_000;
const MAX_RANGES: usize = 10_000;

/// The tiles of one layer that were touched.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    everything: bool,
    tiles: HashSet<TileCoord>,
    ranges: HashMap<(TileMatrixSet, u8), Vec<TileRange>>,
    range_count: usize,
}

impl Touched {
    /// All tiles there are.
    pub(crate) fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// Adds the tiles, of both grids and all zooms at which the layer shows, in which something inside `bbox` can show.
    pub(crate) fn include(&mut self, bbox: &Bbox, zoom: ZoomRange) {
        if self.everything {
            return;
        }
        // Down to the zoom of the map also where the layer begins below it.
        for z in zoom.min().min(MAP_ZOOM)..=zoom.max() {
            for range in TileMatrixSet::ALL
                .iter()
                .filter_map(|grid| grid.tiles_touching(z, bbox))
            {
                if range.count() <= MAX_SINGLE {
                    self.tiles.extend(range.tiles());
                } else {
                    self.ranges.entry((range.grid, z)).or_default().push(range);
                    self.range_count += 1;
                }
            }
        }
        if self.tiles.len() > MAX_TILES || self.range_count > MAX_RANGES {
            *self = Self::everything();
        }
    }

    /// Whether no tile is touched.
    pub(crate) fn is_empty(&self) -> bool {
        !self.everything && self.tiles.is_empty() && self.ranges.is_empty()
    }

    /// Whether all tiles are.
    pub(crate) fn is_everything(&self) -> bool {
        self.everything
    }

    /// The single tiles.
    pub(crate) fn tiles(&self) -> impl ExactSizeIterator<Item = TileCoord> {
        self.tiles.iter().copied()
    }

    /// The rectangles of tiles, beside the single ones.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = TileRange> {
        self.ranges.values().flatten().copied()
    }

    /// Whether the tile is touched.
    pub(crate) fn contains(&self, tile: TileCoord) -> bool {
        self.everything || self.tiles.contains(&tile) || {
            let ranges = self.ranges.get(&(tile.grid(), tile.z()));
            ranges.is_some_and(|ranges| ranges.iter().any(|range| range.contains(tile)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::Coord;

    #[test]
    fn a_point_touches_one_tile_of_each_zoom_and_a_country_most_of_them() {
        let mut touched = Touched::default();
        assert!(touched.is_empty());
        let at = Coord {
            x: 115.0412,
            y: 30.2034,
        };
        touched.include(&Bbox::new(at.x, at.y, at.x, at.y).unwrap(), ZoomRange::ALL);
        for grid in TileMatrixSet::ALL {
            for z in grid.min_zoom()..=20 {
                let tile = grid.tile_at(z, at).unwrap();
                assert!(touched.contains(tile), "{tile:?}");
                let far = grid.tile_at(z, Coord { x: -115.0, y: -30.0 }).unwrap();
                assert_eq!(touched.contains(far), far == tile, "{far:?}");
            }
        }
        assert_eq!(touched.ranges().count(), 0);
        touched.include(&Bbox::new(100.0, 20.0, 120.0, 40.0).unwrap(), ZoomRange::ALL);
        assert!(touched.ranges().count() > 10 && !touched.is_everything());
        let inside = TileMatrixSet::WebMercatorQuad
            .tile_at(20, Coord { x: 110.0, y: 30.0 })
            .unwrap();
        let outside = TileMatrixSet::WebMercatorQuad
            .tile_at(20, Coord { x: 121.0, y: 30.0 })
            .unwrap();
        assert!(touched.contains(inside) && !touched.contains(outside));
    }

    #[test]
    fn a_layer_of_high_zooms_touches_the_tiles_of_the_map_too() {
        let mut touched = Touched::default();
        let at = Coord {
            x: 115.0412,
            y: 30.2034,
        };
        touched.include(
            &Bbox::new(at.x, at.y, at.x, at.y).unwrap(),
            ZoomRange::new(18, 20).unwrap(),
        );
        let tile = |z| TileMatrixSet::WebMercatorQuad.tile_at(z, at).unwrap();
        assert!(touched.contains(tile(MAP_ZOOM)) && touched.contains(tile(18)) && !touched.contains(tile(14)));
    }
}
