//! The columns of a table of features, for the forms that have tables.

use onemap_model::FieldType;
use onemap_model::cql2::{Datum, Subject};
use std::borrow::Cow;

/// One column.
#[derive(Debug, Clone)]
pub(super) struct Column<'a> {
    /// The name, no other column's, whatever the case.
    pub name: Cow<'a, str>,
    /// What people read.
    pub title: &'a str,
    /// What its values are.
    pub kind: FieldType,
    /// Where its values come from.
    pub source: Source,
}

/// Where the values of a column come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The feature's number.
    Fid,
    /// The layer's field in this place.
    Field(usize),
    /// The beginning of the time at which it is true.
    ValidFrom,
    /// The end of it.
    ValidTo,
    /// The distance that comes with it.
    Distance,
}

impl<'a> Column<'a> {
    /// A column that is no field.
    pub fn of(name: impl Into<Cow<'a, str>>, kind: FieldType, source: Source) -> Self {
        Self {
            name: name.into(),
            title: match source {
                Source::Distance => "距离 · Distance [m]",
                _ => "",
            },
            kind,
            source,
        }
    }

    /// The value of a feature in this column.
    pub fn value<'f>(&self, feature: &'f dyn Subject, distance_m: Option<f64>) -> Datum<'f> {
        let moment = |at: Option<_>| at.map_or(Datum::Null, Datum::DateTime);
        match self.source {
            Source::Fid => Datum::Int(feature.fid().as_i64()),
            Source::Field(at) => feature.value(at),
            Source::ValidFrom => moment(feature.valid().from()),
            Source::ValidTo => moment(feature.valid().to()),
            Source::Distance => distance_m.map_or(Datum::Null, Datum::Float),
        }
    }
}
