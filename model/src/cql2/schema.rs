//! What a filter may name: the properties of a layer.

use super::datum::Type;
use super::error::{Cql2Error, Fault};
use crate::{FieldType, GeometryType, Layer};

/// Where the value of a property comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The field in this place of [`Layer::fields`].
    Field(usize),
    /// The geometry.
    Geometry,
    /// The public id, as text.
    PublicId,
    /// The feature's number.
    Fid,
    /// The first moment at which the feature is true; null where it always was.
    ValidFrom,
    /// The moment at which it ceases to be true; null where it does not.
    ValidTo,
}

/// A property that a filter may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queryable<'a> {
    /// The name, exactly so.
    pub name: &'a str,
    /// Where it comes from.
    pub source: Source,
}

/// Everything a filter on this layer may name: its fields, and `geom`, `id`, `fid`, `valid_from`, `valid_to`.
///
/// `geom` is also called `geometry`; a field called `id` or `geometry` comes before what is of that name here.
pub fn queryables(layer: &Layer) -> Vec<Queryable<'_>> {
    let fields = layer.fields().iter().enumerate();
    let fields = fields.map(|(at, field)| Queryable {
        name: field.name.as_str(),
        source: Source::Field(at),
    });
    let own = ["geom", "id", "fid", "valid_from", "valid_to"];
    let own = own.into_iter().filter_map(|name| {
        let source = own_source(layer, name)?;
        Some(Queryable { name, source })
    });
    let own = own.filter(|own| layer.field_index(own.name).is_none());
    fields.chain(own).collect()
}

/// Where the property of this name comes from.
pub(super) fn resolve(layer: &Layer, name: &str, at: u32) -> Result<Source, Cql2Error> {
    let field = layer.field_index(name).map(Source::Field);
    let found = field.or_else(|| own_source(layer, name));
    found.ok_or_else(|| {
        let (name, known) = (name.to_owned(), known(layer));
        Cql2Error::new(at, Fault::UnknownProperty { name, known })
    })
}

fn own_source(layer: &Layer, name: &str) -> Option<Source> {
    match name {
        "geom" | "geometry" => (layer.geometry_type != GeometryType::None).then_some(Source::Geometry),
        "id" => Some(Source::PublicId),
        "fid" => Some(Source::Fid),
        "valid_from" => Some(Source::ValidFrom),
        "valid_to" => Some(Source::ValidTo),
        _ => None,
    }
}

fn known(layer: &Layer) -> String {
    const SHOWN: usize = 30;
    let all = queryables(layer);
    let mut names: Vec<_> = all.iter().take(SHOWN).map(|one| one.name).collect();
    if all.len() > SHOWN {
        names.push("…");
    }
    names.join(", ")
}

impl Source {
    /// What its values are; none for the geometry.
    pub(super) fn value_type(self, layer: &Layer) -> Option<Type> {
        Some(match self {
            Source::Field(at) => Type::of(layer.fields().get(at).map_or(FieldType::Text, |field| field.field_type)),
            Source::Geometry => return None,
            Source::PublicId => Type::Text,
            Source::Fid => Type::Number,
            Source::ValidFrom | Source::ValidTo => Type::Time,
        })
    }
}
