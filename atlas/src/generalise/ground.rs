//! Boxes of features in subunits of a tile, in either grid.

use crate::world::{STORED_BITS, World, WorldBox};
use onemap_model::{TileCoord, TileMatrixSet, WorldPoint};

/// Units across a tile, as a power of two.
const UNIT_BITS: u32 = 12;

/// The units of one tile: 2^`bits` subunits each, counted from the tile's north-western corner, y downwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground {
    grid: TileMatrixSet,
    /// The corner, in subunits of the grid's world, which are 2^32.
    corner: [i64; 2],
    /// Subunits to a unit, as a power of two.
    pub bits: u32,
}

/// A box in subunits, the far borders excluded, at least one wide and high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub min: [i64; 2],
    pub max: [i64; 2],
}

impl Ground {
    pub fn of(tile: TileCoord) -> Self {
        let size_bits = STORED_BITS - u32::from(tile.z());
        Self {
            grid: tile.grid(),
            corner: [i64::from(tile.col()) << size_bits, i64::from(tile.row()) << size_bits],
            bits: size_bits - UNIT_BITS,
        }
    }

    /// The box of a feature.
    pub fn extent(&self, around: &WorldBox) -> Extent {
        let ([left, top], [right, bottom]) = (self.place(around.min), self.place(around.max));
        Extent {
            min: [left, top],
            max: [right + 1, bottom + 1],
        }
    }

    fn place(&self, at: World) -> [i64; 2] {
        let half = 1_i64 << (STORED_BITS - 1);
        let stored = [i64::from(at.x) + half, i64::from(at.y) + half];
        let [x, y] = match self.grid {
            TileMatrixSet::WebMercatorQuad => stored,
            grid @ TileMatrixSet::Cgcs2000Quad => {
                let world = (1_i64 << STORED_BITS) as f64;
                let [x, y] = stored.map(|part| part as f64 / world);
                let at = grid.project(TileMatrixSet::WebMercatorQuad.unproject(WorldPoint { x, y }));
                [at.x, at.y].map(|part| (part * world).floor() as i64)
            }
        };
        [x - self.corner[0], y - self.corner[1]]
    }
}

impl Extent {
    /// The longer side.
    pub fn size(&self) -> i64 {
        (self.max[0] - self.min[0]).max(self.max[1] - self.min[1])
    }

    /// The middle.
    pub fn center(&self) -> [i64; 2] {
        [0, 1].map(|axis| (self.min[axis] + self.max[axis] - 1).div_euclid(2))
    }
}
