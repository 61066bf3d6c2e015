//! Checks (质检): what is wrong with the geometries, the values and the topology of what is read.
//!
//! [`predicate`], [`sweep`] and [`inside`] are exact geometry. [`validity`] judges single geometries by the standard,
//! [`shape`] by what surveyors reject beside that. [`layer`] judges the rows of a layer by its [`rules`] while they are
//! read, and keeps what [`city`] needs for the checks among features and between layers: [`overlaps`], [`gaps`],
//! [`within`], [`named`], [`lineage`].
//!
//! Memory: 8 bytes a row for each thing that must be unique (24 where rows have valid times); for a layer whose topology
//! is checked 16 bytes a vertex and about 120 a feature, at most [`shapes::MOST_VERTICES`] vertices.

pub mod backdrop;
pub mod city;
pub mod codes;
pub mod gaps;
pub mod inside;
pub mod layer;
pub mod lineage;
pub mod measure;
pub mod named;
pub mod overlaps;
pub mod predicate;
pub mod rules;
pub mod shape;
pub mod shapes;
pub mod sweep;
pub mod tree;
pub mod validity;
pub mod within;

pub use city::City;
pub use rules::Rules;
