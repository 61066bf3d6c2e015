//! What the tests of stores share: one small layer, rows of it, and reading a store into plain maps.
#![allow(dead_code, reason = "each test file uses its own part")]

use onemap_model::{
    Change, Crs, Feature, Fid, Field, FieldType, Geometry, GeometryType, Layer, Name, Row, TimeSpan, Value, Version,
};
use onemap_store::{At, Batch, Committed, Load, LoadMode, LogEntry, LogPosition, Store};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

pub type State = BTreeMap<u64, Row>;

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn fid(number: i64) -> Fid {
    Fid::new(number).unwrap()
}

pub fn field(text: &str, field_type: FieldType) -> Field {
    Field {
        name: name(text),
        title: format!("the {text}"),
        field_type,
    }
}

/// A layer of points with the fields `code` (its key) and `n`.
pub fn pois() -> Layer {
    let fields = vec![field("code", FieldType::Text), field("n", FieldType::Int)];
    let layer = Layer::new(name("pois"), GeometryType::Point, Crs::CGCS2000, fields).unwrap();
    layer.with_key("code").unwrap()
}

/// The same without a key.
pub fn keyless() -> Layer {
    let fields = vec![field("code", FieldType::Text), field("n", FieldType::Int)];
    Layer::new(name("pois"), GeometryType::Point, Crs::CGCS2000, fields).unwrap()
}

pub fn row(code: &str, n: i64) -> Row {
    Row {
        geometry: Some(Geometry::point(114.0 + n as f64 / 100.0, 30.0).unwrap()),
        values: vec![Value::text(code), Value::Int(n)],
        valid: TimeSpan::ALWAYS,
    }
}

pub fn batch() -> Batch {
    Batch {
        who: "tester".to_owned(),
        what: "a test".to_owned(),
    }
}

/// Stages one layer with its rows.
pub fn stage(load: &mut dyn Load, layer: &Layer, mode: LoadMode, rows: &[Row]) -> onemap_store::Result<()> {
    load.start_layer(layer, mode)?;
    for row in rows {
        load.push(row.clone())?;
    }
    load.finish_layer(layer.geometry_type)
}

pub fn try_load(store: &mut dyn Store, layer: &Layer, mode: LoadMode, rows: &[Row]) -> onemap_store::Result<Committed> {
    let mut load = store.begin(&batch())?;
    stage(&mut *load, layer, mode, rows)?;
    load.commit(&mut |_| ())
}

pub fn load(store: &mut dyn Store, layer: &Layer, mode: LoadMode, rows: &[Row]) -> Committed {
    try_load(store, layer, mode, rows).unwrap()
}

/// The counts of a load of a single layer: inserted, updated, unchanged, deleted.
pub fn counts(committed: &Committed) -> [u64; 4] {
    let counts = committed.layers[0].1;
    [counts.inserted, counts.updated, counts.unchanged, counts.deleted]
}

pub fn features(store: &mut dyn Store, at: At, layer: &str) -> Vec<Feature> {
    let mut found = Vec::new();
    let mut reading = store.read(at).unwrap();
    reading
        .features(&name(layer), &mut |feature| {
            found.push(feature);
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

pub fn state(store: &mut dyn Store, at: At) -> State {
    let found = features(store, at, "pois");
    let count = found.len();
    let state: State = found
        .into_iter()
        .map(|feature| (feature.fid.get(), feature.row))
        .collect();
    assert_eq!(state.len(), count, "a feature was handed out twice");
    state
}

/// The values of `code` and `n`, in order.
pub fn contents(state: &State) -> Vec<(String, String)> {
    let mut contents: Vec<_> = state
        .values()
        .map(|row| (row.values[0].to_string(), row.values[1].to_string()))
        .collect();
    contents.sort();
    contents
}

/// The whole log after a place, read in pages of `limit`.
pub fn log(store: &mut dyn Store, after: LogPosition, limit: usize) -> Vec<LogEntry> {
    let (mut at, mut entries) = (after, Vec::new());
    loop {
        let page = store.log(at, limit).unwrap();
        assert!(page.entries.len() <= limit);
        if page.next == at {
            assert!(page.entries.is_empty());
            return entries;
        }
        assert!(page.next > at);
        entries.extend(page.entries);
        at = page.next;
    }
}

/// Plays a change onto a state, which must be as the change says it was.
pub fn replay(state: &mut State, change: &Change) {
    let number = change.fid.get();
    let old = change.old.as_ref().map(|feature| feature.row.clone());
    assert_eq!(state.remove(&number), old, "the old state of feature {number}");
    if let Some(new) = &change.new {
        assert_eq!(new.fid, change.fid);
        state.insert(number, new.row.clone());
    }
    assert_ne!(change.old, change.new, "a change that changes nothing");
}

pub fn versions(store: &mut dyn Store, newest: Version) -> Vec<State> {
    let mut states = Vec::new();
    for v in (0..=newest.0).map(Version) {
        let is_empty = store.read(At::Version(v)).unwrap().layers().unwrap().is_empty();
        states.push(if is_empty {
            State::new()
        } else {
            state(store, At::Version(v))
        });
    }
    states
}

pub fn assert_sound(store: &mut dyn Store) {
    assert_eq!(store.verify().unwrap(), Vec::<String>::new());
}
