//! What a layer costs.

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
    /// Feature numbers, and the ways from number and public id to feature.
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
