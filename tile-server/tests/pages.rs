//! Pages: places that stay where they are whatever is written, orders, counts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::random::Random;
use common::{Running, city, serve_city};
use onemap_model::{Feature, Geometry, Value as Cell, Version};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

fn ids(page: &Value) -> Vec<String> {
    let features = page["features"].as_array().unwrap().iter();
    features
        .map(|feature| feature["id"].as_str().unwrap().to_owned())
        .collect()
}

fn link(server: &Running, page: &Value, rel: &str) -> Option<String> {
    let links = page["links"].as_array().unwrap();
    let found = links.iter().find(|link| link["rel"] == rel)?;
    let path = found["href"]
        .as_str()
        .unwrap()
        .strip_prefix(&format!("http://{}", server.address));
    Some(path.unwrap().to_owned())
}

/// All ids from a page on, by its links, and the last page.
fn follow(server: &Running, first: &str, rel: &str) -> (Vec<Vec<String>>, Value) {
    let (mut pages, mut next) = (Vec::new(), Some(first.to_owned()));
    let mut last = Value::Null;
    while let Some(path) = next {
        last = server.get(&path).json();
        assert!(last["features"].is_array(), "{path}: {last}");
        pages.push(ids(&last));
        next = link(server, &last, rel);
        assert!(pages.len() < 500, "pages end");
    }
    (pages, last)
}

fn edit(random: &mut Random, features: &mut Vec<Feature>) {
    let geometry = Geometry::point(random.between(115.03, 115.05), random.between(30.19, 30.21)).unwrap();
    match (random.below(4), features.len()) {
        (0, _) | (_, 0..20) => {
            let fid = features.iter().map(|feature| feature.fid.as_i64()).max().unwrap_or(0) + 1;
            let stars = Some(random.below(12)).filter(|stars| *stars > 0);
            let stars = stars.map_or(Cell::Null, |stars| Cell::Int(stars as i64));
            let values = vec![Cell::text(format!("n{fid}")), Cell::text("new"), stars];
            features.push(city::feature(fid, Some(geometry), values));
        }
        (1, len) => drop(features.remove(random.below(len))),
        (2, len) => features[random.below(len)].row.geometry = Some(geometry),
        (_, len) => features[random.below(len)].row.values[2] = Cell::Int(random.below(40) as i64),
    }
}

/// What a query has to give, in its order: the oracle.
fn expected(mut features: Vec<Feature>, question: &str) -> Vec<String> {
    let stars = |feature: &Feature| match feature.row.values[2] {
        Cell::Int(stars) => Some(stars),
        _ => None,
    };
    features.sort_by_key(|feature| feature.fid);
    if question.contains("sortby=-stars") {
        // A stable sort: equal ones stay in the order of their numbers.
        features.sort_by_key(|feature| (stars(feature).is_none(), stars(feature).map(|stars| -stars)));
    }
    if question.contains("filter=") {
        features.retain(|feature| stars(feature).is_some_and(|stars| stars > 5));
    }
    if question.contains("bbox=") {
        let inside = |at: onemap_model::Coord| at.x <= 115.042;
        features.retain(|feature| feature.row.geometry.iter().flat_map(Geometry::coords).all(inside));
    }
    features
        .iter()
        .map(|feature| feature.row.values[0].to_string())
        .collect()
}

#[test]
fn pages_under_concurrent_edits_neither_repeat_nor_skip() {
    let (server, memory) = serve_city("");
    let questions = [
        "limit=7",
        "limit=3&sortby=-stars",
        "limit=4&filter=stars%3E5",
        "limit=5&bbox=115,30,115.042,31",
        "limit=2&sortby=-stars&bbox=115,30,115.042,31&filter=stars%3E5",
    ];
    let (stop, edits) = (AtomicBool::new(false), memory.clone());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random::new(11);
            while !stop.load(Ordering::Relaxed) {
                edits.change("pois", |features| edit(&mut random, features));
                std::thread::sleep(std::time::Duration::from_millis(3));
            }
        });
        for round in 0..3 {
            for question in questions {
                let first = format!("/collections/pois/items?{question}");
                let (pages, last) = follow(&server, &first, "next");
                let Some(back) = link(&server, &last, "prev") else {
                    continue;
                };
                let version = back.split("version=").nth(1).unwrap().split('&').next().unwrap();
                let version = Version(version.parse().unwrap());
                let expected = expected(memory.features_at("pois", version), question);
                assert_eq!(pages.concat(), expected, "{question} in round {round}");
                assert_eq!(last["numberMatched"], expected.len(), "{question}");
                // The same pages come backwards, from the last one on.
                let (mut backwards, _) = follow(&server, &back, "prev");
                backwards.reverse();
                backwards.push(ids(&last));
                assert_eq!(backwards.concat(), expected, "{question} backwards");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_page_of_what_was_needs_no_store_and_one_of_another_life_is_gone() {
    let (server, memory) = serve_city("");
    let first = server.get("/collections/pois/items?limit=10").json();
    let next = link(&server, &first, "next").unwrap();
    memory.change("pois", |features| features.clear());
    server.wait_until(|| server.get("/collections/pois").json()["featureCount"] == 0);
    memory.set_broken(true);
    let (rest, last) = follow(&server, &next, "next");
    assert_eq!(ids(&first).len() + rest.concat().len(), city::POIS);
    assert_eq!(last["numberMatched"], city::POIS);
    memory.set_broken(false);
    memory.restore("another-life-2");
    server.wait_until(|| {
        server.get("/collections/pois/items?limit=10").json()["numberMatched"] == 0 && server.get(&next).status == 410
    });
    server.get(&next).is_problem(410, "restored");
}

#[test]
fn a_pinned_version_that_was_pruned_is_gone() {
    let (server, memory) = serve_city("");
    // Nobody was given a page of the version that is asked for, so the store would have to know.
    memory.change("pois", |features| features.truncate(20));
    memory.change("pois", |features| features.truncate(19));
    server.wait_until(|| server.get("/collections/pois").json()["featureCount"] == 19);
    memory.prune(Version(3));
    let path = "/collections/pois/items?limit=5&version=2&after=5";
    server.get(path).is_problem(410, "the oldest is 3");
}

#[test]
fn the_pages_of_a_quiet_layer_stay_the_same_while_others_change() {
    let (server, memory) = serve_city("");
    let path = "/collections/pois/items?limit=10";
    let first = server.get(path);
    memory.change("roads", |features| features.truncate(1));
    server.wait_until(|| server.get("/health/ready").json()["version"] == 2);
    let again = server
        .request(path)
        .header("If-None-Match", first.header("etag").unwrap())
        .send();
    assert_eq!(again.status, 304);
    memory.set_broken(true);
    let next = link(&server, &first.json(), "next").unwrap();
    assert_eq!(server.get(&next).status, 200, "it is what it is now");
}

#[test]
fn features_are_sorted_by_type_nulls_last_and_equal_ones_by_number() {
    let (server, memory) = serve_city("");
    memory.change("pois", |features| {
        features.truncate(6);
        for (at, stars) in [3, 10, 3, 2].into_iter().enumerate() {
            features[at].row.values[2] = Cell::Int(stars);
        }
        features[4].row.values[2] = Cell::Null;
        features[5].row.values[2] = Cell::Null;
        features[5].row.values[1] = Cell::text("A");
    });
    server.wait_until(|| server.get("/collections/pois").json()["featureCount"] == 6);
    let check = |sortby: &str, expected: &[&str]| {
        for limit in [1, 2, 5, 6, 100] {
            let path = format!("/collections/pois/items?limit={limit}&sortby={sortby}");
            let (pages, _) = follow(&server, &path, "next");
            assert_eq!(pages.concat(), expected, "{sortby} {limit}");
            let skipped = server.get(&format!("{path}&offset=2")).json();
            let rest = &expected[2..expected.len().min(2 + limit)];
            assert_eq!(ids(&skipped), rest, "{sortby} {limit} offset");
        }
    };
    let odd = "a/b 饭店?";
    check("stars", &["p3", "p0", "p2", "p1", "p4", odd]);
    check("+stars", &["p3", "p0", "p2", "p1", "p4", odd]);
    check("%2Bstars", &["p3", "p0", "p2", "p1", "p4", odd]);
    check("-stars", &["p1", "p0", "p2", "p3", "p4", odd]);
    check("-stars,-fid", &["p1", "p2", "p0", "p3", odd, "p4"]);
    check("name,stars", &[odd, "p0", "p1", "p2", "p3", "p4"]);
    check("-id", &["p4", "p3", "p2", "p1", "p0", odd]);
    let items = "/collections/pois/items";
    server
        .get(&format!("{items}?sortby=x"))
        .is_problem(400, "expected code, name, stars");
    server.get(&format!("{items}?sortby=geom")).is_problem(400, "sortby");
    server.get(&format!("{items}?sortby=")).is_problem(400, "sortby");
    let sortables = server.get("/collections/pois/sortables").json();
    assert_eq!(sortables["properties"]["stars"]["type"], "integer");
    assert_eq!(sortables["properties"]["geom"], Value::Null);
}

#[test]
fn places_that_are_none_are_refused() {
    let (server, _) = serve_city("");
    let check = |query: &str, why: &str| {
        server
            .get(&format!("/collections/pois/items?{query}"))
            .is_problem(400, why)
    };
    check("after=x", "after");
    check("after=0", "after");
    check("after=+1", "after");
    check("after=1.test-epoch-1&before=9.test-epoch-1", "exclude each other");
    check("before=9&offset=2", "exclude each other");
    check("sortby=name&after=4000", "4000");
    let page = server.get("/collections/pois/items?after=30&limit=100").json();
    assert_eq!(page["numberReturned"], 7);
    assert_eq!(page["numberMatched"], city::POIS, "all pages together");
    let page = server.get("/collections/pois/items?before=4&limit=2").json();
    assert_eq!(ids(&page), ["p1", "p2"]);
    let page = server
        .get("/collections/pacific/items?bbox=170,-1,-170,1&limit=2")
        .json();
    assert_eq!(
        (ids(&page), &page["numberMatched"]),
        (vec!["1".into(), "2".into()], &json!(3))
    );
    let (rest, _) = follow(&server, &link(&server, &page, "next").unwrap(), "next");
    assert_eq!(rest.concat(), ["3"]);
}
