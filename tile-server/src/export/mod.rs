//! Layers as files.

pub mod pmtiles;
