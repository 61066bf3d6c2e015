//! Files to read: in a directory, and copies of GeoPackages that cannot be read where they are without being changed.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::source::archive::extension;
use crate::source::folder::Folder;
use crate::source::format::Format;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 16;

/// The data sets in a directory and below, in the order of their names.
///
/// A `.dbf` beside a `.shp` of the same name is part of it. What nothing reads (readme, `.prj`) is passed over.
///
/// # Errors
/// Where a folder cannot be listed.
pub fn in_directory(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(dir, 0, &mut found)?;
    let shapes: Vec<PathBuf> = found
        .iter()
        .filter(|p| extension(p) == "shp")
        .map(|p| p.with_extension(""))
        .collect();
    found.retain(|path| extension(path) != "dbf" || !shapes.contains(&path.with_extension("")));
    found.sort();
    Ok(found)
}

fn collect(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    interrupt::check()?;
    for entry in std::fs::read_dir(dir).map_err(|e| Error::io(dir, e))? {
        let path = entry.map_err(|e| Error::io(dir, e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "__MACOSX" {
            continue;
        }
        if Format::of(&path).is_some() {
            found.push(path);
        } else if path.is_dir() && !path.is_symlink() && depth < MAX_DEPTH {
            collect(&path, depth + 1, found)?;
        }
    }
    Ok(())
}

/// A copy of a GeoPackage whose reading would write beside it: one in WAL mode, or with a journal left behind.
///
/// # Errors
/// Where copying fails.
pub fn settled_copy(path: &Path, unpacked: &mut Vec<Folder>) -> Result<Option<PathBuf>> {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    if !is_wal(path) && !beside("-journal").exists() && !beside("-wal").exists() {
        return Ok(None);
    }
    let dir = Folder::new()?;
    let copy = dir.path().join(path.file_name().unwrap_or("copy.gpkg".as_ref()));
    for suffix in ["", "-wal", "-journal"] {
        let from = beside(suffix);
        let mut to = copy.as_os_str().to_owned();
        to.push(suffix);
        if from.exists() {
            std::fs::copy(&from, &to).map_err(|e| Error::io(&from, e))?;
        }
    }
    unpacked.push(dir);
    Ok(Some(copy))
}

/// Whether an SQLite file says that it is in WAL mode (file format, 1.3.3).
fn is_wal(path: &Path) -> bool {
    let mut head = [0; 20];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head[18] == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapefiles_take_their_tables_along_and_the_rest_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("sub/x.gdb")).unwrap();
        for name in [
            "a.shp",
            "a.dbf",
            "b.dbf",
            "readme.txt",
            ".hidden.shp",
            "sub/c.geojson",
            "sub/x.gdb/a00000001.gdbtable",
        ] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        let found = in_directory(dir.path()).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|p| p.strip_prefix(dir.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["a.shp", "b.dbf", "sub/c.geojson", "sub/x.gdb"]);
    }

    #[test]
    fn a_geopackage_in_wal_mode_is_read_from_a_copy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.gpkg");
        let mut bytes = vec![0; 100];
        std::fs::write(&path, &bytes).unwrap();
        let mut kept = Vec::new();
        assert_eq!(settled_copy(&path, &mut kept).unwrap(), None);
        bytes[18] = 2;
        std::fs::write(&path, &bytes).unwrap();
        assert!(settled_copy(&path, &mut kept).unwrap().unwrap().is_file());
    }
}
