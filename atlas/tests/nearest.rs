//! The nearest features, against a look at all of them.
#![allow(clippy::unwrap_used)]

mod support;

use onemap_atlas::Verdict;
use onemap_model::measure::distance_m;
use onemap_model::{Change, Coord, Feature, Geometry, Path, Polygon, TimeSpan};
use proptest::prelude::*;
use support::*;

fn arb_place() -> impl Strategy<Value = (f64, f64)> {
    prop_oneof![
        6 => (115.03..115.05_f64, 30.19..30.21_f64),
        // The same again and again: distances that are equal.
        2 => (0..3_u8, 0..3_u8).prop_map(|(x, y)| (115.04 + f64::from(x) * 1e-3, 30.2 + f64::from(y) * 1e-3)),
        1 => (-180.0..180.0_f64, -90.0..90.0_f64),
        1 => (170.0..190.0_f64, 80.0..95.0_f64),
    ]
}

fn arb_geometry() -> impl Strategy<Value = Option<Geometry>> {
    (arb_place(), 0..7_u8, 1e-5..5e-3_f64).prop_map(|((x, y), kind, size)| {
        let path = |coords: &[(f64, f64)]| Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap();
        let ring = path(&[(x, y), (x + size, y), (x, y + size), (x, y)]);
        match kind {
            0 => None,
            1 => Some(Geometry::Lines(vec![path(&[
                (x, y),
                (x + size, y + size),
                (x, y + 2.0 * size),
            ])])),
            2 | 3 => Some(Geometry::Polygons(vec![Polygon { rings: vec![ring] }])),
            _ => Some(Geometry::Points(path(&[(x, y)]))),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn the_nearest_are_those_of_a_look_at_all(
        geometries in prop::collection::vec(arb_geometry(), 1..120),
        moved in prop::collection::vec((0..150_i64, arb_geometry()), 0..20),
        (x, y) in arb_place(),
        odd in any::<bool>(),
    ) {
        let from = Coord { x, y };
        let mut layer = plain(geometries.into_iter().flatten());
        let name = layer.layer().name().clone();
        let change = |(fid, geometry): (i64, Option<Geometry>)| {
            let new: Option<Feature> = geometry.map(|geometry| feature(fid + 1, Some(geometry), vec![]));
            Change { layer: name.clone(), fid: onemap_model::Fid::new(fid + 1).unwrap(), old: None, new }
        };
        let changes: Vec<Change> = moved.into_iter().map(change).collect();
        layer = layer.apply(&changes);
        let is_wanted = |fid: i64| !odd || fid % 2 == 1;
        let mut all: Vec<(f64, i64)> = layer
            .features(&Default::default())
            .filter(|one| is_wanted(one.fid().as_i64()))
            .filter_map(|one| Some((distance_m(from, &one.geometry()?)?, one.fid().as_i64())))
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let always = |_: TimeSpan| true;
        let found: Vec<_> = layer
            .nearest(from, &always, |one| if is_wanted(one.fid().as_i64()) { Verdict::Take } else { Verdict::Skip })
            .map(|(one, metres)| (metres, one.fid().as_i64()))
            .collect();
        prop_assert_eq!(found, all);
    }
}

#[test]
fn a_search_ends_where_it_is_told_to_and_looks_at_little() {
    let point = |i: i32| Geometry::point(115.0 + f64::from(i % 100) * 1e-4, 30.0 + f64::from(i / 100) * 1e-4).unwrap();
    let layer = plain((0..10_000).map(point));
    let always = |_: TimeSpan| true;
    let from = Coord { x: 115.005, y: 30.005 };
    let mut looked_at = 0;
    let found = layer.nearest(from, &always, |_| {
        looked_at += 1;
        Verdict::Take
    });
    assert_eq!(found.take(10).count(), 10);
    assert!(looked_at < 50, "{looked_at}");
    let mut looked_at = 0;
    let none = layer.nearest(from, &always, |_| {
        looked_at += 1;
        if looked_at < 5 { Verdict::Skip } else { Verdict::Stop }
    });
    assert_eq!(none.count(), 0);
    assert_eq!(looked_at, 5);
}

#[test]
fn what_is_not_true_then_is_not_near() {
    let layer = plain([Geometry::point(1.0, 1.0).unwrap()]);
    let never = |_: TimeSpan| false;
    assert_eq!(
        layer
            .nearest(Coord { x: 1.0, y: 1.0 }, &never, |_| Verdict::Take)
            .count(),
        0
    );
}
