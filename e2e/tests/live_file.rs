//! Another program edits the GeoPackage while the server runs: it is on the map soon after.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::programs::{Serving, import};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What is promised is a second or so, measured elsewhere; machines that test are slow.
const PATIENCE: Duration = Duration::from_secs(60);

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The items of the layer; null where there is no such layer.
fn items(serving: &Serving) -> Value {
    let page = serving.get("/collections/pois/items?limit=10000");
    assert!(matches!(page.status, 200 | 404), "{}", page.text());
    match page.status {
        200 => serde_json::from_slice(&page.body).unwrap(),
        _ => Value::Null,
    }
}

/// Waits until the items are as `wanted` says.
fn wait_until(serving: &Serving, what: &str, wanted: impl Fn(&Value) -> bool) {
    let began = Instant::now();
    while !wanted(&items(serving)) {
        assert!(began.elapsed() < PATIENCE, "{what} does not show");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn matched(page: &Value) -> u64 {
    page["numberMatched"].as_u64().unwrap_or(0)
}

#[test]
fn what_gdal_edits_appends_overwrites_and_drops_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, more) = (folder.path().join("city.gpkg"), folder.path().join("more.geojson"));
    let city = store.to_str().unwrap();
    import(&["sample", "--features", "1000", "--to", city]).succeeded();
    let serving = Serving::start(&store, &[]);
    let before = matched(&items(&serving));
    assert!(before > 10);

    run(
        "ogrinfo",
        &["-q", city, "-sql", "UPDATE pois SET name = '改过的' WHERE fid = 1"],
    );
    wait_until(&serving, "an update", |page| page.to_string().contains("改过的"));

    let point = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"appended-1","name":"新加的"},
        "geometry":{"type":"Point","coordinates":[115.04,30.2]}}]}"#;
    std::fs::write(&more, point).unwrap();
    let more = more.to_str().unwrap();
    let srs = ["-a_srs", "EPSG:4490"];
    run(
        "ogr2ogr",
        &[&["-append", "-f", "GPKG", city, more, "-nln", "pois"][..], &srs].concat(),
    );
    wait_until(&serving, "an appended row", |page| matched(page) == before + 1);

    run(
        "ogr2ogr",
        // In WGS 84, as GeoJSON is: less than a metre apart.
        &["-overwrite", "-f", "GPKG", city, more, "-nln", "pois"],
    );
    wait_until(&serving, "an overwritten layer", |page| matched(page) == 1);
    assert_right(&store, &serving, "pois");
}

/// The server shows what a fresh one shows, and the store finds nothing wrong with itself.
fn assert_right(store: &Path, serving: &Serving, layer: &str) {
    let fresh = Serving::start(store, &["--cache-mb", "0"]);
    for target in [
        format!("/collections/{layer}/items?limit=10000"),
        format!("/xyz/{layer}/14/13427/6749"),
        format!("/xyz/{layer}/15/26854/13498"),
    ] {
        let (kept, made) = (serving.get(&target), fresh.get(&target));
        assert_eq!(kept.status, made.status, "{target}");
        let hosts = |body: &[u8], serving: &Serving| {
            String::from_utf8_lossy(body).replace(&serving.address.to_string(), "here")
        };
        assert_eq!(hosts(&kept.body, serving), hosts(&made.body, &fresh), "{target}");
    }
    let verified = import(&["verify", store.to_str().unwrap()]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
}
