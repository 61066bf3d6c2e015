//! Many who write the same features of a database at once: nothing is lost, the log is a chain of states, and the feed
//! replayed over HTTP is the table.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

#[path = "../../tile-server/tests/common/events.rs"]
mod events;

use events::Events;
use onemap_e2e::editor::Session;
use onemap_e2e::live;
use onemap_e2e::programs::{Serving, import};
use onemap_testing::{Cluster, Database};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Features that all write to.
const PLOTS: u64 = 20;
/// Writers with `psql`, and the increments that each makes.
const COUNTERS: u64 = 12;
const INCREMENTS: u64 = 25;
/// Writers with `onemap-import load --mode upsert`, and the loads that each makes, of one feature each.
const LOADERS: u64 = 4;
const LOADS: u64 = 6;

/// Features by number, as the feed and `/items` write them.
type State = BTreeMap<u64, Value>;

fn square(code: u64, shift: f64) -> Value {
    let (x, y) = (115.0 + code as f64 * 0.001 + shift, 30.2);
    let ring = [
        [x, y],
        [x + 0.0005, y],
        [x + 0.0005, y + 0.0005],
        [x, y + 0.0005],
        [x, y],
    ];
    json!({"type": "Polygon", "coordinates": [ring]})
}

fn write_plots(path: &Path, plots: impl Iterator<Item = (u64, u64, String, f64)>) {
    let feature = |(code, n, name, shift): (u64, u64, String, f64)| {
        let properties = json!({"code": format!("c{code}"), "n": n, "name": name});
        json!({"type": "Feature", "geometry": square(code, shift), "properties": properties})
    };
    let features: Vec<Value> = plots.map(feature).collect();
    std::fs::write(
        path,
        json!({"type": "FeatureCollection", "features": features}).to_string(),
    )
    .unwrap();
}

/// Upserts a file, again where another load is under way.
fn upsert(file: &Path, url: &str) {
    let began = Instant::now();
    loop {
        let path = file.to_str().unwrap();
        let run = import(&[
            "load", path, "--layer", "plots", "--key", "code", "--mode", "upsert", "--to", url,
        ]);
        if run.code == Some(0) {
            return;
        }
        assert!(
            run.stderr.contains("another load") || run.stderr.contains("busy"),
            "{}",
            run.stderr
        );
        assert!(began.elapsed() < Duration::from_secs(120), "never: {}", run.stderr);
    }
}

/// All entries after `cursor`, read in small pages, and the cursor after them.
fn entries(serving: &Serving, cursor: &str) -> (Vec<Value>, String) {
    let (mut all, mut cursor) = (Vec::new(), cursor.to_owned());
    loop {
        let page = serving.get(&format!("/changes?since={cursor}&state=both&limit=37"));
        assert_eq!(page.status, 200, "{}", page.text());
        let page: Value = serde_json::from_slice(&page.body).unwrap();
        all.extend(page["entries"].as_array().unwrap().iter().cloned());
        page["next"].as_str().unwrap().clone_into(&mut cursor);
        if page["more"] == false {
            return (all, cursor);
        }
    }
}

fn replay(state: &mut State, entries: &[Value]) {
    for entry in entries.iter().filter(|entry| entry["operation"] != "define") {
        let fid = entry["fid"].as_u64().unwrap();
        assert_eq!(
            entry.get("old").unwrap_or(&Value::Null),
            state.get(&fid).unwrap_or(&Value::Null),
            "{entry}"
        );
        match entry.get("new").filter(|new| !new.is_null()) {
            Some(new) => state.insert(fid, new.clone()),
            None => state.remove(&fid),
        };
    }
}

/// The table as the feed writes features.
fn table(database: &Database<'_>) -> State {
    let sql =
        "SELECT json_build_array(fid, code, n, name, ST_AsGeoJSON(ST_ForcePolygonCCW(geom), 15)::json) FROM plots";
    let read = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let [fid, code, n, name, geometry] = [0, 1, 2, 3, 4].map(|at| row[at].clone());
        let properties = json!({"code": code, "n": n, "name": name});
        let feature = json!({"type": "Feature", "id": code, "geometry": geometry, "properties": properties});
        (fid.as_u64().unwrap(), feature)
    };
    database.psql(sql).lines().map(read).collect()
}

/// What two ways of writing a feature have in common: single and multi of a kind are equal.
fn comparable(state: &State) -> State {
    let plain = |feature: &Value| {
        let geometry = &feature["geometry"];
        let coordinates = match geometry["type"].as_str() {
            Some("MultiPolygon") => geometry["coordinates"][0].clone(),
            _ => geometry["coordinates"].clone(),
        };
        json!([feature["id"], feature["properties"], coordinates])
    };
    state.iter().map(|(fid, feature)| (*fid, plain(feature))).collect()
}

fn count(database: &Database<'_>) -> impl Fn(u64) {
    let url = database.url();
    move |writer| {
        let mut session = Session::open(&url);
        for step in 0..INCREMENTS {
            let code = (writer * 7 + step * 3) % PLOTS;
            session
                .say(&format!("UPDATE plots SET n = n + 1 WHERE code = 'c{code}';"))
                .unwrap();
        }
        session.close();
    }
}

#[test]
fn sixteen_writers_on_the_same_features_lose_nothing_and_the_feed_rebuilds_the_table() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let database = cluster.fresh_database();
    let url = database.url();
    let first = folder.path().join("first.geojson");
    write_plots(&first, (0..PLOTS).map(|code| (code, 0, "first".to_owned(), 0.0)));
    upsert(&first, &url);
    let began = live::committed(&database);
    let serving = live::serve(&url, &[]);
    let mut stream = Events::open(serving.address, "/changes?since=0&state=both", &[]).unwrap();

    std::thread::scope(|scope| {
        for writer in 0..COUNTERS {
            let count = count(&database);
            scope.spawn(move || count(writer));
        }
        for loader in 0..LOADERS {
            let (url, folder) = (&url, folder.path());
            scope.spawn(move || {
                for step in 0..LOADS {
                    let (code, name) = ((loader + step * 5) % PLOTS, format!("{loader} {step}"));
                    let file = folder.join(format!("{loader}-{step}.geojson"));
                    write_plots(
                        &file,
                        std::iter::once((code, 1000 * (1 + loader), name, 1e-5 * step as f64)),
                    );
                    upsert(&file, url);
                }
            });
        }
    });

    let version = live::committed(&database);
    assert_eq!(
        version - began,
        COUNTERS * INCREMENTS + LOADERS * LOADS,
        "each commit is a version"
    );
    wait_for(&serving, version);
    let (all, end) = entries(&serving, "0");
    let made: Vec<&Value> = all
        .iter()
        .filter(|entry| entry["version"].as_u64() > Some(began))
        .collect();
    assert_eq!(
        made.len() as u64,
        version - began,
        "each commit changed one feature, and the log has it once"
    );
    for (at, entry) in made.iter().enumerate() {
        assert_eq!(entry["version"].as_u64(), Some(began + 1 + at as u64), "{entry}");
        let n = |state: &str| entry[state]["properties"]["n"].as_u64().unwrap();
        // Every increment saw the one before it.
        assert!(n("new") == n("old") + 1 || n("new").is_multiple_of(1000), "{entry}");
    }

    let (mut state, held) = (State::new(), table(&database));
    replay(&mut state, &all);
    assert_eq!(comparable(&state), comparable(&held));
    let served = serving.get(&format!("/collections/plots/items?limit={PLOTS}&min-version={version}"));
    let served: Value = serde_json::from_slice(&served.body).unwrap();
    assert_eq!(served["numberMatched"].as_u64(), Some(PLOTS), "{served}");

    // From any cursor on, the rest of the feed leads to the same state.
    for middle in [0, 1, all.len() / 3, all.len() / 2, all.len() - 2] {
        let mut state = State::new();
        replay(&mut state, &all[..=middle]);
        let (rest, last) = entries(&serving, all[middle]["cursor"].as_str().unwrap());
        replay(&mut state, &rest);
        assert_eq!(comparable(&state), comparable(&held), "from {middle} on");
        assert_eq!(last, end, "the cursor at the end");
    }

    // The stream that was open all the while, broken off in the middle and taken up again, says the same.
    let mut heard = hear(&mut stream, all.len() / 2);
    let mut stream = Events::open(
        serving.address,
        "/changes?state=both",
        &[("Last-Event-ID", &stream.last_id)],
    )
    .unwrap();
    heard.extend(hear(&mut stream, all.len() - heard.len()));
    assert_eq!(heard, all);
    let verified = import(&["verify", &url]);
    assert_eq!(verified.code, Some(0), "verify: {}{}", verified.stdout, verified.stderr);
}

fn wait_for(serving: &Serving, version: u64) {
    let began = Instant::now();
    let target = format!("/collections/plots/items?limit=1&min-version={version}");
    while serving.get(&target).status != 200 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "version {version} does not show"
        );
    }
}

/// The next so many entries of a stream.
fn hear(stream: &mut Events, wanted: usize) -> Vec<Value> {
    let mut heard = Vec::new();
    while heard.len() < wanted {
        let event = stream.next().expect("the stream goes on");
        if event.kind == "message" {
            heard.push(event.data);
        }
    }
    heard
}
