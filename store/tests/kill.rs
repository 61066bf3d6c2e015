//! A process killed at any moment of a load leaves the old version entire, or the new one entire.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use onemap_model::{Crs, Row, Version};
use onemap_store::{At, LoadMode, OpenMode, content_digest};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::*;

const STORE: &str = "ONEMAP_TEST_KILL_STORE";

fn rows(round: i64) -> Vec<Row> {
    (0..6_000)
        .map(|i| row(&format!("k{}", i + round * 2000), i % 7 + round))
        .collect()
}

fn open(path: &Path) -> Box<dyn onemap_store::Store> {
    onemap_store::open(path.to_str().unwrap(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap()
}

/// Not a test of its own: what the killed process does.
#[test]
fn child_that_loads() {
    let Ok(path) = std::env::var(STORE) else {
        return;
    };
    let mut store = open(Path::new(&path));
    let round = store.catch_up().unwrap().0 as i64;
    load(&mut *store, &pois(), LoadMode::Replace, &rows(round));
}

fn digest_of(version: Version, path: &Path) -> String {
    let mut store = open(path);
    let mut reading = store.read(At::Version(version)).unwrap();
    content_digest(&mut *reading, &name("pois")).unwrap().to_string()
}

#[test]
fn a_killed_load_leaves_the_old_version_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let clean = folder.path().join("clean.gpkg");
    let (mut expected, began) = (Vec::new(), std::time::Instant::now());
    for round in 0..3 {
        load(&mut *open(&clean), &pois(), LoadMode::Replace, &rows(round));
        expected.push(digest_of(Version(round as u64 + 1), &clean));
    }
    // Several deaths for each of the three loads, however fast the machine is.
    let step = began.elapsed() / 12;
    let path = folder.path().join("city.gpkg");
    let (mut killed, mut wait) = (0, Duration::ZERO);
    for _ in 0..200 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_loads"])
            .env(STORE, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(wait);
        let was_alive = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        killed += u32::from(was_alive);
        // Longer and longer, until it gets through; then from the beginning again.
        wait = if was_alive {
            wait + step
        } else {
            Duration::from_millis(5)
        };
        let mut store = open(&path);
        assert_sound(&mut *store);
        let version = store.catch_up().unwrap();
        for v in 1..=version.0 {
            assert_eq!(digest_of(Version(v), &path), expected[v as usize - 1], "version {v}");
        }
        if version == Version(3) {
            break;
        }
    }
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 2, "something was left behind");
    assert!(killed >= 5, "only {killed} processes were killed before they were done");
}
