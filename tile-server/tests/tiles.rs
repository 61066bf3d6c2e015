//! Tiles: what is in them, how they are coded, tagged and kept.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Running, city, serve_city};

const MVT_LAYER: u8 = 0x1a;

/// The names of the layers in a tile, in their order.
fn layers(tile: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = tile;
    while let [MVT_LAYER, after @ ..] = rest {
        let (length, body) = varint(after);
        names.push(name(&body[..length]));
        rest = &body[length..];
    }
    assert!(rest.is_empty(), "a tile is nothing but layers");
    names
}

/// Field 1 of a layer message.
fn name(layer: &[u8]) -> String {
    let mut rest = layer;
    loop {
        let (tag, after) = varint(rest);
        let (number, after) = varint(after);
        match (tag >> 3, tag & 7) {
            (1, 2) => return String::from_utf8(after[..number].to_vec()).unwrap(),
            (_, 2) => rest = &after[number..],
            _ => rest = after,
        }
    }
}

fn varint(bytes: &[u8]) -> (usize, &[u8]) {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap();
    let value = bytes[..=end]
        .iter()
        .rev()
        .fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    (value, &bytes[end + 1..])
}

fn tile(server: &Running, layers: &str) -> common::http::Reply {
    server.get(&format!("/xyz/{layers}/{}", city::TILE))
}

#[test]
fn a_tile_has_the_layers_asked_for_in_their_order_each_once() {
    let (server, _) = serve_city("");
    let check = |path: &str, expected: &[&str]| {
        let reply = server.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_eq!(layers(&reply.body), expected, "{path}");
    };
    check(&format!("/xyz/roads/{}", city::TILE), &["roads"]);
    check(&format!("/xyz/roads,pois/{}.mvt", city::TILE), &["roads", "pois"]);
    check(&format!("/xyz/pois,roads,pois/{}.mvt", city::TILE), &["pois", "roads"]);
    check(
        &format!("/xyz/%E5%AE%97%E5%9C%B0,roads/{}", city::TILE),
        &["宗地", "roads"],
    );
    check(&format!("/xyz/basemap/{}", city::TILE), &["roads", "宗地"]);
    check(
        "/tiles/WebMercatorQuad/14/6749/13427?collections=pois,roads",
        &["pois", "roads"],
    );
    check("/tiles/WebMercatorQuad/14/6749/13427", &["roads", "宗地"]);
    check("/collections/pois/tiles/CGCS2000Quad/14/2721/13427", &["pois"]);
}

#[test]
fn xyz_and_ogc_addresses_give_the_same_tile() {
    let (server, _) = serve_city("");
    let xyz = tile(&server, "roads");
    let ogc = server.get("/collections/roads/tiles/WebMercatorQuad/14/6749/13427");
    assert_eq!((&xyz.body, xyz.header("etag")), (&ogc.body, ogc.header("etag")));
}

#[test]
fn an_empty_tile_is_204_and_one_outside_404() {
    let (server, _) = serve_city("");
    let empty = server.get("/xyz/roads/14/0/0");
    assert_eq!((empty.status, empty.body.len()), (204, 0));
    assert_eq!(empty.header("vary"), Some("Accept-Encoding, Accept"));
    assert_eq!(empty.header("access-control-allow-origin"), Some("*"));
    assert!(empty.header("etag").is_some() && empty.header("content-type").is_none());
    let again = server
        .request("/xyz/roads/14/0/0")
        .header("If-None-Match", empty.header("etag").unwrap())
        .send();
    assert_eq!(again.status, 304);
    server.get("/xyz/roads/21/0/0").is_problem(404, "zoom 21");
    server.get("/xyz/roads/1/2/0").is_problem(404, "column 2");
    server
        .get("/xyz/roads/99999999999999999999/2/0")
        .is_problem(404, "zoom");
    server.get("/xyz/roads/x/0/0").is_problem(400, "zoom: \"x\"");
    server.get("/xyz/roads/0/+0/0").is_problem(400, "column");
    server.get("/xyz/roads/0/0/0.png").is_problem(400, "row: \"0.png\"");
    server.get("/xyz/none/0/0/0").is_problem(404, "\"none\"");
}

#[test]
fn each_coding_is_a_representation_with_its_own_tag() {
    let (server, _) = serve_city("");
    let path = format!("/xyz/basemap/{}.mvt", city::TILE);
    let plain = server.get(&path);
    let zipped = server
        .request(&path)
        .header("Accept-Encoding", "br;q=0.7, gzip;q=0.8")
        .send();
    for coding in ["zstd", "br"] {
        let coded = server.request(&path).header("Accept-Encoding", coding).send();
        assert_eq!(coded.header("content-encoding"), Some(coding));
        assert!(
            coded.header("etag").unwrap().ends_with(&format!("-{coding}\"")),
            "{:?}",
            coded.header("etag")
        );
    }
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(zipped.unzipped(), plain.body);
    let (plain_tag, zipped_tag) = (plain.header("etag").unwrap(), zipped.header("etag").unwrap());
    assert_ne!(plain_tag, zipped_tag);
    assert!(!plain_tag.starts_with("W/") && plain_tag.starts_with('"'));
    for reply in [&plain, &zipped] {
        assert_eq!(reply.header("vary"), Some("Accept-Encoding"));
        assert_eq!(
            reply.header("cache-control"),
            Some("public, max-age=0, must-revalidate")
        );
        assert_eq!(reply.header("content-length").unwrap(), reply.body.len().to_string());
    }
    let check = |coding: &str, tag: &str, status: u16| {
        let reply = server
            .request(&path)
            .header("Accept-Encoding", coding)
            .header("If-None-Match", tag)
            .send();
        assert_eq!(reply.status, status, "{coding} {tag}");
        assert_eq!(reply.header("vary"), Some("Accept-Encoding"));
        assert!(reply.header("etag").is_some());
        assert_eq!(reply.body.is_empty(), status == 304);
    };
    check("gzip", zipped_tag, 304);
    check("identity", plain_tag, 304);
    check("gzip", plain_tag, 200);
    check("gzip", &format!("\"x\", W/{zipped_tag}"), 304);
    check("gzip", "*", 304);
    check("gzip", "\"x\"", 200);
}

#[test]
fn a_tile_is_a_maplibre_tile_for_who_names_it() {
    let (server, _) = serve_city("");
    let check = |path: &str, accept: &str, media_type: &str, vary: &str| {
        let reply = server.request(path).header("Accept", accept).send();
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some(media_type), "{path} {accept}");
        assert_eq!(reply.header("vary"), Some(vary), "{path}");
        reply
    };
    let (mvt, mlt) = ("application/vnd.mapbox-vector-tile", "application/vnd.maplibre-tile");
    let (coding, both) = ("Accept-Encoding", "Accept-Encoding, Accept");
    let xyz = format!("/xyz/basemap/{}", city::TILE);
    let ogc = "/tiles/WebMercatorQuad/14/6749/13427";
    let first = check(&format!("{xyz}.mlt"), "*/*", mlt, coding);
    check(&format!("{xyz}.mvt"), mlt, mvt, coding);
    check(&xyz, "*/*", mvt, both);
    for path in [xyz.as_str(), ogc] {
        let same = check(path, mlt, mlt, both);
        assert_eq!((&same.body, same.header("etag")), (&first.body, first.header("etag")));
    }
    check(&format!("{ogc}?f=mvt"), mlt, mvt, coding);
    check(&format!("{ogc}?f=mlt"), mvt, mlt, coding);
    let again = server
        .request(&format!("{xyz}.mlt"))
        .header("If-None-Match", first.header("etag").unwrap());
    assert_eq!(again.send().status, 304);
}

#[test]
fn tiles_of_several_layers_share_those_of_each() {
    let (server, _) = serve_city("");
    let count = |name: &str| {
        let text = server.get("/metrics").text();
        let row = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        row.unwrap_or_else(|| panic!("{name} in {text}"))
    };
    let both = tile(&server, "roads,pois");
    let made = |name: &str| (count("onemap_layer_cache_requests_total"), count(name));
    assert_eq!(made("onemap_layer_cache_misses_total"), (2, 2));
    let turned = tile(&server, "pois,roads");
    assert_eq!(made("onemap_layer_cache_misses_total"), (4, 2));
    assert_eq!(both.body.len(), turned.body.len());
    assert_eq!(layers(&turned.body), ["pois", "roads"]);
    assert_eq!(count("onemap_render_seconds_count"), 2);
}

#[test]
fn without_a_cache_the_same_tile_comes_out() {
    let (cached, _) = serve_city("");
    let (bare, _) = serve_city("cache_mb = 0");
    let (first, second) = (tile(&bare, "roads"), tile(&bare, "roads"));
    assert_eq!(first.body, tile(&cached, "roads").body);
    assert_eq!(first.header("etag"), second.header("etag"));
    assert!(bare.get("/metrics").text().contains("onemap_cache_misses_total 2\n"));
}

#[test]
fn tilejson_tells_what_is_in_the_tiles() {
    let (server, _) = serve_city("");
    let tilejson = server.get("/xyz/roads,pois.json").json();
    let tiles = format!("http://{}/xyz/roads,pois/{{z}}/{{x}}/{{y}}.mvt", server.address);
    assert_eq!(tilejson["tiles"], serde_json::json!([tiles]));
    assert_eq!(tilejson["tilejson"], "3.0.0");
    assert_eq!(tilejson["attribution"], "Roads &amp; &lt;Bridges&gt;");
    let layers = tilejson["vector_layers"].as_array().unwrap();
    assert_eq!(layers[0]["id"], "roads");
    let fields = serde_json::json!({"id": "String", "name": "String", "width": "Number", "built": "String"});
    assert_eq!(layers[0]["fields"], fields);
    let bounds: Vec<f64> = tilejson["bounds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_f64().unwrap())
        .collect();
    assert_eq!(bounds, [115.03, 30.19, 115.05, 30.21]);
    let chinese = server.get("/xyz/%E5%AE%97%E5%9C%B0.json").json();
    let tiles = format!("http://{}/xyz/%E5%AE%97%E5%9C%B0/{{z}}/{{x}}/{{y}}.mvt", server.address);
    assert_eq!(chinese["tiles"][0], tiles);
}

#[test]
fn a_tileset_tells_its_grid_its_limits_and_its_tiles() {
    let (server, _) = serve_city("");
    let set = server.get("/collections/roads/tiles/CGCS2000Quad").json();
    assert_eq!(set["crs"], "http://www.opengis.net/def/crs/EPSG/0/4490");
    let limits = set["tileMatrixSetLimits"].as_array().unwrap();
    let z14 = limits.iter().find(|limit| limit["tileMatrix"] == "14").unwrap();
    assert!(z14["minTileCol"].as_u64().unwrap() <= 13427 && 13427 <= z14["maxTileCol"].as_u64().unwrap());
    assert!(z14["minTileRow"].as_u64().unwrap() <= 2721 && 2721 <= z14["maxTileRow"].as_u64().unwrap());
    let links = set["links"].as_array().unwrap();
    let item = links.iter().find(|link| link["rel"] == "item").unwrap()["href"]
        .as_str()
        .unwrap();
    let address = item
        .replace("{tileMatrix}", "14")
        .replace("{tileRow}", "2721")
        .replace("{tileCol}", "13427");
    let path = address.strip_prefix(&format!("http://{}", server.address)).unwrap();
    assert_eq!(server.get(path).status, 200);
    let both = server.get("/tiles/WebMercatorQuad?collections=roads,pois").json();
    let item = both["links"]
        .as_array()
        .unwrap()
        .iter()
        .find(|link| link["rel"] == "item")
        .unwrap()
        .clone();
    assert!(
        item["href"]
            .as_str()
            .unwrap()
            .ends_with("/{tileMatrix}/{tileRow}/{tileCol}?collections=roads,pois")
    );
}
