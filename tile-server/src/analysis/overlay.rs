//! `/collections/{a}/overlay/{b}`: how much of each class of `b` lies in each feature of `a`.
//!
//! Exact: areas are cut in longitude and latitude with straight edges, then measured. Areas of one class that overlap
//! count once. What is wrong with a feature is told beside it.

use super::effort::Effort;
use super::key;
use super::measured::{Measured, rounded};
use super::page::Page;
use super::question::fields;
use super::table::{Column, FORMATS, Form, Table, cell, deliver, object};
use super::tally::owned;
use crate::ask::{Answer, Ask};
use crate::items::{AT, PageQuery, Selection};
use crate::links::Link;
use crate::parameter::{self, Kind, Parameter};
use crate::pool::Waiting;
use crate::problem::Problem;
use crate::published::ServedLayer;
use crate::versions::VERSION;
use axum::extract::Path;
use onemap_atlas::{Areas, FeatureView, Scope};
use onemap_model::cql2::Datum;
use onemap_model::{TimeSpan, Value as Cell};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DEFAULT_LIMIT: u64 = 100;
const MAX_LIMIT: u64 = 1_000;
/// More parts than these are no answer.
const MAX_PARTS: usize = 100_000;
/// Areas that differ by less, as a share of them, are the same.
const ROUNDING: f64 = 1e-6;

/// The parameters; fields of `a` can be named beside them.
#[rustfmt::skip]
pub(crate) const PARAMS: &[Parameter] = &[
    Parameter::new("group-by", Kind::Texts, "The fields of the second layer whose values make its classes; each of its features is one where absent"),
    Parameter::new("area", Kind::Text, "How areas are measured: ellipsoidal, also where absent, or planar:EPSG:4547 in the plane of a projection"),
    Parameter::new("limit", Kind::Whole { min: 1, max: Some(MAX_LIMIT), default: Some(DEFAULT_LIMIT) },
        "How many features of the first layer at most; a larger number counts as the largest"),
    parameter::OFFSET,
    parameter::BBOX,
    parameter::BBOX_IN,
    AT,
    parameter::FILTERED,
    parameter::FILTERED_LANG,
    parameter::FILTERED_CRS,
    parameter::AS_OF,
    parameter::format(&FORMATS),
];

/// What is asked.
struct Question {
    query: PageQuery,
    other: ServedLayer,
    /// The fields of the other layer that make classes; none where each feature is one.
    group_by: Vec<usize>,
    measured: Measured,
}

/// How much of what lies in a feature.
struct Overlaid {
    id: String,
    area: f64,
    parts: Vec<Part>,
    rest: f64,
    flags: Vec<&'static str>,
}

/// How much of a class lies in a feature.
struct Part {
    class: Vec<Cell>,
    features: u64,
    area: f64,
}

/// A class in a feature, in the making.
#[derive(Default)]
struct Class {
    shown: Vec<Cell>,
    pieces: Vec<Areas>,
}

/// Answers with the parts of each feature.
pub(crate) async fn overlay(ask: Ask, Path((name, other)): Path<(String, String)>) -> Answer {
    let form = Form::of(&ask)?;
    let view = ask.view_of_version().await?;
    let layer = view.layer(&name)?.clone();
    let other = view.layer(&other)?.clone();
    let audience = view.audience_of([&layer, &other]);
    let mut query = PageQuery::read_of(&ask, layer, view.epoch(), view.now(), PARAMS)?;
    query.limit = match ask.params.get("limit") {
        None => DEFAULT_LIMIT,
        Some(_) => query.limit.min(MAX_LIMIT),
    };
    let group_by = ask
        .params
        .get("group-by")
        .map(|text| fields("group-by", text, other.definition()));
    let measured = ask.params.get("area").unwrap_or_default();
    let question = Question {
        group_by: group_by.transpose()?.unwrap_or_default(),
        measured: Measured::parse("area", measured, query.layer.definition())?,
        other,
        query,
    };
    let asked = ask.clone();
    let work = move |waiting: &Waiting<'_>| {
        let (features, is_more) = question.answer(waiting)?;
        let (document, table) = (question.document(&asked, &features, is_more), question.table(&features));
        let page = || {
            let next = document["links"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|link| link["rel"] == "next");
            let query = next
                .and_then(|link| link["href"].as_str()?.split_once('?'))
                .map(|(_, query)| query);
            let next = query.map(|query| ("下一页 · Next".to_owned(), query.to_owned()));
            let page = Page {
                layer: &question.query.layer,
                title: &format!("叠加 · Overlay: {}", question.other.definition().title),
                document: &document,
                table: &table,
                bars: table.columns.len() - 2,
                others: vec![("页 · Pages".to_owned(), next.into_iter().collect())],
            };
            page.write(&asked)
        };
        form.write(&asked, &document, &table, page)
    };
    let made = ask.app.pool.run(work).await?;
    deliver(&ask, &made, audience)
}

impl Question {
    fn answer(&self, waiting: &Waiting<'_>) -> Result<(Vec<Overlaid>, bool), Problem> {
        let effort = Effort::new(waiting);
        let when = |span: TimeSpan| self.query.when.meets(span);
        let picked = Selection::new(&self.query, &when, waiting)?.pick()?;
        let one = |feature: &FeatureView<'_>| self.overlaid(feature, &when, &effort);
        let (mut features, mut parts) = (Vec::new(), 0);
        for feature in &picked.features {
            let overlaid = one(feature)?;
            parts += overlaid.parts.len();
            if parts > MAX_PARTS {
                return Err(Problem::bad_request(format!(
                    "there are more than {MAX_PARTS} parts: narrow the question with bbox or filter, ask for fewer \
                     features with limit, or for fewer classes with group-by"
                )));
            }
            features.push(overlaid);
        }
        Ok((features, picked.after))
    }

    fn overlaid(
        &self,
        feature: &FeatureView<'_>,
        when: &dyn Fn(TimeSpan) -> bool,
        effort: &Effort<'_>,
    ) -> Result<Overlaid, Problem> {
        let mut overlaid = Overlaid {
            id: feature.public_id().into_owned(),
            area: 0.0,
            parts: Vec::new(),
            rest: 0.0,
            flags: Vec::new(),
        };
        let Some((geometry, bbox)) = feature
            .geometry()
            .and_then(|geometry| Some((geometry.bbox()?, geometry)))
            .map(|(bbox, geometry)| (geometry, bbox))
        else {
            overlaid.flags.push("no-geometry");
            return Ok(overlaid);
        };
        effort.spend(geometry.coord_count())?;
        let own = Areas::of(&geometry).unwrap_or_default();
        let size = |areas: &Areas| self.measured.area(&areas.to_geometry());
        let Some(area) = size(&own) else {
            overlaid.flags.push("not-measured");
            return Ok(overlaid);
        };
        if area == 0.0 {
            overlaid.flags.push("no-area");
            return Ok(overlaid);
        }
        overlaid.area = area;
        let drawn = self.measured.area(&geometry).unwrap_or(area);
        if (drawn - area).abs() > ROUNDING * area {
            overlaid.flags.push("self-crossing");
        }
        let mut classes: BTreeMap<Vec<u8>, Class> = BTreeMap::new();
        let scope = Scope {
            bbox: None,
            near: Some(bbox),
            when,
        };
        for other in self.other.snapshot.features_in(scope) {
            let Some(geometry) = other.geometry() else { continue };
            effort.spend(geometry.coord_count())?;
            let part = Areas::of_part(&geometry, bbox).unwrap_or_default();
            let common = own.common(&part);
            if !common.is_empty() {
                let (key, shown) = self.class_of(&other);
                let class = classes.entry(key).or_default();
                class.shown = shown;
                class.pieces.push(common);
            }
        }
        let mut all = Vec::new();
        let (mut sum, mut apart) = (0.0, 0.0);
        for class in classes.into_values() {
            let features = class.pieces.len() as u64;
            apart += class.pieces.iter().filter_map(size).sum::<f64>();
            let together = Areas::union(class.pieces);
            effort.spend(together.corner_count())?;
            let area = size(&together).unwrap_or(0.0);
            sum += area;
            all.push(together);
            overlaid.parts.push(Part {
                class: class.shown,
                features,
                area,
            });
        }
        let covered = if all.len() > 1 {
            size(&Areas::union(all)).unwrap_or(sum)
        } else {
            sum
        };
        if apart.max(sum) > covered * (1.0 + ROUNDING) {
            overlaid.flags.push("overlapping");
        }
        overlaid.rest = Some(area - covered)
            .filter(|rest| *rest > ROUNDING * area)
            .unwrap_or(0.0);
        Ok(overlaid)
    }

    fn class_of(&self, other: &FeatureView<'_>) -> (Vec<u8>, Vec<Cell>) {
        let mut key = Vec::new();
        if self.group_by.is_empty() {
            let id = other.public_id();
            key::push(&mut key, &Datum::Text(id.clone()));
            return (key, vec![Cell::text(id)]);
        }
        let shown = self.group_by.iter().map(|&at| {
            let value = other.datum(at);
            key::push(&mut key, &value);
            owned(&value)
        });
        let shown = shown.collect();
        (key, shown)
    }

    fn names(&self) -> Vec<Column> {
        let layer = self.other.definition();
        if self.group_by.is_empty() {
            return vec![Column::new(self.other.name(), &layer.title)];
        }
        let fields = self.group_by.iter().map(|&at| &layer.fields()[at]);
        fields.map(Column::of_field).collect()
    }

    fn document(&self, ask: &Ask, features: &[Overlaid], is_more: bool) -> Value {
        let names = self.names();
        let one = |one: &Overlaid| {
            let part = |part: &Part| {
                let class = names
                    .iter()
                    .map(|column| column.name.as_str())
                    .zip(part.class.iter().map(cell));
                json!({"group": object(class), "features": part.features, "area": rounded(part.area), "share": share(part.area, one.area)})
            };
            json!({
                "id": one.id,
                "area": rounded(one.area),
                "parts": one.parts.iter().map(part).collect::<Vec<_>>(),
                "rest": {"area": rounded(one.rest), "share": share(one.rest, one.area)},
                "flags": one.flags,
            })
        };
        let version = self.query.layer.changed.max(self.other.changed).to_string();
        let mut links: Vec<Value> = ask.own_links("application/json").iter().map(Link::to_json).collect();
        if is_more {
            let next = (self.query.offset + features.len() as u64).to_string();
            let moment = self.query.now.map(|now| now.to_string());
            let moment = moment.as_deref().map(|moment| ("datetime", moment));
            let set: Vec<_> = [(VERSION, version.as_str()), ("offset", next.as_str())]
                .into_iter()
                .chain(moment)
                .collect();
            let address = ask.url(&format!("{}?{}", ask.path, ask.params.edited(&["offset"], &set)));
            links.push(Link::new("next", address, "application/json", "The next features").to_json());
        }
        json!({
            "layer": self.query.layer.name(),
            "overlay": self.other.name(),
            "version": self.query.layer.changed.max(self.other.changed).0,
            "numberReturned": features.len(),
            "measured": {"area": self.measured.describe("m²")},
            "features": features.iter().map(one).collect::<Vec<_>>(),
            "links": links,
        })
    }

    fn table(&self, features: &[Overlaid]) -> Table {
        let names = self.names();
        let before = [
            ("id", "要素 · Feature"),
            ("id_area_m2", "面积 · Its area [m²]"),
            ("part", "部分 · Part"),
        ];
        let after = [
            ("features", "要素数 · Features"),
            ("area_m2", "面积 · Area [m²]"),
            ("share", "比例 · Share"),
            ("flags", "说明 · Flags"),
        ];
        let mut columns: Vec<Column> = before.map(|(name, title)| Column::new(name, title)).into();
        columns.extend(self.names());
        columns.extend(after.map(|(name, title)| Column::new(name, title)));
        let mut rows = Vec::new();
        for one in features {
            let row = |kind: &str, class: Vec<Value>, count: Value, area: f64| {
                let mut row = vec![one.id.as_str().into(), rounded(one.area).into(), kind.into()];
                row.extend(class);
                row.extend([
                    count,
                    rounded(area).into(),
                    share(area, one.area),
                    one.flags.join(" ").into(),
                ]);
                row
            };
            for part in &one.parts {
                rows.push(row(
                    "class",
                    part.class.iter().map(cell).collect(),
                    part.features.into(),
                    part.area,
                ));
            }
            rows.push(row("rest", vec![Value::Null; names.len()], Value::Null, one.rest));
        }
        Table { columns, rows }
    }
}

/// A part of a whole, to nine digits.
fn share(part: f64, whole: f64) -> Value {
    if whole > 0.0 {
        ((part / whole * 1e9).round() / 1e9).into()
    } else {
        Value::Null
    }
}
