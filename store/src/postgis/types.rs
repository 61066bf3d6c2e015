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

/// What a geometry column is declared to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// Its kind.
    pub kind: Kind,
    /// How many coordinates.
    pub dims: Dims,
}

/// The kinds of geometry that PostGIS declares columns of, as far as layers know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    Geometry,
}

impl Shape {
    /// The narrowest that takes all geometries of a layer.
    pub fn of(kind: GeometryType, dims: Dims) -> Self {
        let kind = match kind {
            GeometryType::Point => Kind::Point,
            GeometryType::MultiPoint => Kind::MultiPoint,
            GeometryType::MultiLineString => Kind::MultiLineString,
            GeometryType::MultiPolygon => Kind::MultiPolygon,
            GeometryType::Geometry | GeometryType::None => Kind::Geometry,
        };
        Self { kind, dims }
    }

    /// Whether a column of this shape takes all that one of the other takes.
    pub fn takes(self, other: Shape) -> bool {
        self.dims == Dims::Mixed
            || (self.dims == other.dims && (self.kind == other.kind || self.kind == Kind::Geometry))
    }

    /// The column's type.
    pub fn declared(self, crs: Crs) -> String {
        let z = match self.dims {
            Dims::Xy => "",
            Dims::Xyz => "Z",
            Dims::Mixed => return "geometry".to_owned(),
        };
        format!("geometry({:?}{z},{})", self.kind, crs.code())
    }

    /// Reads a column's type: the shape and the number of the coordinate system, where it says any.
    pub fn parse(sql_type: &str) -> Option<(Shape, Option<u32>)> {
        let rest = sql_type.strip_prefix("geometry")?;
        let Some(inside) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else {
            let mixed = Shape::of(GeometryType::Geometry, Dims::Mixed);
            return rest.is_empty().then_some((mixed, None));
        };
        let (word, srid) = inside
            .split_once(',')
            .map_or((inside, None), |(word, srid)| (word, srid.trim().parse().ok()));
        let (bare, z) = word
            .strip_suffix("ZM")
            .or_else(|| word.strip_suffix('Z'))
            .map_or((word, false), |bare| (bare, true));
        let bare = bare.strip_suffix('M').unwrap_or(bare);
        let kinds = [
            Kind::Point,
            Kind::LineString,
            Kind::Polygon,
            Kind::MultiPoint,
            Kind::MultiLineString,
            Kind::MultiPolygon,
        ];
        let kind = kinds
            .into_iter()
            .find(|kind| format!("{kind:?}") == bare)
            .unwrap_or(Kind::Geometry);
        let dims = if z { Dims::Xyz } else { Dims::Xy };
        Some((Shape { kind, dims }, srid))
    }

    /// The kind of layer that such a column makes.
    pub fn layer_kind(self) -> GeometryType {
        match self.kind {
            Kind::Point => GeometryType::Point,
            Kind::MultiPoint => GeometryType::MultiPoint,
            Kind::LineString | Kind::MultiLineString => GeometryType::MultiLineString,
            Kind::Polygon | Kind::MultiPolygon => GeometryType::MultiPolygon,
            Kind::Geometry => GeometryType::Geometry,
        }
    }

    /// As what kind a geometry of a layer of kind `layer` is written into such a column.
    pub fn written_as(self, layer: GeometryType) -> GeometryType {
        match self.kind {
            Kind::LineString | Kind::Polygon => GeometryType::Geometry,
            _ => layer,
        }
    }
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
        _ if bare.starts_with("timestamp") && zoned => FieldType::DateTime,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_shape_is_read_as_it_was_written() {
        for kind in [
            GeometryType::Point,
            GeometryType::MultiPoint,
            GeometryType::MultiPolygon,
            GeometryType::Geometry,
        ] {
            for dims in [Dims::Xy, Dims::Xyz] {
                let shape = Shape::of(kind, dims);
                assert_eq!(Shape::parse(&shape.declared(Crs::CGCS2000)), Some((shape, Some(4490))));
                assert_eq!(shape.layer_kind(), kind);
            }
        }
        assert_eq!(Shape::parse("geometry").unwrap().1, None);
        assert_eq!(
            Shape::parse("geometry(PolygonZM,4326)").unwrap().0.layer_kind(),
            GeometryType::MultiPolygon
        );
        assert_eq!(Shape::parse("geography(Point,4326)"), None);
    }

    #[test]
    fn types_of_other_programs_are_read_as_the_nearest() {
        let check = |sql, kind| assert_eq!(of_sql(sql, None), kind, "{sql}");
        check("character varying(20)", FieldType::Text);
        check("numeric(10,2)", FieldType::Float);
        check("timestamp(3) with time zone", FieldType::DateTime);
        check("timestamp without time zone", FieldType::DateTime);
        check("time without time zone", FieldType::Text);
        check("integer[]", FieldType::Array);
        check("jsonb", FieldType::Text);
        assert_eq!(of_sql("jsonb", Some(FieldType::Array)), FieldType::Array);
    }
}
