//! `/collections/{layer}/queryables`: what a filter may name, as JSON Schema (OGC API Features, part 3, clause 6).

use crate::ask::{Answer, Ask};
use crate::collections::{field_schema, geometry_format, trail, with_ordered};
use crate::html;
use crate::params::encode;
use axum::extract::Path;
use onemap_model::cql2::{Queryable, Source, queryables as queryables_of};
use onemap_model::{FieldType, Layer};
use serde_json::{Value, json};

/// The relation of a link to this.
pub(crate) const REL_QUERYABLES: &str = "http://www.opengis.net/def/rel/ogc/1.0/queryables";

/// Answers with what a filter on a layer may name.
pub(crate) async fn queryables(ask: Ask, Path(name): Path<String>) -> Answer {
    let view = ask.view()?;
    let served = view.layer(&name)?;
    let layer = served.snapshot.layer();
    let known = queryables_of(layer);
    let known = known.iter().filter(|one| is_comparable(layer, one.source));
    let properties: Vec<_> = known.map(|one| (one.name, describe(layer, one))).collect();
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ask.url(&format!("/collections/{}/queryables", encode(&name))),
        "title": layer.title,
        "type": "object",
        "additionalProperties": false,
    });
    let body = with_ordered(&head, "properties", &properties);
    let page = || {
        let title = format!("{} · 可查询字段 · Queryables", layer.title);
        ask.page(&title, &trail(served), &html::fields(&properties))
    };
    ask.document("application/schema+json", body, view.audience_of([served]), page)
}

/// Nothing but `IS NULL` is asked of bytes.
fn is_comparable(layer: &Layer, source: Source) -> bool {
    match source {
        Source::Field(at) => layer.fields()[at].field_type != FieldType::Bytes,
        _ => true,
    }
}

/// What a filter may name, as JSON Schema.
pub(crate) fn describe(layer: &Layer, queryable: &Queryable<'_>) -> Value {
    let time = |title: &str| json!({"title": title, "type": "string", "format": "date-time"});
    match queryable.source {
        Source::Field(at) => {
            let mut described = field_schema(&layer.fields()[at]);
            if layer.key() == Some(at) {
                described["x-ogc-role"] = "id".into();
            }
            described
        }
        Source::Geometry => {
            json!({"title": "Geometry", "x-ogc-role": "primary-geometry", "format": geometry_format(layer)})
        }
        Source::PublicId => json!({"title": "Public id", "type": "string"}),
        Source::Fid => json!({"title": "Feature number", "type": "integer", "format": "int64", "minimum": 1}),
        Source::ValidFrom => time("True from; none where it always was"),
        Source::ValidTo => time("True until; none where it still is"),
    }
}
