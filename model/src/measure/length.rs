//! Lengths on the ellipsoid.

use super::spheroid::apart;
use crate::{Coord, Geometry};

/// The length of lines in metres, and of the outlines of areas; 0 for points.
pub fn length_m(geometry: &Geometry) -> f64 {
    match geometry {
        Geometry::Points(_) => 0.0,
        Geometry::Lines(_) | Geometry::Polygons(_) => geometry.paths().map(|path| along(path.coords())).sum(),
        Geometry::Collection(parts) => parts.iter().map(length_m).sum(),
    }
}

fn along(coords: &[Coord]) -> f64 {
    coords.windows(2).map(|pair| apart(pair[0], pair[1])).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Path;

    #[test]
    fn lengths_are_those_of_postgis() {
        let check = |coords: &[(f64, f64)], expected: f64| {
            let path = Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap();
            let length = length_m(&Geometry::Lines(vec![path]));
            assert!(
                (length - expected).abs() < 1e-6 + expected * 1e-10,
                "{length} {expected}"
            );
        };
        // ST_Length(geography) of PostGIS 3.3 with PROJ 9.1, SRID 4490.
        check(&[(115.04, 30.2), (115.05, 30.21)], SHORT);
        check(&[(115.04, 30.2), (121.47, 31.23)], LONG);
        check(&[(179.5, 10.0), (-179.5, 10.0)], OVER);
        check(&[(1.0, 1.0)], 0.0);
    }

    const SHORT: f64 = 1_468.342_117_130_182_5;
    const LONG: f64 = 626_307.456_682_061;
    const OVER: f64 = 109_639.322_105_516_59;
}
