//! The server follows its store: before it is read, while it changes, and when it breaks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::memory::Memory;
use common::{Running, city, config, serve_city};
use onemap_model::{Instant, TimeSpan, Value};

#[test]
fn while_loading_it_lives_but_is_not_ready() {
    let memory = Memory::new(city::layers());
    memory.set_held(true);
    let server = Running::start(config(""), memory.opener());
    assert_eq!(server.get("/health/live").status, 200);
    let ready = server.get("/health/ready");
    assert_eq!((ready.status, ready.header("retry-after")), (503, Some("1")));
    assert_eq!(ready.json()["status"], "loading");
    server.get("/collections").is_problem(503, "/health/ready");
    memory.set_held(false);
    server.wait_ready();
    let ready = server.get("/health/ready").json();
    assert_eq!(
        (&ready["version"], &ready["epoch"]),
        (&1.into(), &"test-epoch-1".into())
    );
    assert_eq!(ready["layers"].as_array().unwrap().len(), 6);
}

#[test]
fn a_store_that_cannot_be_opened_ends_the_server_with_the_reason() {
    let memory = Memory::new(vec![]);
    memory.set_broken(true);
    let mut server = Running::start(config(""), memory.opener());
    server.wait_until_ended();
    let error = server.stop().unwrap_err();
    assert!(error.to_string().contains("broken by the test"), "{error}");
}

#[test]
fn an_edit_changes_its_tiles_and_leaves_the_others_tags() {
    let (server, memory) = serve_city("");
    let tile = |layer: &str| server.get(&format!("/xyz/{layer}/{}", city::TILE));
    let (pois, roads) = (tile("pois"), tile("roads"));
    memory.change("pois", |features| features[0].row.values[1] = Value::text("新饭店"));
    server.wait_until(|| tile("pois").header("etag") != pois.header("etag"));
    assert!(tile("pois").text().contains("新饭店"));
    assert_eq!(tile("roads").header("etag"), roads.header("etag"));
    let metrics = server.get("/metrics").text();
    assert_eq!(server.get("/health/ready").json()["version"], 2);
    tile("roads");
    let misses = |text: &str| {
        text.lines()
            .find(|l| l.starts_with("onemap_cache_misses_total "))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        misses(&metrics),
        misses(&server.get("/metrics").text()),
        "the tile of the untouched layer was kept"
    );
    let page = server.get("/collections/pois/items/p0").json();
    assert_eq!(page["properties"]["name"], "新饭店");
}

#[test]
fn a_layer_that_is_gone_is_gone() {
    let (server, memory) = serve_city("");
    memory.remove("pois");
    server.wait_until(|| server.get("/collections/pois").status == 404);
    assert!(!server.get("/styles/basemap").text().contains("pois"));
}

#[test]
fn a_boundary_of_valid_time_shows_without_an_edit() {
    let (server, memory) = serve_city("");
    let now = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Instant::from_micros(now.unwrap().as_micros() as i64).unwrap()
    };
    let count = || server.get("/collections/pois").json()["featureCount"].as_u64().unwrap();
    let tile = || server.get(&format!("/xyz/pois/{}", city::TILE));
    // Long enough for this machine to be seen before it.
    let version = [1500, 6000, 24_000].into_iter().find_map(|wait_ms| {
        let soon = Instant::from_micros(now().micros() + wait_ms * 1000).unwrap();
        let version = memory.change("pois", |features| {
            features.truncate(1);
            features[0].row.valid = TimeSpan::new(None, Some(soon)).unwrap();
        });
        while now() < soon {
            if count() == 1 && tile().status == 200 && now() < soon {
                return Some(version);
            }
        }
        None
    });
    let version = version.expect("the edit shows before the boundary");
    let roads = server.get(&format!("/xyz/roads/{}", city::TILE));
    server.wait_until(|| count() == 0);
    assert_eq!(tile().status, 204);
    assert_eq!(
        server.get(&format!("/xyz/roads/{}", city::TILE)).header("etag"),
        roads.header("etag")
    );
    assert_eq!(server.get("/health/ready").json()["version"], version.0);
}

#[test]
fn a_store_that_breaks_leaves_the_last_state_served() {
    let (server, memory) = serve_city("");
    memory.set_broken(true);
    server.wait_until(|| server.get("/health/ready").json()["store"] != "followed");
    assert_eq!(server.get("/health/ready").status, 200);
    assert_eq!(server.get(&format!("/xyz/roads/{}", city::TILE)).status, 200);
    memory.set_broken(false);
    memory.change("roads", |features| features.clear());
    server.wait_until(|| server.get("/collections/roads").json()["featureCount"] == 0);
    assert_eq!(server.get("/health/ready").json()["store"], "followed");
}

#[test]
fn readers_do_not_wait_for_a_slow_reload() {
    let (server, memory) = serve_city("");
    let loaded = memory.read_whole();
    memory.set_held(true);
    memory.redefine("pois", |layer| layer.title = "Renamed".into());
    server.wait_until(|| memory.read_whole() > loaded);
    let title = || server.get("/collections/pois").json()["title"].clone();
    for _ in 0..20 {
        assert_eq!(title(), "pois");
    }
    memory.set_held(false);
    server.wait_until(|| title() == "Renamed");
}

#[test]
fn an_edit_is_applied_without_reading_its_layer_and_a_new_definition_reads_only_its_own() {
    let (server, memory) = serve_city("");
    let loaded = memory.read_whole();
    assert_eq!(loaded, 6);
    let name = || server.get("/collections/pois/items/p3").json()["properties"]["name"].clone();
    memory.change("pois", |features| features[3].row.values[1] = Value::text("甲"));
    server.wait_until(|| name() == "甲");
    assert_eq!(memory.read_whole(), loaded);
    // Both in one version: the one is read, the other is applied.
    memory.set_broken(true);
    memory.redefine("roads", |layer| layer.title = "Streets".into());
    memory.change("pois", |features| features[3].row.values[1] = Value::text("乙"));
    memory.set_broken(false);
    server.wait_until(|| name() == "乙");
    assert_eq!(server.get("/collections/roads").json()["title"], "Streets");
    assert_eq!(memory.read_whole(), loaded + 1);
    assert_eq!(server.get("/health/ready").json()["version"], 4);
}

#[test]
fn where_the_log_was_pruned_everything_is_read_again() {
    let (server, memory) = serve_city("");
    memory.set_broken(true);
    server.wait_until(|| server.get("/health/ready").json()["store"] != "followed");
    memory.change("pois", |features| features.truncate(5));
    let newest = memory.change("roads", |features| features.truncate(1));
    memory.prune(newest);
    memory.set_broken(false);
    server.wait_until(|| server.get("/health/ready").json()["version"] == 3);
    assert_eq!(server.get("/collections/pois").json()["featureCount"], 5);
    assert_eq!(server.get("/collections/roads").json()["featureCount"], 1);
}

#[test]
fn another_life_of_the_store_is_read_anew_and_no_tag_of_the_old_is_good() {
    let (server, memory) = serve_city("");
    memory.change("pois", |features| features[0].row.values[1] = Value::text("新饭店"));
    let tile = |tag: &str| {
        let request = server.request(&format!("/xyz/pois/{}", city::TILE));
        request.header("If-None-Match", tag).send()
    };
    server.wait_until(|| tile("").text().contains("新饭店"));
    let old = tile("").header("etag").unwrap().to_owned();
    assert_eq!(tile(&old).status, 304);
    memory.restore("test-epoch-2");
    memory.change("pois", |features| features[0].row.values[1] = Value::text("老饭店"));
    server.wait_until(|| tile("").text().contains("老饭店"));
    assert_eq!(tile(&old).status, 200, "version 2 of another life");
    assert_eq!(server.get("/health/ready").json()["epoch"], "test-epoch-2");
}

#[test]
fn a_deaf_listener_is_backed_by_looking_now_and_then() {
    let (server, memory) = serve_city("[limits]\npoll_ms = 500");
    memory.set_deaf(true);
    memory.change("pois", |features| features.truncate(1));
    server.wait_until(|| server.get("/collections/pois").json()["featureCount"] == 1);
}

#[test]
fn what_fails_is_told_to_this_machine_only() {
    let (server, memory) = serve_city("");
    memory.set_fault(Some(|| onemap_store::Error::WalHeld {
        store: "/secret/city.gpkg".into(),
    }));
    let ready = |reply: common::http::Reply| (reply.status, reply.json());
    server.wait_until(|| !server.get("/health/ready").json()["failing"].is_null());
    let (status, local) = ready(server.get("/health/ready"));
    assert_eq!(status, 200);
    assert!(
        local["failing"]
            .as_str()
            .unwrap()
            .contains("is in WAL mode and another program"),
        "{local}"
    );
    assert!(local["age_s"].as_f64().unwrap() >= 0.0);
    let (_, remote) = ready(server.get_remote("/health/ready"));
    assert_eq!(remote["failing"], "the store cannot be read");
    memory.set_fault(None);
    server.wait_until(|| server.get("/health/ready").json()["store"] == "followed");
    let metrics = server.get("/metrics").text();
    assert!(!metrics.contains("onemap_store_reconnects_total 0\n"), "{metrics}");
}

#[test]
fn a_follower_that_panics_is_seen_and_begins_anew() {
    let (server, memory) = serve_city("");
    memory.set_panics(1);
    server.wait_until(|| server.get("/health/ready").status == 503);
    assert_eq!(server.get("/health/ready").json()["status"], "faulty");
    assert_eq!(
        server.get("/collections/pois").status,
        200,
        "what was read is still served"
    );
    memory.change("pois", |features| features.truncate(1));
    server.wait_until(|| server.get("/collections/pois").json()["featureCount"] == 1);
    assert_eq!(server.get("/health/ready").status, 200);
}

#[test]
fn a_follower_that_cannot_but_panic_ends_the_server() {
    let memory = Memory::new(city::layers());
    memory.set_panics(u32::MAX);
    let mut server = Running::start(config(""), memory.opener());
    server.wait_until_ended();
    let error = server.stop().unwrap_err();
    assert!(matches!(error, onemap_tile_server::ServeError::Follower), "{error}");
}
