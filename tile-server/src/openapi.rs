//! The description of all routes as OpenAPI 3.0, made from the table of routes.

use crate::collections::CRS84;
use crate::filter::{FILTER, FILTER_CRS, FILTER_LANG, LANGUAGES};
use crate::routes::Route;
use crate::versions::{MIN_VERSION, VERSION};
use crate::{changes, items};
use onemap_model::TileMatrixSet;
use serde_json::{Map, Value, json};

/// Describes the routes; the server's address is put in with each answer.
pub(crate) fn describe(routes: &[Route]) -> Value {
    let mut paths = Map::new();
    for route in routes.iter().filter(|route| route.path != "/map/") {
        paths.insert(route.path.replace("{*", "{"), json!({"get": operation(route)}));
    }
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "One map",
            "description": "The one map of a city: vector tiles, features and styles",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "paths": paths,
        "components": {"schemas": {"Problem": problem(), "Page": items::page_schema(), "Changes": changes::page_schema()}},
    })
}

fn operation(route: &Route) -> Value {
    let segments = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = segments.map(|name| {
        let name = name.trim_start_matches('*');
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
    });
    let least = route.params.map(|_| MIN_VERSION);
    let names = route.params.unwrap_or_default().iter().copied().chain(least);
    let in_query = names.map(|name| parameter(route, name));
    let schema = match route.media_type {
        "application/geo+json" if route.path.ends_with("/items") => json!({"$ref": "#/components/schemas/Page"}),
        _ if route.path == "/changes" => json!({"$ref": "#/components/schemas/Changes"}),
        media if media.ends_with("json") || media.contains("+json") => json!({"type": "object"}),
        media if media.starts_with("text/") => json!({"type": "string"}),
        _ => json!({"type": "string", "format": "binary"}),
    };
    let mut content = Map::from_iter([(route.media_type.to_owned(), json!({"schema": schema}))]);
    if route.path == "/changes" {
        content.insert(changes::EVENTS.to_owned(), json!({"schema": {"type": "string"}}));
    }
    json!({
        "operationId": operation_id(route.path),
        "summary": route.summary,
        "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
        "responses": {
            "200": {"description": route.summary, "content": content},
            "default": {
                "description": "What is wrong (RFC 9457)",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    })
}

fn operation_id(path: &str) -> String {
    let words = path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let id: Vec<_> = ["get"].into_iter().chain(words).collect();
    id.join("_")
}

fn parameter(route: &Route, name: &str) -> Value {
    let (description, schema) = match name {
        "limit" if route.path == "/changes" => (
            "How many entries at most; pages only",
            json!({"type": "integer", "minimum": 1, "maximum": 10000, "default": 100}),
        ),
        "since" => (
            "A cursor as an answer gave it, a version, or `now`; all that is kept where absent. Last-Event-ID wins over it",
            json!({"type": "string"}),
        ),
        "state" => (
            "Which states each entry has",
            json!({"type": "string", "enum": ["new", "both", "none"], "default": "new"}),
        ),
        "layers" => (
            "The only layers wanted, separated by commas",
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        "tms" => (
            "The only grid whose touched tiles are told",
            json!({"type": "string", "enum": TileMatrixSet::ALL.map(TileMatrixSet::as_str)}),
        ),
        "bbox" => (
            "west,south,east,north in degrees (CRS84); west above east crosses the antimeridian",
            json!({"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}),
        ),
        "limit" => (
            "How many features at most",
            json!({"type": "integer", "minimum": 1, "maximum": 10000, "default": 10}),
        ),
        "offset" => (
            "How many features are skipped",
            json!({"type": "integer", "minimum": 0, "default": 0}),
        ),
        "collections" => (
            "The layers, separated by commas; the basemap where absent",
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        FILTER => (
            "A condition in CQL2 on what /collections/{layer}/queryables names; at most 65536 characters, 100 levels, 10000 parts",
            json!({"type": "string"}),
        ),
        FILTER_LANG => (
            "How the filter is written",
            json!({"type": "string", "enum": LANGUAGES, "default": LANGUAGES[0]}),
        ),
        FILTER_CRS => (
            "The system of the filter's geometries: CRS84, or EPSG 4326 or 4490 with latitude first",
            json!({"type": "string", "format": "uri", "default": CRS84}),
        ),
        VERSION => (
            "As of this version of the store",
            json!({"type": "integer", "minimum": 0}),
        ),
        MIN_VERSION => (
            "Answer from this version or a later one; waits up to a second for it, else 503",
            json!({"type": "integer", "minimum": 0}),
        ),
        _ => ("The format", json!({"type": "string"})),
    };
    json!({"name": name, "in": "query", "required": false, "style": "form", "explode": false,
           "description": description, "schema": schema})
}

fn problem() -> Value {
    json!({"type": "object", "properties": {
        "type": {"type": "string"}, "title": {"type": "string"},
        "status": {"type": "integer"}, "detail": {"type": "string"}}})
}
