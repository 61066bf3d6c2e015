//! placeholder
pub mod definition;
pub mod sample;
