//! CQL2 from outside: what is read and refused, what filters say of features, what always holds.

#![allow(clippy::unwrap_used)]

mod laws;
mod questions;
mod reading;

use onemap_model::cql2::{Cql2Error, Expr, FeatureOf, Filter};
use onemap_model::{
    Crs, Date, Feature, Fid, Field, FieldType, Geometry, GeometryType, Instant, Layer, Name, Row, TimeSpan, Value,
};

/// The fields of the layer, and what the one feature has in them.
fn fields() -> Vec<(&'static str, FieldType, Value)> {
    let list = |values: &[Value]| Value::Array(values.into());
    vec![
        ("name", FieldType::Text, Value::text("København")),
        ("floors", FieldType::Int, Value::Int(7)),
        ("height", FieldType::Float, Value::float(20.5).unwrap()),
        ("listed", FieldType::Bool, Value::Bool(true)),
        (
            "built",
            FieldType::Date,
            Value::Date(Date::parse("2020-05-01").unwrap()),
        ),
        (
            "seen",
            FieldType::DateTime,
            Value::DateTime(Instant::parse("2020-05-01T08:00:00+08:00").unwrap()),
        ),
        (
            "tags",
            FieldType::Array,
            list(&[Value::text("a"), Value::text("b"), Value::Int(3)]),
        ),
        ("photo", FieldType::Bytes, Value::Bytes([1, 2].into())),
        ("nothing", FieldType::Int, Value::Null),
        ("no_text", FieldType::Text, Value::Null),
        ("no_time", FieldType::DateTime, Value::Null),
        ("no_list", FieldType::Array, Value::Null),
    ]
}

/// A layer in Beijing's time.
fn layer() -> Layer {
    let field = |(name, field_type, _): (&str, FieldType, Value)| Field {
        name: Name::new(name).unwrap(),
        title: name.to_owned(),
        field_type,
    };
    let fields = fields().into_iter().map(field).collect();
    Layer::new(
        Name::new("houses").unwrap(),
        GeometryType::Geometry,
        Crs::CGCS2000,
        fields,
    )
    .unwrap()
}

/// A house at (1, 2), true since 2020.
fn house() -> Feature {
    Feature {
        fid: Fid::new(42).unwrap(),
        row: Row {
            geometry: Some(Geometry::point(1.0, 2.0).unwrap()),
            values: fields().into_iter().map(|(_, _, value)| value).collect(),
            valid: TimeSpan::new(Some(Instant::parse("2020-01-01T00:00:00Z").unwrap()), None).unwrap(),
        },
    }
}

fn compile(text: &str) -> Result<Filter, Cql2Error> {
    Filter::compile(&Expr::from_text(text)?, &layer())
}

/// What the filter says of the house.
fn truth(text: &str) -> Option<bool> {
    let filter = compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    filter.truth(&FeatureOf(&layer(), &house()))
}
