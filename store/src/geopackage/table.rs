//! How a layer lies in the file: the names of its tables and columns, and the JSON that its definition is kept as.

use super::fault::{Fault, Inner};
use crate::layer::record::LayerRecord;
use onemap_model::{FieldType, GeometryType, Layer};
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
        let record = Record {
            layer: LayerRecord::of(&self.layer).with_columns(&self.columns),
            fid_column: self.fid.clone(),
            geometry_column: self.geom.clone(),
        };
        serde_json::to_string(&record).expect("a record of texts and numbers is always JSON")
    }

    /// Reads what [`Table::to_json`] wrote.
    pub fn from_json(name: &str, json: &str) -> Inner<Self> {
        let damaged = |reason: String| Fault::Damaged(format!("definition of layer {name:?}: {reason}"));
        let record: Record = serde_json::from_str(json).map_err(|e| damaged(e.to_string()))?;
        Ok(Self {
            columns: record.layer.columns().map_err(damaged)?,
            layer: record.layer.into_layer(name).map_err(damaged)?,
            fid: record.fid_column,
            geom: record.geometry_column,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(flatten)]
    layer: LayerRecord,
    fid_column: String,
    geometry_column: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Access, Crs, Field, Generalise, Name, Rank, RankOrder, Secrecy, ZoomRange};

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
        layer.generalise = Generalise {
            rank: Some(Rank {
                field: Name::new("area").unwrap(),
                order: RankOrder::Largest,
            }),
            dissolve: Some(Name::new("宗地代码").unwrap()),
            label: vec![Name::new("宗地代码").unwrap()],
        };
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
