//! Mapping files: which source layer becomes which layer, and which column which field.
//!
//! ```toml
//! [[layers]]
//! source = "ZD"          # the layer's name in the source
//! layer = "parcels"      # what it becomes
//! others = "keep"        # columns that are not named: keep (default) or drop
//!
//! [layers.fields]
//! zddm = "ZDDM"                                            # this column
//! zdmj = { from = "ZDMJ_MU", unit = "mu" }                 # turned into m²
//! yt   = { from = "YT", values = { "住宅" = "0701" } }     # one text for another; what is not named stays
//! qlxz = { value = "国有建设用地使用权" }                  # the same for all rows
//! valid_from = "DJSJ"                                      # the valid time of the rows
//! ```
//!
//! A mapping is never made silently: it is written by somebody, or suggested ([`suggest`]) and agreed to.

pub mod ask;
pub mod convert;
mod file;
pub mod suggest;
mod unit;

use onemap_model::{FieldType, Name};
use std::collections::BTreeMap;

/// What the layers of the sources become.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping {
    /// What errors call it.
    pub file: String,
    /// Each source layer that it speaks of.
    pub layers: Vec<LayerMapping>,
}

/// What one layer of a source becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerMapping {
    /// Its name in the source.
    pub source: String,
    /// Its name in the store; as without a mapping where none is said.
    pub layer: Option<Name>,
    /// What becomes of columns that no field names.
    pub others: Others,
    /// The fields, by their names.
    pub fields: BTreeMap<String, FieldMapping>,
}

/// What becomes of columns that a mapping does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Others {
    /// They are fields under their own names.
    #[default]
    Keep,
    /// They are left out.
    Drop,
}

/// Where a field comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldMapping {
    /// A column, by its name in the source.
    Column {
        /// The column.
        from: String,
        /// How its values are turned.
        turned: Turned,
    },
    /// The same text for all rows.
    Constant(String),
}

/// How the values of a column are turned, before they get the type of the field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Turned {
    /// What numbers are multiplied with.
    pub factor: Option<f64>,
    /// One text for another; what is not named stays as it is.
    pub values: BTreeMap<String, String>,
    /// The type of the field; that of the definition, else that of the column, where none is said.
    pub field_type: Option<FieldType>,
}

/// Why a text is no mapping, or a mapping does not fit a source.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// No TOML, a key missing, unknown, or of the wrong type.
    #[error("{file}: {reason}")]
    Toml {
        /// The file.
        file: String,
        /// What the parser says, with line and key.
        reason: String,
    },
    /// A value that the key cannot have.
    #[error("{file}: {key} = {value:?}: expected {expected}")]
    Value {
        /// The file.
        file: String,
        /// The key, with the layer that it belongs to.
        key: String,
        /// The value.
        value: String,
        /// What it could be.
        expected: String,
    },
}

impl Mapping {
    /// What it says of the source layer called `name`.
    pub fn of(&self, name: &str) -> Option<&LayerMapping> {
        self.layers.iter().find(|layer| layer.source == name)
    }
}
