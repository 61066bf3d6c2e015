//! How features are found.

pub(crate) mod hilbert;
pub(crate) mod ids;
pub(crate) mod numbers;
pub(crate) mod order;
pub(crate) mod rtree;
