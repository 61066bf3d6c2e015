//! The front door: what is here, which standards it keeps, how it is described.

use crate::ask::{Answer, Ask};
use crate::collections::{REL_TILESETS, list_audience};
use crate::conformance::CLASSES;
use crate::html;
use crate::links::Link;
use crate::openapi;
use crate::routes::OPENAPI;
use crate::view::Audience;
use serde_json::{Value, json};

/// `/`
pub(crate) async fn landing(ask: Ask) -> Answer {
    let body = json!({
        "title": "One map",
        "description": "The one map of a city: vector tiles, features and styles",
        "links": links(&ask).iter().map(Link::to_json).collect::<Vec<_>>(),
    });
    let page = || ask.page("一张图 · One map", &[], &html::front(&body));
    ask.document("application/json", body.to_string(), Audience::Everybody, page)
}

/// `/conformance`
pub(crate) async fn conformance(ask: Ask) -> Answer {
    let body = json!({
        "conformsTo": CLASSES,
        "links": ask.own_links("application/json").iter().map(Link::to_json).collect::<Vec<_>>(),
    });
    ask.shown("遵循的标准 · Standards kept", &[], &body, Audience::Everybody)
}

/// `/api`: with what the layers can be asked for, where there are few of them.
pub(crate) async fn api(ask: Ask) -> Answer {
    let mut body: Value = ask.app.api.clone();
    body["servers"] = json!([{"url": ask.client.base.as_str()}]);
    let audience = match ask.view() {
        Ok(view) => {
            openapi::name_layers(&mut body, &view);
            list_audience(&view, &ask)
        }
        // What the routes are can be told before there is anything to serve.
        Err(_) => Audience::Asker,
    };
    let page = || ask.page("接口说明 · The API", &[], &html::api(&body));
    ask.document(OPENAPI, body.to_string(), audience, page)
}

fn links(ask: &Ask) -> Vec<Link> {
    let json = "application/json";
    let link = |rel, path, media_type, title| Link::new(rel, ask.url(path), media_type, title);
    let [own, page] = ask.own_links(json);
    vec![
        own,
        page,
        link("service-desc", "/api", OPENAPI, "The API"),
        link("service-doc", "/api?f=html", "text/html", "The API, for people"),
        link("conformance", "/conformance", json, "Standards kept"),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/conformance",
            "/conformance",
            json,
            "Standards kept",
        ),
        link("data", "/collections", json, "The layers"),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/data",
            "/collections",
            json,
            "The layers",
        ),
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
        link("preview", "/map", "text/html", "The map"),
    ]
}
