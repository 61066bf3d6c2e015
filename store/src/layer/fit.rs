//! Whether a row can stand in a layer.

use crate::{Error, Result};
use onemap_model::{Geometry, GeometryType, Layer, Row, Value};

/// Deepest nesting of arrays that is kept: beyond it they could not be read again.
const MAX_DEPTH: usize = 32;

/// Checks an edited row.
///
/// # Errors
/// [`Error::Misfit`].
pub(crate) fn check_edit(layer: &Layer, row: &Row) -> Result<()> {
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
pub(crate) fn check_load(layer: &Layer, row: &Row) -> Result<()> {
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
    }
    if layer.geometry_type == GeometryType::None && row.geometry.is_some() {
        return Err(misfit(layer, "it has no geometry, but a row has".to_owned()));
    }
    Ok(())
}

/// What is said where more comes into a load that was prepared to be committed.
pub(crate) fn was_prepared(layer: &Layer) -> Error {
    misfit(
        layer,
        "the load was prepared already: it can only be committed".to_owned(),
    )
}

/// The error that says what does not fit a layer.
pub(crate) fn misfit(layer: &Layer, reason: String) -> Error {
    Error::Misfit {
        layer: layer.name().clone(),
        reason,
    }
}

/// Whether `value` is nested so deep that it could not be read again.
fn is_too_deep(value: &Value) -> bool {
    fn deeper(value: &Value, left: usize) -> bool {
        match value {
            Value::Array(items) => left == 0 || items.iter().any(|item| deeper(item, left - 1)),
            _ => false,
        }
    }
    deeper(value, MAX_DEPTH)
}

fn fits(geometry: &Geometry, kind: GeometryType) -> bool {
    match kind {
        GeometryType::Geometry | GeometryType::None => true,
        kind => {
            geometry.dimension() == kind.dimension() && (kind != GeometryType::Point || geometry.coord_count() <= 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_nested_too_deep_to_be_read_again_are_known() {
        let nested = (0..40).fold(Value::Null, |inner, _| Value::Array([inner].into()));
        assert!(is_too_deep(&nested) && !is_too_deep(&Value::Array([Value::Null].into())));
    }
}
