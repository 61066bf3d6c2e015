//! The map in memory: immutable snapshots of every layer, from which tiles are rendered and questions answered.
//!
//! A [`LayerBuilder`] takes features in any order and makes a [`LayerSnapshot`]: features in Hilbert order, coordinates
//! and attributes in contiguous arrays, a packed R-tree over them. A [`Snapshot`] is all layers at one version and one
//! moment. Both are immutable and cheap to share between threads. [`LayerSnapshot::apply`] makes the next version of a
//! layer from what changed: a small segment more, and tombstones in the others; segments are merged as they become many.
//!
//! - `data`: how features are kept (shapes, columns, valid times);
//! - `index`: how they are found (Hilbert curve, R-tree, public ids);
//! - `generalise`: what is drawn where all of it would be too much;
//! - `render`: how they become Mapbox Vector Tiles 2.1 (quantise, clip, repair, encode);
//! - `mlt`: the same as MapLibre Tiles.
//!
//! This crate knows no SQL, no HTTP and no interchange format: the server hands it features and takes its tiles.

mod apply;
mod builder;
pub mod composite;
mod data;
mod generalise;
mod hits;
mod index;
mod layer;
mod live;
mod memory;
mod merge;
mod mlt;
mod parts;
pub mod persist;
mod query;
mod render;
mod scope;
mod segment;
mod shelf;
mod sift;
mod snapshot;
mod tiers;
mod tombstones;
mod view;
mod walk;
mod world;

pub use builder::LayerBuilder;
pub use layer::{Drawn, LayerSnapshot};
pub use memory::MemoryUse;
pub use merge::{Merge, Merged};
pub use mlt::mlt;
pub use parts::PartId;
pub use query::Query;
pub use query::nearest::{Nearest, Verdict};
pub use query::overlap::Areas;
pub use scope::Scope;
pub use sift::Further;
pub use snapshot::Snapshot;
pub use view::FeatureView;
pub use walk::Direction;
