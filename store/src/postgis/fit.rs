//! Whether a row can stand in a layer.

use super::values;
use crate::geopackage::is_too_deep;
use crate::{Error, Result};
use onemap_model::{Geometry, GeometryType, Layer, Row, Value};

/// Checks an edited row.
///
/// # Errors
/// [`Error::Misfit`].
pub(super) fn check_edit(layer: &Layer, row: &Row) -> Result<()> {
    check_load(layer, row)?;
    let kind = layer.geometry_type;
    match &row.geometry {
        Some(geometry) if !fits(geometry, kind) => {
            Err(misfit(layer, format!("a geometry does not fit its kind, {kind}")))
        }
        _ => Ok(()),
    }
}

/// Checks a loaded row; the layer's kind of geometry may still widen.
///
/// # Errors
/// [`Error::Misfit`].
pub(super) fn check_load(layer: &Layer, row: &Row) -> Result<()> {
    if row.values.len() != layer.fields().len() {
        let reason = format!("{} values for {} fields", row.values.len(), layer.fields().len());
        return Err(misfit(layer, reason));
    }
    for (field, value) in layer.fields().iter().zip(&row.values) {
        if !value.fits(field.field_type) {
            let reason = format!(
                "field {:?} is {}, and {value:?} does not fit",
                field.name, field.field_type
            );
            return Err(misfit(layer, reason));
        }
        if is_too_deep(value) {
            let reason = format!("field {:?}: its array is nested deeper than 32 levels", field.name);
            return Err(misfit(layer, reason));
        }
        holds(value).map_err(|reason| misfit(layer, format!("field {:?}: {reason}", field.name)))?;
    }
    for end in [row.valid.from(), row.valid.to()].into_iter().flatten() {
        values::instant_micros(end).map_err(|reason| misfit(layer, reason))?;
    }
    if layer.geometry_type == GeometryType::None && row.geometry.is_some() {
        return Err(misfit(layer, "it has no geometry, but a row has".to_owned()));
    }
    Ok(())
}

/// The error that says what does not fit a layer.
pub(super) fn misfit(layer: &Layer, reason: String) -> Error {
    Error::Misfit {
        layer: layer.name().clone(),
        reason,
    }
}

/// Whether PostgreSQL can hold a value: only what has limits there is tried.
fn holds(value: &Value) -> Result<(), String> {
    match value {
        Value::Date(_) | Value::DateTime(_) => values::encode(value, &mut Vec::with_capacity(8)),
        _ => Ok(()),
    }
}

fn fits(geometry: &Geometry, kind: GeometryType) -> bool {
    match kind {
        GeometryType::Geometry | GeometryType::None => true,
        kind => {
            geometry.dimension() == kind.dimension() && (kind != GeometryType::Point || geometry.coord_count() <= 1)
        }
    }
}
