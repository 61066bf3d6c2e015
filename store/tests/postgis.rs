//! The PostGIS store beside other programs: a second connection plays `psql`, QGIS and `ogr2ogr`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "postgis/edits.rs"]
mod edits;
#[path = "postgis/past.rs"]
mod past;
#[path = "postgis/place.rs"]
mod place;
#[path = "postgis/random.rs"]
mod random;
#[path = "postgis/session.rs"]
mod session;
mod support;
#[path = "postgis/tables.rs"]
mod tables;
#[path = "postgis/writers.rs"]
mod writers;
