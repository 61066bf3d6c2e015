//! How features become Mapbox Vector Tiles 2.1: project and quantise, clip, clean, repair where needed, encode.
//!
//! All arithmetic from quantisation on is in whole tile units: 4096 across the tile, y downwards, 64 more on each side.
//!
//! - What a geometry has outside the buffered tile is cut off; what lies on its border belongs to it.
//! - A line is drawn if two different positions of it are left, an area if some area is left, points always.
//! - Polygons of a feature stay apart, each valid by itself, even where they touch.
//! - Collections give a tile feature for each dimension, all with the same number.

mod clip_line;
mod clip_ring;
mod draw;
mod frame;
mod layer;
mod mvt;
mod polygon;
mod repair;
mod ring;
mod simple;
mod tags;

pub(crate) use layer::layer;
