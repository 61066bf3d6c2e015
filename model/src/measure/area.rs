//! Areas on the ellipsoid.

use super::spheroid::{E2, Local, POLAR, geodesic, on_earth};
use crate::{Bbox, Coord, Geometry, Polygon};
use geographiclib_rs::{PolygonArea, Winding};

/// In degrees: rings that are no wider and no higher are measured by the series.
const SMALL: f64 = 0.05;

/// The area in square metres: 0 for points and lines. Costs some nanoseconds a vertex for rings of up to 5 km, about a
/// microsecond for larger ones.
///
/// Rings are taken as they are: outer less holes. Where a ring crosses itself its loops count against each other, and
/// where polygons overlap the common part counts twice.
pub fn area_m2(geometry: &Geometry) -> f64 {
    match geometry {
        Geometry::Points(_) | Geometry::Lines(_) => 0.0,
        Geometry::Polygons(polygons) => polygons.iter().map(polygon).sum(),
        Geometry::Collection(parts) => parts.iter().map(area_m2).sum(),
    }
}

fn polygon(polygon: &Polygon) -> f64 {
    let mut rings = polygon.rings.iter().map(|path| ring(path.coords()));
    let outer = rings.next().unwrap_or(0.0);
    (outer - rings.sum::<f64>()).max(0.0)
}

fn ring(coords: &[Coord]) -> f64 {
    let Some(bbox) = Bbox::around(coords.iter().copied()) else {
        return 0.0;
    };
    let is_small = bbox.east() - bbox.west() <= SMALL && bbox.north() - bbox.south() <= SMALL;
    if is_small && bbox.center().y.abs() <= POLAR {
        small(coords, bbox.center()).abs()
    } else {
        large(coords).abs()
    }
}

/// The strips between the edges and the parallel through the middle of the ring: each is an integral along the edge,
/// straight in longitude and latitude, and what lies between that and the geodesic, by its curvature.
fn small(coords: &[Coord], center: Coord) -> f64 {
    let here = Local::at(center.y.to_radians());
    let Local {
        sin,
        cos,
        w,
        meridian,
        parallel,
    } = here;
    // The area of a strip one radian wide, by its height: its derivatives at the middle.
    let unit = meridian * parallel / (cos / (w * w));
    let (w2, w3, w4) = (w * w, w * w * w, w * w * w * w);
    let first = unit * cos / w2;
    let second = unit * (-sin / w2 + 4.0 * E2 * sin * cos * cos / w3);
    let third = unit
        * (-cos / w2 - 4.0 * E2 * sin * sin * cos / w3
            + 4.0 * E2 * ((cos * cos - 2.0 * sin * sin) * cos / w3 + 6.0 * E2 * sin * sin * cos * cos * cos / w4));
    let fourth = -second;
    // The curvature of lines that are straight in longitude and latitude, by their steps north and east, and how it
    // changes with the latitude.
    let of_north = meridian * parallel / 12.0 * (2.0 * meridian * sin / parallel + 3.0 * E2 * sin * cos / w);
    let of_east = parallel * parallel * sin / 12.0;
    let more_of_north = meridian * meridian * cos / 6.0;
    let more_of_east = (parallel * cos - 2.0 * meridian * sin * sin) * parallel / 12.0;
    let edge = |from: Coord, to: Coord| {
        let (a, b) = ((from.y - center.y).to_radians(), (to.y - center.y).to_radians());
        let (along, up) = ((to.x - from.x).to_radians(), b - a);
        let (aa, ab, bb) = (a * a, a * b, b * b);
        let strip = first * (a + b) / 2.0
            + second * (aa + ab + bb) / 6.0
            + third * (a + b) * (aa + bb) / 24.0
            + fourth * (aa * aa + aa * ab + ab * ab + ab * bb + bb * bb) / 120.0;
        let middle = (a + b) / 2.0;
        let bend = (of_north + more_of_north * middle) * up * up + (of_east + more_of_east * middle) * along * along;
        along * (strip + bend)
    };
    edges(coords).map(|(from, to)| edge(from, to)).sum()
}

fn large(coords: &[Coord]) -> f64 {
    let mut area = PolygonArea::new(geodesic(), Winding::CounterClockwise);
    let open = match coords {
        [first, .., last] if first == last => &coords[..coords.len() - 1],
        all => all,
    };
    if open.len() < 3 {
        return 0.0;
    }
    for at in open.iter().map(|&at| on_earth(at)) {
        area.add_point(at.y, at.x);
    }
    area.compute(true).1
}

/// The edges of a ring, whether its last position repeats the first or not.
pub(super) fn edges(ring: &[Coord]) -> impl Iterator<Item = (Coord, Coord)> {
    let closing = ring.last().copied().zip(ring.first().copied());
    let closing = closing.filter(|(last, first)| last != first);
    ring.windows(2).map(|pair| (pair[0], pair[1])).chain(closing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Path;
    use proptest::prelude::*;

    fn of(rings: &[&[(f64, f64)]]) -> Geometry {
        let path = |ring: &&[(f64, f64)]| {
            let mut coords: Vec<_> = ring.iter().map(|&(x, y)| Coord { x, y }).collect();
            coords.push(coords[0]);
            Path::new(coords).unwrap()
        };
        Geometry::Polygons(vec![Polygon {
            rings: rings.iter().map(path).collect(),
        }])
    }

    proptest! {
        #[test]
        fn the_series_gives_what_geodesics_give(
            x in -179.0..179.0, y in -74.0..74.0, size in 1e-5..0.025,
            corners in prop::collection::vec(0.3..1.0, 3..12),
        ) {
            let turn = std::f64::consts::TAU / corners.len() as f64;
            let corner = |(i, far): (usize, &f64)| {
                let (sin, cos) = (turn * i as f64).sin_cos();
                Coord { x: x + size * far * cos, y: y + size * far * sin }
            };
            let ring: Vec<Coord> = corners.iter().enumerate().map(corner).collect();
            let center = Bbox::around(ring.iter().copied()).unwrap().center();
            let (series, exact) = (small(&ring, center).abs(), large(&ring).abs());
            prop_assert!((series - exact).abs() < exact * 1e-9 + 1e-4, "{series} {exact}");
        }
    }

    #[test]
    fn areas_are_those_of_postgis() {
        // ST_Area(geography) of PostGIS 3.3 with PROJ 9.1, SRID 4490.
        let check = |rings: &[&[(f64, f64)]], expected: f64| {
            let area = area_m2(&of(rings));
            assert!((area - expected).abs() < expected * 1e-9, "{area} {expected}");
        };
        let outer = [(115.0, 30.0), (116.0, 30.0), (116.0, 31.0), (115.0, 31.0)];
        let hole = [(115.2, 30.2), (115.2, 30.4), (115.4, 30.4), (115.4, 30.2)];
        let parcel = [
            (115.040, 30.200),
            (115.041, 30.200),
            (115.041, 30.2008),
            (115.040, 30.2008),
        ];
        check(&[&outer], OUTER);
        check(&[&outer, &hole], OUTER_LESS_HOLE);
        check(&[&parcel], PARCEL);
    }

    const OUTER: f64 = 10_642_455_822.155_64;
    const OUTER_LESS_HOLE: f64 = 10_215_899_510.788_239;
    const PARCEL: f64 = 8_539.608_295_500_278;

    #[test]
    fn what_has_no_area_has_none() {
        assert_eq!(area_m2(&Geometry::Polygons(vec![Polygon::default()])), 0.0);
        assert_eq!(area_m2(&of(&[&[(1.0, 1.0), (2.0, 2.0)]])), 0.0);
        assert_eq!(area_m2(&Geometry::point(1.0, 2.0).unwrap()), 0.0);
        assert!(area_m2(&of(&[&[(-400.0, -200.0), (500.0, -91.0), (3.0, 1e300)]])).is_finite());
    }
}
