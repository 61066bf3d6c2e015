//! Geometries: from a source's bytes to the model's, and which kind of layer they make together.

use gdal_sys::OGRwkbGeometryType as Ogr;
use onemap_model::wkb::{self, WkbError};
use onemap_model::{Coord, Geometry, GeometryType, Path, Polygon};

/// Reads ISO WKB and closes rings that are open; gives the geometry and whether any was.
///
/// # Errors
/// Where the bytes are no geometry, or a coordinate is not finite.
pub fn decode(bytes: &[u8]) -> Result<(Geometry, bool), WkbError> {
    let mut geometry = wkb::decode(bytes)?;
    let closed = close(&mut geometry);
    Ok((geometry, closed))
}

/// Closes open rings; whether there were any.
fn close(geometry: &mut Geometry) -> bool {
    match geometry {
        Geometry::Polygons(polygons) => {
            polygons
                .iter_mut()
                .flat_map(|p: &mut Polygon| &mut p.rings)
                .fold(false, |any, ring| {
                    let open = ring.coords().first() != ring.coords().last();
                    if open {
                        *ring = closed(ring);
                    }
                    any | open
                })
        }
        Geometry::Collection(parts) => parts.iter_mut().fold(false, |any, part| close(part) | any),
        Geometry::Points(_) | Geometry::Lines(_) => false,
    }
}

fn closed(ring: &Path) -> Path {
    let around = |n: usize| if n == 0 { 0..0 } else { 0..n + 1 };
    let coords: Vec<Coord> = around(ring.len()).map(|i| ring.coords()[i % ring.len()]).collect();
    let z = around(ring.z().len()).map(|i| ring.z()[i % ring.len()]).collect();
    Path::with_z(coords, z).expect("the ring's own coordinates")
}

/// The kinds of geometry that were met in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u8);

impl Kinds {
    const POINT: u8 = 1;
    const POINTS: u8 = 2;
    const LINES: u8 = 4;
    const POLYGONS: u8 = 8;
    const COLLECTION: u8 = 16;

    /// Takes one more geometry into account; empty ones say nothing.
    pub fn see(&mut self, geometry: &Geometry) {
        self.0 |= match geometry {
            Geometry::Points(path) if path.len() == 1 => Self::POINT,
            Geometry::Points(_) => Self::POINTS,
            Geometry::Lines(_) => Self::LINES,
            Geometry::Polygons(_) => Self::POLYGONS,
            Geometry::Collection(_) => Self::COLLECTION,
        };
    }

    /// The kind of a layer that declares `declared` and has these: single and multi become multi, a point layer stays
    /// one where no feature has more, mixed kinds become `Geometry`.
    pub fn layer_type(self, declared: Option<GeometryType>) -> GeometryType {
        match (self.0, declared) {
            (0, declared) => declared.unwrap_or(GeometryType::Geometry),
            (_, Some(GeometryType::Geometry)) if self.0 & Self::COLLECTION != 0 => GeometryType::Geometry,
            (Self::POINT, Some(GeometryType::MultiPoint)) => GeometryType::MultiPoint,
            (Self::POINT, _) => GeometryType::Point,
            (kinds, _) if kinds & !(Self::POINT | Self::POINTS) == 0 => GeometryType::MultiPoint,
            (Self::LINES, _) => GeometryType::MultiLineString,
            (Self::POLYGONS, _) => GeometryType::MultiPolygon,
            _ => GeometryType::Geometry,
        }
    }
}

/// Whether a geometry is of the kind that its layer declares.
pub fn fits(geometry: &Geometry, declared: Option<GeometryType>) -> bool {
    let Some(declared) = declared else { return true };
    match declared {
        GeometryType::Geometry => true,
        GeometryType::Point => matches!(geometry, Geometry::Points(path) if path.len() == 1),
        other => geometry.dimension().is_some() && geometry.dimension() == other.dimension(),
    }
}

/// The kind that GDAL's declares; none where it declares nothing.
pub fn declared_type(ogr: Ogr::Type) -> Option<GeometryType> {
    if ogr == Ogr::wkbNone {
        return Some(GeometryType::None);
    }
    match gdal::vector::geometry_type_flatten(ogr) {
        Ogr::wkbPoint => Some(GeometryType::Point),
        Ogr::wkbMultiPoint => Some(GeometryType::MultiPoint),
        Ogr::wkbLineString | Ogr::wkbMultiLineString | Ogr::wkbCircularString | Ogr::wkbCompoundCurve => {
            Some(GeometryType::MultiLineString)
        }
        Ogr::wkbMultiCurve | Ogr::wkbCurve => Some(GeometryType::MultiLineString),
        Ogr::wkbPolygon | Ogr::wkbMultiPolygon | Ogr::wkbCurvePolygon | Ogr::wkbMultiSurface | Ogr::wkbSurface => {
            Some(GeometryType::MultiPolygon)
        }
        Ogr::wkbTIN | Ogr::wkbTriangle | Ogr::wkbPolyhedralSurface => Some(GeometryType::MultiPolygon),
        _ => None,
    }
}

/// The place in a message of GEOS: `Self-intersection at or near point 114.5 30.2`.
pub fn place_in(message: &str) -> Option<Coord> {
    let (_, rest) = message.split_once("point ")?;
    let mut numbers = rest
        .split([' ', ',', ';'])
        .filter(|word| !word.is_empty())
        .map(str::parse::<f64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(x)), Some(Ok(y))) if x.is_finite() && y.is_finite() => Some(Coord { x, y }),
        _ => None,
    }
}

/// The middle of a geometry's box.
pub fn middle(geometry: &Geometry) -> Option<Coord> {
    geometry.bbox().map(|bbox| bbox.center())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_wkt(wkt: &str) -> Result<(Geometry, bool), WkbError> {
        crate::setup::gdal();
        let mut bytes = Vec::new();
        crate::ogr::wkb(&gdal::vector::Geometry::from_wkt(wkt).unwrap(), &mut bytes).unwrap();
        decode(&bytes)
    }

    fn layer_type(wkts: &[&str], declared: Option<GeometryType>) -> GeometryType {
        let mut kinds = Kinds::default();
        wkts.iter().for_each(|wkt| kinds.see(&of_wkt(wkt).unwrap().0));
        kinds.layer_type(declared)
    }

    #[test]
    fn single_and_multi_become_multi_and_mixed_becomes_geometry() {
        let (line, lines) = ("LINESTRING(0 0,1 1)", "MULTILINESTRING((0 0,1 1),(2 2,3 3))");
        assert_eq!(layer_type(&[line, lines], None), GeometryType::MultiLineString);
        assert_eq!(layer_type(&[line, "POINT(0 0)"], None), GeometryType::Geometry);
        assert_eq!(layer_type(&["POINT(0 0)"], None), GeometryType::Point);
        assert_eq!(
            layer_type(&["POINT(0 0)"], Some(GeometryType::MultiPoint)),
            GeometryType::MultiPoint
        );
        assert_eq!(
            layer_type(&["POINT(0 0)", "MULTIPOINT(0 0,1 1)"], Some(GeometryType::Point)),
            GeometryType::MultiPoint
        );
        assert_eq!(
            layer_type(&["GEOMETRYCOLLECTION(POINT(0 0))"], None),
            GeometryType::Geometry
        );
        assert_eq!(
            layer_type(&[], Some(GeometryType::MultiPolygon)),
            GeometryType::MultiPolygon
        );
    }

    #[test]
    fn curves_and_surfaces_are_made_straight() {
        for wkt in [
            "CIRCULARSTRING(0 0,1 1,2 0)",
            "CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,1 -1,0 0))",
        ] {
            let (geometry, _) = of_wkt(wkt).unwrap();
            assert!(geometry.coord_count() > 10, "{wkt}");
        }
        let tin = "TIN Z(((0 0 0,0 1 0,1 1 0,0 0 0)))";
        assert!(matches!(of_wkt(tin).unwrap().0, Geometry::Polygons(_)));
    }

    #[test]
    fn open_rings_are_closed_and_told() {
        let (geometry, was_open) = of_wkt("POLYGON Z((0 0 1,4 0 2,4 4 3))").unwrap();
        let ring = geometry.paths().next().unwrap();
        assert!(was_open && ring.len() == 4 && ring.coords()[0] == ring.coords()[3] && ring.z()[3] == 1.0);
        assert!(!of_wkt("POLYGON((0 0,4 0,4 4,0 0))").unwrap().1);
        assert!(!of_wkt("POLYGON EMPTY").unwrap().1);
    }

    #[test]
    fn coordinates_that_are_not_finite_are_refused() {
        let mut point = vec![1, 1, 0, 0, 0];
        point.extend(f64::INFINITY.to_le_bytes());
        point.extend(1f64.to_le_bytes());
        assert!(decode(&point).unwrap_err().to_string().contains("not finite"));
    }

    #[test]
    fn the_place_of_a_fault_is_found_in_its_message() {
        let place = place_in("Self-intersection at or near point 1.5 -2e1");
        assert_eq!(place, Some(Coord { x: 1.5, y: -20.0 }));
        assert_eq!(place_in("Too few points"), None);
    }
}
