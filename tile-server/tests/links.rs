//! Links lead back to where the client came from: behind proxies, under prefixes, whatever headers say.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::http::Reply;
use common::serve_city;
use serde_json::Value;

/// Every address in a document.
fn addresses(value: &Value) -> Vec<String> {
    match value {
        Value::String(text)
            if text.contains("://") && !text.contains("opengis.net") && !text.contains("json-schema") =>
        {
            vec![text.clone()]
        }
        Value::Array(items) => items.iter().flat_map(addresses).collect(),
        Value::Object(members) => members.values().flat_map(addresses).collect(),
        _ => vec![],
    }
}

#[track_caller]
fn all_begin_with(reply: &Reply, base: &str) {
    let found = addresses(&reply.json());
    assert!(!found.is_empty(), "no addresses in {}", reply.text());
    for address in found {
        assert!(
            address.starts_with(&format!("{base}/")) || address == base,
            "{address} does not begin with {base}"
        );
    }
}

const DOCUMENTS: [&str; 12] = [
    "/",
    "/api",
    "/collections",
    "/collections/roads",
    "/collections/roads/schema",
    "/collections/roads/items?limit=1",
    "/collections/roads/items/1",
    "/collections/roads/tiles/WebMercatorQuad",
    "/tiles",
    "/tileMatrixSets",
    "/xyz/basemap.json",
    "/styles/basemap",
];

#[test]
fn links_follow_the_request() {
    let (server, _) = serve_city("");
    for path in DOCUMENTS {
        all_begin_with(&server.get(path), &format!("http://{}", server.address));
        let proxied = |headers: &[(&str, &str)]| {
            let request = server.request(path);
            headers
                .iter()
                .fold(request, |request, (name, value)| request.header(name, value))
                .send()
        };
        all_begin_with(&proxied(&[("Host", "map.local:81")]), "http://map.local:81");
        let standard = [("Forwarded", "for=10.0.0.1;host=map.cn;proto=https")];
        all_begin_with(&proxied(&standard), "https://map.cn");
        let old = [
            ("X-Forwarded-Host", "map.cn"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Port", "8443"),
            ("X-Forwarded-Prefix", "/onemap"),
        ];
        all_begin_with(&proxied(&old), "https://map.cn:8443/onemap");
        let hostile = [
            ("Host", "a\"><script>"),
            ("X-Forwarded-Host", "evil.cn/x?"),
            ("X-Forwarded-Proto", "file"),
        ];
        all_begin_with(&proxied(&hostile), &format!("http://{}", server.address));
        assert!(
            server.get(path).header("vary").unwrap().contains("X-Forwarded-Host"),
            "{path}"
        );
    }
}

#[test]
fn a_public_url_wins() {
    let (server, _) = serve_city("public_url = \"https://map.example.cn/one/\"");
    for path in DOCUMENTS {
        let reply = server.request(path).header("X-Forwarded-Host", "other.cn").send();
        all_begin_with(&reply, "https://map.example.cn/one");
        assert!(!reply.header("vary").unwrap().contains("Forwarded"), "{path}");
    }
}
