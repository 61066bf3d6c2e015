//! Reading the shape of a table that another program made, as a layer.

use super::fault::Inner;
use super::schema::{self, Column};
use super::table::Table;
use super::values;
use onemap_model::{Crs, Field, GeometryType, Layer, Name};
use rusqlite::{Connection, OptionalExtension};

/// WGS 84 and CGCS2000, less than a metre apart: a table in one is taken as being in the other
/// ([decision 7](../../../docs/decisions/0007-crs-equivalence.md)).
const EQUIVALENT: [i64; 2] = [4326, 4490];

/// The table `name` as a layer, or why it can be none. What is known of the layer already is kept.
pub(super) fn of_table(db: &Connection, name: &str, crs: Crs, known: Option<&Table>) -> Inner<Result<Table, String>> {
    let sql = "SELECT 1 FROM pragma_table_list(?) WHERE schema = 'main' AND type = 'table' AND wr = 0";
    if db
        .prepare_cached(sql)?
        .query_row([name], |_| Ok(()))
        .optional()?
        .is_none()
    {
        return Ok(Err("there is no ordinary table of its name".to_owned()));
    }
    let columns = schema::columns_of(db, name)?;
    let geometry = match geometry_column(db, name, crs)? {
        Ok(geometry) => geometry,
        Err(reason) => return Ok(Err(reason)),
    };
    Ok(shape(name, &columns, geometry, title(db, name)?, crs, known))
}

type GeometryColumn = Option<(String, GeometryType)>;

fn geometry_column(db: &Connection, name: &str, crs: Crs) -> Inner<Result<GeometryColumn, String>> {
    let sql = "SELECT g.column_name, g.geometry_type_name, s.organization, s.organization_coordsys_id \
               FROM gpkg_geometry_columns g LEFT JOIN gpkg_spatial_ref_sys s USING (srs_id) \
               WHERE lower(g.table_name) = lower(?)";
    let found = db
        .prepare_cached(sql)?
        .query_row([name], |row| {
            let organization: Option<String> = row.get(2)?;
            let code: Option<i64> = row.get(3)?;
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, organization, code))
        })
        .optional()?;
    let Some((column, kind, organization, code)) = found else {
        return Ok(Ok(None));
    };
    let is_epsg = organization.is_some_and(|text| text.eq_ignore_ascii_case("EPSG"));
    let is_same = |code: i64| {
        let both = [code, i64::from(crs.code())];
        both[0] == both[1] || both.iter().all(|one| EQUIVALENT.contains(one))
    };
    if !is_epsg || !code.is_some_and(is_same) {
        return Ok(Err(format!("its coordinates are not in the store's {crs}")));
    }
    Ok(Ok(Some((column, geometry_type(&kind)))))
}

fn geometry_type(name: &str) -> GeometryType {
    match name.to_ascii_uppercase().as_str() {
        "POINT" => GeometryType::Point,
        "MULTIPOINT" => GeometryType::MultiPoint,
        "LINESTRING" | "MULTILINESTRING" => GeometryType::MultiLineString,
        "POLYGON" | "MULTIPOLYGON" => GeometryType::MultiPolygon,
        _ => GeometryType::Geometry,
    }
}

fn title(db: &Connection, name: &str) -> Inner<Option<String>> {
    let sql = "SELECT identifier FROM gpkg_contents WHERE lower(table_name) = lower(?)";
    let found: Option<Option<String>> = db.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?;
    Ok(found.flatten().filter(|title| !title.is_empty()))
}

fn shape(
    name: &str,
    columns: &[Column],
    geometry: GeometryColumn,
    title: Option<String>,
    crs: Crs,
    known: Option<&Table>,
) -> Result<Table, String> {
    let fid = match columns
        .iter()
        .filter(|column| column.primary_key > 0)
        .collect::<Vec<_>>()[..]
    {
        [only] if only.declared.eq_ignore_ascii_case("INTEGER") => only.name.clone(),
        _ => return Err("it has no integer primary key".to_owned()),
    };
    let (geom, kind) = geometry.map_or((None, GeometryType::None), |(column, kind)| (Some(column), kind));
    let has = |wanted: &str| columns.iter().find(|column| column.name.eq_ignore_ascii_case(wanted));
    if geom.as_deref().is_some_and(|geom| has(geom).is_none()) {
        return Err("its geometry column is not there".to_owned());
    }
    if has("until").is_some() {
        return Err("it has a column called until, which the history needs".to_owned());
    }
    if has("since").is_some_and(|column| !column.declared.to_ascii_uppercase().contains("INT")) {
        return Err("its column since is no integer".to_owned());
    }
    let own = |column: &&Column| {
        let reserved = ["valid_from", "valid_to", "since"];
        let is_reserved = reserved.iter().any(|word| column.name.eq_ignore_ascii_case(word));
        !is_reserved && column.name != fid && geom.as_deref() != Some(&column.name)
    };
    let mut fields: Vec<Field> = Vec::new();
    let mut names = Vec::new();
    for column in ordered(columns.iter().filter(own).collect(), known) {
        fields.push(field(column, &fields, known));
        names.push(column.name.clone());
    }
    let name = Name::new(name).map_err(|e| e.to_string())?;
    let mut layer = Layer::new(name, kind, crs, fields).map_err(|e| e.to_string())?;
    match known.map(|known| &known.layer) {
        Some(old) => {
            if let Some(key) = old.key()
                && let Ok(keyed) = layer.clone().with_key(old.fields()[key].name.as_str())
            {
                layer = keyed;
            }
            layer.title = old.title.clone();
            layer.zoom = old.zoom;
            layer.access = old.access;
            layer.secrecy = old.secrecy;
            layer.authority = old.authority.clone();
            layer.basemap = old.basemap;
            layer.utc_offset_minutes = old.utc_offset_minutes;
            layer.generalise = old.generalise.clone();
        }
        None => layer.title = title.unwrap_or_else(|| layer.name().to_string()),
    }
    Ok(Table {
        layer,
        fid,
        geom,
        columns: names,
    })
}

/// Columns that are known in their known order, then the new ones.
fn ordered<'c>(columns: Vec<&'c Column>, known: Option<&Table>) -> Vec<&'c Column> {
    let place = |column: &Column| {
        let at = known.and_then(|known| known.columns.iter().position(|name| *name == column.name));
        at.unwrap_or(usize::MAX)
    };
    let mut columns = columns;
    columns.sort_by_key(|column| place(column));
    columns
}

fn field(column: &Column, taken: &[Field], known: Option<&Table>) -> Field {
    let field_type = values::of_declared(&column.declared);
    let old = known.and_then(|known| {
        let at = known.columns.iter().position(|name| *name == column.name)?;
        known.layer.fields().get(at)
    });
    if let Some(old) = old {
        let same = values::of_declared(values::declared(old.field_type)) == field_type;
        let field_type = if same { old.field_type } else { field_type };
        return Field {
            field_type,
            ..old.clone()
        };
    }
    let wanted = Name::from_source(&column.name);
    let is_free = |name: &Name| {
        let reserved = Layer::RESERVED_FIELDS.contains(&name.folded().as_str());
        let known = known.is_some_and(|known| known.layer.fields().iter().any(|field| field.name.is_same(name)));
        !reserved && !known && !taken.iter().any(|field| field.name.is_same(name))
    };
    let numbered = (2..).map(|n| wanted.with_suffix(&format!("_{n}")));
    let name = std::iter::once(wanted.clone()).chain(numbered).find(is_free);
    Field {
        name: name.expect("one of endlessly many numbers is free"),
        title: column.name.clone(),
        field_type,
    }
}
