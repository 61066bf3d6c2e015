//! The program itself: loads that can be looked at, compared first, and undone.

#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder with a store and the deliveries of two years.
struct Office {
    dir: tempfile::TempDir,
    store: String,
}

const FIRST: &str =
    "code,lon,lat,use,area\nA1,115.01,30.2,0701,120.5\nA2,115.02,30.2,0701,80\nA3,115.03,30.2,0602,200\n";
const SECOND: &str =
    "code,lon,lat,use,area\nA1,115.01,30.2,0701,120.5\nA2,115.02,30.2,0702,81\nA4,115.04,30.2,0602,90\n";

impl Office {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("city.gpkg").to_str().unwrap().to_owned();
        let office = Self { dir, store };
        office.write("first.csv", FIRST);
        office.write("second.csv", SECOND);
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onemap-import"));
        command.args(args).current_dir(self.dir.path()).env("USER", "anna");
        command
            .env_remove("SUDO_USER")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    }

    /// What the program says where it does what it is asked.
    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it says where it refuses.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
        text.lines().last().unwrap().to_owned()
    }

    fn load(&self, file: &str, mode: &str) {
        let how = [
            "--layer",
            "parcels",
            "--crs",
            "EPSG:4490",
            "--key",
            "code",
            "--mode",
            mode,
        ];
        self.done(&[&["load", file, "--to", &self.store], &how[..]].concat());
    }

    fn diff(&self, file: &str, more: &[&str]) -> String {
        let how = ["--layer", "parcels", "--crs", "EPSG:4490", "--key", "code"];
        self.done(&[&["diff", &self.store, file], &how[..], more].concat())
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.done(args)).unwrap()
    }
}

#[test]
fn loads_are_listed_and_shown_with_their_files_counts_and_findings() {
    let office = Office::new();
    office.load("first.csv", "replace");
    office.load("second.csv", "upsert");
    let listed = office.done(&["batches", &office.store]);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines[0].starts_with("2  20") && lines[0].ends_with("anna  load second.csv (upsert)"),
        "{listed}"
    );
    assert_eq!(lines[1].trim(), "parcels: 1 new, 1 changed, 0 removed");
    assert!(lines[2].starts_with("1  20"), "{listed}");
    let batch = office.json(&["show", &office.store, "2", "--json"]);
    let layer = &batch["layers"][0];
    let counts = ["read", "inserted", "changed", "removed", "unchanged", "rejected"].map(|word| layer[word].as_u64());
    assert_eq!(counts, [3, 1, 1, 0, 1, 0].map(Some), "{batch}");
    assert_eq!((&layer["mode"], &layer["crs"]), (&"upsert".into(), &"EPSG:4490".into()));
    assert_eq!(batch["sources"][0]["name"], "second.csv");
    assert_eq!(batch["sources"][0]["bytes"], SECOND.len());
    let said = Command::new("sha256sum")
        .arg(office.path("second.csv"))
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert_eq!(batch["sources"][0]["sha256"].as_str(), said.split(' ').next());
    assert_eq!(batch, office.json(&["batches", &office.store, "--json"])[0]);
    let shown = office.done(&["show", &office.store, "2"]);
    assert!(
        shown.contains(
            "parcels (upsert): 3 read, 1 new, 1 changed, 0 removed, 1 unchanged, 0 set aside; from second.csv"
        ),
        "{shown}"
    );
    assert_eq!(
        office.done(&["batches", &office.store, "--layer", "roads"]),
        "no batches\n"
    );
    assert!(office.refused(&["show", &office.store, "3"]).contains("no version 3"));
}

#[test]
fn a_mapping_and_the_findings_are_kept_with_the_batch() {
    let office = Office::new();
    office.write(
        "map.toml",
        "[[layers]]\nsource = \"odd\"\nlayer = \"parcels\"\n\n[layers.fields]\nyt = \"use\"\n",
    );
    office.write("odd.csv", "code,lon,lat,use\nA1,115.01,30.2,0701\n,115.02,30.2,0701\n");
    office.done(&[
        "load",
        "odd.csv",
        "--to",
        &office.store,
        "--crs",
        "EPSG:4490",
        "--key",
        "code",
        "--map",
        "map.toml",
    ]);
    let batch = office.json(&["show", &office.store, "1", "--json"]);
    assert!(batch["mapping"].as_str().unwrap().contains("yt = \"use\""), "{batch}");
    let found = batch["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["code"] == "key-null");
    assert_eq!(found.unwrap()["count"], 1, "{batch}");
}

#[test]
fn a_diff_tells_what_an_upsert_then_does_and_writes_nothing() {
    let office = Office::new();
    office.load("first.csv", "replace");
    let before = std::fs::read(&office.store).unwrap();
    let text = office.diff("second.csv", &[]);
    assert_eq!(
        text,
        "~ parcels A2\n    use: 0701 → 0702\n    area: 80 → 81\n+ parcels A4\nparcels: 1 new, 1 changed, 0 removed, 1 unchanged\n"
    );
    assert!(
        office
            .diff("second.csv", &["--mode", "replace"])
            .contains("- parcels A3\n")
    );
    let csv = office.diff("second.csv", &["--csv"]);
    let changed: Vec<&str> = csv.lines().filter(|line| line.contains(",changed,")).collect();
    assert_eq!(
        changed,
        ["parcels,A2,2,changed,use,0701,0702", "parcels,A2,2,changed,area,80,81"],
        "{csv}"
    );
    let json: Value = serde_json::from_str(&office.diff("second.csv", &["--json"])).unwrap();
    assert_eq!(json["layers"][0]["unchanged"], 1);
    assert_eq!(json["changes"][0]["fields"][1]["after"], 81.0);
    let new = json["changes"][1]["fields"].as_array().unwrap();
    assert!(new[0]["after"].as_str().unwrap().starts_with("0101000000"), "{json}");
    assert!(
        std::fs::read(&office.store).unwrap() == before,
        "a diff wrote into the store"
    );
    office.load("second.csv", "upsert");
    assert_eq!(
        office.diff("second.csv", &[]),
        "parcels: 0 new, 0 changed, 0 removed, 3 unchanged\n"
    );
    let empty: Value = serde_json::from_str(&office.diff("second.csv", &["--json"])).unwrap();
    assert_eq!(empty["changes"], Value::Array(Vec::new()));
}

#[test]
fn a_difference_is_an_exit_status_only_where_that_is_asked_for() {
    let office = Office::new();
    office.load("first.csv", "replace");
    let args = [
        "diff",
        &office.store,
        "second.csv",
        "--layer",
        "parcels",
        "--crs",
        "EPSG:4490",
        "--exit-code",
    ];
    assert_eq!(office.run(&args).status.code(), Some(1));
    assert_eq!(office.run(&args[..7]).status.code(), Some(0));
    let same = args.map(|arg| if arg == "second.csv" { "first.csv" } else { arg });
    assert_eq!(office.run(&same).status.code(), Some(0));
    let nowhere = office.refused(&["diff", "nowhere.gpkg", "second.csv", "--layer", "parcels"]);
    assert!(
        nowhere.contains("no such file") && !office.path("nowhere.gpkg").exists(),
        "{nowhere}"
    );
}

#[test]
fn a_rollback_wants_a_yes_and_can_itself_be_undone() {
    let office = Office::new();
    office.load("first.csv", "replace");
    office.load("second.csv", "replace");
    assert!(office.refused(&["rollback", &office.store, "2"]).contains("--yes"));
    let told = office.done(&["rollback", &office.store, "2", "--yes"]);
    assert!(
        told.starts_with("parcels: 1 removed, 1 as before, 1 back\nbatch 2 is rolled back by batch 3 (undo: "),
        "{told}"
    );
    assert_eq!(
        office.diff("first.csv", &["--mode", "replace"]),
        "parcels: 0 new, 0 changed, 0 removed, 3 unchanged\n"
    );
    assert!(
        office
            .done(&["show", &office.store, "2"])
            .contains("it was rolled back by batch 3\n")
    );
    assert!(
        office
            .done(&["show", &office.store, "3"])
            .contains("it rolled back batch 2\n")
    );
    assert!(office.done(&["batches", &office.store]).contains("[rolled back by 3]"));
    office.done(&["rollback", &office.store, "3", "--yes"]);
    assert_eq!(
        office.diff("second.csv", &["--mode", "replace"]),
        "parcels: 0 new, 0 changed, 0 removed, 3 unchanged\n"
    );
    assert!(office.done(&["verify", &office.store]).starts_with("sound"));
}

#[test]
fn a_rollback_that_later_batches_built_on_is_refused_with_what_they_changed() {
    let office = Office::new();
    office.load("first.csv", "replace");
    office.load("second.csv", "replace");
    office.write("third.csv", &SECOND.replace("81", "82"));
    office.load("third.csv", "upsert");
    let refused = office.refused(&["rollback", &office.store, "2", "--yes"]);
    assert!(
        refused.contains("feature 2 of layer \"parcels\" was changed again") && refused.contains("--keep-later"),
        "{refused}"
    );
    assert_eq!(
        office
            .json(&["batches", &office.store, "--json"])
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let told = office.done(&["rollback", &office.store, "2", "--yes", "--keep-later"]);
    assert!(
        told.contains("1 removed, 0 as before, 1 back\n1 features stay"),
        "{told}"
    );
}

#[test]
fn nothing_is_written_where_the_disk_is_full() {
    let office = Office::new();
    office.load("first.csv", "replace");
    let rows: String = (0..20_000)
        .map(|at| format!("B{at},115.{at:05},30.2,0701,{at}\n"))
        .collect();
    office.write("many.csv", &format!("code,lon,lat,use,area\n{rows}"));
    office.load("many.csv", "replace");
    let before = office.json(&["batches", &office.store, "--json"]);
    // A file size limit is what a full disk is to the program: writing fails. bash counts in KiB.
    let room = std::fs::metadata(&office.store).unwrap().len() / 2048;
    let script = format!("trap '' XFSZ; ulimit -f {room}; exec \"$@\"");
    let output = Command::new("bash")
        .args([
            "-c",
            &script,
            "bash",
            env!("CARGO_BIN_EXE_onemap-import"),
            "rollback",
            &office.store,
            "2",
            "--yes",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let said = text.lines().last().unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(said.contains("city.gpkg"), "{text}");
    assert_eq!(office.json(&["batches", &office.store, "--json"]), before);
    assert!(office.done(&["verify", &office.store]).starts_with("sound"));
    office.done(&["rollback", &office.store, "2", "--yes"]);
    assert_eq!(
        office.diff("first.csv", &["--mode", "replace"]),
        "parcels: 0 new, 0 changed, 0 removed, 3 unchanged\n"
    );
}
