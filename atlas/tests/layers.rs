//! What a layer says of its features: attributes, ids, valid times, order, memory.
#![allow(clippy::unwrap_used)]

mod support;

use fast_mvt::MvtValue;
use onemap_atlas::{LayerSnapshot, Snapshot};
use onemap_model::{
    Coord, Date, Epoch, Feature, FieldType, Geometry, Path, TileCoord, TileMatrixSet, TimeSpan, Value, Version,
    ZoomRange,
};
use proptest::prelude::*;
use std::sync::Arc;
use support::*;

fn here() -> Option<Geometry> {
    Some(Geometry::point(115.04, 30.2).unwrap())
}

fn tile() -> TileCoord {
    huangshi(TileMatrixSet::WebMercatorQuad, 14)
}

fn tags(layer: &LayerSnapshot) -> Vec<Vec<(String, MvtValue)>> {
    let features = decode_one(&render(layer, tile()));
    features
        .into_iter()
        .map(|feature| feature.tags.into_iter().collect())
        .collect()
}

fn text(text: &str) -> MvtValue {
    MvtValue::String(text.into())
}

#[test]
fn values_are_tags_of_their_own_type_and_null_is_none() {
    use FieldType as T;
    let fields = [
        ("a", T::Bool),
        ("b", T::Int),
        ("c", T::Float),
        ("d", T::Text),
        ("e", T::Date),
        ("f", T::DateTime),
        ("g", T::Bytes),
        ("h", T::Array),
    ];
    let items = [
        Value::Int(-1),
        Value::Null,
        Value::text("\"\\\n地"),
        Value::Bool(true),
        Value::Array([].into()),
    ];
    let full = vec![
        Value::Bool(false),
        Value::Int(i64::MIN),
        Value::float(0.1).unwrap(),
        Value::text("黄石"),
        Value::Date(Date::parse("2024-05-01").unwrap()),
        Value::DateTime(instant("2024-05-01T08:30:00+08:00")),
        Value::Bytes([1, 2].into()),
        Value::Array(items.into()),
    ];
    let layer = build(
        layer("all", &fields),
        [feature(1, here(), full), feature(2, here(), vec![])],
    );
    let expected = [
        ("a", MvtValue::Bool(false)),
        ("b", MvtValue::SInt(i64::MIN)),
        ("c", MvtValue::Double(0.1)),
        ("d", text("黄石")),
        ("e", text("2024-05-01")),
        ("f", text("2024-05-01T00:30:00.000Z")),
        ("h", text("[-1,null,\"\\\"\\\\\\u000a地\",true,[]]")),
        ("id", text("1")),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value)).to_vec();
    assert_eq!(tags(&layer), [expected, vec![("id".to_owned(), text("2"))]]);
}

#[test]
fn the_public_id_takes_the_place_of_a_field_called_id() {
    let fields = [("id", FieldType::Int), ("code", FieldType::Text)];
    let values = |id: i64, code: Value| vec![Value::Int(id), code];
    let plain = layer("plain", &fields);
    let by_id = plain.clone().with_key("id").unwrap();
    let by_code = plain.clone().with_key("code").unwrap();
    let check = |layer, expected: &[(&str, MvtValue)]| {
        let layer = build(layer, [feature(7, here(), values(70, Value::text("x")))]);
        let expected: Vec<_> = expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        assert_eq!(tags(&layer), [expected]);
    };
    check(plain, &[("code", text("x")), ("id", text("7"))]);
    check(by_id, &[("code", text("x")), ("id", text("70"))]);
    check(by_code, &[("code", text("x")), ("id", text("x"))]);
}

#[test]
fn a_feature_is_found_by_its_public_id_in_all_its_times() {
    let keyed = layer("keyed", &[("code", FieldType::Text)]).with_key("code").unwrap();
    let coded = |fid, code: &str| feature(fid, None, vec![Value::text(code)]);
    let mut features: Vec<Feature> = (1..2000).map(|fid| coded(fid, &format!("c{}", fid % 500))).collect();
    features.push(feature(2000, here(), vec![Value::Null]));
    features.push(coded(2001, "2000"));
    let layer = build(keyed, features);
    let fids = |id: &str| {
        layer
            .by_public_id(id)
            .iter()
            .map(|view| view.fid().get())
            .collect::<Vec<_>>()
    };
    assert_eq!(fids("c7"), [7, 507, 1007, 1507]);
    assert_eq!(fids("2000"), [2000, 2001]);
    assert_eq!(fids("7"), [0_u64; 0]);
    assert_eq!(fids(""), [0_u64; 0]);
    assert_eq!(layer.by_public_id("2000")[0].public_id(), "2000");
}

#[test]
fn without_a_key_the_number_is_the_public_id_in_its_one_spelling() {
    let layer = build(layer("bare", &[]), [feature(12, here(), vec![])]);
    assert_eq!(layer.by_public_id("12").len(), 1);
    for other in ["012", "+12", " 12", "12.0", "-12", "99999999999999999999"] {
        assert!(layer.by_public_id(other).is_empty(), "{other}");
    }
}

#[test]
fn an_integer_key_is_found_by_its_text() {
    let keyed = layer("keyed", &[("n", FieldType::Int)]).with_key("n").unwrap();
    let layer = build(
        keyed,
        (1..100).map(|fid| feature(fid, here(), vec![Value::Int(-10 * fid)])),
    );
    assert_eq!(layer.by_public_id("-70")[0].fid().get(), 7);
    assert!(layer.by_public_id("-070").is_empty());
}

fn timed(fid: i64, from: Option<&str>, to: Option<&str>) -> Feature {
    let mut feature = feature(fid, here(), vec![]);
    feature.row.valid = TimeSpan::new(from.map(instant), to.map(instant)).unwrap();
    feature
}

#[test]
fn a_tile_shows_what_is_true_now_and_the_next_boundary_is_known() {
    let (then, later) = ("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z");
    let features = [
        timed(1, None, None),
        timed(2, None, Some(then)),
        timed(3, Some(then), Some(later)),
        timed(4, Some(later), None),
    ];
    let snapshot = Snapshot::new(
        Epoch::new("epoch-0001").unwrap(),
        Version(3),
        instant(then),
        vec![Arc::new(build(layer("parcels", &[]), features))],
    );
    let ids = |snapshot: &Snapshot| {
        decode_one(&snapshot.tile(&["parcels"], tile()))
            .iter()
            .map(|f| f.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&snapshot), [1, 3]);
    assert_eq!(snapshot.next_boundary(), Some(instant(later)));
    let before = snapshot.at(instant("2023-12-31T23:59:59.999999Z"));
    assert_eq!(
        (ids(&before), before.next_boundary()),
        (vec![1, 2], Some(instant(then)))
    );
    let after = snapshot.at(instant(later));
    assert_eq!((ids(&after), after.next_boundary()), (vec![1, 4], None));
    assert_eq!((after.version(), after.epoch().as_str()), (Version(3), "epoch-0001"));
}

#[test]
fn layers_follow_each_other_in_one_tile() {
    let one = |name: &str| Arc::new(build(layer(name, &[]), [feature(1, here(), vec![])]));
    let empty = Arc::new(build(layer("nothing", &[]), []));
    let snapshot = Snapshot::new(
        Epoch::new("epoch-0001").unwrap(),
        Version(1),
        now(),
        vec![one("roads"), one("水系"), empty],
    );
    let names = |asked: &[&str]| {
        decode(&snapshot.tile(asked, tile()))
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&["水系", "roads"]), ["水系", "roads"]);
    assert_eq!(names(&["roads", "nothing", "unknown", "roads"]), ["roads"]);
    assert!(snapshot.tile(&["nothing"], tile()).is_empty());
}

#[test]
fn a_layer_shows_at_its_zooms_only() {
    let mut limited = layer("limited", &[]);
    limited.zoom = ZoomRange::new(13, 15).unwrap();
    let layer = build(limited, [feature(1, here(), vec![])]);
    for grid in TileMatrixSet::ALL {
        let shown: Vec<u8> = (1..=20)
            .filter(|&z| !render(&layer, huangshi(grid, z)).is_empty())
            .collect();
        assert_eq!(shown, [13, 14, 15], "{grid}");
    }
}

#[test]
fn a_collection_has_a_tile_feature_for_each_dimension() {
    let line = path(tile(), &[(0.0, 0.0), (100.0, 100.0)]);
    let area = polygon(tile(), &[vec![(0.0, 0.0), (50.0, 0.0), (0.0, 50.0)]]);
    let nested = Geometry::Collection(vec![Geometry::Polygons(vec![area]), here().unwrap()]);
    let all = Geometry::Collection(vec![Geometry::Lines(vec![line]), nested, here().unwrap()]);
    let drawn = decode_one(&render(&plain([all]), tile()));
    let kinds: Vec<_> = drawn
        .iter()
        .map(|feature| (feature.id, geo::HasDimensions::dimensions(&feature.geometry)))
        .collect();
    use geo::dimensions::Dimensions::*;
    assert_eq!(kinds, [(1, ZeroDimensional), (1, OneDimensional), (1, TwoDimensional)]);
    let geo::Geometry::MultiPoint(points) = &drawn[0].geometry else {
        panic!("{drawn:?}")
    };
    assert_eq!(points.0.len(), 2);
}

#[test]
fn what_has_no_place_is_in_no_tile_but_in_the_layer() {
    let empty = Geometry::Points(Path::default());
    let layer = build(
        layer("bare", &[]),
        [feature(1, None, vec![]), feature(2, Some(empty), vec![])],
    );
    assert!(render(&layer, tile()).is_empty());
    assert_eq!((layer.len(), layer.bbox()), (2, None));
    let views: Vec<_> = layer.features(&onemap_atlas::Query::default()).collect();
    assert_eq!(views[0].geometry(), None);
    assert!(views[1].geometry().unwrap().is_empty());
    assert_eq!(views[1].bbox(), None);
}

#[test]
fn memory_is_counted_by_part() {
    let square = |fid: i64| {
        let (x, y) = (115.0 + (fid % 100) as f64 * 1e-3, 30.0 + (fid / 100) as f64 * 1e-3);
        let ring = [(x, y), (x + 5e-4, y), (x + 5e-4, y + 5e-4), (x, y + 5e-4), (x, y)];
        let ring = Path::new(ring.map(|(x, y)| Coord { x, y }).to_vec()).unwrap();
        Geometry::Polygons(vec![onemap_model::Polygon { rings: vec![ring] }])
    };
    let layer = build(
        layer("squares", &[]),
        (1..=10_000).map(|fid| feature(fid, Some(square(fid)), vec![])),
    );
    let memory = layer.memory();
    // Four vertices each: the repetition of the first is not kept. Equal numbers of vertices need no offsets.
    assert_eq!(memory.coordinates, 10_000 * 4 * 16);
    assert_eq!(memory.projected, 10_000 * 4 * 8);
    // A byte each says from which zoom on they need no inspection; and two bits.
    assert!(
        memory.structure < 10_000 * 5 / 4 + 100 && memory.times < 1000,
        "{memory:?}"
    );
    assert!(memory.tree < 10_000 * 18 && memory.identity <= 10_000 * 6, "{memory:?}");
    assert_eq!(
        memory.total(),
        memory.coordinates
            + memory.projected
            + memory.structure
            + memory.tree
            + memory.attributes
            + memory.identity
            + memory.times
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_are_the_same_whatever_the_order_of_pushing(
        places in prop::collection::vec((0_i32..4096, 0_i32..4096, 0_i64..5), 1..60),
        seed in prop::collection::vec(any::<u32>(), 60),
    ) {
        let make = |(fid, &(x, y, n)): (i64, &(i32, i32, i64))| {
            let (x, y) = (f64::from(x), f64::from(y));
            let ring = vec![(x, y), (x + 30.0, y), (x, y + 20.0)];
            let geometry = match n {
                0 => None,
                1 => Some(Geometry::Points(path(tile(), &ring))),
                2 => Some(Geometry::Lines(vec![path(tile(), &ring)])),
                _ => Some(Geometry::Polygons(vec![polygon(tile(), &[ring])])),
            };
            let mut feature = feature(fid, geometry, vec![Value::text(format!("name {n}")), Value::Int(n)]);
            if n == 4 {
                feature.row.valid = TimeSpan::new(Some(instant("2020-01-01T00:00:00Z")), None).unwrap();
            }
            feature
        };
        let definition = layer("mixed", &[("name", FieldType::Text), ("n", FieldType::Int)]).with_key("name").unwrap();
        let features: Vec<Feature> = (1..).zip(&places).map(make).collect();
        let mut shuffled: Vec<_> = seed.iter().zip(features.clone()).collect();
        shuffled.sort_by_key(|(key, _)| **key);
        let one = build(definition.clone(), features);
        let other = build(definition, shuffled.into_iter().map(|(_, feature)| feature));
        prop_assert_eq!(render(&one, tile()), render(&other, tile()));
        prop_assert_eq!(one.memory(), other.memory());
    }
}
