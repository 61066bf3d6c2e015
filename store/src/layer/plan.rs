//! What a load means for the definition of a layer: which fields it keeps, which kind of geometry it has.

use super::fit::misfit;
use crate::{Error, LoadMode, Result};
use onemap_model::{Field, GeometryType, Layer, Row, Value};

/// For each field of the layer that is kept, the place of its value in the loaded rows.
#[derive(Debug, Clone)]
pub(crate) struct Places(Vec<Option<usize>>);

impl Places {
    /// The places in rows of `loaded`; none where the fields stand in the same order.
    fn between(kept: &Layer, loaded: &Layer) -> Option<Self> {
        let place = |field: &Field| loaded.field_index(field.name.as_str());
        let places: Vec<_> = kept.fields().iter().map(place).collect();
        let alike = places.len() == loaded.fields().len() && places.iter().enumerate().all(|(i, at)| *at == Some(i));
        (!alike).then_some(Self(places))
    }

    /// The row with a value for each field of the layer; null where it brings none.
    pub fn of(&self, mut row: Row) -> Row {
        let value = |place: &Option<usize>| place.and_then(|at| row.values.get(at).cloned()).unwrap_or(Value::Null);
        row.values = self.0.iter().map(value).collect();
        row
    }
}

/// Where each field of a replaced layer is in that which is there; none where they have not the same fields.
pub(crate) fn same_fields(there: &Layer, layer: &Layer) -> Option<Vec<usize>> {
    let place = |field: &Field| {
        let same = |own: &Field| own.name == field.name && own.field_type == field.field_type;
        there.fields().iter().position(same)
    };
    let places: Option<Vec<usize>> = layer.fields().iter().map(place).collect();
    let has_geometry = |layer: &Layer| layer.geometry_type != GeometryType::None;
    let alike = there.fields().len() == layer.fields().len() && has_geometry(there) == has_geometry(layer);
    places.filter(|_| alike)
}

/// The definition that is there, with the key of an upsert, and where the loaded rows have the values of its fields.
///
/// # Errors
/// [`Error::Misfit`] where it cannot take the rows.
pub(crate) fn joined(there: &Layer, layer: &Layer, mode: LoadMode) -> Result<(Layer, Option<Places>)> {
    for field in layer.fields() {
        let found = there.fields().iter().find(|own| own.name == field.name);
        let kind = found.map(|found| found.field_type);
        if kind != Some(field.field_type) {
            let has = kind.map_or("has no such field".to_owned(), |kind| format!("has it as {kind}"));
            let reason = format!(
                "field {:?} is {}, and the store's layer {has}",
                field.name, field.field_type
            );
            return Err(misfit(layer, reason));
        }
    }
    if there.geometry_type == GeometryType::None && layer.geometry_type != GeometryType::None {
        return Err(misfit(layer, "the store's layer has no geometry".to_owned()));
    }
    let kept = match mode {
        LoadMode::Upsert => keyed(there, layer)?,
        _ => there.clone(),
    };
    let places = Places::between(&kept, layer);
    Ok((kept, places))
}

/// The layer that is there, with the key that an upsert names.
fn keyed(there: &Layer, layer: &Layer) -> Result<Layer> {
    let key_of = |layer: &Layer| layer.key().map(|at| layer.fields()[at].name.clone());
    match (key_of(layer), key_of(there)) {
        (Some(loaded), Some(stored)) if loaded != stored => {
            let reason = format!("its key is {loaded:?}, and the store's layer has {stored:?}");
            Err(misfit(layer, reason))
        }
        (Some(loaded), None) => {
            let keyed = there.clone().with_key(loaded.as_str());
            keyed.map_err(|error| misfit(layer, error.to_string()))
        }
        (None, None) => Err(needs_key(layer)),
        _ => Ok(there.clone()),
    }
}

/// The error of an upsert into a layer that has no key.
pub(crate) fn needs_key(layer: &Layer) -> Error {
    misfit(layer, "an upsert needs a key; name one with --key".to_owned())
}

/// The kind of a replaced layer: what its geometries turned out to be; what was expected where it has none.
pub(crate) fn found_kind(expected: GeometryType, found: GeometryType) -> GeometryType {
    match (expected, found) {
        (GeometryType::None, _) | (_, GeometryType::None) => expected,
        (_, found) => found,
    }
}

/// The kind of a layer of the one kind to which rows of the other were added.
pub(crate) fn joined_kind(there: GeometryType, added: GeometryType) -> GeometryType {
    use GeometryType::{Geometry, MultiPoint, None, Point};
    match (there, added) {
        (there, None) => there,
        (there, added) if there == added => there,
        (Point | MultiPoint, Point | MultiPoint) => MultiPoint,
        _ => Geometry,
    }
}
