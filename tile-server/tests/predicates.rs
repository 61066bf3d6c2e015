//! The predicates of the CQL2 standard (21-065r2, annex A) over HTTP, on the standard's own data.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod common;

use common::memory::Memory;
use common::{Running, city, config};
use onemap_model::cql2::Expr;
use onemap_model::{Access, Date, Feature, FieldType, GeometryType, Instant, Layer, Value, wkb};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use std::path::PathBuf;

/// Counts that the standard's own list has wrong: the data has three names that begin with Ch (Chișinău, Chicago,
/// Chengdu) and one with Chis. Reported as opengeospatial/ogcapi-features#1011.
const ERRATA: [(&str, u64); 2] = [
    ("ACCENTI(name) LIKE accenti('Ch%')", 3),
    ("ACCENTI(CASEI(name)) LIKE accenti(casei('Chiș%'))", 1),
];
const LAYERS: [(&str, GeometryType); 3] = [
    ("ne_110m_admin_0_countries", GeometryType::MultiPolygon),
    ("ne_110m_populated_places_simple", GeometryType::Point),
    ("ne_110m_rivers_lake_centerlines", GeometryType::MultiLineString),
];

fn shared(test: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let path = std::env::var_os("ONEMAP_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if path.join("cql2").is_dir() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{test}: ../shared is not here, and CI must have it"
    );
    println!("skipped: {test}: ../shared is not here");
    None
}

/// One table with its features.
fn read(file: &Connection, name: &str, kind: GeometryType) -> (Layer, Vec<Feature>) {
    let mut columns = file
        .prepare("SELECT name, type FROM pragma_table_info(?1) WHERE name NOT IN ('fid', 'geom')")
        .unwrap();
    let fields: Vec<(String, FieldType)> = columns
        .query_map([name], |row| Ok((row.get(0)?, field_type(&row.get::<_, String>(1)?))))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let known: Vec<(&str, FieldType)> = fields.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    let mut layer = city::layer(name, kind, Access::Public, &known);
    // The file's times have no zone; the standard means UTC.
    layer.utc_offset_minutes = 0;
    let mut rows = file.prepare(&format!("SELECT fid, geom, * FROM \"{name}\"")).unwrap();
    let of = |row: &Row<'_>| {
        let blob: Vec<u8> = row.get(1)?;
        let values = known
            .iter()
            .map(|(name, kind)| value(row.get_ref(*name).unwrap(), *kind))
            .collect();
        Ok(city::feature(row.get(0)?, Some(geometry(&blob)), values))
    };
    let features = rows.query_map([], of).unwrap().collect::<Result<_, _>>().unwrap();
    (layer, features)
}

fn field_type(declared: &str) -> FieldType {
    match declared.split('(').next().unwrap() {
        "INTEGER" => FieldType::Int,
        "REAL" => FieldType::Float,
        "BOOLEAN" => FieldType::Bool,
        "DATE" => FieldType::Date,
        "DATETIME" => FieldType::DateTime,
        _ => FieldType::Text,
    }
}

fn value(raw: ValueRef<'_>, kind: FieldType) -> Value {
    match (raw, kind) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(number), FieldType::Bool) => Value::Bool(number != 0),
        (ValueRef::Integer(number), _) => Value::Int(number),
        (ValueRef::Real(number), _) => Value::float(number).unwrap(),
        (raw, FieldType::Date) => Value::Date(Date::parse(raw.as_str().unwrap()).unwrap()),
        (raw, FieldType::DateTime) => {
            Value::DateTime(Instant::parse(&format!("{}Z", raw.as_str().unwrap().trim_end_matches('Z'))).unwrap())
        }
        (raw, _) => Value::text(raw.as_str().unwrap()),
    }
}

/// The WKB after a GeoPackage header, whose third byte's bits 1 to 3 say how long its box is.
fn geometry(blob: &[u8]) -> onemap_model::Geometry {
    let box_bytes = [0, 32, 48, 48, 64][usize::from(blob[3] >> 1 & 7)];
    wkb::decode(&blob[8 + box_bytes..]).unwrap()
}

#[test]
fn every_predicate_of_the_standard_matches_as_many_features_as_it_says() {
    let Some(shared) = shared("every_predicate_of_the_standard_matches_as_many_features_as_it_says") else {
        return;
    };
    let path = format!("file:{}?immutable=1", shared.join("cql2/ne110m4cql2.gpkg").display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let file = Connection::open_with_flags(path, flags).unwrap();
    let memory = Memory::new(LAYERS.map(|(name, kind)| read(&file, name, kind)).into());
    let server = Running::start(config(""), memory.opener());
    server.wait_ready();
    let text = std::fs::read_to_string(shared.join("cql2/predicates.json")).unwrap();
    let predicates: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(predicates.len(), 242);
    let mut wrong = Vec::new();
    for predicate in &predicates {
        let (layer, filter) = (
            predicate["collection"].as_str().unwrap(),
            predicate["filter"].as_str().unwrap(),
        );
        let erratum = ERRATA
            .iter()
            .find(|(wrong, _)| *wrong == filter)
            .map(|(_, right)| *right);
        let expected = erratum.or(predicate["matched"].as_u64());
        let json = Expr::from_text(filter).unwrap().to_json();
        for (language, filter) in [("cql2-text", filter), ("cql2-json", json.as_str())] {
            let encoded = utf8_percent_encode(filter, NON_ALPHANUMERIC);
            let reply = server.get(&format!(
                "/collections/{layer}/items?limit=1&filter-lang={language}&filter={encoded}"
            ));
            let matched = reply.json()["numberMatched"].as_u64();
            if matched != expected {
                wrong.push(format!(
                    "{filter}: expected {expected:?}, got {matched:?}: {}",
                    reply.text()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of 484 are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The standard's examples, each as text and as JSON: both are read, say the same, and are read again as they are written.
#[test]
fn every_example_of_the_standard_says_the_same_in_both_languages() {
    let Some(shared) = shared("every_example_of_the_standard_says_the_same_in_both_languages") else {
        return;
    };
    let folder = shared.join("cql2/examples");
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in std::fs::read_dir(folder.join("text")).unwrap() {
        let text = file.unwrap().path();
        let name = text.file_stem().unwrap().to_str().unwrap().to_owned();
        // Another way to write a text has no JSON of its own.
        let json = name.strip_suffix("-alt01").unwrap_or(&name);
        let json = folder.join("json").join(json).with_extension("json");
        let [text, json] = [text, json].map(|file| std::fs::read_to_string(file).unwrap());
        count += 1;
        let (from_text, from_json) = match (Expr::from_text(text.trim()), Expr::from_json(&json)) {
            (Ok(text), Ok(json)) => (text, json),
            (text, json) => {
                wrong.push(format!("{name}: {:?}, {:?}", text.err(), json.err()));
                continue;
            }
        };
        let said = [&from_text, &from_json].map(Expr::to_json);
        if said[0] != said[1] {
            wrong.push(format!("{name}: {} is not {}", said[0], said[1]));
        }
        let again = Expr::from_text(&from_text.to_text().unwrap()).unwrap().to_json();
        if again != said[0] || Expr::from_json(&said[0]).unwrap().to_json() != said[0] {
            wrong.push(format!("{name}: {again} was {}", said[0]));
        }
    }
    assert_eq!(count, 120);
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
