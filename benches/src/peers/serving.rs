//! Tiles over HTTP: ours and Martin's of the same parcels, and the bare server's of the same bytes.

use super::bare::Bare;
use super::city::City;
use super::martin::Martin;
use super::paths::{self, Popularity};
use super::wrk::{self, Counted};
use crate::http::Client;
use crate::postgis::ready::Server;
use crate::tiles::feature_count;
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use onemap_model::{Coord, TileCoord};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::Path;

/// Megabytes of tiles kept where a cache is measured: all of them fit.
const CACHE_MB: u32 = 1024;
/// How many requests there are in the mix, before it begins anew.
const MIX: usize = 200_000;
/// Tiles of each zoom of which the features are counted on both sides.
const CHECKED: usize = 5;

/// What is compared with what.
#[derive(Debug)]
pub struct Compared {
    /// What was asked for.
    pub what: String,
    /// How many distinct tiles that are.
    pub tiles: usize,
    /// Ours, round by round.
    pub ours: Vec<Counted>,
    /// Martin's.
    pub martin: Vec<Counted>,
    /// The bare server's; none where nothing is kept.
    pub bare: Vec<Counted>,
}

impl Compared {
    fn new(what: String, tiles: usize) -> Self {
        Self {
            what,
            tiles,
            ours: Vec::new(),
            martin: Vec::new(),
            bare: Vec::new(),
        }
    }
}

/// How the features of one tile were counted on both sides.
#[derive(Debug)]
pub struct SameTile {
    /// The tile.
    pub tile: String,
    /// Features of ours.
    pub ours: usize,
    /// Features of Martin's.
    pub martin: usize,
}

/// The servers' programs, and how long to measure.
#[derive(Debug)]
pub struct Setting<'a> {
    /// `onemap-serve`.
    pub server: &'a Path,
    /// `martin`; none where it is not here.
    pub martin: Option<&'a Path>,
    /// Rounds of every comparison.
    pub rounds: usize,
    /// Seconds of each run.
    pub seconds: u64,
}

impl Setting<'_> {
    fn start_martin(&self, city: &City, cache_mb: u32) -> Result<Option<Martin>> {
        self.martin
            .map(|program| Martin::start(program, city, cache_mb))
            .transpose()
    }
}

/// Distinct tiles of zooms 14 and 16, which nobody keeps; and whether both sides have the same features in them.
///
/// # Errors
/// Where a server fails.
pub fn uncached(city: &City, places: &[(i64, Coord)], setting: &Setting<'_>) -> Result<(Vec<Compared>, Vec<SameTile>)> {
    let ours = Server::start(setting.server, &city.url, &["--cache-mb", "0"])?;
    let martin = setting.start_martin(city, 0)?;
    let (mut compared, mut same) = (Vec::new(), Vec::new());
    for z in [14, 16] {
        let tiles = paths::distinct(places, z);
        for (tile, martin) in tiles.iter().take(CHECKED).zip(martin.iter().cycle()) {
            same.push(count_both(ours.address, martin.address, *tile)?);
        }
        let mut found = Compared::new(format!("z{z}, each tile rendered"), tiles.len());
        for round in 1..=setting.rounds {
            found
                .ours
                .push(wrk::run(ours.address, &our_paths(&tiles), setting.seconds)?);
            if let Some(martin) = &martin {
                let run = wrk::run(martin.address, &their_paths(&tiles), setting.seconds)?;
                found.martin.push(run);
            }
            tell(&found, round, setting.rounds);
        }
        compared.push(found);
    }
    Ok((compared, same))
}

/// What is drawn of the popular tiles. Parcels show from zoom 13 on.
const MIXES: [(&str, RangeInclusive<u8>); 2] = [
    ("mix of z13 to z16, all kept", 13..=16),
    ("z16 only, all kept", 16..=16),
];

/// Mixes of tiles that all are kept, as popular as OpenStreetMap's.
///
/// # Errors
/// Where a server fails.
pub fn cached(
    city: &City,
    places: &[(i64, Coord)],
    popularity: &Popularity,
    setting: &Setting<'_>,
) -> Result<Vec<Compared>> {
    let kept = CACHE_MB.to_string();
    let ours = Server::start(setting.server, &city.url, &["--cache-mb", &kept])?;
    let martin = setting.start_martin(city, CACHE_MB)?;
    let compare = |(what, zooms): (&str, RangeInclusive<u8>)| {
        let mix = popularity.draw(places, zooms, MIX);
        let tiles: HashSet<TileCoord> = mix.iter().copied().collect();
        eprintln!("{what}: filling the caches with {} tiles", tiles.len());
        let bare = Bare::start(fetched(ours.address, &tiles)?)?;
        if let Some(martin) = &martin {
            fetch_theirs(martin.address, &tiles)?;
        }
        let (our_mix, their_mix) = (our_paths(&mix), their_paths(&mix));
        let mut found = Compared::new(what.to_owned(), tiles.len());
        for round in 1..=setting.rounds {
            found.ours.push(wrk::run(ours.address, &our_mix, setting.seconds)?);
            found.bare.push(wrk::run(bare.address, &our_mix, setting.seconds)?);
            if let Some(martin) = &martin {
                found
                    .martin
                    .push(wrk::run(martin.address, &their_mix, setting.seconds)?);
            }
            tell(&found, round, setting.rounds);
        }
        Ok(found)
    };
    MIXES.into_iter().map(compare).collect()
}

fn tell(found: &Compared, round: usize, rounds: usize) {
    let last = |runs: &[Counted]| runs.last().map_or(0.0, |run| run.per_second);
    eprintln!(
        "{}: round {round} of {rounds}: ours {:.0}/s, Martin {:.0}/s, bare {:.0}/s",
        found.what,
        last(&found.ours),
        last(&found.martin),
        last(&found.bare)
    );
}

/// The addresses of tiles of ours.
pub fn our_paths(tiles: &[TileCoord]) -> Vec<String> {
    tiles.iter().map(|tile| our_path(*tile)).collect()
}

fn our_path(tile: TileCoord) -> String {
    format!("/xyz/parcels/{}/{}/{}.mvt", tile.z(), tile.col(), tile.row())
}

fn their_path(tile: TileCoord) -> String {
    format!("/parcels/{}/{}/{}", tile.z(), tile.col(), tile.row())
}

fn their_paths(tiles: &[TileCoord]) -> Vec<String> {
    tiles.iter().map(|tile| their_path(*tile)).collect()
}

fn count_both(ours: SocketAddr, martin: SocketAddr, tile: TileCoord) -> Result<SameTile> {
    let count = |address, path: String| -> Result<usize> {
        let (status, body) = Client::new(address).get(&path)?;
        ensure!(status == 200, "{path}: {status}");
        Ok(feature_count(&body))
    };
    Ok(SameTile {
        tile: format!("{}/{}/{}", tile.z(), tile.col(), tile.row()),
        ours: count(ours, our_path(tile))?,
        martin: count(martin, their_path(tile))?,
    })
}

/// Every tile of ours, gzipped, by its path.
fn fetched(address: SocketAddr, tiles: &HashSet<TileCoord>) -> Result<HashMap<String, Bytes>> {
    let mut client = Client::new(address);
    let mut fetch = |tile: &TileCoord| {
        let path = our_path(*tile);
        let (status, body) = client.get_gzipped(&path).with_context(|| path.clone())?;
        ensure!(status == 200, "{path}: {status}");
        Ok((path, Bytes::from(body)))
    };
    tiles.iter().map(&mut fetch).collect()
}

fn fetch_theirs(address: SocketAddr, tiles: &HashSet<TileCoord>) -> Result<()> {
    let (mut client, mut done) = (Client::new(address), 0_usize);
    for tile in tiles {
        let path = their_path(*tile);
        let (status, _) = client.get_gzipped(&path)?;
        ensure!(status == 200, "{path}: {status}");
        done += 1;
        if done.is_multiple_of(1000) {
            eprintln!("Martin has {done} of {} tiles", tiles.len());
        }
    }
    Ok(())
}
