//! The layers as OGC API collections.

use crate::ask::{Answer, Ask, DependsOn, Freshness};
use crate::client::Sees;
use crate::crs::OutCrs;
use crate::items::REL_SORTABLES;
use crate::links::Link;
use crate::params::encode;
use crate::published::ServedLayer;
use crate::queryables::REL_QUERYABLES;
use crate::representation::Representation;
use crate::view::{Audience, View};
use axum::extract::Path;
use onemap_model::{Field, FieldType, GeometryType, Layer};
use serde_json::{Value, json};

/// The system that all answers are in.
pub(crate) const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
/// The relation of a link to tilesets of vector tiles.
pub(crate) const REL_TILESETS: &str = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector";
const REL_SCHEMA: &str = "http://www.opengis.net/def/rel/ogc/1.0/schema";

/// Answers with all layers.
pub(crate) async fn collections(ask: Ask) -> Answer {
    ask.format(&["json"])?;
    let view = ask.view()?;
    let body = json!({
        "links": [Link::new("self", ask.url("/collections"), "application/json", "The layers").to_json()],
        "crs": OutCrs::all().map(|crs| crs.uri()).collect::<Vec<_>>(),
        "collections": view.layers().map(|layer| describe(&ask, layer)).collect::<Vec<_>>(),
    });
    ask.json(&body, list_audience(&view, &ask))
}

/// Answers with one layer.
pub(crate) async fn collection(ask: Ask, Path(name): Path<String>) -> Answer {
    ask.format(&["json"])?;
    let view = ask.view()?;
    let layer = view.layer(&name)?;
    ask.json(&describe(&ask, layer), Audience::of([layer]))
}

/// Answers with the fields of a layer as JSON Schema (OGC API Features, part 5).
pub(crate) async fn schema(ask: Ask, Path(name): Path<String>) -> Answer {
    ask.format(&["json"])?;
    let view = ask.view()?;
    let served = view.layer(&name)?;
    let layer = served.snapshot.layer();
    let mut properties: Vec<(&str, Value)> = Vec::new();
    for (at, field) in layer.fields().iter().enumerate() {
        let mut described = field_schema(field);
        described["x-ogc-propertySeq"] = (at + 1).into();
        if layer.key() == Some(at) {
            described["x-ogc-role"] = "id".into();
        }
        properties.push((field.name.as_str(), described));
    }
    if served.has_geometry() {
        let format = geometry_format(layer);
        properties.push(("geom", json!({"x-ogc-role": "primary-geometry", "format": format})));
    }
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ask.url(&format!("/collections/{}/schema", encode(&name))),
        "title": layer.title,
        "type": "object",
        "additionalProperties": false,
    });
    let body = with_ordered(&head, "properties", &properties);
    let made = Representation::new("application/schema+json", body.into_bytes(), ask.coding()?);
    Ok(ask.deliver(&made, Audience::of([served]), Freshness::Revalidate, DependsOn::Links))
}

/// The kind of a layer's geometries, as schemas say it (OGC API Features, part 5).
pub(crate) fn geometry_format(layer: &Layer) -> String {
    match layer.geometry_type {
        GeometryType::Geometry => "geometry-any".to_owned(),
        kind => format!("geometry-{}", kind.as_str().to_lowercase()),
    }
}

/// An object as text, with one more member whose own members keep their order: people read fields in the layer's.
pub(crate) fn with_ordered(head: &Value, name: &str, members: &[(&str, Value)]) -> String {
    let member = |(key, value): &(&str, Value)| format!("{}:{value}", Value::from(*key));
    let members: Vec<_> = members.iter().map(member).collect();
    let head = head.to_string();
    let open = head.strip_suffix('}').expect("the head is an object with members");
    format!("{open},\"{name}\":{{{}}}}}", members.join(","))
}

/// Who may be given a list of layers: what a local client sees of hidden layers is for it alone.
pub(crate) fn list_audience(view: &View, ask: &Ask) -> Audience {
    match ask.client.sees {
        Sees::PublicOnly => Audience::Everybody,
        Sees::Everything => view.audience(),
    }
}

fn describe(ask: &Ask, served: &ServedLayer) -> Value {
    let layer = served.snapshot.layer();
    let moment = |at: Option<onemap_model::Instant>| at.map(|at| at.to_string());
    let mut extent = json!({"temporal": {
        "interval": [[moment(served.lifetime().from()), moment(served.lifetime().to())]],
        "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
    }});
    if let Some(bbox) = served.snapshot.bbox() {
        extent["spatial"] = json!({"bbox": [bbox.to_array()], "crs": CRS84});
    }
    json!({
        "id": served.name(),
        "title": layer.title,
        "itemType": "feature",
        "extent": extent,
        "crs": OutCrs::all_of(layer).iter().map(OutCrs::uri).collect::<Vec<_>>(),
        "storageCrs": layer.crs.uri(),
        "geometryType": layer.geometry_type.as_str(),
        "minzoom": layer.zoom.min(),
        "maxzoom": layer.zoom.max(),
        "featureCount": served.count,
        "basemap": layer.basemap,
        "access": layer.access.as_str(),
        "authority": layer.authority,
        "links": links(ask, served).iter().map(Link::to_json).collect::<Vec<_>>(),
    })
}

fn links(ask: &Ask, served: &ServedLayer) -> Vec<Link> {
    let name = encode(served.name());
    let own = ask.url(&format!("/collections/{name}"));
    let mut links = vec![
        Link::new("self", own.clone(), "application/json", "This layer"),
        Link::new("items", format!("{own}/items"), "application/geo+json", "The features"),
        Link::new(
            REL_SCHEMA,
            format!("{own}/schema"),
            "application/schema+json",
            "The fields",
        ),
        Link::new(
            REL_QUERYABLES,
            format!("{own}/queryables"),
            "application/schema+json",
            "What a filter may name",
        ),
        Link::new(
            REL_SORTABLES,
            format!("{own}/sortables"),
            "application/schema+json",
            "What a page can be sorted by",
        ),
    ];
    if served.has_geometry() {
        links.push(Link::new(
            REL_TILESETS,
            format!("{own}/tiles"),
            "application/json",
            "Vector tiles",
        ));
        let tilejson = ask.url(&format!("/xyz/{name}.json"));
        links.push(Link::new("describedby", tilejson, "application/json", "TileJSON"));
    }
    links
}

/// One field as JSON Schema.
pub(crate) fn field_schema(field: &Field) -> Value {
    let mut schema = match field.field_type {
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::Int => json!({"type": "integer", "format": "int64"}),
        FieldType::Float => json!({"type": "number"}),
        FieldType::Text => json!({"type": "string"}),
        FieldType::Date => json!({"type": "string", "format": "date"}),
        FieldType::DateTime => json!({"type": "string", "format": "date-time"}),
        FieldType::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        FieldType::Array => json!({"type": "array"}),
    };
    schema["title"] = field.title.as_str().into();
    schema
}
