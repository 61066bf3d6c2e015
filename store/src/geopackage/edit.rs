//! Single edits: written as any program would, recorded by the same triggers, and sealed at once.

use super::GeoPackage;
use super::blob;
use super::catalog;
use super::fault::{Fault, Inner};
use super::look;
use super::seal;
use super::table::{Table, quote};
use super::values;
use crate::{Edit, Error};
use onemap_model::{Fid, GeometryType, Name, Row, Version};
use rusqlite::types::{ToSqlOutput, Value as Sql};
use rusqlite::{Connection, TransactionBehavior, params_from_iter};

/// Makes the edits one version; see [`crate::Store::edit`].
pub(super) fn edit(package: &mut GeoPackage, edits: &[Edit]) -> Inner<Version> {
    package.look_to_write()?;
    let tx = package.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let current = look::settle(&tx, package.crs)?;
    let tables = catalog::current_tables(&tx)?;
    for edit in edits {
        apply(&tx, &tables, edit)?;
    }
    let next = current.next();
    let mut touched = Vec::new();
    seal::open_gate(&tx)?;
    for table in &tables {
        if seal::is_pending(&tx, table)? {
            touched.extend(look::seal_edits(&tx, table, next)?);
        }
    }
    seal::close_gate(&tx)?;
    let version = if touched.is_empty() { current } else { next };
    if !touched.is_empty() {
        catalog::record(&tx, next, "", "single edits", &touched)?;
    }
    tx.commit()?;
    package.made(version);
    Ok(version)
}

fn apply(db: &Connection, tables: &[Table], edit: &Edit) -> Inner<()> {
    match edit {
        Edit::Insert { layer, row } => {
            let table = of_name(tables, layer)?;
            let columns = table.content();
            let marks = vec!["?"; columns.len()].join(", ");
            let sql = format!(
                "INSERT INTO {} ({}, {}) VALUES ({marks}, {})",
                table.current(),
                columns.join(", "),
                quote(&table.fid),
                catalog::next_fid(db, table)?
            );
            db.execute(&sql, params_from_iter(parameters(table, row)?))?;
        }
        Edit::Update { layer, fid, row } => {
            let table = of_name(tables, layer)?;
            let sets = table
                .content()
                .iter()
                .map(|column| format!("{column} = ?"))
                .collect::<Vec<_>>();
            let sql = format!(
                "UPDATE {} SET {} WHERE {} = {fid}",
                table.current(),
                sets.join(", "),
                quote(&table.fid)
            );
            let changed = db
                .prepare_cached(&sql)?
                .execute(params_from_iter(parameters(table, row)?))?;
            must_exist(changed, layer, *fid)?;
        }
        Edit::Delete { layer, fid } => {
            let table = of_name(tables, layer)?;
            let sql = format!("DELETE FROM {} WHERE {} = {fid}", table.current(), quote(&table.fid));
            must_exist(db.prepare_cached(&sql)?.execute([])?, layer, *fid)?;
        }
    }
    Ok(())
}

fn of_name<'t>(tables: &'t [Table], name: &Name) -> Inner<&'t Table> {
    let found = tables.iter().find(|table| table.layer.name() == name);
    Ok(found.ok_or_else(|| Error::UnknownLayer(name.clone()))?)
}

fn must_exist(changed: usize, layer: &Name, fid: Fid) -> Inner<()> {
    if changed > 0 {
        return Ok(());
    }
    let layer = layer.clone();
    Err(Error::UnknownFeature { layer, fid }.into())
}

/// What the columns of [`Table::content`] get.
fn parameters<'r>(table: &Table, row: &'r Row) -> Inner<Vec<ToSqlOutput<'r>>> {
    check(table, row)?;
    let mut parameters = Vec::with_capacity(row.values.len() + 3);
    if table.geom.is_some() {
        parameters.push(match &row.geometry {
            None => ToSqlOutput::Owned(Sql::Null),
            Some(geometry) => {
                let mut bytes = Vec::new();
                blob::encode(geometry, table.layer.geometry_type, table.layer.crs, &mut bytes);
                ToSqlOutput::Owned(Sql::Blob(bytes))
            }
        });
    }
    for end in [row.valid.from(), row.valid.to()] {
        parameters.push(ToSqlOutput::Owned(
            end.map_or(Sql::Null, |moment| Sql::Text(moment.to_string())),
        ));
    }
    parameters.extend(row.values.iter().map(values::to_sql));
    Ok(parameters)
}

/// Checks that an edited row fits the layer.
fn check(table: &Table, row: &Row) -> Inner<()> {
    check_load(table, row)?;
    let kind = table.layer.geometry_type;
    match &row.geometry {
        Some(geometry) if !fits(geometry, kind) => misfit(table, format!("a geometry does not fit its kind, {kind}")),
        _ => Ok(()),
    }
}

/// Checks that a loaded row fits the layer, whose kind of geometry may still widen.
pub(super) fn check_load(table: &Table, row: &Row) -> Inner<()> {
    let layer = &table.layer;
    if row.values.len() != layer.fields().len() {
        return misfit(
            table,
            format!("{} values for {} fields", row.values.len(), layer.fields().len()),
        );
    }
    for (field, value) in layer.fields().iter().zip(&row.values) {
        if !value.fits(field.field_type) {
            let reason = format!(
                "field {:?} is {}, and {value:?} does not fit",
                field.name, field.field_type
            );
            return misfit(table, reason);
        }
        if values::is_too_deep(value) {
            return misfit(
                table,
                format!("field {:?}: its array is nested deeper than 32 levels", field.name),
            );
        }
    }
    if table.geom.is_none() && row.geometry.is_some() {
        return misfit(table, "it has no geometry, but a row has".to_owned());
    }
    Ok(())
}

fn misfit<T>(table: &Table, reason: String) -> Inner<T> {
    let layer = table.layer.name().clone();
    Err(Fault::Store(Error::Misfit { layer, reason }))
}

fn fits(geometry: &onemap_model::Geometry, kind: GeometryType) -> bool {
    match kind {
        GeometryType::Geometry | GeometryType::None => true,
        kind => {
            geometry.dimension() == kind.dimension() && (kind != GeometryType::Point || geometry.coord_count() <= 1)
        }
    }
}
