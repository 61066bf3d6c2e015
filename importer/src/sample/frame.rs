//! From the city's plane to longitude and latitude in CGCS2000, and areas on its ellipsoid.

use super::plane::Pt;
use onemap_model::{Bbox, Coord, Path};

/// Longitude of the plane's origin, degrees.
const LON: f64 = 115.04;
/// Latitude of the plane's origin, degrees.
const LAT: f64 = 30.20;
/// Semi-major axis of CGCS2000, metres.
const AXIS: f64 = 6_378_137.0;
/// First eccentricity squared of CGCS2000.
const E2: f64 = 0.006_694_380_022_900_787;
const RADIANS: f64 = std::f64::consts::PI / 180.0;
/// Coordinates are whole numbers of this many parts of a degree: 0.1 mm.
const GRID: f64 = 1e9;

/// The box that all of the city lies in: Huangshi with its surroundings, degrees.
pub(super) fn sanity_box() -> Bbox {
    Bbox::new(114.4, 29.4, 115.7, 30.4).expect("four finite numbers in order")
}

/// Longitude and latitude of a point of the plane, rounded to 1e-9 degree.
pub(super) fn to_degrees(p: Pt) -> Coord {
    let (along_meridian, _) = metres_per_degree(LAT);
    let lat = LAT + p.y / along_meridian;
    let (_, along_parallel) = metres_per_degree(lat);
    Coord {
        x: on_grid(LON + p.x / along_parallel),
        y: on_grid(lat),
    }
}

/// The nearest position inside the sanity box.
pub(super) fn clamped(at: Coord) -> Coord {
    let inside = sanity_box();
    Coord {
        x: at.x.clamp(inside.west(), inside.east()),
        y: at.y.clamp(inside.south(), inside.north()),
    }
}

/// A closed ring, or a line, of points of the plane.
pub(super) fn path(points: impl IntoIterator<Item = Pt>) -> Path {
    Path::new(points.into_iter().map(to_degrees).collect()).expect("the city's coordinates are finite")
}

/// The ring closed: the first point once more as the last.
pub(super) fn closed(ring: &[Pt]) -> Path {
    path(ring.iter().chain(ring.first()).copied())
}

/// The area on the ellipsoid of a closed ring of some hundred metres, in m², good to 1e-7 of it.
pub(super) fn area_m2(ring: &[Coord]) -> f64 {
    let Some(first) = ring.first() else { return 0.0 };
    let degrees: f64 = ring
        .windows(2)
        .map(|w| (w[0].x - first.x) * (w[1].y - first.y) - (w[1].x - first.x) * (w[0].y - first.y))
        .sum();
    let middle = ring.iter().map(|c| c.y - first.y).sum::<f64>() / ring.len() as f64;
    let (along_meridian, along_parallel) = metres_per_degree(first.y + middle);
    (degrees / 2.0).abs() * along_meridian * along_parallel
}

fn on_grid(degrees: f64) -> f64 {
    (degrees * GRID).round() / GRID
}

/// Metres per degree of latitude and of longitude at this latitude.
fn metres_per_degree(lat: f64) -> (f64, f64) {
    let (sin, cos) = libm::sincos(lat * RADIANS);
    let w2 = 1.0 - E2 * sin * sin;
    let w = w2.sqrt();
    (AXIS * (1.0 - E2) / (w2 * w) * RADIANS, AXIS / w * cos * RADIANS)
}

#[cfg(test)]
mod tests {
    use super::super::plane::pt;
    use super::*;

    #[test]
    fn the_origin_and_a_kilometre_lie_where_they_should() {
        assert_eq!(to_degrees(pt(0.0, 0.0)), Coord { x: 115.04, y: 30.2 });
        let north = to_degrees(pt(0.0, 1000.0));
        assert!((north.y - 30.209_020_7).abs() < 1e-6 && north.x == 115.04, "{north:?}");
    }

    #[test]
    fn a_hectare_has_its_area() {
        let ring = [pt(0.0, 0.0), pt(100.0, 0.0), pt(100.0, 100.0), pt(0.0, 100.0)];
        let area = area_m2(closed(&ring).coords());
        assert!((area - 10_000.0).abs() < 0.2, "{area}");
    }
}
