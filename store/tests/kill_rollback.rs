//! A process killed, or a database lost, at any moment of a rollback leaves all of the batch or nothing of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use onemap_model::{Crs, Row, Version};
use onemap_store::{At, Batch, Error, Later, LoadMode, OpenMode, Store};
use onemap_testing::Cluster;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::*;

const STORE: &str = "ONEMAP_TEST_KILL_ROLLBACK_STORE";

fn rows(from: i64) -> Vec<Row> {
    (from..from + 4_000)
        .map(|i| row(&format!("k{i}"), i % 7 + from))
        .collect()
}

fn open(store: &str) -> Box<dyn Store> {
    onemap_store::open(store, OpenMode::CreateIn(Crs::CGCS2000)).unwrap()
}

fn undo(store: &mut dyn Store, version: u64) -> onemap_store::Result<()> {
    let undone = store.roll_back(Version(version), &Batch::default(), Later::Refuse, &mut |_| ());
    undone.map(drop)
}

/// A store at version 2, and what it held at each.
fn two_years(store: &str) -> [State; 2] {
    let mut store = open(store);
    load(&mut *store, &pois(), LoadMode::Replace, &rows(0));
    load(&mut *store, &pois(), LoadMode::Replace, &rows(2_000));
    [1, 2].map(|version| state(&mut *store, At::Version(Version(version))))
}

/// Not a test of its own: what the killed process does.
#[test]
fn child_that_rolls_back() {
    let Ok(path) = std::env::var(STORE) else {
        return;
    };
    undo(&mut *open(&path), 2).unwrap();
}

/// Kills the process later and later until it gets through; gives how often it was killed.
fn kill_until_done(path: &str, step: Duration) -> u32 {
    let years = two_years(path);
    let (mut killed, mut wait) = (0, Duration::from_millis(2));
    for _ in 0..60 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_rolls_back"])
            .env(STORE, path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(wait);
        wait += step;
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        let mut store = settled(path);
        let batches = store.batches(None, None, 10).unwrap().len();
        match store.catch_up().unwrap() {
            Version(2) => assert_eq!((batches, state(&mut *store, At::Now) == years[1]), (2, true)),
            version => {
                assert_eq!((version, batches), (Version(3), 3));
                assert!(state(&mut *store, At::Now) == years[0]);
                assert!(state(&mut *store, At::Version(Version(2))) == years[1]);
                assert_sound(&mut *store);
                return killed;
            }
        }
        assert_sound(&mut *store);
    }
    panic!("it never got through");
}

/// The store, once the database has noticed that its client is dead: it ends the statement under way first.
fn settled(path: &str) -> Box<dyn Store> {
    let mut store = open(path);
    let began = Instant::now();
    while let Err(error) = store.begin(&batch()).map(drop) {
        assert!(began.elapsed() < Duration::from_secs(60), "{error}");
    }
    store
}

#[test]
fn a_killed_rollback_in_a_file_leaves_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    let killed = kill_until_done(path.to_str().unwrap(), Duration::from_millis(12));
    assert!(killed >= 3, "only {killed} were killed before they were done");
}

#[test]
fn a_killed_rollback_in_a_database_leaves_all_or_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let killed = kill_until_done(&database.url(), Duration::from_millis(160));
    assert!(killed >= 1, "only {killed} were killed before they were done");
}

#[test]
fn a_database_that_is_lost_in_a_rollback_is_named_and_has_lost_nothing() {
    let Some(cluster) = Cluster::builder().durable().start() else {
        return;
    };
    let database = cluster.fresh_database();
    let url = database.url();
    let years = two_years(&url);
    let mut store = open(&url);
    let mut there = true;
    let result = store.roll_back(Version(2), &Batch::default(), Later::Refuse, &mut |step| {
        if step.what == "writing" && std::mem::take(&mut there) {
            cluster.crash();
        }
    });
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let told = error.to_string();
    assert!(told.starts_with("postgres://"), "{told}");
    drop(store);
    cluster.resume();
    let mut store = open(&url);
    assert_eq!(store.catch_up().unwrap(), Version(2));
    assert!(state(&mut *store, At::Now) == years[1]);
    undo(&mut *store, 2).unwrap();
    assert!(state(&mut *store, At::Now) == years[0]);
    assert_sound(&mut *store);
}
