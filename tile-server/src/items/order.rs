//! `sortby`: the order of features (OGC API Features, part 5's sortables).
//!
//! Values are compared by their type: numbers by size, texts by their code points, times by time. What has no value comes
//! last, whichever way; equal ones come in the order of their numbers.

use crate::problem::{Problem, shorten};
use onemap_atlas::{Direction, FeatureView};
use onemap_model::cql2::{Datum, Queryable, Source, queryables};
use onemap_model::{Date, Fid, FieldType, Instant, Layer};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The parameter.
pub(crate) const SORTBY: &str = "sortby";
/// More keys than anybody means.
const MAX_KEYS: usize = 16;

/// By what features are sorted; by their numbers in the end.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Order {
    keys: Vec<Key>,
}

#[derive(Debug, Clone, PartialEq)]
struct Key {
    source: Source,
    sense: Sense,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    Ascending,
    Descending,
}

/// The place of a feature in an order.
#[derive(Debug, Clone)]
pub(super) struct Rank<'a> {
    parts: Vec<Part<'a>>,
    fid: Fid,
}

/// The value of one key. Null comes last, so it is the last here.
#[derive(Debug, Clone, PartialEq)]
enum Part<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Date(Date),
    Time(Instant),
    Null,
}

/// What a page can be sorted by.
pub(crate) fn sortables(layer: &Layer) -> Vec<Queryable<'_>> {
    let is_sortable = |one: &Queryable<'_>| match one.source {
        Source::Geometry => false,
        Source::Field(at) => !matches!(layer.fields()[at].field_type, FieldType::Bytes | FieldType::Array),
        _ => true,
    };
    queryables(layer).into_iter().filter(is_sortable).collect()
}

impl Order {
    /// Reads `+name,-area`; a plus may be left out, and is a space where it was not encoded.
    ///
    /// # Errors
    /// 400 naming what cannot be sorted by.
    pub(crate) fn parse(text: &str, layer: &Layer) -> Result<Self, Problem> {
        let known = sortables(layer);
        let key = |part: &str| {
            let (sense, name) = match part.strip_prefix('-') {
                Some(name) => (Sense::Descending, name),
                None => (Sense::Ascending, part.trim_start_matches(['+', ' '])),
            };
            let found = known.iter().find(|one| one.name == name.trim());
            let source = found.map(|one| one.source).ok_or_else(|| unknown(name, &known))?;
            Ok(Key { source, sense })
        };
        let keys = text.split(',').map(key).collect::<Result<Vec<_>, Problem>>()?;
        if keys.len() > MAX_KEYS {
            return Err(Problem::bad_request(format!("{SORTBY}: more than {MAX_KEYS} names")));
        }
        Ok(Self { keys })
    }

    /// Whether it is that of the features' numbers alone.
    pub(super) fn is_natural(&self) -> bool {
        self.keys.is_empty()
    }

    /// Where a feature stands.
    pub(super) fn rank<'a>(&self, feature: &FeatureView<'a>) -> Rank<'a> {
        Rank {
            parts: self.keys.iter().map(|key| key.part(feature)).collect(),
            fid: feature.fid(),
        }
    }

    /// Whether a feature surely comes after `other`, going in `direction`: a look at one value.
    pub(super) fn is_surely_after(&self, feature: &FeatureView<'_>, other: &Rank<'_>, direction: Direction) -> bool {
        let Some(key) = self.keys.first() else {
            return false;
        };
        let order = key.compare(&key.part(feature), &other.parts[0]);
        match direction {
            Direction::Forward => order.is_gt(),
            Direction::Backward => order.is_lt(),
        }
    }

    /// Which of two comes first, going in `direction`.
    pub(super) fn compare(&self, a: &Rank<'_>, b: &Rank<'_>, direction: Direction) -> Ordering {
        let parts = self.keys.iter().zip(a.parts.iter().zip(&b.parts));
        let mut orders = parts.map(|(key, (a, b))| key.compare(a, b));
        let order = orders.find(|order| order.is_ne()).unwrap_or_else(|| a.fid.cmp(&b.fid));
        match direction {
            Direction::Forward => order,
            Direction::Backward => order.reverse(),
        }
    }
}

impl Key {
    fn part<'a>(&self, feature: &FeatureView<'a>) -> Part<'a> {
        let time = |at: Option<Instant>| at.map_or(Part::Null, Part::Time);
        match self.source {
            Source::Field(at) => Part::of(feature.datum(at)),
            Source::Geometry => Part::Null,
            Source::PublicId => Part::Text(feature.public_id()),
            Source::Fid => Part::Int(feature.fid().as_i64()),
            Source::ValidFrom => time(feature.valid().from()),
            Source::ValidTo => time(feature.valid().to()),
        }
    }

    fn compare(&self, a: &Part<'_>, b: &Part<'_>) -> Ordering {
        let order = a.compare(b);
        match (self.sense, a, b) {
            (Sense::Ascending, ..) | (_, Part::Null, _) | (_, _, Part::Null) => order,
            (Sense::Descending, ..) => order.reverse(),
        }
    }
}

impl<'a> Part<'a> {
    fn of(datum: Datum<'a>) -> Self {
        match datum {
            Datum::Bool(value) => Part::Bool(value),
            Datum::Int(value) => Part::Int(value),
            // Zero is zero, whatever its sign.
            Datum::Float(value) => Part::Float(value + 0.0),
            Datum::Text(value) => Part::Text(value),
            Datum::Date(value) => Part::Date(value),
            Datum::DateTime(value) => Part::Time(value),
            Datum::Null | Datum::Bytes(_) | Datum::Array(_) => Part::Null,
        }
    }

    /// Values of a type by themselves; types one after the other.
    fn compare(&self, other: &Part<'_>) -> Ordering {
        match (self, other) {
            (Part::Bool(a), Part::Bool(b)) => a.cmp(b),
            (Part::Int(a), Part::Int(b)) => a.cmp(b),
            (Part::Float(a), Part::Float(b)) => a.total_cmp(b),
            (Part::Text(a), Part::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Part::Date(a), Part::Date(b)) => a.cmp(b),
            (Part::Time(a), Part::Time(b)) => a.cmp(b),
            (a, b) => a.kind().cmp(&b.kind()),
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Part::Bool(_) => 0,
            Part::Int(_) => 1,
            Part::Float(_) => 2,
            Part::Text(_) => 3,
            Part::Date(_) => 4,
            Part::Time(_) => 5,
            Part::Null => 6,
        }
    }
}

fn unknown(name: &str, known: &[Queryable<'_>]) -> Problem {
    let known: Vec<_> = known.iter().map(|one| one.name).collect();
    let (name, known) = (shorten(name), known.join(", "));
    Problem::bad_request(format!(
        "{SORTBY}: {name:?} is nothing to sort by: expected {known}, each with - before it for descending"
    ))
}
