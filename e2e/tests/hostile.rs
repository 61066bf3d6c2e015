//! No request makes the server fail, hang or grow: it answers each with what is wrong, and goes on.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::http;
use onemap_e2e::programs::{Serving, import};
use onemap_e2e::rng::Rng;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// What may stand in any place of a URL.
const PIECES: [&str; 48] = [
    "roads",
    "parcels",
    "basemap",
    "roads,parcels",
    "nothing",
    "",
    ".",
    "..",
    "%2e%2e",
    "%2F",
    "%00",
    "%ff%fe",
    "%",
    "%zz",
    "黄石",
    "%E9%BB%84%E7%9F%B3",
    "a'b\"c",
    "{layer}",
    "<script>",
    "0",
    "1",
    "-1",
    "14",
    "20",
    "21",
    "255",
    "256",
    "4294967296",
    "18446744073709551616",
    "1e9",
    "NaN",
    "0x10",
    "13427",
    "6749",
    "2721",
    "6749.mvt",
    "6749.mvt.gz",
    ".mvt",
    "WebMercatorQuad",
    "CGCS2000Quad",
    "CGCS2000Quad%20",
    "items",
    "tiles",
    "schema",
    "*",
    "null",
    "true",
    "~root",
];

/// What may stand before it all.
const ROOTS: [&str; 22] = [
    "/",
    "/xyz",
    "/xyz/roads/14/13427",
    "/xyz/basemap",
    "/collections",
    "/collections/roads",
    "/collections/parcels/items",
    "/collections/roads/tiles/CGCS2000Quad",
    "/tileMatrixSets",
    "/tiles/WebMercatorQuad/14",
    "/styles",
    "/styles/basemap",
    "/map",
    "/map/assets",
    "/fonts/Noto Sans",
    "/fonts/Noto%20Sans%20Regular",
    "/sprites",
    "/health",
    "/metrics",
    "/api",
    "/conformance",
    "/changes",
];

/// What may stand in the query.
const PARAMETERS: [&str; 30] = [
    "bbox=115,30,115.1,30.1",
    "bbox=1,2,3",
    "bbox=NaN,NaN,NaN,NaN",
    "bbox=inf,-inf,1,1",
    "bbox=5,5,1,1",
    "bbox=,,,",
    "bbox=-1e308,-1e308,1e308,1e308",
    "bbox=115,30,0,115.1,30.1,9",
    "limit=1",
    "limit=0",
    "limit=-1",
    "limit=99999999999999999999",
    "limit=1000000",
    "offset=18446744073709551615",
    "datetime=now",
    "datetime=2024-01-01T00:00:00Z/..",
    "datetime=../..",
    "datetime=9999999-01-01T00:00:00Z",
    "version=0",
    "version=999999999999",
    "f=html",
    "f=../../etc/passwd",
    "f=mvt",
    "min-version=9999999",
    "crs=EPSG:0",
    "bbox-crs=http://www.opengis.net/def/crs/EPSG/0/3857",
    "filter=1=1%20OR%20(((",
    "properties=a,,b",
    "collections=roads,roads,nothing",
    "=&==&&%",
];

fn sample_city() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("city.gpkg");
    import(&[
        "sample".as_ref(),
        "--features".as_ref(),
        "1000".as_ref(),
        "--to".as_ref(),
        store.as_os_str(),
    ])
    .succeeded();
    (folder, store)
}

fn random_target(rng: &mut Rng) -> String {
    let mut target = ROOTS[rng.below(ROOTS.len())].to_owned();
    for _ in 0..rng.below(5) {
        target.push('/');
        target.push_str(PIECES[rng.below(PIECES.len())]);
    }
    for i in 0..rng.below(3) {
        target.push(if i == 0 { '?' } else { '&' });
        target.push_str(PARAMETERS[rng.below(PARAMETERS.len())]);
    }
    if rng.below(40) == 0 {
        target.push_str(&"x".repeat(1 << rng.below(15)));
    }
    target
}

#[test]
fn three_thousand_hostile_urls_leave_the_server_as_it_was() {
    let (_folder, store) = sample_city();
    let mut serving = Serving::start(&store, &[]);
    let known = ["/collections?f=json", "/styles/basemap", "/xyz/basemap.json"];
    let before = known.map(|target| serving.get(target).body);
    let mut rng = Rng::new(7);
    let warm = 500;
    let mut memory = 0;
    for round in 0..3_000 {
        let target = random_target(&mut rng);
        let answer = http::get(serving.address, &target).unwrap_or_else(|error| panic!("{target}: {error}"));
        assert!(
            answer.status < 500 || answer.status == 503,
            "{target}: {} {}",
            answer.status,
            answer.text()
        );
        if round == warm {
            memory = serving.running.memory().unwrap();
        }
    }
    assert!(serving.running.is_alive());
    let grown = serving.running.memory().unwrap().saturating_sub(memory);
    assert!(grown < 200 << 20, "{} MiB more than after {warm} requests", grown >> 20);
    assert_eq!(known.map(|target| serving.get(target).body), before);
}

#[test]
fn what_is_no_http_is_refused_or_cut_off() {
    let (_folder, store) = sample_city();
    let mut serving = Serving::start(&store, &[]);
    let long = format!(
        "GET /{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let fields = format!(
        "GET / HTTP/1.1\r\nConnection: close\r\n{}\r\n",
        "A: b\r\n".repeat(100_000)
    );
    let requests: [&[u8]; 10] = [
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"BREW /pot HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST /collections HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Forwarded-Host: \"><script>\r\nConnection: close\r\n\r\n",
        b"GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        long.as_bytes(),
        fields.as_bytes(),
    ];
    for request in requests {
        if let Ok(answer) = http::exchange(serving.address, request) {
            let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
            assert!(
                answer.status < 500 || [501, 503, 505].contains(&answer.status),
                "{shown}: {}",
                answer.status
            );
        }
    }
    assert!(serving.running.is_alive());
    assert_eq!(serving.get("/health/live").status, 200);
}

#[test]
fn three_hundred_connections_that_say_nothing_keep_nobody_waiting() {
    let (_folder, store) = sample_city();
    let serving = Serving::start(&store, &[]);
    let connect = || TcpStream::connect_timeout(&serving.address, Duration::from_secs(5)).unwrap();
    let mut silent: Vec<_> = (0..300).map(|_| connect()).collect();
    for (at, stream) in silent.iter_mut().enumerate() {
        if at % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
        }
    }
    assert_eq!(serving.get("/health/live").status, 200);
    assert_eq!(serving.get("/collections?f=json").status, 200);
}
