//! What was: commits, differences, pruning; and what comes: waiting.

use crate::Harness;
use crate::support::{self, batch, counts, fid, keyless, load, log, name, pois, replay, row, state, versions};
use onemap_model::Version;
use onemap_store::{At, Difference, Edit, Error, LoadMode, LogPosition, Store};
use std::time::{Duration, Instant};

fn update(number: i64, code: &str, n: i64) -> Edit {
    Edit::Update {
        layer: name("pois"),
        fid: fid(number),
        row: row(code, n),
    }
}

fn delete(number: i64) -> Edit {
    Edit::Delete {
        layer: name("pois"),
        fid: fid(number),
    }
}

fn insert(code: &str, n: i64) -> Edit {
    Edit::Insert {
        layer: name("pois"),
        row: row(code, n),
    }
}

/// Version 1: a, b, c; 2: b changed; 3: b changed back and a removed; 4: d added; 5: c changed.
fn eventful<H: Harness>(place: &H) -> Box<dyn Store> {
    let mut store = place.open();
    load(
        &mut *store,
        &pois(),
        LoadMode::Replace,
        &[row("a", 1), row("b", 2), row("c", 3)],
    );
    let number = |store: &mut dyn Store, code: &str| {
        let found = state(store, At::Now);
        let one = found.iter().find(|(_, row)| row.values[0].to_string().contains(code));
        *one.unwrap().0 as i64
    };
    let (a, b, c) = (
        number(&mut *store, "a"),
        number(&mut *store, "b"),
        number(&mut *store, "c"),
    );
    store.edit(&[update(b, "b", 20)]).unwrap();
    store.edit(&[update(b, "b", 2), delete(a)]).unwrap();
    store.edit(&[insert("d", 4)]).unwrap();
    assert_eq!(store.edit(&[update(c, "c", 30)]).unwrap(), Version(5));
    store
}

pub fn commits_tell_who_did_what_to_which_layer<H: Harness>() {
    let place = H::new();
    let mut store = eventful(&place);
    let commits = store.commits(Version(0), 100).unwrap();
    assert_eq!(
        commits.iter().map(|commit| commit.version.0).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    assert!(commits.is_sorted_by_key(|commit| commit.time));
    assert_eq!(
        (commits[0].who.as_str(), commits[0].what.as_str()),
        (batch().who.as_str(), batch().what.as_str())
    );
    let told = |at: usize| {
        let layer = &commits[at].layers[0];
        (layer.layer.to_string(), layer.entries, layer.redefined)
    };
    assert_eq!(told(0), ("pois".to_owned(), 3, true));
    assert_eq!(told(2), ("pois".to_owned(), 2, false));
    assert_eq!(store.commits(Version(3), 1).unwrap(), commits[3..4]);
    assert_eq!(store.commits(Version(5), 10).unwrap(), []);
}

pub fn the_version_at_a_time_is_the_newest_then<H: Harness>() {
    let place = H::new();
    let mut store = eventful(&place);
    let commits = store.commits(Version(0), 100).unwrap();
    for commit in &commits {
        let newest = commits.iter().rfind(|other| other.time <= commit.time).unwrap();
        assert_eq!(store.version_at(commit.time).unwrap(), newest.version);
    }
    let before = onemap_model::Instant::from_micros(0).unwrap();
    assert_eq!(store.version_at(before).unwrap(), Version(0));
    let after = onemap_model::Instant::from_micros(4_102_444_800_000_000).unwrap();
    assert_eq!(store.version_at(after).unwrap(), Version(5));
}

pub fn the_states_of_a_feature_tell_when_they_were<H: Harness>() {
    let place = H::new();
    let mut store = eventful(&place);
    let times = store.commits(Version(0), 100).unwrap();
    let layer = name("pois");
    let numbers: Vec<u64> = state(&mut *store, At::Version(Version(1))).keys().copied().collect();
    let mut check = |code: &str, until: Option<u64>, limit: usize, expected: &[(i64, u64, Option<u64>)]| {
        let mut found = Vec::new();
        for &number in &numbers {
            found.extend(
                store
                    .states(&layer, fid(number as i64), until.map(Version), limit)
                    .unwrap(),
            );
        }
        found.retain(|one| one.feature.row.values[0].to_string() == code);
        let told = |stamp: &onemap_store::Stamp| {
            assert_eq!(stamp.time, Some(times[stamp.version.0 as usize - 1].time));
            stamp.version.0
        };
        let got: Vec<_> = found
            .iter()
            .map(|one| (one.feature.row.clone(), told(&one.since), one.until.as_ref().map(told)))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|&(n, since, until)| (row(code, n), since, until))
            .collect();
        assert_eq!(got, expected, "{code} {until:?}");
    };
    check("a", None, 9, &[(1, 1, Some(3))]);
    check("b", None, 9, &[(2, 3, None), (20, 2, Some(3)), (2, 1, Some(2))]);
    check("b", None, 1, &[(2, 3, None)]);
    check("b", Some(2), 9, &[(20, 2, Some(3)), (2, 1, Some(2))]);
    check("c", None, 9, &[(30, 5, None), (3, 1, Some(5))]);
    assert_eq!(store.states(&layer, fid(999), None, 9).unwrap(), []);
    let unknown = store.states(&name("nothing"), fid(1), None, 9);
    assert!(matches!(unknown, Err(Error::UnknownLayer(_))));
}

pub fn a_difference_is_each_feature_once_and_reads_backwards_too<H: Harness>() {
    let place = H::new();
    let mut store = eventful(&place);
    let newest = 5;
    for from in 1..=newest {
        for to in 1..=newest {
            let (old, new) = (
                state(&mut *store, At::Version(Version(from))),
                state(&mut *store, At::Version(Version(to))),
            );
            let found = store
                .difference(&name("pois"), Version(from), Version(to), 100)
                .unwrap();
            let Difference::Changes(changes) = found else {
                panic!("{from} to {to}: {found:?}");
            };
            assert!(changes.is_sorted_by_key(|change| change.fid), "{from} to {to}");
            let mut played = old.clone();
            for change in &changes {
                replay(&mut played, change);
            }
            assert_eq!(played, new, "{from} to {to}");
        }
    }
    let few = store.difference(&name("pois"), Version(1), Version(5), 2).unwrap();
    assert_eq!(few, Difference::TooMany);
    let unknown = store.difference(&name("pois"), Version(1), Version(6), 100);
    assert!(matches!(unknown, Err(Error::UnknownVersion { .. })), "{unknown:?}");
}

pub fn a_difference_over_another_definition_is_none<H: Harness>() {
    let place = H::new();
    let mut store = place.open();
    load(&mut *store, &pois(), LoadMode::Replace, &[row("a", 1)]);
    let mut wider = pois();
    wider.title = "another title".to_owned();
    load(&mut *store, &wider, LoadMode::Replace, &[row("a", 2)]);
    let across = store.difference(&name("pois"), Version(1), Version(2), 100).unwrap();
    assert_eq!(across, Difference::Redefined);
    let before = store.difference(&name("pois"), Version(0), Version(1), 100).unwrap();
    assert_eq!(before, Difference::Redefined);
    let same = store.difference(&name("pois"), Version(2), Version(2), 100).unwrap();
    assert_eq!(same, Difference::Changes(Vec::new()));
}

pub fn a_wait_ends_when_another_process_commits<H: Harness>() {
    let place = H::new();
    let mut store = eventful(&place);
    store.catch_up().unwrap();
    let began = Instant::now();
    store.wait(Duration::from_millis(300)).unwrap();
    assert!(began.elapsed() < Duration::from_secs(20));
    let mut other = place.open();
    let (go, gone) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            gone.recv().unwrap();
            std::thread::sleep(Duration::from_millis(300));
            other.edit(&[insert("e", 5)]).unwrap();
        });
        // A wait may end early for no reason; what counts is that it need not be waited to its end.
        go.send(()).unwrap();
        let began = Instant::now();
        while store.catch_up().unwrap() == Version(5) {
            store.wait(Duration::from_secs(60)).unwrap();
        }
        assert!(
            began.elapsed() < Duration::from_secs(50),
            "the wait lasted {:?}",
            began.elapsed()
        );
    });
    assert_eq!(store.catch_up().unwrap(), Version(6));
}

pub fn what_is_pruned_is_gone_and_the_rest_is_as_it_was<H: Harness>() {
    let place = H::new();
    let mut store = eventful(&place);
    assert_eq!(store.oldest().unwrap(), Version(0));
    let before = versions(&mut *store, Version(5));
    let entries = log(&mut *store, LogPosition::default(), 100);
    let pruned = store.prune(Version(3)).unwrap();
    // The first b, the second b, and a.
    assert_eq!((pruned.oldest, pruned.rows), (Version(3), 3));
    for _ in 0..2 {
        assert_eq!(store.oldest().unwrap(), Version(3));
        for (v, before) in (0..).zip(&before).skip(3) {
            assert_eq!(state(&mut *store, At::Version(Version(v))), *before, "version {v}");
        }
        let old = store.read(At::Version(Version(2))).err().unwrap();
        assert!(
            matches!(
                old,
                Error::UnknownVersion {
                    oldest: Version(3),
                    newest: Version(5),
                    ..
                }
            ),
            "{old:?}"
        );
        let at = |version| LogPosition {
            version: Version(version),
            offset: 0,
        };
        let later: Vec<_> = entries
            .iter()
            .filter(|entry| entry.version > Version(3))
            .cloned()
            .collect();
        assert_eq!(log(&mut *store, at(3), 100), later);
        for after in 0..3 {
            let refused = store.log(at(after), 10);
            assert!(
                matches!(refused, Err(Error::Pruned { oldest: Version(3) })),
                "{refused:?}"
            );
            let refused = store.commits(Version(after), 10);
            assert!(
                matches!(refused, Err(Error::Pruned { oldest: Version(3) })),
                "{refused:?}"
            );
        }
        assert_eq!(store.commits(Version(3), 10).unwrap().len(), 2);
        support::assert_sound(&mut *store);
        store = place.open();
    }
    // And again, up to now.
    assert_eq!(store.prune(Version(5)).unwrap().rows, 1);
    assert_eq!(state(&mut *store, At::Now), before[5]);
    support::assert_sound(&mut *store);
    let committed = load(&mut *store, &pois(), LoadMode::Append, &[row("z", 9)]);
    assert_eq!((committed.version, counts(&committed)), (Version(6), [1, 0, 0, 0]));
    support::assert_sound(&mut *store);
}

pub fn a_version_that_is_not_kept_cannot_be_pruned_to<H: Harness>() {
    let place = H::new();
    let mut store = eventful(&place);
    let future = store.prune(Version(6));
    assert!(
        matches!(future, Err(Error::UnknownVersion { newest: Version(5), .. })),
        "{future:?}"
    );
    store.prune(Version(4)).unwrap();
    let past = store.prune(Version(3));
    assert!(
        matches!(past, Err(Error::UnknownVersion { oldest: Version(4), .. })),
        "{past:?}"
    );
    assert_eq!(store.prune(Version(4)).unwrap().rows, 0);
}

pub fn numbers_are_not_used_again_after_pruning<H: Harness>() {
    let place = H::new();
    let mut store = place.open();
    load(
        &mut *store,
        &keyless(),
        LoadMode::Replace,
        &[row("a", 1), row("b", 2), row("c", 3)],
    );
    let highest = *state(&mut *store, At::Now).keys().max().unwrap();
    let version = store.edit(&[delete(highest as i64)]).unwrap();
    store.prune(version).unwrap();
    drop(store);
    let mut store = place.open();
    store.edit(&[insert("d", 4)]).unwrap();
    let newest = *state(&mut *store, At::Now).keys().max().unwrap();
    assert!(newest > highest, "{newest} was {highest}'s number");
}
