//! OpenStreetMap through definitions: files written for it, rightly and wrongly, and OSM's own test data.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;
#[path = "osm/grid.rs"]
mod grid;
#[path = "osm/made.rs"]
mod made;
#[path = "osm/write.rs"]
mod write;

use onemap_importer::definition::{self, Definition};
use onemap_importer::settings::Settings;
use onemap_importer::source::Source;
use onemap_importer::{plan, rows};
use onemap_model::{Crs, Findings, Row};
use std::path::Path;

/// The definition in a text.
fn definition(text: &str) -> Definition {
    definition::read("test.toml", text).unwrap()
}

/// All rows of a file through one definition, and what was found.
fn rows_of(path: &Path, definition: &Definition) -> (Vec<Row>, Findings) {
    try_rows_of(path, definition).unwrap()
}

fn try_rows_of(path: &Path, definition: &Definition) -> onemap_importer::Result<(Vec<Row>, Findings)> {
    let settings = Settings {
        definitions: vec![definition.clone()],
        ..Settings::default()
    };
    let sources = [Source::open(path.to_str().unwrap(), &settings)?];
    let plans = plan::all(&sources, &settings, Crs::WGS84)?;
    let (mut all, mut findings) = (Vec::new(), Findings::keeping(100));
    let outcome = rows::read(&plans[0], &mut findings, &mut |_, _| {}, &mut |row| {
        all.push(row);
        Ok(())
    })?;
    match outcome.broken {
        Some(reason) => Err(onemap_importer::Error::Usage(reason)),
        None => Ok((all, findings)),
    }
}
