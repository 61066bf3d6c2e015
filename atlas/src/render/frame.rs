//! From the world to whole units of one tile.

use crate::world::{FINE_BITS, Fine, STORED_BITS, World, WorldBox};
use onemap_model::{Coord, TileCoord, TileMatrixSet};
use std::ops::Range;

/// Units across a tile.
pub(super) const EXTENT: i64 = 4096;
/// Units beyond each edge that are drawn too.
pub(super) const BUFFER: i64 = 64;
/// The smallest coordinate drawn, in x and y.
const MIN: i64 = -BUFFER;
/// The largest coordinate drawn, in x and y.
const MAX: i64 = EXTENT + BUFFER;
/// Subunits of a unit, as a power of two, that are enough to cut: an edge is moved by a 64th of a unit at most.
const CUTTING_BITS: u32 = 6;

/// A position from the north-western corner of the tile, y downwards; in units, or in subunits where that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Point {
    pub x: i64,
    pub y: i64,
}

/// Subunits: what is cut is cut in these, before it is rounded. Positions in them are less than 2^44 in size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subunits {
    /// So many, as a power of two and at least two, make a unit.
    bits: u32,
}

/// Gives vertices in subunits.
pub(super) trait Vertices {
    /// The subunits they are in.
    fn subunits(&self) -> Subunits;

    /// The place of a vertex, in subunits.
    fn place(&self, vertex: usize) -> Point;
}

/// Vertices projected as they are asked for: any grid, any zoom, any coordinates.
pub(super) struct Projected<'a> {
    coords: &'a [Coord],
    grid: TileMatrixSet,
    /// In fine units.
    corner: Point,
    subunits: Subunits,
}

/// Vertices from stored coordinates: Web Mercator up to zoom 19, inside the world.
pub(super) struct Stored<'a> {
    world: &'a [World],
    /// In stored units.
    corner: Point,
    subunits: Subunits,
}

impl Point {
    /// Whether it is in the tile or its buffer, borders included; in units.
    #[inline]
    pub fn is_drawn(self) -> bool {
        (MIN..=MAX).contains(&self.x) && (MIN..=MAX).contains(&self.y)
    }
}

impl Subunits {
    /// Subunits of a tile, and its corner, in a world of 2^`world_bits` units.
    fn of(tile: TileCoord, world_bits: u32) -> (Self, Point) {
        let size_bits = world_bits - u32::from(tile.z());
        let corner = Point {
            x: i64::from(tile.col()) << size_bits,
            y: i64::from(tile.row()) << size_bits,
        };
        let bits = size_bits - EXTENT.trailing_zeros();
        (Self { bits }, corner)
    }

    /// One to a unit.
    #[cfg(test)]
    pub const UNITS: Subunits = Subunits { bits: 0 };

    /// A position in units, rounded half up.
    #[inline]
    pub fn round(self, at: Point) -> Point {
        let half = (1 << self.bits) >> 1;
        Point {
            x: (at.x + half) >> self.bits,
            y: (at.y + half) >> self.bits,
        }
    }

    /// The smallest coordinate drawn, in x and y.
    #[inline]
    pub fn min(self) -> i64 {
        MIN << self.bits
    }

    /// The largest coordinate drawn, in x and y.
    #[inline]
    pub fn max(self) -> i64 {
        MAX << self.bits
    }

    /// Whether a position in subunits is in the tile or its buffer, borders included.
    #[inline]
    pub fn is_drawn(self, at: Point) -> bool {
        (self.min()..=self.max()).contains(&at.x) && (self.min()..=self.max()).contains(&at.y)
    }
}

impl<'a> Projected<'a> {
    pub fn new(coords: &'a [Coord], tile: TileCoord) -> Self {
        let (subunits, corner) = Subunits::of(tile, FINE_BITS);
        Self {
            coords,
            grid: tile.grid(),
            corner,
            subunits,
        }
    }
}

impl Vertices for Projected<'_> {
    fn subunits(&self) -> Subunits {
        self.subunits
    }

    fn place(&self, vertex: usize) -> Point {
        let fine = Fine::project(self.grid, self.coords[vertex]);
        Point {
            x: fine.x - self.corner.x,
            y: fine.y - self.corner.y,
        }
    }
}

impl<'a> Stored<'a> {
    /// None where the stored coordinates are of another grid, or not fine enough to round half up.
    pub fn new(world: &'a [World], tile: TileCoord) -> Option<Self> {
        let fits = tile.grid() == TileMatrixSet::WebMercatorQuad && tile.z() < tile.grid().max_zoom();
        let (subunits, corner) = fits.then(|| Subunits::of(tile, STORED_BITS))?;
        Some(Self {
            world,
            corner,
            subunits,
        })
    }

    /// Whether the coordinates are fine enough to be cut, not only to be rounded.
    pub fn can_be_cut(&self) -> bool {
        self.subunits.bits >= CUTTING_BITS
    }

    /// The positions of vertices in units.
    #[inline]
    pub fn rounded(&self, vertices: Range<usize>) -> impl ExactSizeIterator<Item = Point> {
        let half = (1 << self.subunits.bits) >> 1;
        // Shift and corner in one: no more than two additions and a shift a coordinate.
        let shift = |corner: i64| (1 << (STORED_BITS - 1)) - corner + half;
        let (x, y, bits) = (shift(self.corner.x), shift(self.corner.y), self.subunits.bits);
        self.world[vertices].iter().map(move |at| Point {
            x: (i64::from(at.x) + x) >> bits,
            y: (i64::from(at.y) + y) >> bits,
        })
    }

    /// The corners of a box in units, north-western first.
    pub fn corners(&self, around: &WorldBox) -> [Point; 2] {
        [around.min, around.max].map(|at| self.subunits.round(self.beside_corner(at)))
    }

    #[inline]
    fn beside_corner(&self, at: World) -> Point {
        let unsigned = |part: i32| i64::from(part) + (1 << (STORED_BITS - 1));
        Point {
            x: unsigned(at.x) - self.corner.x,
            y: unsigned(at.y) - self.corner.y,
        }
    }
}

impl Vertices for Stored<'_> {
    fn subunits(&self) -> Subunits {
        self.subunits
    }

    #[inline]
    fn place(&self, vertex: usize) -> Point {
        self.beside_corner(self.world[vertex])
    }
}

/// The box, in stored units, that holds whatever may be drawn in the tile.
pub(crate) fn search_box(tile: TileCoord) -> WorldBox {
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
                let stored = Stored::new(&world, tile).unwrap();
                let stored = stored.subunits().round(stored.place(0));
                let coords = [coord];
                let exact = Projected::new(&coords, tile);
                assert_eq!(stored, exact.subunits().round(exact.place(0)));
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
                let exact = Projected::new(&coords, tile);
                let point = exact.place(0);
                assert!(!exact.subunits().is_drawn(point), "{point:?}");
                assert!(point.x.abs() < 1 << 44 && point.y.abs() < 1 << 44, "{point:?}");
            }
        }
    }
}
