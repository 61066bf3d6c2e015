//! The feed of changes over HTTP: whole, in order, resumable, for who may see it, and bounded.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/events.rs"]
mod events;

use common::{Running, city, config};
use events::{Event, Events};
use onemap_model::{Access, Crs, Feature, Fid, Geometry, Layer, Name, Row, TimeSpan, Value};
use onemap_store::{Batch, Edit, LoadMode, OpenMode, Store};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

type Json = serde_json::Value;
/// Features by layer and number.
type State = BTreeMap<(String, u64), Json>;

/// A city in a file, with its server.
struct City {
    _dir: tempfile::TempDir,
    path: PathBuf,
    store: Box<dyn Store>,
    server: Running,
}

fn load(store: &mut dyn Store, layers: &[(Layer, Vec<Feature>)], mode: LoadMode) {
    let mut load = store.begin(&Batch::default()).unwrap();
    for (layer, features) in layers {
        load.start_layer(layer, mode).unwrap();
        for feature in features {
            load.push(feature.row.clone()).unwrap();
        }
        load.finish_layer(layer.geometry_type).unwrap();
    }
    load.commit(&mut |_| ()).unwrap();
}

impl City {
    fn new() -> Self {
        Self::with("", &city::layers())
    }

    fn with(settings: &str, layers: &[(Layer, Vec<Feature>)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("city.gpkg");
        let name = path.to_str().unwrap().to_owned();
        let mut store = onemap_store::open(&name, OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
        load(&mut *store, layers, LoadMode::Replace);
        let mut config = config(settings);
        config.store.clone_from(&name);
        let server = Running::start(config, move || onemap_store::open(&name, OpenMode::Existing));
        server.wait_ready();
        Self {
            _dir: dir,
            path,
            store,
            server,
        }
    }

    /// Waits until the server serves what is in the store; gives the version.
    fn settled(&mut self) -> u64 {
        let version = self.store.catch_up().unwrap().0;
        self.server
            .wait_until(|| self.server.get("/health/ready").json()["version"].as_u64() >= Some(version));
        version
    }

    /// Makes some edits of each kind, as versions of one or more entries, by the store and by another program.
    fn edit_a_lot(&mut self) {
        let mut random = 7_u64;
        let mut next = move |below: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let (pois, roads) = (Name::new("pois").unwrap(), Name::new("roads").unwrap());
        let poi = |number: u64, x: f64| Row {
            geometry: Some(Geometry::point(115.0 + x, 30.2).unwrap()),
            values: vec![
                Value::text(format!("n{number}")),
                Value::text("新"),
                Value::Int(number as i64),
            ],
            valid: TimeSpan::ALWAYS,
        };
        let fid = |number: u64| Fid::new(number as i64).unwrap();
        for round in 0..30 {
            let new = Edit::Insert {
                layer: pois.clone(),
                row: poi(round, next(100) as f64 * 1e-3),
            };
            let moved = Edit::Update {
                layer: pois.clone(),
                fid: fid(1 + next(15)),
                row: poi(1000 + round, 0.5),
            };
            let road = Row {
                geometry: None,
                values: vec![Value::text(format!("road {round}")), Value::Null, Value::Null],
                valid: TimeSpan::ALWAYS,
            };
            let edits = match round % 3 {
                0 => vec![new],
                1 => vec![
                    new,
                    moved,
                    Edit::Insert {
                        layer: roads.clone(),
                        row: road,
                    },
                ],
                _ => vec![
                    moved,
                    Edit::Delete {
                        layer: pois.clone(),
                        fid: fid(16 + round / 3),
                    },
                ],
            };
            self.store.edit(&edits).unwrap();
        }
        let other = self.another_program();
        other
            .execute("UPDATE pois SET name = '改' WHERE fid % 3 = 0", [])
            .unwrap();
        self.store.catch_up().unwrap();
        other.execute("DELETE FROM pois WHERE fid % 7 = 0", []).unwrap();
        drop(other);
        load(&mut *self.store, &[bulk(700)], LoadMode::Replace);
        load(&mut *self.store, &[bulk(300)], LoadMode::Replace);
    }

    /// A plain connection with the functions that every GeoPackage program brings for the triggers of the R-tree.
    fn another_program(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        for name in ["ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"] {
            let flags = rusqlite::functions::FunctionFlags::default();
            connection.create_scalar_function(name, 1, flags, |_| Ok(0)).unwrap();
        }
        connection
    }

    /// All pages from `since` on, as entries.
    fn entries(&self, since: &str, limit: usize) -> Vec<Json> {
        self.pages(|path| self.server.get(path).json(), since, limit)
    }

    fn pages(&self, get: impl Fn(&str) -> Json, since: &str, limit: usize) -> Vec<Json> {
        let (mut since, mut all) = (since.to_owned(), Vec::new());
        loop {
            let page = get(&format!("/changes?since={since}&limit={limit}&state=both"));
            let entries = page["entries"].as_array().unwrap_or_else(|| panic!("{page}"));
            assert!(entries.len() <= limit);
            assert_eq!(page["numberReturned"], entries.len());
            all.extend(entries.iter().cloned());
            since = page["next"].as_str().unwrap().to_owned();
            if page["more"] == false {
                return all;
            }
            assert!(!entries.is_empty(), "a page of {limit} moves on");
        }
    }

    /// What `/items` gives of every layer now.
    fn current(&self) -> State {
        let collections = self.server.get("/collections").json();
        let mut state = State::new();
        for collection in collections["collections"].as_array().unwrap() {
            let layer = collection["id"].as_str().unwrap();
            let path = format!("/collections/{}/items?limit=10000", percent(layer));
            for feature in self.server.get(&path).json()["features"].as_array().unwrap() {
                // Items have no number; keys are unique where there are any.
                let id = feature["id"].as_str().unwrap();
                state.insert((format!("{layer}/{id}"), 0), plain(feature));
            }
        }
        state
    }

    fn metric(&self, name: &str) -> u64 {
        let text = self.server.get("/metrics").text();
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A layer whose loads differ much from each other.
fn bulk(count: i64) -> (Layer, Vec<Feature>) {
    let fields = [
        ("code", onemap_model::FieldType::Text),
        ("n", onemap_model::FieldType::Int),
    ];
    let layer = city::layer("bulk", onemap_model::GeometryType::Point, Access::Public, &fields);
    let layer = layer.with_key("code").unwrap();
    let one = |n: i64| {
        let geometry = Geometry::point(115.0 + n as f64 * 1e-5, 30.0).unwrap();
        city::feature(
            n + 1,
            Some(geometry),
            vec![Value::text(format!("b{n}")), Value::Int(n * count)],
        )
    };
    (layer, (0..count).map(one).collect())
}

/// What a feature is, without what differs between the feed and the items.
fn plain(feature: &Json) -> Json {
    json!([feature["geometry"], feature["properties"]])
}

/// Applies entries, and asserts that each finds the state that it says it found.
fn replay(state: &mut State, entries: &[Json]) {
    for entry in entries {
        let (layer, fid) = (entry["layer"].as_str().unwrap().to_owned(), entry["fid"].as_u64());
        let (operation, Some(fid)) = (entry["operation"].as_str().unwrap(), fid) else {
            assert_eq!(entry["operation"], "define");
            define(state, &layer, &entry["fields"]);
            continue;
        };
        let key = (layer, fid);
        let before = state.remove(&key).unwrap_or(Json::Null);
        assert_eq!(before, entry["old"], "{entry}");
        assert_eq!(before.is_null(), operation == "insert", "{entry}");
        assert_eq!(entry["new"].is_null(), operation == "delete", "{entry}");
        if !entry["new"].is_null() {
            state.insert(key, entry["new"].clone());
        }
    }
}

/// A layer's features have the fields that it has from now on; those that are new are null.
fn define(state: &mut State, layer: &str, fields: &Json) {
    let Some(fields) = fields.as_array() else { return };
    for (_, feature) in state.iter_mut().filter(|((of, _), _)| of == layer) {
        let own = |name: &str| (name.to_owned(), feature["properties"][name].clone());
        let properties = fields.iter().map(|field| own(field["name"].as_str().unwrap()));
        let properties: serde_json::Map<String, Json> = properties.collect();
        feature["properties"] = Json::Object(properties);
    }
}

/// The replayed state as `/items` would give it: what is valid now, by public id.
fn as_items(state: &State) -> State {
    let valid = |feature: &&Json| {
        let interval = &feature["time"]["interval"];
        let now = "2026";
        let end = |at: usize| interval[at].as_str().filter(|end| *end != "..").map(|end| end < now);
        end(0) != Some(false) && end(1) != Some(true)
    };
    let named = state.iter().filter(|(_, feature)| valid(feature));
    let named = named.map(|((layer, _), feature)| {
        (
            (format!("{layer}/{}", feature["id"].as_str().unwrap()), 0),
            plain(feature),
        )
    });
    named.collect()
}

fn cursors(entries: &[Json]) -> Vec<&str> {
    entries.iter().map(|entry| entry["cursor"].as_str().unwrap()).collect()
}

#[test]
fn the_feed_replayed_from_the_beginning_rebuilds_every_layer_and_from_any_cursor_the_current_state() {
    let mut city = City::new();
    city.edit_a_lot();
    city.settled();
    let entries = city.entries("0", 1000);
    assert!(entries.len() > 1500, "{}", entries.len());
    let mut state = State::new();
    replay(&mut state, &entries);
    let current = city.current();
    assert!(current.len() > 300);
    assert_eq!(as_items(&state), current);
    for at in (0..entries.len()).step_by(97) {
        let cursor = entries[at]["cursor"].as_str().unwrap();
        let rest = city.entries(cursor, 10_000);
        assert_eq!(cursors(&rest), cursors(&entries[at + 1..]), "after entry {at}");
        let mut from_there = State::new();
        replay(&mut from_there, &entries[..=at]);
        replay(&mut from_there, &rest);
        assert_eq!(from_there, state);
    }
    let version = entries[200]["version"].as_u64().unwrap();
    let after = entries
        .iter()
        .filter(|entry| entry["version"].as_u64() > Some(version))
        .count();
    assert_eq!(city.entries(&version.to_string(), 10_000).len(), after);
}

#[test]
fn pages_of_any_size_are_the_same_entries() {
    let mut city = City::new();
    city.edit_a_lot();
    city.settled();
    let all = city.entries("0", 10_000);
    for limit in [29, 256, 999] {
        assert_eq!(city.entries("0", limit), all, "pages of {limit}");
    }
    let late = all.len() - 60;
    for limit in [1, 2, 7] {
        let cursor = all[late - 1]["cursor"].as_str().unwrap();
        assert_eq!(city.entries(cursor, limit), all[late..], "pages of {limit}");
    }
    let ahead = city.server.get("/changes?since=now&min-version=99999");
    ahead.is_problem(503, "not here yet");
    let first = city.server.get("/changes").json();
    assert_eq!(first["entries"].as_array().unwrap().len(), 100);
    assert_eq!(first["entries"][0]["cursor"], all[0]["cursor"]);
    assert_eq!(first["entries"][0].get("old"), None);
    let next = first["links"][0]["href"].as_str().unwrap();
    assert!(
        next.ends_with(&format!("/changes?since={}", first["next"].as_str().unwrap())),
        "{next}"
    );
    let huge = city.server.get("/changes?since=0&limit=99999999").json();
    assert_eq!(huge["entries"].as_array().unwrap().len(), all.len());
    let none = city.server.get("/changes?since=now").json();
    assert_eq!((&none["entries"], &none["more"]), (&json!([]), &json!(false)));
    let web = city.server.get("/changes?tms=CGCS2000Quad&limit=9&state=none").json();
    let entry = web["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["tiles"].is_object())
        .unwrap();
    assert!(entry["tiles"].get("WebMercatorQuad").is_none() && entry.get("new").is_none());
}

#[test]
fn a_stream_that_goes_on_after_its_last_event_loses_and_repeats_nothing() {
    let mut city = City::new();
    city.edit_a_lot();
    let newest = city.settled();
    let expected = city.entries("0", 10_000);
    let (mut got, mut id, mut cut) = (Vec::new(), String::new(), 1);
    loop {
        let headers = [("Last-Event-ID", id.as_str())];
        // The address stays the one that the stream was opened with first, as in a browser.
        let mut stream = Events::open(city.server.address, "/changes?since=0&state=both", &headers).unwrap();
        let ended = (0..cut).find_map(|_| {
            let event = stream.next().unwrap();
            match event.kind.as_str() {
                "message" => got.push(event.data),
                _ => return (event.data["version"] == newest).then_some(()),
            }
            None
        });
        if ended.is_some() {
            break;
        }
        id = stream.last_id;
        cut = cut * 2 + 1;
    }
    assert_eq!(cursors(&got), cursors(&expected));
    assert_eq!(got, expected);
}

#[test]
fn an_open_stream_gets_an_edit_of_another_program() {
    let mut city = City::new();
    let mut stream = Events::open(city.server.address, "/changes?since=now", &[]).unwrap();
    assert_eq!(stream.until(1), vec![]);
    let other = city.another_program();
    other
        .execute("UPDATE pois SET name = '改名饭店' WHERE code = 'p0'", [])
        .unwrap();
    let entries = stream.until(2);
    assert_eq!(entries.len(), 1);
    let entry = &entries[0].data;
    assert_eq!(
        (&entry["layer"], &entry["id"], &entry["operation"]),
        (&json!("pois"), &json!("p0"), &json!("update"))
    );
    assert_eq!(entry["new"]["properties"]["name"], "改名饭店");
    assert_eq!(entry["box"]["old"], entry["box"]["new"]);
    // What the feed says is served already.
    let item = city.server.get("/collections/pois/items/p0").json();
    assert_eq!(item["properties"]["name"], "改名饭店");
    let tile: Vec<u32> = city::TILE.split('/').map(|part| part.parse().unwrap()).collect();
    let range = json!([tile[0], tile[1], tile[2], tile[1], tile[2]]);
    assert!(
        entry["tiles"]["WebMercatorQuad"].as_array().unwrap().contains(&range),
        "{entry}"
    );
    assert_eq!(city.settled(), 2);
}

#[test]
fn layers_made_changed_and_dropped_are_told() {
    let mut city = City::new();
    let defined = |entries: &[Json]| -> Vec<(String, bool)> {
        let entries = entries.iter().filter(|entry| entry["operation"] == "define");
        let told = |entry: &Json| (entry["layer"].as_str().unwrap().to_owned(), entry["exists"] == true);
        entries.map(told).collect()
    };
    assert_eq!(defined(&city.entries("0", 10_000)).len(), 6);
    load(&mut *city.store, &[bulk(3)], LoadMode::Replace);
    let version = city.settled();
    let made = city.entries(&(version - 1).to_string(), 10);
    assert_eq!(defined(&made), [("bulk".to_owned(), true)]);
    assert_eq!((made.len(), &made[0]["operation"]), (4, &json!("define")));
    assert_eq!(made[0]["fields"][1], json!({"name": "n", "type": "int"}));
    let other = city.another_program();
    other.execute("ALTER TABLE bulk ADD COLUMN remark TEXT", []).unwrap();
    let version = city.settled();
    let changed = city.entries(&(version - 1).to_string(), 10);
    assert_eq!(defined(&changed), [("bulk".to_owned(), true)]);
    assert_eq!(changed[0]["fields"][2]["name"], "remark");
    other
        .execute_batch("DROP TABLE bulk; DELETE FROM gpkg_geometry_columns WHERE table_name = 'bulk'; DELETE FROM gpkg_contents WHERE table_name = 'bulk'; DROP TABLE IF EXISTS rtree_bulk_geom")
        .unwrap();
    let version = city.settled();
    let dropped = city.entries(&(version - 1).to_string(), 10);
    assert_eq!(defined(&dropped), [("bulk".to_owned(), false)]);
    let mut state = State::new();
    replay(&mut state, &city.entries("0", 2));
    assert!(state.keys().all(|(layer, _)| layer != "bulk"), "{state:?}");
}

#[test]
fn hidden_layers_leave_no_trace_in_pages_streams_or_cursors() {
    let mut city = City::new();
    let (secret, pois) = (Name::new("secret").unwrap(), Name::new("pois").unwrap());
    let bunker = |text: &str| Row {
        geometry: Some(Geometry::point(115.05, 30.2).unwrap()),
        values: vec![Value::text(text)],
        valid: TimeSpan::ALWAYS,
    };
    let poi = |text: &str| Row {
        geometry: None,
        values: vec![Value::text(text), Value::Null, Value::Null],
        valid: TimeSpan::ALWAYS,
    };
    let insert = |layer: &Name, row| Edit::Insert {
        layer: layer.clone(),
        row,
    };
    // Hidden entries between shown ones, in one version and in versions of their own.
    let mut many: Vec<_> = (0..300)
        .map(|i| insert(&secret, bunker(&format!("bunker {i}"))))
        .collect();
    many.push(insert(&pois, poi("a")));
    city.store.edit(&many).unwrap();
    city.store.edit(&[insert(&secret, bunker("bunker"))]).unwrap();
    city.store.edit(&[insert(&pois, poi("b"))]).unwrap();
    city.store.edit(&[insert(&secret, bunker("bunker"))]).unwrap();
    let newest = city.settled();
    let remote = |path: &str| {
        let reply = city.server.get_remote(path);
        assert!(
            !reply.text().contains("secret") && !reply.text().contains("bunker"),
            "{}",
            reply.text()
        );
        reply.json()
    };
    let seen = city.pages(remote, "0", 3);
    assert_eq!(city.pages(remote, "0", 1000), seen);
    let all = city.entries("0", 10_000);
    let public = all.iter().filter(|entry| entry["layer"] != "secret");
    let strip = |entry: &Json| {
        let mut entry = entry.clone();
        entry.as_object_mut().unwrap().remove("cursor");
        entry
    };
    assert_eq!(
        seen.iter().map(strip).collect::<Vec<_>>(),
        public.map(strip).collect::<Vec<_>>()
    );
    assert!(all.len() > seen.len() + 300);
    let a = seen.iter().find(|entry| entry["id"] == "a").unwrap();
    let cursor = String::from_utf8(decoded(a["cursor"].as_str().unwrap())).unwrap();
    assert!(cursor.ends_with(".1.pois"), "it counts what its holder sees: {cursor}");
    let headers = [("X-Forwarded-For", "10.1.2.3")];
    let mut stream = Events::open(city.server.address, "/changes?since=1", &headers).unwrap();
    let events: Vec<Json> = stream
        .until(newest)
        .into_iter()
        .map(|event: Event| event.data["id"].clone())
        .collect();
    assert_eq!(events, ["a", "b"]);
    city.server
        .get_remote("/changes?layers=secret")
        .is_problem(404, "secret");
    city.server
        .get_remote("/changes?layers=nothing")
        .is_problem(404, "nothing");
    let filtered = city.server.get_remote("/changes?layers=pois,roads&since=1").json();
    assert_eq!(filtered["entries"].as_array().unwrap().len(), 2);
    let local = city.server.get("/changes?layers=secret&since=1").json();
    assert_eq!(local["entries"].as_array().unwrap().len(), 100);
    let open = |reply: &common::http::Reply| reply.header("access-control-allow-origin").is_some();
    assert!(open(&city.server.get_remote("/changes")) && !open(&city.server.get("/changes")));
}

/// What stands in a cursor.
fn decoded(cursor: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: String = cursor[1..]
        .chars()
        .map(|letter| format!("{:06b}", ALPHABET.find(letter).unwrap()))
        .collect();
    let byte = |at: usize| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap();
    (0..bits.len() / 8).map(byte).collect()
}

#[test]
fn a_layer_that_becomes_hidden_is_gone_and_one_that_becomes_public_shows_from_then_on() {
    let mut city = City::new();
    let with = |name: &str, access| {
        let mut layers = city::layers();
        layers.retain(|(layer, _)| layer.name().as_str() == name);
        layers[0].0.access = access;
        layers
    };
    load(&mut *city.store, &with("pois", Access::Restricted), LoadMode::Replace);
    load(&mut *city.store, &with("secret", Access::Public), LoadMode::Replace);
    city.settled();
    let get = |path: &str| city.server.get_remote(path).json();
    let seen = city.pages(get, "0", 10);
    let pois: Vec<_> = seen.iter().filter(|entry| entry["layer"] == "pois").collect();
    assert_eq!(pois.len(), 1, "{pois:?}");
    assert_eq!(
        (&pois[0]["operation"], &pois[0]["exists"], &pois[0]["version"]),
        (&json!("define"), &json!(false), &json!(2))
    );
    let secret: Vec<_> = seen.iter().filter(|entry| entry["layer"] == "secret").collect();
    assert!(secret.iter().all(|entry| entry["version"] == 3), "{secret:?}");
    assert_eq!(
        (&secret[0]["operation"], &secret[0]["exists"]),
        (&json!("define"), &json!(true))
    );
}

#[test]
fn a_slow_reader_holds_back_only_itself() {
    let mut city = City::new();
    let reads = city.metric("onemap_change_reads_total");
    load(&mut *city.store, &[bulk(60_000)], LoadMode::Replace);
    let newest = city.settled();
    let mut stream = Events::open(city.server.address, "/changes?since=1&state=both", &[]).unwrap();
    stream.next().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let held = city.metric("onemap_change_reads_total") - reads;
    assert!(held <= 15, "{held} looks at the store for a reader that takes nothing");
    assert_eq!(city.server.get("/changes?since=now").status, 200);
    let entries = stream.until(newest);
    assert_eq!(entries.len(), 60_001);
    let numbers: Vec<_> = entries[1..]
        .iter()
        .map(|entry| entry.data["fid"].as_u64().unwrap())
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(
        city.metric("onemap_change_reads_total") - reads > 30,
        "the rest was read when there was room for it"
    );
}

#[test]
fn many_idle_streams_cost_one_read_a_version_and_more_than_may_be_are_refused() {
    let mut city = City::with("[limits]\nmax_streams = 150\nstop_timeout_s = 300", &city::layers());
    let address = city.server.address;
    let open = || Events::open(address, "/changes?since=now", &[]);
    let mut streams: Vec<_> = (0..150).map(|_| open().unwrap()).collect();
    streams
        .iter_mut()
        .for_each(|stream| assert_eq!(stream.until(1), vec![]));
    let (status, problem) = open().err().unwrap();
    assert_eq!(status, 503, "{problem}");
    assert_eq!(city.metric("onemap_change_streams"), 150);
    let reads = city.metric("onemap_change_reads_total");
    for version in 2..5 {
        let row = Row {
            geometry: None,
            values: vec![Value::Null, Value::Null, Value::Null],
            valid: TimeSpan::ALWAYS,
        };
        city.store
            .edit(&[Edit::Insert {
                layer: Name::new("roads").unwrap(),
                row,
            }])
            .unwrap();
        for stream in &mut streams {
            assert_eq!(stream.until(version).len(), 1);
        }
    }
    assert_eq!(city.metric("onemap_change_reads_total") - reads, 3);
    streams.truncate(10);
    city.server.wait_until(|| city.metric("onemap_change_streams") == 10);
    assert!(open().is_ok());
    // Open streams do not hold up the end.
    let begun = std::time::Instant::now();
    city.server.stop().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(200), "{:?}", begun.elapsed());
}

#[test]
fn a_cursor_of_another_life_gets_410_and_the_way_to_go_on() {
    let (mut city, mut other) = (City::new(), City::new());
    let cursor = other.server.get("/changes?since=now").json()["next"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/changes?since={cursor}&limit=7");
    assert_eq!(other.server.get(&path).status, 200);
    let reply = city.server.get(&path);
    reply.is_problem(410, "another life");
    let problem = reply.json();
    assert_eq!((&problem["oldest"], &problem["version"]), (&json!(0), &json!(1)));
    let next = problem["next"]
        .as_str()
        .unwrap()
        .split_once("/changes")
        .unwrap()
        .1
        .to_owned();
    assert_eq!(city.server.get(&format!("/changes{next}")).status, 200);
    let (status, _) = Events::open(city.server.address, &path, &[]).err().unwrap();
    assert_eq!(status, 410);
    // A file put in the place of the old one, under an open stream.
    let mut stream = Events::open(city.server.address, "/changes?since=now", &[]).unwrap();
    stream.until(1);
    other.settled();
    city.settled();
    std::fs::rename(&other.path, &city.path).unwrap();
    assert_eq!(stream.next(), None, "the stream ends with the life that it was of");
    let id = stream.last_id;
    let (status, _) = Events::open(city.server.address, "/changes", &[("Last-Event-ID", &id)])
        .err()
        .unwrap();
    assert_eq!(status, 410);
    assert_eq!(
        city.server.get(&path).status,
        200,
        "the cursor of the file that is here now"
    );
}

#[test]
fn what_was_pruned_is_410_with_the_oldest_version() {
    let mut city = City::new();
    city.edit_a_lot();
    let newest = city.settled();
    let early = city.entries("0", 10_000)[40]["cursor"].as_str().unwrap().to_owned();
    city.store.prune(onemap_model::Version(10)).unwrap();
    for since in ["0", "9", early.as_str()] {
        let reply = city.server.get(&format!("/changes?since={since}"));
        reply.is_problem(410, "is no longer kept");
        assert_eq!(
            (&reply.json()["oldest"], &reply.json()["version"]),
            (&json!(10), &json!(newest))
        );
        let stream = Events::open(city.server.address, "/changes", &[("Last-Event-ID", since)]);
        assert_eq!(stream.err().unwrap().0, 410);
    }
    assert_eq!(city.entries("10", 10_000)[0]["version"], 11);
    assert_eq!(
        city.server.get("/changes").json()["entries"][0]["version"],
        11,
        "all that is kept"
    );
}

#[test]
fn strange_places_and_parameters_are_400() {
    let city = City::new();
    let check = |query: &str, part: &str| city.server.get(&format!("/changes?{query}")).is_problem(400, part);
    for since in [
        "-1",
        "x",
        "c",
        "c!!!!",
        "cAAAA",
        "99999999999999999999",
        "1e3",
        "%00",
        "NOW",
        "c%F0%9F%97%BA",
    ] {
        check(&format!("since={since}"), "since");
    }
    check(&format!("since=c{}", "A".repeat(4000)), "since");
    check("since=7", "no version 7 yet");
    check("limit=0", "limit");
    check("limit=ten", "limit");
    check("state=all", "state");
    check("tms=w", "tms");
    check("what=1", "what");
    check("f=xml", "xml");
    let stream = Events::open(city.server.address, "/changes", &[("Last-Event-ID", "c\u{7f}")]);
    assert_eq!(stream.err().unwrap().0, 400);
}
