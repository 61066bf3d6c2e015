//! The SQL types that values are kept in, and how other programs' types are read as these.

use onemap_model::{Crs, FieldType, GeometryType};
use serde::{Deserialize, Serialize};

/// How many coordinates the geometries of a column have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Dims {
    /// None has heights.
    Xy,
    /// All have heights.
    Xyz,
    /// Some have: PostGIS has no declared type for these.
    Mixed,
}

impl Dims {
    /// That of both together.
    pub fn with(self, other: Dims) -> Dims {
        if self == other { self } else { Dims::Mixed }
    }
}

/// Which end of a span of time a column tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Start,
    /// A date covers its whole day.
    Stop,
}

/// The type of a field's column. Lists are `json`, which unlike `jsonb` keeps a number as it was written.
pub(super) fn declared(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Bool => "boolean",
        FieldType::Int => "bigint",
        FieldType::Float => "double precision",
        FieldType::Text => "text",
        FieldType::Date => "date",
        FieldType::DateTime => "timestamp with time zone",
        FieldType::Bytes => "bytea",
        FieldType::Array => "json",
    }
}

/// The type of a geometry column.
pub(super) fn geometry(kind: GeometryType, dims: Dims, crs: Crs) -> String {
    let z = match dims {
        Dims::Xy => "",
        Dims::Xyz => "Z",
        Dims::Mixed => return "geometry".to_owned(),
    };
    format!("geometry({kind}{z},{})", crs.code())
}

/// The nearest type of field to a column's type, as `format_type` writes it; `known` is what the field was before.
pub(super) fn of_sql(sql_type: &str, known: Option<FieldType>) -> FieldType {
    let bare = sql_type.split('(').next().unwrap_or_default().trim();
    let zoned = sql_type.ends_with("time zone");
    match bare {
        "boolean" => FieldType::Bool,
        "smallint" | "integer" | "bigint" => FieldType::Int,
        "real" | "double precision" | "numeric" => FieldType::Float,
        "date" => FieldType::Date,
        "bytea" => FieldType::Bytes,
        "json" | "jsonb" if known == Some(FieldType::Array) => FieldType::Array,
        _ if sql_type.ends_with("[]") => FieldType::Array,
        _ if bare.starts_with("timestamp") && (zoned || bare == "timestamp") => FieldType::DateTime,
        _ => FieldType::Text,
    }
}

/// `value`, an expression of type `sql_type`, as the history keeps a field of type `kind`.
pub(super) fn cast(value: &str, sql_type: &str, kind: FieldType, utc_offset_minutes: i16) -> String {
    match kind {
        // Zero has no sign here.
        FieldType::Float if sql_type == declared(kind) => format!("({value} + 0)"),
        FieldType::Float => format!("({value}::double precision + 0)"),
        FieldType::DateTime if sql_type != declared(kind) => local(value, utc_offset_minutes),
        FieldType::Array if sql_type.ends_with("[]") => format!("pg_catalog.to_json({value})"),
        _ if sql_type == declared(kind) => value.to_owned(),
        _ => format!("{value}::{}", declared(kind)),
    }
}

/// `value`, an expression of type `sql_type`, as the end of a span; null where the type tells no time.
pub(super) fn moment(value: &str, sql_type: &str, utc_offset_minutes: i16, end: End) -> String {
    match of_sql(sql_type, None) {
        FieldType::DateTime => cast(value, sql_type, FieldType::DateTime, utc_offset_minutes),
        FieldType::Date => match end {
            End::Start => local(&format!("{value}::timestamp"), utc_offset_minutes),
            End::Stop => local(&format!("({value} + 1)::timestamp"), utc_offset_minutes),
        },
        _ => "NULL::timestamptz".to_owned(),
    }
}

/// A time without zone, as meant in the layer's.
fn local(value: &str, utc_offset_minutes: i16) -> String {
    format!("pg_catalog.timezone(interval '{utc_offset_minutes} minutes', {value})")
}
