//! Every kind of edit by plain SQL is in the log, with old and new state, as one version a transaction.

use crate::place::{Place, insert, point};
use crate::support::*;
use onemap_model::Value;
use onemap_store::At;

/// Runs SQL on a layer of three features and compares what the log says.
fn check(sql: &str, version: u64, expected: &[(u64, &str)]) {
    let Some(mut place) = Place::new() else { return };
    place.psql(sql);
    assert_eq!(place.version(), version, "{sql}");
    assert_eq!(place.done(1), expected, "{sql}");
    place.check();
}

#[test]
fn an_insert_an_update_and_a_delete_are_logged() {
    check(&insert("d", 4), 2, &[(4, "insert")]);
    check(
        "UPDATE pois SET n = n + 10 WHERE code <> 'a'",
        2,
        &[(2, "update"), (3, "update")],
    );
    check("DELETE FROM pois WHERE code = 'b'", 2, &[(2, "delete")]);
}

#[test]
fn what_changes_nothing_is_no_version() {
    check("UPDATE pois SET n = n", 1, &[]);
    check("DELETE FROM pois WHERE code = 'x'", 1, &[]);
    check(
        "UPDATE pois SET geom = ST_SetSRID(ST_MakePoint(ST_X(geom), ST_Y(geom)), 4490)",
        1,
        &[],
    );
    check("BEGIN; UPDATE pois SET n = 9; UPDATE pois SET n = fid; COMMIT", 1, &[]);
    check(
        &format!("BEGIN; {}; DELETE FROM pois WHERE fid = 4; COMMIT", insert("d", 4)),
        1,
        &[],
    );
    check("BEGIN; UPDATE pois SET n = 9; ROLLBACK", 1, &[]);
}

#[test]
fn a_transaction_is_one_version_whatever_it_does() {
    let sql = format!(
        "BEGIN; {}; UPDATE pois SET n = 50 WHERE fid IN (1, 4); DELETE FROM pois WHERE fid = 2;
         UPDATE pois SET n = 51 WHERE fid = 1; {}; DELETE FROM pois WHERE fid = 5; COMMIT",
        insert("d", 4),
        insert("e", 5)
    );
    check(&sql, 2, &[(1, "update"), (2, "delete"), (4, "insert")]);
}

#[test]
fn a_row_deleted_and_put_back_in_a_transaction_is_as_if_nothing_happened() {
    let back = format!("INSERT INTO pois (fid, geom, code, n) VALUES (2, {}, 'b', 2)", point(2));
    check(
        &format!("BEGIN; DELETE FROM pois WHERE fid = 2; {back}; COMMIT"),
        1,
        &[],
    );
    check(
        &format!("BEGIN; DELETE FROM pois WHERE fid = 2; {back}; UPDATE pois SET n = 7 WHERE fid = 2; COMMIT"),
        2,
        &[(2, "update")],
    );
}

#[test]
fn insert_on_conflict_logs_what_became_of_each_row() {
    let sql = format!(
        "INSERT INTO pois (fid, geom, code, n) VALUES (2, {p}, 'b', 20), (9, {p}, 'z', 9)
         ON CONFLICT (fid) DO UPDATE SET n = excluded.n",
        p = point(2)
    );
    check(&sql, 2, &[(2, "update"), (9, "insert")]);
    let nothing = "INSERT INTO pois (fid, code) VALUES (2, 'x') ON CONFLICT DO NOTHING";
    check(nothing, 1, &[]);
}

#[test]
fn a_copy_is_logged() {
    let Some(mut place) = Place::new() else { return };
    place.psql("COPY pois (code, n) FROM PROGRAM 'printf \"d\\t4\\ne\\t5\\n\"'");
    assert_eq!(place.done(1), [(4, "insert"), (5, "insert")]);
    place.check();
}

#[test]
fn a_truncate_is_logged_and_its_numbers_do_not_come_again() {
    let all = [(1, "delete"), (2, "delete"), (3, "delete")];
    check("TRUNCATE pois", 2, &all);
    let Some(mut place) = Place::new() else { return };
    place.psql("TRUNCATE pois RESTART IDENTITY");
    place.psql(&insert("d", 4));
    assert_eq!(place.done(2), [(4, "insert")]);
    place.psql(&format!(
        "BEGIN; {}; TRUNCATE pois; {}; COMMIT",
        insert("e", 5),
        insert("f", 6)
    ));
    assert_eq!(place.done(3), [(4, "delete"), (6, "insert")]);
    place.check();
}

#[test]
fn a_feature_that_gets_another_number_is_another_feature() {
    check(
        "UPDATE pois SET fid = 77 WHERE fid = 2",
        2,
        &[(2, "delete"), (77, "insert")],
    );
    let Some(mut place) = Place::new() else { return };
    place.psql("UPDATE pois SET fid = 2500 WHERE fid = 2");
    place.psql(&insert("d", 4));
    assert_eq!(place.done(2), [(2501, "insert")]);
    place.check();
}

#[test]
fn a_number_that_no_feature_can_have_is_refused() {
    let Some(mut place) = Place::new() else { return };
    for number in ["0", "-1", "9007199254740992"] {
        let refused = place
            .db
            .try_psql(&format!("INSERT INTO pois (fid, code) VALUES ({number}, 'x')"))
            .unwrap_err();
        assert!(
            refused.contains(number) && refused.contains("9007199254740991"),
            "{refused}"
        );
    }
    assert_eq!(place.version(), 1);
    place.check();
}

#[test]
fn a_savepoint_that_is_rolled_back_leaves_nothing() {
    let sql = format!(
        "BEGIN; SAVEPOINT one; UPDATE pois SET n = 9 WHERE fid = 1; ROLLBACK TO one; {}; SAVEPOINT two;
         DELETE FROM pois; ROLLBACK TO two; UPDATE pois SET n = 8 WHERE fid = 2; COMMIT",
        insert("d", 4)
    );
    check(&sql, 2, &[(2, "update"), (4, "insert")]);
    check(
        "BEGIN; SAVEPOINT one; UPDATE pois SET n = 9 WHERE fid = 1; ROLLBACK TO one; COMMIT",
        1,
        &[],
    );
}

#[test]
fn constraints_set_immediate_give_one_version_all_the_same() {
    let sql = format!(
        "BEGIN; SET CONSTRAINTS ALL IMMEDIATE; {}; UPDATE pois SET n = 9 WHERE fid = 1; COMMIT",
        insert("d", 4)
    );
    check(&sql, 2, &[(1, "update"), (4, "insert")]);
    let midway = "BEGIN; UPDATE pois SET n = 9 WHERE fid = 1; SET CONSTRAINTS ALL IMMEDIATE;
         UPDATE pois SET n = 10 WHERE fid IN (1, 2); COMMIT";
    check(midway, 2, &[(1, "update"), (2, "update")]);
}

#[test]
fn a_replica_role_does_not_keep_a_change_out_of_the_log() {
    check(
        "SET session_replication_role = replica; DELETE FROM pois WHERE fid = 1",
        2,
        &[(1, "delete")],
    );
}

#[test]
fn transactions_of_every_isolation_make_versions() {
    let Some(mut place) = Place::new() else { return };
    for (i, level) in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "READ COMMITTED"]
        .into_iter()
        .enumerate()
    {
        place.psql(&format!(
            "BEGIN ISOLATION LEVEL {level}; UPDATE pois SET n = n + 1; COMMIT"
        ));
        assert_eq!(place.version(), i as u64 + 2, "{level}");
    }
    place.check();
}

#[test]
fn values_that_other_programs_write_are_read_as_they_are_meant() {
    let Some(mut place) = Place::new() else { return };
    place.psql("UPDATE pois SET valid_from = '2024-05-01 08:00+08', valid_to = 'infinity' WHERE fid = 1");
    let found = &state(&mut *place.store, At::Now)[&1];
    assert_eq!(found.valid.from().unwrap().to_string(), "2024-05-01T00:00:00.000Z");
    assert_eq!(found.valid.to(), None);
    place.psql("UPDATE pois SET valid_to = '2020-01-01', n = NULL, geom = NULL WHERE fid = 1");
    let found = &state(&mut *place.store, At::Now)[&1];
    assert_eq!((found.valid.from(), found.values[1].clone()), (None, Value::Null));
    assert_eq!(found.geometry, None);
    place.check();
}

#[test]
fn who_changed_something_is_known() {
    let Some(mut place) = Place::new() else { return };
    place.psql("UPDATE pois SET n = 7 WHERE fid = 1");
    let commits = place.store.commits(onemap_model::Version(1), 10).unwrap();
    assert_eq!((commits.len(), commits[0].who.as_str()), (1, "onemap"));
    assert!(commits[0].what.starts_with("edited with "), "{}", commits[0].what);
    assert_eq!((commits[0].layers.len(), commits[0].layers[0].entries), (1, 1));
    assert!(!commits[0].layers[0].redefined);
}

#[test]
fn the_history_is_an_ordinary_view() {
    let Some(place) = Place::new() else { return };
    place.psql("UPDATE pois SET n = 7 WHERE fid = 1");
    place.psql("DELETE FROM pois WHERE fid = 1");
    let sql = "SELECT string_agg(concat_ws(',', fid, code, n, since, until), ' ' ORDER BY since) FROM pois_history WHERE fid = 1";
    assert_eq!(place.psql(sql).trim(), "1,a,1,1,2 1,a,7,2,3");
    let columns = "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns
                   WHERE table_schema = 'public' AND table_name = 'pois'";
    assert_eq!(place.psql(columns).trim(), "fid geom code n valid_from valid_to");
}
