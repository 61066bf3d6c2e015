//! A second program that edits a GeoPackage: plain SQL, with the functions that the standard's triggers need.

#![allow(dead_code, reason = "each test file uses its own part")]

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Opens the file as any program would.
pub fn connect(path: &Path) -> Connection {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    for (name, at) in [("ST_MinX", 0), ("ST_MaxX", 0), ("ST_MinY", 8), ("ST_MaxY", 8)] {
        db.create_scalar_function(name, 1, FunctionFlags::SQLITE_UTF8, move |context| {
            let blob = context.get_raw(0).as_blob().unwrap();
            // A point without envelope: eight bytes of header, five of WKB, two doubles.
            let bytes: Option<[u8; 8]> = blob.get(13 + at..21 + at).and_then(|bytes| bytes.try_into().ok());
            Ok(bytes.map(f64::from_le_bytes))
        })
        .unwrap();
    }
    db.create_scalar_function("ST_IsEmpty", 1, FunctionFlags::SQLITE_UTF8, |context| {
        Ok(context.get_raw(0).as_blob().map(|blob| blob.len() < 29).ok())
    })
    .unwrap();
    db
}

/// A point as GDAL writes it, in SQL.
pub fn point(x: f64, y: f64) -> String {
    let mut bytes = b"GP\0\x01".to_vec();
    bytes.extend_from_slice(&4490_i32.to_le_bytes());
    bytes.extend_from_slice(&[1, 1, 0, 0, 0]);
    bytes.extend_from_slice(&x.to_le_bytes());
    bytes.extend_from_slice(&y.to_le_bytes());
    format!(
        "x'{}'",
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    )
}
