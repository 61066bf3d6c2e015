//! What the end-to-end tests share: the real files, the built programs, and oracles that own no code with them.
//!
//! The oracles are `ogr2ogr` for what a file holds ([`source`]), an independent library for what a tile holds
//! ([`mvt`]), and a clip in `f64` for what it should hold ([`brute`]). The tests themselves are in `tests/`.
//!
//! Nothing here is used by any program; a failure panics, as tests do.
#![allow(clippy::unwrap_used, reason = "test support: a failure is a failed test")]

pub mod attributes;
pub mod brute;
pub mod editor;
pub mod http;
pub mod live;
pub mod loaded;
pub mod mvt;
pub mod programs;
pub mod proxy;
pub mod rng;
pub mod shared;
pub mod source;
