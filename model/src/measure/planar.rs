//! Areas and lengths in the plane of a projection, as surveys register them.

use super::area::edges;
use crate::{Coord, Geometry, Path, Polygon};

/// The area in the plane that `project` leads to, in its units; none where a position has no place there.
pub fn planar_area(geometry: &Geometry, project: &dyn Fn(Coord) -> Option<Coord>) -> Option<f64> {
    match geometry {
        Geometry::Points(_) | Geometry::Lines(_) => Some(0.0),
        Geometry::Polygons(polygons) => polygons.iter().map(|one| polygon(one, project)).sum(),
        Geometry::Collection(parts) => parts.iter().map(|part| planar_area(part, project)).sum(),
    }
}

/// The length of lines and outlines in the plane that `project` leads to; none where a position has no place there.
pub fn planar_length(geometry: &Geometry, project: &dyn Fn(Coord) -> Option<Coord>) -> Option<f64> {
    match geometry {
        Geometry::Points(_) => Some(0.0),
        Geometry::Lines(_) | Geometry::Polygons(_) => geometry.paths().map(|path| length(path, project)).sum(),
        Geometry::Collection(parts) => parts.iter().map(|part| planar_length(part, project)).sum(),
    }
}

fn polygon(polygon: &Polygon, project: &dyn Fn(Coord) -> Option<Coord>) -> Option<f64> {
    let mut rings = polygon.rings.iter().map(|path| ring(path, project));
    let outer = rings.next().unwrap_or(Some(0.0))?;
    let holes: f64 = rings.sum::<Option<f64>>()?;
    Some((outer - holes).max(0.0))
}

fn ring(path: &Path, project: &dyn Fn(Coord) -> Option<Coord>) -> Option<f64> {
    let places = projected(path, project)?;
    let Some(origin) = places.first().copied() else {
        return Some(0.0);
    };
    // From a corner of the ring: eastings of some millions would take digits that are needed.
    let twice = |(a, b): (Coord, Coord)| (a.x - origin.x) * (b.y - origin.y) - (b.x - origin.x) * (a.y - origin.y);
    Some(edges(&places).map(twice).sum::<f64>().abs() / 2.0)
}

fn length(path: &Path, project: &dyn Fn(Coord) -> Option<Coord>) -> Option<f64> {
    let places = projected(path, project)?;
    let apart = |pair: &[Coord]| (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y);
    Some(places.windows(2).map(apart).sum())
}

fn projected(path: &Path, project: &dyn Fn(Coord) -> Option<Coord>) -> Option<Vec<Coord>> {
    path.coords().iter().map(|&at| project(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_in_the_plane_has_its_area_wherever_it_lies() {
        let ring = |corners: [(f64, f64); 4]| {
            let corners = corners.iter().chain(&corners[..1]);
            Path::new(corners.map(|&(x, y)| Coord { x, y }).collect()).unwrap()
        };
        let outer = ring([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
        let hole = ring([(0.2, 0.2), (0.2, 0.4), (0.4, 0.4), (0.4, 0.2)]);
        let square = Geometry::Polygons(vec![Polygon {
            rings: vec![outer, hole],
        }]);
        let far = |at: Coord| {
            Some(Coord {
                x: at.x * 100.0 + 38_500_000.0,
                y: at.y * 100.0 + 3_300_000.0,
            })
        };
        let area = planar_area(&square, &far).unwrap();
        assert!((area - 9_600.0).abs() < 1e-4, "{area}");
        assert_eq!(planar_length(&square, &far).map(f64::round), Some(480.0));
        assert_eq!(planar_area(&square, &|at| (at.x < 0.5).then_some(at)), None);
    }
}
