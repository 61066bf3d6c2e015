//! `--repair` as its users run it: repaired is what was asked for, all of it is told, and nothing else changes.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::loaded;
use onemap_e2e::programs::import;
use serde_json::{Value, json};
use std::path::Path;

/// Metres east and north of a place, as degrees.
fn ring(metres: &[(f64, f64)]) -> Value {
    let at = |&(x, y): &(f64, f64)| json!([115.0 + x / 96_486.3, 30.0 + y / 110_852.4]);
    metres.iter().map(at).collect()
}

/// A delivery in which one parcel is sound, and the others are not.
fn delivery(folder: &Path) -> String {
    let shapes: [(&str, &[(f64, f64)]); 5] = [
        ("sound", &[(0., 0.), (90., 0.), (90., 90.), (0., 90.), (0., 0.)]),
        (
            "twice",
            &[(100., 0.), (190., 0.), (190., 0.), (190., 90.), (100., 90.), (100., 0.)],
        ),
        (
            "spike",
            &[
                (200., 0.),
                (290., 0.),
                (290., 40.),
                (320., 40.1),
                (290., 40.2),
                (290., 90.),
                (200., 90.),
                (200., 0.),
            ],
        ),
        (
            "loop",
            &[
                (300., 0.),
                (390., 0.),
                (390., 90.),
                (350., 90.),
                (350., 90.3),
                (350.2, 89.8),
                (300., 90.),
                (300., 0.),
            ],
        ),
        ("bow", &[(400., 0.), (490., 90.), (490., 0.), (400., 80.), (400., 0.)]),
    ];
    let feature = |(code, metres): (&str, &[(f64, f64)])| {
        json!({"type": "Feature", "properties": {"code": code},
               "geometry": {"type": "Polygon", "coordinates": [ring(metres)]}})
    };
    let file = folder.join("delivery.geojson");
    let features: Vec<Value> = shapes.map(feature).to_vec();
    let all = json!({"type": "FeatureCollection", "features": features});
    std::fs::write(&file, all.to_string()).unwrap();
    file.display().to_string()
}

/// Codes of findings with the features that they are of, sorted.
fn findings(report: &Path) -> Vec<(String, String)> {
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |finding: &Value| (text(&finding["code"]), text(&finding["feature"]));
    let mut found: Vec<_> = report["findings"].as_array().unwrap().iter().map(one).collect();
    found.sort();
    found
}

#[test]
fn a_delivery_is_repaired_where_that_was_asked_for_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = delivery(folder.path());
    let load = |name: &str, more: &[&str]| {
        let (store, report) = (folder.path().join(name), folder.path().join(format!("{name}.json")));
        let usual = [
            "load",
            &file,
            "--layer",
            "lots",
            "--key",
            "code",
            "--crs",
            "EPSG:4490",
            "--force-crs",
            "--to",
        ];
        let to = [store.to_str().unwrap(), "--report", report.to_str().unwrap()];
        let run = import(&[&usual[..], &to, more].concat()).succeeded();
        (store, findings(&report), run)
    };
    let named = |all: &[(&str, &str)]| {
        all.iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect::<Vec<_>>()
    };

    let (plain, found, _) = load("plain.gpkg", &[]);
    let faults = [
        ("duplicate-vertex", "twice"),
        ("self-intersection", "bow"),
        ("self-intersection", "loop"),
        ("spike", "spike"),
    ];
    let of_shape = |found: &[(String, String)]| {
        found
            .iter()
            .filter(|(_, of)| !of.is_empty())
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(of_shape(&found), named(&faults));

    let (repaired, found, run) = load("repaired.gpkg", &["--repair", "all"]);
    // What the source has is told as well, where it is not put right before it is looked at.
    let done = [
        ("repair-refused", "bow"),
        ("self-intersection", "bow"),
        ("self-intersection", "loop"),
        ("spike-repaired", "spike"),
        ("validity-repaired", "loop"),
        ("vertices-repaired", "twice"),
    ];
    assert_eq!(of_shape(&found), named(&done), "{}", run.stdout);
    assert!(run.stdout.contains("validity-repaired"), "{}", run.stdout);

    // The batch tells of it, and what was repaired is sound.
    let store = repaired.to_str().unwrap();
    let shown = import(&["show", store, "1"]).succeeded();
    assert!(shown.stdout.contains("spike-repaired"), "{}", shown.stdout);
    let report = folder.path().join("again.json");
    import(&["check", store, "--key", "code", "--report", report.to_str().unwrap()]).succeeded();
    assert_eq!(of_shape(&findings(&report)), named(&[("self-intersection", "bow")]));

    // Nothing else changed.
    let (before, after) = (loaded::read(&plain, "lots"), loaded::read(&repaired, "lots"));
    let same = before
        .features
        .iter()
        .filter(|feature| after.features.contains(feature))
        .count();
    assert_eq!((before.features.len(), after.features.len(), same), (5, 5, 2));
}

#[test]
fn a_repair_that_is_none_is_refused_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = delivery(folder.path());
    let run = import(&["check", &file, "--repair", "spikes,holes"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("\"holes\"") && run.stderr.contains("vertices, spikes, validity"),
        "{}",
        run.stderr
    );
}
