//! Two yearly deliveries of the sample city: compared, loaded, rolled back, with a server looking on, in both stores.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::live::{serve, wait_for_version};
use onemap_e2e::loaded;
use onemap_e2e::programs::{Serving, import};
use onemap_model::{Feature, Instant, Name, Row, TileMatrixSet, TimeSpan, Value};
use onemap_store::{At, Edit, OpenMode, Store};
use onemap_testing::Cluster;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

const LAYER: &str = "parcels";

fn open(store: &str) -> Box<dyn Store> {
    onemap_store::open(store, OpenMode::Existing).unwrap()
}

/// Every parcel with its number, geometry, values and valid time.
fn parcels(store: &mut dyn Store, at: At) -> BTreeMap<u64, Row> {
    let mut all = BTreeMap::new();
    let mut each = |feature: Feature| {
        all.insert(feature.fid.get(), feature.row);
        ControlFlow::Continue(())
    };
    let name = Name::new(LAYER).unwrap();
    store.read(at).unwrap().features(&name, &mut each).unwrap();
    all
}

/// Next year: one parcel is split in two, one is registered anew, one is struck off.
fn a_year_later(delivery: &str) -> [String; 2] {
    let mut store = open(delivery);
    let name = Name::new(LAYER).unwrap();
    let layer = store.read(At::Now).unwrap().layers().unwrap();
    let layer = layer
        .into_iter()
        .find(|state| state.layer.name() == &name)
        .unwrap()
        .layer;
    let key = layer.key().unwrap();
    let open_ended = parcels(&mut *store, At::Now)
        .into_iter()
        .filter(|(_, row)| row.valid.to().is_none());
    let found: Vec<(u64, Row)> = open_ended.take(3).collect();
    let fid = |at: usize| onemap_model::Fid::new(found[at].0 as i64).unwrap();
    let day = Instant::parse("2025-06-01T00:00:00+08:00").unwrap();
    let mut split = found[0].1.clone();
    split.valid = TimeSpan::new(split.valid.from(), Some(day)).unwrap();
    let child = |code: &str| {
        let mut row = found[0].1.clone();
        row.values[key] = Value::text(code);
        row.valid = TimeSpan::new(Some(day), None).unwrap();
        Edit::Insert {
            layer: name.clone(),
            row,
        }
    };
    let mut renewed = found[1].1.clone();
    let text = renewed
        .values
        .iter()
        .enumerate()
        .position(|(at, value)| at != key && matches!(value, Value::Text(_)));
    renewed.values[text.unwrap()] = Value::text("0999");
    let codes = [0, 1].map(|at| found[at].1.values[key].to_string());
    let update = |at: usize, row| Edit::Update {
        layer: name.clone(),
        fid: fid(at),
        row,
    };
    let delete = Edit::Delete {
        layer: name.clone(),
        fid: fid(2),
    };
    store
        .edit(&[
            update(0, split),
            child("child-1"),
            child("child-2"),
            update(1, renewed),
            delete,
        ])
        .unwrap();
    codes
}

fn json(args: &[&str]) -> Json {
    serde_json::from_str(&import(args).succeeded().stdout).unwrap()
}

fn served(serving: &Serving, version: u64) -> u64 {
    wait_for_version(serving, version);
    let page = serving.get("/collections/parcels/items?limit=1&datetime=../..");
    let page: Json = serde_json::from_slice(&page.body).unwrap();
    page["numberMatched"].as_u64().unwrap()
}

fn goes_through_two_years(city: &str, folder: &Path) {
    let delivery = folder.join("2025.gpkg");
    let delivery = delivery.to_str().unwrap();
    import(&["sample", "--features", "1000", "--to", city]).succeeded();
    import(&["sample", "--features", "1000", "--to", delivery]).succeeded();
    let codes = a_year_later(delivery);
    let mut store = open(city);
    let before = (parcels(&mut *store, At::Now), loaded::digest(Path::new(city), LAYER));
    let serving = serve(city, &[]);
    let count = served(&serving, 1);
    let (_, split) = before.0.iter().find(|(_, row)| row.valid.to().is_none()).unwrap();
    let place = split.geometry.as_ref().unwrap().coords().next().unwrap();
    let tile = TileMatrixSet::WebMercatorQuad.tile_at(14, place).unwrap();
    let tile = format!("/xyz/parcels/14/{}/{}.mvt", tile.col(), tile.row());
    let first_tile = serving.get(&tile);
    assert!(first_tile.status == 200 && !first_tile.body.is_empty());

    let how = ["--source-layer", LAYER, "--layer", LAYER];
    let json_of = |mode| json(&[&["diff", city, delivery], &how[..], &["--mode", mode, "--json"]].concat());
    let counts = |told: &Json| ["inserted", "changed", "removed"].map(|word| told["layers"][0][word].as_u64().unwrap());
    let told = json_of("replace");
    assert_eq!(counts(&told), [2, 2, 1], "{}", told["layers"]);
    assert_eq!(counts(&json_of("upsert")), [2, 2, 0]);
    assert_eq!(store.catch_up().unwrap().0, 1, "a diff made a version");

    for mode in ["upsert", "replace"] {
        let base = store.catch_up().unwrap().0;
        import(&[&["load", delivery, "--to", city], &how[..], &["--mode", mode]].concat()).succeeded();
        let batch = json(&["show", city, &(base + 1).to_string(), "--json"]);
        let removed = u64::from(mode == "replace");
        let layer = &batch["layers"][0];
        assert_eq!(
            [&layer["inserted"], &layer["changed"], &layer["removed"]],
            [2, 2, removed],
            "{batch}"
        );
        assert_eq!(served(&serving, base + 1), count + 2 - removed);
        if mode == "replace" {
            assert_eq!(
                loaded::digest(Path::new(city), LAYER),
                loaded::digest(Path::new(delivery), LAYER)
            );
        }
        assert_ne!(serving.get(&tile).body, first_tile.body);
        // What the split parcel was, and what it is, at each date.
        let on = |day: &str| {
            let target = format!("/collections/parcels/items/{}?datetime={day}T12:00:00Z", codes[0]);
            serving.get(&target).status
        };
        assert_eq!([on("2025-05-30"), on("2025-06-02")], [200, 404]);
        import(&["rollback", city, &(base + 1).to_string(), "--yes"]).succeeded();
        assert_eq!(served(&serving, base + 2), count);
        assert_eq!(on("2025-06-02"), 200);
        assert!(
            parcels(&mut *store, At::Now) == before.0,
            "a rollback does not restore all"
        );
        assert_eq!(loaded::digest(Path::new(city), LAYER), before.1);
        let changes = serving.get(&format!("/changes?since={}&limit=100", base + 1));
        assert_eq!(changes.status, 200, "{}", changes.text());
        assert_eq!(serving.get(&tile).body, first_tile.body, "the tile is not what it was");
    }
    // A rolled back first load takes its layers off the map.
    import(&["rollback", city, "1", "--yes", "--keep-later"]).succeeded();
    import(&["verify", city]).succeeded();
}

#[test]
fn in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    goes_through_two_years(folder.path().join("city.gpkg").to_str().unwrap(), folder.path());
}

#[test]
fn in_a_database() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    goes_through_two_years(&cluster.fresh_database().url(), folder.path());
}
