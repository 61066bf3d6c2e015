//! From the world to whole units of one tile.

use crate::world::{FINE_BITS, Fine, World, WorldBox};
use onemap_model::{Coord, TileCoord, TileMatrixSet};

/// Units across a tile.
pub(super) const EXTENT: i64 = 4096;
/// Units beyond each edge that are drawn too.
pub(super) const BUFFER: i64 = 64;
/// The smallest coordinate drawn, in x and y.
pub(super) const MIN: i64 = -BUFFER;
/// The largest coordinate drawn, in x and y.
pub(super) const MAX: i64 = EXTENT + BUFFER;

/// A position in tile units from the north-western corner, y downwards. Less than 2^36 in size before clipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Point {
    pub x: i64,
    pub y: i64,
}

/// Gives vertices in tile units.
pub(super) trait Vertices {
    /// The vertex with this number, rounded half up.
    fn point(&self, vertex: usize) -> Point;
}

/// A square of a world whose units are 2^`shift` to the tile's.
#[derive(Debug, Clone, Copy)]
struct Square {
    west: i64,
    north: i64,
    shift: u32,
}

/// Vertices projected as they are asked for: any grid, any zoom, any coordinates.
pub(super) struct Projected<'a> {
    coords: &'a [Coord],
    grid: TileMatrixSet,
    square: Square,
}

/// Vertices from stored coordinates: Web Mercator up to zoom 19, inside the world.
pub(super) struct Stored<'a> {
    world: &'a [World],
    square: Square,
}

impl Point {
    /// Whether it is in the tile or its buffer, borders included.
    #[inline]
    pub fn is_drawn(self) -> bool {
        (MIN..=MAX).contains(&self.x) && (MIN..=MAX).contains(&self.y)
    }
}

impl Square {
    fn of(tile: TileCoord, world_bits: u32) -> Self {
        let size_bits = world_bits - u32::from(tile.z());
        Self {
            west: i64::from(tile.col()) << size_bits,
            north: i64::from(tile.row()) << size_bits,
            shift: size_bits - EXTENT.trailing_zeros(),
        }
    }

    /// Half up, for which the shift must be at least one.
    #[inline]
    fn place(self, x: i64, y: i64) -> Point {
        let half = 1 << (self.shift - 1);
        Point {
            x: (x - self.west + half) >> self.shift,
            y: (y - self.north + half) >> self.shift,
        }
    }
}

impl<'a> Projected<'a> {
    pub fn new(coords: &'a [Coord], tile: TileCoord) -> Self {
        let square = Square::of(tile, FINE_BITS);
        Self {
            coords,
            grid: tile.grid(),
            square,
        }
    }
}

impl Vertices for Projected<'_> {
    fn point(&self, vertex: usize) -> Point {
        let fine = Fine::project(self.grid, self.coords[vertex]);
        self.square.place(fine.x, fine.y)
    }
}

impl<'a> Stored<'a> {
    /// None where the stored coordinates are of another grid, or not fine enough to round half up.
    pub fn new(world: &'a [World], tile: TileCoord) -> Option<Self> {
        let fits = tile.grid() == TileMatrixSet::WebMercatorQuad && tile.z() < tile.grid().max_zoom();
        let square = Square::of(tile, FINE_BITS - 1);
        fits.then_some(Self { world, square })
    }

    fn place(&self, at: World) -> Point {
        self.square
            .place(i64::from(at.x) + (1 << 31), i64::from(at.y) + (1 << 31))
    }

    /// The corners of a box in tile units, north-western first.
    pub fn corners(&self, around: &WorldBox) -> [Point; 2] {
        [self.place(around.min), self.place(around.max)]
    }
}

impl Vertices for Stored<'_> {
    #[inline]
    fn point(&self, vertex: usize) -> Point {
        self.place(self.world[vertex])
    }
}

/// The box, in stored units, that holds whatever may be drawn in the tile.
pub(super) fn search_box(tile: TileCoord) -> WorldBox {
    // One unit more than the buffer: what is nearer than half a unit is rounded onto the border.
    let margin = (BUFFER + 1) as f64 / EXTENT as f64;
    WorldBox::around(tile.bbox_buffered(margin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_and_exact_coordinates_round_to_the_same_unit() {
        let grid = TileMatrixSet::WebMercatorQuad;
        for step in 0..5000 {
            let coord = Coord {
                x: 114.9 + f64::from(step) * 1.234_567e-5,
                y: 30.1 + f64::from(step) * 0.765_432e-5,
            };
            let fine = Fine::project(grid, coord);
            let world = [World::from_fine(fine).unwrap()];
            for z in [0, 7, 14, 18, 19] {
                let tile = grid.tile_at(z, Coord { x: 115.0, y: 30.2 }).unwrap();
                let stored = Stored::new(&world, tile).unwrap().point(0);
                let coords = [coord];
                assert_eq!(stored, Projected::new(&coords, tile).point(0));
                let at = grid.project(coord);
                let real = |part: f64, corner: f64| ((part - corner) / tile.size() * 4096.0 + 0.5).floor() as i64;
                let corner = tile.corner();
                let expected = Point {
                    x: real(at.x, corner.x),
                    y: real(at.y, corner.y),
                };
                assert_eq!(stored, expected, "{tile} {coord:?}");
            }
        }
    }

    #[test]
    fn coordinates_far_outside_the_world_stay_far_outside_without_overflow() {
        for grid in TileMatrixSet::ALL {
            let tile = grid.tile_at(20, Coord { x: 115.0, y: 30.2 }).unwrap();
            for far in [1e300, -1e300, 181.0, -181.0, 90.0, -90.0] {
                let coords = [Coord { x: far, y: far }];
                let point = Projected::new(&coords, tile).point(0);
                assert!(
                    !point.is_drawn() && point.x.abs() < 1 << 36 && point.y.abs() < 1 << 36,
                    "{point:?}"
                );
            }
        }
    }
}
