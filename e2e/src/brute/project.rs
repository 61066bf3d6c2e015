//! Longitude and latitude to units of a tile, by the textbook, not by the model's code.

use super::EXTENT;
use geo::{Coord, Geometry, MapCoords};
use std::f64::consts::PI;

/// The two tile grids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grid {
    /// WebMercatorQuad.
    W,
    /// CGCS2000Quad.
    C,
}

/// A tile by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    /// The grid.
    pub grid: Grid,
    /// The zoom.
    pub z: u8,
    /// The column, from the west.
    pub col: u32,
    /// The row, from the north.
    pub row: u32,
}

impl Grid {
    /// Both.
    pub const ALL: [Grid; 2] = [Grid::W, Grid::C];

    /// The tile of this zoom that holds a place.
    pub fn tile_at(self, z: u8, lonlat: Coord<f64>) -> Tile {
        let at = self.world(lonlat);
        let index = |share: f64| (share * f64::from(1_u32 << z)).floor() as u32;
        Tile {
            grid: self,
            z,
            col: index(at.x),
            row: index(at.y),
        }
    }

    /// The share of the world's width from its north-western corner, along both axes.
    fn world(self, lonlat: Coord<f64>) -> Coord<f64> {
        let x = (lonlat.x + 180.0) / 360.0;
        let y = match self {
            // Snyder, Map Projections (1987), equation 7-2, on the sphere.
            Grid::W => (1.0 - (PI / 4.0 + lonlat.y.to_radians() / 2.0).tan().ln() / PI) / 2.0,
            Grid::C => (90.0 - lonlat.y) / 360.0,
        };
        Coord { x, y }
    }
}

impl Tile {
    /// The same geometry in units of this tile, y downwards.
    pub fn project(self, geometry: &Geometry<f64>) -> Geometry<f64> {
        geometry.map_coords(|lonlat| {
            let at = self.grid.world(lonlat);
            let scale = f64::from(1_u32 << self.z);
            Coord {
                x: (at.x * scale - f64::from(self.col)) * EXTENT,
                y: (at.y * scale - f64::from(self.row)) * EXTENT,
            }
        })
    }

    /// The URL of the tile of one layer.
    pub fn url(self, layer: &str) -> String {
        let Tile { z, col, row, .. } = self;
        match self.grid {
            Grid::W => format!("/xyz/{layer}/{z}/{col}/{row}.mvt"),
            Grid::C => format!("/collections/{layer}/tiles/CGCS2000Quad/{z}/{row}/{col}?f=mvt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The golden values that 天地图 publishes for a place in Huangshi.
    #[test]
    fn the_tiles_of_huangshi_are_those_of_tianditu() {
        let place = Coord { x: 115.04, y: 30.20 };
        let check = |grid: Grid, z, col, row| assert_eq!(grid.tile_at(z, place), Tile { grid, z, col, row });
        check(Grid::C, 14, 13427, 2721);
        check(Grid::W, 14, 13427, 6749);
        check(Grid::C, 18, 214_841, 43545);
        check(Grid::W, 18, 214_841, 107_985);
    }
}
