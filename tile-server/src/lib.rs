//! The one map over HTTP: vector tiles, OGC API, styles, the viewer.
//!
//! A [`Server`] reads a store into memory and follows it. Every answer is made from an immutable snapshot; nothing here
//! knows input formats or SQL. The store is read by the follower, which makes the next snapshot, and by a few threads that
//! answer what was: no other request touches it.

mod advance;
mod analysis;
mod app;
mod ask;
mod assets;
mod boxes;
mod cache;
mod changes;
mod client;
mod collections;
mod config;
mod conformance;
mod connection;
mod crs;
mod edge;
pub mod export;
mod filter;
mod follow;
mod formats;
mod health;
mod held;
mod histogram;
mod history;
mod html;
mod items;
mod landing;
mod layer_tiles;
mod lifetime;
mod links;
mod listen;
mod load;
mod merging;
mod metrics;
mod nearest;
mod negotiate;
mod openapi;
mod opened;
mod origin;
#[cfg(test)]
mod overload;
mod parameter;
mod params;
mod past;
mod persisted;
mod pool;
mod problem;
mod published;
mod queryables;
mod representation;
mod routes;
mod selections;
mod server;
mod status;
mod style;
mod styles;
mod tile_matrix_sets;
mod tilejson;
mod tiles;
mod tilesets;
mod touch_map;
mod touched;
mod versions;
mod view;

pub use config::{Config, ConfigError, Limits, RawConfig, RawLimits, SnapshotPlace};
pub use origin::{BaseUrl, BaseUrlError};
pub use server::{ServeError, Server};
