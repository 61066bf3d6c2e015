//! The MapLibre style of the basemap, fitted to what a client sees: the hand-made layers of what there is, and plain
//! ones, made here, for every layer that no style knows.

use crate::params::encode;
use crate::published::ServedLayer;
use crate::view::View;
use onemap_model::{FieldType, GeometryType, Layer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What stands in the hand-made style for the server's address.
const BASE: &str = "{base}";

/// Fits `style` (or, where there is none, an empty one) to `view`; addresses begin with `base`.
pub(crate) fn fit(style: Option<Value>, view: &View, base: &str) -> Value {
    let mut style = style.filter(Value::is_object).unwrap_or_else(bare);
    // By the layers' own definitions, not by `view.basemap()`: where nothing says that it is part of the basemap,
    // everything is, and a layer would get the hand-made style because its name is the same.
    let defined: BTreeSet<String> = view
        .mapped()
        .filter(|served| served.snapshot.layer().basemap)
        .map(|served| served.name().to_owned())
        .collect();
    let mut layers = style["layers"].as_array().cloned().unwrap_or_default();
    let labels: BTreeMap<String, &Layer> = view
        .mapped()
        .map(ServedLayer::definition)
        .map(|layer| (layer.label_layer(), layer))
        .collect();
    layers
        .iter_mut()
        .for_each(|layer| label_areas_themselves(layer, &labels));
    // The labels of a layer are there where it is.
    let owner = |name: &str| labels.get(name).map_or(name, |layer| layer.name().as_str()).to_owned();
    layers.retain(|layer| source_layer(layer).is_none_or(|name| defined.contains(&owner(name))));
    let drawn: BTreeSet<String> = layers.iter().filter_map(source_layer).map(owner).collect();
    if drawn.is_empty() {
        style["sources"] = json!({});
    }
    forget_absent(&mut style, |name| defined.contains(&owner(name)));
    let mut made = Vec::new();
    for served in view.mapped().filter(|served| !drawn.contains(served.name())) {
        style["sources"][source_id(served.name())] = source(served.name());
        made.extend(generic(served));
    }
    // Areas at the bottom, labels on top, whatever the layers are called.
    made.sort_by_key(rank);
    let at = first_of_points_and_labels(&layers);
    layers.splice(at..at, made);
    style["layers"] = layers.into();
    put_base(&mut style, base);
    style
}

/// The style for where the hand-made one was not built.
fn bare() -> Value {
    json!({
        "version": 8,
        "name": "onemap",
        "sources": {},
        "glyphs": "{base}/fonts/{fontstack}/{range}.pbf",
        "layers": [{"id": "background", "type": "background", "paint": {"background-color": "#e8e9e6"}}],
    })
}

/// Takes the layers that are not there out of what the sources say of each layer.
fn forget_absent(style: &mut Value, is_there: impl Fn(&str) -> bool) {
    let sources = style
        .get_mut("sources")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten();
    for (_, source) in sources {
        if let Some(ids) = source.get_mut("promoteId").and_then(Value::as_object_mut) {
            ids.retain(|layer, _| is_there(layer));
        }
    }
}

/// Where tiles have no labels of a layer, because it was defined before there were any, its areas are labelled.
fn label_areas_themselves(drawn: &mut Value, labels: &BTreeMap<String, &Layer>) {
    let wanted = source_layer(drawn).and_then(|name| labels.get(name));
    if let Some(layer) = wanted.filter(|layer| layer.generalise.label_fields(layer).is_empty()) {
        drawn["source-layer"] = layer.name().as_str().into();
    }
}

fn source_layer(layer: &Value) -> Option<&str> {
    layer["source-layer"].as_str()
}

/// Layers that no style knows lie above areas and lines, below points and labels.
fn first_of_points_and_labels(layers: &[Value]) -> usize {
    let is_above = |layer: &Value| matches!(layer["type"].as_str(), Some("symbol" | "circle"));
    layers.iter().position(is_above).unwrap_or(layers.len())
}

fn rank(layer: &Value) -> usize {
    let order = ["fill", "line", "circle", "symbol"];
    order
        .iter()
        .position(|kind| layer["type"] == *kind)
        .unwrap_or(order.len())
}

/// A name that no source of a hand-made style has: names of layers have no dash.
fn source_id(layer: &str) -> String {
    format!("{layer}-tiles")
}

fn source(name: &str) -> Value {
    json!({"type": "vector", "url": format!("{BASE}/xyz/{}.json", encode(name)), "promoteId": "id"})
}

/// Plain layers by the kind of geometry, in a hue that the name alone decides.
fn generic(served: &ServedLayer) -> Vec<Value> {
    let layer = served.snapshot.layer();
    let kind = layer.geometry_type;
    let hue = xxhash_rust::xxh3::xxh3_64(served.name().as_bytes()) % 360;
    let color = format!("hsl({hue}, 55%, 45%)");
    let shows = |wanted: &[GeometryType]| kind == GeometryType::Geometry || wanted.contains(&kind);
    let mut made = Vec::new();
    if shows(&[GeometryType::MultiPolygon]) {
        let fill = json!({"fill-color": color, "fill-opacity": 0.25});
        let line = json!({"line-color": color, "line-width": by_zoom(&[(8.0, 0.6), (16.0, 1.6)])});
        made.push(drawn(
            layer,
            "fill",
            "fill",
            &["Polygon", "MultiPolygon"],
            json!({"paint": fill}),
        ));
        made.push(drawn(
            layer,
            "outline",
            "line",
            &["Polygon", "MultiPolygon"],
            json!({"paint": line}),
        ));
    }
    if shows(&[GeometryType::MultiLineString]) {
        let paint = json!({"line-color": color, "line-width": by_zoom(&[(8.0, 0.8), (14.0, 2.0), (18.0, 4.0)])});
        let layout = json!({"line-join": "round", "line-cap": "round"});
        let more = json!({"paint": paint, "layout": layout});
        made.push(drawn(layer, "line", "line", &["LineString", "MultiLineString"], more));
    }
    if shows(&[GeometryType::Point, GeometryType::MultiPoint]) {
        let paint = json!({
            "circle-color": color,
            "circle-radius": by_zoom(&[(8.0, 1.5), (14.0, 3.5), (18.0, 6.0)]),
            "circle-stroke-color": "#ffffff",
            "circle-stroke-width": ["step", ["zoom"], 0, 13, 1],
        });
        made.push(drawn(
            layer,
            "circle",
            "circle",
            &["Point", "MultiPoint"],
            json!({"paint": paint}),
        ));
    }
    made.extend(label(layer));
    made
}

/// One style layer; in a layer of mixed kinds it is filtered to its own.
fn drawn(layer: &Layer, part: &str, kind: &str, geometries: &[&str], more: Value) -> Value {
    let name = layer.name().as_str();
    let mut made = json!({
        "id": format!("{name}-{part}"),
        "type": kind,
        "metadata": {"onemap:layer": name},
        "source": source_id(name),
        "source-layer": name,
    });
    if layer.geometry_type == GeometryType::Geometry && !geometries.is_empty() {
        made["filter"] = json!(["match", ["geometry-type"], geometries, true, false]);
    }
    if let (Some(made), Value::Object(more)) = (made.as_object_mut(), more) {
        made.extend(more);
    }
    made
}

/// Names beside the features, where a field has them.
fn label(layer: &Layer) -> Option<Value> {
    let texts = || {
        layer
            .fields()
            .iter()
            .filter(|field| field.field_type == FieldType::Text)
    };
    let looks_like_name = |name: &str| name.to_lowercase().contains("name") || name.contains('名');
    let exact = texts().find(|field| field.name.as_str() == "name");
    let field = exact.or_else(|| texts().find(|field| looks_like_name(field.name.as_str())))?;
    let along = layer.geometry_type == GeometryType::MultiLineString;
    let mut layout = json!({
        "text-field": ["get", field.name.as_str()],
        "text-font": ["Noto Sans Regular"],
        "text-size": 12,
        "symbol-placement": if along { "line" } else { "point" },
    });
    if matches!(layer.geometry_type, GeometryType::Point | GeometryType::MultiPoint) {
        layout["text-anchor"] = "top".into();
        layout["text-offset"] = json!([0, 0.6]);
    }
    let paint = json!({"text-color": "#333333", "text-halo-color": "#ffffff", "text-halo-width": 1.2});
    let more = json!({"minzoom": 14, "layout": layout, "paint": paint});
    let mut made = drawn(layer, "name", "symbol", &[], more);
    if layer.generalise.label.contains(&field.name) {
        made["source-layer"] = layer.label_layer().into();
        made["minzoom"] = layer.zoom.min().into();
    }
    Some(made)
}

fn by_zoom(stops: &[(f64, f64)]) -> Value {
    let mut expression = vec![json!("interpolate"), json!(["linear"]), json!(["zoom"])];
    expression.extend(stops.iter().flat_map(|(zoom, value)| [json!(zoom), json!(value)]));
    expression.into()
}

/// Makes every address absolute: those that begin with `{base}`, and those that begin with a slash.
fn put_base(style: &mut Value, base: &str) {
    let absolute = |address: &mut Value| {
        let text = address.as_str().unwrap_or_default();
        let rest = text.strip_prefix(BASE).or(text.starts_with('/').then_some(text));
        if let Some(rest) = rest {
            *address = format!("{base}{rest}").into();
        }
    };
    for key in ["glyphs", "sprite"] {
        style.get_mut(key).into_iter().for_each(absolute);
    }
    let sources = style
        .get_mut("sources")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten();
    for (_, source) in sources {
        source.get_mut("url").into_iter().for_each(absolute);
        let tiles = source.get_mut("tiles").and_then(Value::as_array_mut);
        tiles.into_iter().flatten().for_each(absolute);
    }
}
