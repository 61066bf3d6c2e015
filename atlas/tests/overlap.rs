//! What areas have in common, against another library's.
#![allow(clippy::unwrap_used)]

use geo::{Area, BooleanOps};
use onemap_atlas::Areas;
use onemap_model::{Bbox, Coord, Geometry, Path, Polygon};
use proptest::prelude::*;

fn path(coords: &[(f64, f64)]) -> Path {
    Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap()
}

fn polygon(corners: &[(f64, f64)]) -> Geometry {
    let ring = path(&[corners, &corners[..1]].concat());
    Geometry::Polygons(vec![Polygon { rings: vec![ring] }])
}

/// In square degrees.
fn size(areas: &Areas) -> f64 {
    onemap_model::measure::planar_area(&areas.to_geometry(), &Some).unwrap()
}

fn as_geo(geometry: &Geometry) -> geo::MultiPolygon<f64> {
    let Geometry::Polygons(polygons) = geometry else {
        unreachable!()
    };
    let line = |ring: &Path| {
        ring.coords()
            .iter()
            .map(|at| (at.x, at.y))
            .collect::<geo::LineString<f64>>()
    };
    let one = |polygon: &Polygon| {
        let mut rings = polygon.rings.iter().map(line);
        geo::Polygon::new(rings.next().unwrap(), rings.collect())
    };
    polygons.iter().map(one).collect()
}

/// A star around a place, which does not cross itself.
fn arb_star() -> impl Strategy<Value = Geometry> {
    (
        115.0..115.01_f64,
        30.0..30.01_f64,
        prop::collection::vec(0.2..1.0_f64, 3..14),
    )
        .prop_map(|(x, y, arms)| {
            let turn = std::f64::consts::TAU / arms.len() as f64;
            let corner = |(i, far): (usize, &f64)| {
                let (sin, cos) = (turn * i as f64).sin_cos();
                (x + 0.01 * far * cos, y + 0.01 * far * sin)
            };
            let corners: Vec<_> = arms.iter().enumerate().map(corner).collect();
            polygon(&corners)
        })
}

proptest! {
    #[test]
    fn the_common_part_is_that_of_another_library(a in arb_star(), b in arb_star(), c in arb_star()) {
        let [x, y, z] = [&a, &b, &c].map(|one| Areas::of(one).unwrap());
        let near = |ours: f64, theirs: f64| (ours - theirs).abs() < 1e-10;
        let common = x.common(&y);
        prop_assert!(near(size(&common), as_geo(&a).intersection(&as_geo(&b)).unsigned_area()));
        let all = Areas::union([x.clone(), y.clone(), z.clone()]);
        let theirs = as_geo(&a).union(&as_geo(&b)).union(&as_geo(&c)).unsigned_area();
        prop_assert!(near(size(&all), theirs), "{} {}", size(&all), theirs);
        // Cut to the other's box first: the same is in common.
        let around = a.bbox().unwrap();
        let part = Areas::of_part(&b, around).unwrap();
        prop_assert!((size(&x.common(&part)) - size(&common)).abs() < 1e-14);
    }

    #[test]
    fn nothing_is_too_wrong_to_be_looked_at(
        corners in prop::collection::vec(((-3..3_i32), (-3..3_i32)), 0..12),
        others in prop::collection::vec(((-3..3_i32), (-3..3_i32)), 0..12),
    ) {
        let ring = |corners: &[(i32, i32)]| path(&corners.iter().map(|&(x, y)| (x.into(), y.into())).collect::<Vec<_>>());
        let one = Geometry::Polygons(vec![Polygon { rings: vec![ring(&corners), ring(&others)] }]);
        let two = Geometry::Polygons(vec![Polygon { rings: vec![ring(&others)] }]);
        let (a, b) = (Areas::of(&one).unwrap(), Areas::of(&two).unwrap());
        let common = size(&a.common(&b));
        prop_assert!(common <= size(&a) + 1e-9 && common <= size(&b) + 1e-9);
        let cut = Areas::of_part(&one, Bbox::new(-1.0, -1.0, 1.0, 1.0).unwrap()).unwrap();
        prop_assert!(size(&cut) <= 4.0 + 1e-9);
    }
}

#[test]
fn a_bow_tie_is_both_of_its_loops_and_overlaps_count_once() {
    let bow = polygon(&[(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0)]);
    assert!((size(&Areas::of(&bow).unwrap()) - 2.0).abs() < 1e-9);
    let square = |x: f64| {
        let Geometry::Polygons(polygons) = polygon(&[(x, 0.0), (x + 2.0, 0.0), (x + 2.0, 2.0), (x, 2.0)]) else {
            unreachable!()
        };
        polygons
    };
    let both = Geometry::Polygons([square(0.0), square(1.0)].concat());
    assert!((size(&Areas::of(&both).unwrap()) - 6.0).abs() < 1e-9);
}

#[test]
fn what_is_no_place_has_no_areas() {
    assert!(Areas::of(&polygon(&[(1e308, 0.0), (-1e308, 1.0), (0.0, 2.0)])).is_none());
    assert!(Areas::of(&Geometry::point(1.0, 1.0).unwrap()).unwrap().is_empty());
    assert!(Areas::of(&polygon(&[(0.0, 0.0), (1.0, 1.0)])).unwrap().is_empty());
}
