//! Every route answers as the contract says, and no address, however strange, gets more than a problem document.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{city, serve_city};
use serde_json::{Value, json};

#[test]
fn every_route_answers_with_its_media_type() {
    let (server, _) = serve_city("");
    let geojson = "application/geo+json";
    let mvt = "application/vnd.mapbox-vector-tile";
    let json = "application/json";
    let parcels = "/collections/%E5%AE%97%E5%9C%B0";
    let rows = [
        ("/".to_owned(), json),
        ("/conformance".into(), json),
        ("/api".into(), "application/vnd.oai.openapi+json;version=3.0"),
        ("/collections".into(), json),
        (parcels.into(), json),
        (format!("{parcels}/schema"), "application/schema+json"),
        (format!("{parcels}/items"), geojson),
        (format!("{parcels}/items/west"), geojson),
        (format!("{parcels}/aggregate"), json),
        (format!("{parcels}/overlay/roads"), json),
        (format!("{parcels}/tiles"), json),
        (format!("{parcels}/tiles/WebMercatorQuad"), json),
        (format!("{parcels}/tiles/WebMercatorQuad/14/6749/13427"), mvt),
        (format!("{parcels}/tiles/CGCS2000Quad/14/2721/13427"), mvt),
        ("/tileMatrixSets".into(), json),
        ("/tileMatrixSets/CGCS2000Quad".into(), json),
        ("/tiles".into(), json),
        ("/tiles?collections=roads,pois".into(), json),
        ("/tiles/CGCS2000Quad".into(), json),
        (
            "/tiles/WebMercatorQuad/14/6749/13427?collections=roads,pois".into(),
            mvt,
        ),
        ("/tiles/WebMercatorQuad/14/6749/13427".into(), mvt),
        (format!("/xyz/roads/{}", city::TILE), mvt),
        (format!("/xyz/roads,%E5%AE%97%E5%9C%B0/{}.mvt", city::TILE), mvt),
        (format!("/xyz/basemap/{}.mvt", city::TILE), mvt),
        ("/xyz/basemap.json".into(), json),
        ("/xyz/roads,pois.json".into(), json),
        ("/changes".into(), json),
        ("/styles".into(), json),
        ("/styles/basemap".into(), json),
        ("/health/live".into(), json),
        ("/health/ready".into(), json),
        ("/metrics".into(), "text/plain; version=0.0.4; charset=utf-8"),
    ];
    for (path, media_type) in rows {
        let reply = server.get(&path);
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some(media_type)),
            "{path}: {}",
            reply.text()
        );
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        let head = server.request(&path).method("HEAD").send();
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-type"), Some(media_type), "{path}");
        let options = server.request(&path).method("OPTIONS").send();
        assert_eq!(
            (options.status, options.header("allow")),
            (204, Some("GET, HEAD, OPTIONS")),
            "{path}"
        );
        let post = server
            .request(&path)
            .method("POST")
            .header("Content-Length", "0")
            .send();
        post.is_problem(405, "GET");
        assert_eq!(post.header("allow"), Some("GET, HEAD, OPTIONS"), "{path}");
    }
}

#[test]
fn the_api_describes_every_path_and_can_be_read() {
    let (server, _) = serve_city("");
    let api = server.get("/api").json();
    assert_eq!(api["openapi"], "3.0.3");
    let paths = api["paths"].as_object().unwrap();
    for path in [
        "/collections/{collectionId}/items",
        "/xyz/{layers}/{z}/{x}/{y}",
        "/health/ready",
        "/map/{file}",
    ] {
        let operation = &paths[path]["get"];
        assert!(operation["operationId"].is_string(), "{path}");
    }
    let mut ids: Vec<_> = paths
        .values()
        .map(|path| path["get"]["operationId"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    let many = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), many, "operation ids are unique");
    for (path, item) in paths {
        let inside = path.matches('{').count();
        let parameters = item["get"]["parameters"].as_array().unwrap();
        assert_eq!(
            parameters.iter().filter(|parameter| parameter["in"] == "path").count(),
            inside,
            "{path}"
        );
    }
    let of = |path: &str, name: &str| {
        let all = paths[path]["get"]["parameters"].as_array().unwrap();
        let found = all.iter().find(|parameter| parameter["name"] == name);
        found.unwrap_or_else(|| panic!("{path} has no {name}")).clone()
    };
    let template = "/collections/{collectionId}/items";
    let limit = of(template, "limit");
    let schema = json!({"type": "integer", "minimum": 1, "maximum": 10_000, "default": 10});
    assert_eq!(
        (&limit["schema"], &limit["style"], &limit["explode"]),
        (&schema, &json!("form"), &json!(false))
    );
    for name in [
        "bbox",
        "datetime",
        "crs",
        "bbox-crs",
        "filter",
        "filter-lang",
        "filter-crs",
        "sortby",
        "properties",
    ] {
        of(template, name);
    }
    let layers = of(template, "collectionId")["schema"]["enum"].clone();
    assert_eq!(layers.as_array().unwrap().len(), 6);
    // GDAL takes what it may filter by from here.
    let stars = of("/collections/pois/items", "stars");
    assert_eq!(
        (&stars["in"], &stars["schema"]["type"], &stars["style"]),
        (&json!("query"), &json!("integer"), &json!("form"))
    );
    assert_eq!(server.get("/collections/pois/items?stars=3").json()["numberMatched"], 1);
    let answers = |path: &str| {
        paths[path]["get"]["responses"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        answers(template),
        ["200", "304", "400", "404", "406", "410", "414", "500", "503"]
    );
    assert_eq!(answers("/health/live"), ["200", "400", "414", "500"]);
}

/// A class stands for something that can be tried.
#[test]
fn what_is_claimed_can_be_had() {
    let (server, _) = serve_city("");
    let claimed = server.get("/conformance").json();
    let claims = |part: &str| {
        claimed["conformsTo"]
            .as_array()
            .unwrap()
            .iter()
            .any(|class| class.as_str().unwrap().ends_with(part))
    };
    let rows = [
        (
            "features-1/1.0/conf/core",
            "/collections/pois/items?bbox=115,30,116,31&datetime=2024-01-01T00:00:00Z&limit=1",
        ),
        ("features-1/1.0/conf/html", "/collections/pois/items?f=html"),
        (
            "features-2/1.0/conf/crs",
            "/collections/pois/items?crs=http://www.opengis.net/def/crs/EPSG/0/4490",
        ),
        (
            "features-3/1.0/conf/features-filter",
            "/collections/pois/items?filter=stars%3E3&filter-lang=cql2-text",
        ),
        (
            "features-3/1.0/conf/cql-text",
            "/collections/pois/items?filter=stars%3E3&filter-lang=cql-text",
        ),
        (
            "features-3/1.0/conf/queryables-query-parameters",
            "/collections/pois/items?stars=3",
        ),
        ("features-5/1.0/conf/sortables", "/collections/pois/items?sortby=-stars"),
        ("features-5/1.0/conf/schemas", "/collections/pois/schema"),
        (
            "tiles-1/1.0/conf/collections-selection",
            "/tiles/WebMercatorQuad/14/6749/13427?collections=roads,pois",
        ),
        (
            "tiles-1/1.0/conf/geodata-tilesets",
            "/collections/pois/tiles/CGCS2000Quad",
        ),
    ];
    for (class, path) in rows {
        assert!(claims(class), "{class}");
        let reply = server.get(path);
        assert_eq!(reply.status, 200, "{class}: {}", reply.text());
    }
}

/// OGC API Features, part 1, requirements 28 and 31: links to a page and to a feature in every other form.
#[test]
fn pages_and_features_link_to_their_other_forms() {
    let (server, _) = serve_city("");
    let others = |path: &str| {
        let all = links(&server.get(path).json());
        let others = all.iter().filter(|link| link["rel"] == "alternate");
        let named = others.map(|link| {
            let query = link["href"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
            (link["type"].as_str().unwrap().to_owned(), query)
        });
        named.collect::<Vec<_>>()
    };
    let page = others("/collections/pois/items?limit=3&properties=name");
    let types: Vec<_> = page
        .iter()
        .map(|(media_type, _)| media_type.split(';').next().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "application/geo+json-seq",
            "application/x-ndjson",
            "text/csv",
            "application/flatgeobuf",
            "application/vnd.apache.parquet",
            "application/geopackage+sqlite3",
            "application/zip",
            "text/html"
        ]
    );
    assert!(
        page.iter()
            .all(|(_, query)| query.starts_with("limit=3&properties=name&f=")),
        "{page:?}"
    );
    let feature = others("/collections/%E5%AE%97%E5%9C%B0/items/west?crs=EPSG:4490");
    assert_eq!(feature.len(), 1);
    assert!(
        feature[0].0.starts_with("text/html") && feature[0].1 == "f=html&crs=EPSG%3A4490",
        "{feature:?}"
    );
    let html = server.get("/collections/pois/items?f=html&limit=3").text();
    assert!(html.contains("f=json") && html.contains("<svg"), "{html}");
}

#[test]
fn the_map_with_a_slash_behind_it_leads_to_the_map() {
    let (server, _) = serve_city("");
    let reply = server.get("/map/?lang=en");
    assert_eq!((reply.status, reply.header("location")), (308, Some("../map?lang=en")));
}

#[test]
fn every_link_says_what_it_leads_to_and_does() {
    let (server, _) = serve_city("");
    for path in [
        "/",
        "/conformance",
        "/collections",
        "/collections/pois",
        "/tiles",
        "/collections/pois/tiles",
        "/collections/pois/tiles/WebMercatorQuad",
        "/tileMatrixSets",
        "/styles",
        "/collections/pois/items?limit=3&datetime=../..",
        "/collections/%E5%AE%97%E5%9C%B0/items/west?crs=EPSG:4490",
    ] {
        for link in links(&server.get(path).json()) {
            let (href, kind) = (link["href"].as_str().unwrap(), link["type"].as_str().unwrap());
            assert!(link["rel"].is_string() && link["title"].is_string(), "{link}");
            if link["templated"] == true || href.contains("/map") {
                continue;
            }
            let reached = href.strip_prefix(&format!("http://{}", server.address)).unwrap();
            let reply = server.get(if reached.is_empty() { "/" } else { reached });
            let given = reply.header("content-type").unwrap();
            assert!(
                reply.status == 200 && given.starts_with(kind),
                "{href} on {path}: {given}"
            );
        }
    }
}

/// All objects in `links` members, wherever they stand.
fn links(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(links).collect(),
        Value::Object(members) => {
            let own = members
                .get("links")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            own.into_iter().chain(members.values().flat_map(links)).collect()
        }
        _ => vec![],
    }
}

#[test]
fn a_browser_gets_a_page_and_a_program_json() {
    let (server, _) = serve_city("");
    let browser = server
        .request("/")
        .header("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
        .send();
    assert_eq!(browser.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(browser.text().contains("/map\""));
    assert!(browser.header("vary").unwrap().contains("Accept,"));
    assert_eq!(
        server.get("/?f=html").header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(server.get("/?f=json").header("content-type"), Some("application/json"));
    let rels: Vec<_> = server.get("/").json()["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["rel"].clone())
        .collect();
    for rel in ["self", "service-desc", "conformance", "data"] {
        assert!(rels.contains(&rel.into()), "{rel}");
    }
}

#[test]
fn what_is_not_there_is_a_problem_that_names_it() {
    let (server, _) = serve_city("");
    server.get("/nothing").is_problem(404, "/api");
    server.get("/collections/nothing").is_problem(404, "\"nothing\"");
    server.get("/collections/%E6%97%A0").is_problem(404, "\"无\"");
    server.get("/collections/Roads").is_problem(404, "\"Roads\"");
    server
        .get("/tileMatrixSets/x")
        .is_problem(404, "WebMercatorQuad, CGCS2000Quad");
    server
        .get("/collections/roads/items?bogus=1")
        .is_problem(400, "\"bogus\"");
    server
        .get("/collections/roads/items?limit=1&limit=2")
        .is_problem(400, "twice");
    server.get("/collections?f=xml").is_problem(400, "\"xml\"");
    server.get("/xyz/roads/1/2").is_problem(404, "");
    server.get("/xyz/roads").is_problem(404, ".json");
    server.get("/xyz/lineage.json").is_problem(404, "no geometry");
    server.get("/styles/x").is_problem(404, "basemap");
    server.get("/sprites/x.png").is_problem(404, "x.png");
    server
        .get("/fonts/No%20Such%20Font/0-255.pbf")
        .is_problem(404, "No Such Font");
    server.get("/fonts/x/none.pbf").is_problem(400, "none.pbf");
    server
        .request("/")
        .header("Accept-Encoding", "identity;q=0")
        .send()
        .is_problem(406, "Accept-Encoding");
}

#[test]
fn no_address_gets_more_than_a_problem() {
    let (server, _) = serve_city("");
    let long = "a".repeat(9000);
    let many = "roads,".repeat(1000);
    let deep = "/a".repeat(2000);
    let paths = [
        format!("/{long}"),
        format!("/collections/{long}"),
        format!("/collections?f={long}"),
        format!("/xyz/{many}roads.json"),
        deep,
        "/collections/%ff".into(),
        "/collections/%00".into(),
        "/collections/%".into(),
        "/collections/%2e%2e%2f".into(),
        "/collections//items".into(),
        "/collections/".into(),
        "/collections/roads/items/".into(),
        "/collections/roads/items/%F0%9F%97%BA".into(),
        "/collections/roads/items/18446744073709551616".into(),
        "/collections/roads/items?bbox=NaN,NaN,NaN,NaN".into(),
        "/collections/roads/items?bbox=1e999,0,1,1".into(),
        "/collections/roads/items?limit=-1".into(),
        "/collections/roads/items?limit=99999999999999999999".into(),
        "/collections/roads/items?limit=0".into(),
        "/collections/roads/items?%ff=1".into(),
        "/xyz/roads/99/0/0".into(),
        "/xyz/roads/-1/0/0".into(),
        "/xyz/roads/1e1/0/0".into(),
        "/xyz/roads/0/0/1".into(),
        "/xyz/roads/18446744073709551616/0/0".into(),
        "/xyz/roads/4294967296/0/0".into(),
        "/xyz/roads/0/0/0.mltx".into(),
        "/xyz/roads/0/0/.mvt".into(),
        "/xyz/,/0/0/0".into(),
        "/xyz/.json".into(),
        "/xyz/roads;drop/0/0/0".into(),
        "/collections/roads/tiles/CGCS2000Quad/0/0/0".into(),
        "/collections/roads,pois/tiles".into(),
        "/collections/basemap".into(),
        "/collections/basemap/tiles".into(),
        "/tiles/WebMercatorQuad/0/0/0?collections=roads,,pois".into(),
        "/map/../../../etc/passwd".into(),
        "/map/%2e%2e/%2e%2e/Cargo.toml".into(),
        "/map/..%2f..%2fCargo.toml".into(),
        "/map//etc/passwd".into(),
        "/fonts/..%2f..%2f..%2fetc/0-255.pbf".into(),
        "/fonts/../0-255.pbf".into(),
        "/sprites/..%2f..%2fCargo.toml".into(),
        "/styles/..%2fx".into(),
        "/xyz/roads/0/0/0?datetime=2010-01-01T00:00:00Z".into(),
    ];
    for path in paths {
        let reply = server.get(&path);
        assert!(
            (400..500).contains(&reply.status),
            "{} for {}",
            reply.status,
            &path[..path.len().min(80)]
        );
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json"),
            "{}",
            &path[..path.len().min(80)]
        );
        assert!(reply.body.len() < 2000);
    }
    assert_eq!(server.get("/health/live").status, 200);
}

#[test]
fn the_grids_are_the_published_ones() {
    let (server, _) = serve_city("");
    let list = server.get("/tileMatrixSets").json();
    assert_eq!(list["tileMatrixSets"].as_array().unwrap().len(), 2);
    let c = server.get("/tileMatrixSets/CGCS2000Quad").json();
    assert_eq!(c["crs"], "http://www.opengis.net/def/crs/EPSG/0/4490");
    let first = &c["tileMatrices"][0];
    assert_eq!(
        (&first["id"], &first["matrixWidth"], &first["matrixHeight"]),
        (&"1".into(), &2.into(), &1.into())
    );
    assert_eq!(first["pointOfOrigin"], serde_json::json!([90.0, -180.0]));
    let w = server.get("/tileMatrixSets/WebMercatorQuad").json();
    assert_eq!(w["tileMatrices"].as_array().unwrap().len(), 21);
    assert!((w["tileMatrices"][0]["scaleDenominator"].as_f64().unwrap() - 559_082_264.028_717_8).abs() < 1e-3);
}

#[test]
fn counters_move() {
    let (server, _) = serve_city("");
    for _ in 0..3 {
        server.get(&format!("/xyz/roads/{}", city::TILE));
    }
    let text = server.get("/metrics").text();
    let value = |name: &str| -> f64 {
        let line = text
            .lines()
            .find(|line| line.starts_with(name) && line.as_bytes()[name.len()] == b' ')
            .unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(
        (value("onemap_cache_requests_total"), value("onemap_cache_misses_total")),
        (3.0, 1.0)
    );
    assert!(value("onemap_http_responses_total{class=\"2xx\"}") >= 3.0);
    assert_eq!(value("onemap_store_version"), 1.0);
}
