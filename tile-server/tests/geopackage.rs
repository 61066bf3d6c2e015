//! The whole way on a real file: loaded through the store, served, edited by another program, put in another's place.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Running, city, config, gpkg};
use onemap_store::{Edit, OpenMode};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn serve(path: &Path) -> Running {
    gpkg::serve_with(path, config(""))
}

fn city_file() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("city.gpkg");
    gpkg::make_store(&path, &city::layers());
    (dir, path)
}

fn names(page: &Value) -> Vec<String> {
    let features = page["features"].as_array().unwrap();
    features
        .iter()
        .map(|feature| feature["properties"]["name"].as_str().unwrap().to_owned())
        .collect()
}

/// A plain connection with the functions that every GeoPackage program brings for the triggers of the R-tree; an edit
/// of attributes only calls none of them.
fn another_program(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    for name in ["ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"] {
        let flags = rusqlite::functions::FunctionFlags::default();
        connection.create_scalar_function(name, 1, flags, |_| Ok(0)).unwrap();
    }
    connection
}

#[test]
fn a_file_is_served_as_it_was_loaded() {
    let (_dir, path) = city_file();
    let server = serve(&path);
    let page = server.get("/collections/pois/items?limit=100").json();
    assert_eq!(page["numberMatched"], city::POIS);
    let mut expected: Vec<_> = (0..city::POIS).map(|i| format!("第{i}饭店")).collect();
    let mut got = names(&page);
    expected.sort();
    got.sort();
    assert_eq!(got, expected);
    let parcels = server.get("/collections/%E5%AE%97%E5%9C%B0/items").json();
    assert_eq!(parcels["numberMatched"], 2);
    assert_eq!(server.get(&format!("/xyz/basemap/{}", city::TILE)).status, 200);
    assert_eq!(server.get_remote("/collections/secret").status, 404);
    assert_eq!(server.get("/health/ready").json()["store"], "followed");
}

#[test]
fn an_edit_by_another_program_shows_within_seconds_and_leaves_other_layers_tags() {
    let (_dir, path) = city_file();
    let server = serve(&path);
    let tile = |layer: &str| server.get(&format!("/xyz/{layer}/{}", city::TILE));
    let (pois, roads) = (tile("pois"), tile("roads"));
    let version = server.get("/health/ready").json()["version"].as_u64().unwrap();
    let other = another_program(&path);
    other
        .execute("UPDATE pois SET name = '改名饭店' WHERE code = 'p0'", [])
        .unwrap();
    server.wait_until(|| tile("pois").header("etag") != pois.header("etag"));
    assert!(tile("pois").text().contains("改名饭店"));
    assert_eq!(tile("roads").header("etag"), roads.header("etag"));
    assert_eq!(
        server.get("/health/ready").json()["version"].as_u64().unwrap(),
        version + 1
    );
    let stale = server.request(&format!("/xyz/pois/{}", city::TILE));
    assert_eq!(
        stale
            .header("If-None-Match", pois.header("etag").unwrap())
            .send()
            .status,
        200
    );
    other.execute("DELETE FROM pois WHERE code <> 'p0'", []).unwrap();
    server.wait_until(|| server.get("/collections/pois").json()["featureCount"] == 1);
}

#[test]
fn an_edit_through_the_store_shows_too() {
    let (_dir, path) = city_file();
    let server = serve(&path);
    let mut store = onemap_store::open(path.to_str().unwrap(), OpenMode::Existing).unwrap();
    let layers = city::layers();
    let (layer, features) = layers
        .iter()
        .find(|(layer, _)| layer.name().as_str() == "roads")
        .unwrap();
    let row = features[0].row.clone();
    let layer = layer.name().clone();
    store.edit(&[Edit::Insert { layer, row }]).unwrap();
    server.wait_until(|| server.get("/collections/roads").json()["featureCount"] == 3);
    let mut got = names(&server.get("/collections/roads/items").json());
    got.sort();
    assert_eq!(got, ["planned", "人民路", "人民路"]);
}

#[test]
fn another_file_in_its_place_is_served_from_then_on() {
    let (dir, path) = city_file();
    let server = serve(&path);
    let epoch = server.get("/health/ready").json()["epoch"].clone();
    let next = dir.path().join("next.gpkg");
    let layers: Vec<_> = city::layers()
        .into_iter()
        .filter(|(layer, _)| layer.name().as_str() == "roads")
        .collect();
    gpkg::make_store(&next, &layers);
    std::fs::rename(&next, &path).unwrap();
    server.wait_until(|| server.get("/health/ready").json()["epoch"] != epoch);
    assert_eq!(server.get("/collections/pois").status, 404);
    assert_eq!(server.get("/collections/roads").status, 200);
}

#[test]
fn a_file_that_is_gone_leaves_the_last_state_served() {
    let (_dir, path) = city_file();
    let server = serve(&path);
    std::fs::remove_file(&path).unwrap();
    server.wait_until(|| server.get("/health/ready").json()["store"] != "followed");
    assert_eq!(server.get("/collections/pois").json()["featureCount"], city::POIS);
}
