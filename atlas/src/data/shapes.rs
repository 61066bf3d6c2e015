//! The geometries of all features: one array of exact coordinates, one of projected ones, and how they hang together.
//!
//! A feature is a run of paths, a path a run of vertices. A closed ring is kept without its last position.

use super::bits::PackedBits;
use super::clearance::{Clearance, NEVER};
use super::offsets::Offsets;
use super::packed::Packed;
use crate::shelf::Shelf;
use crate::world::World;
use onemap_model::{Coord, Geometry, Path, Polygon};
use std::collections::BTreeMap;
use std::ops::Range;

/// Geometries by position.
#[derive(Debug)]
pub(crate) struct Shapes {
    /// [`Kind`] of each feature.
    pub(super) kinds: Packed,
    /// The paths of each feature.
    pub(super) paths: Offsets,
    /// The vertices of each path.
    pub(super) vertices: Offsets,
    /// Which paths are outer rings.
    pub(super) outer: PackedBits,
    /// Which paths are rings whose last position, equal to the first, is left out.
    pub(super) closed: PackedBits,
    /// Longitude and latitude in degrees, exactly as given.
    pub(super) coords: Shelf<Coord>,
    /// The same in stored units of Web Mercator; see [`crate::world`].
    pub(super) world: Shelf<World>,
    /// Heights; empty where no feature has any, NaN where one has none.
    pub(super) z: Shelf<f64>,
    /// Features, ascending, with a vertex outside the Web Mercator world, so that `world` is not true for them.
    pub(super) wide: Shelf<u32>,
    /// How the paths of collections hang together.
    pub(super) outlines: BTreeMap<u32, Outline>,
    /// The zoom from which on the polygons of each feature stay valid when they are rounded; see [`Clearance`]. Empty
    /// where there are no polygons.
    pub(super) clear_from: Shelf<u8>,
}

/// What a run of paths is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No geometry.
    Null = 0,
    /// One path; each vertex is a point.
    Points = 1,
    /// Each path is a line.
    Lines = 2,
    /// Each path is a ring; an outer one begins a polygon.
    Polygons = 3,
    /// A collection: its outline says what its paths are.
    Collection = 4,
}

/// The structure of a geometry without its coordinates: runs of as many paths.
#[derive(Debug)]
pub(crate) enum Outline {
    Leaf(Kind, u32),
    Collection(Vec<Outline>),
}

impl Kind {
    pub(super) const ALL: [Kind; 5] = [Kind::Null, Kind::Points, Kind::Lines, Kind::Polygons, Kind::Collection];
}

impl Shapes {
    /// Hands the feature's runs of paths to `each`: one, or for a collection one for each of its parts.
    pub fn runs(&self, slot: usize, mut each: impl FnMut(Kind, Range<usize>)) {
        let paths = self.paths.run(slot);
        match self.kind(slot) {
            Kind::Null => {}
            Kind::Collection => {
                let mut next = paths.start;
                self.outline(slot).runs(&mut next, &mut each);
            }
            kind => each(kind, paths),
        }
    }

    /// The paths of a feature that is no collection.
    #[inline]
    pub fn paths_of(&self, slot: usize) -> Range<usize> {
        self.paths.run(slot)
    }

    /// What the feature is.
    #[inline]
    pub fn kind(&self, slot: usize) -> Kind {
        Kind::ALL[self.kinds.get(slot) as usize]
    }

    /// The vertices of a path, in [`Shapes::coords`] and [`Shapes::world`].
    #[inline]
    pub fn vertices(&self, path: usize) -> Range<usize> {
        self.vertices.run(path)
    }

    /// Whether the path is an outer ring.
    #[inline]
    pub fn is_outer(&self, path: usize) -> bool {
        self.outer.get(path)
    }

    /// The exact coordinates of all vertices.
    pub fn coords(&self) -> &[Coord] {
        &self.coords
    }

    /// The stored coordinates of all vertices; not to be used for features that are [`Shapes::is_wide`].
    pub fn world(&self) -> &[World] {
        &self.world
    }

    /// Whether the feature has vertices outside the Web Mercator world.
    #[inline]
    pub fn is_wide(&self, slot: usize) -> bool {
        !self.wide.is_empty() && self.wide.binary_search(&(slot as u32)).is_ok()
    }

    /// Whether the feature is of polygons that are valid and stay so when their stored coordinates are rounded to the units
    /// of tiles of this zoom.
    #[inline]
    pub fn is_clear(&self, slot: usize, zoom: u8) -> bool {
        self.clear_from.get(slot).is_some_and(|&from| from <= zoom)
    }

    /// These shapes, with what [`Shapes::is_clear`] needs to know.
    pub(super) fn with_clearance(mut self, count: usize) -> Self {
        let is_area = |slot: usize| self.kind(slot) == Kind::Polygons && !self.is_wide(slot);
        if (0..count).any(is_area) {
            let mut clearance = Clearance::default();
            let rings = |slot| {
                self.paths
                    .run(slot)
                    .map(|path| (&self.world[self.vertices(path)], self.is_outer(path)))
            };
            let zoom = |slot| {
                if is_area(slot) {
                    clearance.zoom(rings(slot))
                } else {
                    NEVER
                }
            };
            let clear_from: Shelf<u8> = (0..count).map(zoom).collect();
            self.clear_from = clear_from;
        }
        self
    }

    /// The coordinates of the feature.
    pub fn coords_of(&self, slot: usize) -> &[Coord] {
        let paths = self.paths.run(slot);
        if paths.is_empty() {
            return &[];
        }
        &self.coords[self.vertices(paths.start).start..self.vertices(paths.end - 1).end]
    }

    /// The geometry as it was given, except that empty polygons of a feature with others are gone.
    pub fn geometry(&self, slot: usize) -> Option<Geometry> {
        let paths = self.paths.run(slot);
        match self.kind(slot) {
            Kind::Null => None,
            Kind::Collection => {
                let mut next = paths.start;
                Some(self.compose(self.outline(slot), &mut next))
            }
            kind => Some(self.compose_run(kind, paths)),
        }
    }

    /// As [`Shapes::geometry`], made in `room`, whose memory is used again where it is of the same kind.
    pub fn geometry_in<'r>(&self, slot: usize, room: &'r mut Geometry) -> Option<&'r Geometry> {
        let paths = self.paths.run(slot);
        match (self.kind(slot), &mut *room) {
            (Kind::Polygons, Geometry::Polygons(polygons)) => self.fill_polygons(paths, polygons),
            (Kind::Lines, Geometry::Lines(lines)) => self.fill(paths, lines),
            _ => *room = self.geometry(slot)?,
        }
        Some(room)
    }

    /// Bytes on the heap: exact coordinates and heights, projected coordinates, structure.
    pub fn bytes(&self) -> [usize; 3] {
        let structure = self.kinds.bytes()
            + self.paths.bytes()
            + self.vertices.bytes()
            + self.outer.bytes()
            + self.closed.bytes()
            + self.wide.bytes()
            + self.clear_from.bytes()
            + self.outlines.values().map(Outline::bytes).sum::<usize>();
        [self.coords.bytes() + self.z.bytes(), self.world.bytes(), structure]
    }

    fn outline(&self, slot: usize) -> &Outline {
        self.outlines
            .get(&(slot as u32))
            .expect("every collection has an outline")
    }

    fn compose(&self, outline: &Outline, next: &mut usize) -> Geometry {
        match outline {
            Outline::Leaf(kind, count) => {
                let paths = *next..*next + *count as usize;
                *next = paths.end;
                self.compose_run(*kind, paths)
            }
            Outline::Collection(parts) => {
                Geometry::Collection(parts.iter().map(|part| self.compose(part, next)).collect())
            }
        }
    }

    fn compose_run(&self, kind: Kind, mut paths: Range<usize>) -> Geometry {
        match kind {
            Kind::Points => Geometry::Points(paths.next().map(|path| self.path(path)).unwrap_or_default()),
            Kind::Lines => {
                let mut lines = Vec::new();
                self.fill(paths, &mut lines);
                Geometry::Lines(lines)
            }
            Kind::Polygons => {
                let mut polygons = Vec::new();
                self.fill_polygons(paths, &mut polygons);
                Geometry::Polygons(polygons)
            }
            Kind::Null | Kind::Collection => Geometry::Collection(Vec::new()),
        }
    }

    fn fill_polygons(&self, mut paths: Range<usize>, polygons: &mut Vec<Polygon>) {
        let mut count = 0;
        while !paths.is_empty() {
            let inner = paths.clone().skip(1).take_while(|&path| !self.is_outer(path)).count();
            if polygons.len() == count {
                polygons.push(Polygon { rings: Vec::new() });
            }
            let rings = paths.start..paths.start + 1 + inner;
            self.fill(rings.clone(), &mut polygons[count].rings);
            paths.start = rings.end;
            count += 1;
        }
        polygons.truncate(count);
    }

    fn fill(&self, paths: Range<usize>, filled: &mut Vec<Path>) {
        filled.resize_with(paths.len(), Path::default);
        for (path, filled) in paths.zip(filled) {
            *filled = self.path_in(path, std::mem::take(filled));
        }
    }

    fn path(&self, path: usize) -> Path {
        self.path_in(path, Path::default())
    }

    fn path_in(&self, path: usize, room: Path) -> Path {
        let range = self.vertices(path);
        let z = self.z.get(range.clone()).unwrap_or_default();
        let is_flat = z.iter().all(|height| height.is_nan());
        let z = if is_flat { &[] } else { z };
        room.refilled(&self.coords[range], z, self.closed.get(path))
            .expect("coordinates were finite when they came, with a height each or none")
    }
}

impl Outline {
    fn runs(&self, next: &mut usize, each: &mut impl FnMut(Kind, Range<usize>)) {
        match self {
            Outline::Leaf(kind, count) => {
                let paths = *next..*next + *count as usize;
                *next = paths.end;
                each(*kind, paths);
            }
            Outline::Collection(parts) => parts.iter().for_each(|part| part.runs(next, each)),
        }
    }

    fn bytes(&self) -> usize {
        let below = match self {
            Outline::Leaf(..) => 0,
            Outline::Collection(parts) => parts.iter().map(Outline::bytes).sum(),
        };
        size_of::<Self>() + below
    }
}
