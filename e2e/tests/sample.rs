//! The sample city: the same for the same number, and an ordinary GeoPackage to other programs.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::loaded;
use onemap_e2e::programs::import;
use onemap_store::{At, OpenMode};
use std::path::Path;
use std::process::Command;

/// Makes a city and gives the SHA-256 that was printed.
fn sample(features: &str, store: &Path) -> String {
    let run = import(&[
        "sample".as_ref(),
        "--features".as_ref(),
        features.as_ref(),
        "--to".as_ref(),
        store.as_os_str(),
    ]);
    let run = run.succeeded();
    let is_sum = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let sum = run.stdout.split_whitespace().find(is_sum);
    sum.unwrap_or_else(|| panic!("no SHA-256 in {:?}", run.stdout))
        .to_owned()
}

/// The layers and how many features they have.
fn layers(store: &Path) -> Vec<(String, u64)> {
    let mut store = onemap_store::open(store.to_str().unwrap(), OpenMode::Existing).unwrap();
    let layers = store.read(At::Now).unwrap().layers().unwrap();
    layers
        .iter()
        .map(|state| (state.layer.name().to_string(), state.features))
        .collect()
}

#[test]
fn two_samples_of_one_number_are_one_city_and_of_another_number_another() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.gpkg"), folder.path().join("b.gpkg"));
    assert_eq!(sample("1000", &a), sample("1000", &b));
    assert_ne!(
        sample("1001", &folder.path().join("c.gpkg")),
        sample("1000", &folder.path().join("d.gpkg"))
    );
    assert_eq!(layers(&a), layers(&b));
    for (layer, features) in layers(&a) {
        assert!(features > 0, "{layer} is empty");
        assert_eq!(loaded::digest(&a, &layer), loaded::digest(&b, &layer), "{layer}");
    }
    let names: Vec<_> = layers(&a).into_iter().map(|(name, _)| name).collect();
    let expected = [
        "addresses",
        "buildings",
        "districts",
        "parcel_lineage",
        "parcels",
        "pois",
        "roads",
        "water",
    ];
    assert_eq!(names, expected);
    let parcels = layers(&a).into_iter().find(|(name, _)| name == "parcels").unwrap().1;
    assert!(
        (1000..1200).contains(&parcels),
        "{parcels} parcels, with those that were split and merged, for 1000"
    );
}

#[test]
fn gdal_reads_the_sample_as_ordinary_layers_and_uses_their_r_tree() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("city.gpkg");
    sample("1000", &store);
    for (layer, features) in layers(&store) {
        let said = ogrinfo(&store, &["-so", &layer]);
        assert!(said.contains(&format!("Feature Count: {features}")), "{layer}: {said}");
        if layer == "parcel_lineage" {
            continue;
        }
        let index = ogrinfo(&store, &["-sql", &format!("SELECT HasSpatialIndex('{layer}', 'geom')")]);
        assert!(index.contains("HasSpatialIndex (Integer) = 1"), "{layer}: {index}");
        let rows = ogrinfo(
            &store,
            &["-sql", &format!("SELECT count(*) AS rows FROM rtree_{layer}_geom")],
        );
        assert!(
            rows.contains(&format!("rows (Integer) = {features}")),
            "{layer}: {rows}"
        );
    }
}

#[test]
fn a_box_finds_through_gdal_what_the_store_says_lies_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("city.gpkg");
    sample("1000", &store);
    let pois = loaded::read(&store, "pois");
    let places: Vec<_> = pois
        .features
        .iter()
        .filter_map(|f| f.row.geometry.as_ref()?.bbox())
        .collect();
    let (at, margin) = (places[places.len() / 2].center(), 0.002);
    let (west, south, east, north) = (at.x - margin, at.y - margin, at.x + margin, at.y + margin);
    let area = onemap_model::Bbox::new(west, south, east, north).unwrap();
    let inside = places.iter().filter(|place| area.intersects(place)).count();
    assert!(inside > 0 && inside < places.len(), "{inside} of {}", places.len());
    let bounds = [west, south, east, north].map(|number| format!("{number:.17}"));
    let mut args = vec!["-so", "-spat"];
    args.extend(bounds.iter().map(String::as_str));
    args.push("pois");
    let said = ogrinfo(&store, &args);
    assert!(said.contains(&format!("Feature Count: {inside}")), "{inside}: {said}");
}

fn ogrinfo(store: &Path, args: &[&str]) -> String {
    let output = Command::new("ogrinfo")
        .arg("-ro")
        .arg(store)
        .args(args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && !said.contains("ERROR"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}
