//! What a tile shows where all of it would be more than its budget: decided by rules, never by chance.
//!
//! Everything is computed for the tile from the exact features whose boxes meet it and its buffer, and from nothing
//! else: no state of its own that an edit would have to follow, and an edit reaches no further than it does in exact
//! tiles. Features of equal numbers and shapes give equal answers, whatever segments they are in.
//!
//! - `ground`: boxes in subunits of the tile's grid;
//! - `importance`: the order of features by a field, as the layer's definition says;
//! - `groups`: areas of equal values, as the layer's definition says;
//! - `thin`: which points are left when only one to a square is shown;
//! - `fabric`: the areas that are too small to be shown by themselves, as squares that keep their sum;
//! - `outline`: such squares as polygons;
//! - `thrift`: which attributes areas lose before any of them is left out;
//! - `label`: where the label of an area stands, whatever the tile shows of the area;
//! - `choice`: what is shown, level by level, until it fits.

mod choice;
mod fabric;
mod ground;
mod groups;
mod importance;
mod label;
mod outline;
mod thin;
mod thrift;

pub(crate) use choice::{Areas, Choice};
pub(crate) use label::{Label, Labels};
pub(crate) use thrift::telling_apart;
