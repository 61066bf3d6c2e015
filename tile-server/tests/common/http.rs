//! An HTTP/1.1 client that sends exactly what it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A request in the making.
pub struct Request {
    address: SocketAddr,
    method: &'static str,
    path: String,
    version: &'static str,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(address: SocketAddr, path: &str) -> Self {
        Self {
            address,
            method: "GET",
            path: path.to_owned(),
            version: "HTTP/1.1",
            headers: vec![("Host".into(), address.to_string())],
        }
    }

    pub fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub fn http_10(mut self) -> Self {
        self.version = "HTTP/1.0";
        self
    }

    /// Adds a header; `Host` takes the place of the one that is there.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if name.eq_ignore_ascii_case("host") {
            self.headers.retain(|(known, _)| known != "Host");
        }
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn send(self) -> Reply {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut head = format!("{} {} {}\r\n", self.method, self.path, self.version);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("Connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Reply::parse(&bytes)
    }
}

impl Reply {
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("an answer has a head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let split = |line: &str| {
            line.split_once(": ")
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        };
        let headers = lines.map(|line| split(line).unwrap()).collect();
        Self {
            status,
            headers,
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(known, _)| known == name);
        let found = named.next().map(|(_, value)| value.as_str());
        assert!(named.next().is_none(), "{name} stands twice: {:?}", self.headers);
        found
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body without gzip.
    pub fn unzipped(&self) -> Vec<u8> {
        assert_eq!(self.header("content-encoding"), Some("gzip"));
        let size = u32::from_le_bytes(self.body[self.body.len() - 4..].try_into().unwrap());
        let mut plain = vec![0; size as usize];
        libdeflater::Decompressor::new()
            .gzip_decompress(&self.body, &mut plain)
            .unwrap();
        plain
    }

    /// Asserts that this is a problem document of this status that says `part`.
    #[track_caller]
    pub fn is_problem(&self, status: u16, part: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let document = self.json();
        assert_eq!(document["status"], status);
        let detail = document["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{detail:?} says nothing of {part:?}");
    }
}
