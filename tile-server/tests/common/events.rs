//! A reader of server-sent events that reads no faster than it is told.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An open stream.
pub struct Events {
    body: BufReader<Chunked>,
    /// The id of the last event, as a browser keeps it.
    pub last_id: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: String,
    pub kind: String,
    pub data: serde_json::Value,
}

/// Takes the chunked coding off (RFC 9112, clause 7.1).
struct Chunked {
    stream: BufReader<TcpStream>,
    left: usize,
}

impl Events {
    /// Opens a stream; gives the status and the body where it is none.
    pub fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, (u16, String)> {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            assert!(stream.read_line(&mut line).unwrap() > 0, "the head ends early");
            if status == 0 {
                status = line.split(' ').nth(1).unwrap().parse().unwrap();
            }
            if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        if status != 200 {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            return Err((status, String::from_utf8(body).unwrap()));
        }
        Ok(Self {
            body: BufReader::new(Chunked { stream, left: 0 }),
            last_id: String::new(),
        })
    }

    /// The next event; none where the stream has ended.
    pub fn next(&mut self) -> Option<Event> {
        let (mut kind, mut data, mut line) = ("message".to_owned(), String::new(), String::new());
        loop {
            line.clear();
            if self.body.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let text = line.trim_end();
            match text.split_once(": ") {
                Some(("id", id)) => id.clone_into(&mut self.last_id),
                Some(("event", name)) => name.clone_into(&mut kind),
                Some(("data", part)) => data.push_str(part),
                Some(("retry", ms)) => assert!(ms.parse::<u64>().unwrap() > 0),
                _ if text.is_empty() && !data.is_empty() => {
                    let id = self.last_id.clone();
                    let data = serde_json::from_str(&data).unwrap();
                    return Some(Event { id, kind, data });
                }
                _ => assert!(text.is_empty() || text.starts_with(':'), "{text:?}"),
            }
        }
    }

    /// The entries up to the event that says that `version` was read whole.
    pub fn until(&mut self, version: u64) -> Vec<Event> {
        let mut entries = Vec::new();
        loop {
            let event = self.next().expect("the stream goes on");
            if event.kind == "message" {
                entries.push(event);
            } else if event.data["version"].as_u64().unwrap() >= version {
                return entries;
            }
        }
    }
}

impl Read for Chunked {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut size = String::new();
            if self.stream.read_line(&mut size)? == 0 {
                return Ok(0);
            }
            self.left = usize::from_str_radix(size.trim(), 16).expect("a chunk begins with its size") + 2;
            if self.left == 2 {
                return Ok(0);
            }
        }
        if self.left > 2 {
            let most = out.len().min(self.left - 2);
            let count = self.stream.read(&mut out[..most])?;
            self.left -= count;
            return Ok(count);
        }
        self.stream.read_exact(&mut [0; 2])?;
        self.left = 0;
        self.read(out)
    }
}
