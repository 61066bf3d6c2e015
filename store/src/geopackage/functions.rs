//! The SQL functions that the standard's R-tree triggers call (OGC 12-128r18, annex F.3).

use super::blob;
use onemap_model::Bbox;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

type Border = fn(&Bbox) -> f64;

/// Makes `ST_MinX`, `ST_MaxX`, `ST_MinY`, `ST_MaxY` and `ST_IsEmpty` known to the connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    let borders: [(&str, Border); 4] = [
        ("ST_MinX", Bbox::west),
        ("ST_MaxX", Bbox::east),
        ("ST_MinY", Bbox::south),
        ("ST_MaxY", Bbox::north),
    ];
    for (name, border) in borders {
        connection.create_scalar_function(name, 1, flags, move |context: &Context<'_>| {
            Ok(bbox(context).as_ref().map(border))
        })?;
    }
    connection.create_scalar_function("ST_IsEmpty", 1, flags, |context: &Context<'_>| {
        Ok(match context.get_raw(0) {
            ValueRef::Null => None,
            _ => Some(bbox(context).is_none()),
        })
    })
}

fn bbox(context: &Context<'_>) -> Option<Bbox> {
    match context.get_raw(0) {
        ValueRef::Blob(bytes) => blob::bbox(bytes),
        _ => None,
    }
}
