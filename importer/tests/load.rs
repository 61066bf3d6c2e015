//! The program itself: loading into a store, its messages and exit codes.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::shared;
use onemap_model::{Access, Layer, Name};
use onemap_store::{At, OpenMode};
use std::path::Path;
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onemap-import"))
        .args(args)
        .output()
        .unwrap()
}

/// The layers of a store: name, features, definition.
fn layers(store: &Path) -> Vec<(String, u64, Layer)> {
    let mut store = onemap_store::open(store.to_str().unwrap(), OpenMode::Existing).unwrap();
    let mut reading = store.read(At::Now).unwrap();
    let states = reading.layers().unwrap().into_iter();
    states
        .map(|state| (state.layer.name().to_string(), state.features, state.layer))
        .collect()
}

fn refused(args: &[&str], expected: &str) {
    let output = run(args);
    let (code, text) = (output.status.code(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(code, Some(1), "{args:?}: {text}");
    assert!(text.contains(expected), "{args:?}: {text}");
    let said: Vec<&str> = text.lines().filter(|line| !line.starts_with("reading ")).collect();
    assert_eq!(said.len(), 1, "{args:?}: {text}");
}

const POINTS: &str = "code,lon,lat,valid_from,valid_to,name\n\
                      0123,115.04,30.2,2020-01-01,2024-05-01,甲\n\
                      0123,115.04,30.2,2024-05-01,,乙\n\
                      0456,115.05,30.3,,,丙\n\
                      0456,115.05,30.3,,,丁\n\
                      ,115.06,,,,戊\n\
                      0789,815.06,30.3,,,己\n\
                      0790,x,30.3,,,庚\n";

#[test]
fn a_table_becomes_one_version_with_codes_times_and_findings() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, store) = (dir.path().join("点.csv"), dir.path().join("city.gpkg"));
    std::fs::write(&csv, POINTS).unwrap();
    let (csv, to) = (csv.to_str().unwrap(), store.to_str().unwrap());
    let report = dir.path().join("found.json");
    let args = [
        "load",
        csv,
        "--to",
        to,
        "--crs",
        "EPSG:4490",
        "--key",
        "code",
        "--access",
        "public",
        "--layer",
        "points",
    ];
    let output = run(&[&args[..], &["--report", report.to_str().unwrap()]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // `x` makes lon a text, so that row is not read as a point; 815° is no place on earth.
    assert!(
        text.contains("points: 7 read, 5 loaded (5 new, 0 changed, 0 unchanged), 0 removed, 2 set aside"),
        "{text}"
    );
    assert!(text.contains("version 1,"), "{text}");
    let (name, features, layer) = layers(&store).remove(0);
    assert_eq!(
        (name.as_str(), features, layer.access, layer.title.as_str()),
        ("points", 5, Access::Public, "点")
    );
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let codes: Vec<&str> = report["counts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["code"].as_str().unwrap())
        .collect();
    for code in [
        "coordinate-out-of-range",
        "geometry-undecodable",
        "geometry-null",
        "key-null",
        "key-duplicate",
    ] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    let again = String::from_utf8(run(&args).stdout).unwrap();
    assert!(again.contains("nothing changed; version 1 stays"), "{again}");
}

/// A name and a place in GBK, with Chinese headers.
#[test]
fn a_table_in_gbk_is_read_with_its_chinese_headers() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, store) = (dir.path().join("poi.csv"), dir.path().join("city.gpkg"));
    let gbk: &[u8] = b"\xc3\xfb\xb3\xc6,\xbe\xad\xb6\xc8,\xce\xb3\xb6\xc8\n\xbb\xc6\xca\xaf,115.04,30.2\n";
    std::fs::write(&csv, gbk).unwrap();
    let output = run(&[
        "load",
        csv.to_str().unwrap(),
        "--to",
        store.to_str().unwrap(),
        "--crs",
        "EPSG:4490",
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("encoding-detected") && text.contains("gb18030"), "{text}");
    let mut opened = onemap_store::open(store.to_str().unwrap(), OpenMode::Existing).unwrap();
    let mut reading = opened.read(At::Now).unwrap();
    let mut rows = Vec::new();
    let mut each = |feature: onemap_model::Feature| {
        rows.push(feature.row);
        std::ops::ControlFlow::Continue(())
    };
    reading.features(&Name::new("poi").unwrap(), &mut each).unwrap();
    assert_eq!(rows[0].values[0].as_text(), Some("黄石"));
    let at = rows[0].geometry.as_ref().unwrap().coords().next().unwrap();
    assert_eq!((at.x, at.y), (115.04, 30.2));
    let fields: Vec<String> = layers(&store)[0]
        .2
        .fields()
        .iter()
        .map(|field| field.name.to_string())
        .collect();
    assert_eq!(fields, ["名称", "经度", "纬度"]);
}

#[test]
fn a_store_gives_its_layers_and_not_its_insides() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, first, second) = (
        dir.path().join("p.csv"),
        dir.path().join("a.gpkg"),
        dir.path().join("b.gpkg"),
    );
    std::fs::write(&csv, POINTS).unwrap();
    let [csv, first, to] = [&csv, &first, &second].map(|path| path.to_str().unwrap());
    assert!(
        run(&["load", csv, "--to", first, "--crs", "EPSG:4490"])
            .status
            .success()
    );
    // A second version, so that there is history.
    std::fs::write(csv, POINTS.replace('甲', "辛")).unwrap();
    assert!(
        run(&["load", csv, "--to", first, "--crs", "EPSG:4490"])
            .status
            .success()
    );
    let output = run(&["load", first, "--to", to]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = layers(&second);
    assert_eq!(
        found
            .iter()
            .map(|(name, count, _)| (name.as_str(), *count))
            .collect::<Vec<_>>(),
        [("p", 5)]
    );
    let digest = |path: &str| {
        let mut store = onemap_store::open(path, OpenMode::Existing).unwrap();
        let mut reading = store.read(At::Now).unwrap();
        onemap_store::content_digest(reading.as_mut(), &Name::new("p").unwrap()).unwrap()
    };
    assert_eq!(digest(first), digest(to));
    refused(&["load", first, "--to", first], "the store itself");
}

#[test]
fn what_cannot_be_done_is_said_in_one_line_and_leaves_no_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("city.gpkg");
    let to = store.to_str().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    std::fs::write(dir.path().join("u.csv"), [0xff, 0xfe, b'a', 0]).unwrap();
    refused(
        &["load", dir.path().join("u.csv").to_str().unwrap(), "--to", to],
        "UTF-16",
    );
    let csv = file("a.csv", "id,x,y\n1,600146,3342741\n");
    refused(&["load", &csv, "--to", to], "this looks like EPSG:4547");
    refused(&["load", &csv, "--to", to, "--crs", "EPSG:2383"], "parameters");
    refused(
        &["load", &csv, "--to", to, "--crs", "EPSG:999999"],
        "no known coordinate system",
    );
    refused(
        &["load", &csv, "--to", to, "--crs", "EPSG:4547", "--key", "nope"],
        "\"nope\"",
    );
    refused(
        &["load", &csv, "--to", to, "--crs", "EPSG:4547", "--source-layer", "b"],
        "there are: a",
    );
    refused(
        &["load", &csv, &csv, "--to", to, "--crs", "EPSG:4547"],
        "both give a layer",
    );
    refused(
        &[
            "load",
            &csv,
            "--to",
            to,
            "--crs",
            "EPSG:4547",
            "--store-crs",
            "EPSG:4547",
        ],
        "projected",
    );
    refused(
        &["load", &csv, "--to", to, "--crs", "EPSG:4547", "--layer", "a b"],
        "--layer",
    );
    refused(&["load", "nowhere.shp", "--to", to], "nowhere.shp");
    refused(
        &["load", "/vsicurl/http://example.org/a.shp", "--to", to],
        "on this machine",
    );
    refused(
        &["load", "PG:dbname=x", "--to", to],
        "databases cannot be read as sources yet",
    );
    refused(&["load", &file("a.dwg", "AC1015"), "--to", to], "DXF");
    refused(&["load", &file("a.xls", "PK"), "--to", to], "CSV");
    refused(&["load", &file("a.xlsx", "PK"), "--to", to], "spreadsheet");
    refused(&["load", &file("a.gpkg", "no database"), "--to", to], "a.gpkg");
    refused(&["load", &file("a.zip", "no zip"), "--to", to], "not a readable zip");
    refused(
        &["load", &file("a.geojson", "{\"type\":\"Feature"), "--to", to],
        "a.geojson",
    );
    // A fault, not a mistake: trying again may help.
    let nowhere = "postgres://me:secret@127.0.0.1:1/db";
    let output = run(&["load", &csv, "--to", nowhere, "--crs", "EPSG:4547"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("postgres://me@127.0.0.1:1/db cannot be reached") && !said.contains("secret"),
        "{said}"
    );
    refused(&["check", &csv, "--crs", "EPSG:4547", "--report", "x.pdf"], "x.pdf");
    assert!(!store.exists());
    assert_eq!(run(&["load"]).status.code(), Some(1));
    assert_eq!(
        run(&["load", &csv, "--to", to, "--crs", "nonsense"]).status.code(),
        Some(1)
    );
    assert_eq!(run(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_truncated_file_loads_nothing_and_is_a_finding_when_checked() {
    let Some(shared) = shared("a_truncated_file_loads_nothing_and_is_a_finding_when_checked") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(shared.join("data/tokyo_wards_bldg.fgb")).unwrap();
    let cut = dir.path().join("cut.fgb");
    std::fs::write(&cut, &whole[..whole.len() / 3]).unwrap();
    let store = dir.path().join("city.gpkg");
    refused(
        &["load", cut.to_str().unwrap(), "--to", store.to_str().unwrap()],
        "cut.fgb",
    );
    assert!(!store.exists());
}

#[test]
fn a_sample_is_the_same_twice_and_its_fingerprint_is_the_citys() {
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let store = dir.path().join(name);
        let output = run(&["sample", "--features", "1000", "--to", store.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (one, other) = (make("a.gpkg"), make("b.gpkg"));
    assert_eq!(one, other);
    let fingerprint = onemap_importer::sample::City::new(1_000)
        .unwrap()
        .fingerprint()
        .unwrap();
    assert!(one.contains(&format!("sha256 {fingerprint}\nversion 1\n")), "{one}");
    let found = layers(&dir.path().join("a.gpkg"));
    assert!(
        found.iter().any(|(name, _, _)| name == "parcels") && found.len() == 8,
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .all(|(_, count, layer)| *count > 0 && layer.access == Access::Public)
    );
}

#[test]
fn an_interrupted_load_says_that_nothing_was_changed() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("city.gpkg");
    let mut child = Command::new(env!("CARGO_BIN_EXE_onemap-import"))
        .args(["sample", "--features", "200000", "--to", store.to_str().unwrap()])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    // Seen at work before it is stopped.
    lines
        .by_ref()
        .find(|line| line.as_ref().unwrap().starts_with("making parcels"))
        .unwrap()
        .unwrap();
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    let last = lines.map(Result::unwrap).last().unwrap();
    assert!(last.contains("nothing was changed"), "{last}");
    assert!(!store.exists());
}

fn loaded(args: &[&str]) {
    let output = run(args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_layer_that_is_loaded_again_keeps_its_definition() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, store) = (dir.path().join("k.csv"), dir.path().join("city.gpkg"));
    std::fs::write(&csv, "code,lon,lat\nA1,115.04,30.2\n").unwrap();
    let [from, to] = [&csv, &store].map(|path| path.to_str().unwrap());
    let again = ["load", from, "--to", to, "--crs", "EPSG:4490"];
    loaded(&[&again[..], &["--key", "code", "--access", "public"]].concat());
    let first = layers(&store).remove(0).2;
    loaded(&again);
    assert_eq!(layers(&store).remove(0).2, first);
    loaded(&[&again[..], &["--access", "restricted"]].concat());
    let closed = layers(&store).remove(0).2;
    assert_eq!((closed.access, closed.key()), (Access::Restricted, first.key()));
    std::fs::write(&csv, "other,lon,lat\nA1,115.04,30.2\n").unwrap();
    refused(&again, "\"code\" is its key");
}

#[test]
fn a_file_none_of_whose_rows_fits_empties_no_layer() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, store) = (dir.path().join("e.csv"), dir.path().join("city.gpkg"));
    std::fs::write(&csv, "code,lon,lat\nA1,115.04,30.2\n").unwrap();
    let [from, to] = [&csv, &store].map(|path| path.to_str().unwrap());
    let args = ["load", from, "--to", to, "--crs", "EPSG:4490"];
    loaded(&args);
    std::fs::write(&csv, "code,lon,lat\nA1,600146,3342741\n").unwrap();
    refused(&args, "all 1 rows were set aside");
    assert_eq!(layers(&store)[0].1, 1);
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let (report, store) = (dir.path().join("no/r.csv"), dir.path().join("city.gpkg"));
    let [report, to] = [&report, &store].map(|path| path.to_str().unwrap());
    refused(&["load", "nowhere.shp", "--to", to, "--report", report], report);
}

#[test]
fn a_store_in_a_folder_of_sources_is_not_loaded_into_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, store) = (dir.path().join("p.csv"), dir.path().join("city.gpkg"));
    std::fs::write(&csv, "code,lon,lat\nA1,115.04,30.2\n").unwrap();
    let [from, to] = [&csv, &store].map(|path| path.to_str().unwrap());
    loaded(&["load", from, "--to", to, "--crs", "EPSG:4490"]);
    std::fs::remove_file(&csv).unwrap();
    refused(&["load", dir.path().to_str().unwrap(), "--to", to], "the store itself");
}

#[test]
fn northing_where_easting_is_expected_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, store) = (dir.path().join("宗地.csv"), dir.path().join("city.gpkg"));
    std::fs::write(&csv, "x坐标,y坐标,n\n3342741.45,600146.64,a\n").unwrap();
    let (csv, to) = (csv.to_str().unwrap(), store.to_str().unwrap());
    refused(&["load", csv, "--to", to, "--crs", "EPSG:4547"], "the axes are swapped");
    std::fs::write(csv, "x坐标,y坐标,n\n600146.64,3342741.45,a\n").unwrap();
    assert!(run(&["load", csv, "--to", to, "--crs", "EPSG:4547"]).status.success());
}

#[test]
fn wkt_says_more_than_the_x_and_y_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, store) = (dir.path().join("plots.csv"), dir.path().join("city.gpkg"));
    std::fs::write(
        &csv,
        "WKT,x,y\n\"POLYGON ((115 30,115.1 30,115.1 30.1,115 30))\",115.05,30.03\n",
    )
    .unwrap();
    let to = store.to_str().unwrap();
    let loaded = run(&["load", csv.to_str().unwrap(), "--to", to, "--crs", "EPSG:4490"]);
    assert!(loaded.status.success());
    assert_eq!(
        layers(&store)[0].2.geometry_type,
        onemap_model::GeometryType::MultiPolygon
    );
}

#[test]
fn a_shapefile_with_a_deleted_row_loads_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, shp, store) = (
        dir.path().join("a.csv"),
        dir.path().join("a.shp"),
        dir.path().join("city.gpkg"),
    );
    std::fs::write(&csv, "lon,lat,n\n115,30,a\n115,30.1,b\n115,30.2,c\n").unwrap();
    let made = Command::new("ogr2ogr")
        .args(["-f", "ESRI Shapefile", "-a_srs", "EPSG:4490"])
        .args(["-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat"])
        .args([&shp, &csv])
        .status()
        .unwrap();
    assert!(made.success());
    let dbf = dir.path().join("a.dbf");
    let mut table = std::fs::read(&dbf).unwrap();
    let (header, row) = (
        u16::from_le_bytes([table[8], table[9]]),
        u16::from_le_bytes([table[10], table[11]]),
    );
    table[usize::from(header) + usize::from(row)] = b'*';
    std::fs::write(&dbf, table).unwrap();
    let loaded = run(&["load", shp.to_str().unwrap(), "--to", store.to_str().unwrap()]);
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    assert_eq!(layers(&store)[0].1, 2);
}
