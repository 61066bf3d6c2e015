//! How features become Mapbox Vector Tiles 2.1: project and quantise, clip, clean, repair where needed, encode.
//!
//! A tile is 4096 units wide, y downwards, and 64 more are drawn on each side. Geometry is cut in whole *subunits*, then
//! rounded; from there on all arithmetic is in whole units.
//!
//! - What a geometry has outside the buffered tile is cut off; what lies on its border belongs to it.
//! - A line is drawn if two different positions of it are left, an area if some area is left, points always.
//! - The polygons of a feature are valid together (OGC Simple Features): those that rounding lets overlap, or touch in
//!   more than points, become one.
//! - Collections give a tile feature for each dimension, all with the same number.

mod clip_line;
mod clip_ring;
mod draw;
mod frame;
mod labels;
mod layer;
mod message;
mod mvt;
mod nest;
mod polygon;
mod repair;
mod ring;
mod simple;
mod tags;
mod values;

pub(crate) use frame::search_box;
pub(crate) use layer::layer;
pub(crate) use mvt::{put_varint, zigzag};
