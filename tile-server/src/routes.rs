//! Every route there is, with the parameters it knows, what it answers, and so what `/api` says of it.

use crate::app::App;
use crate::edge::edge;
use crate::parameter::{AS_OF, COLLECTIONS, F, FILTERED, FILTERED_CRS, FILTERED_LANG, Parameter, format};
use crate::problem::Problem;
use crate::{
    analysis, assets, changes, collections, health, html, items, landing, queryables, styles, tile_matrix_sets, tiles,
    tilesets,
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
    /// The parameters.
    pub takes: Takes,
    /// What a good answer may be.
    pub gives: Vec<Body>,
    /// The other statuses that can come.
    pub or: &'static [u16],
    handler: MethodRouter<Arc<App>>,
}

/// The parameters of a route. `min-version` is known to all but [`Takes::Anything`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// Whatever is there is let pass.
    Anything,
    /// These, and no others.
    These(&'static [Parameter]),
    /// These, and what can be asked of the layer's features, by name; the handler refuses the rest.
    TheseAndFields(&'static [Parameter]),
}

/// What a good answer may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    /// The media type.
    pub media_type: &'static str,
    /// The name of its schema under `components`; where there is none, any object for JSON, else text or bytes.
    pub schema: Option<&'static str>,
}

const fn body(media_type: &'static str) -> Body {
    Body {
        media_type,
        schema: None,
    }
}

const fn json(schema: &'static str) -> Body {
    Body {
        media_type: "application/json",
        schema: Some(schema),
    }
}

const JSON: Body = body("application/json");
const HTML: Body = body("text/html");
const SCHEMA: Body = body("application/schema+json");
const GEOJSON: &str = "application/geo+json";
const PAGE: Body = Body {
    media_type: GEOJSON,
    schema: Some("Page"),
};
const CSV: Body = body("text/csv");
const JSON_SEQ: Body = body("application/geo+json-seq");
const JSON_LINES: Body = body("application/x-ndjson");
const FGB: Body = body("application/flatgeobuf");
const PARQUET: Body = body("application/vnd.apache.parquet");
const GPKG: Body = body("application/geopackage+sqlite3");
const ZIP: Body = body("application/zip");
const FEATURE: Body = Body {
    media_type: GEOJSON,
    schema: Some("Feature"),
};
/// The media type of the description of all this.
pub(crate) const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";

const NONE: Takes = Takes::These(&[]);
const PEOPLE: Takes = Takes::These(&[F]);
const PEOPLE_COLLECTIONS: Takes = Takes::These(&[F, COLLECTIONS]);
const MVT: Parameter = format(&["mvt"]);
const TILE: Takes = Takes::These(&[MVT, AS_OF, FILTERED, FILTERED_LANG, FILTERED_CRS]);
const TILE_COLLECTIONS: Takes = Takes::These(&[MVT, COLLECTIONS, AS_OF, FILTERED, FILTERED_LANG, FILTERED_CRS]);
const XYZ: Takes = Takes::These(&[AS_OF, FILTERED, FILTERED_LANG, FILTERED_CRS]);
const TILE_BODY: Body = body(tiles::MVT);
const STYLE: Takes = Takes::These(&[format(&["json"])]);

/// What can come of a page that is always there. 503 where the map is still being loaded, where `min-version` is not
/// there in time, and where there is too much to do.
const HERE: &[u16] = &[304, 400, 406, 503];
/// What can come of something that may not be there.
const NAMED: &[u16] = &[304, 400, 404, 406, 503];
/// What can come of something that may not be there any more.
const DATED: &[u16] = &[304, 400, 404, 406, 410, 503];
/// As `DATED`; 204 where there is nothing in the tile.
const DRAWN: &[u16] = &[204, 304, 400, 404, 406, 410, 503];

/// The table of all routes.
#[rustfmt::skip]
pub(crate) fn table() -> Vec<Route> {
    vec![
        row("/", get(landing::landing), PEOPLE, [json("LandingPage"), HTML], HERE, "What is here"),
        row("/conformance", get(landing::conformance), PEOPLE, [json("Conformance"), HTML], HERE, "Which standards are kept"),
        row("/api", get(landing::api), PEOPLE, [body(OPENAPI), HTML], HERE, "This description"),
        row("/collections", get(collections::collections), PEOPLE, [json("Collections"), HTML], HERE, "All layers"),
        row("/collections/{layer}", get(collections::collection), PEOPLE, [json("Collection"), HTML], NAMED, "One layer"),
        row("/collections/{layer}/schema", get(collections::schema), PEOPLE, [SCHEMA, HTML], NAMED, "The fields of a layer"),
        row("/collections/{layer}/queryables", get(queryables::queryables), PEOPLE, [SCHEMA, HTML], NAMED, "What a filter on a layer may name"),
        row("/collections/{layer}/sortables", get(items::sortables), PEOPLE, [SCHEMA, HTML], NAMED, "What a page can be sorted by"),
        row("/collections/{layer}/items", get(items::items), Takes::TheseAndFields(items::PARAMS), [PAGE, HTML, JSON_SEQ, JSON_LINES, CSV, FGB, PARQUET, GPKG, ZIP], DATED, "A page of features"),
        row("/collections/{layer}/items/{id}", get(items::item), Takes::These(items::ITEM_PARAMS), [FEATURE, HTML], DATED, "One feature"),
        row("/collections/{layer}/items/{id}/versions", get(items::versions), Takes::These(items::VERSIONS_PARAMS), [PAGE], DATED, "What a feature was, and when that was recorded"),
        row("/collections/{layer}/download", get(items::download), Takes::TheseAndFields(items::DOWNLOAD_PARAMS), [body(GEOJSON), JSON_SEQ, JSON_LINES, CSV, FGB, PARQUET, GPKG, ZIP], DATED, "All features that answer a question, as a file in one streamed answer"),
        row("/collections/{layer}/aggregate", get(analysis::aggregate), Takes::TheseAndFields(analysis::AGGREGATE_PARAMS), [json("Aggregate"), CSV, HTML], DATED, "Features counted and summed up, by attributes or by the areas of another layer"),
        row("/collections/{layer}/overlay/{other}", get(analysis::overlay), Takes::TheseAndFields(analysis::OVERLAY_PARAMS), [json("Overlay"), CSV, HTML], DATED, "How much of each class of another layer lies in each feature"),
        row("/collections/{layer}/tiles", get(tilesets::list_of_layer), PEOPLE, [json("Tilesets"), HTML], NAMED, "The tilesets of a layer"),
        row("/collections/{layer}/tiles/{tms}", get(tilesets::of_layer), PEOPLE, [json("Tileset"), HTML], NAMED, "A tileset of a layer"),
        row("/collections/{layer}/tiles/{tms}/{z}/{row}/{col}", get(tiles::of_layer), TILE, [TILE_BODY], DRAWN, "A tile of a layer"),
        row("/tileMatrixSets", get(tile_matrix_sets::tile_matrix_sets), PEOPLE, [JSON, HTML], HERE, "The tile grids"),
        row("/tileMatrixSets/{tms}", get(tile_matrix_sets::tile_matrix_set), PEOPLE, [JSON, HTML], NAMED, "A tile grid"),
        row("/tiles", get(tilesets::list_of_dataset), PEOPLE_COLLECTIONS, [json("Tilesets"), HTML], NAMED, "The tilesets of some layers together"),
        row("/tiles/{tms}", get(tilesets::of_dataset), PEOPLE_COLLECTIONS, [json("Tileset"), HTML], NAMED, "A tileset of some layers together"),
        row("/tiles/{tms}/{z}/{row}/{col}", get(tiles::of_dataset), TILE_COLLECTIONS, [TILE_BODY], DRAWN, "A tile of some layers together"),
        row("/xyz/{layers}", get(tiles::xyz_json), NONE, [JSON], NAMED, "TileJSON: {layers} is roads.json, roads,pois.json or basemap.json"),
        row("/xyz/{layers}/{z}/{x}/{y}", get(tiles::xyz), XYZ, [TILE_BODY], DRAWN, "A tile in Web Mercator; {y} may end in .mvt"),
        row("/styles", get(styles::styles), PEOPLE, [JSON, HTML], HERE, "The styles"),
        row("/styles/{style}", get(styles::style), STYLE, [JSON], NAMED, "A MapLibre style"),
        row("/changes", get(changes::changes), Takes::These(changes::PARAMS), [json("Changes"), body(changes::EVENTS)], DATED, "What was done, from any version on; a stream of events for who accepts text/event-stream"),
        row("/pages.css", get(html::style), NONE, [body("text/css")], HERE, "How pages look"),
        row("/fonts/{stack}/{range}", get(assets::glyphs), Takes::Anything, [body("application/x-protobuf")], NAMED, "Glyphs: {range} is 0-255.pbf"),
        row("/sprites/{name}", get(assets::sprites), Takes::Anything, [body("image/png"), JSON], NAMED, "Icons"),
        row("/map", get(assets::viewer), Takes::Anything, [HTML], NAMED, "The map in a browser"),
        row("/map/", get(assets::viewer_below), Takes::Anything, [HTML], NAMED, "The map in a browser"),
        row("/map/{*file}", get(assets::viewer_file), Takes::Anything, [body("*/*")], NAMED, "The viewer's files"),
        row("/health/live", get(health::live), Takes::Anything, [JSON], &[400], "Whether the process answers"),
        row("/health/ready", get(health::ready), Takes::Anything, [JSON], &[400, 503], "Whether the map is there"),
        row("/metrics", get(health::metrics), Takes::Anything, [body("text/plain")], &[400], "Counters for Prometheus"),
    ]
}

fn row<const N: usize>(
    path: &'static str,
    handler: MethodRouter<Arc<App>>,
    takes: Takes,
    gives: [Body; N],
    or: &'static [u16],
    summary: &'static str,
) -> Route {
    let gives = gives.into();
    Route {
        path,
        summary,
        takes,
        gives,
        or,
        handler,
    }
}

impl Takes {
    /// The parameters that are known by name.
    pub(crate) fn parameters(self) -> impl Iterator<Item = Parameter> {
        let (known, least): (&[Parameter], _) = match self {
            Takes::Anything => (&[], None),
            Takes::These(known) | Takes::TheseAndFields(known) => (known, Some(crate::parameter::AT_LEAST)),
        };
        known.iter().copied().chain(least)
    }
}

/// The routes as a service.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in table() {
        router = router.route(route.path, route.handler.layer(Extension(route.takes)));
    }
    router
        .fallback(async || Problem::not_found("there is nothing at this address; /api lists what there is"))
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(middleware::from_fn_with_state(Arc::clone(&app), edge))
        .with_state(app)
}
