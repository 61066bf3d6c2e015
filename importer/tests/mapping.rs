//! Mapping files: what columns become, suggested, written down and applied; never assumed.

#![allow(clippy::unwrap_used)]

use onemap_model::{Feature, FieldType, Name, Value};
use onemap_store::{At, OpenMode};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onemap-import"))
        .args(args)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn features(store: &Path, layer: &str) -> (Vec<(String, FieldType)>, Vec<Feature>) {
    let mut store = onemap_store::open(store.to_str().unwrap(), OpenMode::Existing).unwrap();
    let mut reading = store.read(At::Now).unwrap();
    let state = reading
        .layers()
        .unwrap()
        .into_iter()
        .find(|state| state.layer.name().as_str() == layer);
    let fields = state.unwrap().layer.fields().to_vec();
    let mut all = Vec::new();
    let mut keep = |feature| {
        all.push(feature);
        ControlFlow::Continue(())
    };
    reading.features(&Name::new(layer).unwrap(), &mut keep).unwrap();
    all.sort_by_key(|feature| feature.fid);
    (
        fields
            .into_iter()
            .map(|field| (field.name.to_string(), field.field_type))
            .collect(),
        all,
    )
}

const DELIVERY: &str = "宗地代码,坐落,用途,面积亩,登记日期,备注,wkt\n\
    420202001001GB00001,黄石港区一号,住宅,3,2020年5月1日,a,\"POLYGON((115 30,115.001 30,115.001 30.001,115 30))\"\n\
    420202001001GB00002,黄石港区二号,0601,1.5,去年,b,\"POLYGON((115.1 30,115.101 30,115.101 30.001,115.1 30))\"\n";

const MAPPING: &str = r#"
    [[layers]]
    source = "delivery"
    layer = "parcels"
    [layers.fields]
    zddm = "宗地代码"
    zl = "坐落"
    yt = { from = "用途", values = { "住宅" = "0701" } }
    zdmj = { from = "面积亩", unit = "mu" }
    qlxz = { value = "出让" }
    valid_from = "登记日期"
"#;

#[test]
fn a_mapping_names_turns_and_fills_columns() {
    let dir = tempfile::tempdir().unwrap();
    let [csv, map, store] = ["delivery.csv", "map.toml", "city.gpkg"].map(|name| dir.path().join(name));
    std::fs::write(&csv, DELIVERY).unwrap();
    std::fs::write(&map, MAPPING).unwrap();
    let [csv, map, to] = [&csv, &map, &store].map(|path| path.to_str().unwrap());
    let load = [
        "load",
        csv,
        "--crs",
        "EPSG:4490",
        "--define",
        "parcels",
        "--map",
        map,
        "--to",
        to,
    ];
    let output = run(&load);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("去年"), "the value that became null is named: {said}");
    assert!(!said.contains("mapping-suggested"), "{said}");
    let (fields, features) = features(&store, "parcels");
    let expected = [
        ("zddm", FieldType::Text),
        ("zl", FieldType::Text),
        ("yt", FieldType::Text),
        ("zdmj", FieldType::Float),
    ];
    for field in expected {
        assert!(
            fields.contains(&(field.0.to_owned(), field.1)),
            "{field:?} in {fields:?}"
        );
    }
    let value = |feature: usize, field: &str| {
        let at = fields.iter().position(|(name, _)| name == field).unwrap();
        features[feature].row.values[at].clone()
    };
    assert_eq!(value(0, "yt"), Value::text("0701"));
    assert_eq!(value(1, "yt"), Value::text("0601"));
    assert_eq!(value(0, "zdmj"), Value::float(3.0 * (10_000.0 / 15.0)).unwrap());
    assert_eq!(value(1, "qlxz"), Value::text("出让"));
    assert_eq!(value(1, "备注"), Value::text("b"));
    let from = |feature: usize| features[feature].row.valid.from().map(|from| from.to_string());
    assert_eq!((from(0).as_deref(), from(1)), (Some("2020-04-30T16:00:00.000Z"), None));

    // The other columns are left out where the mapping says so, and a second load of the same changes nothing.
    let again = run(&load);
    assert!(
        text(&again.stdout).contains("nothing changed"),
        "{}",
        text(&again.stdout)
    );
    std::fs::write(
        map,
        MAPPING.replace("[layers.fields]", "others = \"drop\"\n[layers.fields]"),
    )
    .unwrap();
    assert!(run(&load).status.success());
    let (fields, _) = self::features(&store, "parcels");
    assert!(!fields.iter().any(|(name, _)| name == "备注"), "{fields:?}");
}

#[test]
fn columns_that_look_like_fields_are_suggested_and_nothing_is_assumed() {
    let dir = tempfile::tempdir().unwrap();
    let [csv, map, store] = ["delivery.csv", "map.toml", "city.gpkg"].map(|name| dir.path().join(name));
    std::fs::write(&csv, DELIVERY).unwrap();
    let [csv, map, to] = [&csv, &map, &store].map(|path| path.to_str().unwrap());
    let how = [csv, "--crs", "EPSG:4490", "--define", "parcels", "--layer", "parcels"];
    let check = run(&[&["check"], &how[..]].concat());
    let said = text(&check.stderr);
    assert_eq!(check.status.code(), Some(1), "{said}");
    let hint = "some columns look like fields of the definition: see `onemap-import map`";
    assert!(said.contains("has no field \"zddm\"") && said.contains(hint), "{said}");
    let check = run(&[&["check", "--key", "宗地代码"], &how[..]].concat());
    let said = text(&check.stdout);
    let told = ["mapping-suggested", "field-missing"];
    assert!(told.iter().all(|code| said.contains(code)), "{said}");
    let wrote = run(&[&["map", "--write", map], &how[..]].concat());
    assert!(wrote.status.success(), "{}", text(&wrote.stderr));
    assert!(
        text(&wrote.stderr).contains("zddm <- \"宗地代码\""),
        "{}",
        text(&wrote.stderr)
    );
    let twice = run(&[&["map", "--write", map], &how[..]].concat());
    assert_eq!(
        twice.status.code(),
        Some(1),
        "it is not overwritten: {}",
        text(&twice.stderr)
    );
    let load = run(&[&["load", "--to", to, "--map", map], &how[..5]].concat());
    assert!(load.status.success(), "{}", text(&load.stderr));
    let (fields, _) = features(&store, "parcels");
    for field in ["zddm", "zl", "yt_name"] {
        assert!(fields.iter().any(|(name, _)| name == field), "{field} in {fields:?}");
    }
}

#[test]
fn a_mapping_that_does_not_fit_is_refused_with_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let [csv, map] = ["delivery.csv", "map.toml"].map(|name| dir.path().join(name));
    std::fs::write(&csv, DELIVERY).unwrap();
    let (csv, path) = (csv.to_str().unwrap(), map.to_str().unwrap());
    for (from, to, expected) in [
        (
            "\"坐落\"",
            "\"坐標\"",
            "the source has no column \"坐標\"; it has \"宗地代码\"",
        ),
        (
            "\"delivery\"",
            "\"other\"",
            "no source has a layer \"other\"; there are: delivery",
        ),
        (
            "\"mu\"",
            "\"acre\"",
            "layers.delivery.fields.zdmj.unit = \"acre\": expected one of m, km",
        ),
        ("[[layers]]", "[layers]", "--map: "),
    ] {
        std::fs::write(&map, MAPPING.replace(from, to)).unwrap();
        let output = run(&["check", csv, "--crs", "EPSG:4490", "--map", path]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn at_a_terminal_the_suggestion_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let [csv, store] = ["delivery.csv", "city.gpkg"].map(|name| dir.path().join(name));
    std::fs::write(&csv, DELIVERY).unwrap();
    let program = env!("CARGO_BIN_EXE_onemap-import");
    let (csv, to) = (csv.to_str().unwrap(), store.to_str().unwrap());
    // `script` gives the program a terminal.
    let ask = |answer: &str| {
        let command =
            format!("{program} load {csv} --crs EPSG:4490 --define parcels --layer parcels --key 宗地代码 --to {to}");
        let mut child = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let quit = ask("q\n");
    assert!(
        text(&quit.stdout).contains("是否按此对应") && !store.exists(),
        "{}",
        text(&quit.stdout)
    );
    let no = ask("what\nn\n");
    assert!(no.status.success(), "{}", text(&no.stdout));
    assert!(features(&store, "parcels").0.iter().any(|(name, _)| name == "宗地代码"));
    let yes = ask("y\n");
    assert!(yes.status.success(), "{}", text(&yes.stdout));
    assert!(features(&store, "parcels").0.iter().any(|(name, _)| name == "zddm"));
}
