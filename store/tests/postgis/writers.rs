//! Several that write and read at once.

use crate::place::{Place, insert};
use crate::session::Session;
use crate::support::*;
use onemap_model::{Value, Version};
use onemap_store::{At, Edit, LoadMode, LogEntry};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

#[test]
fn transactions_get_versions_in_the_order_of_their_commits() {
    let Some(mut place) = Place::new() else { return };
    let (one, other) = (Session::open(&place.db), Session::open(&place.db));
    one.run("BEGIN; UPDATE pois SET n = 10 WHERE fid = 1");
    other.run("BEGIN; UPDATE pois SET n = 20 WHERE fid = 2");
    other.run("COMMIT");
    assert_eq!((place.version(), place.done(1)), (2, vec![(2, "update")]));
    one.run("COMMIT");
    assert_eq!((place.version(), place.done(2)), (3, vec![(1, "update")]));
    place.check();
}

#[test]
fn a_transaction_left_open_delays_nobody() {
    let (Some(mut place), Some(elsewhere)) = (Place::new(), Place::new()) else {
        return;
    };
    let (open, far) = (Session::open(&place.db), Session::open(&elsewhere.db));
    far.run("BEGIN; UPDATE pois SET n = 5; SELECT pg_current_xact_id()");
    open.run("BEGIN; UPDATE pois SET n = 10 WHERE fid = 1; CREATE TABLE unrelated (x int)");
    let reader = Session::open(&place.db);
    reader.run("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM pois");
    for n in 0..5 {
        place.psql(&format!("UPDATE pois SET n = {n} + 100 WHERE fid = 2"));
        assert_eq!(place.version(), n + 2);
        assert_eq!(place.done(n + 1), [(2, "update")]);
    }
    open.run("COMMIT");
    assert_eq!(place.version(), 7);
    reader.run("COMMIT");
    far.run("ROLLBACK");
    place.check();
}

#[test]
fn a_snapshot_that_is_old_gets_the_next_version_all_the_same() {
    let Some(mut place) = Place::new() else { return };
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        let before = place.version();
        let old = Session::open(&place.db);
        old.run(&format!("BEGIN ISOLATION LEVEL {level}; SELECT count(*) FROM pois"));
        place.psql("UPDATE pois SET n = n + 1 WHERE fid = 2");
        place.psql("UPDATE pois SET n = n + 1 WHERE fid = 2");
        old.run("UPDATE pois SET n = n + 1 WHERE fid = 1; COMMIT");
        assert_eq!(place.version(), before + 3, "{level}");
        place.psql("UPDATE pois SET n = n + 1 WHERE fid = 2");
        assert_eq!(place.version(), before + 4, "{level}");
    }
    place.check();
}

#[test]
fn a_commit_that_fails_at_the_last_moment_uses_up_nothing_that_matters() {
    let Some(mut place) = Place::new() else { return };
    place.psql("CREATE TABLE strict (x int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    let failing = Session::open(&place.db);
    for _ in 0..2 {
        failing.run("BEGIN; UPDATE pois SET n = 9 WHERE fid = 1; INSERT INTO strict VALUES (1), (1)");
        assert!(failing.try_run("COMMIT").is_err());
        assert_eq!(place.version(), 1);
    }
    place.psql("UPDATE pois SET n = 8 WHERE fid = 1");
    assert_eq!(place.done(1), [(1, "update")]);
    place.check();
}

/// Lets nine sessions count up the same rows in the isolation, each `rounds` times; checks the log step by step.
fn count_up(level: &str, rounds: usize) {
    const WRITERS: usize = 9;
    let Some(mut place) = Place::new() else { return };
    std::thread::scope(|threads| {
        for writer in 0..WRITERS {
            let session = Session::open(&place.db);
            threads.spawn(move || {
                for round in 0..rounds {
                    // Where the isolation lets a transaction fail for another's sake, it is tried again, as it must be.
                    let fid = (writer + round) % 3 + 1;
                    let sql =
                        format!("BEGIN ISOLATION LEVEL {level}; UPDATE pois SET n = n + 1 WHERE fid = {fid}; COMMIT");
                    while let Err(error) = session.try_run(&sql) {
                        let code = error.code().unwrap().code().to_owned();
                        assert!(["40001", "40P01"].contains(&code.as_str()), "{error:?}");
                        session.run("ROLLBACK");
                    }
                }
            });
        }
    });
    let entries = place.log(1);
    assert_eq!(entries.len(), WRITERS * rounds, "one entry a commit");
    let number = |feature: &Option<onemap_model::Feature>| match feature.as_ref().unwrap().row.values[1] {
        Value::Int(n) => n,
        ref other => panic!("{other:?}"),
    };
    let mut last: std::collections::BTreeMap<u64, i64> = (1..=3).map(|fid| (fid, fid as i64)).collect();
    for LogEntry { change, .. } in &entries {
        let (old, new) = (number(&change.old), number(&change.new));
        assert_eq!(old, last[&change.fid.get()], "the old state is the one before");
        assert_eq!(new, old + 1);
        last.insert(change.fid.get(), new);
    }
    let versions: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.version).collect();
    assert_eq!(versions.len(), entries.len(), "one version a commit");
    place.check();
}

#[test]
fn increments_by_many_are_one_entry_each_and_follow_one_another() {
    count_up("READ COMMITTED", 12);
}

#[test]
fn increments_by_many_with_old_snapshots_are_one_entry_each_too() {
    count_up("REPEATABLE READ", 5);
    count_up("SERIALIZABLE", 3);
}

#[test]
fn edits_of_many_stores_are_one_version_each() {
    let Some(mut place) = Place::new() else { return };
    std::thread::scope(|threads| {
        for writer in 0..4 {
            let mut store = place.open();
            threads.spawn(move || {
                let mut last = Version(0);
                for i in 0..5 {
                    let row = row(&format!("w{writer}"), i);
                    let layer = name("pois");
                    let version = store.edit(&[Edit::Insert { layer, row }]).unwrap();
                    assert!(version > last);
                    last = version;
                }
            });
        }
    });
    assert_eq!(place.version(), 21);
    assert_eq!(place.log(1).len(), 20);
    place.check();
}

#[test]
fn a_commit_elsewhere_ends_the_waiting() {
    let Some(mut place) = Place::new() else { return };
    let other = Session::open(&place.db);
    // What happened before may still ring once.
    while {
        let begun = Instant::now();
        place.store.wait(Duration::from_millis(300)).unwrap();
        begun.elapsed() < Duration::from_millis(300)
    } {}
    let begun = Instant::now();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            other.run("UPDATE pois SET n = 7 WHERE fid = 1");
        });
        place.store.wait(Duration::from_secs(60)).unwrap();
    });
    assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
    assert_eq!(place.version(), 2);
}

#[test]
fn a_reading_keeps_its_rows_whatever_is_done_to_the_table() {
    for sql in [
        "TRUNCATE pois",
        "DROP TABLE pois",
        "ALTER TABLE pois ALTER COLUMN n TYPE text",
        "UPDATE pois SET n = 0",
    ] {
        let Some(mut place) = Place::new() else { return };
        let expected = state(&mut *place.store, At::Now);
        let other = Session::open(&place.db);
        other.run("SET lock_timeout = '300ms'");
        let mut reading = place.store.read(At::Now).unwrap();
        // It may have to wait for the reading; it may not change what is read.
        let _ = other.try_run(sql);
        let mut seen = State::new();
        reading
            .features(&name("pois"), &mut |feature| {
                seen.insert(feature.fid.get(), feature.row);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(seen, expected, "{sql}");
        drop(reading);
        place.check();
    }
}

#[test]
fn a_table_that_somebody_holds_is_read_from_the_history() {
    let Some(mut place) = Place::new() else { return };
    let expected = state(&mut *place.store, At::Now);
    let holder = Session::open(&place.db);
    holder.run("BEGIN; TRUNCATE pois");
    holder.run("INSERT INTO pois (code) VALUES ('later')");
    assert_eq!(state(&mut *place.store, At::Now), expected);
    assert_eq!(place.version(), 1);
    holder.run("COMMIT");
    assert_eq!(place.version(), 2);
    assert_eq!(state(&mut *place.store, At::Now).len(), 1);
    place.check();
}

#[test]
fn a_table_changed_while_somebody_writes_to_it_is_followed_when_he_is_done() {
    let Some(mut place) = Place::new() else { return };
    let writer = Session::open(&place.db);
    place.psql("ALTER TABLE pois DISABLE TRIGGER onemap_log_update; UPDATE pois SET n = 9 WHERE fid = 1");
    writer.run("BEGIN");
    writer.run(&insert("d", 4));
    assert_eq!(place.version(), 1, "it cannot be compared yet");
    assert_eq!(
        state(&mut *place.store, At::Now)[&1],
        row("a", 1),
        "nothing shows before it is logged"
    );
    writer.run("COMMIT");
    place.version();
    assert_eq!(place.done(1), [(4, "insert"), (1, "update")]);
    place.check();
}

#[test]
fn who_may_only_edit_a_layer_is_logged_all_the_same() {
    let Some(mut place) = Place::new() else { return };
    place.psql(
        "DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                GRANT SELECT, INSERT, UPDATE, DELETE ON pois TO clerk",
    );
    place.psql(&format!(
        "SET ROLE clerk; {}; COMMIT; UPDATE pois SET n = 8 WHERE fid = 1",
        insert("d", 4)
    ));
    assert_eq!(place.done(1), [(4, "insert"), (1, "update")]);
    let refused = place
        .db
        .try_psql("SET ROLE clerk; DELETE FROM onemap_history.pois")
        .unwrap_err();
    assert!(refused.contains("denied"), "{refused}");
    place.check();
}

#[test]
fn edits_during_a_load_are_kept() {
    let Some(mut place) = Place::new() else { return };
    let other = Session::open(&place.db);
    let mut begun = place.store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Append, &[row("d", 4)]).unwrap();
    other.run("UPDATE pois SET n = 7 WHERE fid = 1");
    begun.commit(&mut |_| ()).unwrap();
    assert_eq!(place.version(), 3);
    assert_eq!(state(&mut *place.store, At::Now).len(), 4);
    place.check();
}
