//! What a layer costs.

use std::ops::Add;

/// Bytes on the heap, by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryUse {
    /// Exact coordinates and heights, f64.
    pub coordinates: usize,
    /// Projected coordinates, i32.
    pub projected: usize,
    /// Which vertices make which paths, which paths make which features.
    pub structure: usize,
    /// The R-tree, boxes of the features included.
    pub tree: usize,
    /// Values of all fields, dictionaries included.
    pub attributes: usize,
    /// Feature numbers, the ways from number and public id to feature, and which features are no longer true.
    pub identity: usize,
    /// Valid times.
    pub times: usize,
}

impl MemoryUse {
    /// All parts together.
    pub fn total(&self) -> usize {
        self.coordinates + self.projected + self.structure + self.tree + self.attributes + self.identity + self.times
    }
}

impl Add for MemoryUse {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            coordinates: self.coordinates + other.coordinates,
            projected: self.projected + other.projected,
            structure: self.structure + other.structure,
            tree: self.tree + other.tree,
            attributes: self.attributes + other.attributes,
            identity: self.identity + other.identity,
            times: self.times + other.times,
        }
    }
}
