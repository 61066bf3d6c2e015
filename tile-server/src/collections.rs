//! The layers as OGC API collections.

use crate::ask::{Answer, Ask, Form};
use crate::client::Sees;
use crate::crs::OutCrs;
use crate::formats::Format;
use crate::html;
use crate::items::REL_SORTABLES;
use crate::links::Link;
use crate::params::encode;
use crate::published::ServedLayer;
use crate::queryables::REL_QUERYABLES;
use crate::view::{Audience, View};
use axum::extract::Path;
use onemap_model::{Bbox, Field, FieldType, GeometryType, Layer};
use serde_json::{Value, json};

/// The system that all answers are in.
pub(crate) const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
/// The relation of a link to tilesets of vector tiles.
pub(crate) const REL_TILESETS: &str = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector";
const SCHEMA: &str = "application/schema+json";
const REL_SCHEMA: &str = "http://www.opengis.net/def/rel/ogc/1.0/schema";

/// Answers with all layers.
pub(crate) async fn collections(ask: Ask) -> Answer {
    let view = ask.view()?;
    let links = ask.own_links("application/json");
    let body = json!({
        "links": links.iter().map(Link::to_json).collect::<Vec<_>>(),
        "crs": OutCrs::all().map(|crs| crs.uri()).collect::<Vec<_>>(),
        "numberMatched": view.layers().count(),
        "numberReturned": view.layers().count(),
        "collections": view.layers().map(|layer| describe(&ask, layer)).collect::<Vec<_>>(),
    });
    let page = || ask.page("图层 · Layers", &[], &html::layers(view.layers(), &body));
    ask.document("application/json", body.to_string(), list_audience(&view, &ask), page)
}

/// Answers with one layer.
pub(crate) async fn collection(ask: Ask, Path(name): Path<String>) -> Answer {
    let view = ask.view()?;
    let served = view.layer(&name)?;
    let body = describe(&ask, served);
    let page = || {
        let boxes = view.layers().filter_map(|layer| layer.snapshot.bbox());
        let content = html::layer(served, &body, boxes.reduce(Bbox::union));
        ask.page(&served.definition().title, &trail(served)[..1], &content)
    };
    let audience = match ask.form()? {
        Form::Json => Audience::of([served]),
        // The picture shows where all layers lie that this client sees.
        Form::Html => view.audience(),
    };
    ask.document("application/json", body.to_string(), audience, page)
}

/// Answers with the fields of a layer as JSON Schema (OGC API Features, part 5).
pub(crate) async fn schema(ask: Ask, Path(name): Path<String>) -> Answer {
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
    let page = || {
        let title = format!("{} · 字段 · Fields", layer.title);
        ask.page(&title, &trail(served), &html::fields(&properties))
    };
    ask.document("application/schema+json", body, Audience::of([served]), page)
}

/// The pages above those of a layer.
pub(crate) fn trail(served: &ServedLayer) -> [(String, &str); 2] {
    let own = format!("collections/{}", encode(served.name()));
    [
        ("collections".to_owned(), "图层 · Layers"),
        (own, served.definition().title.as_str()),
    ]
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
        Link::new(
            "alternate",
            format!("{own}?f=html"),
            "text/html",
            "This layer as a page",
        ),
        Link::new("items", format!("{own}/items"), "application/geo+json", "The features"),
    ];
    links.extend(Format::all().skip(1).map(|format| {
        let address = format!("{own}/items?f={}", format.word());
        Link::new("items", address, format.content_type(), format.title())
    }));
    links.extend(Format::all().filter(|format| *format != Format::Html).map(|format| {
        let address = format!("{own}/download?f={}", format.word());
        Link::new("enclosure", address, format.content_type(), format.title())
    }));
    links.extend([
        Link::new("describedby", format!("{own}/schema"), SCHEMA, "The fields"),
        Link::new(REL_SCHEMA, format!("{own}/schema"), SCHEMA, "The fields"),
        Link::new(
            REL_QUERYABLES,
            format!("{own}/queryables"),
            SCHEMA,
            "What a filter may name",
        ),
        Link::new(
            "queryables",
            format!("{own}/queryables"),
            SCHEMA,
            "What a filter may name",
        ),
        Link::new(
            REL_SORTABLES,
            format!("{own}/sortables"),
            SCHEMA,
            "What a page can be sorted by",
        ),
    ]);
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
