//! `/collections/{layer}/sortables`: what a page can be sorted by, as JSON Schema (OGC API Features, part 5).

use super::order;
use crate::ask::{Answer, Ask};
use crate::collections::{trail, with_ordered};
use crate::html;
use crate::params::encode;
use crate::queryables::describe;
use axum::extract::Path;
use serde_json::json;

/// The relation of a link to this.
pub(crate) const REL_SORTABLES: &str = "http://www.opengis.net/def/rel/ogc/1.0/sortables";

/// Answers with what a page of a layer can be sorted by.
pub(crate) async fn sortables(ask: Ask, Path(name): Path<String>) -> Answer {
    let view = ask.view()?;
    let served = view.layer(&name)?;
    let layer = served.definition();
    let known = order::sortables(layer);
    let properties: Vec<_> = known.iter().map(|one| (one.name, describe(layer, one))).collect();
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ask.url(&format!("/collections/{}/sortables", encode(&name))),
        "title": layer.title,
        "type": "object",
        "additionalProperties": false,
    });
    let body = with_ordered(&head, "properties", &properties);
    let page = || {
        let title = format!("{} · 可排序字段 · Sortables", layer.title);
        ask.page(&title, &trail(served), &html::fields(&properties))
    };
    ask.document("application/schema+json", body, view.audience_of([served]), page)
}
