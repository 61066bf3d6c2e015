//! From the files that a city's departments really have to the layers of its one map.
//!
//! A source is read, decoded, checked, turned to the store's CRS and loaded, as one version or not at all. This crate
//! knows file formats, encodings and projections (through GDAL); it knows no HTTP and no tiles.
//!
//! The way of a row: [`source`] opens files and unpacks archives; [`plan`] settles, before anything is written, how
//! each layer is read and what it becomes; [`rows`] reads, decodes, checks and turns the features one by one; [`load`]
//! hands them to the store, [`check`] throws them away; [`summary`] and [`report`] say what was found.

pub mod check;
pub mod commands;
pub mod crs;
pub mod datum;
pub mod definition;
pub mod delivery;
pub mod difference;
pub mod encoding;
pub mod error;
pub mod fields;
pub mod geometry;
pub mod interrupt;
pub mod keys;
pub mod load;
pub mod local;
pub mod mapping;
pub mod messages;
pub mod mixed;
pub mod ogr;
pub mod osm;
pub mod plan;
pub mod progress;
mod pushed;
pub mod quality;
pub mod quarantine;
pub mod repair;
pub mod report;
pub mod reproject;
pub mod rows;
pub mod sample;
pub mod settings;
pub mod setup;
pub mod source;
mod stream;
pub mod suggest;
pub mod summary;
pub mod table;
pub mod values;
pub mod webmap;
pub mod written;

pub use error::{Error, Result};
