//! Tile grids: which square of the world a tile is.
//!
//! Both grids are quadtrees over a square *world*: x runs from 0 at the western edge to 1 at the eastern, y from 0 at
//! the northern edge downwards in the same unit. A tile `(z, col, row)` covers `[col, col + 1] / 2^z` in x and
//! `[row, row + 1] / 2^z` in y. `CGCS2000Quad` fills only the upper half of its world (0 ≤ y ≤ 0.5).

use crate::{Bbox, Coord, Crs};
use std::f64::consts::PI;
use std::fmt;

/// A tile grid (OGC 17-083r4, Two Dimensional Tile Matrix Set), both of 天地图.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileMatrixSet {
    /// Web Mercator, EPSG:3857; 天地图's "w".
    WebMercatorQuad,
    /// Plate carrée in CGCS2000 degrees, EPSG:4490; 天地图's "c".
    Cgcs2000Quad,
}

/// A place in a grid's square world; see the module.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorldPoint {
    /// 0 at the western edge, 1 at the eastern.
    pub x: f64,
    /// 0 at the northern edge, growing southwards in the unit of `x`.
    pub y: f64,
}

/// One tile of one grid; always inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileCoord {
    grid: TileMatrixSet,
    z: u8,
    col: u32,
    row: u32,
}

/// Why numbers name no tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileCoordError {
    /// The grid has no such zoom.
    #[error("{grid} has no zoom {z}: expected {min} to {max}")]
    NoSuchZoom {
        /// The grid.
        grid: TileMatrixSet,
        /// The zoom asked for.
        z: u64,
        /// The lowest zoom.
        min: u8,
        /// The highest zoom.
        max: u8,
    },
    /// Column or row lie outside the matrix.
    #[error("{grid} zoom {z} has no tile in column {col}, row {row}: it has {width} columns and {height} rows")]
    Outside {
        /// The grid.
        grid: TileMatrixSet,
        /// The zoom.
        z: u8,
        /// The column asked for.
        col: u64,
        /// The row asked for.
        row: u64,
        /// How many columns there are.
        width: u32,
        /// How many rows there are.
        height: u32,
    },
}

impl TileMatrixSet {
    /// Both grids.
    pub const ALL: [TileMatrixSet; 2] = [TileMatrixSet::WebMercatorQuad, TileMatrixSet::Cgcs2000Quad];

    /// Half the width of the Web Mercator world in metres: π times the radius 6 378 137.
    pub const MERCATOR_HALF_M: f64 = 6_378_137.0 * PI;

    /// The identifier in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            TileMatrixSet::WebMercatorQuad => "WebMercatorQuad",
            TileMatrixSet::Cgcs2000Quad => "CGCS2000Quad",
        }
    }

    /// The grid with this identifier, exactly as in URLs.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grid| grid.as_str() == text)
    }

    /// The system that its coordinates are in.
    pub fn crs(self) -> Crs {
        match self {
            TileMatrixSet::WebMercatorQuad => Crs::WEB_MERCATOR,
            TileMatrixSet::Cgcs2000Quad => Crs::CGCS2000,
        }
    }

    /// The lowest zoom: 0, or 1 where the grid has half a tile at 0.
    pub fn min_zoom(self) -> u8 {
        match self {
            TileMatrixSet::WebMercatorQuad => 0,
            TileMatrixSet::Cgcs2000Quad => 1,
        }
    }

    /// The highest zoom.
    pub fn max_zoom(self) -> u8 {
        20
    }

    /// How many columns zoom `z` has.
    pub fn matrix_width(self, z: u8) -> u32 {
        1 << z
    }

    /// How many rows zoom `z` has.
    pub fn matrix_height(self, z: u8) -> u32 {
        match self {
            TileMatrixSet::WebMercatorQuad => 1 << z,
            TileMatrixSet::Cgcs2000Quad => 1 << z.saturating_sub(1),
        }
    }

    /// The width of a 256th of a tile in the unit of the CRS: metres or degrees.
    pub fn cell_size(self, z: u8) -> f64 {
        self.world_size() / 256.0 / f64::from(self.matrix_width(z))
    }

    /// The scale denominator at 0.28 mm a pixel (OGC 17-083r4, clause 6.1.1).
    pub fn scale_denominator(self, z: u8) -> f64 {
        2.0 * Self::MERCATOR_HALF_M / 256.0 / f64::from(self.matrix_width(z)) / 0.000_28
    }

    /// The width of the whole world in the unit of the CRS.
    pub fn world_size(self) -> f64 {
        match self {
            TileMatrixSet::WebMercatorQuad => 2.0 * Self::MERCATOR_HALF_M,
            TileMatrixSet::Cgcs2000Quad => 360.0,
        }
    }

    /// The north-western corner in the CRS, `(x, y)`.
    pub fn origin(self) -> Coord {
        match self {
            TileMatrixSet::WebMercatorQuad => Coord {
                x: -Self::MERCATOR_HALF_M,
                y: Self::MERCATOR_HALF_M,
            },
            TileMatrixSet::Cgcs2000Quad => Coord { x: -180.0, y: 90.0 },
        }
    }

    /// Projects longitude and latitude in degrees. Latitudes that Web Mercator does not reach fall outside 0..=1
    /// in y; a pole is infinitely far.
    pub fn project(self, lonlat: Coord) -> WorldPoint {
        let x = (lonlat.x + 180.0) / 360.0;
        let y = match self {
            TileMatrixSet::WebMercatorQuad => 0.5 - lonlat.y.to_radians().sin().atanh() / (2.0 * PI),
            TileMatrixSet::Cgcs2000Quad => (90.0 - lonlat.y) / 360.0,
        };
        WorldPoint { x, y }
    }

    /// Longitude and latitude in degrees of a place in the world.
    pub fn unproject(self, at: WorldPoint) -> Coord {
        let y = match self {
            TileMatrixSet::WebMercatorQuad => ((0.5 - at.y) * 2.0 * PI).tanh().asin().to_degrees(),
            TileMatrixSet::Cgcs2000Quad => 90.0 - at.y * 360.0,
        };
        Coord {
            x: at.x * 360.0 - 180.0,
            y,
        }
    }

    /// The tile with these numbers.
    ///
    /// # Errors
    /// [`TileCoordError`] where the grid has no such zoom, column or row.
    pub fn tile(self, z: u64, col: u64, row: u64) -> Result<TileCoord, TileCoordError> {
        let (min, max) = (self.min_zoom(), self.max_zoom());
        let zoom = u8::try_from(z).ok().filter(|z| (min..=max).contains(z));
        let zoom = zoom.ok_or(TileCoordError::NoSuchZoom {
            grid: self,
            z,
            min,
            max,
        })?;
        let (width, height) = (self.matrix_width(zoom), self.matrix_height(zoom));
        if col >= u64::from(width) || row >= u64::from(height) {
            return Err(TileCoordError::Outside {
                grid: self,
                z: zoom,
                col,
                row,
                width,
                height,
            });
        }
        Ok(TileCoord {
            grid: self,
            z: zoom,
            col: col as u32,
            row: row as u32,
        })
    }

    /// The tile of zoom `z` that holds a place; places outside the grid give the nearest tile.
    ///
    /// # Errors
    /// [`TileCoordError::NoSuchZoom`].
    pub fn tile_at(self, z: u8, lonlat: Coord) -> Result<TileCoord, TileCoordError> {
        let at = self.project(lonlat);
        let index = |part: f64, count: u32| {
            (part * f64::from(self.matrix_width(z.min(20)))).clamp(0.0, f64::from(count - 1)) as u64
        };
        let z_ok = z.min(self.max_zoom());
        let (col, row) = (
            index(at.x, self.matrix_width(z_ok)),
            index(at.y, self.matrix_height(z_ok)),
        );
        self.tile(u64::from(z), col, row)
    }
}

impl fmt::Display for TileMatrixSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TileCoord {
    /// The grid.
    pub fn grid(self) -> TileMatrixSet {
        self.grid
    }

    /// The zoom.
    pub fn z(self) -> u8 {
        self.z
    }

    /// The column, 0 in the west; XYZ's x.
    pub fn col(self) -> u32 {
        self.col
    }

    /// The row, 0 in the north; XYZ's y.
    pub fn row(self) -> u32 {
        self.row
    }

    /// The north-western corner in the world.
    pub fn corner(self) -> WorldPoint {
        let scale = 1.0 / f64::from(1_u32 << self.z);
        WorldPoint {
            x: f64::from(self.col) * scale,
            y: f64::from(self.row) * scale,
        }
    }

    /// The width of the tile in the world.
    pub fn size(self) -> f64 {
        1.0 / f64::from(1_u32 << self.z)
    }

    /// The tile in longitude and latitude, degrees.
    pub fn bbox(self) -> Bbox {
        self.bbox_buffered(0.0)
    }

    /// The tile widened on all sides by `buffer` (a share of its width), in degrees, kept inside ±180 and ±90.
    pub fn bbox_buffered(self, buffer: f64) -> Bbox {
        let (corner, size) = (self.corner(), self.size());
        let margin = size * buffer;
        let nw = self.grid.unproject(WorldPoint {
            x: corner.x - margin,
            y: corner.y - margin,
        });
        let se = self.grid.unproject(WorldPoint {
            x: corner.x + size + margin,
            y: corner.y + size + margin,
        });
        Bbox::new(nw.x.max(-180.0), se.y.max(-90.0), se.x.min(180.0), nw.y.min(90.0))
            .expect("a tile inside the grid has a box that is finite and right way round")
    }
}

impl fmt::Display for TileCoord {
    /// `WebMercatorQuad/14/13427/6749`: grid, zoom, column, row.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.grid, self.z, self.col, self.row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TileMatrixSet::{Cgcs2000Quad, WebMercatorQuad};

    /// The golden values of 天地图's grids for a place in Huangshi.
    #[test]
    fn the_tiles_of_huangshi_are_those_of_tianditu() {
        let place = Coord { x: 115.04, y: 30.20 };
        let check = |grid: TileMatrixSet, z: u8, col: u32, row: u32| {
            let tile = grid.tile_at(z, place).unwrap();
            assert_eq!((tile.col(), tile.row()), (col, row), "{grid} {z}");
            assert!(tile.bbox().contains_point(place));
        };
        check(Cgcs2000Quad, 14, 13427, 2721);
        check(WebMercatorQuad, 14, 13427, 6749);
        check(Cgcs2000Quad, 18, 214_841, 43545);
        check(WebMercatorQuad, 18, 214_841, 107_985);
    }

    #[test]
    fn resolutions_and_scales_are_the_published_ones() {
        assert!((WebMercatorQuad.cell_size(0) - 156_543.033_928).abs() < 1e-5);
        assert!((Cgcs2000Quad.cell_size(0) - 1.406_25).abs() < 1e-12);
        assert!((WebMercatorQuad.scale_denominator(0) - 559_082_264.028_717_8).abs() < 1e-3);
        assert!((WebMercatorQuad.origin().y - 20_037_508.342_789_2).abs() < 1e-6);
    }

    #[test]
    fn numbers_outside_the_grid_are_refused() {
        assert!(matches!(
            WebMercatorQuad.tile(21, 0, 0),
            Err(TileCoordError::NoSuchZoom { .. })
        ));
        assert!(matches!(
            Cgcs2000Quad.tile(0, 0, 0),
            Err(TileCoordError::NoSuchZoom { .. })
        ));
        assert!(matches!(
            WebMercatorQuad.tile(1, 2, 0),
            Err(TileCoordError::Outside { .. })
        ));
        assert!(matches!(
            Cgcs2000Quad.tile(1, 1, 1),
            Err(TileCoordError::Outside { .. })
        ));
        assert!(Cgcs2000Quad.tile(1, 1, 0).is_ok());
        assert!(WebMercatorQuad.tile(u64::MAX, u64::MAX, u64::MAX).is_err());
        assert!(WebMercatorQuad.tile_at(40, Coord::default()).is_err());
    }

    #[test]
    fn projection_and_its_inverse_agree() {
        for grid in TileMatrixSet::ALL {
            for lat in [-85.0, -30.2, 0.0, 12.3, 84.9] {
                let place = Coord { x: 115.04, y: lat };
                let back = grid.unproject(grid.project(place));
                assert!(
                    (back.x - place.x).abs() < 1e-12 && (back.y - place.y).abs() < 1e-12,
                    "{grid} {lat}"
                );
            }
        }
    }

    #[test]
    fn a_tile_is_the_union_of_its_children() {
        let tile = WebMercatorQuad.tile(3, 5, 2).unwrap();
        let child = |c: u64, r: u64| WebMercatorQuad.tile(4, 10 + c, 4 + r).unwrap().bbox();
        let all = child(0, 0).union(child(1, 0)).union(child(0, 1)).union(child(1, 1));
        for (a, b) in all.to_array().into_iter().zip(tile.bbox().to_array()) {
            assert!((a - b).abs() < 1e-9);
        }
    }
}
