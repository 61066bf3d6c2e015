//! Reading the shape of a table that others made or changed, as the layer that stood there.

use super::connect::Link;
use super::schema::{self, Found};
use super::table::{Column, Table, quote};
use super::types::{self, Dims, Shape};
use crate::Result;
use onemap_model::{Crs, Field, FieldType, GeometryType, Layer, Name};

/// Systems that are taken as equal (docs/decisions/0007-crs-equivalence.md).
const EQUIVALENT: [u32; 2] = [4326, 4490];

/// The layer's table as it is now, or why no layer can be kept in it; none where there is no such table. What is known of
/// the layer is kept. Which columns of the history it has is not said yet.
pub(super) fn of_table(link: &mut Link, known: &Table, postgis: &str) -> Result<Option<Result<Table, String>>> {
    let Some(columns) = schema::columns_of(link, "public", known.name())? else {
        return Ok(None);
    };
    let sql = "SELECT c.relkind = 'r' AND NOT c.relhassubclass AND NOT EXISTS
                 (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid),
               (SELECT array_agg(a.attname::text) FROM pg_index i JOIN pg_attribute a
                  ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary)
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'public' AND c.relname = $1";
    let rows = link.query(sql, &[&known.name()])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    if !row.get::<_, bool>(0) {
        return Ok(Some(Err("it is no ordinary table".to_owned())));
    }
    let key: Vec<String> = row.get::<_, Option<Vec<String>>>(1).unwrap_or_default();
    let [fid] = key.as_slice() else {
        return Ok(Some(Err("it has no primary key of one column".to_owned())));
    };
    let shaped = shape(known, &columns, fid);
    let (table, srid) = match shaped {
        Ok(shaped) => shaped,
        Err(reason) => return Ok(Some(Err(reason))),
    };
    let reason = wrong_system(link, &table, srid, postgis)?;
    Ok(Some(reason.map_or(Ok(table), Err)))
}

/// Why the coordinates cannot be taken as the store's. Where the column does not say its system, the rows do.
fn wrong_system(link: &mut Link, table: &Table, srid: Option<u32>, postgis: &str) -> Result<Option<String>> {
    let Some(geom) = &table.geom else {
        return Ok(None);
    };
    let found: Vec<u32> = match srid {
        Some(srid) => vec![srid],
        None => {
            let g = quote(geom);
            let sql = format!(
                "SELECT DISTINCT {postgis}.ST_SRID({g}) FROM {} WHERE {g} IS NOT NULL LIMIT 3",
                table.current()
            );
            let rows = link.query(&sql, &[])?;
            rows.iter().map(|row| row.get::<_, i32>(0).unsigned_abs()).collect()
        }
    };
    let crs = table.layer.crs;
    let is_same = |srid: u32| srid == crs.code() || (EQUIVALENT.contains(&srid) && EQUIVALENT.contains(&crs.code()));
    let wrong = found.into_iter().find(|srid| !is_same(*srid));
    Ok(wrong.map(|srid| {
        format!(
            "its coordinates are in {}, and the store's are in {crs}",
            Crs::epsg(srid)
        )
    }))
}

fn shape(known: &Table, columns: &[Found], fid: &str) -> Result<(Table, Option<u32>), String> {
    let named = |wanted: &str| columns.iter().find(|column| column.name.eq_ignore_ascii_case(wanted));
    let number = columns
        .iter()
        .find(|column| column.name == fid)
        .ok_or("its primary key is gone")?;
    if of_integer(&number.sql_type).is_none() {
        return Err(format!(
            "its primary key {fid:?} is {}, not a whole number",
            number.sql_type
        ));
    }
    let spatial = |column: &&Found| Shape::parse(&column.sql_type).is_some();
    let old_geom = known.geom.as_deref().and_then(named).filter(spatial);
    let geom = old_geom.or_else(|| columns.iter().find(spatial));
    let (shape, srid) = geom
        .and_then(|geom| Shape::parse(&geom.sql_type))
        .unwrap_or((known.shape, None));
    let kind = match (geom, shape.dims, known.shape.dims) {
        (None, ..) => GeometryType::None,
        // A column without a declared kind says nothing; the layer does.
        (Some(_), Dims::Mixed, Dims::Mixed) if known.geom.is_some() => known.layer.geometry_type,
        _ => shape.layer_kind(),
    };
    let valid = ["valid_from", "valid_to"].map(|name| {
        let declared = types::declared(FieldType::DateTime).to_owned();
        columns
            .iter()
            .find(|column| column.name == name)
            .map_or(declared, |column| column.sql_type.clone())
    });
    let own = [
        Some(fid),
        geom.map(|geom| geom.name.as_str()),
        Some("valid_from"),
        Some("valid_to"),
    ];
    let rest = columns
        .iter()
        .filter(|column| !own.contains(&Some(column.name.as_str())));
    let (fields, columns) = fields(known, rest);
    let mut layer =
        Layer::new(known.layer.name().clone(), kind, known.layer.crs, fields).map_err(|error| error.to_string())?;
    let key = known.layer.key().map(|at| known.layer.fields()[at].name.clone());
    if let Some(key) = key
        && layer.field_index(key.as_str()).is_some()
    {
        layer = layer.with_key(key.as_str()).map_err(|error| error.to_string())?;
    }
    layer.title = known.layer.title.clone();
    layer.zoom = known.layer.zoom;
    layer.access = known.layer.access;
    layer.secrecy = known.layer.secrecy;
    layer.authority = known.layer.authority.clone();
    layer.basemap = known.layer.basemap;
    layer.utc_offset_minutes = known.layer.utc_offset_minutes;
    layer.generalise = known.layer.generalise.clone();
    let table = Table {
        fid: fid.to_owned(),
        geom: geom.map(|geom| geom.name.clone()),
        shape,
        valid,
        columns,
        layer,
    };
    Ok((table, srid))
}

fn of_integer(sql_type: &str) -> Option<FieldType> {
    (types::of_sql(sql_type, None) == FieldType::Int).then_some(FieldType::Int)
}

/// Fields and their columns: those that were there before in their old order, others after them.
fn fields<'f>(known: &Table, columns: impl Iterator<Item = &'f Found>) -> (Vec<Field>, Vec<Column>) {
    let mut placed: Vec<(usize, Field, Column)> = Vec::new();
    for found in columns {
        let same = |column: &Column| column.name.eq_ignore_ascii_case(&found.name);
        let at = known.columns.iter().position(same);
        let old = at.map(|at| (&known.layer.fields()[at], &known.columns[at]));
        let field_type = types::of_sql(&found.sql_type, old.map(|(field, _)| field.field_type));
        let (field, history) = match old {
            Some((field, column)) => {
                let field = Field {
                    field_type,
                    ..field.clone()
                };
                (field, column.history.clone())
            }
            None => {
                let name = new_name(&found.name, &placed, known);
                let title = found.name.clone();
                let history = Table::history_column(name.as_str());
                (
                    Field {
                        name,
                        title,
                        field_type,
                    },
                    history,
                )
            }
        };
        let column = Column {
            name: found.name.clone(),
            sql_type: found.sql_type.clone(),
            history,
        };
        placed.push((at.unwrap_or(usize::MAX), field, column));
    }
    placed.sort_by_key(|(at, ..)| *at);
    placed.into_iter().map(|(_, field, column)| (field, column)).unzip()
}

/// The name of a column as a field that no other field has.
fn new_name(column: &str, placed: &[(usize, Field, Column)], known: &Table) -> Name {
    let mut name = Name::from_source(column);
    let is_taken = |name: &Name| {
        Layer::RESERVED_FIELDS.contains(&name.folded().as_str())
            || placed.iter().any(|(_, field, _)| field.name.is_same(name))
            || known.layer.fields().iter().any(|field| field.name.is_same(name))
    };
    let first = name.clone();
    for n in 2.. {
        if !is_taken(&name) {
            break;
        }
        name = first.with_suffix(&format!("_{n}"));
    }
    name
}
