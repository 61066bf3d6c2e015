//! Holds the arrows between the crates: who may know whom, and which outside library may be known in one place only.
//!
//! `model <- store <- {importer, tile-server}`, `model <- atlas <- tile-server`. Importer and tile-server never meet;
//! atlas and store never meet. Dependencies of tests and build scripts count like any other: a test that joins two
//! crates belongs here, in the crate that may know them all.

use serde_json::{Value, json};
use std::process::Command;

/// Which of our crates each may know. A crate that is not named here is itself a fault.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("onemap-model", &[]),
    ("onemap-store", &["onemap-model"]),
    ("onemap-atlas", &["onemap-model"]),
    ("onemap-importer", &["onemap-model", "onemap-store"]),
    ("onemap-tile-server", &["onemap-model", "onemap-store", "onemap-atlas"]),
    (
        "onemap-benches",
        &["onemap-model", "onemap-store", "onemap-atlas", "onemap-testing"],
    ),
    ("onemap-glyphs", &[]),
    ("onemap-testing", &[]),
    (
        "onemap-e2e",
        &[
            "onemap-model",
            "onemap-store",
            "onemap-atlas",
            "onemap-importer",
            "onemap-tile-server",
            "onemap-testing",
        ],
    ),
];

/// Outside libraries that only some may use. The end-to-end tests and the measurements may use them too, to play another
/// program.
const AT_HOME_IN: &[(&str, &[&str])] = &[
    (
        "onemap-importer",
        &["gdal", "gdal-sys", "zip", "osmpbf", "proj", "proj-sys"],
    ),
    (
        "onemap-store",
        &[
            "rusqlite",
            "libsqlite3-sys",
            "tokio-postgres",
            "postgres",
            "sqlx",
            "tokio",
        ],
    ),
    (
        "onemap-tile-server",
        &[
            "axum",
            "hyper",
            "hyper-util",
            "tokio",
            "tower",
            "tower-http",
            "rust-embed",
            "zip",
            "parquet",
            "flatgeobuf",
        ],
    ),
];

/// Tests that play another program need its library, those of PostGIS a server. They may, where it is said here; the programs themselves may not.
const ONLY_IN_TESTS: &[(&str, &str)] = &[
    ("onemap-tile-server", "rusqlite"),
    ("onemap-store", "onemap-testing"),
    ("onemap-importer", "onemap-testing"),
    ("onemap-tile-server", "onemap-testing"),
];

/// All that the model may stand on: no I/O, no SQL, no HTTP, no async, no logging. Pure arithmetic and tables only.
const MODEL_STANDS_ON: &[&str] = &[
    "jiff",
    "memchr",
    "thiserror",
    "proptest",
    "geo-types",
    "geographiclib-rs",
    "robust",
    "unicode-normalization",
];

/// One crate and the names of all crates that it depends on directly, for whatever purpose but [`ONLY_IN_TESTS`].
#[derive(Debug, Clone)]
struct Crate {
    name: String,
    knows: Vec<String>,
}

/// Every sentence about a dependency that should not be.
fn wrong_arrows(crates: &[Crate]) -> Vec<String> {
    crates
        .iter()
        .flat_map(|from| from.knows.iter().filter_map(|to| wrong_arrow(&from.name, to)))
        .collect()
}

fn wrong_arrow(from: &str, to: &str) -> Option<String> {
    let Some((_, may_know)) = MAY_KNOW.iter().find(|(name, _)| *name == from) else {
        return Some(format!(
            "{from} is not in the house: say in e2e/tests/arrows.rs what it may know"
        ));
    };
    if to.starts_with("onemap-") {
        return (!may_know.contains(&to)).then(|| format!("{from} must not know {to}"));
    }
    if from == "onemap-model" && !MODEL_STANDS_ON.contains(&to) {
        return Some(format!("{from} must not stand on {to}"));
    }
    let with_it = AT_HOME_IN.iter().filter(|(_, libraries)| libraries.contains(&to));
    let homes: Vec<&str> = with_it.map(|(home, _)| *home).collect();
    let at_home = homes.is_empty() || homes.contains(&from) || ["onemap-e2e", "onemap-benches"].contains(&from);
    (!at_home).then(|| format!("{from} must not use {to}: its home is {}", homes.join(", ")))
}

/// The workspace's own crates, from `cargo metadata`; asks no network and needs no dependency to be there.
fn workspace() -> Vec<Crate> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
            "--manifest-path",
            manifest,
        ])
        .output()
        .expect("cargo runs: it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON");
    metadata["packages"]
        .as_array()
        .expect("metadata lists packages")
        .iter()
        .map(to_crate)
        .collect()
}

fn to_crate(package: &Value) -> Crate {
    let name = name_in(package);
    let dependencies = package["dependencies"].as_array();
    let dependencies = dependencies.expect("a package lists what it depends on").iter();
    let knows = dependencies.filter(|dependency| !is_only_in_tests(&name, dependency));
    Crate {
        knows: knows.map(name_in).collect(),
        name,
    }
}

fn is_only_in_tests(from: &str, dependency: &Value) -> bool {
    dependency["kind"] == "dev" && ONLY_IN_TESTS.contains(&(from, &name_in(dependency)))
}

fn name_in(entry: &Value) -> String {
    let name = entry["name"].as_str();
    name.expect("everything in metadata has a name").to_owned()
}

fn made_up(name: &str, knows: &[&str]) -> Crate {
    Crate {
        name: name.to_owned(),
        knows: knows.iter().map(|&known| known.to_owned()).collect(),
    }
}

#[test]
fn the_crates_know_only_whom_they_may() {
    let crates = workspace();
    let mut found: Vec<&str> = crates.iter().map(|c| c.name.as_str()).collect();
    let mut named: Vec<&str> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    found.sort_unstable();
    named.sort_unstable();
    assert_eq!(found, named, "the house has other crates than its rules name");
    assert_eq!(wrong_arrows(&crates), Vec::<String>::new());
}

#[test]
fn the_outside_libraries_that_have_a_home_are_really_used_there() {
    let crates = workspace();
    let uses = |home: &str, library: &str| {
        crates
            .iter()
            .any(|c| c.name == home && c.knows.iter().any(|known| known == library))
    };
    for (home, library) in [
        ("onemap-importer", "gdal"),
        ("onemap-store", "rusqlite"),
        ("onemap-tile-server", "axum"),
    ] {
        assert!(
            uses(home, library),
            "{home} does not use {library}: the rules look at the wrong name"
        );
    }
}

#[test]
fn a_wrong_arrow_between_our_crates_is_seen() {
    for (from, to) in [
        ("onemap-importer", "onemap-tile-server"),
        ("onemap-tile-server", "onemap-importer"),
        ("onemap-atlas", "onemap-store"),
        ("onemap-store", "onemap-atlas"),
        ("onemap-model", "onemap-store"),
        ("onemap-benches", "onemap-importer"),
        ("onemap-atlas", "onemap-e2e"),
    ] {
        let graph = [
            made_up("onemap-store", &["onemap-model", "serde"]),
            made_up(from, &[to]),
        ];
        assert_eq!(wrong_arrows(&graph), [format!("{from} must not know {to}")]);
    }
}

#[test]
fn a_library_away_from_its_home_is_seen() {
    for (from, to) in [
        ("onemap-tile-server", "gdal"),
        ("onemap-atlas", "rusqlite"),
        ("onemap-tile-server", "rusqlite"),
        ("onemap-importer", "axum"),
        ("onemap-importer", "tokio"),
        ("onemap-atlas", "tokio"),
        ("onemap-model", "serde"),
    ] {
        assert_eq!(wrong_arrows(&[made_up(from, &[to])]).len(), 1, "{from} -> {to}");
    }
    assert!(wrong_arrows(&[made_up("onemap-e2e", &["gdal", "rusqlite"])]).is_empty());
}

#[test]
fn a_crate_that_no_rule_names_is_seen() {
    let found = wrong_arrows(&[made_up("onemap-helper", &["anyhow"])]);
    assert!(found[0].contains("onemap-helper"), "{found:?}");
}

#[test]
fn what_tests_may_use_the_program_may_not() {
    let knows = |kind: Value| {
        let package = json!({"name": "onemap-tile-server", "dependencies": [{"name": "rusqlite", "kind": kind}]});
        wrong_arrows(&[to_crate(&package)]).len()
    };
    assert_eq!(
        (knows(json!("dev")), knows(json!("build")), knows(Value::Null)),
        (0, 1, 1)
    );
}
