//! What always holds, whatever anybody does to the tables and with whatever tool, on both stores: after random edits,
//! loads, overwritten and dropped tables, and restarts, the items are the table's rows, kept tiles are those rendered
//! from the store afresh, no 304 is given for a tile that changed, and the feed replayed is the table.
//!
//! `PROPTEST_CASES` sets how many sequences are tried. What failed once is kept in `invariants/regressions.txt`.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

#[path = "invariants/check.rs"]
mod check;
#[path = "invariants/city.rs"]
mod city;
#[path = "invariants/steps.rs"]
mod steps;
#[path = "invariants/wkb.rs"]
mod wkb;

use check::Follower;
use city::City;
use onemap_testing::Cluster;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use steps::Step;

/// Few, as each has a store and a server of its own; more by hand.
const CASES: u32 = 8;

/// Shrinking stops here: a failure is to be read soon.
const SHRINK_MS: u32 = 300_000;

fn run(city: City<'_>, steps: &[Step]) {
    let mut follower = Follower::start(&city);
    follower.check(&city);
    for step in steps {
        match step {
            Step::Restart => follower.restart(&city),
            step => city.take(step),
        }
        follower.check(&city);
    }
    follower.check_feed(&city);
}

fn for_any_steps(test: impl Fn(&[Step])) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/invariants/regressions.txt");
    let mut config = Config {
        max_shrink_time: SHRINK_MS,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file))),
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let ran = TestRunner::new(config).run(&steps::steps(), |steps| {
        // A panic of a check is a failure of the case like any other, and is shrunk.
        test(&steps);
        Ok::<(), TestCaseError>(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn on_a_geopackage_the_server_shows_what_is_there_after_any_edits() {
    for_any_steps(|steps| run(City::in_a_file(), steps));
}

#[test]
fn on_postgis_the_server_shows_what_is_there_after_any_edits() {
    let Some(cluster) = Cluster::start() else { return };
    for_any_steps(|steps| run(City::in_a_database(&cluster), steps));
}
