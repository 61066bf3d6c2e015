//! The nine intersections of the interiors, boundaries and exteriors of two geometries (DE-9IM).

use super::figure::Place;
use crate::Dimension;
use crate::cql2::ops::SpatialOp;

/// The dimension of each intersection; none where it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Matrix([[Option<Dimension>; 3]; 3]);

impl Matrix {
    /// Nothing in common but the exteriors.
    pub fn new() -> Self {
        let mut matrix = Self([[None; 3]; 3]);
        matrix.add(Place::Exterior, Place::Exterior, Dimension::Area);
        matrix
    }

    /// Notes that a part of this dimension lies here to the one and there to the other.
    pub fn add(&mut self, a: Place, b: Place, dimension: Dimension) {
        let cell = &mut self.0[a as usize][b as usize];
        *cell = (*cell).max(Some(dimension));
    }

    /// The matrix of the geometries in the other order.
    pub fn transposed(&self) -> Self {
        let mut matrix = *self;
        for (a, row) in self.0.iter().enumerate() {
            for (b, cell) in row.iter().enumerate() {
                matrix.0[b][a] = *cell;
            }
        }
        matrix
    }

    fn has(&self, a: Place, b: Place) -> bool {
        self.0[a as usize][b as usize].is_some()
    }

    /// Whether the relation holds between geometries of these dimensions.
    pub fn holds(&self, op: SpatialOp, a: Dimension, b: Dimension) -> bool {
        use Place::{Boundary, Exterior, Interior};
        let interiors = self.0[Interior as usize][Interior as usize];
        let touches = self.has(Interior, Boundary) || self.has(Boundary, Interior) || self.has(Boundary, Boundary);
        let a_outside = self.has(Interior, Exterior);
        let b_outside = self.has(Exterior, Interior);
        let within = interiors.is_some() && !a_outside && !self.has(Boundary, Exterior);
        let contains = interiors.is_some() && !b_outside && !self.has(Exterior, Boundary);
        match op {
            SpatialOp::Intersects => interiors.is_some() || touches,
            SpatialOp::Disjoint => interiors.is_none() && !touches,
            SpatialOp::Equals => within && contains,
            SpatialOp::Touches => interiors.is_none() && touches,
            SpatialOp::Within => within,
            SpatialOp::Contains => contains,
            SpatialOp::Overlaps => a == b && interiors == Some(a) && a_outside && b_outside,
            SpatialOp::Crosses => match a.cmp(&b) {
                std::cmp::Ordering::Less => interiors.is_some() && a_outside,
                std::cmp::Ordering::Greater => interiors.is_some() && b_outside,
                std::cmp::Ordering::Equal => a == Dimension::Line && interiors == Some(Dimension::Point),
            },
        }
    }

    /// As `FF2FF1212`.
    #[cfg(test)]
    pub fn pattern(&self) -> String {
        let cells = self.0.iter().flatten();
        cells
            .map(|cell| cell.map_or('F', |dimension| char::from(b'0' + dimension as u8)))
            .collect()
    }
}
