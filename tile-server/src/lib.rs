//! The one map over HTTP: vector tiles, OGC API, styles, the viewer.
//!
//! A [`Server`] reads a store into memory and follows it. Every answer is made from an immutable snapshot; nothing here
//! knows input formats or SQL, and no request ever touches the store.

mod app;
mod ask;
mod assets;
mod boxes;
mod cache;
mod changes;
mod client;
mod collections;
mod config;
mod connection;
mod edge;
mod follow;
mod geojson;
mod health;
mod history;
mod items;
mod landing;
mod links;
mod listen;
mod load;
mod metrics;
mod negotiate;
mod openapi;
mod opened;
mod origin;
mod params;
mod pool;
mod problem;
mod published;
mod representation;
mod routes;
mod server;
mod status;
mod style;
mod styles;
mod tile_matrix_sets;
mod tilejson;
mod tiles;
mod tilesets;
mod view;

pub use config::{Config, ConfigError, Limits, RawConfig, RawLimits};
pub use origin::{BaseUrl, BaseUrlError};
pub use server::{ServeError, Server};
