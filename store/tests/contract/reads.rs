//! Reading: now, as of a version, and by more than one process.

use crate::Harness;
use crate::support::*;
use onemap_model::Version;
use onemap_store::{At, Edit, Error, LoadMode, LogPosition, content_digest};
use std::ops::ControlFlow;

pub fn a_fresh_store_is_empty_at_version_zero<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    assert_eq!(store.catch_up().unwrap(), Version(0));
    let mut reading = store.read(At::Now).unwrap();
    assert_eq!((reading.version(), reading.layers().unwrap()), (Version(0), vec![]));
    drop(reading);
    assert!(log(&mut *store, LogPosition::default(), 10).is_empty());
    assert_sound(&mut *store);
}

pub fn a_store_is_the_same_when_opened_again<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &[row("a", 1)]);
    let (epoch, before) = (store.epoch().clone(), state(&mut *store, At::Now));
    drop(store);
    let mut store = harness.open();
    assert_eq!(store.catch_up().unwrap(), Version(1));
    assert_eq!(store.epoch(), &epoch);
    assert_eq!(state(&mut *store, At::Now), before);
    assert_eq!(store.read(At::Now).unwrap().layers().unwrap()[0].layer, pois());
    assert_ne!(H::new().open().epoch(), &epoch);
}

pub fn every_version_can_be_read_again<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let mut expected = vec![State::new()];
    for round in 0..6 {
        let rows: Vec<_> = (round..round + 4).map(|i| row(&format!("k{i}"), i * round)).collect();
        load(&mut *store, &pois(), LoadMode::Replace, &rows);
        expected.push(state(&mut *store, At::Now));
    }
    assert_eq!(versions(&mut *store, Version(6)), expected);
    let layers = store.read(At::Version(Version(2))).unwrap().layers().unwrap();
    assert_eq!((layers[0].features, layers[0].changed), (4, Version(2)));
}

pub fn a_version_that_never_was_is_refused_with_those_that_are<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &[row("a", 1)]);
    for asked in [Version(2), Version(u64::MAX)] {
        let refused = store.read(At::Version(asked)).err().unwrap();
        assert!(
            matches!(refused, Error::UnknownVersion { newest: Version(1), .. }),
            "{refused}"
        );
    }
    assert_eq!(state(&mut *store, At::Now).len(), 1, "the store can be read after that");
}

pub fn a_reading_sees_nothing_of_what_is_committed_meanwhile<H: Harness>() {
    let harness = H::new();
    let (mut one, mut other) = (harness.open(), harness.open());
    load(&mut *one, &pois(), LoadMode::Replace, &[row("a", 1)]);
    other.catch_up().unwrap();
    let mut reading = other.read(At::Now).unwrap();
    let version = reading.version();
    // A store may refuse to commit while somebody reads; it may not show the reader anything.
    let _ = try_load(&mut *one, &pois(), LoadMode::Replace, &[row("a", 2), row("b", 3)]);
    let mut seen = 0;
    reading
        .features(&name("pois"), &mut |_| {
            seen += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!((seen, reading.version()), (1, version));
}

pub fn an_unknown_layer_is_named<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &[row("a", 1)]);
    let mut reading = store.read(At::Now).unwrap();
    let unknown = reading.features(&name("nowhere"), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(unknown, Err(Error::UnknownLayer(layer)) if layer.as_str() == "nowhere"));
    assert!(reading.feature(&name("nowhere"), fid(1)).is_err());
    drop(reading);
    let mut before = store.read(At::Version(Version(0))).unwrap();
    assert!(before.feature(&name("pois"), fid(1)).is_err(), "it was not there yet");
}

pub fn reading_can_be_broken_off<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let rows: Vec<_> = (0..50).map(|i| row("x", i)).collect();
    load(&mut *store, &keyless(), LoadMode::Replace, &rows);
    let mut seen = 0;
    let mut reading = store.read(At::Now).unwrap();
    reading
        .features(&name("pois"), &mut |_| {
            seen += 1;
            if seen == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!(seen, 3);
}

pub fn one_feature_is_found_by_its_number_at_any_version<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &[row("a", 1), row("b", 2)]);
    let target = *state(&mut *store, At::Now)
        .iter()
        .find(|(_, r)| **r == row("a", 1))
        .unwrap()
        .0;
    let target = fid(target as i64);
    let edit = |row| Edit::Update {
        layer: name("pois"),
        fid: target,
        row,
    };
    store.edit(&[edit(row("a", 5))]).unwrap();
    store
        .edit(&[Edit::Delete {
            layer: name("pois"),
            fid: target,
        }])
        .unwrap();
    let expected = [Some(row("a", 1)), Some(row("a", 5)), None];
    for (i, expected) in expected.into_iter().enumerate() {
        let mut reading = store.read(At::Version(Version(i as u64 + 1))).unwrap();
        let found = reading.feature(&name("pois"), target).unwrap();
        assert_eq!(found.map(|feature| feature.row), expected, "version {}", i + 1);
    }
    assert_eq!(
        store.read(At::Now).unwrap().feature(&name("pois"), fid(12345)).unwrap(),
        None
    );
}

pub fn the_digest_tells_content_and_nothing_else<H: Harness>() {
    let digest = |rows: &[onemap_model::Row]| {
        let harness = H::new();
        let mut store = harness.open();
        load(&mut *store, &pois(), LoadMode::Replace, &[row("other", 9)]);
        load(&mut *store, &pois(), LoadMode::Replace, rows);
        let mut reading = store.read(At::Now).unwrap();
        content_digest(&mut *reading, &name("pois")).unwrap().to_string()
    };
    let (a, b) = (row("a", 1), row("b", 2));
    let one = digest(&[a.clone(), b.clone()]);
    assert_eq!(one.len(), 64);
    assert_eq!(one, digest(&[b.clone(), a.clone()]));
    let twice = digest(&[a.clone(), a.clone(), b.clone()]);
    let thrice = digest(&[a.clone(), b.clone(), b.clone()]);
    assert!(one != twice && one != thrice && twice != thrice && one != digest(&[a, row("b", 3)]));
}

pub fn what_another_process_committed_shows_after_catching_up<H: Harness>() {
    let harness = H::new();
    let (mut one, mut other) = (harness.open(), harness.open());
    for n in 1..4 {
        load(&mut *one, &pois(), LoadMode::Replace, &[row("a", n)]);
        assert_eq!(other.catch_up().unwrap(), Version(n as u64));
        assert_eq!(
            state(&mut *other, At::Now).into_values().collect::<Vec<_>>(),
            [row("a", n)]
        );
        assert_eq!(other.catch_up().unwrap(), Version(n as u64));
    }
}
