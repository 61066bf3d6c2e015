//! Older versions: reading, comparing and forgetting them.

use crate::place::Place;
use crate::support::*;
use onemap_model::{Change, Version};
use onemap_store::{At, Difference, Error, LogPosition};

/// A layer with versions 1 to 6.
fn aged() -> Option<Place> {
    let mut place = Place::new()?;
    for sql in [
        "UPDATE pois SET n = 20 WHERE fid = 2",
        "DELETE FROM pois WHERE fid = 3",
        "INSERT INTO pois (code, n) VALUES ('d', 4)",
        "UPDATE pois SET n = 21 WHERE fid = 2",
        "UPDATE pois SET n = 20 WHERE fid = 2; DELETE FROM pois WHERE fid = 1",
    ] {
        place.psql(&format!("BEGIN; {sql}; COMMIT"));
    }
    assert_eq!(place.version(), 6);
    Some(place)
}

#[test]
fn a_difference_is_that_of_the_states() {
    let Some(mut place) = aged() else { return };
    let states = versions(&mut *place.store, Version(6));
    for from in 1..=6 {
        for to in 1..=6 {
            let found = place
                .store
                .difference(&name("pois"), Version(from), Version(to), 100)
                .unwrap();
            let Difference::Changes(changes) = found else {
                panic!("{found:?}")
            };
            let mut replayed = states[from as usize].clone();
            changes.iter().for_each(|change: &Change| replay(&mut replayed, change));
            assert_eq!(replayed, states[to as usize], "{from} to {to}");
        }
    }
    let many = place
        .store
        .difference(&name("pois"), Version(1), Version(6), 2)
        .unwrap();
    assert_eq!(many, Difference::TooMany);
    let new = place
        .store
        .difference(&name("pois"), Version(0), Version(6), 100)
        .unwrap();
    assert_eq!(new, Difference::Redefined);
    let never = place.store.difference(&name("pois"), Version(1), Version(7), 100);
    assert!(matches!(never, Err(Error::UnknownVersion { .. })), "{never:?}");
}

#[test]
fn a_version_is_found_by_its_time() {
    let Some(mut place) = aged() else { return };
    let commits = place.store.commits(Version(0), 100).unwrap();
    assert_eq!(commits.len(), 6);
    for commit in &commits {
        assert_eq!(place.store.version_at(commit.time).unwrap(), commit.version);
        let before = onemap_model::Instant::from_micros(commit.time.micros() - 1).unwrap();
        assert!(place.store.version_at(before).unwrap() < commit.version);
    }
    let late = onemap_model::Instant::parse("9000-01-01T00:00:00Z").unwrap();
    assert_eq!(place.store.version_at(late).unwrap(), Version(6));
    let early = onemap_model::Instant::parse("-000100-01-01T00:00:00Z").unwrap();
    assert_eq!(place.store.version_at(early).unwrap(), Version(0));
}

#[test]
fn what_is_pruned_is_gone_and_the_rest_is_as_it_was() {
    let Some(mut place) = aged() else { return };
    let before = versions(&mut *place.store, Version(6));
    let entries = place.log(4);
    assert_eq!(place.store.oldest().unwrap(), Version(0));
    let pruned = place.store.prune(Version(4)).unwrap();
    assert_eq!((pruned.oldest, pruned.rows), (Version(4), 2));
    assert_eq!(place.store.oldest().unwrap(), Version(4));
    for v in 4..=6 {
        assert_eq!(
            state(&mut *place.store, At::Version(Version(v))),
            before[v as usize],
            "version {v}"
        );
    }
    let layers = place.store.read(At::Version(Version(4))).unwrap().layers().unwrap();
    assert_eq!((layers[0].features, layers[0].changed), (3, Version(4)));
    assert_eq!(place.log(4), entries);
    let old = place.store.read(At::Version(Version(3))).err().unwrap();
    assert!(matches!(old, Error::UnknownVersion { oldest: Version(4), .. }), "{old}");
    let position = LogPosition {
        version: Version(3),
        offset: 0,
    };
    assert!(matches!(
        place.store.log(position, 10),
        Err(Error::Pruned { oldest: Version(4) })
    ));
    assert!(matches!(place.store.commits(Version(0), 10), Err(Error::Pruned { .. })));
    assert!(matches!(
        place.store.prune(Version(3)),
        Err(Error::UnknownVersion { .. })
    ));
    assert!(matches!(
        place.store.prune(Version(7)),
        Err(Error::UnknownVersion { .. })
    ));
    assert_sound(&mut *place.store);
    place.psql("UPDATE pois SET n = 99");
    assert_eq!(place.version(), 7);
    place.store.prune(Version(7)).unwrap();
    assert_eq!(place.store.read(At::Now).unwrap().layers().unwrap()[0].features, 2);
    assert_sound(&mut *place.store);
}

#[test]
fn a_long_version_is_read_in_pages_by_anybody() {
    let Some(mut place) = Place::new() else { return };
    place.psql("INSERT INTO pois (code, n) SELECT 'x' || i, i FROM generate_series(1, 5000) i");
    place.psql("BEGIN; UPDATE pois SET n = n + 1 WHERE fid % 2 = 0; DELETE FROM pois WHERE fid % 5 = 1; COMMIT");
    let whole = place.log(1);
    assert_eq!(whole.len(), 5000 + 2501 - 500 + 1001);
    let mut other = place.open();
    let (mut at, mut entries) = (
        LogPosition {
            version: Version(1),
            offset: 0,
        },
        Vec::new(),
    );
    // Two readers take turns, so that neither remembers where the page before ended.
    for turn in 0.. {
        let store = if turn % 2 == 0 { &mut place.store } else { &mut other };
        let page = store.log(at, 777).unwrap();
        if page.next == at {
            break;
        }
        entries.extend(page.entries);
        at = page.next;
    }
    assert!(entries == whole, "pages give the same as the whole");
    place.check();
}
