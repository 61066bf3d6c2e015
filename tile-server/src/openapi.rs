//! The description of all routes as OpenAPI 3.0, made from the table of routes.

use crate::collections::field_schema;
use crate::parameter::{GRIDS, Parameter, in_query};
use crate::published::ServedLayer;
use crate::routes::{Body, Route};
use crate::view::View;
use crate::{changes, items};
use onemap_model::{Field, FieldType, Layer};
use serde_json::{Map, Value, json};

/// More layers than these are not named one by one.
const MAX_NAMED: usize = 40;
/// Statuses that every route may have: an address that is too long, a fault.
const EVERYWHERE: [u16; 2] = [414, 500];

/// Describes the routes; the server's address is put in with each answer.
pub(crate) fn describe(routes: &[Route]) -> Value {
    let mut paths = Map::new();
    for route in routes.iter().filter(|route| route.path != "/map/") {
        paths.insert(standard(route.path), json!({"get": operation(route)}));
    }
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "One map",
            "description": "The one map of a city: vector tiles, features and styles",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "paths": paths,
        "components": {"schemas": components()},
    })
}

/// Says of each layer what it can be asked for, where there are few: which layers there are, and which fields are
/// parameters of its features (what GDAL looks for).
pub(crate) fn name_layers(document: &mut Value, view: &View) {
    let names: Vec<&str> = view.layers().map(ServedLayer::name).collect();
    if names.is_empty() || names.len() > MAX_NAMED {
        return;
    }
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    for parameter in paths.values_mut().flat_map(parameters) {
        if parameter["name"] == "collectionId" {
            parameter["schema"]["enum"] = names.clone().into();
        }
    }
    let template = paths["/collections/{collectionId}/items"].clone();
    for (number, served) in view.layers().enumerate() {
        let mut item = template.clone();
        item["get"]["operationId"] = format!("get_items_of_layer_{}", number + 1).into();
        item["get"]["summary"] = format!("Features of {}", served.name()).into();
        let known = item["get"]["parameters"].as_array_mut();
        let known = known.expect("the route has parameters");
        known.retain(|parameter| parameter["in"] == "query");
        known.extend(askable(served.definition()).map(|field| {
            let mut schema = field_schema(field);
            let title = schema["title"].take();
            if let Some(members) = schema.as_object_mut() {
                members.remove("title");
            }
            in_query(field.name.as_str(), title.as_str().unwrap_or_default(), &schema)
        }));
        paths.insert(format!("/collections/{}/items", served.name()), item);
    }
}

/// The fields that are parameters, where these have no meaning of their own.
fn askable(layer: &Layer) -> impl Iterator<Item = &Field> {
    let is_scalar = |field: &&Field| !matches!(field.field_type, FieldType::Bytes | FieldType::Array);
    let is_free = |field: &&Field| items::PARAMS.iter().all(|known| known.name != field.name.as_str());
    layer.fields().iter().filter(is_scalar).filter(is_free)
}

fn parameters(item: &mut Value) -> impl Iterator<Item = &mut Value> {
    item["get"]["parameters"].as_array_mut().into_iter().flatten()
}

/// What the standards call the parts of paths; some clients look for paths by these.
const STANDARD: [(&str, &str); 7] = [
    ("layer", "collectionId"),
    ("id", "featureId"),
    ("tms", "tileMatrixSetId"),
    ("z", "tileMatrix"),
    ("row", "tileRow"),
    ("col", "tileCol"),
    ("style", "styleId"),
];

/// A path with the standards' names; those of XYZ tiles stay.
fn standard(path: &str) -> String {
    let own = |part: &str| {
        Some(
            part.strip_prefix('{')?
                .strip_suffix('}')?
                .trim_start_matches('*')
                .to_owned(),
        )
    };
    let named = |part: &str| match own(part) {
        None => part.to_owned(),
        Some(name) if path.starts_with("/xyz/") => format!("{{{name}}}"),
        Some(name) => {
            let known = STANDARD.iter().find(|(ours, _)| *ours == name);
            format!("{{{}}}", known.map_or(name.as_str(), |(_, standard)| standard))
        }
    };
    path.split('/').map(named).collect::<Vec<_>>().join("/")
}

fn operation(route: &Route) -> Value {
    let path = standard(route.path);
    let segments = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = segments.map(in_path);
    let in_query = route.takes.parameters().map(|one| Parameter::describe(&one));
    let mut responses = Map::new();
    let content: Map<_, _> = route.gives.iter().map(content).collect();
    responses.insert("200".into(), json!({"description": route.summary, "content": content}));
    for &status in route.or.iter().chain(&EVERYWHERE) {
        responses.insert(status.to_string(), refusal(route, status));
    }
    json!({
        "operationId": operation_id(route.path),
        "summary": route.summary,
        "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
        "responses": responses,
    })
}

fn content(body: &Body) -> (String, Value) {
    let schema = match (body.schema, body.media_type) {
        (Some(name), _) => json!({"$ref": format!("#/components/schemas/{name}")}),
        (None, media) if media.contains("json") => json!({"type": "object"}),
        (None, media) if media.starts_with("text/") => json!({"type": "string"}),
        _ => json!({"type": "string", "format": "binary"}),
    };
    (body.media_type.to_owned(), json!({"schema": schema}))
}

/// What stands for a status other than 200.
fn refusal(route: &Route, status: u16) -> Value {
    let description = match status {
        204 => "There is nothing in this tile",
        304 => "What the client has is what there is",
        400 => "Something in the request cannot be; the detail names it",
        404 => "There is no such thing here",
        406 => "Nothing that the client accepts can be made",
        410 => "It is no longer kept",
        414 => "The address is too long",
        503 => "Not now: the map is being loaded, the wanted version is not here yet, or there is too much to do",
        _ => "A fault in the server",
    };
    match status {
        204 | 304 => json!({"description": description}),
        503 if route.path == "/health/ready" => {
            json!({"description": description, "content": {"application/json": {"schema": {"type": "object"}}}})
        }
        _ => json!({
            "description": description,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }),
    }
}

fn operation_id(path: &str) -> String {
    let words = path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let id: Vec<_> = ["get"].into_iter().chain(words).collect();
    id.join("_")
}

fn in_path(name: &str) -> Value {
    let text = || json!({"type": "string"});
    let (description, schema) = match name {
        "collectionId" => ("A layer; /collections lists them", text()),
        "other" => (
            "The layer whose classes are looked for; /collections lists them",
            text(),
        ),
        "layers" => ("Layers, separated by commas, or basemap", text()),
        "featureId" => ("The public id of a feature", text()),
        "tileMatrixSetId" => ("A tile grid", json!({"type": "string", "enum": GRIDS})),
        "z" | "tileMatrix" => ("The zoom", json!({"type": "integer", "minimum": 0, "maximum": 20})),
        "tileRow" => ("The row, from the north", json!({"type": "integer", "minimum": 0})),
        "x" | "tileCol" => ("The column, from the west", json!({"type": "integer", "minimum": 0})),
        "y" => ("The row, from the north; .mvt may follow", text()),
        "styleId" => ("A style; /styles lists them", text()),
        "stack" => ("Fonts, separated by commas", text()),
        "range" => ("A range of characters: 0-255.pbf", text()),
        _ => ("Its name", text()),
    };
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
}

fn components() -> Value {
    let links = json!({"type": "array", "items": {"$ref": "#/components/schemas/Link"}});
    let listed = |item: &str| json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{item}")}});
    let text = json!({"type": "string"});
    let object = |required: &[&str], properties: Value| json!({"type": "object", "required": required, "properties": properties});
    json!({
        "Link": object(&["href"], json!({"href": text, "rel": text, "type": text, "title": text, "templated": {"type": "boolean"}})),
        "Problem": object(&["type", "title", "status", "detail"], json!({
            "type": text, "title": text, "status": {"type": "integer"}, "detail": text})),
        "LandingPage": object(&["links"], json!({"title": text, "description": text, "links": links})),
        "Conformance": object(&["conformsTo"], json!({"conformsTo": {"type": "array", "items": text}})),
        "Collections": object(&["links", "collections"], json!({"links": links, "collections": listed("Collection")})),
        "Collection": object(&["id", "links"], json!({
            "id": text, "title": text, "links": links, "itemType": text, "extent": {"type": "object"},
            "crs": {"type": "array", "items": text}, "storageCrs": text})),
        "Tilesets": object(&["tilesets"], json!({"tilesets": listed("Tileset"), "links": links})),
        "Tileset": object(&["dataType", "crs", "links"], json!({
            "title": text, "dataType": text, "crs": text, "tileMatrixSetURI": text, "links": links})),
        "Feature": object(&["type", "geometry", "properties"], json!({
            "type": {"type": "string", "enum": ["Feature"]}, "id": text,
            "geometry": {"type": "object", "nullable": true},
            "properties": {"type": "object", "nullable": true}, "links": links})),
        "Aggregate": object(&["layer", "version", "numberMatched", "groups"], json!({
            "layer": text, "version": {"type": "integer"}, "numberMatched": {"type": "integer"},
            "groups": {"type": "array", "items": {"type": "object", "required": ["group", "count"], "properties": {
                "group": {"type": "object"}, "count": {"type": "number"}, "area": {"type": "number"}, "length": {"type": "number"}}}},
            "measured": {"type": "object"}, "notes": {"type": "array", "items": {"type": "object"}}, "links": links})),
        "Overlay": object(&["layer", "overlay", "version", "features", "measured"], json!({
            "layer": text, "overlay": text, "version": {"type": "integer"}, "numberReturned": {"type": "integer"},
            "features": {"type": "array", "items": {"type": "object", "required": ["id", "area", "parts", "rest", "flags"], "properties": {
                "id": text, "area": {"type": "number"}, "parts": {"type": "array", "items": {"type": "object"}},
                "rest": {"type": "object"}, "flags": {"type": "array", "items": text}}}},
            "measured": {"type": "object"}, "links": links})),
        "Page": items::page_schema(),
        "Changes": changes::page_schema(),
    })
}
