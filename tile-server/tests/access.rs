//! Layers that are not public exist for this machine only: by no path, in no message, does anybody else meet them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::http::Request;
use common::{Running, city, serve_city};

const SECRET: &str = "secret";

fn addresses() -> Vec<String> {
    let tile = city::TILE;
    [
        "/collections/secret",
        "/collections/secret/schema",
        "/collections/secret/items",
        "/collections/secret/items/1",
        "/collections/secret/items?bogus=1",
        "/collections/secret/tiles",
        "/collections/secret/tiles/WebMercatorQuad",
        "/collections/secret/tiles/WebMercatorQuad/14/6749/13427",
        "/collections/secret/tiles/WebMercatorQuad/99/6749/13427",
        "/tiles?collections=secret",
        "/tiles/WebMercatorQuad?collections=roads,secret",
        "/tiles/WebMercatorQuad/14/6749/13427?collections=roads,secret",
        "/xyz/secret.json",
        "/xyz/roads,secret.json",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([
        format!("/xyz/secret/{tile}"),
        format!("/xyz/roads,secret/{tile}.mvt"),
        "/xyz/secret/99/0/0".into(),
    ])
    .collect()
}

/// Asserts that whoever sends this request learns nothing of the hidden layer.
fn learns_nothing(who: &str, ask: &dyn Fn(&str) -> Request) {
    for path in addresses() {
        let hidden = ask(&path).send();
        let unknown = ask(&path.replace(SECRET, "absent")).send();
        assert_eq!(hidden.status, unknown.status, "{who} {path}");
        assert!(hidden.status >= 400, "{who} {path}");
        let without_name = hidden.text().replace(SECRET, "absent");
        assert_eq!(without_name, unknown.text(), "{who} {path}");
    }
    for path in [
        "/",
        "/api",
        "/collections",
        "/tiles",
        "/tiles/WebMercatorQuad",
        "/xyz/basemap.json",
        "/styles",
        "/styles/basemap",
        "/health/ready",
        "/metrics",
        "/tiles/WebMercatorQuad/14/6749/13427",
    ] {
        let reply = ask(path).send();
        assert_eq!(reply.status, 200, "{who} {path}");
        assert!(!reply.text().contains(SECRET), "{who} {path}: {}", reply.text());
    }
}

fn is_seen_by_this_machine(server: &Running) {
    assert_eq!(server.get("/collections/secret").status, 200);
}

#[test]
fn whoever_comes_through_a_proxy_meets_no_hidden_layer() {
    let (server, _) = serve_city("");
    for (name, value) in [
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("X-Real-IP", "::1"),
        ("Via", "1.1 proxy"),
        ("X-Forwarded-Host", "localhost"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Prefix", "/map"),
        ("X-Forwarded-Ssl", "on"),
    ] {
        learns_nothing(name, &|path| server.request(path).header(name, value));
    }
    is_seen_by_this_machine(&server);
}

#[test]
fn a_rebound_name_and_an_old_proxy_meet_no_hidden_layer() {
    let (server, _) = serve_city("");
    learns_nothing("rebound", &|path| {
        server.request(path).header("Host", "evil.example:8080")
    });
    learns_nothing("HTTP/1.0", &|path| server.request(path).http_10());
    is_seen_by_this_machine(&server);
}

#[test]
fn nobody_is_local_where_the_server_has_a_public_name() {
    let (server, _) = serve_city("public_url = \"https://map.example.cn\"");
    learns_nothing("public name", &|path| {
        server.request(path).header("Host", "map.example.cn")
    });
    learns_nothing("a proxy that leaves no trace", &|path| server.request(path));
    let (server, _) = serve_city("public_url = \"http://localhost:8080\"");
    is_seen_by_this_machine(&server);
}

#[test]
fn an_answer_with_a_hidden_layer_is_for_its_asker_alone() {
    let (server, _) = serve_city("");
    for path in [
        "/collections/secret/items",
        "/collections",
        "/styles/basemap",
        "/xyz/roads,secret.json",
    ] {
        let reply = server.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{path}");
        assert!(reply.header("cache-control").unwrap().starts_with("private"), "{path}");
    }
    let tile = server.get(&format!("/xyz/roads,secret/{}", city::TILE));
    assert_eq!((tile.status, tile.header("access-control-allow-origin")), (200, None));
    assert_eq!(
        server.get("/collections/nothing").header("access-control-allow-origin"),
        None
    );
}

#[test]
fn public_answers_are_open_to_pages_from_everywhere() {
    let (server, _) = serve_city("");
    for path in [
        "/collections/roads",
        "/collections",
        "/styles/basemap",
        "/xyz/basemap.json",
        "/collections/nothing",
    ] {
        let reply = server.get_remote(path);
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{path}");
        let exposed: Vec<_> = reply
            .header("access-control-expose-headers")
            .unwrap()
            .split(", ")
            .collect();
        for name in ["ETag", "Link", "OGC-NumberMatched"] {
            assert!(exposed.contains(&name), "{exposed:?}");
        }
    }
    let preflight = server
        .request("/xyz/roads/0/0/0")
        .method("OPTIONS")
        .header("Origin", "https://other.example")
        .header("Access-Control-Request-Method", "GET")
        .send();
    assert_eq!(preflight.status, 204);
    assert!(
        preflight
            .header("access-control-allow-headers")
            .unwrap()
            .contains("If-None-Match")
    );
    assert!(
        preflight
            .header("access-control-allow-methods")
            .unwrap()
            .contains("GET")
    );
}
