//! How a layer lies in the file: the names of its tables and columns, and the JSON that its definition is kept as.

use super::fault::{Fault, Inner};
use onemap_model::{Access, Crs, Field, FieldType, GeometryType, Layer, Name, Secrecy, ZoomRange};
use serde::{Deserialize, Serialize};

/// A layer and where its parts stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// The definition.
    pub layer: Layer,
    /// The column of feature numbers.
    pub fid: String,
    /// The column of geometries; none in an attribute-only layer.
    pub geom: Option<String>,
    /// The column of each field, in the order of the fields.
    pub columns: Vec<String>,
}

/// `text` as an SQL identifier.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// `text` as an SQL string.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Table {
    /// The tables that a new layer gets.
    pub fn new(layer: Layer) -> Self {
        Self {
            fid: "fid".to_owned(),
            geom: (layer.geometry_type != GeometryType::None).then(|| "geom".to_owned()),
            columns: layer.fields().iter().map(|field| field.name.to_string()).collect(),
            layer,
        }
    }

    /// The name of the table of current rows, unquoted.
    pub fn name(&self) -> &str {
        self.layer.name().as_str()
    }

    /// The table of current rows, quoted.
    pub fn current(&self) -> String {
        quote(self.name())
    }

    /// The name of the table of closed rows, unquoted.
    pub fn history_name(&self) -> String {
        format!("{}_history", self.name())
    }

    /// The table of closed rows, quoted.
    pub fn history(&self) -> String {
        quote(&self.history_name())
    }

    /// The name of the R-tree, unquoted; none without geometry.
    pub fn rtree_name(&self) -> Option<String> {
        self.geom.as_ref().map(|geom| format!("rtree_{}_{geom}", self.name()))
    }

    /// The columns that say what a row is, quoted: geometry, valid span, fields. Not its number, not its versions.
    pub fn content(&self) -> Vec<String> {
        let geom = self.geom.iter().map(String::as_str);
        let fields = self.columns.iter().map(String::as_str);
        geom.chain(["valid_from", "valid_to"])
            .chain(fields)
            .map(quote)
            .collect()
    }

    /// The columns that rows are decoded from, in the order [`super::rows::Decoder`] expects.
    pub fn decoded(&self) -> String {
        let geom = self.geom.as_deref().map_or_else(|| "NULL".to_owned(), quote);
        let fields = self.columns.iter().map(|column| format!(", {}", quote(column)));
        format!(
            "{}, {geom}, \"valid_from\", \"valid_to\"{}",
            quote(&self.fid),
            fields.collect::<String>()
        )
    }

    /// Whether rows written under the definition `older` can still stand in this table.
    pub fn holds_rows_of(&self, older: &Table) -> bool {
        let same_place = self.fid == older.fid && (older.geom.is_none() || self.geom == older.geom);
        same_place
            && older
                .typed_columns()
                .all(|old| self.typed_columns().any(|own| own == old))
    }

    /// Whether rows of the other definition have the same columns, whatever their order and titles.
    pub fn has_same_columns(&self, other: &Table) -> bool {
        self.geom.is_some() == other.geom.is_some() && self.holds_rows_of(other) && other.holds_rows_of(self)
    }

    fn typed_columns(&self) -> impl Iterator<Item = (&str, FieldType)> {
        let types = self.layer.fields().iter().map(|field| field.field_type);
        self.columns.iter().map(String::as_str).zip(types)
    }

    /// The definition as the store keeps it.
    pub fn to_json(&self) -> String {
        let layer = &self.layer;
        let fields = layer.fields().iter().zip(&self.columns);
        let record = Record {
            title: layer.title.clone(),
            geometry_type: layer.geometry_type.as_str().to_owned(),
            crs: layer.crs.code(),
            fields: fields.map(|(field, column)| FieldRecord::new(field, column)).collect(),
            key: layer.key().map(|at| layer.fields()[at].name.to_string()),
            min_zoom: layer.zoom.min(),
            max_zoom: layer.zoom.max(),
            access: layer.access.as_str().to_owned(),
            secrecy: layer.secrecy.as_str().to_owned(),
            authority: layer.authority.clone(),
            basemap: layer.basemap,
            utc_offset_minutes: layer.utc_offset_minutes,
            fid_column: self.fid.clone(),
            geometry_column: self.geom.clone(),
        };
        serde_json::to_string(&record).expect("a record of texts and numbers is always JSON")
    }

    /// Reads what [`Table::to_json`] wrote.
    pub fn from_json(name: &str, json: &str) -> Inner<Self> {
        let damaged = |reason: String| Fault::Damaged(format!("definition of layer {name:?}: {reason}"));
        let record: Record = serde_json::from_str(json).map_err(|e| damaged(e.to_string()))?;
        record.into_table(name).map_err(damaged)
    }
}

#[derive(Serialize, Deserialize)]
struct Record {
    title: String,
    geometry_type: String,
    crs: u32,
    fields: Vec<FieldRecord>,
    key: Option<String>,
    min_zoom: u8,
    max_zoom: u8,
    access: String,
    secrecy: String,
    authority: Option<String>,
    basemap: bool,
    utc_offset_minutes: i16,
    fid_column: String,
    geometry_column: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct FieldRecord {
    name: String,
    title: String,
    r#type: String,
    column: String,
}

impl FieldRecord {
    fn new(field: &Field, column: &str) -> Self {
        Self {
            name: field.name.to_string(),
            title: field.title.clone(),
            r#type: field.field_type.as_str().to_owned(),
            column: column.to_owned(),
        }
    }

    fn field(&self) -> Result<Field, String> {
        Ok(Field {
            name: Name::new(&self.name).map_err(|e| e.to_string())?,
            title: self.title.clone(),
            field_type: FieldType::parse(&self.r#type)
                .ok_or_else(|| format!("unknown field type {:?}", self.r#type))?,
        })
    }
}

impl Record {
    fn into_table(self, name: &str) -> Result<Table, String> {
        let name = Name::new(name).map_err(|e| e.to_string())?;
        let kind = GeometryType::parse(&self.geometry_type)
            .ok_or_else(|| format!("unknown geometry type {:?}", self.geometry_type))?;
        let fields = self
            .fields
            .iter()
            .map(FieldRecord::field)
            .collect::<Result<Vec<_>, _>>()?;
        let mut layer = Layer::new(name, kind, Crs::epsg(self.crs), fields).map_err(|e| e.to_string())?;
        if let Some(key) = &self.key {
            layer = layer.with_key(key).map_err(|e| e.to_string())?;
        }
        layer.title = self.title;
        layer.zoom = ZoomRange::new(self.min_zoom, self.max_zoom).map_err(|e| e.to_string())?;
        layer.access = Access::parse(&self.access).ok_or_else(|| format!("unknown access {:?}", self.access))?;
        layer.secrecy = Secrecy::parse(&self.secrecy).ok_or_else(|| format!("unknown secrecy {:?}", self.secrecy))?;
        layer.authority = self.authority;
        layer.basemap = self.basemap;
        layer.utc_offset_minutes = self.utc_offset_minutes;
        Ok(Table {
            layer,
            fid: self.fid_column,
            geom: self.geometry_column,
            columns: self.fields.into_iter().map(|field| field.column).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_survives_being_kept() {
        let field = |name: &str, field_type| Field {
            name: Name::new(name).unwrap(),
            title: format!("title of {name}"),
            field_type,
        };
        let fields = vec![field("宗地代码", FieldType::Text), field("area", FieldType::Float)];
        let mut layer = Layer::new(
            Name::new("宗地").unwrap(),
            GeometryType::MultiPolygon,
            Crs::CGCS2000,
            fields,
        )
        .unwrap()
        .with_key("宗地代码")
        .unwrap();
        layer.title = "Parcels \"all\"".to_owned();
        layer.zoom = ZoomRange::new(13, 20).unwrap();
        layer.access = Access::Public;
        layer.secrecy = Secrecy::Secret;
        layer.authority = Some("自然资源局".to_owned());
        layer.basemap = true;
        layer.utc_offset_minutes = 330;
        let table = Table::new(layer);
        assert_eq!(Table::from_json("宗地", &table.to_json()).unwrap(), table);
    }

    #[test]
    fn a_damaged_definition_is_named() {
        let error = Table::from_json("roads", "{}").unwrap_err().of("x.gpkg").to_string();
        assert!(
            error.contains("x.gpkg is damaged") && error.contains("\"roads\""),
            "{error}"
        );
    }
}
