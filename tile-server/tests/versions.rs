//! Time travel: what was, what is not there yet, and what is no longer kept.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::random::Random;
use common::{Running, city, serve_city};
use onemap_model::{Fid, Geometry, Value, Version};
use std::time::{Duration, Instant};

const PATHS: [&str; 6] = [
    "/xyz/pois,roads/14/13427/6749",
    "/collections/pois/tiles/CGCS2000Quad/14/2721/13427",
    "/tiles/WebMercatorQuad/10/421/839?collections=roads,pois",
    "/collections/pois/items?limit=1000",
    "/collections/roads/items?bbox=115,30,115.05,30.205",
    "/collections/pois/items/p3",
];

fn with(path: &str, parameter: &str) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}{parameter}")
}

/// What an answer says, without the links, which name the version that was asked for.
fn content(server: &Running, path: &str) -> (u16, String) {
    let reply = server.get(path);
    if !path.contains("/items") || reply.status != 200 {
        return (reply.status, format!("{:?}", reply.body));
    }
    let mut page = reply.json();
    page.as_object_mut().unwrap().remove("links");
    (reply.status, page.to_string())
}

fn edit(random: &mut Random, features: &mut Vec<onemap_model::Feature>) {
    let mut point = || Geometry::point(random.between(115.03, 115.05), random.between(30.19, 30.21)).unwrap();
    let geometry = point();
    match (random.below(4), features.len()) {
        (0, _) | (_, 0..3) => {
            let fid = features.iter().map(|feature| feature.fid.as_i64()).max().unwrap_or(0) + 1;
            let values = vec![Value::text(format!("n{fid}")), Value::text("new"), Value::Int(fid)];
            features.push(city::feature(fid, Some(geometry), values));
        }
        (1, len) => drop(features.remove(random.below(len))),
        (2, len) => features[random.below(len)].row.geometry = Some(geometry),
        (_, len) => features[random.below(len)].row.values[1] = Value::text(format!("name {}", random.number())),
    }
}

#[test]
fn every_version_is_as_it_was_when_it_was_the_newest() {
    let (server, memory) = serve_city("");
    let mut random = Random::new(7);
    let look = || PATHS.map(|path| content(&server, path));
    let mut seen = vec![(Version(1), look())];
    for round in 0..12 {
        let version = match round {
            5 => memory.redefine("pois", |layer| layer.title = "Points".into()),
            8 => memory.change("pois", |features| features.clear()),
            _ => memory.change("pois", |features| edit(&mut random, features)),
        };
        server.wait_until(|| server.get("/health/ready").json()["version"] == version.0);
        seen.push((version, look()));
    }
    for _ in 0..2 * seen.len() {
        let (version, expected) = &seen[random.below(seen.len())];
        for (path, expected) in PATHS.iter().zip(expected) {
            let path = with(path, &format!("version={version}"));
            assert_eq!(content(&server, &path), *expected, "{path}");
        }
    }
}

#[test]
fn pages_of_a_version_lead_to_pages_of_that_version() {
    let (server, memory) = serve_city("");
    let first = server.get("/collections/pois/items?limit=10&version=1").json();
    memory.change("pois", |features| features.clear());
    server.wait_until(|| server.get("/collections/pois").json()["featureCount"] == 0);
    let mut seen = 0;
    let mut page = first;
    loop {
        assert_eq!(page["numberMatched"], city::POIS);
        seen += page["features"].as_array().unwrap().len();
        let links = page["links"].as_array().unwrap();
        let Some(next) = links.iter().find(|link| link["rel"] == "next") else {
            break;
        };
        let next = next["href"].as_str().unwrap();
        page = server
            .get(next.strip_prefix(&format!("http://{}", server.address)).unwrap())
            .json();
    }
    assert_eq!(seen, city::POIS);
    let item = server.get("/collections/pois/items/p1?version=1").json();
    assert!(
        item["links"][0]["href"]
            .as_str()
            .unwrap()
            .ends_with("/items/p1?version=1")
    );
}

#[test]
fn a_version_is_made_once_however_many_ask() {
    let (server, memory) = serve_city("");
    memory.redefine("pois", |layer| layer.title = "Points".into());
    server.wait_until(|| server.get("/collections/pois").json()["title"] == "Points");
    memory.set_slow(Duration::from_millis(300));
    let before = memory.read_whole();
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| assert_eq!(server.get("/collections/pois/items?version=1").status, 200));
        }
    });
    assert_eq!(memory.read_whole(), before + 1);
}

#[test]
fn versions_that_are_no_longer_or_not_yet_there_are_refused_with_the_reason() {
    let (server, memory) = serve_city("");
    memory.change("pois", |features| features.truncate(2));
    memory.change("pois", |features| features.truncate(1));
    server.wait_until(|| server.get("/collections/pois").json()["featureCount"] == 1);
    memory.prune(Version(2));
    let tile = |version: &str| server.get(&format!("/xyz/pois/{}?version={version}", city::TILE));
    tile("1").is_problem(410, "the oldest is 2");
    tile("4").is_problem(404, "the newest is 3");
    tile("99999999999999999999999").is_problem(404, "the newest is 3");
    for bad in ["", "-1", "x", "1.5", "+1"] {
        tile(bad).is_problem(400, "version: ");
    }
    assert_eq!((tile("2").status, tile("3").status), (200, 200));
    server
        .get("/collections?version=2")
        .is_problem(400, "unknown parameter");
    memory.set_broken(true);
    assert_eq!(tile("2").status, 200, "it is kept");
    let unknown = server.get("/collections/pois/items/p0?version=1");
    unknown.is_problem(503, "store");
    assert_eq!(unknown.header("retry-after"), Some("1"));
}

#[test]
fn the_past_shows_no_more_than_the_present_may() {
    let (server, memory) = serve_city("");
    let remote = |path: &str| server.get_remote(path).status;
    let hidden = memory.redefine("pois", |layer| layer.access = onemap_model::Access::Restricted);
    let gone = memory.remove("pacific");
    let opened = memory.redefine("secret", |layer| layer.access = onemap_model::Access::Public);
    server.wait_until(|| server.get("/health/ready").json()["version"] == opened.0);
    for version in 1..=opened.0 {
        let items = |layer: &str| remote(&format!("/collections/{layer}/items?version={version}"));
        let tile = remote(&format!("/xyz/pois/{}?version={version}", city::TILE));
        assert_eq!((items("pois"), tile), (404, 404), "public once, hidden now");
        assert_eq!(items("pacific"), 404, "nobody says any more who may see it");
        assert_eq!(items("roads"), 200);
        assert_eq!(items("secret") == 200, version >= opened.0, "public now, hidden then");
    }
    let local = |version: Version, layer: &str| {
        server
            .get(&format!("/collections/{layer}/items?version={version}"))
            .status
    };
    assert_eq!(
        (
            local(hidden, "pois"),
            local(Version(1), "pacific"),
            local(gone, "pacific")
        ),
        (200, 200, 404)
    );
    let answer = server.get(&format!("/xyz/pois/{}?version=1", city::TILE));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert!(answer.header("cache-control").unwrap().starts_with("private"));
}

#[test]
fn who_wants_a_version_waits_for_it_and_never_sees_an_older_one() {
    let (server, memory) = serve_city("");
    for round in 1..20 {
        let version = memory.change("pois", |features| features[0].row.values[2] = Value::Int(round));
        let path = format!("/collections/pois/items/p0?min-version={version}");
        assert_eq!(server.get_when_there(&path).json()["properties"]["stars"], round);
    }
    memory.set_slow(Duration::from_millis(300));
    let version = memory.redefine("roads", |layer| layer.title = "Streets".into());
    let path = format!("/collections/roads?min-version={version}");
    let reply = server.get_when_there(&path);
    assert_eq!(reply.json()["title"], "Streets", "it waited for the reload");
}

#[test]
fn a_version_that_does_not_come_is_told_after_a_second() {
    let (server, memory) = serve_city("");
    let begun = Instant::now();
    let paths = [
        format!("/xyz/pois/{}?min-version=2", city::TILE),
        "/collections/pois/items?min-version=2".into(),
        "/collections?min-version=2".into(),
        "/styles/basemap?min-version=99999999999999999999999".into(),
    ];
    std::thread::scope(|scope| {
        for path in &paths {
            scope.spawn(|| {
                let reply = server.get(path);
                reply.is_problem(503, "the newest is 1");
                assert_eq!(reply.header("retry-after"), Some("1"));
            });
        }
    });
    assert!(begun.elapsed() >= Duration::from_secs(1));
    server
        .get("/collections?min-version=x")
        .is_problem(400, "min-version: \"x\"");
    assert_eq!(server.get("/collections?min-version=1").status, 200);
    memory.change("pois", |features| {
        features.retain(|feature| feature.fid != Fid::new(1).unwrap())
    });
    assert_eq!(server.get_when_there(&paths[0]).status, 200);
}
