//! Filters over HTTP: pages, tiles, what they may name, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::http::Reply;
use common::{Running, city, serve_city};
use onemap_model::Value as Cell;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::time::Instant;

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn filtered(server: &Running, layer: &str, filter: &str, more: &str) -> Reply {
    let filter = encoded(filter);
    server.get(&format!("/collections/{layer}/items?filter={filter}{more}"))
}

fn ids(page: &Value) -> Vec<&str> {
    let features = page["features"].as_array().unwrap().iter();
    features.map(|feature| feature["id"].as_str().unwrap()).collect()
}

#[test]
fn a_page_has_what_the_filter_accepts_and_counts_all_of_it() {
    let (server, _) = serve_city("");
    let check = |filter: &str, more: &str, matched: u64, returned: &[&str]| {
        let reply = filtered(&server, "pois", filter, more);
        let page = reply.json();
        assert_eq!(page["numberMatched"], matched, "{filter}: {}", reply.text());
        assert_eq!(reply.header("ogc-numbermatched").unwrap(), matched.to_string());
        assert_eq!(ids(&page), returned, "{filter}");
    };
    check("stars >= 35", "", 2, &["p35", "p36"]);
    check("stars BETWEEN 10 AND 29", "&limit=2", 20, &["p10", "p11"]);
    check("stars BETWEEN 10 AND 29", "&limit=2&offset=18", 20, &["p28", "p29"]);
    check("name LIKE '第1_饭店' AND stars <> 10", "&limit=1", 9, &["p11"]);
    check("id = 'a/b 饭店?'", "", 1, &["a/b 饭店?"]);
    check("stars > 100", "", 0, &[]);
    // The box narrows the filter, and the filter's own box the search.
    check("stars > 2", "&bbox=115.04,30.2,115.04055,30.21", 2, &["p3", "p4"]);
    check(
        "S_INTERSECTS(geom, BBOX(115.04, 30.2, 115.04025, 30.21))",
        "",
        2,
        &["p0", "p1"],
    );
    check(
        "S_INTERSECTS(geom, BBOX(115.04, 30.2, 115.04025, 30.21)) OR stars = 7",
        "",
        3,
        &["p0", "p1", "p7"],
    );
    check(
        r#"{"op":"<","args":[{"property":"stars"},2]}"#,
        "&filter-lang=cql2-json",
        2,
        &["p0", "p1"],
    );
    check("stars < 2", "&filter-lang=cql-text", 2, &["p0", "p1"]);
    let swapped = "S_WITHIN(geom, BBOX(30.2, 115.04, 30.21, 115.04025))";
    for code in [4326, 4490] {
        let system = format!("&filter-crs=http://www.opengis.net/def/crs/EPSG/0/{code}");
        check(swapped, &system, 2, &["p0", "p1"]);
    }
}

#[test]
fn the_links_of_a_page_keep_the_filter() {
    let (server, _) = serve_city("");
    let page = filtered(&server, "pois", "stars > 1 AND name <> 'x'", "&limit=20").json();
    let links = page["links"].as_array().unwrap();
    let next = links.iter().find(|link| link["rel"] == "next").unwrap();
    let address = next["href"].as_str().unwrap();
    let path = address.strip_prefix(&format!("http://{}", server.address)).unwrap();
    let rest = server.get(path).json();
    assert_eq!(
        (&rest["numberMatched"], &rest["numberReturned"]),
        (&Value::from(35), &Value::from(15))
    );
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let (server, _) = serve_city("");
    let refused = |filter: &str, more: &str, says: &str| {
        filtered(&server, "pois", filter, more).is_problem(400, says);
    };
    refused("stars >", "", "filter, character 8: found the end");
    refused(
        "starts > 3",
        "",
        "layer \"pois\": filter, character 1: there is no property \"starts\"; there are code, name",
    );
    refused("stars > 'a'", "", "cannot be compared");
    refused(
        "stars = 1",
        "&filter-lang=sql",
        "filter-lang: \"sql\" is not known: expected cql2-text, cql2-json",
    );
    refused(
        "stars = 1",
        "&filter-crs=EPSG:2383",
        "filter-crs: \"EPSG:2383\" is not known",
    );
    refused("{\"op\":\"=\"", "&filter-lang=cql2-json", "no JSON");
    // A hidden layer has no fields to be found out.
    let secret = format!("/collections/secret/items?filter={}", encoded("what = 'bunker'"));
    server.get_remote(&secret).is_problem(404, "secret");
    assert_eq!(server.get(&secret).json()["numberMatched"], 1);
}

#[test]
fn a_flood_is_refused_at_once() {
    let (server, _) = serve_city("");
    let size = 43 << 10;
    for (filter, more) in [
        ("(".repeat(size), ""),
        ("((stars=1)AND".repeat(size / 13) + "stars=1", ""),
        ("NOT+".repeat(size / 4) + "stars=1", ""),
        ("[".repeat(size), "&filter-lang=cql2-json"),
    ] {
        let begun = Instant::now();
        let reply = server.get(&format!("/collections/pois/items?filter={filter}{more}"));
        reply.is_problem(400, "nested deeper than");
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }
    let reply = server.get(&format!(
        "/collections/pois/items?filter={}1",
        "stars=1+OR+".repeat(3800)
    ));
    reply.is_problem(400, "more than 10000");
}

#[test]
fn a_long_filter_is_answered_without_a_head_that_clients_refuse() {
    let (server, _) = serve_city("");
    let all: Vec<String> = (0..9000).map(|number| (number % 10).to_string()).collect();
    let page = server.get(&format!("/collections/pois/items?filter=stars+IN+({})", all.join(",")));
    assert_eq!(page.json()["numberMatched"], 10);
    assert_eq!(page.header("link"), None);
}

#[test]
fn a_tile_has_what_the_filter_accepts_and_is_kept_by_it() {
    let (server, memory) = serve_city("");
    let tile = |filter: &str| {
        let reply = server.get(&format!("/xyz/pois/{}?filter={}", city::TILE, encoded(filter)));
        assert!([200, 204].contains(&reply.status), "{}", reply.text());
        reply
    };
    let (all, some, none) = (tile("TRUE"), tile("stars < 5"), tile("stars > 99"));
    let whole = server.get(&format!("/xyz/pois/{}", city::TILE));
    assert_eq!(all.body, whole.body);
    assert!(!some.body.is_empty() && some.body.len() < whole.body.len());
    assert_eq!((none.status, none.body.len()), (204, 0));
    // The same again, from the cache; and said otherwise.
    assert_eq!(tile("stars < 5").body, some.body);
    assert_eq!(tile("(stars<5)").header("etag"), some.header("etag"));
    assert_eq!(server.get(&format!("/xyz/pois/{}", city::TILE)).body, whole.body);
    // An edit in the tile is seen through every filter.
    memory.change("pois", |features| features[9].row.values[2] = Cell::Int(1));
    server.wait_until(|| tile("stars < 5").body != some.body);
    assert!(tile("stars < 5").body.len() > some.body.len());
}

#[test]
fn every_route_of_tiles_takes_a_filter_that_fits_all_its_layers() {
    let (server, _) = serve_city("");
    let filter = encoded("name LIKE '第1%'");
    let [z, x, y] = city::TILE.split('/').collect::<Vec<_>>()[..] else {
        panic!("a tile has three parts")
    };
    let by_layer = server.get(&format!(
        "/collections/pois/tiles/WebMercatorQuad/{z}/{y}/{x}?filter={filter}"
    ));
    let by_list = server.get(&format!(
        "/tiles/WebMercatorQuad/{z}/{y}/{x}?collections=pois&filter={filter}"
    ));
    let by_xyz = server.get(&format!("/xyz/pois/{z}/{x}/{y}?filter={filter}"));
    assert_eq!((by_layer.status, &by_layer.body), (200, &by_list.body));
    assert_eq!(by_layer.body, by_xyz.body);
    // Both have a name; only one has stars.
    assert_eq!(
        server.get(&format!("/xyz/roads,pois/{z}/{x}/{y}?filter={filter}")).body,
        by_xyz.body
    );
    let stars = encoded("stars = 1");
    server
        .get(&format!("/xyz/pois,roads/{z}/{x}/{y}?filter={stars}"))
        .is_problem(
            400,
            "layer \"roads\": filter, character 1: there is no property \"stars\"",
        );
    // Too long to be kept, but not to be asked.
    let long = encoded(&format!("name LIKE '第1%' AND name <> '{}'", "长".repeat(600)));
    assert_eq!(
        server.get(&format!("/xyz/pois/{z}/{x}/{y}?filter={long}")).body,
        by_xyz.body
    );
}

#[test]
fn queryables_are_what_a_filter_may_name() {
    let (server, _) = serve_city("");
    let reply = server.get("/collections/pois/queryables");
    assert_eq!(reply.header("content-type"), Some("application/schema+json"));
    let schema = reply.json();
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["additionalProperties"], false);
    let properties = schema["properties"].as_object().unwrap();
    let mut names: Vec<_> = properties.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["code", "fid", "geom", "id", "name", "stars", "valid_from", "valid_to"]
    );
    assert_eq!(properties["geom"]["format"], "geometry-point");
    assert_eq!(properties["stars"]["type"], "integer");
    for name in names {
        assert_eq!(
            filtered(&server, "pois", &format!("{name} IS NULL"), "").status,
            200,
            "{name}"
        );
    }
    let collection = server.get("/collections/pois").json();
    let links = collection["links"].as_array().unwrap();
    let link = links
        .iter()
        .find(|link| link["rel"].as_str().unwrap().ends_with("/queryables"))
        .unwrap();
    assert_eq!(
        link["href"],
        format!("http://{}/collections/pois/queryables", server.address)
    );
    assert_eq!(
        server.get("/collections/lineage/queryables").json()["properties"]["geom"],
        Value::Null
    );
    server
        .get_remote("/collections/secret/queryables")
        .is_problem(404, "secret");
}
