//! How two geometries stand to each other (OGC Simple Features, clause 6.1.15), in the plane of their coordinates.
//!
//! - `segment`: what two segments have in common, exact in all that decides;
//! - `figure`: a geometry as points and tracks, and where a point lies to it;
//! - `pairs`: which segments may meet;
//! - `intersects`: whether there is any point in common, which is most of what is asked;
//! - `walk`, `matrix`: the nine intersections of interiors, boundaries and exteriors, for all else.
//!
//! Every geometry has an answer. Areas are what the even-odd rule makes of their rings; where rings cross themselves or
//! each other, the answer is about what is seen there, without a promise which.

mod figure;
mod intersects;
mod matrix;
mod pairs;
mod segment;
mod walk;

use super::ops::SpatialOp;
use crate::{Bbox, Geometry};
use figure::Figure;
use matrix::Matrix;

/// A geometry of the filter, with what is asked of it again and again.
#[derive(Debug)]
pub(super) struct Prepared {
    geometry: Geometry,
    bbox: Option<Bbox>,
}

impl Prepared {
    pub fn new(geometry: Geometry) -> Self {
        let bbox = geometry.bbox();
        Self { geometry, bbox }
    }

    /// The smallest box around it; none where it is empty.
    pub fn bbox(&self) -> Option<Bbox> {
        self.bbox
    }

    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    pub fn vertex_count(&self) -> usize {
        self.geometry.coord_count()
    }
}

/// The relation that says the same of the operands in the other order.
pub(super) fn mirrored(op: SpatialOp) -> SpatialOp {
    match op {
        SpatialOp::Within => SpatialOp::Contains,
        SpatialOp::Contains => SpatialOp::Within,
        same => same,
    }
}

/// Whether the relation holds between two geometries of the filter.
pub(super) fn holds(op: SpatialOp, a: &Prepared, b: &Prepared) -> bool {
    match (a.bbox, b.bbox) {
        (Some(own), Some(other)) if own.intersects(&other) => holds_beside(op, &a.geometry, b),
        (None, None) => matches!(op, SpatialOp::Equals | SpatialOp::Disjoint),
        _ => op == SpatialOp::Disjoint,
    }
}

/// Whether the relation holds between a geometry and one of the filter whose box it meets.
pub(super) fn holds_beside(op: SpatialOp, a: &Geometry, b: &Prepared) -> bool {
    let (a, b) = (Figure::new(a), Figure::new(&b.geometry));
    match op {
        SpatialOp::Intersects => intersects::intersects(&a, &b),
        SpatialOp::Disjoint => !intersects::intersects(&a, &b),
        op => relate(&a, &b).holds(op, a.dimension(), b.dimension()),
    }
}

fn relate(a: &Figure<'_>, b: &Figure<'_>) -> Matrix {
    walk::relate(a, b)
}

#[cfg(test)]
mod tests;
