//! Features: pages, boxes, ids, time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Running, city, serve_city};
use serde_json::{Value, json};

fn ids(page: &Value) -> Vec<String> {
    let features = page["features"].as_array().unwrap();
    features
        .iter()
        .map(|feature| feature["id"].as_str().unwrap().to_owned())
        .collect()
}

fn link(page: &Value, rel: &str) -> Option<String> {
    let links = page["links"].as_array().unwrap();
    links
        .iter()
        .find(|link| link["rel"] == rel)
        .map(|link| link["href"].as_str().unwrap().to_owned())
}

fn follow(server: &Running, first: &str, rel: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut next = Some(format!("http://{}{first}", server.address));
    while let Some(address) = next {
        let path = address.strip_prefix(&format!("http://{}", server.address)).unwrap();
        let page = server.get(path).json();
        assert_eq!(page["numberReturned"], page["features"].as_array().unwrap().len());
        seen.extend(ids(&page));
        next = link(&page, rel);
        assert!(seen.len() < 1000, "pages end");
    }
    seen
}

#[test]
fn pages_hold_every_feature_once() {
    let (server, _) = serve_city("");
    for limit in [1, 7, 10, 36, 37, 38, 10_000] {
        let seen = follow(&server, &format!("/collections/pois/items?limit={limit}"), "next");
        assert_eq!(seen.len(), city::POIS, "limit {limit}");
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), city::POIS, "limit {limit}");
    }
    let back = follow(&server, "/collections/pois/items?limit=10&offset=30", "prev");
    assert_eq!(back.len(), city::POIS);
}

#[test]
fn a_page_counts_and_links_keep_every_parameter() {
    let (server, _) = serve_city("");
    let reply = server.get("/collections/pois/items?bbox=115,30,116,31&limit=5&offset=10&f=json");
    let page = reply.json();
    assert_eq!(
        (&page["numberMatched"], &page["numberReturned"]),
        (&json!(city::POIS), &json!(5))
    );
    assert_eq!(reply.header("ogc-numbermatched"), Some("37"));
    let next = link(&page, "next").unwrap();
    let expected = "/collections/pois/items?bbox=115,30,116,31&limit=5&f=json&version=1&after=15.test-epoch-1";
    assert_eq!(next, format!("http://{}{expected}", server.address));
    assert!(link(&page, "prev").unwrap().ends_with("&before=11.test-epoch-1"));
    assert!(
        reply
            .header("link")
            .unwrap()
            .contains(&format!("<{next}>; rel=\"next\""))
    );
    let default = server.get("/collections/pois/items").json();
    assert_eq!(default["numberReturned"], 10);
    let huge = server.get("/collections/pois/items?limit=1000000").json();
    assert_eq!(huge["numberReturned"], city::POIS);
    let beyond = server.get("/collections/pois/items?offset=99999").json();
    assert_eq!(
        (beyond["numberReturned"].clone(), link(&beyond, "next")),
        (json!(0), None)
    );
}

#[test]
fn equal_pages_have_equal_bytes_under_one_strong_tag() {
    let (server, _) = serve_city("");
    let path = "/collections/pois/items";
    let first = server.get(path);
    let tag = first.header("etag").unwrap();
    assert!(tag.starts_with('"'));
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(server.get(path).text(), first.text());
    let again = server.request(path).header("If-None-Match", tag).send();
    assert_eq!((again.status, again.header("etag")), (304, Some(tag)));
}

#[test]
fn boxes_are_exact_and_may_cross_the_antimeridian() {
    let (server, _) = serve_city("");
    let check = |layer: &str, bbox: &str, expected: &[&str]| {
        let page = server
            .get(&format!("/collections/{layer}/items?limit=100&bbox={bbox}"))
            .json();
        assert_eq!(ids(&page), expected, "{bbox}");
        assert_eq!(page["numberMatched"], expected.len());
    };
    check("pacific", "170,-1,-170,1", &["1", "2", "3"]);
    check("pacific", "179.9,-1,-179.9,1", &["3"]);
    check("pacific", "-180,-90,180,90", &["1", "2", "3", "4"]);
    check("pacific", "10,-1,-10,1", &["1", "2", "3"]);
    check("pacific", "-10,-1,10,1", &["4"]);
    check("pacific", "-10,-1,-5,10,1,5", &["4"]);
    // The road runs from corner to corner: its own box holds the middle of an edge, the road does not.
    check("roads", "115.03,30.208,115.032,30.21", &[]);
    check("roads", "115.039,30.199,115.041,30.201", &["1"]);
    server
        .get("/collections/pacific/items?bbox=1,2,3")
        .is_problem(400, "bbox");
    server
        .get("/collections/pacific/items?bbox=0,5,1,4")
        .is_problem(400, "south");
}

#[test]
fn a_feature_is_written_with_its_types() {
    let (server, _) = serve_city("");
    let page = server.get("/collections/roads/items").json();
    let road = &page["features"][0];
    assert_eq!(
        road["geometry"],
        json!({"type": "MultiLineString", "coordinates": [[[115.03, 30.19], [115.05, 30.21]]]})
    );
    assert_eq!(
        road["properties"],
        json!({"name": "人民路", "width": 12.0, "built": "1999-12-31"})
    );
    assert_eq!(page["features"][1]["geometry"], Value::Null);
    let parcel = server.get("/collections/%E5%AE%97%E5%9C%B0/items/west").json();
    let ring = json!([
        [115.041, 30.201],
        [115.042, 30.201],
        [115.042, 30.202],
        [115.041, 30.202],
        [115.041, 30.201]
    ]);
    assert_eq!(
        parcel["geometry"],
        json!({"type": "MultiPolygon", "coordinates": [[ring]]})
    );
    let row = server.get("/collections/lineage/items").json();
    assert_eq!(row["features"][0]["geometry"], Value::Null);
}

#[test]
fn an_id_may_hold_anything() {
    let (server, _) = serve_city("");
    let id = "a/b 饭店?";
    let page = server.get("/collections/pois/items?limit=100").json();
    assert!(ids(&page).contains(&id.to_owned()));
    let reply = server.get("/collections/pois/items/a%2Fb%20%E9%A5%AD%E5%BA%97%3F");
    assert_eq!(reply.json()["id"], id);
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    let own = link(&reply.json(), "self").unwrap();
    let path = own.strip_prefix(&format!("http://{}", server.address)).unwrap();
    assert_eq!(server.get(path).json()["id"], id);
    let tag = reply.header("etag").unwrap();
    assert!(!tag.starts_with("W/"));
    assert_eq!(server.request(path).header("If-None-Match", tag).send().status, 304);
    server
        .get("/collections/pois/items/nobody")
        .is_problem(404, "\"nobody\"");
}

#[test]
fn only_what_is_true_now_is_there() {
    let (server, _) = serve_city("");
    let parcels = "/collections/%E5%AE%97%E5%9C%B0";
    assert_eq!(ids(&server.get(&format!("{parcels}/items")).json()), ["west", "east"]);
    server.get(&format!("{parcels}/items/old")).is_problem(404, "\"old\"");
    server
        .get(&format!("{parcels}/items/future"))
        .is_problem(404, "\"future\"");
    let collection = server.get(parcels).json();
    assert_eq!(collection["featureCount"], 2);
    assert_eq!(collection["extent"]["temporal"]["interval"], json!([[null, null]]));
}

#[test]
fn a_collection_tells_what_it_is() {
    let (server, _) = serve_city("");
    let all = server.get("/collections").json();
    let names: Vec<_> = all["collections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["id"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["lineage", "pacific", "pois", "roads", "secret", "宗地"]);
    let pois = server.get("/collections/pois").json();
    assert_eq!(pois["storageCrs"], "http://www.opengis.net/def/crs/EPSG/0/4490");
    let systems = pois["crs"].as_array().unwrap();
    assert_eq!(
        (systems.len(), &systems[0]),
        (68, &json!("http://www.opengis.net/def/crs/OGC/1.3/CRS84"))
    );
    assert!(systems.contains(&pois["storageCrs"]));
    assert_eq!(
        (&pois["geometryType"], &pois["itemType"]),
        (&json!("Point"), &json!("feature"))
    );
    assert_eq!(pois["featureCount"], city::POIS);
    assert_eq!(
        server.get("/collections/lineage").json()["extent"]["spatial"],
        Value::Null
    );
    let reply = server.get("/collections/pois/schema");
    let at = |name: &str| reply.text().find(&format!("\"{name}\":{{")).unwrap();
    assert!(
        at("code") < at("name") && at("name") < at("stars"),
        "fields stand in the layer's order"
    );
    let schema = reply.json();
    assert_eq!(schema["properties"]["stars"]["type"], "integer");
    assert_eq!(schema["properties"]["code"]["x-ogc-role"], "id");
    assert_eq!(schema["properties"]["geom"]["format"], "geometry-point");
}
