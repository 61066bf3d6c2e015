//! How soon a committed edit is in a tile and in the change feed, under a steady load of edits and tiles.
//!
//! Every edit writes a text of its own into a parcel. For one edit in `PROBE_EVERY` its tile is asked for again and
//! again from the moment the commit came back, until that text is in it.

use super::ready::Server;
use crate::http::Client;
use anyhow::{Context, Result, ensure};
use onemap_model::{Coord, TileMatrixSet};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tokio_postgres::{Client as Database, NoTls};

/// Edits a second.
const EDITS: u32 = 100;
/// Tiles asked for a second, besides those that look for edits.
const TILES: u32 = 200;
/// One edit in so many is looked for in its tile.
const PROBE_EVERY: usize = 10;
/// Threads that look.
const PROBES: usize = 8;
/// Threads that ask for tiles.
const READERS: u32 = 4;
/// The zoom of the tiles that are looked at.
const ZOOM: u8 = 16;
/// An edit that does not show within this is lost.
const LOST: Duration = Duration::from_secs(30);

/// What was found.
#[derive(Debug, Default)]
pub struct Live {
    /// How long edits were made.
    pub lasted: Duration,
    /// How many.
    pub edits: usize,
    /// From the commit's return to the tile that has it.
    pub to_tile: Vec<Duration>,
    /// From the commit's return to the feed's entry.
    pub to_feed: Vec<Duration>,
    /// Answer times of the other tiles.
    pub tiles: Vec<Duration>,
    /// What `UPDATE` itself took.
    pub commits: Vec<Duration>,
}

/// A parcel, and the tile that shows it.
#[derive(Debug, Clone)]
struct Target {
    fid: i64,
    tile: String,
}

/// When each text was committed; none while it is on its way.
type Marks = Mutex<HashMap<String, Option<Instant>>>;

/// Edits for `lasting`, and watches.
///
/// # Errors
/// Where the database or the server fails, or an edit never shows.
pub fn measure(url: &str, server: &Server, lasting: Duration) -> Result<Live> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (database, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
    thread::scope(|scope| {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let targets = {
            let (database, connection) = (&database, connection);
            let (ready, is_ready) = mpsc::channel();
            scope.spawn(move || {
                runtime.block_on(async move {
                    let drive = async { drop(connection.await) };
                    let work = async {
                        let targets = targets(database).await;
                        let _ = ready.send(targets);
                        let _ = stopped.await;
                    };
                    tokio::select! { () = drive => (), () = work => () }
                })
            });
            is_ready.recv().context("the database went away")??
        };
        let result = watch(&database, server.address, &targets, lasting);
        let _ = stop.send(());
        result
    })
}

/// About a thousand parcels all over the city that tiles show: those that are true now.
async fn targets(database: &Database) -> Result<Vec<Target>> {
    let sql = "SELECT fid, ST_X(p), ST_Y(p) FROM (SELECT fid, ST_PointOnSurface(geom) AS p FROM parcels
               WHERE fid % greatest(1, (SELECT max(fid) / 1000 FROM parcels)) = 0
               AND coalesce(valid_from <= now(), true) AND coalesce(valid_to > now(), true)) AS inside";
    let rows = database.query(sql, &[]).await?;
    let target = |row: &tokio_postgres::Row| {
        let at = Coord {
            x: row.get(1),
            y: row.get(2),
        };
        let tile = TileMatrixSet::WebMercatorQuad
            .tile_at(ZOOM, at)
            .expect("the grid has this zoom");
        Target {
            fid: row.get(0),
            tile: format!("/xyz/parcels/{ZOOM}/{}/{}", tile.col(), tile.row()),
        }
    };
    Ok(rows.iter().map(target).collect())
}

fn watch(database: &Database, address: SocketAddr, targets: &[Target], lasting: Duration) -> Result<Live> {
    ensure!(targets.len() > 2 * PROBE_EVERY, "too few parcels to edit");
    let (over, marks) = (AtomicBool::new(false), Marks::default());
    let (probe, probes) = mpsc::channel::<(Target, String, Instant)>();
    let probes = Mutex::new(probes);
    let began = Instant::now();
    thread::scope(|scope| {
        let lookers: Vec<_> = (0..PROBES).map(|_| scope.spawn(|| look(address, &probes))).collect();
        let (over, marks) = (&over, &marks);
        let readers: Vec<_> = (0..READERS)
            .map(|n| scope.spawn(move || read(address, targets, n, over)))
            .collect();
        let feed = scope.spawn(move || follow(address, marks, over));
        thread::sleep(Duration::from_secs(1));
        let edited = edit(database, targets, lasting, marks, &probe);
        drop(probe);
        let to_tile: Result<Vec<_>> = lookers
            .into_iter()
            .map(|looker| looker.join().expect("it does not panic"))
            .collect();
        thread::sleep(Duration::from_secs(1));
        over.store(true, Ordering::Relaxed);
        let tiles: Result<Vec<_>> = readers
            .into_iter()
            .map(|reader| reader.join().expect("it does not panic"))
            .collect();
        // The last edit wakes the feed's reader once more.
        let commits = edited?;
        Ok(Live {
            lasted: began.elapsed(),
            edits: commits.len(),
            to_tile: to_tile?.concat(),
            to_feed: feed.join().expect("it does not panic")?,
            tiles: tiles?.concat(),
            commits,
        })
    })
}

/// Commits edits at a steady pace; gives what each took.
fn edit(
    database: &Database,
    targets: &[Target],
    lasting: Duration,
    marks: &Marks,
    probe: &mpsc::Sender<(Target, String, Instant)>,
) -> Result<Vec<Duration>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let began = Instant::now();
    let mut took = Vec::new();
    for n in 0.. {
        let due = Duration::from_secs(n as u64) / EDITS;
        if due > lasting {
            break;
        }
        thread::sleep(due.saturating_sub(began.elapsed()));
        // Large steps, so that neighbours in time are no neighbours on the map.
        let target = &targets[n * 37 % targets.len()];
        let mark = format!("mark-{n}-");
        marks.lock().expect("no holder panics").insert(mark.clone(), None);
        let before = Instant::now();
        let sql = "UPDATE parcels SET zl = $1 WHERE fid = $2";
        let rows = runtime.block_on(database.execute(sql, &[&mark, &target.fid]))?;
        let committed = Instant::now();
        ensure!(rows == 1, "parcel {} is gone", target.fid);
        took.push(committed - before);
        marks
            .lock()
            .expect("no holder panics")
            .insert(mark.clone(), Some(committed));
        if n % PROBE_EVERY == 0 {
            probe.send((target.clone(), mark, committed))?;
        }
    }
    Ok(took)
}

/// Asks for the tiles of edits until they have them.
fn look(address: SocketAddr, probes: &Mutex<mpsc::Receiver<(Target, String, Instant)>>) -> Result<Vec<Duration>> {
    let (mut client, mut times) = (Client::new(address), Vec::new());
    loop {
        let next = probes.lock().expect("no holder panics").recv();
        let Ok((target, mark, committed)) = next else {
            return Ok(times);
        };
        loop {
            let (_, body) = client.get(&target.tile)?;
            if body.windows(mark.len()).any(|part| part == mark.as_bytes()) {
                times.push(committed.elapsed());
                break;
            }
            ensure!(
                committed.elapsed() < LOST,
                "{mark} of parcel {} never showed in {}",
                target.fid,
                target.tile
            );
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Asks for tiles at a steady pace; gives their answer times.
fn read(address: SocketAddr, targets: &[Target], start: u32, over: &AtomicBool) -> Result<Vec<Duration>> {
    let (mut client, mut times) = (Client::new(address), Vec::new());
    let began = Instant::now();
    for n in 0_u32.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep((Duration::from_secs(1) * n * READERS / TILES).saturating_sub(began.elapsed()));
        let target = &targets[(n as usize * 61 + start as usize * 97) % targets.len()];
        let before = Instant::now();
        let (status, _) = client.get(&target.tile)?;
        ensure!(matches!(status, 200 | 204), "{}: {status}", target.tile);
        times.push(before.elapsed());
    }
    Ok(times)
}

/// Follows the feed; gives how old each edit was when it came.
fn follow(address: SocketAddr, marks: &Marks, over: &AtomicBool) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for line in Client::new(address).events("/changes?since=now&layers=parcels")? {
        let (line, heard) = (line?, Instant::now());
        for mark in marks_in(&line) {
            let committed = marks.lock().expect("no holder panics").get(mark).copied();
            // The feed may be faster than the answer to the one who committed.
            times.extend(committed.map(|at| at.map_or(Duration::ZERO, |at| heard.saturating_duration_since(at))));
        }
        if over.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(times)
}

fn marks_in(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("mark-").filter_map(|(at, word)| {
        let rest = &line[at + word.len()..];
        let end = rest.find('-')?;
        Some(&line[at..at + word.len() + end + 1])
    })
}
