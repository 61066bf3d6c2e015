//! Areas that have labels: tiles carry them, and whatever names the layers of tiles knows of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::city::{feature, layer, path};
use common::memory::Memory;
use common::{Running, config};
use onemap_model::{Access, Feature, FieldType, Generalise, Geometry, GeometryType, Layer, Name, Polygon, Value};
use serde_json::json;

/// The tile of Web Mercator in which the lake has its label, and its neighbour, which has a part of the lake.
const TILE: &str = "14/13427/6749";

fn lakes(access: Access) -> (Layer, Vec<Feature>) {
    let fields = [("name", FieldType::Text), ("depth", FieldType::Int)];
    let mut layer = layer("water", GeometryType::MultiPolygon, access, &fields);
    layer.basemap = true;
    layer.generalise = Generalise {
        label: vec![Name::new("name").unwrap()],
        ..Generalise::default()
    };
    let at = |fid: i64, west: f64, name: &str| {
        let (south, east, north) = (30.195, west + 0.01, 30.205);
        let ring = path(&[
            (west, south),
            (east, south),
            (east, north),
            (west, north),
            (west, south),
        ]);
        let values = vec![Value::text(name), Value::Int(fid)];
        feature(
            fid,
            Some(Geometry::Polygons(vec![Polygon { rings: vec![ring] }])),
            values,
        )
    };
    (layer, vec![at(1, 115.035, "磁湖"), at(2, 115.055, "青山湖")])
}

fn serve(layers: Vec<(Layer, Vec<Feature>)>) -> Running {
    let running = Running::start(config(""), Memory::new(layers).opener());
    running.wait_ready();
    running
}

/// Whether a tile has a layer of that name: the name is a field of its own (MVT 2.1, 4.1), with its length before it.
fn has(tile: &[u8], layer: &str) -> bool {
    let mut field = vec![0x0a, layer.len() as u8];
    field.extend_from_slice(layer.as_bytes());
    tile.windows(field.len()).any(|part| part == field)
}

#[test]
fn tiles_and_their_descriptions_have_the_labels() {
    let server = serve(vec![lakes(Access::Public)]);
    let tile = server.get(&format!("/xyz/water/{TILE}"));
    assert_eq!(tile.status, 200);
    assert!(has(&tile.body, "water") && has(&tile.body, "water_label"));
    assert_eq!(server.get(&format!("/xyz/basemap/{TILE}")).body, tile.body);
    let tilejson = server.get("/xyz/water.json").json();
    let described = tilejson["vector_layers"].as_array().unwrap();
    let ids: Vec<_> = described.iter().map(|layer| layer["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["water", "water_label"]);
    assert_eq!(described[1]["fields"], json!({"id": "String", "name": "String"}));
}

#[test]
fn a_filter_and_rights_hold_for_labels_too() {
    let server = serve(vec![lakes(Access::Restricted)]);
    let filtered = server.get(&format!("/xyz/water/{TILE}?filter=depth%20%3D%202"));
    assert_eq!(filtered.status, 204);
    let filtered = server.get(&format!("/xyz/water/{TILE}?filter=depth%20%3D%201"));
    assert!(has(&filtered.body, "water_label"));
    assert_eq!(server.get_remote(&format!("/xyz/water/{TILE}")).status, 404);
    assert_eq!(server.get_remote(&format!("/xyz/water_label/{TILE}")).status, 404);
    assert_eq!(server.get(&format!("/xyz/water_label/{TILE}")).status, 404);
    let style = server.get_remote("/styles/basemap").json();
    assert!(!style.to_string().contains("water"));
}

#[test]
fn the_style_draws_names_from_labels_where_there_are_any() {
    let names = |layers: Vec<(Layer, Vec<Feature>)>| {
        let style = serve(layers).get("/styles/basemap").json();
        let all = style["layers"].as_array().unwrap().clone();
        let symbols = all.into_iter().filter(|layer| layer["type"] == "symbol");
        symbols
            .map(|layer| layer["source-layer"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(vec![lakes(Access::Public)]), ["water_label"]);
    let (mut old, features) = lakes(Access::Public);
    old.generalise = Generalise::default();
    assert_eq!(names(vec![(old, features)]), ["water"]);
}
