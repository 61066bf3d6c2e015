//! Random loads, edits and other programs' SQL against plain maps: every version can be read again, the log replays
//! from any place, and nothing in the file disagrees.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/shadow.rs"]
mod shadow;
mod support;

use onemap_model::{Crs, Row, Value, Version};
use onemap_store::{At, Edit, LoadMode, LogPosition, OpenMode};
use proptest::prelude::*;
use support::*;

#[derive(Debug, Clone)]
enum Step {
    Load(LoadMode, Vec<(u8, i64)>),
    Edit(Vec<(u8, u8, i64)>),
    /// Statements in one transaction, and whether the store looks after it.
    Sql(Vec<String>, bool),
    /// Opened again.
    Reopen,
}

fn statement() -> impl Strategy<Value = String> {
    (0..14_u8, 1..15_i64, 1..15_i64, 0..6_i64).prop_map(|(kind, a, b, n)| {
        let point = shadow::point(114.0 + n as f64 / 100.0, 30.0);
        let values = format!("VALUES ({a}, {point}, 'k{n}', {n})");
        let columns = "(fid, geom, code, n)";
        match kind {
            0 => format!("INSERT INTO pois (geom, code, n) VALUES ({point}, 'k{n}', {n})"),
            1 => format!("INSERT OR REPLACE INTO pois {columns} {values}"),
            2 => format!("INSERT OR IGNORE INTO pois {columns} {values}"),
            3 => format!("INSERT INTO pois {columns} {values} ON CONFLICT (fid) DO UPDATE SET n = n + 1"),
            4 => format!("UPDATE OR REPLACE pois SET fid = {b} WHERE fid = {a}"),
            5 => format!("UPDATE OR IGNORE pois SET fid = {b}, n = {n} WHERE fid = {a}"),
            6 => format!("UPDATE pois SET n = {n} WHERE fid = {a}"),
            7 => format!("UPDATE pois SET geom = {point} WHERE fid BETWEEN {a} AND {b}"),
            8 => format!("UPDATE pois SET geom = NULL WHERE fid = {a}"),
            9 => format!("DELETE FROM pois WHERE fid = {a}"),
            10 => "DELETE FROM pois".to_owned(),
            11 => format!("DELETE FROM pois WHERE fid BETWEEN {a} AND {b}"),
            12 => format!(
                "UPDATE pois SET valid_from = '2020-01-0{}T00:00:00.000Z' WHERE fid = {a}",
                n + 1
            ),
            _ => format!("UPDATE pois SET code = 'k{n}', n = n WHERE n = {n}"),
        }
    })
}

/// A statement on what belongs to the store: the shadow has no such column.
fn meddling() -> impl Strategy<Value = String> {
    (1..15_i64, prop_oneof![Just("NULL"), Just("1"), Just("99")])
        .prop_map(|(a, since)| format!("UPDATE pois SET since = {since} WHERE fid <= {a}"))
}

/// What no trigger sees: the table made anew with the rows but one, or a trigger dropped.
fn unseen() -> impl Strategy<Value = String> {
    let remade = (1..15_i64).prop_map(|a| {
        let columns = "fid, geom, valid_from, valid_to, code, n";
        format!(
            "CREATE TABLE aside AS SELECT {columns} FROM pois; DROP TABLE pois; \
             CREATE TABLE pois (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, valid_from DATETIME, \
             valid_to DATETIME, code TEXT, n MEDIUMINT); \
             INSERT INTO pois SELECT {columns} FROM aside WHERE fid <> {a}; DROP TABLE aside"
        )
    });
    let which = prop_oneof![
        Just("before_insert"),
        Just("update"),
        Just("before_update"),
        Just("before_delete")
    ];
    prop_oneof![
        remade,
        which.prop_map(|which| format!("DROP TRIGGER IF EXISTS onemap_pois_{which}"))
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![Just(LoadMode::Replace), Just(LoadMode::Append), Just(LoadMode::Upsert)];
    let rows = prop::collection::vec((0..8_u8, 0..3_i64), 0..8);
    let edits = prop::collection::vec((0..3_u8, 0..8_u8, 0..5_i64), 0..5);
    let sql = prop_oneof![18 => statement(), 2 => meddling(), 1 => unseen()];
    prop_oneof![
        2 => (mode, rows).prop_map(|(mode, rows)| Step::Load(mode, rows)),
        2 => edits.prop_map(Step::Edit),
        6 => (prop::collection::vec(sql, 1..6), any::<bool>()).prop_map(|(sql, look)| Step::Sql(sql, look)),
        1 => Just(Step::Reopen),
    ]
}

/// Number, geometry, code, n and beginning of validity.
type PlainRow = (i64, Option<String>, Option<String>, Option<i64>, Option<String>);

/// The rows of a plain table that has seen the same SQL, without any trigger.
fn rows_of(db: &rusqlite::Connection) -> Vec<PlainRow> {
    let sql = "SELECT fid, hex(geom), code, n, valid_from FROM pois ORDER BY fid";
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

fn loaded(rows: &[(u8, i64)], mode: LoadMode) -> Vec<Row> {
    let mut seen = std::collections::HashSet::new();
    let fresh = rows
        .iter()
        .filter(|(key, _)| mode != LoadMode::Upsert || seen.insert(*key));
    fresh.map(|(key, n)| row(&format!("k{key}"), *n)).collect()
}

fn check_load(before: &State, after: &State, mode: LoadMode, rows: &[Row]) {
    let sorted = |rows: Vec<&Row>| {
        let mut texts: Vec<_> = rows.into_iter().map(|row| format!("{row:?}")).collect();
        texts.sort();
        texts
    };
    let is_loaded = |old: &Row| {
        rows.iter()
            .any(|row| row.values[0] == old.values[0] && old.valid.from().is_none())
    };
    match mode {
        LoadMode::Replace => assert_eq!(sorted(after.values().collect()), sorted(rows.iter().collect())),
        LoadMode::Append => {
            assert_eq!(
                sorted(after.values().collect()),
                sorted(before.values().chain(rows).collect())
            );
        }
        LoadMode::Upsert => {
            for row in rows {
                assert!(after.values().any(|other| other == row), "{row:?} was not upserted");
            }
            for (number, old) in before.iter().filter(|(_, old)| !is_loaded(old)) {
                assert_eq!(after.get(number), Some(old), "a row that was not loaded changed");
            }
        }
    }
}

fn run(steps: &[Step]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    let open = || onemap_store::open(path.to_str().unwrap(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
    let mut store = open();
    load(
        &mut *store,
        &pois(),
        LoadMode::Replace,
        &[row("k0", 0), row("k1", 1), row("k2", 2)],
    );
    let other = shadow::connect(&path);
    let plain = rusqlite::Connection::open_in_memory().unwrap();
    plain
        .execute_batch(
            "CREATE TABLE pois (fid INTEGER PRIMARY KEY AUTOINCREMENT, geom BLOB, valid_from, valid_to, code, n)",
        )
        .unwrap();
    let copy = |to: &rusqlite::Connection| {
        to.execute("DELETE FROM pois", []).unwrap();
        let mut select = other
            .prepare("SELECT fid, geom, valid_from, valid_to, code, n FROM pois")
            .unwrap();
        let mut rows = select.query([]).unwrap();
        while let Some(r) = rows.next().unwrap() {
            let values: Vec<rusqlite::types::Value> = (0..6).map(|i| r.get(i).unwrap()).collect();
            to.execute(
                "INSERT INTO pois VALUES (?, ?, ?, ?, ?, ?)",
                rusqlite::params_from_iter(values),
            )
            .unwrap();
        }
        let next: i64 = other
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'pois'", [], |r| r.get(0))
            .unwrap();
        to.execute("UPDATE sqlite_sequence SET seq = ?", [next]).unwrap();
    };
    copy(&plain);
    let mut states = vec![State::new(), state(&mut *store, At::Now)];
    let mut pending;
    for step in steps {
        match step {
            Step::Load(mode, rows) => {
                note(&mut *store, &mut states);
                let rows = loaded(rows, *mode);
                let before = states.last().unwrap().clone();
                load(&mut *store, &pois(), *mode, &rows);
                check_load(&before, &state(&mut *store, At::Now), *mode, &rows);
                copy(&plain);
                pending = false;
            }
            Step::Edit(edits) => {
                note(&mut *store, &mut states);
                let mut present: Vec<u64> = states.last().unwrap().keys().copied().collect();
                let mut made = Vec::new();
                for (kind, which, n) in edits {
                    let layer = name("pois");
                    let row = row(&format!("k{n}"), *n);
                    let at = if present.is_empty() {
                        0
                    } else {
                        usize::from(*which) % present.len()
                    };
                    match kind {
                        _ if present.is_empty() => made.push(Edit::Insert { layer, row }),
                        0 => made.push(Edit::Insert { layer, row }),
                        1 => made.push(Edit::Update {
                            layer,
                            fid: fid(present[at] as i64),
                            row,
                        }),
                        _ => made.push(Edit::Delete {
                            layer,
                            fid: fid(present.remove(at) as i64),
                        }),
                    }
                }
                store.edit(&made).unwrap();
                copy(&plain);
                pending = false;
            }
            Step::Sql(statements, look) => {
                other.execute_batch("BEGIN").unwrap();
                for sql in statements {
                    let done = other.execute_batch(sql);
                    // A table made anew has no such column.
                    if !sql.contains("since") {
                        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
                        plain.execute_batch(sql).unwrap();
                    }
                }
                other.execute_batch("COMMIT").unwrap();
                assert_eq!(
                    rows_of(&other),
                    rows_of(&plain),
                    "the triggers changed what {statements:?} does"
                );
                pending = !look;
            }
            Step::Reopen => {
                store = open();
                pending = false;
            }
        }
        if !pending {
            note(&mut *store, &mut states);
            assert_eq!(rows_of(&other), rows_of(&plain));
            copy(&plain);
            assert_sound(&mut *store);
        }
    }
    note(&mut *store, &mut states);
    let newest = store.catch_up().unwrap();
    assert_eq!(versions(&mut *store, newest), states);
    for (start, from) in states.iter().enumerate() {
        let mut replayed = from.clone();
        let place = LogPosition {
            version: Version(start as u64),
            offset: 0,
        };
        let mut version = start;
        for entry in log(&mut *store, place, 3) {
            while version < entry.version.0 as usize {
                assert_eq!(replayed, states[version], "version {version} replayed from {start}");
                version += 1;
            }
            replay(&mut replayed, &entry.change);
        }
        assert_eq!(&replayed, states.last().unwrap(), "replayed from {start}");
    }
    assert_sound(&mut *store);
}

/// Looks, and notes the state of the version that came of it: one more where something changed, else none.
fn note(store: &mut dyn onemap_store::Store, states: &mut Vec<State>) {
    let version = store.catch_up().unwrap().0 as usize;
    let now = state(store, At::Now);
    let changed = now != *states.last().unwrap();
    assert_eq!(
        version,
        states.len() - 1 + usize::from(changed),
        "one version for one change, none for none"
    );
    if changed {
        states.push(now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_edits_by_anybody_is_in_the_log(steps in prop::collection::vec(step(), 1..9)) {
        run(&steps);
    }
}

#[test]
fn a_value_that_a_load_brings_back_is_no_change() {
    run(&[
        Step::Sql(vec!["UPDATE pois SET n = 7 WHERE fid = 1".to_owned()], false),
        Step::Sql(vec!["UPDATE pois SET n = 0 WHERE fid = 1".to_owned()], true),
        Step::Edit(vec![(1, 0, 0)]),
    ]);
    assert_eq!(Value::Int(0), row("k0", 0).values[1]);
}
