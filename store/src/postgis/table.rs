//! How a layer lies in the database: the names and types of its columns, and the JSON that its definition is kept as.
//!
//! A layer has two tables: `public.<layer>` with the current rows, in whatever columns it has, and
//! `onemap_history.<layer>` with every state, in columns of this store's own types.

use super::types::{self, Dims, Shape};
use crate::layer::record::LayerRecord;
use onemap_model::{FieldType, GeometryType, Layer};
use serde::{Deserialize, Serialize};

/// Names that a column of PostgreSQL cannot have.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
/// Names of the history's own columns that a field might have too.
const HISTORY_COLUMNS: [&str; 4] = ["since_tx", "until_tx", "since_time", "until_time"];

/// A layer and where its parts stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// The definition.
    pub layer: Layer,
    /// The column of feature numbers.
    pub fid: String,
    /// The column of geometries; none in an attribute-only layer.
    pub geom: Option<String>,
    /// The declared type of the geometry column: a wide one takes all that a narrow one takes.
    pub shape: Shape,
    /// The SQL types of `valid_from` and `valid_to`.
    pub valid: [String; 2],
    /// The column of each field, in the order of the fields.
    pub columns: Vec<Column>,
}

/// Where the values of a field stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column {
    /// The column in the table of current rows.
    pub name: String,
    /// Its SQL type, as PostgreSQL writes it.
    pub sql_type: String,
    /// The column in the history.
    pub history: String,
}

/// `text` as an SQL identifier.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// `text` as an SQL string.
pub(super) fn literal(text: &str) -> String {
    if text.contains('\\') {
        return format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    }
    format!("'{}'", text.replace('\'', "''"))
}

impl Table {
    /// The tables that a new layer gets. Which column of the history a field has is for
    /// [`super::schema::ensure_history`] to say.
    pub fn new(layer: Layer, dims: Dims) -> Self {
        let shape = Shape::of(layer.geometry_type, dims);
        let taken: Vec<String> = layer.fields().iter().map(|field| field.name.folded()).collect();
        let columns = layer.fields().iter().map(|field| {
            let name = legal(field.name.as_str(), &SYSTEM_COLUMNS, &taken);
            Column {
                history: legal(&name, &HISTORY_COLUMNS, &taken),
                name,
                sql_type: types::declared(field.field_type).to_owned(),
            }
        });
        Self {
            fid: "fid".to_owned(),
            geom: (layer.geometry_type != GeometryType::None).then(|| "geom".to_owned()),
            shape,
            valid: [(); 2].map(|()| types::declared(FieldType::DateTime).to_owned()),
            columns: columns.collect(),
            layer,
        }
    }

    /// The column of the history that a field of this name gets where nothing else stands there.
    pub fn history_column(field: &str) -> String {
        legal(&legal(field, &SYSTEM_COLUMNS, &[]), &HISTORY_COLUMNS, &[])
    }

    /// The name of the layer and of both its tables, unquoted.
    pub fn name(&self) -> &str {
        self.layer.name().as_str()
    }

    /// The table of current rows, quoted.
    pub fn current(&self) -> String {
        format!("public.{}", quote(self.name()))
    }

    /// The table of all states, quoted.
    pub fn history(&self) -> String {
        format!("onemap_history.{}", quote(self.name()))
    }

    /// The view of all states with their versions, quoted.
    pub fn view(&self) -> String {
        format!("public.{}", quote(&format!("{}_history", self.name())))
    }

    /// The sequence that feature numbers come from, quoted. It is not the table's: neither `TRUNCATE … RESTART IDENTITY`
    /// nor `DROP TABLE` makes numbers come again.
    pub fn sequence(&self) -> String {
        format!("onemap_history.{}", quote(&format!("{}_fid", self.name())))
    }

    /// The columns of the history that hold what a row is, quoted: geometry, valid span, fields.
    pub fn history_content(&self) -> Vec<String> {
        let geom = self.geom.iter().map(|_| quote("geom"));
        let fields = self.columns.iter().map(|column| quote(&column.history));
        geom.chain(["valid_from", "valid_to"].map(quote))
            .chain(fields)
            .collect()
    }

    /// The columns of the current table that hold what a row is, quoted, in the same order.
    pub fn current_content(&self) -> Vec<String> {
        let geom = self.geom.iter().map(|geom| quote(geom));
        let fields = self.columns.iter().map(|column| quote(&column.name));
        geom.chain(["valid_from", "valid_to"].map(quote))
            .chain(fields)
            .collect()
    }

    /// What stands in the current table's columns, as the history keeps it: expressions in the order of
    /// [`Table::history_content`]. `row` is how the query calls a row of the table.
    pub fn as_history(&self, row: &str, postgis: &str) -> Vec<String> {
        let geom = self.geometry_as_history(row, postgis);
        geom.into_iter().chain(self.valid_and_fields(row)).collect()
    }

    /// The geometry alone: in the store's system, and of many parts where the layer's are, as PostGIS would tell them
    /// apart.
    fn geometry_as_history(&self, row: &str, postgis: &str) -> Option<String> {
        let value = format!("{row}.{}", quote(self.geom.as_ref()?));
        let value = format!("{postgis}.ST_SetSRID({value}, {})", self.layer.crs.code());
        Some(match self.layer.geometry_type {
            GeometryType::MultiPoint | GeometryType::MultiLineString | GeometryType::MultiPolygon => {
                format!("{postgis}.ST_Multi({value})")
            }
            _ => value,
        })
    }

    /// The same without the geometry.
    pub fn valid_and_fields(&self, row: &str) -> Vec<String> {
        let offset = self.layer.utc_offset_minutes;
        let [from, to] = &self.valid;
        let from = types::moment(&format!("{row}.\"valid_from\""), from, offset, types::End::Start);
        let to = types::moment(&format!("{row}.\"valid_to\""), to, offset, types::End::Stop);
        let kinds = self.layer.fields().iter().map(|field| field.field_type);
        let fields = self.columns.iter().zip(kinds).map(|(column, kind)| {
            types::cast(
                &format!("{row}.{}", quote(&column.name)),
                &column.sql_type,
                kind,
                offset,
            )
        });
        [from, to].into_iter().chain(fields).collect()
    }

    /// The columns that rows are decoded from, in the order [`super::rows::Decoder`] expects: number, geometry, valid
    /// span, fields. `row` is how the query calls a row of the current table.
    pub fn decoded_current(&self, row: &str) -> String {
        let geom = self
            .geom
            .as_ref()
            .map_or("NULL".to_owned(), |geom| format!("{row}.{}", quote(geom)));
        let rest = self.valid_and_fields(row).join(", ");
        format!("{row}.{}::bigint, {geom}, {rest}", quote(&self.fid))
    }

    /// The same of a row of the history.
    pub fn decoded_history(&self, row: &str) -> String {
        let geom = self
            .geom
            .as_ref()
            .map_or("NULL".to_owned(), |_| format!("{row}.\"geom\""));
        let fields = self
            .columns
            .iter()
            .map(|column| format!(", {row}.{}", quote(&column.history)));
        format!(
            "{row}.\"fid\", {geom}, {row}.\"valid_from\", {row}.\"valid_to\"{}",
            fields.collect::<String>()
        )
    }

    /// The condition that a row of the current table, called `row`, is what a row of the history, called `state`, says.
    /// Geometries are compared as what they say, not by their image: PostGIS may or may not keep a box in it.
    pub fn same(&self, row: &str, state: &str, postgis: &str) -> String {
        let own = self.valid_and_fields(row).join(", ");
        let fields = self
            .columns
            .iter()
            .map(|column| format!(", {state}.{}", quote(&column.history)));
        let kept = format!(
            "{state}.\"valid_from\", {state}.\"valid_to\"{}",
            fields.collect::<String>()
        );
        let shape = self.geometry_as_history(row, postgis).map_or(String::new(), |value| {
            format!(" AND {postgis}.ST_AsEWKB({value}) IS NOT DISTINCT FROM {postgis}.ST_AsEWKB({state}.\"geom\")")
        });
        format!("(ROW({own})::record OPERATOR(pg_catalog.*=) ROW({kept})::record{shape})")
    }

    /// The declared type of the geometry column.
    pub fn geometry_type(&self) -> String {
        self.shape.declared(self.layer.crs)
    }

    /// Whether rows of the other definition are told in the same columns of the history.
    pub fn has_same_history(&self, other: &Table) -> bool {
        let told = |table: &Table| {
            let kinds = table.layer.fields().iter().map(|field| field.field_type);
            let mut told: Vec<_> = table.columns.iter().map(|c| c.history.clone()).zip(kinds).collect();
            told.sort_by(|a, b| a.0.cmp(&b.0));
            told
        };
        self.geom.is_some() == other.geom.is_some() && told(self) == told(other)
    }

    /// The definition as the store keeps it.
    pub fn to_json(&self) -> String {
        let record = Record {
            layer: LayerRecord::of(&self.layer),
            fid: self.fid.clone(),
            geom: self.geom.clone(),
            shape: self.shape,
            valid: self.valid.clone(),
            columns: self.columns.clone(),
        };
        serde_json::to_string(&record).expect("a record of texts and numbers is always JSON")
    }

    /// Reads what [`Table::to_json`] wrote.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_json(name: &str, json: &str) -> Result<Self, String> {
        let record: Record = serde_json::from_str(json).map_err(|e| e.to_string())?;
        Ok(Self {
            layer: record.layer.into_layer(name)?,
            fid: record.fid,
            geom: record.geom,
            shape: record.shape,
            valid: record.valid,
            columns: record.columns,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(flatten)]
    layer: LayerRecord,
    fid: String,
    geom: Option<String>,
    shape: Shape,
    valid: [String; 2],
    columns: Vec<Column>,
}

/// `name`, with underscores after it where a column cannot have it.
fn legal(name: &str, illegal: &[&str], taken: &[String]) -> String {
    let mut legal = name.to_owned();
    while illegal.contains(&legal.to_lowercase().as_str()) || (legal != name && taken.contains(&legal.to_lowercase())) {
        legal.push('_');
    }
    legal
}
