//! TileJSON 3.0 for a selection of layers, and what tilesets say of them alike.

use crate::ask::{Answer, Ask};
use crate::params::encode;
use crate::published::ServedLayer;
use crate::view::{Audience, Selection};
use onemap_model::{Bbox, FieldType, Layer};
use serde_json::{Map, Value, json};

/// The latitude at which Web Mercator's square ends.
const MERCATOR_LIMIT: f64 = 85.051_128_779_806_59;

/// Answers with the TileJSON of a selection.
pub(crate) fn answer(ask: &Ask, selection: &Selection) -> Answer {
    let (min, max) = zooms(selection);
    let bounds = bounds(selection);
    let center = bounds.center();
    let title = match selection.layers.as_slice() {
        [one] => one.snapshot.layer().title.clone(),
        _ => selection.name.clone(),
    };
    let body = json!({
        "tilejson": "3.0.0",
        "name": title,
        "scheme": "xyz",
        "tiles": [ask.url(&format!("/xyz/{}/{{z}}/{{x}}/{{y}}.mvt", encode(&selection.name)))],
        "minzoom": min,
        "maxzoom": max,
        "bounds": bounds.to_array(),
        "center": [center.x, center.y, fitting_zoom(bounds).clamp(min, max)],
        "attribution": attribution(selection),
        "vector_layers": vector_layers(selection.layers.iter().map(ServedLayer::definition)),
    });
    ask.json(&body, Audience::of(&selection.layers))
}

/// The lowest and highest zoom at which any of the layers shows.
pub(crate) fn zooms(selection: &Selection) -> (u8, u8) {
    let zooms = selection.layers.iter().map(|layer| layer.snapshot.layer().zoom);
    let both = zooms.fold(None, |both: Option<(u8, u8)>, zoom| {
        let (min, max) = both.unwrap_or((zoom.min(), zoom.max()));
        Some((min.min(zoom.min()), max.max(zoom.max())))
    });
    both.unwrap_or((0, 20))
}

/// The box around all the layers, within Web Mercator; the whole world where nothing is in them.
pub(crate) fn bounds(selection: &Selection) -> Bbox {
    let world = || Bbox::new(-180.0, -MERCATOR_LIMIT, 180.0, MERCATOR_LIMIT).expect("the world is a box");
    let boxes = selection.layers.iter().filter_map(|layer| layer.snapshot.bbox());
    let within = |value: f64, limit: f64| value.clamp(-limit, limit);
    boxes.reduce(Bbox::union).map_or_else(world, |all| {
        Bbox::new(
            within(all.west(), 180.0),
            within(all.south(), MERCATOR_LIMIT),
            within(all.east(), 180.0),
            within(all.north(), MERCATOR_LIMIT),
        )
        .expect("clamping keeps the order")
    })
}

/// The zoom at which a box about fills a window.
pub(crate) fn fitting_zoom(bounds: Bbox) -> u8 {
    let span = (bounds.east() - bounds.west())
        .max(2.0 * (bounds.north() - bounds.south()))
        .max(1e-4);
    (360.0 / span).log2().clamp(0.0, 20.0).round() as u8
}

/// Who is to be named under the map.
pub(crate) fn attribution(selection: &Selection) -> String {
    attribution_of(selection.layers.iter().map(ServedLayer::definition))
}

/// As [`attribution`], for layers.
pub(crate) fn attribution_of<'a>(layers: impl Iterator<Item = &'a Layer>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for layer in layers {
        let authority = layer.authority.as_deref().unwrap_or_default();
        if !authority.is_empty() && !names.contains(&authority) {
            names.push(authority);
        }
    }
    // The text is shown as HTML by map libraries.
    names
        .join(", ")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What TileJSON and archives say of layers: of each, and of its labels where it has any.
pub(crate) fn vector_layers<'a>(layers: impl Iterator<Item = &'a Layer>) -> Vec<Value> {
    let both = |layer: &'a Layer| {
        let all: Vec<usize> = (0..layer.fields().len()).collect();
        let named = layer.generalise.label_fields(layer);
        let labels = (!named.is_empty()).then(|| {
            let carried = layer.generalise.carried_by_labels(layer);
            vector_layer(layer, &layer.label_layer(), &carried)
        });
        std::iter::once(vector_layer(layer, layer.name().as_str(), &all)).chain(labels)
    };
    layers.flat_map(both).collect()
}

/// What is said of a layer under a name of tiles, with these fields.
fn vector_layer(layer: &Layer, name: &str, carried: &[usize]) -> Value {
    let mut fields = Map::new();
    fields.insert("id".into(), "String".into());
    for &at in carried {
        let field = &layer.fields()[at];
        let taken = field.name.as_str() == "id" && layer.key() != Some(at);
        if field.field_type != FieldType::Bytes && !taken {
            let kind = if field.name.as_str() == "id" {
                "String"
            } else {
                kind(field.field_type)
            };
            fields.insert(field.name.to_string(), kind.into());
        }
    }
    json!({
        "id": name,
        "description": layer.title,
        "fields": fields,
        "minzoom": layer.zoom.min(),
        "maxzoom": layer.zoom.max(),
    })
}

fn kind(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Bool => "Boolean",
        FieldType::Int | FieldType::Float => "Number",
        _ => "String",
    }
}
