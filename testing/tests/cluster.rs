//! The cluster itself: it works, and leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use onemap_testing::Cluster;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CHILD: &str = "ONEMAP_TEST_CLUSTER_CHILD";

/// Not a test of its own: a process that holds a cluster until it is killed.
#[test]
#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn child_that_holds_a_cluster() {
    if std::env::var_os(CHILD).is_some() {
        let Some(cluster) = Cluster::start() else { return };
        println!("holding {}", cluster.socket_folder().display());
        std::thread::sleep(Duration::from_secs(300));
    }
}

fn is_gone(folder: &Path) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        let name = folder.to_str().unwrap().as_bytes();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        let works = lines.any(|line| line.windows(name.len()).any(|part| part == name));
        if !works && !folder.exists() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

#[test]
fn databases_have_postgis_and_know_nothing_of_each_other() {
    let Some(cluster) = Cluster::shared() else { return };
    let (one, other) = (cluster.fresh_database(), cluster.fresh_database());
    one.psql("CREATE TABLE t AS SELECT ST_Area(ST_MakeEnvelope(0, 0, 2, 3)) AS a");
    assert_eq!(one.psql("SELECT a FROM t; SHOW timezone"), "6\nAsia/Shanghai");
    assert!(
        other
            .try_psql("SELECT * FROM t")
            .unwrap_err()
            .contains("does not exist")
    );
    assert!(cluster.empty_database().try_psql("SELECT PostGIS_Version()").is_err());
    let name = one.name().to_owned();
    drop(one);
    assert!(
        cluster.try_psql(&name, "SELECT 1").is_err(),
        "a dropped database is still there"
    );
}

#[test]
fn a_cluster_can_be_restarted_crashed_and_frozen_and_leaves_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.fresh_database();
    database.psql("CREATE TABLE t (n int)");
    cluster.restart();
    cluster.crash();
    assert!(database.try_psql("SELECT 1").is_err());
    cluster.resume();
    cluster.freeze();
    let mut waits = cluster
        .command("psql")
        .args(["-X", &database.url(), "-c", "SELECT 1"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(waits.try_wait().unwrap().is_none(), "a frozen server answered");
    cluster.thaw();
    assert!(waits.wait().unwrap().success());
    cluster.freeze();
    let folder = cluster.socket_folder().to_owned();
    drop((database.name().to_owned(), std::mem::ManuallyDrop::new(database)));
    drop(cluster);
    assert!(is_gone(&folder), "{} is left", folder.display());
}

#[test]
fn a_killed_test_leaves_no_server() {
    if Cluster::shared().is_none() {
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_holds_a_cluster", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let folder = lines.find_map(|line| line.unwrap().split_once("holding ").map(|(_, path)| path.to_owned()));
    child.kill().unwrap();
    child.wait().unwrap();
    let folder = folder.unwrap();
    assert!(is_gone(Path::new(&folder)), "{folder} is left");
}
