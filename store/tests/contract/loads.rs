//! Loads: replace, append, upsert.

use crate::Harness;
use crate::support::*;
use onemap_model::{
    Coord, Crs, Date, FieldType, Finite, Geometry, GeometryType, Instant, Layer, Path, Polygon, Row, TimeSpan, Value,
    Version,
};
use onemap_store::{At, Error, LoadMode, LogPosition};

fn some(range: std::ops::Range<i64>) -> Vec<Row> {
    range.map(|i| row(&format!("k{i}"), i)).collect()
}

pub fn a_first_load_is_version_one_and_everything_is_new<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let committed = load(&mut *store, &pois(), LoadMode::Replace, &some(0..100));
    assert_eq!((committed.version, counts(&committed)), (Version(1), [100, 0, 0, 0]));
    let state = state(&mut *store, At::Now);
    assert_eq!(state.len(), 100);
    let mut rows: Vec<_> = state.into_values().collect();
    rows.sort_by_key(|row| row.values[1].to_string().parse::<i64>().unwrap());
    assert_eq!(rows, some(0..100));
    assert_sound(&mut *store);
}

pub fn the_same_load_again_changes_nothing_and_makes_no_version<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..50));
    let before = state(&mut *store, At::Now);
    let mut rows = some(0..50);
    rows.reverse();
    let again = load(&mut *store, &pois(), LoadMode::Replace, &rows);
    assert_eq!((again.version, counts(&again)), (Version(1), [0, 0, 50, 0]));
    assert_eq!(state(&mut *store, At::Now), before);
    assert_sound(&mut *store);
}

pub fn a_replace_touches_only_what_differs<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(
        &mut *store,
        &pois(),
        LoadMode::Replace,
        &[row("a", 1), row("b", 2), row("c", 3)],
    );
    let before = state(&mut *store, At::Now);
    let committed = load(
        &mut *store,
        &pois(),
        LoadMode::Replace,
        &[row("a", 1), row("b", 9), row("d", 4)],
    );
    assert_eq!((committed.version, counts(&committed)), (Version(2), [1, 1, 1, 1]));
    let after = state(&mut *store, At::Now);
    for (number, old) in &before {
        match old.values[0].to_string().as_str() {
            "a" => assert_eq!(&after[number], old),
            "b" => assert_eq!(after[number], row("b", 9)),
            _ => assert!(!after.contains_key(number)),
        }
    }
    assert_eq!(
        log(
            &mut *store,
            LogPosition {
                version: Version(1),
                offset: 0
            },
            10
        )
        .len(),
        3
    );
    assert_sound(&mut *store);
}

pub fn without_a_key_equal_rows_are_matched_as_often_as_they_come<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let twice = [row("a", 1), row("a", 1), row("a", 1), row("b", 2)];
    load(&mut *store, &keyless(), LoadMode::Replace, &twice);
    let committed = load(
        &mut *store,
        &keyless(),
        LoadMode::Replace,
        &[row("b", 2), row("b", 2), row("a", 1)],
    );
    assert_eq!(counts(&committed), [1, 0, 2, 2]);
    assert_sound(&mut *store);
}

pub fn the_key_with_the_beginning_of_validity_tells_rows_apart<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let at = |text: &str| Some(Instant::parse(text).unwrap());
    let (first, second) = (at("2020-01-01T00:00:00Z"), at("2022-01-01T00:00:00Z"));
    let valid = |n, from, to| Row {
        valid: TimeSpan::new(from, to).unwrap(),
        ..row("a", n)
    };
    load(&mut *store, &pois(), LoadMode::Replace, &[valid(1, first, None)]);
    let rows = [valid(1, first, second), valid(2, second, None)];
    let committed = load(&mut *store, &pois(), LoadMode::Replace, &rows);
    assert_eq!(counts(&committed), [1, 1, 0, 0]);
    let upserted = load(&mut *store, &pois(), LoadMode::Upsert, &[valid(3, second, None)]);
    assert_eq!(counts(&upserted), [0, 1, 0, 0]);
    assert_eq!(
        contents(&state(&mut *store, At::Now)),
        [("a".into(), "1".into()), ("a".into(), "3".into())]
    );
    assert_sound(&mut *store);
}

pub fn a_row_without_a_key_is_matched_by_content<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let nameless = |n| Row {
        values: vec![Value::Null, Value::Int(n)],
        ..row("", n)
    };
    load(&mut *store, &pois(), LoadMode::Replace, &[nameless(1), nameless(2)]);
    let committed = load(&mut *store, &pois(), LoadMode::Replace, &[nameless(2), nameless(3)]);
    assert_eq!(counts(&committed), [1, 0, 1, 1]);
    let upserted = load(&mut *store, &pois(), LoadMode::Upsert, &[nameless(2), nameless(4)]);
    assert_eq!(counts(&upserted), [1, 0, 1, 0]);
    assert_sound(&mut *store);
}

pub fn an_append_adds_and_leaves_the_rest<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Append, &[row("a", 1)]);
    let before = state(&mut *store, At::Now);
    let committed = load(&mut *store, &pois(), LoadMode::Append, &[row("a", 1), row("b", 2)]);
    assert_eq!(counts(&committed), [2, 0, 0, 0]);
    let after = state(&mut *store, At::Now);
    assert_eq!(after.len(), 3);
    assert!(before.iter().all(|(number, row)| after.get(number) == Some(row)));
    assert_sound(&mut *store);
}

pub fn an_upsert_replaces_by_key_and_leaves_the_rest<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(
        &mut *store,
        &pois(),
        LoadMode::Replace,
        &[row("a", 1), row("b", 2), row("c", 3)],
    );
    let committed = load(
        &mut *store,
        &pois(),
        LoadMode::Upsert,
        &[row("b", 2), row("c", 9), row("d", 4)],
    );
    assert_eq!(counts(&committed), [1, 1, 1, 0]);
    let expected = [("a", "1"), ("b", "2"), ("c", "9"), ("d", "4")].map(|(code, n)| (code.to_owned(), n.to_owned()));
    assert_eq!(contents(&state(&mut *store, At::Now)), expected);
    assert_sound(&mut *store);
}

pub fn an_upsert_with_a_key_twice_changes_nothing<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &[row("a", 1)]);
    let refused = try_load(
        &mut *store,
        &pois(),
        LoadMode::Upsert,
        &[row("宗地|1", 5), row("b", 1), row("宗地|1", 6)],
    );
    assert!(matches!(refused, Err(Error::KeyTwice { key, .. }) if key == "宗地|1"));
    assert_eq!(store.catch_up().unwrap(), Version(1));
    assert_eq!(state(&mut *store, At::Now).len(), 1);
    assert_sound(&mut *store);
}

pub fn an_upsert_without_a_key_is_refused<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let refused = try_load(&mut *store, &keyless(), LoadMode::Upsert, &[]);
    assert!(matches!(refused, Err(Error::Misfit { .. })));
    load(&mut *store, &keyless(), LoadMode::Replace, &[row("a", 1)]);
    let refused = try_load(&mut *store, &keyless(), LoadMode::Upsert, &[]);
    assert!(matches!(refused, Err(Error::Misfit { .. })));
}

pub fn an_append_that_lacks_a_field_leaves_it_null<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &[row("a", 1)]);
    let fields = vec![field("n", FieldType::Int)];
    let narrow = Layer::new(name("pois"), GeometryType::Point, Crs::CGCS2000, fields).unwrap();
    let added = Row {
        values: vec![Value::Int(5)],
        ..row("", 5)
    };
    load(&mut *store, &narrow, LoadMode::Append, &[added]);
    let contents = contents(&state(&mut *store, At::Now));
    assert_eq!(
        contents,
        [("".to_owned(), "5".to_owned()), ("a".to_owned(), "1".to_owned())]
    );
    assert_eq!(store.read(At::Now).unwrap().layers().unwrap()[0].layer, pois());
}

pub fn an_append_of_other_fields_is_refused<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &[row("a", 1)]);
    for fields in [vec![field("n", FieldType::Text)], vec![field("other", FieldType::Int)]] {
        let other = Layer::new(name("pois"), GeometryType::Point, Crs::CGCS2000, fields).unwrap();
        let refused = try_load(&mut *store, &other, LoadMode::Append, &[]);
        assert!(matches!(refused, Err(Error::Misfit { .. })), "{refused:?}");
    }
}

pub fn a_dropped_load_leaves_no_trace<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..10));
    let before = state(&mut *store, At::Now);
    let mut begun = store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Replace, &some(5..500)).unwrap();
    drop(begun);
    assert_eq!(
        (store.catch_up().unwrap(), state(&mut *store, At::Now)),
        (Version(1), before)
    );
    let mut begun = store.begin(&batch()).unwrap();
    begun.start_layer(&pois(), LoadMode::Replace).unwrap();
    begun.push(row("x", 1)).unwrap();
    assert!(begun.commit(&mut |_| ()).is_err(), "a layer that was not finished");
    load(&mut *store, &pois(), LoadMode::Replace, &some(5..10));
    assert_sound(&mut *store);
}

pub fn several_layers_are_one_version<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let other = Layer::new(name("a_first"), GeometryType::None, Crs::CGCS2000, vec![]).unwrap();
    let mut begun = store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Replace, &some(0..3)).unwrap();
    stage(
        &mut *begun,
        &other,
        LoadMode::Replace,
        &[Row::default(), Row::default()],
    )
    .unwrap();
    let committed = begun.commit(&mut |_| ()).unwrap();
    assert_eq!(committed.version, Version(1));
    assert_eq!(
        committed
            .layers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        ["pois", "a_first"]
    );
    let states = store.read(At::Now).unwrap().layers().unwrap();
    let seen: Vec<_> = states
        .iter()
        .map(|s| (s.layer.name().as_str(), s.features, s.changed))
        .collect();
    assert_eq!(seen, [("a_first", 2, Version(1)), ("pois", 3, Version(1))]);
    assert_sound(&mut *store);
}

pub fn a_layer_twice_in_one_load_is_refused<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let mut begun = store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Replace, &[]).unwrap();
    let again = Layer::new(name("POIS"), GeometryType::Point, Crs::CGCS2000, vec![]).unwrap();
    assert!(matches!(
        begun.start_layer(&again, LoadMode::Replace),
        Err(Error::LayerTwice(_))
    ));
}

pub fn a_second_load_is_refused_while_one_is_under_way<H: Harness>() {
    let harness = H::new();
    let (mut one, mut other) = (harness.open(), harness.open());
    let begun = one.begin(&batch()).unwrap();
    assert!(matches!(other.begin(&batch()), Err(Error::Busy { .. })));
    drop(begun);
    assert!(other.begin(&batch()).is_ok());
}

pub fn rows_that_do_not_fit_are_refused<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let mut begun = store.begin(&batch()).unwrap();
    assert!(begun.push(row("a", 1)).is_err(), "no layer was started");
    begun.start_layer(&pois(), LoadMode::Replace).unwrap();
    let short = Row {
        values: vec![],
        ..row("a", 1)
    };
    let wrong = Row {
        values: vec![Value::text("a"), Value::text("1")],
        ..row("a", 1)
    };
    for bad in [short, wrong] {
        assert!(matches!(begun.push(bad), Err(Error::Misfit { .. })));
    }
    begun.push(row("a", 1)).unwrap();
    begun.finish_layer(GeometryType::Point).unwrap();
    let bare = Layer::new(name("bare"), GeometryType::None, Crs::CGCS2000, vec![]).unwrap();
    begun.start_layer(&bare, LoadMode::Replace).unwrap();
    let located = Row {
        values: vec![],
        ..row("a", 1)
    };
    assert!(matches!(begun.push(located), Err(Error::Misfit { .. })));
}

pub fn a_layer_in_another_crs_is_refused<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let mut layer = pois();
    layer.crs = Crs::WGS84;
    let refused = try_load(&mut *store, &layer, LoadMode::Replace, &[])
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("EPSG:4326") && refused.contains("EPSG:4490"),
        "{refused}"
    );
}

pub fn a_layer_of_other_fields_takes_over_and_the_old_one_stays_in_its_versions<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..3));
    let old = state(&mut *store, At::Now);
    let fields = vec![field("other", FieldType::Float), field("code", FieldType::Text)];
    let layer = Layer::new(name("pois"), GeometryType::Point, Crs::CGCS2000, fields).unwrap();
    let new = Row {
        values: vec![Value::float(1.5).unwrap(), Value::text("k1")],
        ..row("", 1)
    };
    let committed = load(&mut *store, &layer, LoadMode::Replace, std::slice::from_ref(&new));
    assert_eq!(counts(&committed), [1, 0, 0, 3]);
    assert_eq!(state(&mut *store, At::Now).into_values().collect::<Vec<_>>(), [new]);
    assert_eq!(state(&mut *store, At::Version(Version(1))), old);
    let was = store.read(At::Version(Version(1))).unwrap().layers().unwrap();
    assert_eq!(
        (&was[0].layer, was[0].features, was[0].changed),
        (&pois(), 3, Version(1))
    );
    let mut replayed = old;
    for entry in log(
        &mut *store,
        LogPosition {
            version: Version(1),
            offset: 0,
        },
        2,
    ) {
        replay(&mut replayed, &entry.change);
    }
    assert_eq!(replayed, state(&mut *store, At::Now));
    assert_sound(&mut *store);
}

pub fn a_field_of_another_type_keeps_the_old_values_in_old_versions<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let layer = |kind| Layer::new(name("pois"), GeometryType::None, Crs::CGCS2000, vec![field("v", kind)]).unwrap();
    let valued = |value| Row {
        values: vec![value],
        ..Row::default()
    };
    let kinds = [
        (FieldType::Int, Value::Int(12)),
        (FieldType::Text, Value::text("0012")),
        (FieldType::Float, Value::float(12.5).unwrap()),
        (FieldType::Text, Value::text("1e3")),
    ];
    for (kind, value) in kinds.clone() {
        load(&mut *store, &layer(kind), LoadMode::Replace, &[valued(value)]);
    }
    for (i, (_, value)) in kinds.into_iter().enumerate() {
        let was = state(&mut *store, At::Version(Version(i as u64 + 1)));
        assert_eq!(
            was.into_values().map(|row| row.values).collect::<Vec<_>>(),
            [vec![value]]
        );
    }
    assert_sound(&mut *store);
}

pub fn a_new_title_alone_is_a_version_without_changes<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..3));
    let mut layer = pois();
    layer.title = "Places".to_owned();
    let committed = load(&mut *store, &layer, LoadMode::Replace, &some(0..3));
    assert_eq!((committed.version, counts(&committed)), (Version(2), [0, 0, 3, 0]));
    let states = store.read(At::Now).unwrap().layers().unwrap();
    assert_eq!(
        (states[0].layer.title.as_str(), states[0].changed),
        ("Places", Version(2))
    );
    let was = store.read(At::Version(Version(1))).unwrap().layers().unwrap();
    assert_eq!(was[0].layer, pois());
    assert!(
        log(
            &mut *store,
            LogPosition {
                version: Version(1),
                offset: 0
            },
            10
        )
        .is_empty()
    );
    assert_sound(&mut *store);
}

pub fn numbers_are_never_used_again<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let mut seen = std::collections::HashSet::new();
    let fields = vec![field("x", FieldType::Int)];
    let reshaped = Layer::new(name("pois"), GeometryType::Point, Crs::CGCS2000, fields).unwrap();
    let blank = Row {
        values: vec![Value::Int(1)],
        ..row("", 1)
    };
    for round in 0..3 {
        load(
            &mut *store,
            &keyless(),
            LoadMode::Replace,
            &some(round * 10..round * 10 + 5),
        );
        assert!(
            state(&mut *store, At::Now)
                .into_keys()
                .all(|number| seen.insert(number))
        );
        load(&mut *store, &keyless(), LoadMode::Replace, &[]);
        load(&mut *store, &reshaped, LoadMode::Replace, std::slice::from_ref(&blank));
        assert!(
            state(&mut *store, At::Now)
                .into_keys()
                .all(|number| seen.insert(number))
        );
    }
}

pub fn geometries_of_another_kind_widen_the_layer<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let line = Geometry::Lines(vec![
        Path::new(vec![Coord { x: 1.0, y: 2.0 }, Coord { x: 3.0, y: 4.0 }]).unwrap(),
    ]);
    let rows = [
        row("a", 1),
        Row {
            geometry: Some(line),
            ..row("b", 2)
        },
    ];
    for expected in [Version(1), Version(1)] {
        let mut begun = store.begin(&batch()).unwrap();
        begun.start_layer(&pois(), LoadMode::Replace).unwrap();
        rows.iter().for_each(|row| begun.push(row.clone()).unwrap());
        begun.finish_layer(GeometryType::Geometry).unwrap();
        assert_eq!(begun.commit(&mut |_| ()).unwrap().version, expected);
    }
    let states = store.read(At::Now).unwrap().layers().unwrap();
    assert_eq!(states[0].layer.geometry_type, GeometryType::Geometry);
    let mut found: Vec<_> = state(&mut *store, At::Now).into_values().collect();
    found.sort_by_key(|row| row.values[0].to_string());
    assert_eq!(found, rows);
    assert_sound(&mut *store);
}

pub fn an_empty_layer_and_a_layer_without_geometry_are_kept<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let committed = load(&mut *store, &pois(), LoadMode::Replace, &[]);
    assert_eq!(committed.version, Version(1));
    assert!(state(&mut *store, At::Now).is_empty());
    let bare = Layer::new(
        name("bare"),
        GeometryType::None,
        Crs::CGCS2000,
        vec![field("x", FieldType::Int)],
    )
    .unwrap();
    let valued = |n| Row {
        values: vec![Value::Int(n)],
        ..Row::default()
    };
    load(&mut *store, &bare, LoadMode::Replace, &[valued(1), valued(2)]);
    let again = load(&mut *store, &bare, LoadMode::Replace, &[valued(2), valued(3)]);
    assert_eq!(counts(&again), [1, 0, 1, 1]);
    assert_sound(&mut *store);
}

pub fn every_kind_of_value_and_geometry_comes_back<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let kinds = [
        FieldType::Bool,
        FieldType::Int,
        FieldType::Float,
        FieldType::Text,
        FieldType::Date,
        FieldType::DateTime,
        FieldType::Bytes,
        FieldType::Array,
    ];
    let fields = kinds.map(|kind| field(&format!("a_{kind}"), kind)).into();
    let layer = Layer::new(name("pois"), GeometryType::Geometry, Crs::CGCS2000, fields).unwrap();
    let moment = Instant::parse("1969-12-31T23:59:59.123456Z").unwrap();
    let full = vec![
        Value::Bool(false),
        Value::Int(i64::MIN),
        Value::Float(Finite::new(0.1).unwrap()),
        Value::text("'; DROP TABLE pois; -- \u{1F5FA} \0 \r\n"),
        Value::Date(Date::parse("0001-01-01").unwrap()),
        Value::DateTime(moment),
        Value::Bytes([0, 1, 255].into()),
        Value::Array([Value::text("甲"), Value::Null, Value::Float(Finite::new(2.0).unwrap())].into()),
    ];
    let ring = |z: bool| {
        let coords: Vec<_> = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]
            .map(|(x, y)| Coord { x, y })
            .into();
        let heights = if z { vec![1.0, 2.0, 3.0, 1.0] } else { vec![] };
        Path::with_z(coords, heights).unwrap()
    };
    let area = |z| Geometry::Polygons(vec![Polygon { rings: vec![ring(z)] }]);
    let geometries = [
        None,
        Some(area(false)),
        Some(area(true)),
        Some(Geometry::Lines(vec![])),
        Some(Geometry::Points(Path::default())),
        Some(Geometry::Collection(vec![
            area(false),
            Geometry::point(-180.0, 90.0).unwrap(),
        ])),
    ];
    let mut rows: Vec<_> = geometries
        .into_iter()
        .map(|geometry| Row {
            geometry,
            values: full.clone(),
            valid: TimeSpan::new(Some(moment), None).unwrap(),
        })
        .collect();
    rows.push(Row {
        values: vec![Value::Null; 8],
        ..Row::default()
    });
    for added in [7, 0] {
        let mut begun = store.begin(&batch()).unwrap();
        stage(&mut *begun, &layer, LoadMode::Replace, &rows).unwrap();
        assert_eq!(counts(&begun.commit(&mut |_| ()).unwrap())[0], added);
    }
    let mut found: Vec<_> = state(&mut *store, At::Now).into_values().collect();
    for row in &rows {
        let at = found.iter().position(|other| other == row);
        found.remove(at.unwrap_or_else(|| panic!("{row:?} did not come back")));
    }
    assert_sound(&mut *store);
}

pub fn names_and_values_may_be_chinese_or_sql<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    for (layer, column) in [
        ("宗地", "宗地代码"),
        ("select", "from"),
        ("onemap", "table"),
        ("h", "NEW"),
        ("t", "key"),
    ] {
        let fields = vec![field(column, FieldType::Text), field("_1", FieldType::Int)];
        let layer = Layer::new(name(layer), GeometryType::Point, Crs::CGCS2000, fields).unwrap();
        let layer = layer.with_key(column).unwrap();
        load(&mut *store, &layer, LoadMode::Replace, &[row("甲", 1), row("乙'\"", 2)]);
        let again = load(&mut *store, &layer, LoadMode::Upsert, &[row("甲", 3)]);
        assert_eq!(counts(&again), [0, 1, 0, 0]);
        assert_eq!(features(&mut *store, At::Now, layer.name().as_str()).len(), 2);
    }
    assert_sound(&mut *store);
}

pub fn fields_may_have_the_names_that_a_store_uses_inside<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let words = "id minx maxx n v b e key hash place staged c0 rowid oid version layer open h t f s gid ctid xmin";
    let fields: Vec<_> = words.split(' ').map(|word| field(word, FieldType::Int)).collect();
    let layer = Layer::new(name("pois"), GeometryType::Point, Crs::CGCS2000, fields).unwrap();
    let layer = layer.with_key("id").unwrap();
    let numbered = |id: i64, n: i64| Row {
        values: layer
            .fields()
            .iter()
            .enumerate()
            .map(|(i, _)| Value::Int(if i == 0 { id } else { n }))
            .collect(),
        ..row("", n)
    };
    load(
        &mut *store,
        &layer,
        LoadMode::Replace,
        &[numbered(1, 1), numbered(2, 2), numbered(3, 3)],
    );
    let committed = load(
        &mut *store,
        &layer,
        LoadMode::Replace,
        &[numbered(1, 1), numbered(2, 9), numbered(4, 4)],
    );
    assert_eq!(counts(&committed), [1, 1, 1, 1]);
    let edited = store.edit(&[
        onemap_store::Edit::Update {
            layer: name("pois"),
            fid: fid(1),
            row: numbered(1, 7),
        },
        onemap_store::Edit::Insert {
            layer: name("pois"),
            row: numbered(5, 5),
        },
    ]);
    assert_eq!(edited.unwrap(), Version(3));
    assert_eq!(state(&mut *store, At::Version(Version(2))).len(), 3);
    assert_eq!(log(&mut *store, LogPosition::default(), 2).len(), 8);
    assert_sound(&mut *store);
}

pub fn a_commit_tells_how_far_it_is<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let mut begun = store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Replace, &some(0..25_000)).unwrap();
    let mut steps = Vec::new();
    begun.commit(&mut |step| steps.push(step)).unwrap();
    assert!(steps.iter().all(|step| step.total == 0 || step.done <= step.total));
    assert!(
        steps.iter().any(|step| step.what == "writing" && step.total == 25_000),
        "{steps:?}"
    );
    assert_eq!(steps.last().unwrap().what, "syncing");
}

pub fn a_large_replace_is_like_a_small_one<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..30_000));
    let before = state(&mut *store, At::Now);
    let mut rows = some(10_000..60_000);
    rows.iter_mut()
        .take(5_000)
        .for_each(|row| row.values[1] = Value::Int(-1));
    let committed = load(&mut *store, &pois(), LoadMode::Replace, &rows);
    assert_eq!(counts(&committed), [30_000, 5_000, 15_000, 10_000]);
    assert_eq!(state(&mut *store, At::Version(Version(1))), before);
    let mut replayed = before;
    for entry in log(
        &mut *store,
        LogPosition {
            version: Version(1),
            offset: 0,
        },
        7_000,
    ) {
        replay(&mut replayed, &entry.change);
    }
    assert_eq!(replayed, state(&mut *store, At::Now));
    assert_sound(&mut *store);
}
