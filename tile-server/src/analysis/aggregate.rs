//! `/collections/{layer}/aggregate`: features counted and summed up by attributes, and by the areas of another layer.

use super::effort::Effort;
use super::key;
use super::measured::{Measured, rounded};
use super::regions::Regions;
use super::table::{FORMATS, Form, Table, cell, deliver, object};
use super::tally::{Ends, Sum, Total, owned};
use crate::ask::{Answer, Ask};
use crate::items::{AT, PageQuery, Selection};
use crate::links::Link;
use crate::parameter::{self, Kind, Parameter};
use crate::pool::Waiting;
use crate::problem::{Problem, shorten};
use crate::published::ServedLayer;
use axum::extract::Path;
use onemap_atlas::FeatureView;
use onemap_model::cql2::Datum;
use onemap_model::measure::point_on;
use onemap_model::{FieldType, Geometry, Layer, TimeSpan, Value as Cell};
use serde_json::{Value, json};
use std::collections::HashMap;

/// More groups than these are no summary.
const MAX_GROUPS: usize = 10_000;
/// More fields than these in one list.
const MAX_FIELDS: usize = 8;
/// A sum of shares beyond 1 by more than this is no rounding.
const ROUNDING: f64 = 1e-6;

/// The parameters; fields can be named beside them.
#[rustfmt::skip]
pub(crate) const PARAMS: &[Parameter] = &[
    Parameter::new("group-by", Kind::Texts, "The fields whose values make groups; at most 8. Null is a group of its own"),
    Parameter::new("by", Kind::Text, "A layer whose areas make groups: its features' public ids, null for what lies in none"),
    Parameter::new("by-field", Kind::Text, "A field of that layer to be shown beside the id, such as its name"),
    Parameter::new("share", Kind::OneOf { values: &["point", "area"], default: Some("point") },
        "How a feature counts that lies in several areas: as a whole where a point on it lies, or by the shares of its area"),
    Parameter::new("sum", Kind::Texts, "Fields to be added up"),
    Parameter::new("avg", Kind::Texts, "Fields whose mean is wanted"),
    Parameter::new("min", Kind::Texts, "Fields whose smallest value is wanted"),
    Parameter::new("max", Kind::Texts, "Fields whose largest value is wanted"),
    Parameter::new("area", Kind::Text, "The area in square metres: ellipsoidal, or planar:EPSG:4547 in the plane of a projection"),
    Parameter::new("length", Kind::Text, "The length of lines and outlines in metres, likewise"),
    Parameter::new("count", Kind::Text, "How many features there are, which is always told"),
    parameter::BBOX,
    parameter::BBOX_IN,
    AT,
    parameter::FILTERED,
    parameter::FILTERED_LANG,
    parameter::FILTERED_CRS,
    parameter::AS_OF,
    parameter::format(&FORMATS),
];

/// What is wanted of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Sum,
    Avg,
    Min,
    Max,
}

const OPS: [(&str, Op); 4] = [("sum", Op::Sum), ("avg", Op::Avg), ("min", Op::Min), ("max", Op::Max)];

/// What is asked.
struct Question {
    query: PageQuery,
    group_by: Vec<usize>,
    by: Option<By>,
    wanted: Vec<(Op, usize)>,
    area: Option<Measured>,
    length: Option<Measured>,
}

/// The layer whose areas make groups.
struct By {
    layer: ServedLayer,
    field: Option<usize>,
    share: Share,
}

/// How a feature counts that lies in several areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    Point,
    Area,
}

/// What there is of one group.
#[derive(Default)]
struct Group {
    shown: Vec<Cell>,
    count: f64,
    sums: Vec<Sum>,
    ends: Vec<Ends>,
    area: Sum,
    length: Sum,
}

/// What cannot be seen from the numbers.
#[derive(Debug, Default)]
struct Notes {
    in_several: u64,
    overlapping: u64,
    unplaced: u64,
    no_numbers: u64,
}

/// The groups of an answer, in their order, and what there is to say of them.
struct Summary {
    groups: Vec<Group>,
    matched: u64,
    notes: Notes,
}

/// Answers with sums over a layer's features.
pub(crate) async fn aggregate(ask: Ask, Path(name): Path<String>) -> Answer {
    let form = Form::of(&ask)?;
    let view = ask.view_of_version().await?;
    let layer = view.layer(&name)?.clone();
    let by = ask.params.get("by").map(|by| view.layer(by).cloned()).transpose()?;
    let audience = view.audience_of(std::iter::once(&layer).chain(&by));
    let query = PageQuery::read_of(&ask, layer, view.epoch(), view.now(), PARAMS)?;
    let question = Question::read(&ask, query, by)?;
    let asked = ask.clone();
    let work = move |waiting: &Waiting<'_>| {
        let summary = question.answer(waiting)?;
        let document = question.document(&asked, &summary);
        let title = format!("{} · 统计 · Aggregate", question.query.layer.definition().title);
        form.write(&asked, &title, &document, || question.table(&summary))
    };
    let made = ask.app.pool.run(work).await?;
    deliver(&ask, &made, audience)
}

impl Question {
    fn read(ask: &Ask, query: PageQuery, by: Option<ServedLayer>) -> Result<Self, Problem> {
        let layer = query.layer.definition();
        let list = |name: &str| {
            ask.params
                .get(name)
                .map_or(Ok(Vec::new()), |text| fields(name, text, layer))
        };
        let mut wanted = Vec::new();
        for (name, op) in OPS {
            for field in list(name)? {
                op.check(name, layer, field)?;
                wanted.push((op, field));
            }
        }
        let measured = |name: &str| {
            ask.params
                .get(name)
                .map(|text| Measured::parse(name, text, layer))
                .transpose()
        };
        Ok(Self {
            group_by: list("group-by")?,
            by: By::read(ask, by)?,
            wanted,
            area: measured("area")?,
            length: measured("length")?,
            query,
        })
    }

    fn answer(&self, waiting: &Waiting<'_>) -> Result<Summary, Problem> {
        let effort = Effort::new(waiting);
        let when = |span: TimeSpan| self.query.when.meets(span);
        let regions = self
            .by
            .as_ref()
            .map(|by| Regions::new(&by.layer, by.field, &when, &effort))
            .transpose()?;
        let selection = Selection::new(&self.query, &when, waiting)?;
        let mut counting = Counting {
            question: self,
            regions: regions.as_ref(),
            effort: &effort,
            groups: Vec::new(),
            places: HashMap::new(),
            key: Vec::new(),
            matched: 0,
            notes: Notes::default(),
        };
        selection.each(|feature| counting.count(&feature))?;
        let Counting {
            groups,
            places,
            matched,
            notes,
            ..
        } = counting;
        let mut order: Vec<(Vec<u8>, usize)> = places.into_iter().collect();
        order.sort_unstable();
        let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
        let groups = order.into_iter().filter_map(|(_, at)| groups[at].take()).collect();
        Ok(Summary { groups, matched, notes })
    }

    /// The names of what tells groups apart.
    fn names(&self) -> Vec<String> {
        let layer = self.query.layer.definition();
        let mut names = Vec::new();
        if let Some(by) = &self.by {
            names.push(by.layer.name().to_owned());
            let field = by.field.map(|at| by.layer.definition().fields()[at].name.as_str());
            names.extend(field.map(|field| format!("{}.{field}", by.layer.name())));
        }
        names.extend(
            self.group_by
                .iter()
                .map(|&at| layer.fields()[at].name.as_str().to_owned()),
        );
        names
    }

    fn field_name(&self, at: usize) -> &str {
        self.query.layer.definition().fields()[at].name.as_str()
    }

    fn is_shared(&self) -> bool {
        self.by.as_ref().is_some_and(|by| by.share == Share::Area)
    }

    fn count_of(&self, group: &Group) -> Value {
        if self.is_shared() {
            ((group.count * 1e9).round() / 1e9).into()
        } else {
            (group.count as u64).into()
        }
    }

    /// What is wanted of a field, in a group.
    fn value(&self, group: &Group, at: usize) -> Value {
        match self.wanted[at].0 {
            Op::Sum => group.sums[at].total().map_or(Value::Null, |total| match total {
                Total::Whole(whole) => i64::try_from(whole).map_or_else(|_| (whole as f64).into(), Value::from),
                Total::Float(float) => float.into(),
            }),
            Op::Avg => group.sums[at].mean().map_or(Value::Null, Value::from),
            Op::Min => group.ends[at].min().map_or(Value::Null, cell),
            Op::Max => group.ends[at].max().map_or(Value::Null, cell),
        }
    }

    fn document(&self, ask: &Ask, summary: &Summary) -> Value {
        let names = self.names();
        let group = |group: &Group| {
            let shown = names
                .iter()
                .zip(&group.shown)
                .map(|(name, value)| (name.as_str(), cell(value)));
            let mut one = json!({"group": object(shown), "count": self.count_of(group)});
            for (name, op) in OPS {
                let of_op = (0..self.wanted.len()).filter(|&at| self.wanted[at].0 == op);
                let values: Vec<_> = of_op
                    .map(|at| (self.field_name(self.wanted[at].1), self.value(group, at)))
                    .collect();
                if !values.is_empty() {
                    one[name] = object(values);
                }
            }
            if self.area.is_some() {
                one["area"] = rounded(group.area.float()).into();
            }
            if self.length.is_some() {
                one["length"] = rounded(group.length.float()).into();
            }
            one
        };
        let by_version = self.by.as_ref().map_or(self.query.layer.changed, |by| by.layer.changed);
        let mut document = json!({
            "layer": self.query.layer.name(),
            "version": self.query.layer.changed.max(by_version).to_string().parse::<i64>().unwrap_or_default(),
            "numberMatched": summary.matched,
            "groups": summary.groups.iter().map(group).collect::<Vec<_>>(),
            "notes": self.notes(&summary.notes),
            "links": ask.own_links("application/json").iter().map(Link::to_json).collect::<Vec<_>>(),
        });
        let area = self.area.map(|measured| ("area", measured.describe("m²")));
        let length = self.length.map(|measured| ("length", measured.describe("m")));
        let shares = self.is_shared().then(|| ("share", self.share_measure().describe("1")));
        let measured: Vec<_> = [area, length, shares].into_iter().flatten().collect();
        if !measured.is_empty() {
            document["measured"] = object(measured);
        }
        if let Some(by) = &self.by {
            let share = if by.share == Share::Area { "area" } else { "point" };
            document["by"] = json!({"layer": by.layer.name(), "share": share});
        }
        document
    }

    fn notes(&self, notes: &Notes) -> Value {
        let by = self.by.as_ref().map_or("", |by| by.layer.name());
        let texts = [
            (
                "in-several",
                notes.in_several,
                format!("features that lie in several areas of {by:?} count in the one with the smallest number"),
            ),
            (
                "overlapping",
                notes.overlapping,
                format!("features lie where areas of {by:?} overlap: there they count more than once"),
            ),
            (
                "not-measured",
                notes.unplaced,
                "features have no place in the system that is measured in: their areas or lengths are left out"
                    .to_owned(),
            ),
            (
                "no-number",
                notes.no_numbers,
                "values are no numbers, and left out of sums and means".to_owned(),
            ),
        ];
        let shown = texts.into_iter().filter(|(_, count, _)| *count > 0);
        shown
            .map(|(code, count, text)| json!({"code": code, "count": count, "text": text}))
            .collect()
    }

    fn table(&self, summary: &Summary) -> Table {
        let mut columns = self.names();
        columns.push("count".to_owned());
        let name = |op: Op| OPS.iter().find(|(_, known)| *known == op).map_or("", |(name, _)| name);
        columns.extend(
            self.wanted
                .iter()
                .map(|&(op, field)| format!("{}_{}", name(op), self.field_name(field))),
        );
        columns.extend(self.area.map(|_| "area_m2".to_owned()));
        columns.extend(self.length.map(|_| "length_m".to_owned()));
        let row = |group: &Group| {
            let mut row: Vec<Value> = group.shown.iter().map(cell).collect();
            row.push(self.count_of(group));
            row.extend((0..self.wanted.len()).map(|at| self.value(group, at)));
            row.extend(self.area.map(|_| rounded(group.area.float()).into()));
            row.extend(self.length.map(|_| rounded(group.length.float()).into()));
            row
        };
        Table {
            columns,
            rows: summary.groups.iter().map(row).collect(),
        }
    }

    /// How shares of areas are measured: as the areas themselves.
    fn share_measure(&self) -> Measured {
        self.area.unwrap_or(Measured::Ellipsoidal)
    }
}

impl By {
    fn read(ask: &Ask, layer: Option<ServedLayer>) -> Result<Option<Self>, Problem> {
        let Some(layer) = layer else {
            let lonely = ["by-field", "share"]
                .into_iter()
                .find(|name| ask.params.get(name).is_some());
            return match lonely {
                Some(name) => Err(Problem::bad_request(format!(
                    "{name} says more of by, which is missing"
                ))),
                None => Ok(None),
            };
        };
        let field = ask
            .params
            .get("by-field")
            .map(|text| fields("by-field", text, layer.definition()))
            .transpose()?;
        let share = match ask.params.get("share") {
            None | Some("point") => Share::Point,
            Some("area") => Share::Area,
            Some(other) => {
                let other = shorten(other);
                return Err(Problem::bad_request(format!(
                    "share: {other:?} is not known: expected point, area"
                )));
            }
        };
        Ok(Some(Self {
            field: field.and_then(|fields| fields.first().copied()),
            layer,
            share,
        }))
    }
}

impl Op {
    fn check(self, name: &str, layer: &Layer, field: usize) -> Result<(), Problem> {
        let kind = layer.fields()[field].field_type;
        let fits = match self {
            Op::Sum | Op::Avg => matches!(kind, FieldType::Int | FieldType::Float),
            Op::Min | Op::Max => !matches!(kind, FieldType::Bytes | FieldType::Array),
        };
        if fits {
            return Ok(());
        }
        let field = layer.fields()[field].name.as_str();
        let expected = match self {
            Op::Sum | Op::Avg => "a field of numbers",
            Op::Min | Op::Max => "a field whose values have an order",
        };
        Err(Problem::bad_request(format!(
            "{name}: {field:?} cannot be asked for that: expected {expected}"
        )))
    }
}

/// The places of the fields of a list, each once.
pub(super) fn fields(name: &str, text: &str, layer: &Layer) -> Result<Vec<usize>, Problem> {
    let mut places = Vec::new();
    for field in text.split(',').map(str::trim) {
        let place = layer.field_index(field).ok_or_else(|| {
            let known: Vec<_> = layer.fields().iter().map(|field| field.name.as_str()).collect();
            let (field, known) = (shorten(field), known.join(", "));
            Problem::bad_request(format!("{name}: {field:?} is no field: expected some of {known}"))
        })?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.len() > MAX_FIELDS {
        return Err(Problem::bad_request(format!("{name}: more than {MAX_FIELDS} fields")));
    }
    Ok(places)
}

/// Groups in the making.
struct Counting<'a> {
    question: &'a Question,
    regions: Option<&'a Regions<'a>>,
    effort: &'a Effort<'a>,
    groups: Vec<Group>,
    /// Where the group of a key is.
    places: HashMap<Vec<u8>, usize>,
    key: Vec<u8>,
    matched: u64,
    notes: Notes,
}

/// A feature, or the part of it that lies in an area.
#[derive(Clone, Copy)]
struct Part {
    share: f64,
    area: Option<f64>,
    length: Option<f64>,
}

impl Counting<'_> {
    fn count(&mut self, feature: &FeatureView<'_>) -> Result<(), Problem> {
        self.effort.spend(1)?;
        self.matched += 1;
        let Question { area, length, by, .. } = self.question;
        let geometry = match (area, length, by) {
            (None, None, None) => None,
            _ => feature.geometry(),
        };
        let size = |measured: Option<Measured>, of: fn(Measured, &Geometry) -> Option<f64>| {
            let measured = measured.zip(geometry.as_ref());
            measured.map(|(measured, geometry)| of(measured, geometry))
        };
        let (area, length) = (size(*area, Measured::area), size(*length, Measured::length));
        if area == Some(None) || length == Some(None) {
            self.notes.unplaced += 1;
        }
        let whole = Part {
            share: 1.0,
            area: area.flatten(),
            length: length.flatten(),
        };
        match (self.regions, by) {
            (Some(regions), Some(By { share: Share::Area, .. })) => match geometry {
                Some(geometry) => self.share_out(feature, regions, &geometry, whole),
                None => self.add(feature, Place::Nowhere, whole),
            },
            (Some(regions), _) => {
                let at = geometry.as_ref().and_then(point_on);
                let (region, holding) = at.map_or((None, 0), |at| regions.of_place(at));
                self.notes.in_several += u64::from(holding > 1);
                self.add(
                    feature,
                    region.map_or(Place::Nowhere, |region| Place::In(&region.key, &region.shown)),
                    whole,
                )
            }
            (None, _) => self.add(feature, Place::Anywhere, whole),
        }
    }

    /// Counts a feature by the shares of its area in each region, and outside of all.
    fn share_out(
        &mut self,
        feature: &FeatureView<'_>,
        regions: &Regions<'_>,
        geometry: &Geometry,
        whole: Part,
    ) -> Result<(), Problem> {
        let measured = self.question.share_measure();
        let all = measured.area(geometry).filter(|area| *area > 0.0);
        let Some(all) = all else {
            // What has no area lies where a point on it lies.
            let region = point_on(geometry).and_then(|at| regions.of_place(at).0);
            return self.add(
                feature,
                region.map_or(Place::Nowhere, |region| Place::In(&region.key, &region.shown)),
                whole,
            );
        };
        let mut rest = 1.0;
        for (region, part) in regions.shares(geometry, self.effort)? {
            let own = match &part {
                None => 1.0,
                Some(part) => measured.area(&part.to_geometry()).map_or(0.0, |own| own / all),
            };
            rest -= own;
            self.add(feature, Place::In(&region.key, &region.shown), whole.times(own))?;
        }
        self.notes.overlapping += u64::from(rest < -ROUNDING);
        if rest > ROUNDING {
            self.add(feature, Place::Nowhere, whole.times(rest))?;
        }
        Ok(())
    }

    fn add(&mut self, feature: &FeatureView<'_>, place: Place<'_>, part: Part) -> Result<(), Problem> {
        let question = self.question;
        self.key.clear();
        match place {
            Place::Anywhere => {}
            Place::In(key, _) => self.key.extend(key),
            Place::Nowhere => self.key.push(u8::MAX),
        }
        for &at in &question.group_by {
            key::push(&mut self.key, &feature.datum(at));
        }
        let at = match self.places.get(&self.key) {
            Some(&at) => at,
            None => self.new_group(feature, place)?,
        };
        let group = &mut self.groups[at];
        group.count += part.share;
        for (at, &(op, field)) in question.wanted.iter().enumerate() {
            let value = feature.datum(field);
            match op {
                Op::Sum | Op::Avg => {
                    group.sums[at].add(&value, part.share);
                    let is_number = matches!(value, Datum::Null | Datum::Int(_) | Datum::Float(_));
                    self.notes.no_numbers += u64::from(!is_number);
                }
                Op::Min | Op::Max => group.ends[at].add(&value),
            }
        }
        part.area.into_iter().for_each(|area| group.area.fraction(area));
        part.length.into_iter().for_each(|length| group.length.fraction(length));
        Ok(())
    }

    fn new_group(&mut self, feature: &FeatureView<'_>, place: Place<'_>) -> Result<usize, Problem> {
        if self.groups.len() == MAX_GROUPS {
            return Err(Problem::bad_request(format!(
                "group-by: there are more than {MAX_GROUPS} groups: group by other fields, or narrow it with bbox or filter"
            )));
        }
        let question = self.question;
        let nowhere = question.by.as_ref().map_or(0, |by| 1 + usize::from(by.field.is_some()));
        let mut shown = match place {
            Place::In(_, shown) => shown.to_vec(),
            Place::Nowhere | Place::Anywhere => vec![Cell::Null; nowhere],
        };
        shown.extend(question.group_by.iter().map(|&at| owned(&feature.datum(at))));
        let at = self.groups.len();
        self.groups.push(Group {
            shown,
            sums: vec![Sum::default(); question.wanted.len()],
            ends: vec![Ends::default(); question.wanted.len()],
            ..Group::default()
        });
        self.places.insert(self.key.clone(), at);
        Ok(at)
    }
}

/// Which of the areas a feature counts in.
#[derive(Clone, Copy)]
enum Place<'m> {
    /// None are asked for.
    Anywhere,
    In(&'m [u8], &'m [Cell]),
    /// In none of them.
    Nowhere,
}

impl Part {
    fn times(self, share: f64) -> Self {
        Self {
            share,
            area: self.area.map(|area| area * share),
            length: self.length.map(|length| length * share),
        }
    }
}
