//! Batches: what is kept of them, and rolling them back.

use crate::Harness;
use crate::support::*;
use onemap_model::{
    Access, Coord, Crs, FieldType, Geometry, GeometryType, Instant, Layer, Path, Polygon, Row, TimeSpan, Value, Version,
};
use onemap_store::{
    At, Batch, DeliveredLayer, Delivery, Edit, Error, FindingCount, Later, LoadCounts, LoadMode, RolledBack,
    SourceFile, Store, content_digest,
};
use std::ops::ControlFlow;

fn roll_back(store: &mut dyn Store, version: u64, later: Later) -> onemap_store::Result<RolledBack> {
    let batch = Batch {
        who: "undoer".to_owned(),
        what: format!("rollback {version}"),
    };
    store.roll_back(Version(version), &batch, later, &mut |_| ())
}

fn undo(store: &mut dyn Store, version: u64) -> RolledBack {
    roll_back(store, version, Later::Refuse).unwrap()
}

fn changed(counts: LoadCounts) -> [u64; 3] {
    [counts.inserted, counts.updated, counts.deleted]
}

fn digest(store: &mut dyn Store, at: At) -> String {
    let mut reading = store.read(at).unwrap();
    content_digest(&mut *reading, &name("pois")).unwrap().to_string()
}

/// That the store is now as it was at a version: numbers, geometries, values, valid times and definitions.
fn assert_as_at(store: &mut dyn Store, version: u64) {
    let at = At::Version(Version(version));
    assert_eq!(state(store, At::Now), state(store, at));
    assert_eq!(digest(store, At::Now), digest(store, at));
    let layers = |store: &mut dyn Store, at| {
        let states = store.read(at).unwrap().layers().unwrap();
        states
            .into_iter()
            .map(|state| (state.layer, state.features))
            .collect::<Vec<_>>()
    };
    assert_eq!(layers(store, At::Now), layers(store, at));
    assert_sound(store);
}

fn since(text: &str) -> TimeSpan {
    TimeSpan::new(Some(Instant::parse(text).unwrap()), None).unwrap()
}

fn number_of(state: &State, code: &str) -> i64 {
    let found = state.iter().find(|(_, row)| row.values[0] == Value::text(code));
    *found.unwrap().0 as i64
}

/// Three points, one of them with heights and a valid time of microseconds.
fn first() -> [Row; 3] {
    let high = Coord {
        x: 114.123_456_789,
        y: 30.1,
    };
    let high = Geometry::Points(Path::with_z(vec![high], vec![12.5]).unwrap());
    [
        row("a", 1),
        Row {
            geometry: Some(high),
            valid: since("2020-02-29T00:00:00.000001Z"),
            ..row("b", 2)
        },
        row("c", 3),
    ]
}

fn second() -> [Row; 3] {
    [
        row("a", 1),
        Row {
            valid: first()[1].valid,
            ..row("b", 9)
        },
        row("d", 4),
    ]
}

fn two_versions<H: Harness>(harness: &H) -> Box<dyn Store> {
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &first());
    load(&mut *store, &pois(), LoadMode::Replace, &second());
    store
}

pub fn a_load_leaves_a_batch_that_says_who_brought_what<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let delivery = Delivery {
        sources: vec![SourceFile {
            name: "宗地.shp".to_owned(),
            bytes: 5,
            sha256: "00ff".repeat(16),
        }],
        layers: vec![DeliveredLayer {
            layer: name("pois"),
            source: "宗地.shp".to_owned(),
            source_layer: "zd".to_owned(),
            crs: Some("EPSG:4547".to_owned()),
            encoding: "GBK".to_owned(),
            read: 4,
            rejected: 1,
        }],
        mapping: Some("[[layers]]\nsource = \"zd\"\n".to_owned()),
        findings: vec![FindingCount {
            layer: "pois".to_owned(),
            code: "geometry-null".to_owned(),
            count: 2,
        }],
    };
    load(&mut *store, &pois(), LoadMode::Replace, &first());
    let mut begun = store.begin(&batch()).unwrap();
    stage(
        &mut *begun,
        &pois(),
        LoadMode::Upsert,
        &[row("a", 1), row("c", 7), row("d", 4)],
    )
    .unwrap();
    begun.describe(delivery.clone());
    begun.commit(&mut |_| ()).unwrap();
    let batches = store.batches(None, None, 10).unwrap();
    assert_eq!(batches.iter().map(|batch| batch.version.0).collect::<Vec<_>>(), [2, 1]);
    let found = store.batch(Version(2)).unwrap();
    assert_eq!(found, batches[0]);
    assert_eq!((found.who.as_str(), found.what.as_str()), ("tester", "a test"));
    assert_eq!(found.delivery, delivery);
    assert_eq!(found.layers[0].mode, Some(LoadMode::Upsert));
    let expected = LoadCounts {
        inserted: 1,
        updated: 1,
        unchanged: 1,
        deleted: 0,
    };
    assert_eq!(found.layers[0].counts, expected);
    assert_eq!((found.undoes, found.undone_by), (None, None));
    assert_eq!(store.batches(Some(&name("roads")), None, 10).unwrap(), []);
    assert_eq!(
        store.batches(Some(&name("pois")), Some(Version(2)), 10).unwrap()[0].version,
        Version(1)
    );
    assert_eq!(store.batches(None, None, 1).unwrap().len(), 1);
}

pub fn what_makes_no_version_leaves_no_batch<H: Harness>() {
    let harness = H::new();
    let mut store = two_versions(&harness);
    load(&mut *store, &pois(), LoadMode::Replace, &second());
    drop(store.begin(&batch()).unwrap());
    try_load(&mut *store, &pois(), LoadMode::Upsert, &[row("x", 1), row("x", 1)]).unwrap_err();
    assert_eq!(store.batches(None, None, 10).unwrap().len(), 2);
    assert!(matches!(store.batch(Version(3)), Err(Error::UnknownVersion { .. })));
    assert_sound(&mut *store);
}

pub fn a_version_of_single_edits_is_no_batch_but_can_be_shown_and_rolled_back<H: Harness>() {
    let harness = H::new();
    let mut store = two_versions(&harness);
    let delete = Edit::Delete {
        layer: name("pois"),
        fid: fid(1),
    };
    store.edit(&[delete]).unwrap();
    assert_eq!(store.batches(None, None, 10).unwrap().len(), 2);
    assert_eq!(changed(store.batch(Version(3)).unwrap().layers[0].counts), [0, 0, 1]);
    undo(&mut *store, 3);
    assert_as_at(&mut *store, 2);
}

pub fn a_rollback_restores_rows_with_their_numbers_times_and_bytes<H: Harness>() {
    let harness = H::new();
    let mut store = two_versions(&harness);
    let done = undo(&mut *store, 2);
    assert_eq!((done.version, done.kept), (Version(3), 0));
    assert_eq!(changed(done.layers[0].1), [1, 1, 1]);
    assert_as_at(&mut *store, 1);
    let undone = store.batch(Version(2)).unwrap();
    let batch = store.batch(Version(3)).unwrap();
    assert_eq!((batch.undoes, undone.undone_by), (Some(Version(2)), Some(Version(3))));
    assert_eq!((batch.who.as_str(), batch.layers[0].mode), ("undoer", None));
    // What was is not forgotten by being undone.
    assert_eq!(contents(&state(&mut *store, At::Version(Version(2))))[1].1, "9");
    let changed = number_of(&state(&mut *store, At::Now), "b");
    let states = store.states(&name("pois"), fid(changed), None, 10).unwrap();
    let spans: Vec<_> = states
        .iter()
        .map(|state| (state.since.version.0, state.until.map(|until| until.version.0)))
        .collect();
    assert_eq!(spans, [(3, None), (2, Some(3)), (1, Some(2))]);
    // Nor are numbers used again.
    load(&mut *store, &pois(), LoadMode::Append, &[row("e", 5)]);
    assert_eq!(
        state(&mut *store, At::Now).into_keys().collect::<Vec<_>>(),
        [1, 2, 3, 5]
    );
}

pub fn a_rollback_can_be_rolled_back<H: Harness>() {
    let harness = H::new();
    let mut store = two_versions(&harness);
    undo(&mut *store, 2);
    undo(&mut *store, 3);
    assert_as_at(&mut *store, 2);
    undo(&mut *store, 4);
    assert_as_at(&mut *store, 1);
}

pub fn rolling_back_a_first_load_takes_the_layer_away_and_back_again<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &first());
    assert_eq!(changed(undo(&mut *store, 1).layers[0].1), [0, 0, 3]);
    assert!(store.read(At::Now).unwrap().layers().unwrap().is_empty());
    assert_sound(&mut *store);
    assert_eq!(changed(undo(&mut *store, 2).layers[0].1), [3, 0, 0]);
    assert_as_at(&mut *store, 1);
    undo(&mut *store, 3);
    load(&mut *store, &pois(), LoadMode::Replace, &[row("z", 9)]);
    assert_eq!(state(&mut *store, At::Now).into_keys().collect::<Vec<_>>(), [4]);
    assert_sound(&mut *store);
}

pub fn rolling_back_a_load_with_other_fields_brings_the_old_ones_back<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &first());
    let fields = vec![field("code", FieldType::Text), field("n", FieldType::Text)];
    let other = Layer::new(name("pois"), GeometryType::Point, Crs::CGCS2000, fields).unwrap();
    let retold = Row {
        values: vec![Value::text("a"), Value::text("one")],
        ..row("a", 1)
    };
    load(&mut *store, &other, LoadMode::Replace, std::slice::from_ref(&retold));
    assert_eq!(changed(undo(&mut *store, 2).layers[0].1), [3, 0, 1]);
    assert_as_at(&mut *store, 1);
    assert_eq!(
        state(&mut *store, At::Version(Version(2)))
            .into_values()
            .collect::<Vec<_>>(),
        [retold]
    );
    undo(&mut *store, 3);
    assert_as_at(&mut *store, 2);
    undo(&mut *store, 4);
    assert_as_at(&mut *store, 1);
}

pub fn rolling_back_brings_titles_and_keys_back<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &keyless(), LoadMode::Replace, &first());
    let mut titled = pois();
    titled.title = "点".to_owned();
    titled.access = Access::Public;
    load(&mut *store, &titled, LoadMode::Replace, &second());
    undo(&mut *store, 2);
    assert_as_at(&mut *store, 1);
}

pub fn geometries_of_a_wider_kind_are_rolled_back_out_of_the_layer<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &first());
    let ring = [(114.0, 30.0), (114.1, 30.0), (114.1, 30.1), (114.0, 30.0)].map(|(x, y)| Coord { x, y });
    let ring = Path::new(ring.to_vec()).unwrap();
    let area = Row {
        geometry: Some(Geometry::Polygons(vec![Polygon { rings: vec![ring] }])),
        ..row("c", 3)
    };
    let mut begun = store.begin(&batch()).unwrap();
    begun.start_layer(&pois(), LoadMode::Upsert).unwrap();
    begun.push(area).unwrap();
    begun.finish_layer(GeometryType::MultiPolygon).unwrap();
    begun.commit(&mut |_| ()).unwrap();
    undo(&mut *store, 2);
    // The layer keeps the room for what it once held.
    assert_eq!(state(&mut *store, At::Now), state(&mut *store, At::Version(Version(1))));
    assert_eq!(
        digest(&mut *store, At::Now),
        digest(&mut *store, At::Version(Version(1)))
    );
    assert_sound(&mut *store);
}

pub fn a_rollback_leaves_what_other_batches_did<H: Harness>() {
    let harness = H::new();
    let mut store = two_versions(&harness);
    load(&mut *store, &pois(), LoadMode::Upsert, &[row("a", 11), row("e", 5)]);
    undo(&mut *store, 2);
    let expected = [("a", "11"), ("b", "2"), ("c", "3"), ("e", "5")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(contents(&state(&mut *store, At::Now)), expected);
    assert_sound(&mut *store);
}

pub fn rows_that_were_changed_again_stop_a_rollback_and_are_named<H: Harness>() {
    let harness = H::new();
    let mut store = two_versions(&harness);
    let rows = [Row {
        valid: first()[1].valid,
        ..row("b", 10)
    }];
    load(&mut *store, &pois(), LoadMode::Upsert, &rows);
    let before = (store.catch_up().unwrap(), state(&mut *store, At::Now));
    let refused = roll_back(&mut *store, 2, Later::Refuse).unwrap_err();
    let Error::LaterChanges { version, conflicts } = &refused else {
        panic!("{refused}")
    };
    assert_eq!((version.0, conflicts.len(), conflicts[0].rows), (2, 1, 1));
    assert_eq!(conflicts[0].first, [number_of(&before.1, "b")]);
    assert_eq!((store.catch_up().unwrap(), state(&mut *store, At::Now)), before);
    let done = roll_back(&mut *store, 2, Later::Keep).unwrap();
    assert_eq!((done.kept, changed(done.layers[0].1)), (1, [1, 0, 1]));
    let expected = [("a", "1"), ("b", "10"), ("c", "3")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(contents(&state(&mut *store, At::Now)), expected);
    assert_sound(&mut *store);
}

pub fn a_key_that_was_given_again_stops_a_rollback<H: Harness>() {
    let harness = H::new();
    let mut store = two_versions(&harness);
    let c = number_of(&state(&mut *store, At::Version(Version(1))), "c");
    load(&mut *store, &pois(), LoadMode::Upsert, &[row("c", 33)]);
    let refused = roll_back(&mut *store, 2, Later::Refuse).unwrap_err();
    assert!(
        matches!(&refused, Error::LaterChanges { conflicts, .. } if conflicts[0].first == [c]),
        "{refused}"
    );
    assert_eq!(roll_back(&mut *store, 2, Later::Keep).unwrap().kept, 1);
    assert_eq!(
        contents(&state(&mut *store, At::Now))
            .iter()
            .filter(|(code, _)| code == "c")
            .count(),
        1
    );
    assert_sound(&mut *store);
}

pub fn a_first_load_that_others_built_on_is_not_taken_away<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &first());
    let a = number_of(&state(&mut *store, At::Now), "a");
    load(&mut *store, &pois(), LoadMode::Upsert, &[row("a", 8), row("z", 9)]);
    let refused = roll_back(&mut *store, 1, Later::Refuse).unwrap_err();
    assert!(
        matches!(&refused, Error::LaterChanges { conflicts, .. } if conflicts[0].first == [a]),
        "{refused}"
    );
    roll_back(&mut *store, 1, Later::Keep).unwrap();
    let expected = [("a", "8"), ("z", "9")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(contents(&state(&mut *store, At::Now)), expected);
    assert_sound(&mut *store);
}

pub fn several_layers_are_rolled_back_together_or_not_at_all<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let other = Layer::new(name("a_first"), GeometryType::None, Crs::CGCS2000, vec![]).unwrap();
    let mut begun = store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Replace, &first()).unwrap();
    stage(&mut *begun, &other, LoadMode::Replace, &[Row::default()]).unwrap();
    begun.commit(&mut |_| ()).unwrap();
    load(&mut *store, &pois(), LoadMode::Upsert, &[row("a", 8)]);
    roll_back(&mut *store, 1, Later::Refuse).unwrap_err();
    assert_eq!(store.read(At::Now).unwrap().layers().unwrap().len(), 2);
    undo(&mut *store, 2);
    assert_eq!(undo(&mut *store, 1).layers.len(), 2);
    assert!(store.read(At::Now).unwrap().layers().unwrap().is_empty());
    assert_sound(&mut *store);
}

pub fn batches_are_rolled_back_one_after_the_other_down_to_nothing<H: Harness>() {
    let harness = H::new();
    let mut store = two_versions(&harness);
    load(&mut *store, &pois(), LoadMode::Upsert, &[row("a", 11), row("c", 5)]);
    for version in [3, 2, 1] {
        undo(&mut *store, version);
        if version > 1 {
            assert_as_at(&mut *store, version - 1);
        }
    }
    assert!(store.read(At::Now).unwrap().layers().unwrap().is_empty());
    assert_sound(&mut *store);
}

pub fn a_version_that_is_not_there_or_not_kept_is_not_rolled_back<H: Harness>() {
    let harness = H::new();
    let mut store = two_versions(&harness);
    for version in [0, 3, u64::MAX] {
        let refused = roll_back(&mut *store, version, Later::Refuse).unwrap_err();
        assert!(matches!(refused, Error::UnknownVersion { .. }), "{version}: {refused}");
    }
    store.prune(Version(2)).unwrap();
    let refused = roll_back(&mut *store, 2, Later::Refuse).unwrap_err();
    assert!(matches!(refused, Error::Pruned { .. }), "{refused}");
    // Who did what is still known.
    assert_eq!(store.batches(None, None, 10).unwrap().len(), 2);
    assert_sound(&mut *store);
}

pub fn a_large_rollback_is_like_a_small_one<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let rows = |from: i64, n: i64| {
        (from..from + 24_000)
            .map(move |i| row(&format!("k{i}"), i % 97 + n))
            .collect::<Vec<_>>()
    };
    load(&mut *store, &pois(), LoadMode::Replace, &rows(0, 0));
    load(&mut *store, &pois(), LoadMode::Replace, &rows(10_000, 1));
    let mut told = Vec::new();
    let batch = Batch::default();
    let done = store
        .roll_back(Version(2), &batch, Later::Refuse, &mut |step| told.push(step.what))
        .unwrap();
    assert_eq!(changed(done.layers[0].1), [10_000, 14_000, 10_000]);
    assert_as_at(&mut *store, 1);
    assert_eq!((told.first(), told.last()), (Some(&"comparing"), Some(&"syncing")));
}

pub fn a_preview_says_what_a_load_would_do_and_does_nothing<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &first());
    let preview = |store: &mut dyn Store, layer: &Layer, mode, rows: &[Row]| {
        let mut begun = store.begin(&batch()).unwrap();
        stage(&mut *begun, layer, mode, rows).unwrap();
        let mut planned = Vec::new();
        let counts = begun
            .preview(&mut |_| (), &mut |one| {
                assert_eq!(one.layer.name(), layer.name());
                planned.push((one.fid, one.old, one.new));
                ControlFlow::Continue(())
            })
            .unwrap();
        (counts[0].1, planned)
    };
    for mode in [LoadMode::Replace, LoadMode::Upsert] {
        let before = (store.catch_up().unwrap(), state(&mut *store, At::Now));
        let (counts, planned) = preview(&mut *store, &pois(), mode, &second());
        assert_eq!((store.catch_up().unwrap(), state(&mut *store, At::Now)), before);
        let committed = load(&mut *store, &pois(), mode, &second());
        assert_eq!(counts, committed.layers[0].1);
        let after = state(&mut *store, At::Now);
        for (fid, old, new) in &planned {
            let number = fid.map(|fid| fid.get());
            assert_eq!(old.as_ref(), number.map(|number| &before.1[&number]));
            match (number, new) {
                (Some(number), new) => assert_eq!(after.get(&number), new.as_ref()),
                (None, new) => assert!(after.values().any(|row| Some(row) == new.as_ref())),
            }
        }
        let expected = if mode == LoadMode::Replace { 3 } else { 2 };
        assert_eq!(planned.len(), expected);
        let version = committed.version.0;
        undo(&mut *store, version);
    }
    let other = Layer::new(
        name("other"),
        GeometryType::Point,
        Crs::CGCS2000,
        pois().fields().to_vec(),
    )
    .unwrap();
    let (counts, planned) = preview(&mut *store, &other, LoadMode::Replace, &first());
    assert_eq!((counts.inserted, planned.len()), (3, 3));
    assert_eq!(store.read(At::Now).unwrap().layers().unwrap().len(), 1);
    assert_sound(&mut *store);
}
