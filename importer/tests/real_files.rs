//! Real files, read as a load would read them: exact counts, right texts, right places.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::shared;
use onemap_importer::check::check;
use onemap_importer::crs::Force;
use onemap_importer::progress::Progress;
use onemap_importer::settings::{self, Settings};
use onemap_importer::source::Source;
use onemap_importer::summary::Summary;
use onemap_importer::{plan, rows};
use onemap_model::{Crs, FindingCode, Findings, Row, Value};

/// Checks one source.
fn check_one(source: &str, settings: &Settings) -> onemap_importer::Result<Summary> {
    check(
        &[source.to_owned()],
        settings,
        Crs::CGCS2000,
        100_000,
        &mut Progress::Silent,
    )
}

/// `(name, read, passed, set aside, geometry type)` of each layer.
fn counts(summary: &Summary) -> Vec<(&str, u64, u64, u64, &str)> {
    let of = |layer: &'_ onemap_importer::summary::LayerSummary| (layer.read, layer.passed, layer.set_aside);
    let layers = summary.layers.iter();
    layers
        .map(|l| (l.name.as_str(), of(l).0, of(l).1, of(l).2, l.geometry_type))
        .collect()
}

fn with_crs(code: u32) -> Settings {
    Settings {
        crs: Some(Crs::epsg(code)),
        ..Settings::default()
    }
}

/// All rows of one layer of a source.
fn rows_of(source: &str, layer: &str, settings: &Settings) -> (Vec<Row>, Findings) {
    let sources = [Source::open(source, settings).unwrap()];
    let plans = plan::all(&sources, settings, Crs::CGCS2000).unwrap();
    let plan = plans.iter().find(|plan| plan.layer.name().as_str() == layer).unwrap();
    let (mut all, mut findings) = (Vec::new(), Findings::keeping(10));
    rows::read(plan, &mut findings, &mut |_, _| {}, &mut |row| {
        all.push(row);
        Ok(())
    })
    .unwrap();
    (all, findings)
}

#[test]
fn a_city_in_a_zipped_geopackage_is_read_whole() {
    let Some(shared) = shared("a_city_in_a_zipped_geopackage_is_read_whole") else {
        return;
    };
    let path = shared.join("data/montevideo_core.gpkg.zip");
    let summary = check_one(path.to_str().unwrap(), &Settings::default()).unwrap();
    let found = counts(&summary);
    assert!(
        found.contains(&("roads", 13_131, 13_131, 0, "MultiLineString")),
        "{found:?}"
    );
    assert!(found.contains(&("pois", 11_739, 11_739, 0, "Point")), "{found:?}");
    assert!(
        found.contains(&("buildings", 4_419, 4_419, 0, "MultiPolygon")),
        "{found:?}"
    );
    assert_eq!(summary.findings.count(FindingCode::CrsEquivalent), 1);
}

#[test]
fn addresses_in_a_gzipped_table_keep_their_codes() {
    let Some(shared) = shared("addresses_in_a_gzipped_table_keep_their_codes") else {
        return;
    };
    let path = shared.join("data/montevideo_addresses.csv.gz");
    let path = path.to_str().unwrap();
    let refused = check_one(path, &Settings::default()).unwrap_err().to_string();
    assert!(
        refused.contains("--crs") && refused.contains("these look like degrees"),
        "{refused}"
    );
    let summary = check_one(path, &with_crs(4326)).unwrap();
    assert_eq!(
        counts(&summary),
        [("montevideo_addresses", 203_175, 203_175, 0, "Point")]
    );
    assert_eq!(summary.findings.count(FindingCode::TimeZoneAssumed), 0);
}

#[test]
fn buildings_with_cyrillic_names_are_read() {
    let Some(shared) = shared("buildings_with_cyrillic_names_are_read") else {
        return;
    };
    let settings = Settings {
        source_layer: Some("buildings".into()),
        ..Settings::default()
    };
    let summary = check_one(shared.join("data/astana.gpkg.zip").to_str().unwrap(), &settings).unwrap();
    assert_eq!(counts(&summary), [("buildings", 32_056, 32_056, 0, "MultiPolygon")]);
}

#[test]
fn a_flatgeobuf_of_a_ward_is_read_with_its_japanese_names() {
    let Some(shared) = shared("a_flatgeobuf_of_a_ward_is_read_with_its_japanese_names") else {
        return;
    };
    let summary = check_one(
        shared.join("data/tokyo_wards_bldg.fgb").to_str().unwrap(),
        &Settings::default(),
    )
    .unwrap();
    assert_eq!(counts(&summary), [("bldg", 158_436, 158_436, 0, "MultiPolygon")]);
    assert_eq!(summary.findings.count(FindingCode::EncodingInvalid), 0);
}

#[test]
fn parcels_in_local_metres_are_set_aside_never_loaded_wrong() {
    let Some(shared) = shared("parcels_in_local_metres_are_set_aside_never_loaded_wrong") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        source_layer: Some("nishi_all".into()),
        quarantine: Some(dir.path().to_owned()),
        ..Settings::default()
    };
    let summary = check_one(
        shared.join("data/nishi_ku_parcels.gpkg.zip").to_str().unwrap(),
        &settings,
    )
    .unwrap();
    assert_eq!(counts(&summary), [("nishi_all", 27_247, 453, 26_794, "MultiPolygon")]);
    assert_eq!(summary.findings.count(FindingCode::CoordinateOutOfRange), 26_794);
    let aside = std::fs::read_to_string(&summary.quarantine[0]).unwrap();
    let mut lines = aside.lines();
    let header = lines.next().unwrap();
    assert!(
        header.contains("筆ID") && header.ends_with(",wkt,set_aside"),
        "{header}"
    );
    assert!(aside.contains("MULTIPOLYGON (((-") && aside.contains("coordinate-out-of-range: (467.495, 2626.682)"));
    // Cells may have several lines.
    assert!(lines.count() >= 26_794);
    assert_eq!(aside.matches("coordinate-out-of-range: (").count(), 26_794);
    let again = check_one(
        shared.join("data/nishi_ku_parcels.gpkg.zip").to_str().unwrap(),
        &settings,
    );
    assert!(
        again
            .unwrap_err()
            .to_string()
            .contains("nishi_all.csv is there already")
    );
    let mixed = summary.findings.kept().iter().find(|f| f.code == FindingCode::CrsMixed);
    let said = &mixed.unwrap().message;
    assert!(
        said.contains("26794 of 27247 rows are not in EPSG:4326; 453 are"),
        "{said}"
    );
    // The 62 polygons that GEOS calls invalid, by kind; the spike is a valid one.
    let kinds = [
        FindingCode::SelfIntersection,
        FindingCode::RingSelfTouch,
        FindingCode::Spike,
    ];
    let counts = kinds.map(|code| summary.findings.count(code));
    assert_eq!(counts, [61, 1, 1]);
}

#[test]
fn three_shapefiles_in_three_systems_agree_within_a_centimetre() {
    let Some(shared) = shared("three_shapefiles_in_three_systems_agree_within_a_centimetre") else {
        return;
    };
    let path = shared.join("data/hubei_gbk_shp.zip");
    let read = |system| {
        rows_of(
            path.to_str().unwrap(),
            &format!("hubei_county_{system}_gbk"),
            &Settings::default(),
        )
        .0
    };
    let (geographic, zone, meridian) = (read("cgcs2000"), read("epsg4526"), read("epsg4547"));
    assert_eq!([geographic.len(), zone.len(), meridian.len()], [103; 3]);
    for (a, (b, c)) in geographic.iter().zip(zone.iter().zip(&meridian)) {
        assert_eq!((&a.values, &a.values), (&b.values, &c.values));
        let coords = |row: &Row| row.geometry.as_ref().unwrap().coords().collect::<Vec<_>>();
        for (a, (b, c)) in coords(a).into_iter().zip(coords(b).into_iter().zip(coords(c))) {
            // A centimetre is 9e-8 degrees of latitude.
            let near = |x: f64, y: f64| (x - y).abs() < 9e-8;
            assert!(
                near(a.x, b.x) && near(a.y, b.y) && near(a.x, c.x) && near(a.y, c.y),
                "{a:?} {b:?} {c:?}"
            );
        }
    }
    let texts: Vec<&str> = geographic
        .iter()
        .flat_map(|row| row.values.iter().filter_map(Value::as_text))
        .collect();
    assert!(texts.contains(&"湖北省") && texts.contains(&"黄石市"), "{texts:?}");
}

#[test]
fn an_undeclared_system_is_refused_with_a_suggestion_and_taken_when_stated() {
    let Some(shared) = shared("an_undeclared_system_is_refused_with_a_suggestion_and_taken_when_stated") else {
        return;
    };
    let path = shared.join("data/nts_chinese_encoding_gbk.zip");
    let path = path.to_str().unwrap();
    let refused = check_one(path, &Settings::default()).unwrap_err();
    let text = refused.to_string();
    assert!(
        !refused.is_fault() && text.contains("chinese_encoding") && text.contains("--crs"),
        "{text}"
    );
    assert!(text.contains("EPSG:4490"), "{text}");
    let summary = check_one(path, &with_crs(4490)).unwrap();
    assert_eq!(counts(&summary), [("chinese_encoding", 78, 78, 0, "MultiPolygon")]);
    assert_eq!(summary.findings.count(FindingCode::EncodingDetected), 1);
    let (rows, _) = rows_of(path, "chinese_encoding", &with_crs(4490));
    let texts: String = rows
        .iter()
        .flat_map(|row| row.values.iter().filter_map(Value::as_text))
        .collect();
    assert!(texts.contains('县') && !texts.contains('\u{fffd}'), "{texts}");
}

#[test]
fn the_wrong_encoding_when_forced_is_told() {
    let Some(shared) = shared("the_wrong_encoding_when_forced_is_told") else {
        return;
    };
    let encoding = Some(settings::encoding("UTF-8").unwrap());
    let settings = Settings {
        encoding,
        ..with_crs(4490)
    };
    let path = shared.join("data/nts_chinese_encoding_gbk.zip");
    let summary = check_one(path.to_str().unwrap(), &settings).unwrap();
    assert!(summary.findings.count(FindingCode::EncodingInvalid) > 0);
}

#[test]
fn a_contradicting_crs_needs_force() {
    let Some(shared) = shared("a_contradicting_crs_needs_force") else {
        return;
    };
    let path = shared.join("data/huangshi_tianditu.geojson");
    let path = path.to_str().unwrap();
    assert_eq!(counts(&check_one(path, &Settings::default()).unwrap())[0].1, 6);
    let refused = check_one(path, &with_crs(4547)).unwrap_err().to_string();
    assert!(refused.contains("--force-crs"), "{refused}");
    let forced = Settings {
        force: Force::Override,
        ..with_crs(4326)
    };
    let summary = check_one(path, &forced).unwrap();
    assert_eq!(summary.findings.count(FindingCode::CrsForced), 1);
}

#[test]
fn an_osm_extract_gives_all_its_layers_with_typed_ids() {
    let Some(shared) = shared("an_osm_extract_gives_all_its_layers_with_typed_ids") else {
        return;
    };
    for (file, points, lines, areas) in [("monaco", 2_377, 2_623, 1_459), ("liechtenstein", 4_714, 5_235, 9_902)] {
        let path = shared.join(format!("data/{file}.osm.pbf"));
        let summary = check_one(path.to_str().unwrap(), &Settings::default()).unwrap();
        let found = counts(&summary);
        assert_eq!((found[0].0, found[0].1), ("points", points));
        assert_eq!((found[1].0, found[1].1), ("lines", lines));
        assert_eq!((found[3].0, found[3].1), ("multipolygons", areas));
        assert_eq!(found.iter().map(|layer| layer.3).sum::<u64>(), 0, "{found:?}");
    }
    let path = shared.join("data/monaco.osm.pbf");
    let (rows, findings) = rows_of(path.to_str().unwrap(), "multipolygons", &Settings::default());
    let ids: Vec<&str> = rows.iter().filter_map(|row| row.values[0].as_text()).collect();
    assert_eq!(ids.len(), 1_459);
    assert!(ids.iter().any(|id| id.starts_with('w')) && ids.iter().any(|id| id.starts_with('r')));
    assert_eq!(findings.count(FindingCode::KeyDuplicate), 0);
}

#[test]
fn events_in_a_table_are_points_with_their_numbers() {
    let Some(shared) = shared("events_in_a_table_are_points_with_their_numbers") else {
        return;
    };
    let (rows, _) = rows_of(
        shared.join("data/earthquakes-23k.csv").to_str().unwrap(),
        "earthquakes_23k",
        &with_crs(4326),
    );
    assert_eq!(rows.len(), 23_412);
    let first = rows[0].geometry.as_ref().unwrap().coords().next().unwrap();
    assert_eq!((first.x, first.y), (145.616, 19.246));
    assert_eq!(rows[0].values[0], Value::text("01/02/1965"));
}
