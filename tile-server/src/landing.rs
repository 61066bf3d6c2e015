//! The front door: what is here, which standards it keeps, how it is described.

use crate::ask::{Answer, Ask, DependsOn, Freshness};
use crate::collections::REL_TILESETS;
use crate::links::Link;
use crate::negotiate::prefers_html;
use crate::representation::Representation;
use crate::view::Audience;
use serde_json::{Value, json};

/// What this server keeps of OGC's standards.
const CONFORMANCE: [&str; 28] = [
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/accent-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions-plus",
    "http://www.opengis.net/spec/cql2/1.0/conf/spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/temporal-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/array-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/property-property",
    "http://www.opengis.net/spec/cql2/1.0/conf/functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/arithmetic",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
];

/// `/`
pub(crate) async fn landing(ask: Ask) -> Answer {
    let html = match ask.format(&["json", "html"])? {
        Some(format) => format == "html",
        None => prefers_html(&ask.headers),
    };
    let links = links(&ask);
    let (content_type, body) = if html {
        ("text/html; charset=utf-8", page(&ask))
    } else {
        let body = json!({
            "title": "One map",
            "description": "The one map of a city: vector tiles, features and styles",
            "links": links.iter().map(Link::to_json).collect::<Vec<_>>(),
        });
        ("application/json", body.to_string())
    };
    let made = Representation::new(content_type, body.into_bytes(), ask.coding()?);
    Ok(ask.deliver(
        &made,
        Audience::Everybody,
        Freshness::Revalidate,
        DependsOn::LinksAndType,
    ))
}

/// `/conformance`
pub(crate) async fn conformance(ask: Ask) -> Answer {
    ask.format(&["json"])?;
    ask.json(&json!({"conformsTo": CONFORMANCE}), Audience::Everybody)
}

/// `/api`
pub(crate) async fn api(ask: Ask) -> Answer {
    ask.format(&["json"])?;
    let mut body: Value = ask.app.api.clone();
    body["servers"] = json!([{"url": ask.client.base.as_str()}]);
    ask.json_as(
        "application/vnd.oai.openapi+json;version=3.0",
        &body,
        Audience::Everybody,
    )
}

fn links(ask: &Ask) -> Vec<Link> {
    let json = "application/json";
    let link = |rel, path, media_type, title| Link::new(rel, ask.url(path), media_type, title);
    vec![
        link("self", "/", json, "This document"),
        link(
            "service-desc",
            "/api",
            "application/vnd.oai.openapi+json;version=3.0",
            "The API",
        ),
        link("conformance", "/conformance", json, "Standards kept"),
        link("data", "/collections", json, "The layers"),
        link(REL_TILESETS, "/tiles", json, "Vector tiles of the basemap"),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes",
            "/tileMatrixSets",
            json,
            "Tile grids",
        ),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/styles",
            "/styles",
            json,
            "Styles",
        ),
        link("describedby", "/xyz/basemap.json", json, "TileJSON of the basemap"),
        link("changes", "/changes?since=now", json, "What is done to the layers"),
        link("alternate", "/map", "text/html", "The map"),
    ]
}

fn page(ask: &Ask) -> String {
    let item = |path: &str, title: &str| format!("<li><a href=\"{}\">{title}</a></li>", ask.url(path));
    let items = [
        item("/map", "地图 · The map"),
        item("/collections", "图层 · The layers"),
        item("/xyz/basemap.json", "TileJSON"),
        item("/styles/basemap", "MapLibre style"),
        item("/changes", "变更 · Changes"),
        item("/tileMatrixSets", "Tile grids"),
        item("/api", "OpenAPI"),
        item("/conformance", "Conformance"),
    ];
    format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>一张图</title><h1>一张图 · One map</h1><ul>{}</ul></html>\n",
        items.concat()
    )
}
