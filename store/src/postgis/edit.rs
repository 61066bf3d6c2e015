//! Single edits: written as any program would, recorded by the same triggers, one version at the commit.

use super::PostGis;
use super::catalog;
use super::connect::Link;
use super::fit::check_edit;
use super::table::{Table, literal, quote};
use super::transaction::{Isolation, within};
use super::types::{self, Dims, Shape};
use super::values;
use crate::layer::fit::misfit;
use crate::{Edit, Error, Result};
use onemap_model::{Fid, Geometry, Name, Row, Value, Version, wkb};
use std::collections::BTreeSet;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};

/// The layers as they are, each edited one with its table held against being changed, and as the store left it.
fn held(link: &mut Link, edits: &[Edit]) -> Result<Vec<Table>> {
    let names: BTreeSet<&Name> = edits.iter().map(layer_of).collect();
    for table in catalog::current_tables(link)? {
        if names.contains(table.layer.name()) {
            link.batch(&format!("LOCK TABLE {} IN ROW EXCLUSIVE MODE", table.current()))?;
        }
    }
    let tables = catalog::current_tables(link)?;
    let sql = "SELECT f.layer, f.reason FROM onemap_meta.following f WHERE onemap_meta.shape(f.layer) IS DISTINCT FROM f.shape";
    for row in link.query(sql, &[])? {
        let (name, reason): (String, Option<String>) = (row.get(0), row.get(1));
        let edited = tables
            .iter()
            .find(|table| table.name() == name && names.contains(table.layer.name()));
        match (edited, reason) {
            (None, _) => {}
            (Some(table), Some(reason)) => {
                let reason = format!("its table was changed by another program and is not followed: {reason}");
                return Err(misfit(&table.layer, reason));
            }
            // The next look follows it; until then an edit would be seen by no trigger.
            (Some(_), None) => {
                let store = link.store().to_owned();
                return Err(Error::Busy { store });
            }
        }
    }
    Ok(tables)
}

fn layer_of(edit: &Edit) -> &Name {
    let (Edit::Insert { layer, .. } | Edit::Update { layer, .. } | Edit::Delete { layer, .. }) = edit;
    layer
}

/// Makes the edits one version; see [`crate::Store::edit`].
pub(super) fn edit(store: &mut PostGis, edits: &[Edit]) -> Result<Version> {
    store.look()?;
    let postgis = store.postgis.clone();
    let tx = within(&mut store.link, Isolation::ReadCommitted, |link| {
        let mut tables = held(link, edits)?;
        let tx = catalog::enter(link, "", "single edits")?;
        for edit in edits {
            apply(link, &mut tables, edit, &postgis)?;
        }
        Ok(tx)
    })?;
    catalog::version_of(&mut store.link, tx)
}

pub(super) fn apply(link: &mut Link, tables: &mut [Table], edit: &Edit, postgis: &str) -> Result<()> {
    let layer = layer_of(edit);
    let table = tables.iter_mut().find(|table| table.layer.name() == layer);
    let table = table.ok_or_else(|| Error::UnknownLayer(layer.clone()))?;
    let (t, fid) = (table.current(), quote(&table.fid));
    match edit {
        Edit::Insert { row, .. } => {
            make_room(link, table, row, postgis)?;
            let sql = format!(
                "INSERT INTO {t} ({}, {fid}) VALUES ({}, nextval({}::regclass))",
                table.current_content().join(", "),
                marks(table, postgis).join(", "),
                literal(&table.sequence())
            );
            write(link, table, &sql, row)?;
        }
        Edit::Update { fid: number, row, .. } => {
            make_room(link, table, row, postgis)?;
            let columns = table.current_content().into_iter().zip(marks(table, postgis));
            let sets = columns
                .map(|(column, mark)| format!("{column} = {mark}"))
                .collect::<Vec<_>>()
                .join(", ");
            let sql = format!("UPDATE {t} SET {sets} WHERE {fid} = {number}");
            let changed = write(link, table, &sql, row)?;
            must_exist(changed, layer, *number)?;
        }
        Edit::Delete { fid: number, .. } => {
            let changed = link.execute(&format!("DELETE FROM {t} WHERE {fid} = {number}"), &[])?;
            must_exist(changed, layer, *number)?;
        }
    }
    Ok(())
}

fn must_exist(changed: u64, layer: &Name, fid: Fid) -> Result<()> {
    if changed > 0 {
        return Ok(());
    }
    let layer = layer.clone();
    Err(Error::UnknownFeature { layer, fid })
}

/// What stands for the values of [`Table::current_content`] in a statement.
fn marks(table: &Table, postgis: &str) -> Vec<String> {
    let mut marks = Vec::new();
    if table.geom.is_some() {
        marks.push(format!(
            "{postgis}.ST_GeomFromWKB($1::bytea, {})",
            table.layer.crs.code()
        ));
    }
    let kinds = table
        .layer
        .fields()
        .iter()
        .map(|field| types::declared(field.field_type));
    for kind in ["timestamptz", "timestamptz"].into_iter().chain(kinds) {
        marks.push(format!("${}::{kind}", marks.len() + 1));
    }
    marks
}

fn write(link: &mut Link, table: &Table, sql: &str, row: &Row) -> Result<u64> {
    let parameters = parameters(table, row)?;
    let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|one| one as _).collect();
    link.execute(sql, &parameters).map_err(|error| match error {
        // A value that a constraint, or a column that another program declared, does not take; a geometry that PostGIS
        // refuses (which it says as an internal error).
        Error::Postgres {
            message,
            code: Some(code),
            ..
        } if ["22", "23"].iter().any(|class| code.starts_with(class)) || code == "XX000" => {
            misfit(&table.layer, message)
        }
        error => error,
    })
}

fn parameters(table: &Table, row: &Row) -> Result<Vec<Binary>> {
    let wrong = |reason| misfit(&table.layer, reason);
    let mut parameters = Vec::with_capacity(row.values.len() + 3);
    if table.geom.is_some() {
        parameters.push(Binary(row.geometry.as_ref().map(|geometry| {
            let mut bytes = Vec::new();
            wkb::encode(geometry, table.shape.written_as(table.layer.geometry_type), &mut bytes);
            bytes
        })));
    }
    let ends = [row.valid.from(), row.valid.to()].map(|end| end.map_or(Value::Null, Value::DateTime));
    for value in ends.iter().chain(&row.values) {
        let mut bytes = Vec::new();
        values::encode(value, &mut bytes).map_err(wrong)?;
        parameters.push(Binary((!value.is_null()).then_some(bytes)));
    }
    Ok(parameters)
}

/// Checks that a row fits; lets the column take geometries with and without heights where the row needs that.
fn make_room(link: &mut Link, table: &mut Table, row: &Row, postgis: &str) -> Result<()> {
    check_edit(&table.layer, row)?;
    let (Some(geometry), Some(geom)) = (&row.geometry, &table.geom) else {
        return Ok(());
    };
    if table.shape.dims.with(dims(geometry)) == table.shape.dims {
        return Ok(());
    }
    let g = quote(geom);
    link.batch(&format!(
        "ALTER TABLE {} ALTER COLUMN {g} TYPE {postgis}.geometry, ADD CHECK ({postgis}.ST_SRID({g}) = {})",
        table.current(),
        table.layer.crs.code()
    ))?;
    table.shape = Shape::of(table.layer.geometry_type, Dims::Mixed);
    let sql = "UPDATE onemap_meta.layer SET definition = $2::text::json WHERE name = $1 AND until_tx IS NULL";
    link.execute(sql, &[&table.name(), &table.to_json()])?;
    catalog::remember(link, table)
}

/// How many coordinates a geometry has.
pub(super) fn dims(geometry: &Geometry) -> Dims {
    if geometry.has_z() { Dims::Xyz } else { Dims::Xy }
}

/// A value in PostgreSQL's binary format already.
#[derive(Debug)]
struct Binary(Option<Vec<u8>>);

impl ToSql for Binary {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match &self.0 {
            None => IsNull::Yes,
            Some(bytes) => {
                out.extend_from_slice(bytes);
                IsNull::No
            }
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}
