//! From the text that names a store to the store.

use crate::geopackage::GeoPackage;
use crate::postgis::{self, PostGis};
use crate::{Result, Store};
use onemap_model::Crs;
use std::path::Path;

/// What opening does where there is no store yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// The store must be there, with the schema that this program knows.
    Existing,
    /// The store must be there; an older schema is brought up to date.
    Migrate,
    /// It is made where it is missing, in this coordinate system; one that is there keeps its own.
    CreateIn(Crs),
}

/// Opens the store that `text` names: the path of a GeoPackage, or `postgres://user@host/db`.
///
/// # Errors
/// [`crate::Error::NotAStore`] with what was found instead; [`crate::Error::TooNew`], [`crate::Error::Damaged`],
/// [`crate::Error::Busy`], [`crate::Error::Unreachable`]; faults of
/// the file.
pub fn open(text: &str, mode: OpenMode) -> Result<Box<dyn Store>> {
    if postgis::is_connection(text) {
        return Ok(Box::new(PostGis::open(text, mode)?));
    }
    let path = Path::new(text);
    Ok(Box::new(match mode {
        OpenMode::Existing => GeoPackage::open(path)?,
        OpenMode::Migrate => GeoPackage::migrate(path)?,
        OpenMode::CreateIn(crs) => GeoPackage::open_or_create(path, crs)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_shows_in_an_error() {
        for text in [
            "postgres://me:secret@host/db",
            "PG:password=secret",
            "postgres://host/db?password=secret",
        ] {
            let error = open(text, OpenMode::Existing).err().unwrap().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
