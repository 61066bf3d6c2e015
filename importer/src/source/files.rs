//! Which files a source consists of.

use super::archive::extension;
use super::database;
use super::format::Format;
use super::places;
use crate::error::{Error, Result};
use crate::interrupt;
use std::path::{Path, PathBuf};

/// What belongs to a shapefile, beside it.
const OF_SHAPEFILE: [&str; 5] = ["shp", "shx", "dbf", "prj", "cpg"];

/// The files of what the user named `name`, in the order of their names; none where it is no file of this machine.
///
/// # Errors
/// Where a folder cannot be listed.
pub fn files_of(name: &str) -> Result<Vec<PathBuf>> {
    if database::is_named(name) {
        return Ok(Vec::new());
    }
    let path = Path::new(name);
    let mut found = Vec::new();
    if path.is_dir() && Format::of(path).is_none() {
        for file in places::in_directory(path)? {
            add(&file, &mut found)?;
        }
    } else {
        add(path, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn add(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for file in listed(path)? {
            found.extend(file.is_file().then_some(file));
        }
    } else if extension(path) == "shp" {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let is_part = |file: &PathBuf| {
            file.file_stem() == path.file_stem() && OF_SHAPEFILE.contains(&extension(file).as_str()) && file.is_file()
        };
        found.extend(listed(folder.unwrap_or(Path::new(".")))?.into_iter().filter(is_part));
    } else if path.is_file() {
        found.push(path.to_owned());
    }
    Ok(())
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    interrupt::check()?;
    let failed = |error| Error::io(folder, error);
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect()
}
