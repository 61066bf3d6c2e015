//! A client that keeps its connection, for steady streams of small requests.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection; opened again where the server closed it.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of the server at `address`, not connected yet.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Asks for `target`, not compressed; gives status and body.
    ///
    /// # Errors
    /// No connection, or an answer that is not understood.
    pub fn get(&mut self, target: &str) -> Result<(u16, Vec<u8>)> {
        self.get_coded(target, "identity")
    }

    /// As [`Client::get`], compressed where the server does; the body stays so.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn get_gzipped(&mut self, target: &str) -> Result<(u16, Vec<u8>)> {
        self.get_coded(target, "gzip")
    }

    fn get_coded(&mut self, target: &str, coding: &str) -> Result<(u16, Vec<u8>)> {
        let answer = self.ask(target, coding);
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    fn ask(&mut self, target: &str, coding: &str) -> Result<(u16, Vec<u8>)> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address)?,
        };
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: {coding}\r\n\r\n",
            self.address
        );
        stream.get_mut().write_all(request.as_bytes())?;
        let (status, length) = read_head(&mut stream)?;
        let mut body = vec![0; length.context("an answer without Content-Length")?];
        stream.read_exact(&mut body)?;
        self.stream = Some(stream);
        Ok((status, body))
    }

    /// Opens a stream of events at `target`; its lines come one by one, for ever.
    ///
    /// # Errors
    /// No connection, or another answer than 200.
    pub fn events(&self, target: &str) -> Result<impl Iterator<Item = std::io::Result<String>> + use<>> {
        let mut stream = connect(self.address)?;
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
            self.address
        );
        stream.get_mut().write_all(request.as_bytes())?;
        let (status, _) = read_head(&mut stream)?;
        if status != 200 {
            bail!("{target}: {status}");
        }
        // Sizes of chunks come between as lines of their own: nobody who looks for events minds them.
        Ok(stream.lines())
    }
}

fn connect(address: SocketAddr) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(BufReader::with_capacity(1 << 16, stream))
}

/// The status, and the length of the body where it is told; 204 and 304 have none.
fn read_head(stream: &mut BufReader<TcpStream>) -> Result<(u16, Option<usize>)> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
    let status: u16 = status.with_context(|| format!("no HTTP: {line:?}"))?;
    let mut length = matches!(status, 204 | 304).then_some(0);
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let field = line.trim_end();
        if field.is_empty() {
            return Ok((status, length));
        }
        if let Some((name, value)) = field.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse()?);
        }
    }
}
