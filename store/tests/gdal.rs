//! GDAL's own tools read and edit the file as they do any GeoPackage (Debian package gdal-bin).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use onemap_model::{Crs, FieldType, GeometryType, Version};
use onemap_store::{At, LoadMode, LogPosition, OpenMode, Store};
use std::path::Path;
use std::process::Command;
use support::*;

/// Runs a tool, which must succeed without complaint, and gives what it says.
fn run(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} (Debian package gdal-bin) could not be run: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{tool} {arguments:?}: {complaints}");
    assert_eq!(complaints, "", "{tool} {arguments:?}");
    said
}

fn city(path: &Path) -> Box<dyn Store> {
    let mut store = onemap_store::open(path.to_str().unwrap(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
    let rows: Vec<_> = (1..=200).map(|i| row(&format!("k{i}"), i)).collect();
    load(&mut *store, &pois(), LoadMode::Replace, &rows);
    store
}

fn changes(store: &mut dyn Store, after: u64) -> Vec<(u64, &'static str)> {
    let after = LogPosition {
        version: Version(after),
        offset: 0,
    };
    log(store, after, 1000)
        .iter()
        .map(|e| (e.change.fid.get(), e.change.operation().as_str()))
        .collect()
}

#[test]
fn gdal_reads_the_layers_as_ordinary_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    let mut store = city(&path);
    let file = path.to_str().unwrap();
    let fields = FIELD_KINDS.map(|kind| field(&format!("f_{kind}"), kind)).into();
    let bare = onemap_model::Layer::new(name("表"), GeometryType::None, Crs::CGCS2000, fields).unwrap();
    load(&mut *store, &bare, LoadMode::Replace, &[]);
    let listed = run("ogrinfo", &["-q", file]);
    assert_eq!(listed.lines().collect::<Vec<_>>(), ["1: pois (Point)", "2: 表 (None)"]);
    let info = run("ogrinfo", &["-so", file, "pois"]);
    for expected in [
        "Feature Count: 200",
        "(114.010000, 30.000000) - (116.000000, 30.000000)",
        "ID[\"EPSG\",4490]",
        "n: Integer64",
    ] {
        assert!(info.contains(expected), "{expected} in {info}");
    }
    let info = run("ogrinfo", &["-so", file, "表"]);
    for expected in [
        "f_bool: Integer(Boolean)",
        "f_date: Date",
        "f_datetime: DateTime",
        "f_bytes: Binary",
        "f_float: Real",
    ] {
        assert!(info.contains(expected), "{expected} in {info}");
    }
    let near = run(
        "ogrinfo",
        &["-so", "-spat", "114.495", "29", "114.605", "31", file, "pois"],
    );
    assert!(near.contains("Feature Count: 11"), "{near}");
    let history = run(
        "ogrinfo",
        &["-q", file, "-sql", "SELECT count(*) AS n FROM pois_history"],
    );
    assert!(history.contains("n (Integer) = 0"), "{history}");
}

const FIELD_KINDS: [FieldType; 8] = [
    FieldType::Bool,
    FieldType::Int,
    FieldType::Float,
    FieldType::Text,
    FieldType::Date,
    FieldType::DateTime,
    FieldType::Bytes,
    FieldType::Array,
];

#[test]
fn what_gdal_edits_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    let mut store = city(&path);
    let file = path.to_str().unwrap();
    run(
        "ogrinfo",
        &["-q", file, "-sql", "UPDATE pois SET n = 1000 WHERE code = 'k5'"],
    );
    assert_eq!(store.catch_up().unwrap(), Version(2));
    let changed = changes(&mut *store, 1);
    assert!(matches!(changed[..], [(_, "update")]), "{changed:?}");
    run("ogrinfo", &["-q", file, "-sql", "DELETE FROM pois WHERE n <= 4"]);
    assert_eq!(store.catch_up().unwrap(), Version(3));
    assert_eq!(
        changes(&mut *store, 2)
            .iter()
            .filter(|(_, what)| *what == "delete")
            .count(),
        4
    );

    // A copy of some features, with their versions and numbers, comes back by append: as new ones.
    let copy = folder.path().join("copy.gpkg");
    let copy = copy.to_str().unwrap();
    run("ogr2ogr", &[copy, file, "pois", "-where", "n BETWEEN 6 AND 15"]);
    run("ogr2ogr", &["-append", file, copy, "pois"]);
    assert_eq!(store.catch_up().unwrap(), Version(4));
    let added = changes(&mut *store, 3);
    assert_eq!(
        added
            .iter()
            .filter(|(fid, what)| *what == "insert" && *fid > 200)
            .count(),
        10,
        "{added:?}"
    );

    // A layer of GDAL's own making becomes one of the store's.
    run("ogr2ogr", &["-update", file, copy, "pois", "-nln", "copied"]);
    assert_eq!(store.catch_up().unwrap(), Version(5));
    assert_eq!(features(&mut *store, At::Now, "copied").len(), 10);
    run("ogrinfo", &["-q", file, "-sql", "UPDATE copied SET n = 0 WHERE n = 6"]);
    assert_eq!(store.catch_up().unwrap(), Version(6));

    // Adding a field, as QGIS does.
    run(
        "ogrinfo",
        &["-q", file, "-sql", "ALTER TABLE copied ADD COLUMN remark TEXT"],
    );
    assert_eq!(store.catch_up().unwrap(), Version(7));

    // No trigger sees a layer that is overwritten or deleted.
    let epoch = store.epoch().clone();
    run("ogr2ogr", &["-overwrite", file, copy, "pois", "-nln", "copied"]);
    let overwritten = store.catch_up().unwrap();
    assert_eq!(store.epoch(), &epoch);
    assert_eq!(features(&mut *store, At::Now, "copied").len(), 10);
    run("ogrinfo", &["-q", file, "-sql", "DROP TABLE copied"]);
    store.catch_up().unwrap();
    for version in [Version(7), overwritten] {
        assert_eq!(
            features(&mut *store, At::Version(version), "copied").len(),
            10,
            "{version}"
        );
    }
    assert_eq!(store.read(At::Now).unwrap().layers().unwrap().len(), 1);
    assert_sound(&mut *store);
}
