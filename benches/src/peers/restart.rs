//! From the start of the server until it answers: from the store, and from the snapshot that an earlier run wrote.

use super::city::City;
use crate::postgis::ready::Server;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::time::{Duration, Instant};

/// One store.
#[derive(Debug)]
pub struct Restart {
    /// What kind it is.
    pub store: &'static str,
    /// Seconds from the store, round by round.
    pub whole: Vec<f64>,
    /// Seconds from the snapshot.
    pub kept: Vec<f64>,
    /// What the server held after each, at most.
    pub memory_bytes: [u64; 2],
    /// The size of the snapshot.
    pub file_bytes: u64,
}

/// Starts servers one after the other.
///
/// # Errors
/// Where a server fails, or writes no snapshot.
pub fn measure(city: &City, server: &Path, folder: &Path, rounds: usize) -> Result<Vec<Restart>> {
    let file = city.file.to_str().context("the city's path is not UTF-8")?;
    let snapshot = folder.join("restart.snapshot");
    let stores = [("GeoPackage", file), ("PostGIS", city.url.as_str())];
    let found = stores.map(|(kind, store)| {
        remove(&snapshot);
        let found = one(kind, store, server, &snapshot, rounds);
        remove(&snapshot);
        found
    });
    found.into_iter().collect()
}

fn one(kind: &'static str, store: &str, server: &Path, snapshot: &Path, rounds: usize) -> Result<Restart> {
    let kept_there = [
        "--snapshot",
        snapshot.to_str().context("the folder's path is not UTF-8")?,
    ];
    write(store, server, snapshot, &kept_there)?;
    let mut found = Restart {
        store: kind,
        whole: Vec::new(),
        kept: Vec::new(),
        memory_bytes: [0; 2],
        file_bytes: std::fs::metadata(snapshot)?.len(),
    };
    for round in 1..=rounds {
        let ways: [&[&str]; 2] = [&[], &kept_there];
        for (n, more) in ways.into_iter().enumerate() {
            let server = Server::start(server, store, more)?;
            let seconds = server.ready_time.as_secs_f64();
            [&mut found.whole, &mut found.kept][n].push(seconds);
            found.memory_bytes[n] = found.memory_bytes[n].max(server.memory_bytes());
            eprintln!("restart from {kind}: round {round} of {rounds}: {seconds:.2} s");
        }
    }
    Ok(found)
}

/// Lets a server read the store and keep what it read.
fn write(store: &str, server: &Path, snapshot: &Path, kept_there: &[&str]) -> Result<()> {
    let _server = Server::start(server, store, kept_there)?;
    let began = Instant::now();
    while !snapshot.exists() {
        if began.elapsed() > Duration::from_secs(120) {
            bail!("the server wrote no snapshot");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn remove(path: &Path) {
    // It may not be there.
    let _ = std::fs::remove_file(path);
}
