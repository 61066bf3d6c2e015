//! Extracts of OpenStreetMap, loaded through definitions, hold what GDAL makes of the same elements: every one, every
//! name, every place.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use geo::{Area, Geometry};
use onemap_e2e::loaded::{self, Loaded, apart, of_store};
use onemap_e2e::programs::{import, load};
use onemap_e2e::shared::shared;
use onemap_e2e::source::{self, SourceFeature};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The values of `highway` that make a road in `schemas/layers/roads.toml`.
const HIGHWAYS: &str = "'motorway','motorway_link','trunk','trunk_link','primary','primary_link','secondary',\
     'secondary_link','tertiary','tertiary_link','residential','unclassified','living_street','service','road','track',\
     'footway','path','pedestrian','steps','cycleway','bridleway','corridor'";

struct Case {
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl Case {
    fn new(test: &str, file: &str) -> Option<Self> {
        Some(Self {
            file: shared(test)?.join("data").join(file),
            folder: tempfile::tempdir().unwrap(),
        })
    }

    fn loaded(&self, layers: &[&str]) -> Vec<Loaded> {
        let store = self.folder.path().join("city.gpkg");
        let defined: Vec<&str> = layers.iter().flat_map(|layer| ["--define", layer]).collect();
        load(&self.file, &store, &defined);
        layers.iter().map(|layer| loaded::read(&store, layer)).collect()
    }

    fn gdal(&self, layer: &str, filter: &str) -> BTreeMap<String, SourceFeature> {
        let rows = source::read(self.file.to_str().unwrap(), layer, &["-where", filter]);
        let name = |row: &SourceFeature| {
            let said = |key: &str| row.value(key).as_str().map(ToOwned::to_owned);
            match (layer, said("osm_id"), said("osm_way_id")) {
                ("points", Some(id), _) => format!("n{id}"),
                ("lines", Some(id), _) => format!("w{id}"),
                (_, Some(id), _) => format!("r{id}"),
                (_, None, way) => format!("w{}", way.unwrap()),
            }
        };
        rows.into_iter().map(|row| (name(&row), row)).collect()
    }
}

/// The features by their ids.
fn by_id(loaded: &Loaded) -> BTreeMap<String, &onemap_model::Feature> {
    let key = loaded.layer.key().unwrap();
    let all = loaded.features.iter();
    all.map(|feature| (feature.row.values[key].to_string(), feature))
        .collect()
}

fn value(loaded: &Loaded, feature: &onemap_model::Feature, field: &str) -> String {
    feature.row.values[loaded.layer.field_index(field).unwrap()].to_string()
}

fn drawn(feature: &onemap_model::Feature) -> Option<Geometry<f64>> {
    feature.row.geometry.as_ref().map(of_store)
}

#[test]
fn roads_are_gdals_lines() {
    for (file, count) in [("liechtenstein", 4_658), ("monaco", 2_351), ("baltimore", 3_832)] {
        let Some(case) = Case::new("roads_are_gdals_lines", &format!("{file}.osm.pbf")) else {
            return;
        };
        let loaded = case.loaded(&["roads"]).remove(0);
        let theirs = case.gdal("lines", &format!("highway IN ({HIGHWAYS})"));
        let ours = by_id(&loaded);
        assert_eq!((ours.len(), theirs.len()), (count, count), "{file}");
        for (id, feature) in ours {
            let other = &theirs[&id];
            assert!(
                apart(drawn(feature).as_ref(), other.geometry.as_ref()) < 1e-9,
                "{file} {id}"
            );
            let name = other.value("name").as_str().unwrap_or_default();
            assert_eq!(value(&loaded, feature, "name"), name, "{file} {id}");
        }
    }
}

#[test]
fn buildings_are_gdals_areas() {
    for (file, count) in [("liechtenstein", 8_994), ("monaco", 1_207), ("baltimore", 1_738)] {
        let Some(case) = Case::new("buildings_are_gdals_areas", &format!("{file}.osm.pbf")) else {
            return;
        };
        let loaded = case.loaded(&["buildings"]).remove(0);
        let theirs = case.gdal("multipolygons", "building IS NOT NULL AND building <> 'no'");
        let ours = by_id(&loaded);
        assert_eq!(ours.len(), count, "{file}");
        // GDAL moves tags from the outer ways of old multipolygons to relations that have none.
        let (shared, moved): (Vec<_>, Vec<_>) = theirs.into_iter().partition(|(id, _)| ours.contains_key(id));
        assert!(
            moved.len() < 10 && moved.iter().all(|(id, _)| id.starts_with('r')),
            "{file}: {moved:?}"
        );
        assert!(
            ours.len() - shared.len() < 20,
            "{file}: {} of {}",
            shared.len(),
            ours.len()
        );
        for (id, other) in shared {
            let [one, two] = [drawn(ours[&id]), other.geometry].map(|geometry| geometry.unwrap().unsigned_area());
            assert!((one - two).abs() < 1e-12 + two * 1e-9, "{file} {id}: {one} and {two}");
        }
    }
}

#[test]
fn points_of_interest_are_gdals_points_with_the_citys_classes() {
    let Some(case) = Case::new("points_of_interest_are_gdals_points", "monaco.osm.pbf") else {
        return;
    };
    let loaded = case.loaded(&["pois"]).remove(0);
    let theirs = case.gdal("points", "other_tags LIKE '%\"amenity\"=>\"restaurant\"%'");
    let ours = by_id(&loaded);
    assert!(theirs.len() > 50);
    for (id, other) in &theirs {
        let feature = ours.get(id).unwrap_or_else(|| panic!("{id} is missing"));
        assert!(apart(drawn(feature).as_ref(), other.geometry.as_ref()) < 1e-9, "{id}");
    }
    let restaurants = ours
        .values()
        .filter(|feature| value(&loaded, feature, "class_name") == "中餐馆");
    // Some have a tag that comes before in the definition.
    assert!(theirs.len() - restaurants.count() < 5);
}

#[test]
fn one_file_is_read_as_all_layers_at_once_and_again_changes_nothing() {
    let Some(case) = Case::new("one_file_is_read_as_all_layers_at_once", "liechtenstein.osm.pbf") else {
        return;
    };
    let layers = ["roads", "buildings", "pois", "land_use", "water", "districts"];
    let counts: Vec<usize> = case.loaded(&layers).iter().map(|layer| layer.features.len()).collect();
    assert_eq!(counts, [4_658, 8_994, 494, 540, 83, 2]);
    let store = case.folder.path().join("city.gpkg");
    let again = import(&args(&case.file, &store, &layers)).succeeded();
    assert!(again.stdout.contains("4658 unchanged"), "{}", again.stdout);
    assert!(
        again.stdout.contains("nothing changed") || again.stdout.contains("version 1"),
        "{}",
        again.stdout
    );
}

#[test]
fn layers_that_the_extract_has_only_parts_of_do_not_stop_the_others() {
    let Some(case) = Case::new("layers_that_the_extract_has_only_parts_of", "monaco.osm.pbf") else {
        return;
    };
    let loaded = case.loaded(&["roads", "districts"]);
    assert_eq!((loaded[0].features.len(), loaded[1].features.len()), (2_351, 0));
}

fn args(file: &Path, store: &Path, layers: &[&str]) -> Vec<String> {
    let fixed = ["load", file.to_str().unwrap(), "--to", store.to_str().unwrap()];
    let defined = layers.iter().flat_map(|layer| ["--define", layer]);
    fixed.into_iter().chain(defined).map(ToOwned::to_owned).collect()
}
