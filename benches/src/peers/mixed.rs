//! A server under mixed load while its city is edited: how much it can do, how it is at 70 % of that for long, and what
//! is left of it when twice as much is asked.

use super::Dice;
use super::city::City;
use super::edits::Editor;
use super::load::{self, Answered, Requests};
use super::paths::{self, Popularity};
use super::serving::our_paths;
use crate::postgis::ready::Server;
use anyhow::Result;
use onemap_model::{Coord, TileMatrixSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Edits a second.
pub const EDITS: u32 = 100;
/// Megabytes of tiles kept: not all fit.
pub const CACHE_MB: u32 = 256;
/// How many requests there are to draw from.
const MIX: usize = 100_000;
/// Connections that find out how much can be done.
const CLOSED: u64 = 32;
/// Connections of the open load, as many as there are people.
const OPEN: usize = 1000;
/// Between two looks at the memory.
const LOOK: Duration = Duration::from_secs(1);

/// What was found.
#[derive(Debug)]
pub struct Mixed {
    /// Answers a second where 32 connections never pause, three times.
    pub capacity: Vec<f64>,
    /// At 70 % of it.
    pub steady: Answered,
    /// Edits committed meanwhile.
    pub edits: u64,
    /// The memory of the server meanwhile, looked at every second, in bytes.
    pub memory: Vec<u64>,
    /// At twice of it.
    pub overload: Answered,
    /// Shortly after that, at 70 % again.
    pub after: Answered,
}

/// Loads a server on the prepared city.
///
/// # Errors
/// Where server or database fail.
pub fn measure(
    city: &City,
    places: &[(i64, Coord)],
    popularity: &Popularity,
    server: &Path,
    lasting: Duration,
) -> Result<Mixed> {
    let url = city.copy()?;
    let server = Server::start(server, &url, &["--cache-mb", &CACHE_MB.to_string()])?;
    let requests = Requests::new(server.address, &mix(places, popularity));
    let editor = Editor::start(&url, places.iter().map(|(fid, _)| *fid).collect(), EDITS);
    let short = (lasting / 20).clamp(Duration::from_secs(3), Duration::from_secs(20));
    load::closed(server.address, &requests, CLOSED, short)?;
    let mut capacity = Vec::new();
    for round in 1..=3 {
        let found = load::closed(server.address, &requests, CLOSED, short)?;
        eprintln!(
            "capacity, round {round} of 3: {:.0}/s, {} edits so far",
            found.throughput(),
            editor.made()
        );
        capacity.push(found.throughput());
    }
    let most = super::median(&capacity);
    eprintln!("70 % of it for {} s", lasting.as_secs());
    let before = editor.made();
    let (steady, memory) = watched(&server, || {
        load::open(server.address, &requests, most * 0.7, OPEN, lasting)
    })?;
    let edits = editor.made() - before;
    eprintln!("twice as much for {} s", short.as_secs());
    let overload = load::open(server.address, &requests, most * 2.0, OPEN, short)?;
    eprintln!("70 % again for {} s", short.as_secs());
    let after = load::open(server.address, &requests, most * 0.7, OPEN, short)?;
    editor.stop()?;
    Ok(Mixed {
        capacity,
        steady,
        edits,
        memory,
        overload,
        after,
    })
}

/// Does `work` with an eye on the server's memory.
fn watched<T>(server: &Server, work: impl FnOnce() -> Result<T>) -> Result<(T, Vec<u64>)> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = Vec::new();
            while !over.load(Ordering::Relaxed) {
                seen.push(server.memory_bytes());
                thread::sleep(LOOK);
            }
            seen
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        Ok((done?, watcher.join().expect("the watcher only reads a file")))
    })
}

/// Of ten requests: eight popular tiles of z13 to z16, one of z17 that hardly anybody asked for before, and one page of
/// ten features.
fn mix(places: &[(i64, Coord)], popularity: &Popularity) -> Vec<String> {
    let mut paths = our_paths(&popularity.draw(places, 13..=16, MIX * 8 / 10));
    let deep = paths::distinct(places, 17);
    let mut dice = Dice(17);
    for n in 0..MIX / 10 {
        paths.push(our_paths(&deep[n % deep.len()..=n % deep.len()]).concat());
        let (_, at) = places[dice.below(places.len() as u64) as usize];
        let tile = TileMatrixSet::WebMercatorQuad
            .tile_at(16, at)
            .expect("the grid has this zoom");
        let area = tile.bbox();
        paths.push(format!(
            "/collections/parcels/items?limit=10&bbox={},{},{},{}",
            area.west(),
            area.south(),
            area.east(),
            area.north()
        ));
    }
    paths
}
