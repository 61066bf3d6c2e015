//! A small city in a database of its own, served; and whether what is served is what is in the tables.

use crate::programs::{Serving, import};
use onemap_model::{Coord, TileMatrixSet};
use onemap_testing::{Cluster, Database};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many parcels the small city is asked to have.
pub const PARCELS: usize = 1000;

/// The zooms whose tiles are compared.
const ZOOMS: [u8; 3] = [13, 15, 16];

/// How long a version is waited for. What is promised is less, and measured elsewhere: machines that test are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is compared of a parcel: its address and its coordinates.
pub type Parcel = (Value, Value);

/// Makes the small city in a database.
///
/// # Panics
/// Where that fails.
pub fn make_city(database: &Database<'_>) {
    let url = database.url();
    import(&["sample", "--features", &PARCELS.to_string(), "--to", &url]).succeeded();
}

/// The database as GDAL wants it named.
pub fn for_gdal(database: &Database<'_>) -> String {
    let (port, name) = (database.cluster().port(), database.name());
    format!("PG:host=127.0.0.1 port={port} user=onemap dbname={name}")
}

/// Starts a server on the database.
///
/// # Panics
/// Where it does not become ready.
pub fn serve(url: &str, more: &[&str]) -> Serving {
    Serving::start(Path::new(url), more)
}

/// The newest version that is committed.
///
/// # Panics
/// Where the database does not tell.
pub fn committed(database: &Database<'_>) -> u64 {
    let version = database.psql("SELECT max(version) FROM onemap_meta.commit");
    version
        .parse()
        .unwrap_or_else(|_| panic!("the newest version is {version:?}"))
}

/// Waits until `more` versions are committed than there are now.
///
/// # Panics
/// Where they are not within a minute.
pub fn wait_for_commits(database: &Database<'_>, more: u64) {
    let wanted = committed(database) + more;
    wait_until(&format!("version {wanted} is committed"), || {
        committed(database) >= wanted
    });
}

/// Waits until so many transactions of others are open in the database, and idle or asleep.
///
/// # Panics
/// Where they are not within a minute.
pub fn wait_for_open_transactions(database: &Database<'_>, wanted: u64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
               AND backend_xid IS NOT NULL AND (state = 'idle in transaction' OR wait_event = 'PgSleep')";
    wait_until(&format!("{wanted} transactions are open"), || {
        database
            .psql(sql)
            .trim()
            .parse::<u64>()
            .is_ok_and(|open| open >= wanted)
    });
}

/// Waits until something is so.
///
/// # Panics
/// Where it is not within a minute.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until the server shows `version`; gives how long that took.
///
/// # Panics
/// Where it does not within a minute.
pub fn wait_for_version(serving: &Serving, version: u64) -> Duration {
    let began = Instant::now();
    let target = format!("/collections/parcels/items?limit=1&min-version={version}");
    loop {
        let answer = crate::http::get(serving.address, &target);
        match answer {
            Ok(answer) if answer.status == 200 => return began.elapsed(),
            Ok(answer) => assert!(
                answer.status == 503 && answer.header("retry-after").is_some(),
                "{target}: {} {}",
                answer.status,
                answer.text()
            ),
            Err(error) => panic!("{target}: {error}"),
        }
        assert!(began.elapsed() < PATIENCE, "version {version} does not show");
    }
}

/// What the server shows is what the tables hold, and no tile that it kept is older: items, tiles of two kinds of
/// server, and the store's own verdict.
///
/// # Panics
/// Where something differs.
pub fn assert_right(database: &Database<'_>, serving: &Serving) {
    wait_for_version(serving, committed(database));
    let (served, held) = (served_parcels(serving), parcels(database));
    let differing: Vec<_> = served
        .keys()
        .chain(held.keys())
        .filter(|id| served.get(*id) != held.get(*id))
        .take(4)
        .collect();
    let told = |id: &String| format!("{id}: served {:?}, held {:?}", served.get(id), held.get(id));
    assert!(
        differing.is_empty(),
        "{} parcels are served, {} held; they differ in {:#?}",
        served.len(),
        held.len(),
        differing.into_iter().map(told).collect::<Vec<_>>()
    );
    let fresh = serve(&database.url(), &["--cache-mb", "0"]);
    let mut compared = 0;
    for tile in tiles(database) {
        let (kept, made) = (serving.get(&tile), fresh.get(&tile));
        assert_eq!((kept.status, &kept.body), (made.status, &made.body), "{tile}");
        compared += usize::from(kept.status == 200);
    }
    assert!(compared > 10, "only {compared} tiles have something in them");
    let verified = import(&["verify", &database.url()]);
    assert_eq!(verified.code, Some(0), "verify: {}{}", verified.stdout, verified.stderr);
}

/// Asks for all tiles that are compared later, so that they are in the cache.
///
/// # Panics
/// Where there is no answer.
pub fn fill_cache(database: &Database<'_>, serving: &Serving) {
    for tile in tiles(database) {
        serving.get(&tile);
    }
}

/// The parcels in the table, by public id.
///
/// # Panics
/// Where the database does not tell, or an id comes twice.
pub fn parcels(database: &Database<'_>) -> BTreeMap<String, Parcel> {
    let sql = "SELECT json_build_array(coalesce(zddm, fid::text), zl, ST_AsGeoJSON(ST_ForcePolygonCCW(ST_Multi(geom)), 15)::json)
               FROM parcels WHERE coalesce(valid_from <= now(), true) AND coalesce(valid_to > now(), true)";
    let lines = database.psql(sql);
    let mut found = BTreeMap::new();
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let id = row[0].as_str().expect("an id is a text").to_owned();
        let before = found.insert(id, (row[1].clone(), row[2]["coordinates"].clone()));
        assert!(before.is_none(), "{line}: its id is another's too");
    }
    found
}

/// The parcels that the server gives, by public id, read in pages.
///
/// # Panics
/// Where an answer is no page of features.
pub fn served_parcels(serving: &Serving) -> BTreeMap<String, Parcel> {
    let mut served = BTreeMap::new();
    let mut offset = 0;
    loop {
        let page = serving.get(&format!("/collections/parcels/items?limit=500&offset={offset}"));
        assert_eq!(page.status, 200, "{}", page.text());
        let page: Value = serde_json::from_slice(&page.body).expect("a page is JSON");
        let features = page["features"].as_array().expect("a page has features");
        if features.is_empty() {
            return served;
        }
        offset += features.len();
        for feature in features {
            let id = feature["id"].as_str().expect("an id is a text").to_owned();
            let geometry = &feature["geometry"];
            let coordinates = match geometry["type"].as_str() {
                Some("Polygon") => Value::Array(vec![geometry["coordinates"].clone()]),
                _ => geometry["coordinates"].clone(),
            };
            let parcel = (feature["properties"]["zl"].clone(), coordinates);
            assert!(served.insert(id, parcel).is_none(), "{feature} comes twice");
        }
    }
}

fn tiles(database: &Database<'_>) -> Vec<String> {
    let extent = database.psql("SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom) AS e FROM districts) AS all_of_it");
    let edges: Vec<f64> = extent
        .split('|')
        .map(|edge| edge.parse().expect("an extent has four numbers"))
        .collect();
    let grid = TileMatrixSet::WebMercatorQuad;
    let mut tiles = Vec::new();
    for z in ZOOMS {
        let corner = |x, y| grid.tile_at(z, Coord { x, y }).expect("the grid has this zoom");
        let (nw, se) = (corner(edges[0], edges[3]), corner(edges[2], edges[1]));
        for col in nw.col()..=se.col() {
            for row in nw.row()..=se.row() {
                tiles.push(format!("/xyz/parcels,districts/{z}/{col}/{row}"));
            }
        }
    }
    tiles
}

/// A cluster of its own, or none where the test is to be skipped.
pub fn cluster() -> Option<Cluster> {
    Cluster::start()
}
