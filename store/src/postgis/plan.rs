//! What a load means for the definition of a layer: which fields it keeps, which kind of geometry it has.

use super::fit::misfit;
use super::table::{Column, Table};
use super::types::Dims;
use crate::{LoadMode, Result};
use onemap_model::{GeometryType, Layer, Row, Value};

/// For each field of the layer that is kept, the place of its value in the loaded rows.
#[derive(Debug, Clone)]
pub(super) struct Places(Vec<Option<usize>>);

impl Places {
    /// The row with a value for each field of the layer; null where it brings none.
    pub fn of(&self, mut row: Row) -> Row {
        let value = |place: &Option<usize>| place.and_then(|at| row.values.get(at).cloned()).unwrap_or(Value::Null);
        row.values = self.0.iter().map(value).collect();
        row
    }
}

/// The layer as loaded, in the columns that are there already, where it has the same ones; else in a table of its own.
pub(super) fn laid_like(existing: &Table, layer: &Layer) -> Option<Table> {
    let place = |field: &onemap_model::Field| {
        let same = |own: &onemap_model::Field| own.name == field.name && own.field_type == field.field_type;
        existing.layer.fields().iter().position(same)
    };
    let places: Vec<usize> = layer.fields().iter().map(place).collect::<Option<_>>()?;
    let has_geometry = layer.geometry_type != GeometryType::None;
    if layer.fields().len() != existing.columns.len() || existing.geom.is_some() != has_geometry {
        return None;
    }
    let columns: Vec<Column> = places.iter().map(|&at| existing.columns[at].clone()).collect();
    Some(Table {
        layer: layer.clone(),
        columns,
        ..existing.clone()
    })
}

/// The definition that is there, with the key of an upsert, and where the loaded rows have the values of its fields.
pub(super) fn joined(existing: &Table, layer: &Layer, mode: LoadMode) -> Result<(Table, Option<Places>)> {
    let own = &existing.layer;
    for field in layer.fields() {
        let found = own.fields().iter().find(|own| own.name == field.name);
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
    if existing.geom.is_none() && layer.geometry_type != GeometryType::None {
        return Err(misfit(layer, "the store's layer has no geometry".to_owned()));
    }
    let mut table = existing.clone();
    if mode == LoadMode::Upsert {
        table.layer = keyed(own, layer)?;
    }
    let places: Vec<_> = own
        .fields()
        .iter()
        .map(|field| layer.field_index(field.name.as_str()))
        .collect();
    let alike = places.len() == layer.fields().len() && places.iter().enumerate().all(|(i, at)| *at == Some(i));
    Ok((table, (!alike).then_some(Places(places))))
}

/// The layer that is there, with the key that an upsert names.
fn keyed(own: &Layer, layer: &Layer) -> Result<Layer> {
    let key_of = |layer: &Layer| layer.key().map(|at| layer.fields()[at].name.clone());
    match (key_of(layer), key_of(own)) {
        (Some(loaded), Some(stored)) if loaded != stored => {
            let reason = format!("its key is {loaded:?}, and the store's layer has {stored:?}");
            Err(misfit(layer, reason))
        }
        (Some(loaded), None) => {
            let keyed = own.clone().with_key(loaded.as_str());
            keyed.map_err(|error| misfit(layer, error.to_string()))
        }
        (None, None) => Err(needs_key(layer)),
        _ => Ok(own.clone()),
    }
}

/// The error of an upsert into a layer that has no key.
pub(super) fn needs_key(layer: &Layer) -> crate::Error {
    misfit(layer, "an upsert needs a key; name one with --key".to_owned())
}

/// The table of a layer that is new.
pub(super) fn fresh(layer: &Layer) -> Table {
    Table::new(layer.clone(), Dims::Xy)
}

/// The kind of a replaced layer: what its geometries turned out to be; what was expected where it has none.
pub(super) fn found_kind(expected: GeometryType, found: GeometryType) -> GeometryType {
    match (expected, found) {
        (GeometryType::None, _) | (_, GeometryType::None) => expected,
        (_, found) => found,
    }
}

/// The kind of a layer of the one kind to which rows of the other were added.
pub(super) fn joined_kind(there: GeometryType, added: GeometryType) -> GeometryType {
    use GeometryType::{Geometry, MultiPoint, None, Point};
    match (there, added) {
        (there, None) => there,
        (there, added) if there == added => there,
        (Point | MultiPoint, Point | MultiPoint) => MultiPoint,
        _ => Geometry,
    }
}
