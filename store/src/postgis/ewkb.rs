//! Geometries on their way into PostGIS: WKB with the number of the coordinate system (EWKB).
//!
//! PostGIS refuses what has too few positions to be a line or a ring, and rings that are not closed; other stores keep
//! such geometries, which are wrong but real. Here they are written with their last position repeated, or the first one
//! added: the same place on the map, in a form that PostGIS takes.

use onemap_model::{Crs, Geometry, GeometryType, Path, Polygon, wkb};
use std::borrow::Cow;

/// The bit of a type that says that the number of the coordinate system follows.
const WITH_SRID: u32 = 0x2000_0000;

/// Appends `geometry` as EWKB, single or multi as its layer's kind asks.
pub(super) fn encode(geometry: &Geometry, layer: GeometryType, crs: Crs, out: &mut Vec<u8>) {
    let at = out.len();
    // The header moves forward by the four bytes that the number takes.
    out.extend_from_slice(&[0; 4]);
    wkb::encode(&acceptable(geometry), layer, out);
    out[at] = out[at + 4];
    let kind = out[at + 5..at + 9].try_into().expect("four bytes");
    out[at + 1..at + 5].copy_from_slice(&(u32::from_le_bytes(kind) | WITH_SRID).to_le_bytes());
    out[at + 5..at + 9].copy_from_slice(&crs.code().to_le_bytes());
}

/// The geometry as PostGIS takes it; itself nearly always.
pub(super) fn acceptable(geometry: &Geometry) -> Cow<'_, Geometry> {
    if is_acceptable(geometry) {
        return Cow::Borrowed(geometry);
    }
    Cow::Owned(match geometry {
        Geometry::Points(path) => Geometry::Points(path.clone()),
        Geometry::Lines(paths) => Geometry::Lines(paths.iter().map(|path| padded(path, 2)).collect()),
        Geometry::Polygons(polygons) => Geometry::Polygons(polygons.iter().map(closed).collect()),
        Geometry::Collection(parts) => {
            Geometry::Collection(parts.iter().map(|part| acceptable(part).into_owned()).collect())
        }
    })
}

fn is_acceptable(geometry: &Geometry) -> bool {
    match geometry {
        Geometry::Points(_) => true,
        Geometry::Lines(paths) => paths.iter().all(|path| path.len() != 1),
        Geometry::Polygons(polygons) => polygons.iter().flat_map(|polygon| &polygon.rings).all(is_ring),
        Geometry::Collection(parts) => parts.iter().all(is_acceptable),
    }
}

fn is_ring(path: &Path) -> bool {
    path.is_empty() || (path.len() >= 4 && is_closed(path))
}

/// PostGIS closes a ring in three dimensions where it has heights.
fn is_closed(path: &Path) -> bool {
    let heights = path.z();
    let level = match (heights.first(), heights.last()) {
        (Some(first), Some(last)) => first.to_bits() == last.to_bits(),
        _ => true,
    };
    path.coords().first() == path.coords().last() && level
}

fn closed(polygon: &Polygon) -> Polygon {
    let ring = |path: &Path| {
        if is_ring(path) {
            return path.clone();
        }
        let path = if is_closed(path) {
            path.clone()
        } else {
            extended(path, 0)
        };
        padded(&path, 4)
    };
    Polygon {
        rings: polygon.rings.iter().map(ring).collect(),
    }
}

/// With the last position as often as makes `least` of them.
fn padded(path: &Path, least: usize) -> Path {
    let mut path = path.clone();
    while !path.is_empty() && path.len() < least {
        path = extended(&path, path.len() - 1);
    }
    path
}

/// With the position `at` once more, at the end.
fn extended(path: &Path, at: usize) -> Path {
    let (mut coords, mut heights) = (path.coords().to_vec(), path.z().to_vec());
    coords.push(coords[at]);
    heights.extend(path.z().get(at).copied());
    Path::with_z(coords, heights).expect("positions of a path are finite, and heights as many")
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::Coord;

    fn path(coords: &[(f64, f64)], z: &[f64]) -> Path {
        Path::with_z(coords.iter().map(|&(x, y)| Coord { x, y }).collect(), z.to_vec()).unwrap()
    }

    #[test]
    fn the_number_of_the_system_stands_after_the_type() {
        let mut out = vec![7];
        let point = Geometry::point(1.0, 2.0).unwrap();
        encode(&point, GeometryType::Point, Crs::CGCS2000, &mut out);
        assert_eq!(out[..10], [7, 1, 1, 0, 0, 0x20, 0x8a, 0x11, 0, 0]);
        assert_eq!(wkb::decode(&out[1..]).unwrap(), point);
    }

    #[test]
    fn what_postgis_would_refuse_is_written_so_that_it_takes_it() {
        let fine = Geometry::Lines(vec![path(&[(0.0, 0.0), (1.0, 0.0)], &[]), Path::default()]);
        assert!(matches!(acceptable(&fine), Cow::Borrowed(_)));
        let short = Geometry::Lines(vec![path(&[(1.0, 2.0)], &[5.0])]);
        let line = Geometry::Lines(vec![path(&[(1.0, 2.0), (1.0, 2.0)], &[5.0, 5.0])]);
        assert_eq!(*acceptable(&short), line);
        let rings = vec![
            path(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)], &[]),
            path(&[(3.0, 3.0)], &[]),
        ];
        let repaired = acceptable(&Geometry::Polygons(vec![Polygon { rings }])).into_owned();
        let lengths: Vec<_> = repaired.paths().map(Path::len).collect();
        assert_eq!(lengths, [4, 4]);
        assert!(repaired.paths().all(is_ring));
    }
}
