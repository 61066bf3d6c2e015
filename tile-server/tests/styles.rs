//! The style fits what there is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::serve_city;
use serde_json::Value;
use std::collections::BTreeSet;

fn layers_of(style: &Value) -> BTreeSet<String> {
    let layers = style["layers"].as_array().unwrap();
    layers
        .iter()
        .filter_map(|layer| layer["source-layer"].as_str())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_layer_with_geometry_is_drawn_and_none_that_is_not_there() {
    let (server, _) = serve_city("");
    let style = server.get("/styles/basemap").json();
    let expected = ["pacific", "pois", "roads", "secret", "宗地"].map(str::to_owned);
    assert_eq!(layers_of(&style), BTreeSet::from(expected));
    let remote = server.get_remote("/styles/basemap").json();
    assert!(!layers_of(&remote).contains("secret"));
}

#[test]
fn every_style_layer_has_a_source_that_can_be_fetched() {
    let (server, _) = serve_city("");
    let style = server.get("/styles/basemap").json();
    let base = format!("http://{}", server.address);
    let mut ids = BTreeSet::new();
    for layer in style["layers"].as_array().unwrap() {
        assert!(
            ids.insert(layer["id"].clone().to_string()),
            "{} stands twice",
            layer["id"]
        );
        let Some(source) = layer["source"].as_str() else {
            continue;
        };
        let url = style["sources"][source]["url"].as_str().unwrap();
        let tilejson = server.get(url.strip_prefix(&base).unwrap()).json();
        let there = tilejson["vector_layers"].as_array().unwrap();
        assert!(
            there.iter().any(|known| known["id"] == layer["source-layer"]),
            "{layer}"
        );
        assert_eq!(layer["metadata"]["onemap:layer"], layer["source-layer"]);
    }
    assert!(style["glyphs"].as_str().unwrap().starts_with(&base));
    assert!(!style.to_string().contains("{base}"));
}

#[test]
fn areas_lie_under_lines_and_labels_on_top_whatever_the_names() {
    let (server, _) = serve_city("");
    let style = server.get("/styles/basemap").json();
    // What is made by the server has sources of single layers; what is made by hand has an order of its own.
    let made = |layer: &&Value| {
        layer["source"]
            .as_str()
            .is_some_and(|source| source.ends_with("-tiles"))
    };
    let layers = style["layers"].as_array().unwrap().iter().filter(made);
    let kinds: Vec<_> = layers.map(|layer| layer["type"].as_str().unwrap()).collect();
    let first = |kind: &str| kinds.iter().position(|known| *known == kind).unwrap();
    assert!(
        first("fill") < first("line") && first("circle") < first("symbol"),
        "{kinds:?}"
    );
}
