//! The standard's own predicates, asked of the standard's own data as a load would read it, by the filters of the model.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::shared;
use onemap_importer::settings::Settings;
use onemap_importer::source::Source;
use onemap_importer::{plan, rows};
use onemap_model::cql2::{Expr, FeatureOf, Filter};
use onemap_model::{Crs, Feature, Fid, Findings, Layer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Counts that the standard's own list has wrong: the data has three names that begin with Ch (Chișinău, Chicago,
/// Chengdu) and one with Chis. Reported as opengeospatial/ogcapi-features#1011.
const ERRATA: [(&str, usize); 2] = [
    ("ACCENTI(name) LIKE accenti('Ch%')", 3),
    ("ACCENTI(CASEI(name)) LIKE accenti(casei('Chiș%'))", 1),
];

/// One row of `predicates.json`.
struct Predicate {
    collection: String,
    filter: String,
    matched: usize,
}

fn predicates(shared: &Path) -> Vec<Predicate> {
    let text = std::fs::read_to_string(shared.join("cql2/predicates.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let one = |row: &Value| {
        let filter = row["filter"].as_str().unwrap().to_owned();
        let erratum = ERRATA
            .iter()
            .find(|(wrong, _)| *wrong == filter)
            .map(|(_, right)| *right);
        Predicate {
            collection: row["collection"].as_str().unwrap().to_owned(),
            matched: erratum.unwrap_or_else(|| row["matched"].as_u64().unwrap() as usize),
            filter,
        }
    };
    rows.iter().map(one).collect()
}

/// All layers of the standard's file, with their features.
fn layers(shared: &Path) -> BTreeMap<String, (Layer, Vec<Feature>)> {
    let path = shared.join("cql2/ne110m4cql2.gpkg");
    let settings = Settings::default();
    let sources = [Source::open(path.to_str().unwrap(), &settings).unwrap()];
    let mut plans = plan::all(&sources, &settings, Crs::CGCS2000).unwrap();
    // The file's times have no zone; the standard means UTC.
    plans.iter_mut().for_each(|plan| plan.layer.utc_offset_minutes = 0);
    let read = |plan: &plan::Plan<'_>| {
        let (mut all, mut findings) = (Vec::new(), Findings::keeping(10));
        rows::read(plan, &mut findings, &mut |_, _| {}, &mut |row| {
            let fid = Fid::new(all.len() as i64 + 1).unwrap();
            all.push(Feature { fid, row });
            Ok(())
        })
        .unwrap();
        (plan.layer.name().to_string(), (plan.layer.clone(), all))
    };
    plans.iter().map(read).collect()
}

fn count(expr: &Expr, (layer, features): &(Layer, Vec<Feature>)) -> Result<usize, String> {
    let filter = Filter::compile(expr, layer).map_err(|error| error.to_string())?;
    let accepted = features
        .iter()
        .filter(|feature| filter.accepts(&FeatureOf(layer, feature)));
    Ok(accepted.count())
}

#[test]
fn every_predicate_of_the_standard_matches_as_many_features_as_it_says() {
    let Some(shared) = shared("every_predicate_of_the_standard_matches_as_many_features_as_it_says") else {
        return;
    };
    let (predicates, layers) = (predicates(&shared), layers(&shared));
    assert_eq!(predicates.len(), 242);
    let mut wrong = Vec::new();
    for Predicate {
        collection,
        filter,
        matched,
    } in &predicates
    {
        let counted = Expr::from_text(filter)
            .map_err(|error| error.to_string())
            .and_then(|text| {
                let json = Expr::from_json(&text.to_json()).map_err(|error| error.to_string())?;
                let layer = &layers[collection];
                Ok((count(&text, layer)?, count(&json, layer)?))
            });
        if counted != Ok((*matched, *matched)) {
            wrong.push(format!("{filter}: expected {matched}, got {counted:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of 242 are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The file in `folder` that has the same stem, and what it holds.
fn examples(shared: &Path, folder: &str) -> BTreeMap<String, String> {
    let files = std::fs::read_dir(shared.join("cql2/examples").join(folder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|kind| kind == "txt" || kind == "json"));
    let named = |path: std::path::PathBuf| {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (stem, std::fs::read_to_string(path).unwrap())
    };
    files.map(named).collect()
}

#[test]
fn the_standards_examples_say_the_same_in_text_and_in_json_and_are_written_as_they_were_read() {
    let Some(shared) = shared("the_standards_examples_say_the_same_in_text_and_in_json") else {
        return;
    };
    let (texts, jsons) = (examples(&shared, "text"), examples(&shared, "json"));
    assert_eq!((texts.len(), jsons.len()), (120, 109));
    for (name, text) in &texts {
        let expr = Expr::from_text(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        // `example36-alt01` is another way to write `example36`.
        let pair = name.split("-alt").next().unwrap();
        let json = Expr::from_json(&jsons[pair]).unwrap_or_else(|error| panic!("{pair}: {error}"));
        assert_eq!(expr, json, "{name}");
        let again = Expr::from_text(&expr.to_text().unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(expr, again, "{name}: {}", expr.to_text().unwrap());
        assert_eq!(expr, Expr::from_json(&expr.to_json()).unwrap(), "{name}");
        let (written, given): (Value, Value) = (
            serde_json::from_str(&expr.to_json()).unwrap(),
            serde_json::from_str(&jsons[pair]).unwrap(),
        );
        assert_eq!(as_floats(written), as_floats(given), "{name}");
    }
}

/// Numbers in JSON have one kind: 1 is 1.0.
fn as_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64().unwrap()),
        Value::Array(items) => items.into_iter().map(as_floats).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, as_floats(value)))
            .collect(),
        other => other,
    }
}
