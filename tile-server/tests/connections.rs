//! Connections: slow ones, idle ones, too many, and the end of the server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::http::Reply;
use common::memory::Memory;
use common::{Running, city, config, serve_city};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const QUICK: &str = "[limits]\nheader_timeout_s = 1\nidle_timeout_s = 2";

fn connect(server: &Running) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    stream
}

/// Whether the other end closed the connection, having sent whatever it sent before.
fn closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 1024];
    match stream.read(&mut buffer) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

fn closes_within(stream: &mut TcpStream, mut each: impl FnMut(&mut TcpStream), limit: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        each(stream);
        if closed(stream) {
            return true;
        }
    }
    false
}

#[test]
fn who_never_finishes_a_request_is_shown_out() {
    let (server, _) = serve_city(QUICK);
    let limit = Duration::from_secs(60);
    let mut silent = connect(&server);
    assert!(closes_within(&mut silent, |_| (), limit), "a connection without a byte");
    for beginning in [
        &b"GET / HTTP/1.1\r\nX: "[..],
        b"G",
        b"PRI * HTTP/2",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut slow = connect(&server);
        slow.write_all(beginning).unwrap();
        // A byte now and then, as slowloris sends them; the server may have closed between two.
        let drip = |stream: &mut TcpStream| drop(stream.write_all(b"a"));
        assert!(
            closes_within(&mut slow, drip, limit),
            "{:?}",
            String::from_utf8_lossy(beginning)
        );
    }
    assert_eq!(server.get("/health/live").status, 200);
}

#[test]
fn a_connection_is_kept_and_then_let_go_when_idle() {
    let (server, _) = serve_city(QUICK);
    let mut stream = connect(&server);
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    for _ in 0..3 {
        write!(stream, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).unwrap();
        assert_eq!(Reply::parse(&buffer[..read]).status, 200);
    }
    assert!(closes_within(&mut stream, |_| (), Duration::from_secs(60)));
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let (server, _) = serve_city("");
    let big = "x".repeat(100_000);
    let mut stream = connect(&server);
    // The server may close before all is written.
    drop(write!(
        stream,
        "GET / HTTP/1.1\r\nHost: localhost\r\nX-Big: {big}\r\n\r\n"
    ));
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    server
        .get(&format!("/?f={}", "x".repeat(50_000)))
        .is_problem(414, "49152");
}

#[test]
fn beyond_the_limit_connections_wait_for_a_place() {
    let (server, _) = serve_city("[limits]\nmax_connections = 2\nheader_timeout_s = 1\nidle_timeout_s = 1");
    let begun = Instant::now();
    let held: Vec<_> = (0..2).map(|_| connect(&server)).collect();
    assert_eq!(server.get("/health/live").status, 200);
    assert!(
        begun.elapsed() > Duration::from_millis(500),
        "it waited until an idle one was let go"
    );
    drop(held);
}

/// A city with pages of 8 MB.
fn heavy_city() -> Vec<(onemap_model::Layer, Vec<onemap_model::Feature>)> {
    let mut layers = city::layers();
    let (_, pois) = layers
        .iter_mut()
        .find(|(layer, _)| layer.name().as_str() == "pois")
        .unwrap();
    let long = onemap_model::Value::text("名".repeat(700));
    let more = (0..10_000).map(|i| {
        let mut poi = pois[i % pois.len()].clone();
        poi.fid = onemap_model::Fid::new(1000 + i as i64).unwrap();
        poi.row.values[1] = long.clone();
        poi
    });
    let more: Vec<_> = more.collect();
    pois.extend(more);
    layers
}

#[test]
fn who_does_not_read_cannot_fill_the_memory() {
    let settings = config("[limits]\nmax_answer_mb = 20");
    let server = Running::start(settings, Memory::new(heavy_city()).opener());
    server.wait_ready();
    let path = "/collections/pois/items?limit=10000";
    let ask = |_| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        (stream, String::from_utf8(head.to_vec()).unwrap())
    };
    let (held, heads): (Vec<_>, Vec<_>) = (0..3).map(ask).unzip();
    assert_eq!(heads, ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 503"]);
    let refused = server.get(path);
    refused.is_problem(503, "on its way");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(
        server.get(&format!("/xyz/roads/{}", city::TILE)).status,
        200,
        "small answers still fit"
    );
    drop(held);
    server.wait_until(|| server.get(path).status == 200);
    server.wait_until(|| server.get("/metrics").text().contains("onemap_http_held_bytes 0\n"));
}

#[test]
fn stopping_lets_what_is_under_way_finish() {
    // A page of some 8 MB is more than the buffers of a connection take: it is under way until the client reads.
    let layers = heavy_city();
    let mut server = Running::start(config("[limits]\nstop_timeout_s = 300"), Memory::new(layers).opener());
    server.wait_ready();
    let address = server.address;
    let mut idle = connect(&server);
    let mut busy = TcpStream::connect(address).unwrap();
    write!(
        busy,
        "GET /collections/pois/items?limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    .unwrap();
    let mut answer = vec![0; 1000];
    busy.read_exact(&mut answer).unwrap();
    let begun = Instant::now();
    server.begin_stop();
    // Nobody new is let in.
    server.wait_until(|| TcpStream::connect(address).is_err());
    busy.read_to_end(&mut answer).unwrap();
    let reply = Reply::parse(&answer);
    let page = reply.json();
    let returned = page["features"].as_array().unwrap().len() as u64;
    assert_eq!((reply.status, page["numberReturned"].as_u64()), (200, Some(returned)));
    assert!(
        returned > 1000 && returned < 10_000,
        "a page ends where it becomes too large: {returned}"
    );
    server.stop().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(200),
        "an idle connection does not hold it up"
    );
    assert!(closes_within(&mut idle, |_| (), Duration::from_secs(60)));
}
