//! Load over HTTP: closed (each connection asks again when it is answered: how much can be done) and open (requests come
//! when they come, whatever the server does: how it is to wait for it).
//!
//! In an open load a request's time runs from the moment when it was due, not from when it could be sent. There are
//! many connections, as there are many people; where none is free, the request fails as if it had been refused.

use super::Dice;
use anyhow::{Context, Result};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// What came within this time is of use to whoever asked.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// What became of the requests.
#[derive(Debug, Default, Clone)]
pub struct Answered {
    /// How long it lasted.
    pub lasted: Duration,
    /// Those that were due.
    pub due: u64,
    /// Of no use: later than [`PATIENCE`].
    pub late: u64,
    /// Refused with 503.
    pub refused: u64,
    /// Failed: another status, or a broken connection.
    pub failed: u64,
    /// Not sent because all connections waited for answers.
    pub unsent: u64,
    /// The times of the good ones, from when they were due, in no order.
    pub times: Vec<Duration>,
}

impl Answered {
    /// Good answers a second.
    pub fn goodput(&self) -> f64 {
        self.times.len() as f64 / self.lasted.as_secs_f64()
    }

    /// Answers a second, late ones too.
    pub fn throughput(&self) -> f64 {
        (self.times.len() as f64 + self.late as f64) / self.lasted.as_secs_f64()
    }

    fn add(&mut self, other: Self) {
        self.late += other.late;
        self.refused += other.refused;
        self.failed += other.failed;
        self.times.extend(other.times);
    }

    fn note(&mut self, status: Result<u16>, took: Duration) {
        match status {
            Ok(200 | 204 | 304) if took <= PATIENCE => self.times.push(took),
            Ok(200 | 204 | 304) => self.late += 1,
            Ok(503) => self.refused += 1,
            Ok(_) | Err(_) => self.failed += 1,
        }
    }
}

/// The requests that are drawn from, ready to be sent.
#[derive(Debug, Clone)]
pub struct Requests(Arc<Vec<Bytes>>);

impl Requests {
    /// Requests for these paths, gzip accepted.
    pub fn new(address: SocketAddr, paths: &[String]) -> Self {
        let request = |path: &String| {
            let text = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept-Encoding: gzip\r\n\r\n");
            Bytes::from(text)
        };
        Self(Arc::new(paths.iter().map(request).collect()))
    }

    fn draw(&self, dice: &mut Dice) -> Bytes {
        self.0[dice.below(self.0.len() as u64) as usize].clone()
    }
}

/// `connections` that ask without pause.
///
/// # Errors
/// Where the server takes no connections.
pub fn closed(address: SocketAddr, requests: &Requests, connections: u64, lasting: Duration) -> Result<Answered> {
    runtime()?.block_on(async {
        let began = Instant::now();
        let ask = |n: u64| {
            let requests = requests.clone();
            tokio::spawn(async move {
                let (mut line, mut dice, mut answered) = (Line::new(address), Dice(n), Answered::default());
                while began.elapsed() < lasting {
                    let sent = Instant::now();
                    let status = line.ask(&requests.draw(&mut dice)).await;
                    answered.note(status, sent.elapsed());
                    answered.due += 1;
                }
                answered
            })
        };
        let lines: Vec<_> = (0..connections).map(ask).collect();
        let mut all = Answered::default();
        for line in lines {
            let answered = line.await.context("a connection's task")?;
            all.due += answered.due;
            all.add(answered);
        }
        all.lasted = began.elapsed();
        Ok(all)
    })
}

/// Requests that come by chance, `per_second` on average, over at most `connections`.
///
/// # Errors
/// Where the system gives no threads.
pub fn open(
    address: SocketAddr,
    requests: &Requests,
    per_second: f64,
    connections: usize,
    lasting: Duration,
) -> Result<Answered> {
    runtime()?.block_on(async {
        let (free, mut is_free) = mpsc::unbounded_channel();
        let (mut desks, mut lines) = (Vec::new(), Vec::new());
        for n in 0..connections {
            let (desk, work) = mpsc::unbounded_channel();
            lines.push(tokio::spawn(serve(address, n, work, free.clone())));
            desks.push(desk);
            free.send(n).expect("the receiver is there");
        }
        let (mut dice, began) = (Dice(99), Instant::now());
        let (mut due_at, mut all) = (Duration::ZERO, Answered::default());
        while due_at < lasting {
            tokio::time::sleep(due_at.saturating_sub(began.elapsed())).await;
            while due_at <= began.elapsed() && due_at < lasting {
                all.due += 1;
                match is_free.try_recv() {
                    Ok(n) => drop(desks[n].send((requests.draw(&mut dice), began + due_at))),
                    Err(_) => all.unsent += 1,
                }
                let chance = (dice.roll() >> 11) as f64 / (1_u64 << 53) as f64;
                due_at += Duration::from_secs_f64(-(1.0 - chance).ln() / per_second);
            }
        }
        drop(desks);
        for line in lines {
            all.add(line.await.context("a connection's task")?);
        }
        all.lasted = lasting;
        Ok(all)
    })
}

/// One connection of an open load: takes work until there is no more, and says when it is free again.
async fn serve(
    address: SocketAddr,
    n: usize,
    mut work: mpsc::UnboundedReceiver<(Bytes, Instant)>,
    free: mpsc::UnboundedSender<usize>,
) -> Answered {
    let (mut line, mut answered) = (Line::new(address), Answered::default());
    while let Some((request, due)) = work.recv().await {
        let status = line.ask(&request).await;
        answered.note(status, due.elapsed());
        // Nobody may be handing out work any more.
        let _ = free.send(n);
    }
    answered
}

/// One thread: the other core is the server's.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?)
}

/// A connection that is opened again where it broke.
struct Line {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Line {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            buffer: vec![0; 64 << 10],
        }
    }

    /// The status of the answer, when all of it is here.
    async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        stream.write_all(request).await?;
        let status = read(&mut stream, &mut self.buffer).await?;
        self.stream = Some(stream);
        Ok(status)
    }
}

/// Reads one answer and forgets its body.
async fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<u16> {
    let mut filled = 0;
    let head = loop {
        let more = stream.read(&mut buffer[filled..]).await?;
        anyhow::ensure!(more > 0, "the connection ended, or the head is too long");
        let begin = filled.saturating_sub(3);
        filled += more;
        if let Some(at) = buffer[begin..filled].windows(4).position(|four| four == b"\r\n\r\n") {
            break begin + at + 4;
        }
    };
    let text = std::str::from_utf8(&buffer[..head]).context("a head that is no text")?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.context("no HTTP")?;
    let length = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    };
    let length = match text.lines().find_map(length) {
        Some(length) => length,
        None if matches!(status, 204 | 304) => 0,
        None => anyhow::bail!("an answer without Content-Length"),
    };
    let mut left = length.saturating_sub(filled - head);
    while left > 0 {
        let end = left.min(buffer.len());
        let more = stream.read(&mut buffer[..end]).await?;
        anyhow::ensure!(more > 0, "the connection ended before its answer");
        left -= more;
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::bare::Bare;
    use std::collections::HashMap;

    #[test]
    fn all_that_is_due_is_accounted_for() {
        let answers = HashMap::from([("/here".to_owned(), Bytes::from(vec![7; 200_000]))]);
        let bare = Bare::start(answers).unwrap();
        let requests = Requests::new(bare.address, &["/here".to_owned(), "/gone".to_owned()]);
        let lasting = Duration::from_millis(300);
        let closed = closed(bare.address, &requests, 4, lasting).unwrap();
        assert!(closed.failed > 0 && !closed.times.is_empty() && closed.lasted >= lasting);
        assert_eq!(closed.due, closed.failed + closed.late + closed.times.len() as u64);
        let open = open(bare.address, &requests, 200.0, 8, lasting).unwrap();
        assert!(open.due > 10 && open.failed > 0 && !open.times.is_empty());
        let counted = open.failed + open.late + open.unsent + open.refused + open.times.len() as u64;
        assert_eq!(open.due, counted);
    }
}
