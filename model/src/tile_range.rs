//! Which tiles a change can show in.

use crate::{Bbox, Coord, TileCoord, TileMatrixSet};

/// How far a feature reaches beyond its box in tiles: the buffer of 64 units, and one for rounding, of 4096.
const REACH: f64 = 65.0 / 4096.0;

/// A rectangle of tiles of one zoom, borders included; never empty, always inside the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileRange {
    /// The grid.
    pub grid: TileMatrixSet,
    /// The zoom.
    pub z: u8,
    /// The westernmost column.
    pub min_col: u32,
    /// The easternmost column.
    pub max_col: u32,
    /// The northernmost row.
    pub min_row: u32,
    /// The southernmost row.
    pub max_row: u32,
}

impl TileMatrixSet {
    /// The tiles of zoom `z` in which something inside `bbox` (degrees) can show, their buffers included; none where it
    /// lies outside the grid, or the grid has no such zoom.
    pub fn tiles_touching(self, z: u8, bbox: &Bbox) -> Option<TileRange> {
        if !(self.min_zoom()..=self.max_zoom()).contains(&z) {
            return None;
        }
        let place = |x, y: f64| {
            self.project(Coord {
                x,
                y: y.clamp(-90.0, 90.0),
            })
        };
        let (nw, se) = (place(bbox.west(), bbox.north()), place(bbox.east(), bbox.south()));
        // Columns double from zoom to zoom in both directions, also where the grid has fewer rows than columns.
        let tiles = f64::from(self.matrix_width(z));
        let (min_col, max_col) = between(nw.x * tiles, se.x * tiles, self.matrix_width(z))?;
        let (min_row, max_row) = between(nw.y * tiles, se.y * tiles, self.matrix_height(z))?;
        Some(TileRange {
            grid: self,
            z,
            min_col,
            max_col,
            min_row,
            max_row,
        })
    }
}

/// The first and last of `count` tiles that reach from `from` to `to`, in tiles.
fn between(from: f64, to: f64, count: u32) -> Option<(u32, u32)> {
    let (first, last) = ((from - REACH).floor(), (to + REACH).floor());
    let end = f64::from(count - 1);
    // A tile begins where the one before it ends: its buffer is on both sides.
    (first <= end && last >= 0.0).then(|| (first.max(0.0) as u32, last.min(end) as u32))
}

impl TileRange {
    /// Whether the tile is one of them.
    pub fn contains(&self, tile: TileCoord) -> bool {
        tile.grid() == self.grid
            && tile.z() == self.z
            && (self.min_col..=self.max_col).contains(&tile.col())
            && (self.min_row..=self.max_row).contains(&tile.row())
    }

    /// How many tiles there are.
    pub fn count(&self) -> u64 {
        u64::from(self.max_col - self.min_col + 1) * u64::from(self.max_row - self.min_row + 1)
    }

    /// The tiles, row by row from the north.
    pub fn tiles(self) -> impl Iterator<Item = TileCoord> {
        (self.min_row..=self.max_row).flat_map(move |row| {
            (self.min_col..=self.max_col).map(move |col| {
                self.grid
                    .tile(u64::from(self.z), u64::from(col), u64::from(row))
                    .expect("a range lies inside its grid")
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TileMatrixSet::{Cgcs2000Quad, WebMercatorQuad};

    fn bbox(west: f64, south: f64, east: f64, north: f64) -> Bbox {
        Bbox::new(west, south, east, north).unwrap()
    }

    #[test]
    fn a_point_in_the_middle_touches_one_tile_and_one_near_an_edge_its_neighbour_too() {
        for grid in TileMatrixSet::ALL {
            let tile = grid.tile_at(14, Coord { x: 115.04, y: 30.20 }).unwrap();
            let middle = tile.bbox().center();
            let range = grid
                .tiles_touching(14, &bbox(middle.x, middle.y, middle.x, middle.y))
                .unwrap();
            assert_eq!(range.tiles().collect::<Vec<_>>(), [tile]);
            let (width, edge) = (tile.bbox().east() - tile.bbox().west(), tile.bbox().east());
            let at = |share: f64| {
                let x = edge + width * share;
                grid.tiles_touching(14, &bbox(x, middle.y, x, middle.y)).unwrap()
            };
            // Beyond the eastern edge: inside the buffer it shows in the tile, further out it does not.
            assert!(at(60.0 / 4096.0).contains(tile) && at(60.0 / 4096.0).count() == 2);
            assert!(!at(70.0 / 4096.0).contains(tile) && at(70.0 / 4096.0).count() == 1);
        }
    }

    #[test]
    fn the_whole_world_is_every_tile_and_beyond_it_there_are_none() {
        let world = bbox(-180.0, -90.0, 180.0, 90.0);
        assert_eq!(WebMercatorQuad.tiles_touching(2, &world).unwrap().count(), 16);
        assert_eq!(Cgcs2000Quad.tiles_touching(2, &world).unwrap().count(), 8);
        assert_eq!(WebMercatorQuad.tiles_touching(5, &bbox(10.0, 89.0, 11.0, 90.0)), None);
        assert_eq!(WebMercatorQuad.tiles_touching(5, &bbox(500.0, 0.0, 501.0, 1.0)), None);
        assert_eq!(Cgcs2000Quad.tiles_touching(0, &world), None);
        assert_eq!(WebMercatorQuad.tiles_touching(21, &world), None);
    }
}
