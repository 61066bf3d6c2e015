//! Which format a file is in, by its content where that tells, by its name where it does not.

use crate::error::{Error, Result};
use crate::source::archive::extension;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// ESRI Shapefile, or a DBF table alone.
    Shapefile,
    /// OGC GeoPackage.
    GeoPackage,
    /// FlatGeobuf.
    FlatGeobuf,
    /// GeoJSON, one collection.
    GeoJson,
    /// GeoJSON, one feature a line.
    GeoJsonSeq,
    /// Comma- or tab-separated values.
    Csv,
    /// A spreadsheet, Office Open XML. It is read as the tables that its sheets are written to.
    Xlsx,
    /// OpenStreetMap, PBF or XML.
    Osm,
    /// ESRI file geodatabase: a directory.
    FileGdb,
    /// AutoCAD DXF.
    Dxf,
    /// VCT, the exchange format of land data. It is read as the GeoPackage that it is written to.
    Vct,
    /// Tables of a PostgreSQL database.
    Postgres,
}

/// Prefixes by which GDAL would reach for the network, other databases or other files.
const NOT_LOCAL: [&str; 7] = ["/vsi", "http:", "https:", "ftp:", "s3:", "wfs:", "mysql:"];

impl Format {
    /// The name of GDAL's driver; no other one ever sees the file.
    pub fn driver(self) -> &'static str {
        match self {
            Format::Shapefile => "ESRI Shapefile",
            Format::GeoPackage | Format::Vct => "GPKG",
            Format::FlatGeobuf => "FlatGeobuf",
            Format::GeoJson => "GeoJSON",
            Format::GeoJsonSeq => "GeoJSONSeq",
            Format::Csv | Format::Xlsx => "CSV",
            Format::Osm => "OSM",
            Format::FileGdb => "OpenFileGDB",
            Format::Dxf => "DXF",
            Format::Postgres => "PostgreSQL",
        }
    }

    /// The format of a file, or of a directory that is a geodatabase; none where it is nothing that can be read.
    pub fn of(path: &Path) -> Option<Self> {
        if path.is_dir() {
            return is_geodatabase(path).then_some(Format::FileGdb);
        }
        let head = head(path);
        let by_name = match extension(path).as_str() {
            "shp" | "dbf" => Some(Format::Shapefile),
            "gpkg" => Some(Format::GeoPackage),
            "fgb" => Some(Format::FlatGeobuf),
            "geojson" | "json" => Some(Format::GeoJson),
            "geojsonl" | "geojsons" | "ndjson" | "jsonl" => Some(Format::GeoJsonSeq),
            "csv" | "tsv" => Some(Format::Csv),
            "xlsx" | "xlsm" => Some(Format::Xlsx),
            "pbf" | "osm" => Some(Format::Osm),
            "dxf" => Some(Format::Dxf),
            "vct" => Some(Format::Vct),
            _ => None,
        };
        if head.starts_with(b"SQLite format 3\0") {
            return (by_name.is_none() || by_name == Some(Format::GeoPackage)).then_some(Format::GeoPackage);
        }
        if head.starts_with(b"fgb\x03") {
            return Some(Format::FlatGeobuf);
        }
        by_name
    }
}

/// Refuses what names no file of this machine.
///
/// # Errors
/// With what to do instead.
pub fn must_be_local(source: &str) -> Result<()> {
    let lower = source.to_lowercase();
    if NOT_LOCAL.iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(Error::source(
            source,
            "only files on this machine are read: fetch it first",
        ));
    }
    Ok(())
}

/// Why a file that is no [`Format`] cannot be read, and what to do.
pub fn advice(path: &Path) -> &'static str {
    match extension(path).as_str() {
        "dwg" => "DWG carries no georeference that can be read: save it as DXF and declare its system with --crs",
        "xls" | "xlsb" | "ods" | "et" => "this kind of spreadsheet is not read: save it as .xlsx or CSV",
        "mdb" | "accdb" => "personal geodatabases are not read: export it as a file geodatabase (.gdb) or GeoPackage",
        "tar" | "tgz" | "rar" | "7z" | "xz" | "bz2" => "this kind of archive is not unpacked: use .zip or .gz",
        _ => {
            "no format that is read here: expected Shapefile, GeoPackage, FlatGeobuf, GeoJSON, CSV, XLSX, OSM PBF, \
             FileGDB, DXF or VCT, also in .zip or .gz"
        }
    }
}

/// Whether a file begins with the byte order mark of UTF-16.
pub fn is_utf16(path: &Path) -> bool {
    let head = head(path);
    head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}

fn is_geodatabase(dir: &Path) -> bool {
    extension(dir) == "gdb" || dir.join("a00000001.gdbtable").is_file()
}

fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    if let Ok(file) = File::open(path) {
        // An unreadable file has an empty head here; opening it says why.
        let _ = file.take(16).read_to_end(&mut head);
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_seen_in_the_content_before_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let check = |name: &str, content: &[u8], expected: Option<Format>| {
            let path = dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            assert_eq!(Format::of(&path), expected, "{name}");
        };
        check("a.gpkg", b"SQLite format 3\0", Some(Format::GeoPackage));
        check("b.bin", b"fgb\x03fgb\x01", Some(Format::FlatGeobuf));
        check("c.SHP", b"", Some(Format::Shapefile));
        check("d.osm.pbf", b"", Some(Format::Osm));
        check("e.csv", b"SQLite format 3\0", None);
        check("f.dwg", b"AC1015", None);
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        for bad in [
            "/vsicurl/http://x/a.shp",
            "HTTP://x/a.json",
            "WFS:http://x",
            "s3://bucket/a",
        ] {
            assert!(
                must_be_local(bad).unwrap_err().to_string().contains("on this machine"),
                "{bad}"
            );
        }
        assert!(must_be_local("data/wfs.shp").is_ok());
    }
}
