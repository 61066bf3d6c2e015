//! Every route there is, with the parameters it knows and what `/api` says of it.

use crate::app::App;
use crate::ask::Known;
use crate::edge::edge;
use crate::problem::Problem;
use crate::{
    assets, changes, collections, health, items, landing, queryables, styles, tile_matrix_sets, tiles, tilesets,
};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Router, middleware};
use std::sync::Arc;

/// One route.
pub(crate) struct Route {
    /// The path, with `{…}` for what varies; each takes one segment, `{*…}` all that follow.
    pub path: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The parameters known; none where any are let pass.
    pub params: Option<&'static [&'static str]>,
    /// The media type of a good answer.
    pub media_type: &'static str,
    handler: MethodRouter<Arc<App>>,
}

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const F: Option<&[&str]> = Some(&["f"]);
const F_COLLECTIONS: Option<&[&str]> = Some(&["f", "collections"]);
const F_VERSION: Option<&[&str]> = Some(&["f", "version"]);
const F_TILE: Option<&[&str]> = Some(&["f", "version", "filter", "filter-lang", "filter-crs"]);
const F_COLLECTIONS_TILE: Option<&[&str]> =
    Some(&["f", "collections", "version", "filter", "filter-lang", "filter-crs"]);
const TILE: Option<&[&str]> = Some(&["version", "filter", "filter-lang", "filter-crs"]);
const NONE: Option<&[&str]> = Some(&[]);

/// The table of all routes.
#[rustfmt::skip]
pub(crate) fn table() -> Vec<Route> {
    let row = |path, handler, params, media_type, summary| Route { path, summary, params, media_type, handler };
    vec![
        row("/", get(landing::landing), F, JSON, "What is here"),
        row("/conformance", get(landing::conformance), F, JSON, "Which standards are kept"),
        row("/api", get(landing::api), F, "application/vnd.oai.openapi+json;version=3.0", "This description"),
        row("/collections", get(collections::collections), F, JSON, "All layers"),
        row("/collections/{layer}", get(collections::collection), F, JSON, "One layer"),
        row("/collections/{layer}/schema", get(collections::schema), F, "application/schema+json", "The fields of a layer"),
        row("/collections/{layer}/queryables", get(queryables::queryables), F, "application/schema+json", "What a filter on a layer may name"),
        row("/collections/{layer}/items", get(items::items), Some(items::PARAMS), "application/geo+json", "A page of features"),
        row("/collections/{layer}/items/{id}", get(items::item), F_VERSION, "application/geo+json", "One feature"),
        row("/collections/{layer}/tiles", get(tilesets::list_of_layer), F, JSON, "The tilesets of a layer"),
        row("/collections/{layer}/tiles/{tms}", get(tilesets::of_layer), F, JSON, "A tileset of a layer"),
        row("/collections/{layer}/tiles/{tms}/{z}/{row}/{col}", get(tiles::of_layer), F_TILE, tiles::MVT, "A tile of a layer"),
        row("/tileMatrixSets", get(tile_matrix_sets::tile_matrix_sets), F, JSON, "The tile grids"),
        row("/tileMatrixSets/{tms}", get(tile_matrix_sets::tile_matrix_set), F, JSON, "A tile grid"),
        row("/tiles", get(tilesets::list_of_dataset), F_COLLECTIONS, JSON, "The tilesets of some layers together"),
        row("/tiles/{tms}", get(tilesets::of_dataset), F_COLLECTIONS, JSON, "A tileset of some layers together"),
        row("/tiles/{tms}/{z}/{row}/{col}", get(tiles::of_dataset), F_COLLECTIONS_TILE, tiles::MVT, "A tile of some layers together"),
        row("/xyz/{layers}", get(tiles::xyz_json), NONE, JSON, "TileJSON: {layers} is roads.json, roads,pois.json or basemap.json"),
        row("/xyz/{layers}/{z}/{x}/{y}", get(tiles::xyz), TILE, tiles::MVT, "A tile in Web Mercator; {y} may end in .mvt"),
        row("/styles", get(styles::styles), F, JSON, "The styles"),
        row("/styles/{style}", get(styles::style), F, JSON, "A MapLibre style"),
        row("/changes", get(changes::changes), Some(changes::PARAMS), JSON, "What was done, from any version on; a stream of events for who accepts text/event-stream"),
        row("/fonts/{stack}/{range}", get(assets::glyphs), None, "application/x-protobuf", "Glyphs: {range} is 0-255.pbf"),
        row("/sprites/{name}", get(assets::sprites), None, "image/png", "Icons"),
        row("/map", get(assets::viewer), None, HTML, "The map in a browser"),
        row("/map/", get(assets::viewer), None, HTML, "The map in a browser"),
        row("/map/{*file}", get(assets::viewer_file), None, HTML, "The viewer's files"),
        row("/health/live", get(health::live), None, JSON, "Whether the process answers"),
        row("/health/ready", get(health::ready), None, JSON, "Whether the map is there"),
        row("/metrics", get(health::metrics), None, "text/plain", "Counters for Prometheus"),
    ]
}

/// The routes as a service.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in table() {
        router = router.route(route.path, route.handler.layer(Extension(Known(route.params))));
    }
    router
        .fallback(async || Problem::not_found("there is nothing at this address; /api lists what there is"))
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(middleware::from_fn_with_state(Arc::clone(&app), edge))
        .with_state(app)
}
