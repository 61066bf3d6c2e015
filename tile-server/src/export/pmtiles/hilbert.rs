//! The order of tiles in an archive: along a Hilbert curve through each zoom, the zooms one after the other (PMTiles 3,
//! clause 4.1.1).

use onemap_model::{TileCoord, TileMatrixSet};

/// The number of the first tile of a zoom.
pub(super) fn first_of_zoom(z: u8) -> u64 {
    ((1 << (2 * u32::from(z))) - 1) / 3
}

/// A tile's number.
pub(super) fn number(tile: TileCoord) -> u64 {
    first_of_zoom(tile.z()) + place(tile)
}

/// A tile's place on the curve through its zoom. The places of the four tiles in it are the four that begin at four times
/// its own.
pub(super) fn place(tile: TileCoord) -> u64 {
    let (mut x, mut y) = (tile.col(), tile.row());
    let mut place = 0_u64;
    for bit in (0..u32::from(tile.z())).rev() {
        let (right, down) = ((x >> bit) & 1, (y >> bit) & 1);
        place = place << 2 | u64::from((3 * right) ^ down);
        if down == 0 {
            if right == 1 {
                (x, y) = (!x, !y);
            }
            (x, y) = (y, x);
        }
    }
    place
}

/// The tiles of one zoom that `reaches` lets through, as it lets through all tiles that they lie in, in the order of their
/// numbers. Keeps three tiles of each zoom above.
pub(super) struct Walk<F> {
    reaches: F,
    z: u8,
    /// Tiles before this place are left out.
    from: u64,
    waiting: Vec<(u64, TileCoord)>,
}

impl<F: FnMut(TileCoord) -> bool> Walk<F> {
    /// The tiles of zoom `z`, from the number `from` on.
    pub fn new(z: u8, from: u64, reaches: F) -> Self {
        let top = TileMatrixSet::WebMercatorQuad
            .tile(0, 0, 0)
            .expect("every grid begins with one tile");
        Self {
            reaches,
            z,
            from: from.saturating_sub(first_of_zoom(z)),
            waiting: vec![(0, top)],
        }
    }
}

impl<F: FnMut(TileCoord) -> bool> Iterator for Walk<F> {
    type Item = TileCoord;

    fn next(&mut self) -> Option<TileCoord> {
        while let Some((place, tile)) = self.waiting.pop() {
            let below = 2 * u32::from(self.z - tile.z());
            let is_before = (place + 1) << below <= self.from;
            if is_before || !(self.reaches)(tile) {
                continue;
            }
            if tile.z() == self.z {
                return Some(tile);
            }
            let mut children = children(tile);
            // The first one is taken first, from the end.
            children.sort_unstable_by_key(|&(place, _)| std::cmp::Reverse(place));
            self.waiting.extend(children);
        }
        None
    }
}

fn children(tile: TileCoord) -> [(u64, TileCoord); 4] {
    [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| {
        let (col, row) = (2 * u64::from(tile.col()) + right, 2 * u64::from(tile.row()) + down);
        let child = tile.grid().tile(u64::from(tile.z()) + 1, col, row);
        let child = child.expect("a tile above the highest zoom has four tiles in it");
        (place(child), child)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(z: u64, x: u64, y: u64) -> TileCoord {
        TileMatrixSet::WebMercatorQuad.tile(z, x, y).unwrap()
    }

    #[test]
    fn numbers_are_those_of_the_specification() {
        // PMTiles 3, clause 4.1.1, its table.
        let check = |z, x, y, expected| assert_eq!(number(tile(z, x, y)), expected, "{z}/{x}/{y}");
        check(0, 0, 0, 0);
        check(1, 0, 0, 1);
        check(1, 0, 1, 2);
        check(1, 1, 1, 3);
        check(1, 1, 0, 4);
        check(2, 0, 0, 5);
        check(12, 3423, 1763, 19_078_479);
    }

    #[test]
    fn a_walk_gives_every_tile_let_through_in_order_from_where_it_begins() {
        let all: Vec<u64> = Walk::new(4, 0, |_| true).map(number).collect();
        assert_eq!(all, (first_of_zoom(4)..first_of_zoom(5)).collect::<Vec<_>>());
        let reaches = |tile: TileCoord| {
            let (x, y) = (5_u32, 9_u32);
            (x >> (4 - tile.z()), y >> (4 - tile.z())) == (tile.col(), tile.row())
        };
        assert_eq!(Walk::new(4, 0, reaches).collect::<Vec<_>>(), [tile(4, 5, 9)]);
        let from = number(tile(4, 5, 9));
        let after: Vec<u64> = Walk::new(4, from + 1, |_| true).map(number).collect();
        assert_eq!(after, (from + 1..first_of_zoom(5)).collect::<Vec<_>>());
        assert_eq!(Walk::new(4, first_of_zoom(5), |_| true).count(), 0);
    }
}
