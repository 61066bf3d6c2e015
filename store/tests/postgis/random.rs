//! Random transactions of plain SQL and of the store's own: the log replayed is always the table.

use crate::place::{Place, point};
use crate::support::*;
use onemap_store::Edit;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

#[derive(Debug, Clone)]
enum Step {
    Insert(i64),
    InsertAs(i64, i64),
    Upsert(i64, i64),
    Update(i64, i64),
    Shift(i64),
    Renumber(i64, i64),
    Delete(i64),
    Truncate,
    Copy(i64),
}

impl Step {
    fn sql(&self) -> String {
        match self {
            Step::Insert(n) => format!("INSERT INTO pois (geom, code, n) VALUES ({}, 'i', {n})", point(*n)),
            Step::InsertAs(fid, n) => format!(
                "INSERT INTO pois (fid, geom, code, n) SELECT {fid}, {}, 'as', {n} \
                 WHERE NOT EXISTS (SELECT FROM pois WHERE fid = {fid})",
                point(*n)
            ),
            Step::Upsert(fid, n) => format!(
                "INSERT INTO pois (fid, geom, code, n) VALUES ({fid}, {p}, 'u', {n}), ({}, {p}, 'u', {n}) \
                 ON CONFLICT (fid) DO UPDATE SET n = excluded.n, geom = excluded.geom",
                fid % 13 + 1,
                p = point(*n)
            ),
            Step::Update(fid, n) => format!("UPDATE pois SET n = {n} WHERE fid = {fid}"),
            Step::Shift(n) => format!("UPDATE pois SET n = n + {n} WHERE fid % 2 = 0"),
            Step::Renumber(from, to) => {
                format!(
                    "UPDATE pois SET fid = {to} WHERE fid = {from} AND NOT EXISTS (SELECT FROM pois WHERE fid = {to})"
                )
            }
            Step::Delete(fid) => format!("DELETE FROM pois WHERE fid = {fid}"),
            Step::Truncate => "TRUNCATE pois".to_owned(),
            Step::Copy(n) => format!("INSERT INTO pois (code, n) SELECT 'many', i FROM generate_series(1, {n}) i"),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let fid = || 1..14_i64;
    let n = || 0..4_i64;
    prop_oneof![
        3 => n().prop_map(Step::Insert),
        3 => (fid(), n()).prop_map(|(fid, n)| Step::InsertAs(fid, n)),
        2 => (fid(), n()).prop_map(|(fid, n)| Step::Upsert(fid, n)),
        6 => (fid(), n()).prop_map(|(fid, n)| Step::Update(fid, n)),
        2 => n().prop_map(Step::Shift),
        2 => (fid(), fid()).prop_map(|(from, to)| Step::Renumber(from, to)),
        5 => fid().prop_map(Step::Delete),
        1 => Just(Step::Truncate),
        1 => n().prop_map(Step::Copy),
    ]
}

/// A transaction: steps, some of them in a savepoint that is rolled back, in one of three manners.
fn transaction() -> impl Strategy<Value = String> {
    let part = (prop::collection::vec(step(), 1..4), any::<bool>()).prop_map(|(steps, undone)| {
        let sql = steps
            .iter()
            .map(|step| format!("{};\n", step.sql()))
            .collect::<String>();
        if undone {
            format!("SAVEPOINT s;\n{sql}ROLLBACK TO s;\n")
        } else {
            sql
        }
    });
    let manner = prop::sample::select(vec![
        "BEGIN;\n",
        "BEGIN;\n",
        "BEGIN ISOLATION LEVEL SERIALIZABLE;\n",
        "BEGIN;\nSET CONSTRAINTS ALL IMMEDIATE;\n",
    ]);
    let end = prop::sample::select(vec!["COMMIT", "COMMIT", "COMMIT", "ROLLBACK"]);
    (manner, prop::collection::vec(part, 1..4), end)
        .prop_map(|(manner, parts, end)| format!("{manner}{}{end}", parts.concat()))
}

#[test]
fn any_sequence_of_transactions_is_in_the_log_as_it_was() {
    let cases = 8;
    let mut runner = TestRunner::new(Config {
        cases,
        ..Config::default()
    });
    let ran = runner.run(&prop::collection::vec(transaction(), 1..12), |transactions| {
        let Some(mut place) = Place::new() else { return Ok(()) };
        for sql in &transactions {
            let before = place.version();
            place.psql(sql);
            place.version();
            let (commits, entries) = (place.commits(before), place.log(before));
            prop_assert!(commits <= 1, "more than one version: {sql}");
            // A version that was assigned before its end may come to nothing.
            let early = sql.contains("IMMEDIATE");
            prop_assert!(early || commits == usize::from(!entries.is_empty()), "{sql}");
        }
        let layer = name("pois");
        place
            .store
            .edit(&[Edit::Insert {
                layer,
                row: row("own", 1),
            }])
            .unwrap();
        place.check();
        Ok(())
    });
    ran.unwrap();
}
