//! What a filter is asked of.

use super::datum::Datum;
use crate::{Bbox, Feature, Fid, Geometry, Layer, TimeSpan};
use std::borrow::Cow;

/// A row that can be asked for its values, one by one: only those that decide are read.
pub trait Subject {
    /// The value of the layer's field in this place; null where there is no such field.
    fn value(&self, field: usize) -> Datum<'_>;

    /// The geometry; none where it is null.
    fn geometry(&self) -> Option<Cow<'_, Geometry>>;

    /// As [`Subject::geometry`]; what has to be made is made in `room`, whose memory is used again.
    fn geometry_in<'s>(&'s self, room: &'s mut Geometry) -> Option<&'s Geometry> {
        match self.geometry()? {
            Cow::Borrowed(geometry) => Some(geometry),
            Cow::Owned(geometry) => {
                *room = geometry;
                Some(room)
            }
        }
    }

    /// The smallest box around the geometry, or any box around that; none where there is no position.
    fn bbox(&self) -> Option<Bbox>;

    /// The public id.
    fn public_id(&self) -> Cow<'_, str>;

    /// The number.
    fn fid(&self) -> Fid;

    /// When it is true.
    fn valid(&self) -> TimeSpan;
}

/// A feature beside its layer.
#[derive(Debug, Clone, Copy)]
pub struct FeatureOf<'a>(pub &'a Layer, pub &'a Feature);

impl Subject for FeatureOf<'_> {
    fn value(&self, field: usize) -> Datum<'_> {
        self.1.row.values.get(field).map_or(Datum::Null, Datum::from)
    }

    fn geometry(&self) -> Option<Cow<'_, Geometry>> {
        self.1.row.geometry.as_ref().map(Cow::Borrowed)
    }

    fn bbox(&self) -> Option<Bbox> {
        self.1.row.geometry.as_ref().and_then(Geometry::bbox)
    }

    fn public_id(&self) -> Cow<'_, str> {
        Cow::Owned(self.0.public_id(self.1))
    }

    fn fid(&self) -> Fid {
        self.1.fid
    }

    fn valid(&self) -> TimeSpan {
        self.1.row.valid
    }
}
