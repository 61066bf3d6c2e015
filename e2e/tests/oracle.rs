//! The decoder that judges our tiles is itself judged here, by the fixtures that the format's makers publish.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::{mvt, shared::shared};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Valid fixtures that the oracle refuses. Both are refused on purpose: no tile of ours may look like them.
///
/// - `016` (type `UNKNOWN`) is byte for byte `003` (no type), which is invalid: nothing can tell them apart.
/// - `057` announces 536 870 911 points and brings one, exactly as `051` does, which is invalid.
const KNOWN_MISSES: [&str; 2] = ["016", "057"];

#[test]
fn the_oracle_accepts_46_valid_fixtures_and_refuses_28_invalid_ones() {
    let Some(shared) = shared("the_oracle_accepts_46_valid_fixtures_and_refuses_28_invalid_ones") else {
        return;
    };
    let folder = unpack(&shared);
    let (mut valid, mut invalid, mut misses) = (0, 0, Vec::new());
    for fixture in fixtures(&folder.path().join("mvt_fixtures/fixtures")) {
        let info: Value = serde_json::from_slice(&std::fs::read(fixture.join("info.json")).unwrap()).unwrap();
        let name = fixture.file_name().unwrap().to_str().unwrap().to_owned();
        let expected = info["validity"]["v2"].as_bool().unwrap();
        *if expected { &mut valid } else { &mut invalid } += 1;
        let found = mvt::decode(&std::fs::read(fixture.join("tile.mvt")).unwrap());
        if found.is_ok() != expected {
            eprintln!("{name} (valid: {expected}): {found:?}\n  {}", info["description"]);
            misses.push(name);
        }
    }
    assert_eq!(
        (valid, invalid),
        (46, 28),
        "the fixtures are not those that were counted"
    );
    assert_eq!(misses, KNOWN_MISSES);
}

#[test]
fn the_fixture_of_an_unknown_type_is_byte_for_byte_the_one_without_a_type() {
    let Some(shared) = shared("the_fixture_of_an_unknown_type_is_byte_for_byte_the_one_without_a_type") else {
        return;
    };
    let folder = unpack(&shared);
    let tile =
        |name: &str| std::fs::read(folder.path().join("mvt_fixtures/fixtures").join(name).join("tile.mvt")).unwrap();
    assert_eq!(tile("016"), tile("003"));
}

#[test]
fn the_oracle_reads_what_the_fixtures_say() {
    let Some(shared) = shared("the_oracle_reads_what_the_fixtures_say") else {
        return;
    };
    let folder = unpack(&shared);
    let mut features = 0;
    for fixture in fixtures(&folder.path().join("mvt_fixtures/fixtures")) {
        let Ok(layers) = mvt::decode(&std::fs::read(fixture.join("tile.mvt")).unwrap()) else {
            continue;
        };
        let json: Value = serde_json::from_slice(&std::fs::read(fixture.join("tile.json")).unwrap()).unwrap();
        let expected = json["layers"].as_array().cloned().unwrap_or_default();
        assert_eq!(layers.len(), expected.len(), "{}", fixture.display());
        for (layer, expected) in layers.iter().zip(&expected) {
            assert_eq!(layer.name, expected["name"].as_str().unwrap(), "{}", fixture.display());
            let written = expected["features"].as_array().cloned().unwrap_or_default();
            assert_eq!(layer.features.len(), written.len(), "{}", fixture.display());
            for (feature, written) in layer.features.iter().zip(&written) {
                features += 1;
                let tags = written["tags"].as_array().map_or(0, Vec::len);
                assert_eq!(feature.attributes.len() * 2, tags, "{}", fixture.display());
                if let Some(id) = written["id"].as_u64() {
                    assert_eq!(feature.id.unwrap_or(0), id, "{}", fixture.display());
                }
            }
        }
    }
    assert!(features > 40, "only {features} features were compared");
}

fn unpack(shared: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive = shared.join("nasty/mvt_fixtures.tar.xz");
    let unpacked = Command::new("tar")
        .arg("-xf")
        .arg(archive)
        .arg("-C")
        .arg(folder.path())
        .status();
    assert!(
        unpacked.is_ok_and(|status| status.success()),
        "tar with xz (package xz-utils) unpacks the fixtures"
    );
    folder
}

fn fixtures(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    all
}
