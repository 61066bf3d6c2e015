//! Checks (质检): what is wrong with the geometries, the values and the topology of what is read.
//!
//! `predicate`, `sweep` and `inside` are exact geometry; [`validity`] judges single geometries by the standard,
//! [`shape`] by what surveyors reject beside that.

pub mod inside;
pub mod predicate;
pub mod sweep;
pub mod validity;
