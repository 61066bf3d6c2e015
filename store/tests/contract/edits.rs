//! Single edits, and the log of all changes.

use crate::Harness;
use crate::support::*;
use onemap_model::{Crs, GeometryType, Layer, Operation, Row, Value, Version};
use onemap_store::{At, Edit, Error, LoadMode, LogPosition, Store};

fn insert(row: Row) -> Edit {
    Edit::Insert {
        layer: name("pois"),
        row,
    }
}

fn update(number: i64, row: Row) -> Edit {
    Edit::Update {
        layer: name("pois"),
        fid: fid(number),
        row,
    }
}

fn delete(number: i64) -> Edit {
    Edit::Delete {
        layer: name("pois"),
        fid: fid(number),
    }
}

fn three<H: Harness>(harness: &H) -> Box<dyn Store> {
    let mut store = harness.open();
    load(
        &mut *store,
        &pois(),
        LoadMode::Replace,
        &[row("a", 1), row("b", 2), row("c", 3)],
    );
    store
}

pub fn edits_are_one_version_and_collapse<H: Harness>() {
    let harness = H::new();
    let mut store = three(&harness);
    let before = state(&mut *store, At::Now);
    let version = store
        .edit(&[
            insert(row("d", 4)),
            update(1, row("x", 7)),
            update(1, row("x", 8)),
            delete(2),
            insert(row("e", 5)),
            delete(5),
            update(3, row("y", 9)),
            update(3, before[&3].clone()),
        ])
        .unwrap();
    assert_eq!(version, Version(2));
    let entries = log(
        &mut *store,
        LogPosition {
            version: Version(1),
            offset: 0,
        },
        100,
    );
    let seen: Vec<_> = entries
        .iter()
        .map(|e| (e.change.fid.get(), e.change.operation()))
        .collect();
    assert_eq!(
        seen,
        [(1, Operation::Update), (2, Operation::Delete), (4, Operation::Insert)]
    );
    assert_eq!(entries[0].change.new.as_ref().unwrap().row, row("x", 8));
    assert_eq!(state(&mut *store, At::Version(Version(1))), before);
    assert_sound(&mut *store);
}

pub fn edits_that_come_to_nothing_make_no_version<H: Harness>() {
    let harness = H::new();
    let mut store = three(&harness);
    let before = state(&mut *store, At::Now);
    assert_eq!(store.edit(&[]).unwrap(), Version(1));
    assert_eq!(store.edit(&[update(1, before[&1].clone())]).unwrap(), Version(1));
    assert_eq!(store.edit(&[insert(row("z", 1)), delete(4)]).unwrap(), Version(1));
    assert_eq!(state(&mut *store, At::Now), before);
    assert_sound(&mut *store);
}

pub fn an_edit_of_what_is_not_there_changes_nothing<H: Harness>() {
    let harness = H::new();
    let mut store = three(&harness);
    let before = state(&mut *store, At::Now);
    let gone = store.edit(&[delete(1), delete(99)]);
    assert!(matches!(gone, Err(Error::UnknownFeature { fid, .. }) if fid.get() == 99));
    let nowhere = Edit::Delete {
        layer: name("nowhere"),
        fid: fid(1),
    };
    assert!(matches!(store.edit(&[delete(1), nowhere]), Err(Error::UnknownLayer(_))));
    assert_eq!(
        (store.catch_up().unwrap(), state(&mut *store, At::Now)),
        (Version(1), before)
    );
}

pub fn an_edit_that_does_not_fit_changes_nothing<H: Harness>() {
    let harness = H::new();
    let mut store = three(&harness);
    let bad = Row {
        values: vec![Value::Int(1), Value::Int(1)],
        ..row("", 1)
    };
    assert!(matches!(
        store.edit(&[delete(1), insert(bad)]),
        Err(Error::Misfit { .. })
    ));
    let line = Row {
        geometry: Some(onemap_model::Geometry::Lines(vec![])),
        ..row("", 1)
    };
    assert!(matches!(
        store.edit(&[delete(1), update(2, line)]),
        Err(Error::Misfit { .. })
    ));
    assert_eq!(
        (store.catch_up().unwrap(), state(&mut *store, At::Now).len()),
        (Version(1), 3)
    );
}

pub fn the_log_has_old_and_new_states_in_order<H: Harness>() {
    let harness = H::new();
    let mut store = three(&harness);
    store.edit(&[update(2, row("b", 20))]).unwrap();
    store.edit(&[delete(2)]).unwrap();
    store.edit(&[insert(row("d", 4))]).unwrap();
    let entries = log(&mut *store, LogPosition::default(), 100);
    let seen: Vec<_> = entries
        .iter()
        .map(|e| (e.version.0, e.change.fid.get(), e.change.operation().as_str()))
        .collect();
    let expected = [
        (1, 1, "insert"),
        (1, 2, "insert"),
        (1, 3, "insert"),
        (2, 2, "update"),
        (3, 2, "delete"),
        (4, 4, "insert"),
    ];
    assert_eq!(seen, expected);
    let change = &entries[3].change;
    assert_eq!(change.new.as_ref().unwrap().row, row("b", 20));
    assert_eq!(entries[4].change.old, change.new);
    assert!(entries.windows(2).all(|pair| pair[0].time <= pair[1].time));
}

pub fn the_log_can_be_read_in_pages_of_any_size<H: Harness>() {
    let harness = H::new();
    let mut store = three(&harness);
    store.edit(&[update(2, row("b", 20)), delete(1)]).unwrap();
    load(&mut *store, &pois(), LoadMode::Replace, &[row("c", 3)]);
    let whole = log(&mut *store, LogPosition::default(), 1000);
    for limit in 1..=whole.len() + 1 {
        assert_eq!(
            log(&mut *store, LogPosition::default(), limit),
            whole,
            "pages of {limit}"
        );
    }
    let end = LogPosition {
        version: Version(3),
        offset: 0,
    };
    let page = store.log(end, 10).unwrap();
    assert_eq!((page.entries.len(), page.next), (0, end));
    let beyond = LogPosition {
        version: Version(u64::MAX - 1),
        offset: 7,
    };
    assert_eq!(store.log(beyond, 10).unwrap().next, beyond);
    assert_eq!(
        store.log(LogPosition::default(), 0).unwrap().next,
        LogPosition::default()
    );
}

pub fn the_log_of_layers_comes_by_name<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let other = Layer::new(name("a_first"), GeometryType::None, Crs::CGCS2000, vec![]).unwrap();
    let mut begun = store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Replace, &[row("a", 1), row("b", 2)]).unwrap();
    stage(&mut *begun, &other, LoadMode::Replace, &[Row::default()]).unwrap();
    begun.commit(&mut |_| ()).unwrap();
    for limit in [1, 2, 10] {
        let entries = log(&mut *store, LogPosition::default(), limit);
        let seen: Vec<_> = entries
            .iter()
            .map(|e| (e.change.layer.as_str(), e.change.fid.get()))
            .collect();
        assert_eq!(seen, [("a_first", 1), ("pois", 1), ("pois", 2)]);
    }
}
