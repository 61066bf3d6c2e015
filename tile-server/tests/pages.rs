//! Pages for people: every document has one, nothing in them runs, and nothing that data says becomes markup.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Running, city, config, memory::Memory, serve_city};

const LAYER: &str = "/collections/%E5%AE%97%E5%9C%B0";

/// Every address that is shown to people.
fn pages() -> Vec<String> {
    let of_layer = [
        "",
        "/schema",
        "/queryables",
        "/sortables",
        "/items",
        "/items/west",
        "/tiles",
        "/tiles/CGCS2000Quad",
    ];
    let others = [
        "/",
        "/conformance",
        "/api",
        "/collections",
        "/tiles",
        "/tiles/WebMercatorQuad",
        "/tileMatrixSets",
        "/tileMatrixSets/CGCS2000Quad",
        "/styles",
    ];
    let of_layer = of_layer.iter().map(|below| format!("{LAYER}{below}"));
    others.iter().map(|&path| path.to_owned()).chain(of_layer).collect()
}

#[test]
fn every_document_is_a_page_for_who_prefers_that() {
    let (server, _) = serve_city("");
    for path in pages() {
        let asked = server.get(&format!("{path}?f=html"));
        let accept = "text/html,application/xhtml+xml,*/*;q=0.8";
        let browser = server.request(&path).header("Accept", accept).send();
        for reply in [&asked, &browser] {
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
            let policy = reply.header("content-security-policy").unwrap();
            assert!(
                policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
                "{policy}"
            );
            assert!(reply.header("vary").unwrap().contains("Accept,"), "{path}");
        }
        let text = browser.text();
        for forbidden in ["<script", " style=", "<style", "javascript:", " onload", "src=\"http"] {
            assert!(!text.contains(forbidden), "{forbidden} in {path}");
        }
        let program = server.get(&path);
        assert!(program.header("content-type").unwrap().contains("json"), "{path}");
        assert!(program.header("content-security-policy").is_none(), "{path}");
        assert_ne!(program.header("etag"), browser.header("etag"), "{path}");
        server.get(&format!("{path}?f=pdf")).is_problem(400, "pdf");
    }
    let style = server.get("/pages.css");
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, Some("text/css; charset=utf-8"))
    );
}

#[test]
fn links_between_pages_lead_somewhere() {
    let (server, _) = serve_city("");
    for path in pages() {
        let text = server.get(&format!("{path}?f=html")).text();
        for address in relative_addresses(&text) {
            let reached = resolve(&path, address);
            if reached.starts_with("/map") {
                continue;
            }
            let reply = server.get(&reached);
            assert_eq!(reply.status, 200, "{address} on {path} leads to {reached}");
        }
    }
}

fn relative_addresses(text: &str) -> Vec<&str> {
    let parts = text.split("href=\"").skip(1);
    let addresses = parts.map(|part| part.split('"').next().unwrap());
    addresses.filter(|address| !address.contains("://")).collect()
}

/// An address on a page, as a browser takes it (RFC 3986, clause 5.2, for what pages have).
fn resolve(page: &str, address: &str) -> String {
    if address.starts_with('?') {
        return format!("{page}{address}");
    }
    let mut folders: Vec<&str> = page.split('/').collect();
    folders.pop();
    let address = address.split('#').next().unwrap();
    for part in address.split('/') {
        match part {
            ".." => drop(folders.pop()),
            "." => (),
            part => folders.push(part),
        }
    }
    let path = folders.join("/");
    if path.is_empty() { "/".to_owned() } else { path }
}

#[test]
fn hostile_titles_and_values_stay_text() {
    let memory = Memory::new(city::hostile());
    let server = Running::start(config(""), memory.opener());
    server.wait_ready();
    for path in [
        "/collections",
        "/collections/h",
        "/collections/h/schema",
        "/collections/h/queryables",
        "/collections/h/items",
        "/collections/h/items/1",
        "/api",
    ] {
        let text = server.get(&format!("{path}?f=html")).text();
        assert!(!text.contains("<script") && !text.contains("<img"), "{path}: {text}");
        assert!(path == "/api" || text.contains("&lt;script&gt;"), "{path}: {text}");
    }
    let json = server.get("/collections/h").json();
    assert_eq!(json["title"], city::HOSTILE, "programs get it as it is");
}

#[test]
fn a_page_of_hidden_layers_is_for_those_who_may_see_them() {
    let (server, _) = serve_city("");
    let local = server.get("/api?f=html");
    assert!(local.header("cache-control").unwrap().starts_with("private"));
    let names = |text: &str| text.contains("/collections/secret/items");
    let remote = server.get_remote("/api?f=html");
    assert!(!names(&remote.text()));
    assert!(!names(&server.get_remote("/api").text()));
    assert!(!server.get_remote("/collections?f=html").text().contains("secret"));
}
