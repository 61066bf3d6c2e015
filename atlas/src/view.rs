//! One feature of a layer in memory.

use crate::data::column::Cell;
use crate::query::intersect;
use crate::query::subject::datum;
use crate::segment::Segment;
use onemap_model::cql2::Datum;
use onemap_model::{Bbox, Feature, Fid, Geometry, Row, TimeSpan, Value};
use std::borrow::Cow;

/// Reads one feature in place; what is asked for is copied out.
#[derive(Debug, Clone, Copy)]
pub struct FeatureView<'a> {
    segment: &'a Segment,
    slot: u32,
}

impl<'a> FeatureView<'a> {
    pub(crate) fn new(segment: &'a Segment, slot: u32) -> Self {
        Self { segment, slot }
    }

    /// Its number.
    pub fn fid(&self) -> Fid {
        self.segment.fid(self.slot)
    }

    /// Its public id: the text of its key, or its number where there is no key or the key is null.
    pub fn public_id(&self) -> Cow<'a, str> {
        self.segment.public_id(self.slot)
    }

    /// Where it is, in longitude and latitude; none for a null geometry. Coordinates are exactly those given.
    pub fn geometry(&self) -> Option<Geometry> {
        self.segment.shapes.geometry(self.slot as usize)
    }

    /// As [`FeatureView::geometry`], made in `room`, whose memory is used again.
    pub fn geometry_in<'r>(&self, room: &'r mut Geometry) -> Option<&'r Geometry> {
        self.segment.shapes.geometry_in(self.slot as usize, room)
    }

    /// The value of the layer's field in place `field`; null where there is no such field.
    pub fn value(&self, field: usize) -> Value {
        self.segment.cell(self.slot, field).to_value()
    }

    /// The same, borrowed from the layer: no copy of a text is made.
    pub fn datum(&self, field: usize) -> Datum<'a> {
        datum(self.segment.cell(self.slot, field))
    }

    /// Whether its geometry has a point in common with the box, as [`crate::Query::bbox`] means it.
    pub fn touches(&self, bbox: Bbox) -> bool {
        intersect::touches(&self.segment.shapes, self.slot as usize, bbox)
    }

    pub(crate) fn cell(&self, field: usize) -> Cell<'_> {
        self.segment.cell(self.slot, field)
    }

    /// When it is true.
    pub fn valid(&self) -> TimeSpan {
        self.segment.times.get(self.slot as usize)
    }

    /// The smallest box around its geometry, in degrees; none where there is nothing. Costs a look at each vertex.
    pub fn bbox(&self) -> Option<Bbox> {
        Bbox::around(self.segment.shapes.coords_of(self.slot as usize).iter().copied())
    }

    /// All of it, copied: a value for each field of the layer.
    pub fn to_feature(&self) -> Feature {
        let row = Row {
            geometry: self.geometry(),
            values: (0..self.segment.columns.len()).map(|field| self.value(field)).collect(),
            valid: self.valid(),
        };
        Feature { fid: self.fid(), row }
    }
}
