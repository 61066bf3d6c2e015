//! Geometry literals in CQL2 JSON: GeoJSON (RFC 7946). `bbox` and `crs` members are passed over.

use super::MAX_DEPTH;
use super::error::{Cql2Error, Fault};
use super::positions::{Positions, polygon};
use super::read_json::Json;
use super::shape::{Shape, ShapeKind};
use crate::Polygon;

type Read<T> = Result<T, Cql2Error>;

/// Reads a geometry.
pub(super) fn shape(json: &Json, depth: u16) -> Read<Shape> {
    if depth > MAX_DEPTH {
        return Err(Cql2Error::new(json.at, Fault::TooDeep));
    }
    let kind = json.member("type").ok_or_else(|| json.unexpected("a geometry"))?;
    let name = kind.text("the type of a geometry")?;
    let kind = ShapeKind::named(name).ok_or_else(|| kind.unexpected("the type of a geometry, such as \"Point\""))?;
    let part = |name: &str, expected| json.member(name).ok_or_else(|| json.unexpected(expected));
    if kind == ShapeKind::GeometryCollection {
        let parts = part("geometries", "a collection with \"geometries\"")?;
        let parts = parts.elements("an array of geometries")?.iter();
        return Ok(Shape::GeometryCollection(
            parts.map(|part| shape(part, depth + 1)).collect::<Read<_>>()?,
        ));
    }
    let coordinates = part("coordinates", "a geometry with \"coordinates\"")?;
    let fault = |fault| Cql2Error::new(coordinates.at, fault);
    Ok(match kind {
        ShapeKind::Point => {
            let mut positions = Positions::default();
            if !coordinates.elements("a position")?.is_empty() {
                position(coordinates, &mut positions)?;
            }
            Shape::Point(positions.point().map_err(fault)?)
        }
        ShapeKind::MultiPoint => Shape::MultiPoint(positions(coordinates)?.points().map_err(fault)?),
        ShapeKind::LineString => Shape::LineString(positions(coordinates)?.line().map_err(fault)?),
        ShapeKind::MultiLineString => {
            let line = |json: &Json| positions(json)?.line().map_err(|fault| Cql2Error::new(json.at, fault));
            Shape::MultiLineString(all(coordinates, "an array of lines", line)?)
        }
        ShapeKind::Polygon => Shape::Polygon(one_polygon(coordinates)?),
        ShapeKind::MultiPolygon => Shape::MultiPolygon(all(coordinates, "an array of polygons", one_polygon)?),
        ShapeKind::GeometryCollection => unreachable!("it was read above"),
    })
}

fn all<T>(json: &Json, expected: &'static str, read: impl Fn(&Json) -> Read<T>) -> Read<Vec<T>> {
    json.elements(expected)?.iter().map(read).collect()
}

fn one_polygon(json: &Json) -> Read<Polygon> {
    let rings = all(json, "an array of rings", positions)?;
    polygon(rings).map_err(|fault| Cql2Error::new(json.at, fault))
}

fn positions(json: &Json) -> Read<Positions> {
    let mut positions = Positions::default();
    for one in json.elements("an array of positions")? {
        position(one, &mut positions)?;
    }
    Ok(positions)
}

fn position(json: &Json, positions: &mut Positions) -> Read<()> {
    let numbers = all(json, "a position", |number| number.number("a coordinate"))?;
    positions.push(&numbers).map_err(|fault| Cql2Error::new(json.at, fault))
}
