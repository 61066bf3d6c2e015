//! What a layer's definition says of tiles that cannot show all of it is kept: order of importance, areas by land use.
#![allow(clippy::unwrap_used)]

mod support;

use fast_mvt::MvtValue;
use geo::{Area, BooleanOps, Validation};
use onemap_atlas::{Drawn, LayerSnapshot};
use onemap_model::{
    Change, Feature, Fid, FieldType, Generalise, Geometry, Layer, Name, Rank, RankOrder, TileCoord, TileMatrixSet,
    Value,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use support::*;

const Z: u8 = 10;
const CLASSES: [&str; 4] = ["motorway", "primary", "residential", "footway"];

fn tile() -> TileCoord {
    huangshi(TileMatrixSet::WebMercatorQuad, Z)
}

/// A layer with a class and a number, with rules for both.
fn ruled(order: RankOrder) -> Layer {
    let mut layer = layer("ruled", &[("class", FieldType::Text), ("people", FieldType::Int)]);
    let field = match order {
        RankOrder::Values(_) => "class",
        RankOrder::Largest | RankOrder::Smallest => "people",
    };
    layer.generalise = Generalise {
        rank: Some(Rank {
            field: Name::new(field).unwrap(),
            order,
        }),
        dissolve: Some(Name::new("class").unwrap()),
        label: Vec::new(),
    };
    layer
}

fn by_class() -> Layer {
    ruled(RankOrder::Values(CLASSES.map(String::from).to_vec()))
}

fn classed(fid: i64, geometry: Geometry, class: &str) -> Feature {
    feature(fid, Some(geometry), vec![Value::text(class), Value::Int(fid)])
}

fn square(at: (f64, f64), size: f64) -> Geometry {
    let (x, y) = at;
    let ring = vec![(x, y), (x + size, y), (x + size, y + size), (x, y + size)];
    Geometry::Polygons(vec![polygon(tile(), &[ring])])
}

fn line(at: (f64, f64), length: f64) -> Geometry {
    Geometry::Lines(vec![path(tile(), &[at, (at.0 + length, at.1 + 3.0)])])
}

fn point(at: (f64, f64)) -> Geometry {
    let at = lonlat(tile(), at);
    Geometry::point(at.x, at.y).unwrap()
}

fn drawn(layer: &LayerSnapshot, tile: TileCoord) -> (Vec<u8>, Drawn) {
    let mut out = Vec::new();
    let drawn = layer.tile(tile, now(), &mut out);
    assert!(out.len() <= layer.budget());
    (out, drawn)
}

fn children(tile: TileCoord) -> Vec<TileCoord> {
    let (z, col, row) = (u64::from(tile.z()) + 1, u64::from(tile.col()), u64::from(tile.row()));
    let place = |at: u64| tile.grid().tile(z, 2 * col + at % 2, 2 * row + at / 2).unwrap();
    (0..4).map(place).collect()
}

/// A place for each number, all over the tile.
fn place(number: i64) -> (f64, f64) {
    let spread = |salt: u32| f64::from((number as u32).wrapping_mul(salt) >> 8) / f64::from(1 << 24) * 4096.0;
    (spread(2_654_435_769), spread(1_640_531_535))
}

#[test]
fn a_short_motorway_stays_and_classes_go_whole_the_last_first() {
    let class = |fid: i64| if fid % 100 == 0 { 0 } else { 1 + fid as usize % 3 };
    let length = |fid: i64| if class(fid) == 0 { 12.0 } else { 60.0 };
    let all = (1..=20_000).map(|fid| classed(fid, line(place(fid), length(fid)), CLASSES[class(fid)]));
    let layer = build(by_class(), all);
    let mut seen = BTreeSet::new();
    for budget in [20_000, 300_000, 600_000, 2_000_000] {
        let (bytes, drawn) = drawn(&layer.clone().with_budget(budget), tile());
        let shown: BTreeSet<u64> = decode_one(&bytes).into_iter().map(|line| line.id).collect();
        let complete = (0..4)
            .take_while(|&c| {
                (1..=20_000)
                    .filter(|&fid| class(fid) == c)
                    .all(|fid| shown.contains(&(fid as u64)))
            })
            .count();
        let of_complete = (1..=20_000).filter(|&fid| class(fid) < complete).count();
        assert!(complete > 0, "{budget}: {drawn:?}");
        assert_eq!(shown.len(), of_complete, "{budget}: a class is there in part");
        assert_eq!(drawn.left_out, 20_000 - of_complete);
        seen.insert(complete);
    }
    assert_eq!(seen, [1, 2, 3, 4].into());
}

#[test]
fn one_class_of_too_many_lines_shows_the_largest_of_them() {
    let length = |fid: i64| if fid % 50 == 0 { 500.0 } else { 20.0 };
    let all = (1..=20_000).map(|fid| classed(fid, line(place(fid), length(fid)), "motorway"));
    let (bytes, _) = drawn(&build(by_class(), all).with_budget(30_000), tile());
    let shown: BTreeSet<u64> = decode_one(&bytes).into_iter().map(|line| line.id).collect();
    assert!((50..=20_000).step_by(50).all(|fid| shown.contains(&fid)));
}

#[test]
fn a_hospital_comes_before_a_kiosk_and_goes_on_showing() {
    let class = |fid: i64| if fid % 500 == 0 { "hospital" } else { "kiosk" };
    let order = RankOrder::Values(vec!["hospital".into()]);
    let layer = build(
        ruled(order),
        (1..=20_000).map(|fid| classed(fid, point(place(fid)), class(fid))),
    )
    .with_budget(20_000);
    let (mut tiles, mut shown_above) = (vec![tile()], BTreeSet::new());
    for z in Z..Z + 4 {
        let mut shown = BTreeSet::new();
        for &tile in &tiles {
            // Those in the buffer belong to the neighbour, which may have less room.
            let is_in_tile = |fid: &u64| {
                let (x, y) = place(*fid as i64);
                let at = units(tile, lonlat(self::tile(), (x, y)));
                [at.x, at.y].iter().all(|part| (0.0..4096.0).contains(part))
            };
            let bytes = drawn(&layer, tile).0;
            shown.extend(decode_one(&bytes).iter().map(|point| point.id).filter(is_in_tile));
        }
        assert!(shown_above.is_subset(&shown), "z{z}");
        assert!((500..=20_000).step_by(500).all(|fid| shown.contains(&fid)), "z{z}");
        shown_above = shown;
        tiles = tiles.into_iter().flat_map(children).collect();
    }
}

#[test]
fn of_points_in_order_of_numbers_the_largest_or_smallest_stays() {
    for (order, kept) in [(RankOrder::Largest, 5_000), (RankOrder::Smallest, 1)] {
        let all = (1..=5_000).map(|fid| classed(fid, point((9.0, 9.0)), "x"));
        let (bytes, drawn) = drawn(&build(ruled(order), all).with_budget(1_000), tile());
        assert_eq!(decode_one(&bytes).iter().map(|one| one.id).collect::<Vec<_>>(), [kept]);
        assert_eq!(drawn.left_out, 4_999);
    }
}

/// Parcels in quarters of one land use each, with some of another everywhere; streets between them.
fn land_use(at: (f64, f64), number: u32) -> &'static str {
    match (number.is_multiple_of(17), at.0 < 2048.0, at.1 < 2048.0) {
        (true, _, _) => "park",
        (_, true, true) => "housing",
        (_, true, false) => "industry",
        (_, false, true) => "fields",
        (_, false, false) => "forest",
    }
}

#[test]
fn small_parcels_are_areas_of_one_land_use_that_share_borders_and_keep_the_sum() {
    let step = 4096.0 / 180.0;
    let lattice = (0..180 * 180_u32).map(|at| ((f64::from(at % 180) * step, f64::from(at / 180) * step), at));
    let size = step * 0.9;
    let all = lattice.map(|(at, number)| classed(i64::from(number) + 1, square(at, size), land_use(at, number)));
    let layer = build(by_class(), all).with_budget(60_000);
    let (bytes, drawn) = drawn(&layer, tile());
    assert!(drawn.left_out > 30_000, "{drawn:?}");
    let mut by_use: BTreeMap<String, geo::MultiPolygon<f64>> = BTreeMap::new();
    for area in decode_one(&bytes).into_iter().filter(|feature| feature.id == 0) {
        let Some(MvtValue::String(class)) = area.tags.get("class") else {
            panic!("{:?} has no land use", area.tags)
        };
        assert_eq!(area.tags.len(), 1);
        let geo::Geometry::MultiPolygon(polygons) = area.geometry else {
            panic!("no areas")
        };
        assert!(polygons.is_valid());
        assert!(by_use.insert(class.clone(), polygons).is_none(), "{class} twice");
    }
    let total: f64 = by_use.values().map(Area::unsigned_area).sum();
    let share = total / (180.0 * 180.0 * size * size);
    assert!((0.99..1.01).contains(&share), "{share}");
    for quarter in ["housing", "industry", "fields", "forest"] {
        let share = by_use[quarter].unsigned_area() / total;
        assert!((0.2..0.3).contains(&share), "{quarter}: {share}");
    }
    let uses: Vec<_> = by_use.values().collect();
    for (at, one) in uses.iter().enumerate() {
        for other in &uses[at + 1..] {
            assert!(one.intersection(*other).unsigned_area() < 1e-6);
        }
    }
}

#[test]
fn a_field_that_is_gone_leaves_its_rule_without_effect() {
    let mut gone = layer("ruled", &[]);
    gone.generalise = by_class().generalise;
    let features = |layer: Layer| {
        let one = |fid| match fid % 3 {
            0 => feature(fid, Some(square(place(fid), 9.0)), vec![]),
            1 => feature(fid, Some(point(place(fid))), vec![]),
            _ => feature(fid, Some(line(place(fid), 30.0)), vec![]),
        };
        build(layer, (1..3_000).map(one)).with_budget(5_000)
    };
    assert_eq!(
        drawn(&features(gone), tile()),
        drawn(&features(layer("ruled", &[])), tile())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn edits_give_what_building_afresh_gives(
        given in prop::collection::vec((0..4096_u32, 0..4096_u32, 0..3_u8, 0..5_usize, any::<bool>()), 200..400),
        batch in 1..60_usize,
        largest in any::<bool>(),
    ) {
        let definition = || if largest { ruled(RankOrder::Largest) } else { by_class() };
        let one = |(fid, &(x, y, kind, class, _)): (i64, &(u32, u32, u8, usize, bool))| {
            let at = (f64::from(x), f64::from(y));
            let geometry = match kind {
                0 => point(at),
                1 => line(at, at.1 / 9.0),
                _ => square(at, 20.0),
            };
            let class = CLASSES.get(class).map_or(Value::Null, |class| Value::text(*class));
            feature(fid, Some(geometry), vec![class, Value::Int(i64::from(x % 7))])
        };
        let all: Vec<_> = (1..).zip(&given).map(one).collect();
        let is_left = |fid: Fid| !given[fid.as_i64() as usize - 1].4;
        let change = |feature: &Feature, new| Change {
            layer: Name::new("ruled").unwrap(), fid: feature.fid, old: None, new,
        };
        let mut edited = build(definition(), []).with_budget(2_000);
        for some in all.chunks(batch) {
            edited = edited.apply(&some.iter().map(|one| change(one, Some(one.clone()))).collect::<Vec<_>>());
        }
        let removed: Vec<_> = all.iter().filter(|one| !is_left(one.fid)).map(|one| change(one, None)).collect();
        edited = edited.apply(&removed);
        let left = all.iter().filter(|feature| is_left(feature.fid)).cloned();
        let afresh = build(definition(), left).with_budget(2_000);
        for tile in [tile(), huangshi(TileMatrixSet::Cgcs2000Quad, Z), huangshi(TileMatrixSet::WebMercatorQuad, 8)] {
            prop_assert_eq!(drawn(&edited, tile), drawn(&afresh, tile));
        }
    }
}
