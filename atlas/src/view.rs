//! One feature of a layer in memory.

use crate::LayerSnapshot;
use onemap_model::{Bbox, Fid, Geometry, TimeSpan, Value};

/// Reads one feature in place; what is asked for is copied out.
#[derive(Debug, Clone, Copy)]
pub struct FeatureView<'a> {
    pub(crate) layer: &'a LayerSnapshot,
    pub(crate) slot: u32,
}

impl FeatureView<'_> {
    /// Its number.
    pub fn fid(&self) -> Fid {
        self.layer.parts.fid(self.slot)
    }

    /// Its public id: the text of its key, or its number where there is no key or the key is null.
    pub fn public_id(&self) -> String {
        self.layer
            .parts
            .with_public_id(self.slot, |id| String::from_utf8_lossy(id).into_owned())
    }

    /// Where it is, in longitude and latitude; none for a null geometry. Coordinates are exactly those given.
    pub fn geometry(&self) -> Option<Geometry> {
        self.layer.parts.shapes.geometry(self.slot as usize)
    }

    /// The value of the layer's field in place `field`; null where there is no such field.
    pub fn value(&self, field: usize) -> Value {
        self.layer.parts.cell(self.slot, field).to_value()
    }

    /// When it is true.
    pub fn valid(&self) -> TimeSpan {
        self.layer.parts.times.get(self.slot as usize)
    }

    /// The smallest box around its geometry, in degrees; none where there is nothing. Costs a look at each vertex.
    pub fn bbox(&self) -> Option<Bbox> {
        Bbox::around(self.layer.parts.shapes.coords_of(self.slot as usize).iter().copied())
    }
}
