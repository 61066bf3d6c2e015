//! Whether a row can stand in a layer's table: what PostgreSQL cannot hold, beside what no layer takes.

use super::values;
use crate::Result;
use crate::layer::fit::{self, misfit};
use onemap_model::{Layer, Row, Value};

/// Checks an edited row.
///
/// # Errors
/// [`crate::Error::Misfit`].
pub(super) fn check_edit(layer: &Layer, row: &Row) -> Result<()> {
    fit::check_edit(layer, row)?;
    holds(layer, row)
}

/// Checks a loaded row; the layer's kind of geometry may still widen.
///
/// # Errors
/// [`crate::Error::Misfit`].
pub(super) fn check_load(layer: &Layer, row: &Row) -> Result<()> {
    fit::check_load(layer, row)?;
    holds(layer, row)
}

/// Only what has limits in PostgreSQL is tried.
fn holds(layer: &Layer, row: &Row) -> Result<()> {
    for (field, value) in layer.fields().iter().zip(&row.values) {
        if let Value::Date(_) | Value::DateTime(_) = value {
            let tried = values::encode(value, &mut Vec::with_capacity(8));
            tried.map_err(|reason| misfit(layer, format!("field {:?}: {reason}", field.name)))?;
        }
    }
    for end in [row.valid.from(), row.valid.to()].into_iter().flatten() {
        values::instant_micros(end).map_err(|reason| misfit(layer, reason))?;
    }
    Ok(())
}
