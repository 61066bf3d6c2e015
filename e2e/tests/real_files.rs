//! Real files, loaded by `onemap-import`, hold what `ogr2ogr` reads from them: every row, every attribute, every place.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::loaded::{self, Loaded};
use onemap_e2e::programs::{import, load};
use onemap_e2e::shared::shared;
use onemap_e2e::source;
use onemap_model::Bbox;
use std::path::{Path, PathBuf};

const MONTEVIDEO: [f64; 4] = [-56.5, -35.0, -55.9, -34.6];
const HUBEI: [f64; 4] = [108.2, 29.0, 116.2, 33.4];

/// One load into one store, and what must be in it afterwards.
struct Check {
    data: PathBuf,
    folder: tempfile::TempDir,
}

impl Check {
    /// The real files for the test of this name; none where it is to be skipped.
    fn new(test: &str) -> Option<Self> {
        let data = shared(test)?.join("data");
        Some(Self {
            data,
            folder: tempfile::tempdir().unwrap(),
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("city.gpkg")
    }

    /// Loads a file into the store.
    fn load(&self, file: &str, more: &[&str]) -> &Self {
        load(&self.file(file), &self.store(), more);
        self
    }

    /// The layer has `count` rows, all inside `place`, and they are those that `ogr2ogr` reads.
    fn layer(
        &self,
        layer: &str,
        count: usize,
        place: [f64; 4],
        source: &str,
        source_layer: &str,
        options: &[&str],
    ) -> Loaded {
        let loaded = loaded::read(&self.store(), layer);
        assert_eq!(loaded.features.len(), count, "{layer}");
        assert_inside(&loaded, place);
        loaded::assert_same(&loaded, &source::read(source, source_layer, options));
        loaded
    }

    fn zipped(&self, file: &str) -> String {
        format!("/vsizip/{}", self.file(file).display())
    }
}

fn assert_inside(loaded: &Loaded, [west, south, east, north]: [f64; 4]) {
    let place = Bbox::new(west, south, east, north).unwrap();
    for feature in &loaded.features {
        let bbox = feature.row.geometry.as_ref().and_then(onemap_model::Geometry::bbox);
        assert!(
            bbox.is_none_or(|bbox| place.contains(&bbox)),
            "{} is at {bbox:?}",
            feature.fid
        );
    }
}

/// Whether some row says exactly this in the field.
fn says(loaded: &Loaded, field: &str, text: &str) -> bool {
    let at = loaded
        .layer
        .field_index(field)
        .unwrap_or_else(|| panic!("no field {field:?} in {:?}", loaded.layer.fields()));
    loaded
        .features
        .iter()
        .any(|feature| feature.row.values[at].to_string() == text)
}

#[test]
fn montevideo_has_its_13131_roads_11739_pois_and_4419_buildings() {
    let Some(check) = Check::new("montevideo_has_its_13131_roads_11739_pois_and_4419_buildings") else {
        return;
    };
    let source = check.zipped("montevideo_core.gpkg.zip");
    check.load("montevideo_core.gpkg.zip", &[]);
    let roads = check.layer("roads", 13_131, MONTEVIDEO, &source, "roads", &[]);
    assert!(says(&roads, "name", "Camino Vecinal"));
    check.layer("pois", 11_739, MONTEVIDEO, &source, "pois", &[]);
    check.layer("buildings", 4_419, MONTEVIDEO, &source, "buildings", &[]);
    check.layer("landuse", 2_599, MONTEVIDEO, &source, "landuse", &[]);
}

#[test]
fn montevideo_has_its_203175_addresses() {
    let Some(check) = Check::new("montevideo_has_its_203175_addresses") else {
        return;
    };
    check.load("montevideo_addresses.csv.gz", &["--crs", "EPSG:4326"]);
    let source = format!("CSV:/vsigzip/{}", check.file("montevideo_addresses.csv.gz").display());
    let options = [
        "-s_srs",
        "EPSG:4326",
        "-oo",
        "X_POSSIBLE_NAMES=lon",
        "-oo",
        "Y_POSSIBLE_NAMES=lat",
        "-oo",
        "EMPTY_STRING_AS_NULL=YES",
    ];
    let addresses = check.layer(
        "montevideo_addresses",
        203_175,
        MONTEVIDEO,
        &source,
        "montevideo_addresses",
        &options,
    );
    assert!(says(&addresses, "street", "El Churrinche"));
}

#[test]
fn astana_has_its_32056_buildings() {
    let Some(check) = Check::new("astana_has_its_32056_buildings") else {
        return;
    };
    check.load("astana.gpkg.zip", &["--source-layer", "buildings"]);
    let source = check.zipped("astana.gpkg.zip");
    let buildings = check.layer("buildings", 32_056, [70.9, 50.8, 71.9, 51.5], &source, "buildings", &[]);
    let name = buildings.layer.field_index("name").unwrap();
    let cyrillic = |text: String| text.chars().any(|c| ('А'..='я').contains(&c));
    assert!(
        buildings
            .features
            .iter()
            .any(|feature| cyrillic(feature.row.values[name].to_string()))
    );
}

#[test]
fn tokyo_has_its_158436_buildings_with_japanese_field_names() {
    let Some(check) = Check::new("tokyo_has_its_158436_buildings_with_japanese_field_names") else {
        return;
    };
    check.load("tokyo_wards_bldg.fgb", &[]);
    let source = check.file("tokyo_wards_bldg.fgb").display().to_string();
    let buildings = check.layer("bldg", 158_436, [139.6, 35.6, 139.8, 35.8], &source, "bldg", &[]);
    assert!(says(&buildings, "建物ID", "13103-bldg-3191"));
}

#[test]
fn huangshi_has_its_six_units() {
    let Some(check) = Check::new("huangshi_has_its_six_units") else {
        return;
    };
    check.load("huangshi_tianditu.geojson", &[]);
    let source = check.file("huangshi_tianditu.geojson").display().to_string();
    let place = [114.4, 29.4, 115.7, 30.4];
    let units = check.layer("huangshi_tianditu", 6, place, &source, "huangshi_tianditu", &[]);
    for name in ["黄石港区", "西塞山区", "下陆区", "铁山区", "阳新县", "大冶市"] {
        assert!(says(&units, "district_name", name), "{name}");
    }
}

#[test]
fn hubei_is_the_same_103_counties_in_three_coordinate_systems() {
    let Some(check) = Check::new("hubei_is_the_same_103_counties_in_three_coordinate_systems") else {
        return;
    };
    check.load("hubei_gbk_shp.zip", &[]);
    let zip = check.zipped("hubei_gbk_shp.zip");
    let names = [
        "hubei_county_cgcs2000_gbk",
        "hubei_county_epsg4526_gbk",
        "hubei_county_epsg4547_gbk",
    ];
    for name in names {
        let counties = check.layer(name, 103, HUBEI, &zip, name, &["-oo", "ENCODING=GBK"]);
        assert!(
            says(&counties, "city_name", "黄石市") && says(&counties, "district_n", "阳新县"),
            "{name}"
        );
        for other in names.iter().filter(|other| **other != name) {
            loaded::assert_same(&counties, &source::read(&zip, other, &["-oo", "ENCODING=GBK"]));
        }
    }
}

#[test]
fn a_shapefile_without_crs_loads_with_one_given_and_is_clearly_refused_without() {
    let Some(check) = Check::new("a_shapefile_without_crs_loads_with_one_given_and_is_clearly_refused_without") else {
        return;
    };
    let file = check.file("nts_chinese_encoding_gbk.zip");
    let refused = import(&[
        "load".as_ref(),
        file.as_os_str(),
        "--to".as_ref(),
        check.store().as_os_str(),
    ]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("--crs") && refused.stderr.contains("chinese_encoding"),
        "{}",
        refused.stderr
    );
    assert!(is_absent_or_empty(&check.store()), "a refused load leaves no layer");

    check.load("nts_chinese_encoding_gbk.zip", &["--crs", "EPSG:4490"]);
    let source = check.zipped("nts_chinese_encoding_gbk.zip");
    let options = ["-s_srs", "EPSG:4490", "-oo", "ENCODING=GBK"];
    let place = [114.5, 29.0, 120.0, 35.0];
    let counties = check.layer("chinese_encoding", 78, place, &source, "chinese_encoding", &options);
    let name = counties.layer.field_index("NAME99").unwrap();
    let chinese = |text: String| !text.is_empty() && text.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert!(
        counties
            .features
            .iter()
            .all(|feature| chinese(feature.row.values[name].to_string())),
        "readable names"
    );
}

fn is_absent_or_empty(store: &Path) -> bool {
    let open = || onemap_store::open(store.to_str().unwrap(), onemap_store::OpenMode::Existing).unwrap();
    !store.exists() || open().read(onemap_store::At::Now).unwrap().layers().unwrap().is_empty()
}

#[test]
fn monaco_has_its_points_lines_and_multipolygons() {
    let Some(check) = Check::new("monaco_has_its_points_lines_and_multipolygons") else {
        return;
    };
    check.load("monaco.osm.pbf", &[]);
    let source = check.file("monaco.osm.pbf").display().to_string();
    let place = [7.3, 43.4, 7.7, 43.9];
    for (layer, count) in [("points", 2_377), ("lines", 2_623), ("multipolygons", 1_459)] {
        let loaded = check.layer(layer, count, place, &source, layer, &[]);
        assert_keyed_by_type_and_number(&loaded);
    }
}

/// OSM numbers its nodes, ways and relations apart: only type and number together are a key.
fn assert_keyed_by_type_and_number(loaded: &Loaded) {
    let layer = &loaded.layer;
    let key = layer.key().expect("OSM layers have a key");
    let mut seen = std::collections::HashSet::new();
    for feature in &loaded.features {
        let said = |name: &str| {
            layer
                .field_index(name)
                .map(|at| feature.row.values[at].to_string())
                .filter(|t| !t.is_empty())
        };
        let node_or_way = if layer.name().as_str() == "points" { "n" } else { "w" };
        let number = match (layer.name().as_str(), said("osm_id")) {
            ("multipolygons", Some(relation)) => format!("r{relation}"),
            (_, Some(number)) => format!("{node_or_way}{number}"),
            (_, None) => format!("w{}", said("osm_way_id").unwrap()),
        };
        assert_eq!(feature.row.values[key].to_string(), number);
        assert!(seen.insert(number), "a key twice");
    }
}
