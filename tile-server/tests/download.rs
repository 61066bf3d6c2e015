//! Pages and whole layers in other forms than GeoJSON, over HTTP.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::http::Reply;
use common::{Running, city, serve_city};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

/// How many features GDAL finds in what was answered.
fn count(body: &[u8], name: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, body).unwrap();
    let source = match name.ends_with(".zip") {
        true => format!("/vsizip/{}", file.display()),
        false => file.display().to_string(),
    };
    let output = Command::new("ogrinfo")
        .args(["-ro", "-al", "-so", &source])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find_map(|line| line.strip_prefix("Feature Count: "));
    line.unwrap_or_else(|| panic!("{name}: {said}")).parse().unwrap()
}

/// An answer without chunks, which the client of these tests does not put together.
fn whole(server: &Running, path: &str) -> Reply {
    server.request(path).http_10().send()
}

#[test]
fn a_layer_comes_whole_in_every_form() {
    let (server, _) = serve_city("");
    for (form, extension) in [
        ("json", "geojson"),
        ("geojsonseq", "geojsons"),
        ("ndjson", "geojsonl"),
        ("csv", "csv"),
        ("fgb", "fgb"),
        ("gpkg", "gpkg"),
        ("shp-gbk", "shp.zip"),
    ] {
        let reply = whole(&server, &format!("/collections/pois/download?f={form}"));
        assert_eq!(reply.status, 200, "{form}: {}", reply.text());
        assert_eq!(reply.header("ogc-numbermatched"), Some("37"), "{form}");
        let disposition = reply.header("content-disposition").unwrap();
        assert!(disposition.contains(&format!("pois.{extension}")), "{disposition}");
        assert_eq!(count(&reply.body, &format!("pois.{extension}")), city::POIS, "{form}");
    }
    let parquet = whole(&server, "/collections/pois/download?f=parquet");
    assert!(parquet.body.starts_with(b"PAR1") && parquet.body.ends_with(b"PAR1"));
    let east = whole(
        &server,
        "/collections/%E5%AE%97%E5%9C%B0/download?f=csv&filter=zddm='east'",
    );
    let text = east.text();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(
        text.starts_with("fid,zddm,area,valid_from,valid_to,WKT\r\n3,east,,2019-12-31T16:00:00.000Z,,"),
        "{text}"
    );
}

#[test]
fn a_page_has_its_links_in_the_head() {
    let (server, _) = serve_city("");
    let reply = server.get("/collections/pois/items?f=csv&limit=10");
    assert_eq!(
        reply.header("content-type"),
        Some("text/csv; charset=utf-8; header=present")
    );
    assert_eq!(
        (reply.header("ogc-numbermatched"), reply.header("ogc-numberreturned")),
        (Some("37"), Some("10"))
    );
    let link = reply.header("link").unwrap();
    assert!(link.contains("rel=\"next\"") && link.contains("f=csv"), "{link}");
    assert_eq!(reply.text().lines().count(), 11);
}

#[test]
fn what_cannot_be_is_refused_before_a_byte_is_sent() {
    let (server, _) = serve_city("");
    for (path, status) in [
        ("/collections/pois/download?f=html", 400),
        ("/collections/pois/download?f=xyz", 400),
        ("/collections/pois/download?limit=5", 400),
        ("/collections/nothing/download", 404),
        ("/collections/pacific/download?f=csv&crs=[EPSG:2383]", 400),
    ] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
    let hidden = server.get_remote("/collections/secret/download?f=csv");
    assert_eq!(hidden.status, 404);
}

#[test]
fn a_reader_who_leaves_frees_its_place() {
    let (server, _) = serve_city("");
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = "GET /collections/pois/download?f=json HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    }
    server.wait_until(|| server.get("/collections/pois/download?f=csv").status == 200);
}
