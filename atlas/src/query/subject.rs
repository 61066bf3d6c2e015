//! Features as filters see them.

use crate::FeatureView;
use crate::data::column::Cell;
use onemap_model::cql2::{Datum, Subject};
use onemap_model::{Bbox, Fid, Geometry, TimeSpan, Value};
use std::borrow::Cow;

impl Subject for FeatureView<'_> {
    fn value(&self, field: usize) -> Datum<'_> {
        datum(self.cell(field))
    }

    fn geometry(&self) -> Option<Cow<'_, Geometry>> {
        FeatureView::geometry(self).map(Cow::Owned)
    }

    fn geometry_in<'s>(&'s self, room: &'s mut Geometry) -> Option<&'s Geometry> {
        FeatureView::geometry_in(self, room)
    }

    fn bbox(&self) -> Option<Bbox> {
        FeatureView::bbox(self)
    }

    fn public_id(&self) -> Cow<'_, str> {
        FeatureView::public_id(self)
    }

    fn fid(&self) -> Fid {
        FeatureView::fid(self)
    }

    fn valid(&self) -> TimeSpan {
        FeatureView::valid(self)
    }
}

pub(crate) fn datum(cell: Cell<'_>) -> Datum<'_> {
    match cell {
        Cell::Null => Datum::Null,
        Cell::Bool(value) => Datum::Bool(value),
        Cell::Int(value) => Datum::Int(value),
        Cell::Float(value) => Datum::Float(value),
        Cell::Text(value) => Datum::Text(Cow::Borrowed(value)),
        Cell::Date(value) => Datum::Date(value),
        Cell::DateTime(value) => Datum::DateTime(value),
        Cell::Bytes(value) => Datum::Bytes(value),
        Cell::Other(value) => Datum::from(value as &Value),
    }
}
