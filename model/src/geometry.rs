//! Geometry with exact f64 coordinates.

use crate::{Bbox, Dimension};

/// A position: x is longitude or easting, y latitude or northing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C)]
pub struct Coord {
    /// Longitude in degrees, or easting in metres.
    pub x: f64,
    /// Latitude in degrees, or northing in metres.
    pub y: f64,
}

/// A run of positions, with heights where the source has them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Path {
    coords: Vec<Coord>,
    z: Vec<f64>,
}

/// One polygon: the outer ring first, then its holes. Rings are closed: the first position stands again as the last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Polygon {
    /// The rings, outer first; none for an empty polygon.
    pub rings: Vec<Path>,
}

/// A geometry of any kind. Single and multi are one: a single point is a `Points` of one position.
///
/// Which of the two is written outside (WKB, GeoJSON) is the layer's [`crate::GeometryType`] to say.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    /// Points; each position is one.
    Points(Path),
    /// Lines.
    Lines(Vec<Path>),
    /// Polygons.
    Polygons(Vec<Polygon>),
    /// Parts of different kinds, in their order.
    Collection(Vec<Geometry>),
}

/// Why coordinates make no geometry.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// A coordinate is NaN or infinite.
    #[error("the coordinate ({x}, {y}) is not finite")]
    NotFinite {
        /// The x given.
        x: f64,
        /// The y given.
        y: f64,
    },
    /// Heights and positions differ in number.
    #[error("{z} heights for {coords} positions")]
    HeightCount {
        /// How many positions.
        coords: usize,
        /// How many heights.
        z: usize,
    },
}

impl Path {
    /// A path without heights.
    ///
    /// # Errors
    /// [`GeometryError::NotFinite`] with the first offending coordinate.
    pub fn new(coords: Vec<Coord>) -> Result<Self, GeometryError> {
        Self::with_z(coords, Vec::new())
    }

    /// A path with one height for each position, or none at all. An unknown height is NaN.
    ///
    /// # Errors
    /// [`GeometryError::NotFinite`] for a coordinate, [`GeometryError::HeightCount`] where the numbers differ.
    pub fn with_z(coords: Vec<Coord>, z: Vec<f64>) -> Result<Self, GeometryError> {
        Self { coords, z }.checked()
    }

    /// The memory of the path with other positions in it, closed where `closes` says so and the first is not written
    /// twice.
    ///
    /// # Errors
    /// As [`Path::with_z`].
    pub fn refilled(mut self, coords: &[Coord], z: &[f64], closes: bool) -> Result<Self, GeometryError> {
        let closing = usize::from(closes);
        self.coords.clear();
        self.coords.reserve_exact(coords.len() + closing);
        self.coords.extend_from_slice(coords);
        self.coords.extend_from_slice(&coords[..closing.min(coords.len())]);
        self.z.clear();
        self.z.extend_from_slice(z);
        self.z.extend_from_slice(&z[..closing.min(z.len())]);
        self.checked()
    }

    fn checked(self) -> Result<Self, GeometryError> {
        let Self { coords, z } = &self;
        if let Some(bad) = coords.iter().find(|c| !(c.x.is_finite() && c.y.is_finite())) {
            return Err(GeometryError::NotFinite { x: bad.x, y: bad.y });
        }
        if !z.is_empty() && z.len() != coords.len() {
            return Err(GeometryError::HeightCount {
                coords: coords.len(),
                z: z.len(),
            });
        }
        Ok(self)
    }

    /// The positions.
    pub fn coords(&self) -> &[Coord] {
        &self.coords
    }

    /// Whether the positions in two places are the same number for number, heights included.
    pub fn is_same(&self, a: usize, b: usize) -> bool {
        let height = |at: usize| self.z.get(at).map(|z| z.to_bits());
        let place = |at: usize| (self.coords[at].x.to_bits(), self.coords[at].y.to_bits());
        place(a) == place(b) && height(a) == height(b)
    }

    /// The heights: one for each position, or none at all.
    pub fn z(&self) -> &[f64] {
        &self.z
    }

    /// How many positions.
    pub fn len(&self) -> usize {
        self.coords.len()
    }

    /// Whether it has no position.
    pub fn is_empty(&self) -> bool {
        self.coords.is_empty()
    }
}

impl Geometry {
    /// A single point.
    ///
    /// # Errors
    /// [`GeometryError::NotFinite`].
    pub fn point(x: f64, y: f64) -> Result<Self, GeometryError> {
        Ok(Geometry::Points(Path::new(vec![Coord { x, y }])?))
    }

    /// All positions, in order.
    pub fn coords(&self) -> Box<dyn Iterator<Item = Coord> + '_> {
        Box::new(self.paths().flat_map(|path| path.coords().iter().copied()))
    }

    /// All runs of positions: point sets, lines, rings.
    pub fn paths(&self) -> Box<dyn Iterator<Item = &Path> + '_> {
        match self {
            Geometry::Points(path) => Box::new(std::iter::once(path)),
            Geometry::Lines(paths) => Box::new(paths.iter()),
            Geometry::Polygons(polygons) => Box::new(polygons.iter().flat_map(|p| p.rings.iter())),
            Geometry::Collection(parts) => Box::new(parts.iter().flat_map(Geometry::paths)),
        }
    }

    /// The smallest box around it; none where it is empty.
    pub fn bbox(&self) -> Option<Bbox> {
        Bbox::around(self.coords())
    }

    /// Whether it has no position at all.
    pub fn is_empty(&self) -> bool {
        self.paths().all(Path::is_empty)
    }

    /// Whether any of its paths has heights.
    pub fn has_z(&self) -> bool {
        self.paths().any(|path| !path.z().is_empty())
    }

    /// How many positions it has.
    pub fn coord_count(&self) -> usize {
        self.paths().map(Path::len).sum()
    }

    /// The dimension of all its parts; none for a collection.
    pub fn dimension(&self) -> Option<Dimension> {
        match self {
            Geometry::Points(_) => Some(Dimension::Point),
            Geometry::Lines(_) => Some(Dimension::Line),
            Geometry::Polygons(_) => Some(Dimension::Area),
            Geometry::Collection(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_finite_and_has_a_height_for_each_position_or_none() {
        let nan = Path::new(vec![Coord { x: 1.0, y: f64::NAN }]);
        assert!(matches!(nan, Err(GeometryError::NotFinite { .. })));
        let short = Path::with_z(vec![Coord::default(); 2], vec![1.0]);
        assert_eq!(short, Err(GeometryError::HeightCount { coords: 2, z: 1 }));
    }

    #[test]
    fn a_collection_gives_all_its_paths() {
        let line = Path::with_z(vec![Coord { x: 0.0, y: 1.0 }, Coord { x: 4.0, y: 3.0 }], vec![1.0, 2.0]).unwrap();
        let all = Geometry::Collection(vec![Geometry::point(9.0, 9.0).unwrap(), Geometry::Lines(vec![line])]);
        assert_eq!(all.coord_count(), 3);
        assert!(all.has_z() && !all.is_empty());
        assert_eq!(all.bbox().unwrap().to_array(), [0.0, 1.0, 9.0, 9.0]);
        assert!(Geometry::Collection(vec![]).is_empty());
    }
}
