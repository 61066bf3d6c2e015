//! Single edits: written as any program would, recorded by the same triggers, and sealed at once.

use super::GeoPackage;
use super::blob;
use super::catalog;
use super::fault::Inner;
use super::look;
use super::seal;
use super::table::{Table, quote};
use super::values;
use crate::layer::fit::check_edit;
use crate::{Edit, Error};
use onemap_model::{Fid, Name, Row, Version};
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
    check_edit(&table.layer, row)?;
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
