//! Questions by box and time, against another library's predicates.
#![allow(clippy::unwrap_used)]

mod support;

use geo::{Intersects, Rect};
use onemap_atlas::Query;
use onemap_model::{Bbox, Coord, FieldType, Geometry, Path, Polygon, TimeSpan, Value};
use proptest::prelude::*;
use support::*;

fn path_of(coords: &[(i32, i32)]) -> Path {
    let coord = |&(x, y): &(i32, i32)| Coord {
        x: f64::from(x),
        y: f64::from(y),
    };
    Path::new(coords.iter().map(coord).collect()).unwrap()
}

fn bbox(west: i32, south: i32, east: i32, north: i32) -> Bbox {
    Bbox::new(west.into(), south.into(), east.into(), north.into()).unwrap()
}

/// A ring that does not cross itself, at whole coordinates, so that touches happen.
fn arb_ring() -> impl Strategy<Value = Vec<(i32, i32)>> {
    (-20..20_i32, -20..20_i32, prop::collection::vec(1..12_i32, 4))
        .prop_map(|(x, y, arms)| vec![(x + arms[0], y), (x, y + arms[1]), (x - arms[2], y), (x, y - arms[3])])
}

fn arb_geometry() -> impl Strategy<Value = Geometry> {
    let coords = || prop::collection::vec((-30..30_i32, -30..30_i32), 1..6);
    let hole = |ring: &[(i32, i32)]| {
        let (x, y) = (ring[1].0, ring[0].1);
        let scale = |&(a, b): &(i32, i32)| ((a - x).signum(), (b - y).signum());
        let arm = ring.iter().map(|&(a, b)| (a - x).abs() + (b - y).abs()).min().unwrap() / 3;
        ring.iter()
            .map(|at| (x + scale(at).0 * arm, y + scale(at).1 * arm))
            .collect::<Vec<_>>()
    };
    let closed = |ring: &[(i32, i32)]| path_of(&[ring, &ring[..1]].concat());
    let area = move |ring: Vec<(i32, i32)>| {
        let inner = hole(&ring);
        let mut rings = vec![closed(&ring)];
        if inner[0] != inner[1] {
            rings.push(closed(&inner));
        }
        Polygon { rings }
    };
    prop_oneof![
        coords().prop_map(|at| Geometry::Points(path_of(&at))),
        prop::collection::vec(coords(), 1..3)
            .prop_map(|lines| Geometry::Lines(lines.iter().map(|line| path_of(line)).collect())),
        prop::collection::vec(arb_ring(), 1..3)
            .prop_map(move |rings| Geometry::Polygons(rings.into_iter().map(area).collect())),
    ]
}

fn as_geo(path: &Path) -> geo::LineString<f64> {
    path.coords().iter().map(|at| (at.x, at.y)).collect()
}

fn touches(geometry: &Geometry, bbox: Bbox) -> bool {
    let rect = Rect::new((bbox.west(), bbox.south()), (bbox.east(), bbox.north())).to_polygon();
    match geometry {
        Geometry::Points(path) => path.coords().iter().any(|&at| bbox.contains_point(at)),
        Geometry::Lines(lines) => lines.iter().any(|line| match line.coords() {
            [one] => bbox.contains_point(*one),
            _ => as_geo(line).intersects(&rect),
        }),
        Geometry::Polygons(polygons) => polygons.iter().any(|polygon| {
            let mut rings = polygon.rings.iter().map(as_geo);
            geo::Polygon::new(rings.next().unwrap(), rings.collect()).intersects(&rect)
        }),
        Geometry::Collection(parts) => parts.iter().any(|part| touches(part, bbox)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_box_finds_what_has_a_point_in_common_with_it(
        geometries in prop::collection::vec(arb_geometry(), 1..40),
        (west, south, width, height) in (-32..32_i32, -32..32_i32, 0..15_i32, 0..15_i32),
    ) {
        let bbox = bbox(west, south, west + width, south + height);
        let expected: Vec<u64> = (1..).zip(&geometries).filter(|(_, one)| touches(one, bbox)).map(|(fid, _)| fid).collect();
        let layer = plain(geometries);
        let found: Vec<u64> = layer.features(&Query { bbox: Some(bbox), at: None }).map(|view| view.fid().get()).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_box_in_a_hole_finds_nothing_and_one_inside_an_area_finds_it() {
    let square = |side: i32| {
        path_of(&[
            (-side, -side),
            (side, -side),
            (side, side),
            (-side, side),
            (-side, -side),
        ])
    };
    let layer = plain([Geometry::Polygons(vec![Polygon {
        rings: vec![square(50), square(10)],
    }])]);
    let found = |bbox: Bbox| {
        layer
            .features(&Query {
                bbox: Some(bbox),
                at: None,
            })
            .count()
    };
    assert_eq!(found(bbox(-1, -1, 1, 1)), 0);
    assert_eq!(found(bbox(20, 20, 21, 21)), 1);
    assert_eq!(found(bbox(-1, -1, 10, 1)), 1, "a touch of the hole's edge");
    assert_eq!(found(bbox(50, 50, 60, 60)), 1, "a touch of the corner");
    assert_eq!(found(bbox(51, 50, 60, 60)), 0);
    assert_eq!(found(bbox(-90, -90, 90, 90)), 1);
}

#[test]
fn features_come_in_the_order_of_their_numbers_with_all_they_have() {
    let span = TimeSpan::new(Some(instant("2020-01-01T00:00:00Z")), None).unwrap();
    let make = |fid: i64| {
        let mut feature = feature(
            fid,
            Some(Geometry::point(fid as f64 % 7.0, 0.0).unwrap()),
            vec![Value::Int(fid * 2)],
        );
        feature.row.valid = if fid % 2 == 0 { span } else { TimeSpan::ALWAYS };
        feature
    };
    let layer = build(layer("points", &[("n", FieldType::Int)]), (1..=100).rev().map(make));
    let all: Vec<_> = layer.features(&Query::default()).collect();
    assert!(all.iter().map(|view| view.fid().get()).eq(1..=100));
    assert_eq!(all[9].value(0), Value::Int(20));
    assert_eq!(all[9].value(1), Value::Null);
    assert_eq!(all[9].valid(), span);
    assert_eq!(all[9].bbox().unwrap().to_array(), [3.0, 0.0, 3.0, 0.0]);
    let early = Query {
        bbox: Some(bbox(0, -1, 2, 1)),
        at: Some(instant("2019-01-01T00:00:00Z")),
    };
    let early: Vec<u64> = layer.features(&early).map(|view| view.fid().get()).collect();
    let expected: Vec<u64> = (1..=100).filter(|fid| fid % 2 == 1 && fid % 7 <= 2).collect();
    assert_eq!(early, expected);
}
