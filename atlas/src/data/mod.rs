//! How features are kept: contiguous arrays, one entry or range for each feature, in one common order.

pub(crate) mod bits;
pub(crate) mod clearance;
pub(crate) mod column;
pub(crate) mod column_builder;
pub(crate) mod interner;
pub(crate) mod offsets;
pub(crate) mod packed;
pub(crate) mod shapes;
pub(crate) mod shapes_builder;
mod shapes_stored;
pub(crate) mod sparse;
mod stored;
pub(crate) mod times;
