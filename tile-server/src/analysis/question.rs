//! What an aggregate asks: groups, what is wanted of them, and how it is measured.

use super::measured::Measured;
use super::table::{Column, FORMATS};
use crate::ask::Ask;
use crate::items::{AT, PageQuery};
use crate::parameter::{self, Kind, Parameter};
use crate::problem::{Problem, shorten};
use crate::published::ServedLayer;
use onemap_model::{FieldType, Layer};

/// More fields than these in one list.
const MAX_FIELDS: usize = 8;

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
pub(super) enum Op {
    Sum,
    Avg,
    Min,
    Max,
}

/// What is asked.
pub(super) struct Question {
    pub query: PageQuery,
    pub group_by: Vec<usize>,
    pub by: Option<By>,
    pub wanted: Vec<(Op, usize)>,
    pub area: Option<Measured>,
    pub length: Option<Measured>,
}

/// The layer whose areas make groups.
pub(super) struct By {
    pub layer: ServedLayer,
    pub field: Option<usize>,
    pub share: Share,
}

/// How a feature counts that lies in several areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    Point,
    Area,
}

impl Question {
    /// Reads it.
    ///
    /// # Errors
    /// 400 naming what cannot be.
    pub fn read(ask: &Ask, query: PageQuery, by: Option<ServedLayer>) -> Result<Self, Problem> {
        let layer = query.layer.definition();
        let list = |name: &str| {
            ask.params
                .get(name)
                .map_or(Ok(Vec::new()), |text| fields(name, text, layer))
        };
        let mut wanted = Vec::new();
        for op in Op::ALL {
            let name = op.names().0;
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

    /// Whether features count by the shares of their areas.
    pub fn is_shared(&self) -> bool {
        self.by.as_ref().is_some_and(|by| by.share == Share::Area)
    }

    /// What tells groups apart.
    pub fn names(&self) -> Vec<Column> {
        let fields = self.query.layer.definition().fields();
        let own = self.group_by.iter().map(|&at| Column::of_field(&fields[at]));
        let mut names: Vec<Column> = own.collect();
        if let Some(by) = &self.by {
            let layer = by.layer.definition();
            let is_taken = names.iter().any(|own| own.name == by.layer.name());
            let id = if is_taken {
                format!("{}.id", by.layer.name())
            } else {
                by.layer.name().to_owned()
            };
            let mut before = vec![Column::new(id, &layer.title)];
            before.extend(by.field.map(|at| {
                let field = Column::of_field(&layer.fields()[at]);
                Column::new(format!("{}.{}", by.layer.name(), field.name), field.title)
            }));
            names.splice(0..0, before);
        }
        names
    }

    /// The name of a field.
    pub fn field_name(&self, at: usize) -> &str {
        self.query.layer.definition().fields()[at].name.as_str()
    }

    /// How shares of areas are measured: as the areas themselves.
    pub fn share_measure(&self) -> Measured {
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
    pub const ALL: [Op; 4] = [Op::Sum, Op::Avg, Op::Min, Op::Max];

    /// What programs and people call it.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Op::Sum => ("sum", "合计 · Sum"),
            Op::Avg => ("avg", "平均 · Mean"),
            Op::Min => ("min", "最小 · Smallest"),
            Op::Max => ("max", "最大 · Largest"),
        }
    }

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
