//! Geometry literals. They remember what their text said: single or multi.

use super::error::Fault;
use crate::{Bbox, Coord, Geometry, Path, Polygon};

/// A geometry as it was written (OGC Simple Features; GeoJSON).
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One position, or none.
    Point(Path),
    /// Positions.
    MultiPoint(Path),
    /// Two positions or more, or none.
    LineString(Path),
    /// Lines.
    MultiLineString(Vec<Path>),
    /// Closed rings, the outer one first, or none.
    Polygon(Polygon),
    /// Polygons.
    MultiPolygon(Vec<Polygon>),
    /// Whatever else.
    GeometryCollection(Vec<Shape>),
}

/// The kinds of [`Shape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShapeKind {
    Point,
    MultiPoint,
    LineString,
    MultiLineString,
    Polygon,
    MultiPolygon,
    GeometryCollection,
}

/// A box as it was written: `west, south, east, north`, or with a height after each corner. Where west is greater than
/// east it crosses the antimeridian.
#[derive(Debug, Clone, PartialEq)]
pub struct Corners(Box<[f64]>);

impl ShapeKind {
    const NAMES: [(&'static str, ShapeKind); 7] = [
        ("Point", ShapeKind::Point),
        ("MultiPoint", ShapeKind::MultiPoint),
        ("LineString", ShapeKind::LineString),
        ("MultiLineString", ShapeKind::MultiLineString),
        ("Polygon", ShapeKind::Polygon),
        ("MultiPolygon", ShapeKind::MultiPolygon),
        ("GeometryCollection", ShapeKind::GeometryCollection),
    ];

    /// The kind of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, kind)| *kind)
    }

    /// The name, as GeoJSON spells it.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }
}

impl Shape {
    pub(super) fn kind(&self) -> ShapeKind {
        match self {
            Shape::Point(_) => ShapeKind::Point,
            Shape::MultiPoint(_) => ShapeKind::MultiPoint,
            Shape::LineString(_) => ShapeKind::LineString,
            Shape::MultiLineString(_) => ShapeKind::MultiLineString,
            Shape::Polygon(_) => ShapeKind::Polygon,
            Shape::MultiPolygon(_) => ShapeKind::MultiPolygon,
            Shape::GeometryCollection(_) => ShapeKind::GeometryCollection,
        }
    }

    /// The geometry, single and multi made one.
    pub fn to_geometry(&self) -> Geometry {
        match self {
            Shape::Point(path) | Shape::MultiPoint(path) => Geometry::Points(path.clone()),
            Shape::LineString(path) => Geometry::Lines(vec![path.clone()]),
            Shape::MultiLineString(paths) => Geometry::Lines(paths.clone()),
            Shape::Polygon(polygon) => Geometry::Polygons(vec![polygon.clone()]),
            Shape::MultiPolygon(polygons) => Geometry::Polygons(polygons.clone()),
            Shape::GeometryCollection(parts) => Geometry::Collection(parts.iter().map(Shape::to_geometry).collect()),
        }
    }
}

impl Corners {
    /// A box of four or six numbers.
    ///
    /// # Errors
    /// Another number of them, one that is not finite, or south above north.
    pub fn new(numbers: Vec<f64>) -> Result<Self, Fault> {
        let wrong = |what: &str| Fault::BadGeometry(format!("the box {numbers:?} {what}"));
        let (south, north) = match numbers[..] {
            [_, south, _, north] => (south, north),
            [_, south, _, _, north, _] => (south, north),
            _ => return Err(wrong("must have 4 numbers, or 6 with heights")),
        };
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(wrong("must have finite numbers"));
        }
        if south > north {
            return Err(wrong("must have its south below its north"));
        }
        Ok(Self(numbers.into()))
    }

    /// The numbers, as they were written.
    pub fn numbers(&self) -> &[f64] {
        &self.0
    }

    /// The box, heights left out; two where it crosses the antimeridian.
    fn boxes(&self) -> Vec<Bbox> {
        let [west, south, east, north] = match self.0[..] {
            [west, south, _, east, north, _] => [west, south, east, north],
            _ => [self.0[0], self.0[1], self.0[2], self.0[3]],
        };
        let one = |west: f64, east: f64| Bbox::new(west, south, east, north).ok();
        if west <= east {
            one(west, east).into_iter().collect()
        } else {
            // A side beyond 180 leaves nothing of its half but the meridian itself.
            [one(west, west.max(180.0)), one(east.min(-180.0), east)]
                .into_iter()
                .flatten()
                .collect()
        }
    }

    /// The box as a geometry. A box without width or height is a point or a line.
    pub fn to_geometry(&self) -> Geometry {
        let mut parts: Vec<Geometry> = self.boxes().into_iter().map(of_box).collect();
        match parts.len() {
            1 => parts.swap_remove(0),
            _ => together(parts),
        }
    }
}

/// Two halves as one geometry of their kind.
fn together(parts: Vec<Geometry>) -> Geometry {
    let polygons: Option<Vec<Polygon>> = parts
        .iter()
        .map(|part| match part {
            Geometry::Polygons(polygons) => polygons.first().cloned(),
            _ => None,
        })
        .collect();
    polygons.map_or(Geometry::Collection(parts), Geometry::Polygons)
}

fn of_box(bbox: Bbox) -> Geometry {
    let [west, south, east, north] = bbox.to_array();
    let path = |corners: &[(f64, f64)]| {
        let coords = corners.iter().map(|&(x, y)| Coord { x, y }).collect();
        Path::new(coords).expect("a box is finite")
    };
    match (west == east, south == north) {
        (true, true) => Geometry::Points(path(&[(west, south)])),
        (false, false) => Geometry::Polygons(vec![Polygon {
            rings: vec![path(&[
                (west, south),
                (east, south),
                (east, north),
                (west, north),
                (west, south),
            ])],
        }]),
        _ => Geometry::Lines(vec![path(&[(west, south), (east, north)])]),
    }
}
