//! Fields by name: `properties=a,b`, and conditions such as `?zddm=420281`.

use super::when::moment;
use crate::parameter::Parameter;
use crate::params::{self, Params};
use crate::problem::{Problem, shorten};
use onemap_model::cql2::{Comparison, Expr, Kind, Literal, Place, Source, queryables};
use onemap_model::{Date, FieldType, Finite, Instant, Layer};

/// The parameter.
pub(crate) const PROPERTIES: &str = "properties";

const DAY_MICROS: i64 = 86_400_000_000;

/// The places of the fields of a list such as `name,area`, each once; of none where the list is empty.
///
/// # Errors
/// 400 naming what is no field.
pub(crate) fn properties(text: &str, layer: &Layer) -> Result<Vec<usize>, Problem> {
    let mut places = Vec::new();
    for name in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
        let place = layer.field_index(name).ok_or_else(|| {
            let known: Vec<_> = layer.fields().iter().map(|field| field.name.as_str()).collect();
            let (name, known) = (shorten(name), known.join(", "));
            Problem::bad_request(format!("{PROPERTIES}: {name:?} is no field: expected some of {known}"))
        })?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Ok(places)
}

/// The conditions that parameters named as fields make (OGC API Features, part 1, clause 7.15.5): each has to be equal.
///
/// # Errors
/// 400 naming a parameter that is none, or a value that its field cannot have.
pub(super) fn conditions(params: &Params, layer: &Layer, known_params: &[Parameter]) -> Result<Vec<Expr>, Problem> {
    let known = queryables(layer);
    let condition = |(name, text): (&str, &str)| {
        let found = known
            .iter()
            .find(|one| one.name == name && one.source != Source::Geometry);
        let one = found.ok_or_else(|| params::unknown(name, known_params))?;
        equal(name, text, kind_of(one.source, layer), layer.utc_offset_minutes)
    };
    params.beyond(known_params).map(condition).collect()
}

fn kind_of(source: Source, layer: &Layer) -> FieldType {
    match source {
        Source::Field(at) => layer.fields()[at].field_type,
        Source::Fid => FieldType::Int,
        Source::ValidFrom | Source::ValidTo => FieldType::DateTime,
        Source::PublicId | Source::Geometry => FieldType::Text,
    }
}

fn equal(name: &str, text: &str, kind: FieldType, offset_minutes: i16) -> Result<Expr, Problem> {
    let wrong = |expected: &str| {
        let text = shorten(text);
        Problem::bad_request(format!(
            "{name}: {text:?} is not what this field holds: expected {expected}"
        ))
    };
    let value = match kind {
        FieldType::Text => Some(Literal::Text(text.into())),
        FieldType::Bool => text.parse().ok().map(Literal::Bool),
        FieldType::Int => text.parse().ok().map(Literal::Int),
        FieldType::Float => text.parse().ok().and_then(Finite::new).map(Literal::Float),
        FieldType::Date => Date::parse(text).ok().map(Literal::Date),
        FieldType::DateTime => match Date::parse(text) {
            Ok(day) => return Ok(on_day(name, day.start(offset_minutes))),
            Err(_) => moment(text, offset_minutes).map(Literal::Timestamp),
        },
        FieldType::Bytes | FieldType::Array => {
            return Err(wrong("a filter instead: it cannot be asked for by equality"));
        }
    };
    let value = value.ok_or_else(|| {
        wrong(match kind {
            FieldType::Bool => "true or false",
            FieldType::Int => "a whole number",
            FieldType::Float => "a number",
            FieldType::Date => "a day such as 2024-05-01",
            _ => "a time such as 2024-05-01T08:00:00+08:00, or a day",
        })
    })?;
    Ok(compare(name, Comparison::Equal, value))
}

fn on_day(name: &str, first: Instant) -> Expr {
    let next = Instant::from_micros(first.micros() + DAY_MICROS).unwrap_or(first);
    let from = compare(name, Comparison::GreaterOrEqual, Literal::Timestamp(first));
    let until = compare(name, Comparison::Less, Literal::Timestamp(next));
    here(Kind::And(vec![from, until]))
}

fn compare(name: &str, op: Comparison, value: Literal) -> Expr {
    let pair = [here(Kind::Property(name.into())), here(Kind::Literal(value))];
    here(Kind::Compare(op, Box::new(pair)))
}

fn here(kind: Kind) -> Expr {
    Expr::new(kind, Place::default())
}
