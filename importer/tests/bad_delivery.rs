//! A delivery with planted faults: every one is found under its code, at its feature and place, and nothing else is.

#![allow(clippy::unwrap_used)]

use onemap_importer::check::check;
use onemap_importer::progress::Progress;
use onemap_importer::sample::City;
use onemap_importer::sample::faulty::{Entry, plant, write};
use onemap_importer::settings::{self, Settings};
use onemap_model::{Crs, Finding, FindingCode};
use std::collections::HashSet;

/// How many parcels the city has whose ledger is in `data-samples`.
const COMMITTED: u64 = 4_000;

/// How many parcels the city has; `ONEMAP_PARCELS` names another number.
fn parcels() -> u64 {
    std::env::var("ONEMAP_PARCELS").map_or(COMMITTED, |number| number.parse().unwrap())
}

#[test]
fn every_planted_fault_is_found_and_none_is_invented() {
    let city = City::new(parcels()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let planted = write(&city, dir.path()).unwrap();
    assert!(planted.kinds >= 40, "{planted:?}");
    let (_, ledger) = plant(&city).unwrap();
    assert_eq!(
        std::fs::read_to_string(dir.path().join("ledger.json")).unwrap(),
        ledger.json()
    );
    if parcels() == COMMITTED {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../data-samples/bad-delivery-4000.ledger.json"
        );
        if std::env::var_os("ONEMAP_WRITE_SAMPLES").is_some() {
            std::fs::write(path, ledger.json()).unwrap();
        }
        let again = "the ledger in data-samples differs: run with ONEMAP_WRITE_SAMPLES=1 where the change is meant";
        assert!(std::fs::read_to_string(path).unwrap() == ledger.json(), "{again}");
    }
    let files = [
        "parcels",
        "districts",
        "parcel_lineage",
        "addresses",
        "roads",
        "buildings",
    ];
    let sources = files.map(|name| dir.path().join(format!("{name}.csv")).to_str().unwrap().to_owned());
    let settings = Settings {
        crs: Some(Crs::CGCS2000),
        definitions: settings::definitions(&["all".into()]).unwrap(),
        ..Settings::default()
    };
    onemap_importer::setup::gdal();
    let summary = check(&sources, &settings, Crs::CGCS2000, 100_000, &mut Progress::Silent).unwrap();
    let mut open: Vec<&Entry> = ledger.entries.iter().collect();
    let mut invented = Vec::new();
    // That a file without a word on its encoding is UTF-8 is no fault.
    let found = summary
        .findings
        .kept()
        .iter()
        .filter(|finding| finding.code != FindingCode::EncodingDetected);
    for finding in found {
        match open.iter().position(|entry| is_of(finding, entry)) {
            Some(at) => drop(open.swap_remove(at)),
            None => invented.push(finding.to_string()),
        }
    }
    let missed: Vec<String> = open.iter().map(|entry| format!("{entry:?}")).collect();
    assert!(
        missed.is_empty() && invented.is_empty(),
        "missed {}:\n{}\ninvented {}:\n{}",
        missed.len(),
        missed.join("\n"),
        invented.len(),
        invented.iter().take(60).cloned().collect::<Vec<_>>().join("\n")
    );
    let codes: HashSet<&str> = ledger.entries.iter().map(|entry| entry.code.as_str()).collect();
    assert!(codes.len() >= 40, "{} codes", codes.len());
}

/// What is found in rows that have no geometry any more.
const HAS_NO_PLACE: [FindingCode; 2] = [FindingCode::GeometryNull, FindingCode::GeometryUndecodable];

/// Whether a finding is of a planted fault: its code, one of its features, and within 200 m of its place.
fn is_of(finding: &Finding, entry: &Entry) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 0.002;
    finding.code == entry.code
        && finding.layer == entry.layer
        && finding
            .feature
            .as_ref()
            .is_some_and(|feature| entry.features.contains(feature))
        && match (finding.place, entry.place) {
            (Some(found), Some(planted)) => near(found.x, planted.x) && near(found.y, planted.y),
            (None, Some(_)) => HAS_NO_PLACE.contains(&finding.code),
            (_, None) => true,
        }
}
