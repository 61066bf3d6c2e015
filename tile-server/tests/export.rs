//! `onemap-export`: what it writes is read back by GDAL, Parquet by its own library, and equals what was stored.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use onemap_model::{
    Access, Coord, Crs, Date, FieldType, Geometry, GeometryType, Instant, Layer, Path as Positions, Polygon, Row, Value,
};
use onemap_store::{Batch, LoadMode, OpenMode};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A store with one layer of each kind.
struct City {
    folder: tempfile::TempDir,
}

impl City {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("city.gpkg");
        let mut store = onemap_store::open(path.to_str().unwrap(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
        let mut load = store.begin(&Batch::default()).unwrap();
        for (layer, rows) in [parcels(), points(), mixed(), table()] {
            load.start_layer(&layer, LoadMode::Replace).unwrap();
            rows.into_iter().for_each(|row| load.push(row).unwrap());
            load.finish_layer(layer.geometry_type).unwrap();
        }
        load.commit(&mut |_| ()).unwrap();
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, to: &str, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onemap-export"));
        command.arg(self.file("city.gpkg")).arg("--to").arg(self.file(to));
        command.args(more).output().unwrap()
    }

    /// Exports; gives the path of the file.
    fn export(&self, to: &str, more: &[&str]) -> PathBuf {
        let output = self.run(to, more);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.file(to)
    }
}

const FORMULA: &str = "=HYPERLINK(\"http://x\",\"第一\")\nb";

fn parcels() -> (Layer, Vec<Row>) {
    let fields = [
        ("宗地代码", FieldType::Text),
        ("宗地名称及说明", FieldType::Text),
        ("宗地名称及备注", FieldType::Text),
        ("面积", FieldType::Float),
        ("层数", FieldType::Int),
        ("建成", FieldType::Date),
        ("登记", FieldType::DateTime),
        ("有效", FieldType::Bool),
        ("照片", FieldType::Bytes),
        ("标签", FieldType::Array),
    ];
    let layer = common::city::layer("宗地", GeometryType::MultiPolygon, Access::Restricted, &fields);
    let full = vec![
        Value::text("A"),
        Value::text("人民路1号"),
        Value::text("x"),
        Value::float(1234.5678901).unwrap(),
        Value::Int(9_007_199_254_740_993),
        Value::Date(Date::parse("1999-12-31").unwrap()),
        Value::DateTime(Instant::parse("2024-05-01T08:30:00+08:00").unwrap()),
        Value::Bool(true),
        Value::Bytes([0, 255, 16].into()),
        Value::Array([Value::text("甲"), Value::Int(2)].into()),
    ];
    let mut nulls = vec![Value::Null; fields.len()];
    nulls[0] = Value::text("B");
    let mut hostile = nulls.clone();
    (hostile[0], hostile[1], hostile[3]) = (Value::text("C"), Value::text(FORMULA), Value::float(-0.1).unwrap());
    let ring = |x: f64, y: f64, size: f64| {
        let corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)];
        common::city::path(&corners)
    };
    let holed = Polygon {
        rings: vec![ring(115.04, 30.2, 0.01), ring(115.043, 30.203, 0.001)],
    };
    let far = Polygon {
        rings: vec![ring(115.123456789012, 30.3, 0.001)],
    };
    let row = |geometry, values| Row {
        geometry,
        values,
        ..Row::default()
    };
    let rows = vec![
        row(Some(Geometry::Polygons(vec![holed.clone()])), full),
        row(None, nulls),
        row(Some(Geometry::Polygons(vec![holed, far])), hostile),
    ];
    (layer, rows)
}

fn points() -> (Layer, Vec<Row>) {
    let layer = common::city::layer(
        "points",
        GeometryType::Point,
        Access::Public,
        &[("name", FieldType::Text)],
    );
    let at = |x: f64, y: f64, z: Option<f64>, name: &str| Row {
        geometry: Some(Geometry::Points(
            Positions::with_z(vec![Coord { x, y }], z.into_iter().collect()).unwrap(),
        )),
        values: vec![Value::text(name)],
        ..Row::default()
    };
    (
        layer,
        vec![
            at(115.04, 30.2, Some(12.5), "a"),
            at(114.2, 30.6, None, "b"),
            at(-0.5, 51.5, None, "far"),
        ],
    )
}

fn mixed() -> (Layer, Vec<Row>) {
    let layer = common::city::layer(
        "mixed",
        GeometryType::Geometry,
        Access::Public,
        &[("name", FieldType::Text)],
    );
    let point = || Geometry::point(115.0, 30.0).unwrap();
    let line = || Geometry::Lines(vec![common::city::path(&[(115.0, 30.0), (115.1, 30.1)])]);
    let row = |geometry: Option<Geometry>, name: &str| Row {
        geometry,
        values: vec![Value::text(name)],
        ..Row::default()
    };
    let rows = vec![
        row(Some(point()), "point"),
        row(Some(line()), "line"),
        row(Some(Geometry::Collection(vec![point(), line()])), "both"),
        row(None, "none"),
    ];
    (layer, rows)
}

fn table() -> (Layer, Vec<Row>) {
    let layer = common::city::layer(
        "lineage",
        GeometryType::None,
        Access::Public,
        &[("parent", FieldType::Text)],
    );
    let values = vec![Value::text("A")];
    (
        layer,
        vec![Row {
            values,
            ..Row::default()
        }],
    )
}

/// The features that GDAL reads, in the order of one of their properties; it must have nothing to complain of.
fn read(source: &str, layer: &str, by: &str, options: &[&str]) -> Vec<Json> {
    let mut command = Command::new("ogr2ogr");
    command.args([
        "-f",
        "GeoJSON",
        "-lco",
        "COORDINATE_PRECISION=15",
        "/vsistdout/",
        source,
        layer,
    ]);
    let output = command.args(options).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // Bytes are what GeoJSON, not what is read, has no word for.
    let complaints: Vec<_> = said
        .lines()
        .filter(|line| !line.contains("does not natively support"))
        .collect();
    assert!(output.status.success() && complaints.is_empty(), "{source}: {said}");
    let collection: Json = serde_json::from_slice(&output.stdout).unwrap();
    let mut features = collection["features"].as_array().unwrap().clone();
    features.sort_by_key(|feature| feature["properties"][by].to_string());
    features
}

fn column<'a>(features: &'a [Json], name: &str) -> Vec<&'a Json> {
    features.iter().map(|feature| &feature["properties"][name]).collect()
}

/// All numbers of a geometry, ring by ring from wherever a ring begins.
fn numbers(geometry: &Json) -> Vec<f64> {
    match geometry {
        Json::Array(items) => items.iter().flat_map(numbers).collect(),
        Json::Number(number) => vec![number.as_f64().unwrap()],
        Json::Object(members) => {
            let inner = members.get("coordinates").or(members.get("geometries"));
            inner.map(numbers).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn sorted(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers
}

fn expected_numbers(row: &Row) -> Vec<f64> {
    let coords = row.geometry.iter().flat_map(|geometry| geometry.coords());
    sorted(coords.flat_map(|at| [at.x, at.y]).collect())
}

/// Parcels read from anywhere are those that were stored.
fn check_parcels(features: &[Json]) {
    assert_eq!(features.len(), 3);
    for (feature, row) in features.iter().zip(parcels().1) {
        let (got, expected) = (sorted(numbers(&feature["geometry"])), expected_numbers(&row));
        assert_eq!(feature["geometry"].is_null(), row.geometry.is_none());
        assert_eq!(got.len(), expected.len(), "{feature}");
        for (got, expected) in got.iter().zip(&expected) {
            assert!((got - expected).abs() < 1e-12, "{got} {expected}");
        }
    }
}

#[test]
fn a_geopackage_holds_all_layers_as_they_are() {
    let city = City::new();
    let file = city.export("out.gpkg", &[]);
    let file = file.to_str().unwrap();
    let features = read(file, "宗地", "宗地代码", &[]);
    check_parcels(&features);
    assert_eq!(
        column(&features, "宗地名称及说明"),
        [&json!("人民路1号"), &Json::Null, &json!(FORMULA)]
    );
    assert_eq!(
        column(&features, "面积"),
        [&json!(1234.5678901), &Json::Null, &json!(-0.1)]
    );
    assert_eq!(column(&features, "层数")[0], &json!(9_007_199_254_740_993_i64));
    assert_eq!(column(&features, "建成")[0], &json!("1999-12-31"));
    assert_eq!(column(&features, "登记")[0], &json!("2024-05-01T00:30:00Z"));
    assert_eq!(column(&features, "有效"), [&json!(true), &Json::Null, &Json::Null]);
    assert_eq!(
        column(&features, "标签")[0],
        &json!(["甲", 2]),
        "GDAL knows it for JSON"
    );
    let points = read(file, "points", "name", &[]);
    assert_eq!(numbers(&points[0]["geometry"]), [115.04, 30.2, 12.5]);
    let mixed = read(file, "mixed", "name", &[]);
    assert_eq!(mixed[0]["geometry"]["type"], "GeometryCollection");
    assert!(mixed[2]["geometry"].is_null());
    assert_eq!(column(&read(file, "lineage", "parent", &[]), "parent"), [&json!("A")]);
    let found = read(file, "宗地", "宗地代码", &["-spat", "115.12", "30.2", "115.2", "30.4"]);
    assert_eq!(column(&found, "宗地代码"), [&json!("C")], "the R-tree leads to it");
}

#[test]
fn flatgeobuf_holds_a_layer_as_it_is_with_its_index() {
    let city = City::new();
    let file = city.export("out.fgb", &["--layers", "宗地"]);
    let file = file.to_str().unwrap();
    let features = read(file, "宗地", "宗地代码", &[]);
    check_parcels(&features);
    assert_eq!(
        column(&features, "宗地名称及说明"),
        [&json!("人民路1号"), &Json::Null, &json!(FORMULA)]
    );
    assert_eq!(column(&features, "层数")[0], &json!(9_007_199_254_740_993_i64));
    assert_eq!(column(&features, "有效"), [&json!(true), &Json::Null, &Json::Null]);
    let found = read(file, "宗地", "宗地代码", &["-spat", "115.12", "30.2", "115.2", "30.4"]);
    assert_eq!(column(&found, "宗地代码"), [&json!("C")]);
    let mixed = city.export("mixed.fgb", &["--layers", "mixed"]);
    let mixed = read(mixed.to_str().unwrap(), "mixed", "name", &[]);
    assert_eq!(mixed[0]["geometry"]["type"], "GeometryCollection");
    assert!(mixed[2]["geometry"].is_null());
    let points = city.export("points.fgb", &["--layers", "points"]);
    let points = read(points.to_str().unwrap(), "points", "name", &[]);
    assert_eq!(
        numbers(&points[0]["geometry"]),
        [115.04, 30.2, 12.5],
        "heights beside features without"
    );
}

#[test]
fn shapefiles_say_what_they_cannot_hold() {
    let city = City::new();
    for encoding in ["UTF-8", "GBK"] {
        let output = city.run("out.shp.zip", &["--encoding", encoding]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("shp-name-cut") && said.contains("宗地名称及备注"),
            "{said}"
        );
        assert!(said.contains("shp-collection-split"), "{said}");
        let zip = format!("/vsizip/{}", city.file("out.shp.zip").display());
        let parcels = format!("{zip}/宗地.shp");
        let (code, name) = if encoding == "GBK" {
            ("宗地代码", "宗地名称及")
        } else {
            ("宗地代", "宗地名")
        };
        let features = read(&parcels, "宗地", code, &[]);
        check_parcels(&features);
        assert_eq!(
            column(&features, name),
            [&json!("人民路1号"), &Json::Null, &json!(FORMULA)],
            "{encoding}"
        );
        let area: f64 = features[0]["properties"]["面积"].as_f64().unwrap();
        assert_eq!(area, 1234.5678901);
        assert_eq!(column(&features, "建成")[0], &json!("1999-12-31"));
        let lines = read(&format!("{zip}/mixed_line.shp"), "mixed_line", "name", &[]);
        assert_eq!(column(&lines, "name"), [&json!("both"), &json!("line")]);
        let points = read(&format!("{zip}/points.shp"), "points", "name", &[]);
        assert_eq!(numbers(&points[0]["geometry"]), [115.04, 30.2, 12.5]);
    }
}

#[test]
fn text_forms_are_read_back_and_formulas_are_defused() {
    let city = City::new();
    for ending in ["geojson", "geojsonl", "geojsons"] {
        let file = city.export(&format!("out.{ending}"), &["--layers", "宗地"]);
        let features = read(file.to_str().unwrap(), "out", "宗地代码", &[]);
        check_parcels(&features);
        assert_eq!(column(&features, "宗地名称及说明")[2], &json!(FORMULA));
    }
    let file = city.export("out.csv", &["--layers", "宗地", "--encoding", "UTF-8-BOM"]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("\u{feff}fid,宗地代码,"), "{text}");
    let features = read(file.to_str().unwrap(), "out", "宗地代码", &[]);
    check_parcels(&features);
    let names = column(&features, "宗地名称及说明");
    assert_eq!(names[2], &json!(format!("'{FORMULA}")));
    assert_eq!(column(&features, "面积")[2], &json!("-0.1"), "numbers stay numbers");
    let points = city.export("points.csv", &["--layers", "points"]);
    let text = std::fs::read_to_string(&points).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "fid,name,lon,lat,height");
    assert!(lines.iter().any(|line| line.ends_with(",a,115.04,30.2,12.5")), "{text}");
    assert!(lines.iter().any(|line| line.ends_with(",far,-0.5,51.5,")), "{text}");
}

#[test]
fn parquet_is_read_back_by_its_own_library() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    let city = City::new();
    let file = city.export("out.parquet", &["--layers", "宗地"]);
    let reader = SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap();
    let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap().clone();
    let geo = pairs
        .iter()
        .find(|pair| pair.key == "geo")
        .unwrap()
        .value
        .clone()
        .unwrap();
    let geo: Json = serde_json::from_str(&geo).unwrap();
    let column = &geo["columns"]["geometry"];
    assert_eq!(
        (&geo["version"], &column["geometry_types"]),
        (&json!("1.1.0"), &json!(["MultiPolygon"]))
    );
    assert_eq!(column["crs"]["id"]["code"], 4490);
    let mut rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    rows.sort_by_key(|row| row.get_string(1).unwrap().clone());
    let expected = parcels().1;
    assert_eq!(rows.len(), expected.len());
    for (row, expected) in rows.iter().zip(&expected) {
        let text = |at: usize| row.get_string(at).ok().map(String::as_str);
        assert_eq!(text(1), expected.values[0].as_text());
        assert_eq!(text(2), expected.values[1].as_text());
        let geometry = row
            .get_bytes(11)
            .ok()
            .map(|wkb| onemap_model::wkb::decode(wkb.data()).unwrap());
        assert_eq!(geometry, expected.geometry);
    }
    assert_eq!(rows[0].get_double(4).unwrap(), 1234.5678901);
    assert_eq!(rows[0].get_long(5).unwrap(), 9_007_199_254_740_993);
    assert_eq!(rows[0].get_bytes(9).unwrap().data(), [0, 255, 16]);
    let bbox = rows[0].get_group(12).unwrap();
    let around = expected[0].geometry.as_ref().unwrap().bbox().unwrap();
    assert_eq!([0, 1, 2, 3].map(|at| bbox.get_double(at).unwrap()), around.to_array());
}

#[test]
fn a_zone_is_projs_within_a_millimetre() {
    let city = City::new();
    let boxed = ["--layers", "points", "--crs", "EPSG:4547", "--bbox", "114,30,116,31"];
    let file = city.export("zone.gpkg", &boxed);
    let there = read(file.to_str().unwrap(), "points", "name", &[]);
    let back = read(file.to_str().unwrap(), "points", "name", &["-t_srs", "EPSG:4490"]);
    assert_eq!(there.len(), 2, "what is outside the box is left out");
    assert!(numbers(&there[0]["geometry"])[0] > 500_000.0);
    for (feature, expected) in back.iter().zip([[115.04, 30.2], [114.2, 30.6]]) {
        let got = numbers(&feature["geometry"]);
        let off_deg = (got[0] - expected[0]).hypot(got[1] - expected[1]);
        assert!(off_deg < 9e-9, "more than a millimetre: {got:?}");
    }
}

#[test]
fn several_layers_get_a_file_each_and_nothing_is_left_beside() {
    let city = City::new();
    city.export("out.csv", &["--layers", "points,lineage"]);
    assert!(city.file("out_points.csv").is_file() && city.file("out_lineage.csv").is_file());
    let check = |to: &str, more: &[&str], expected: &str| {
        let output = city.run(to, more);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected) && said.trim().lines().count() == 1, "{said}");
    };
    check("out.xyz", &[], ".parquet");
    check("out.csv", &["--layers", "nothing"], "\"nothing\"");
    check("out.csv", &["--bbox", "1,2,3"], "west,south,east,north");
    check("out.csv", &["--crs", "EPSG:2383"], "4547");
    check("out.gpkg", &["--encoding", "GBK"], "UTF-8");
    let left: Vec<_> = list(city.folder.path())
        .into_iter()
        .filter(|name| name.ends_with(".part"))
        .collect();
    assert_eq!(left, [""; 0]);
}

fn list(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}
