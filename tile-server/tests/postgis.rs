//! The whole way on a PostGIS database: edited with psql, cut off, restarted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::http::Reply;
use common::{Running, city, config, gpkg};
use onemap_model::Crs;
use onemap_store::OpenMode;
use onemap_testing::{Cluster, Database};
use std::time::{Duration, Instant};

/// A database with the city in it, and a server for it.
fn serve(database: &Database<'_>) -> Running {
    let url = database.url();
    let mut store = onemap_store::open(&url, OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
    gpkg::load(&mut *store, &city::layers());
    let mut config = config("[limits]\npoll_ms = 5000");
    config.store = url.clone();
    let server = Running::start(config, move || onemap_store::open(&url, OpenMode::Existing));
    server.wait_ready();
    server
}

fn tile(server: &Running) -> Reply {
    server.get(&format!("/xyz/pois/{}", city::TILE))
}

/// Renames a feature and gives how long its tile takes to say so.
fn rename(server: &Running, database: &Database<'_>, name: &str) -> Duration {
    database.psql(&format!("UPDATE pois SET name = '{name}' WHERE code = 'p0'"));
    let begun = Instant::now();
    while !tile(server).text().contains(name) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{name} never came");
        std::thread::sleep(Duration::from_millis(2));
    }
    begun.elapsed()
}

#[test]
fn what_psql_commits_is_in_the_tile_at_once() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let server = serve(&database);
    let before = tile(&server);
    let mut took: Vec<_> = (0..40)
        .map(|i| rename(&server, &database, &format!("name {i:04}")))
        .collect();
    took.sort();
    // A notification brought them, not the poll: each began right after one, and the next is five seconds later.
    assert!(took[20] < Duration::from_secs(3), "{took:?}");
    eprintln!("from commit to tile: median {:?}, longest {:?}", took[20], took[39]);
    assert_ne!(before.header("etag"), tile(&server).header("etag"));
    let metrics = server.get("/metrics").text();
    assert!(
        metrics.contains("onemap_store_layers_read_whole_total 6\n"),
        "{metrics}"
    );
}

#[test]
fn a_connection_that_is_cut_and_a_restart_lose_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.fresh_database();
    let server = serve(&database);
    database.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onemap'");
    rename(&server, &database, "after the cut");
    cluster.stop();
    server.wait_until(|| server.get("/health/ready").json()["store"] != "followed");
    assert!(
        tile(&server).text().contains("after the cut"),
        "the last state is still served"
    );
    server.get("/collections/pois/items?version=1").is_problem(503, "store");
    cluster.resume();
    rename(&server, &database, "after the restart");
    server.wait_until(|| server.get("/health/ready").json()["store"] == "followed");
    assert_eq!(
        server.get("/collections/pois/items/p0?version=1").json()["properties"]["name"],
        "第0饭店"
    );
}
