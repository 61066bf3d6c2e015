//! The committed sample in `data-samples` is what the generator makes today.
//!
//! `ONEMAP_WRITE_SAMPLES=1 cargo test -p onemap-importer --test data_samples` writes it anew.

#![expect(clippy::unwrap_used, reason = "a test, helpers included")]

use onemap_importer::sample::{City, LayerFingerprint, city_fingerprint};
use onemap_model::{Coord, Geometry, Layer, Row, Value};
use serde_json::{Map, Value as Json, json};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

const PARCELS: u64 = 1_000;
const ARCHIVE: &str = "huangshi-1000.geojson.zip";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data-samples")
}

/// A layer as it is kept: its GeoJSON text (RFC 7946), how many features, and the fingerprint.
fn layer_text(city: &City, layer: &Layer) -> (String, String, toml::Table, onemap_importer::sample::Fingerprint) {
    let mut features = Vec::new();
    let mut running = LayerFingerprint::new(layer);
    city.features(layer.name().as_str(), &mut |row| {
        running.add(&row);
        features.push(feature(layer, &row).to_string());
        ControlFlow::Continue(())
    })
    .unwrap();
    let fingerprint = running.finish();
    let about = toml::Table::from_iter([
        ("features".to_owned(), toml::Value::Integer(features.len() as i64)),
        ("sha256".to_owned(), toml::Value::String(fingerprint.to_string())),
    ]);
    let text = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n",
        features.join(",\n")
    );
    (format!("{}.geojson", layer.name()), text, about, fingerprint)
}

fn feature(layer: &Layer, row: &Row) -> Json {
    let mut properties: Map<String, Json> = layer
        .fields()
        .iter()
        .zip(&row.values)
        .map(|(field, value)| (field.name.to_string(), json_value(value)))
        .collect();
    for (name, end) in [("valid_from", row.valid.from()), ("valid_to", row.valid.to())] {
        properties.extend(end.map(|at| (name.to_owned(), Json::String(at.to_string()))));
    }
    json!({"type": "Feature", "geometry": row.geometry.as_ref().map(geometry), "properties": properties})
}

fn json_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(v) => json!(v),
        Value::Float(v) => json!(v.get()),
        other => Json::String(other.to_string()),
    }
}

fn geometry(geometry: &Geometry) -> Json {
    let path = |coords: &[Coord]| coords.iter().map(|c| json!([c.x, c.y])).collect::<Vec<_>>();
    match geometry {
        Geometry::Points(points) => json!({"type": "Point", "coordinates": path(points.coords())[0]}),
        Geometry::Lines(lines) => {
            json!({"type": "MultiLineString", "coordinates": lines.iter().map(|line| path(line.coords())).collect::<Vec<_>>()})
        }
        Geometry::Polygons(polygons) => {
            let polygon =
                |p: &onemap_model::Polygon| p.rings.iter().map(|ring| path(ring.coords())).collect::<Vec<_>>();
            json!({"type": "MultiPolygon", "coordinates": polygons.iter().map(polygon).collect::<Vec<_>>()})
        }
        Geometry::Collection(_) => panic!("the city has no collections"),
    }
}

fn made() -> (String, Vec<(String, String)>) {
    let city = City::new(PARCELS).unwrap();
    let mut layers = toml::Table::new();
    let mut files = Vec::new();
    let mut fingerprints = Vec::new();
    for layer in city.layers() {
        let (name, text, about, fingerprint) = layer_text(&city, layer);
        layers.insert(layer.name().to_string(), toml::Value::Table(about));
        fingerprints.push((layer.name().as_str(), fingerprint));
        files.push((name, text));
    }
    let manifest = toml::Table::from_iter([
        ("file".to_owned(), ARCHIVE.into()),
        ("parcels".to_owned(), toml::Value::Integer(PARCELS as i64)),
        ("sha256".to_owned(), city_fingerprint(fingerprints).to_string().into()),
        ("layers".to_owned(), toml::Value::Table(layers)),
    ]);
    let head = format!(
        "# A made-up city in Huangshi's frame (EPSG:4490), the same as `onemap-import sample --features {PARCELS}` makes.\n\
         # sha256 is over the canonical content, defined in importer/src/sample/canonical.rs, not over files.\n\
         # Written by importer/tests/data_samples.rs, which also checks it. Licence: as the project.\n\n"
    );
    (head + &toml::to_string(&manifest).unwrap(), files)
}

#[test]
fn the_committed_sample_is_what_the_generator_makes() {
    let (manifest, files) = made();
    if std::env::var_os("ONEMAP_WRITE_SAMPLES").is_some() {
        std::fs::write(folder().join("manifest.toml"), &manifest).unwrap();
        let mut archive = zip::ZipWriter::new(std::fs::File::create(folder().join(ARCHIVE)).unwrap());
        for (name, text) in &files {
            archive
                .start_file(
                    name,
                    zip::write::SimpleFileOptions::default().compression_level(Some(9)),
                )
                .unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
    }
    let again = "run with ONEMAP_WRITE_SAMPLES=1 where the change is meant";
    assert_eq!(
        std::fs::read_to_string(folder().join("manifest.toml")).unwrap(),
        manifest,
        "{again}"
    );
    let mut archive = zip::ZipArchive::new(std::fs::File::open(folder().join(ARCHIVE)).unwrap()).unwrap();
    assert_eq!(archive.len(), files.len());
    for (name, text) in &files {
        let mut kept = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut kept).unwrap();
        assert!(kept == *text, "{name} in {ARCHIVE} differs: {again}");
    }
}
