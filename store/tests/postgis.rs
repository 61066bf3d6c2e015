//! The PostGIS store beside other programs: a second connection plays `psql`, QGIS and `ogr2ogr`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "postgis/edits.rs"]
mod edits;
#[path = "postgis/place.rs"]
mod place;
mod support;
#[path = "postgis/tables.rs"]
mod tables;
