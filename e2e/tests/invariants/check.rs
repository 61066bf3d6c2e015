//! What is served against what the tables hold: items, tiles that were kept, answers without a body, and the feed.

use super::city::{City, Row};
use super::steps::{PLACES, Which};
use onemap_atlas::{LayerBuilder, LayerSnapshot, composite};
use onemap_e2e::http::{self, Response};
use onemap_e2e::live;
use onemap_e2e::programs::{Serving, import};
use onemap_model::{Coord, Instant, Name, TileCoord, TileMatrixSet};
use onemap_store::{At, OpenMode, Store};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the server may take to show a version. What is promised is less, and measured elsewhere.
const PATIENCE: Duration = Duration::from_secs(60);

/// The zooms whose tiles are compared, in both grids.
const ZOOMS: [u8; 4] = [1, 7, 12, 16];

/// A server that follows the city all the while, and what clients remember of it.
pub struct Follower {
    serving: Serving,
    store: Box<dyn Store>,
    tiles: Vec<TileCoord>,
    /// The last tag of each tile and what came with it.
    tagged: BTreeMap<String, (String, Vec<u8>)>,
    /// How often it was checked.
    rounds: usize,
}

impl Follower {
    pub fn start(city: &City<'_>) -> Self {
        Self {
            serving: live::serve(&city.store(), &[]),
            store: onemap_store::open(&city.store(), OpenMode::Existing).unwrap(),
            tiles: tiles(),
            tagged: BTreeMap::new(),
            rounds: 0,
        }
    }

    /// Kills the server and starts another; clients keep their tags.
    pub fn restart(&mut self, city: &City<'_>) {
        self.serving.running.kill();
        self.serving = live::serve(&city.store(), &[]);
    }

    /// Everything that is shown is what is there now.
    pub fn check(&mut self, city: &City<'_>) {
        let version = self.store.catch_up().unwrap().0;
        self.wait_for(version);
        let fresh = self.fresh();
        for which in Which::ALL {
            let name = which.name();
            assert_eq!(
                fresh.contains_key(name),
                city.has(which),
                "whether there is a layer {name}"
            );
            self.check_items(city, which);
        }
        let layers: Vec<&str> = fresh.keys().map(String::as_str).collect();
        if !layers.is_empty() {
            self.check_tiles(&fresh, &layers.join(","));
        }
        self.rounds += 1;
    }

    fn wait_for(&self, version: u64) {
        let began = std::time::Instant::now();
        loop {
            let reply = self.serving.get(&format!("/collections?min-version={version}"));
            if reply.status == 200 {
                return;
            }
            assert_eq!(reply.status, 503, "{}", reply.text());
            assert!(
                began.elapsed() < PATIENCE,
                "version {version} does not show: {}",
                reply.text()
            );
        }
    }

    /// What the store holds now, built afresh.
    fn fresh(&mut self) -> BTreeMap<String, LayerSnapshot> {
        let mut reading = self.store.read(At::Now).unwrap();
        let layers = reading.layers().unwrap();
        let build = |state: onemap_store::LayerState| {
            let name: Name = state.layer.name().clone();
            let mut builder = LayerBuilder::new(state.layer);
            let each = &mut |feature| {
                builder.push(feature);
                ControlFlow::Continue(())
            };
            reading.features(&name, each).unwrap();
            (name.to_string(), builder.finish())
        };
        layers.into_iter().map(build).collect()
    }

    fn check_items(&self, city: &City<'_>, which: Which) {
        let name = which.name();
        let reply = self.serving.get(&format!("/collections/{name}/items?limit=1000"));
        if !city.has(which) {
            assert_eq!(reply.status, 404, "{name} is gone: {}", reply.text());
            return;
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        let page: Value = serde_json::from_slice(&reply.body).unwrap();
        let mut shown: Vec<String> = page["features"].as_array().unwrap().iter().map(item).collect();
        let mut held: Vec<String> = city.rows(which).iter().map(as_item).collect();
        shown.sort();
        held.sort();
        assert_eq!(shown, held, "the items of {name}, and its rows");
    }

    fn check_tiles(&mut self, fresh: &BTreeMap<String, LayerSnapshot>, layers: &str) {
        let now = now();
        for tile in self.tiles.clone() {
            let mut made = Vec::new();
            composite::tile(fresh.values(), tile, now, &mut made);
            let (grid, z, row, col) = (tile.grid(), tile.z(), tile.row(), tile.col());
            let target = format!("/tiles/{grid}/{z}/{row}/{col}?collections={layers}");
            // One asks with the tag, one without; who comes first changes.
            if self.rounds.is_multiple_of(2) {
                self.check_tag(&target, &made);
            }
            let kept = self.serving.get(&target);
            assert!(matches!(kept.status, 200 | 204), "{target}: {}", kept.text());
            assert!(
                kept.body == made,
                "{target}: the tile served is not the tile of the tables"
            );
            if !self.rounds.is_multiple_of(2) {
                self.check_tag(&target, &made);
            }
            if let Some(tag) = kept.header("etag") {
                self.tagged.insert(target, (tag.to_owned(), kept.body.clone()));
            }
        }
    }

    fn check_tag(&self, target: &str, made: &[u8]) {
        let Some((tag, body)) = self.tagged.get(target) else {
            return;
        };
        let reply: Response = http::get_with(self.serving.address, target, &[("If-None-Match", tag)]).unwrap();
        match reply.status {
            304 => assert!(body == made, "{target}: 304 for {tag}, but the tile changed"),
            200 | 204 => assert!(
                reply.body == made,
                "{target}: the tile for {tag} is not the tile of the tables"
            ),
            other => panic!("{target}: {other} {}", reply.text()),
        }
    }

    /// The feed replayed from the beginning is what the tables hold, each old state the one before; and the store finds
    /// nothing wrong with itself.
    pub fn check_feed(&mut self, city: &City<'_>) {
        let (mut states, mut cursor) = (BTreeMap::<(String, u64), Value>::new(), "0".to_owned());
        loop {
            let page = self.serving.get(&format!("/changes?since={cursor}&state=both&limit=7"));
            assert_eq!(page.status, 200, "{}", page.text());
            let page: Value = serde_json::from_slice(&page.body).unwrap();
            for entry in page["entries"].as_array().unwrap() {
                replay(&mut states, entry);
            }
            page["next"].as_str().unwrap().clone_into(&mut cursor);
            if page["more"] == false {
                break;
            }
        }
        let now = now().to_string();
        for which in Which::ALL.into_iter().filter(|which| city.has(*which)) {
            // The feed has all valid times.
            let of_layer = states
                .iter()
                .filter(|((layer, _), state)| layer == which.name() && is_true_at(state, &now));
            let mut replayed: Vec<String> = of_layer.map(|(_, state)| item(state)).collect();
            let mut held: Vec<String> = city.rows(which).iter().map(as_item).collect();
            held.sort();
            replayed.sort();
            assert_eq!(replayed, held, "the feed of {} replayed, and its rows", which.name());
        }
        let verified = import(&["verify", &city.store()]);
        assert_eq!(verified.code, Some(0), "verify: {}{}", verified.stdout, verified.stderr);
    }
}

fn replay(states: &mut BTreeMap<(String, u64), Value>, entry: &Value) {
    if entry["operation"] == "define" {
        return;
    }
    let key = (
        entry["layer"].as_str().unwrap().to_owned(),
        entry["fid"].as_u64().unwrap(),
    );
    let old = entry.get("old").unwrap_or(&Value::Null);
    assert_eq!(
        old,
        states.get(&key).unwrap_or(&Value::Null),
        "the old state of {entry}"
    );
    match entry.get("new").filter(|new| !new.is_null()) {
        Some(new) => states.insert(key, new.clone()),
        None => states.remove(&key),
    };
}

fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap()).unwrap()
}

/// Whether a feature's valid time has this time, both written in UTC.
fn is_true_at(feature: &Value, time: &str) -> bool {
    let bound = |which: usize| {
        feature["time"]["interval"][which]
            .as_str()
            .filter(|bound| *bound != "..")
    };
    bound(0).is_none_or(|from| from <= time) && bound(1).is_none_or(|to| time < to)
}

/// What is compared of an item: id, values, and the numbers of its geometry.
fn item(feature: &Value) -> String {
    let properties = &feature["properties"];
    let mut numbers = Vec::new();
    gather(&feature["geometry"]["coordinates"], &mut numbers);
    let geometry = (!feature["geometry"].is_null()).then_some(numbers);
    format!(
        "{} {} {} {geometry:?}",
        feature["id"], properties["code"], properties["n"]
    )
}

/// The same of a row: its id is its code where it has one, else its number.
fn as_item(row: &Row) -> String {
    let id = match &row.code {
        Value::Null => Value::from(row.fid.to_string()),
        code => code.clone(),
    };
    format!("{id} {} {} {:?}", row.code, row.n, row.geometry)
}

fn gather(coordinates: &Value, numbers: &mut Vec<f64>) {
    match coordinates {
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, numbers)),
        number => numbers.extend(number.as_f64()),
    }
}

fn tiles() -> Vec<TileCoord> {
    let mut tiles = Vec::new();
    for grid in TileMatrixSet::ALL {
        for z in ZOOMS {
            for (x, y) in PLACES {
                let tile = grid.tile_at(z, Coord { x, y }).ok();
                tiles.extend(tile.filter(|tile| !tiles.contains(tile)));
            }
        }
    }
    tiles
}
