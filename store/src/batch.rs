//! What is kept of a load beside its rows: who brought what, and what became of it.
//!
//! A batch has the number of the version that it made. What made no version leaves no batch, so there is none that is half.

use crate::{LoadCounts, LoadMode};
use onemap_model::{FindingCode, Instant, Name, Version};
use serde::{Deserialize, Serialize};

/// Who loads what: kept with the version that the load makes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// The user of the operating system, or of the service.
    pub who: String,
    /// The command and its sources, in words.
    pub what: String,
}

/// What only the one who loads can say of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// The files that were read, sidecars too.
    pub sources: Vec<SourceFile>,
    /// Where each layer's rows came from.
    pub layers: Vec<DeliveredLayer>,
    /// The mapping of columns that was used, as a mapping file says it.
    pub mapping: Option<String>,
    /// How many findings there were of each code of a layer.
    pub findings: Vec<FindingCount>,
}

/// A file of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name, as it was given.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// Where a layer's rows came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveredLayer {
    /// The layer.
    #[serde(with = "as_text")]
    pub layer: Name,
    /// The source, with the file inside an archive where there is one.
    pub source: String,
    /// The layer's own name there.
    pub source_layer: String,
    /// The coordinate system there.
    pub crs: Option<String>,
    /// The encoding of its texts.
    pub encoding: String,
    /// Rows read.
    pub read: u64,
    /// Rows that were set aside.
    pub rejected: u64,
}

/// How often something was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingCount {
    /// The layer.
    pub layer: String,
    /// The code.
    pub code: String,
    /// How often.
    pub count: u64,
}

impl FindingCount {
    /// What the code means; none for one that this program does not know.
    pub fn known(&self) -> Option<FindingCode> {
        FindingCode::ALL.iter().copied().find(|code| code.as_str() == self.code)
    }
}

/// What a batch did to one layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchLayer {
    /// The layer.
    #[serde(with = "as_text")]
    pub layer: Name,
    /// What became of the rows that were there; none of a rollback.
    pub mode: Option<LoadMode>,
    /// What became of the rows.
    #[serde(flatten)]
    pub counts: LoadCounts,
}

/// A version, with what is kept of the batch that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedBatch {
    /// Its number: the version that it made.
    pub version: Version,
    /// When it was committed.
    pub time: Instant,
    /// Who made it; empty where that is not known.
    pub who: String,
    /// The user of the database; none in a file.
    pub database_user: Option<String>,
    /// The command and its sources, in words.
    pub what: String,
    /// What it did, by layer.
    pub layers: Vec<BatchLayer>,
    /// What was delivered; empty where nobody said.
    pub delivery: Delivery,
    /// The batch that this one rolled back.
    pub undoes: Option<Version>,
    /// The last batch that rolled this one back.
    pub undone_by: Option<Version>,
}

/// What a rollback does about rows that were changed again after the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Later {
    /// They stop it.
    Refuse,
    /// They stay as they are; the others are rolled back.
    Keep,
}

/// What a rollback did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// The version that the store is at now.
    pub version: Version,
    /// What became of each layer.
    pub layers: Vec<(Name, LoadCounts)>,
    /// How many rows were left as later batches made them.
    pub kept: u64,
}

/// What of a layer was changed again after a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The layer.
    pub layer: Name,
    /// How many features; none where it is the layer itself.
    pub rows: u64,
    /// The numbers of the first few.
    pub first: Vec<i64>,
}

impl Conflict {
    /// That the layer is not what the batch made of it.
    pub(crate) fn of_layer(layer: Name) -> Self {
        Self {
            layer,
            rows: 0,
            first: Vec::new(),
        }
    }
}

/// How many numbers of a conflict are told.
pub(crate) const TOLD: usize = 5;

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let layer = &self.layer;
        match (self.rows, self.first.as_slice()) {
            (0, _) => write!(f, "layer {layer:?} was loaded with other fields, removed or made again")?,
            (1, [only]) => write!(f, "feature {only} of layer {layer:?} was changed again")?,
            (rows, first) => {
                let numbers: Vec<String> = first.iter().map(ToString::to_string).collect();
                let more = if rows > first.len() as u64 { ", …" } else { "" };
                let numbers = numbers.join(", ");
                write!(
                    f,
                    "{rows} features of layer {layer:?} were changed again ({numbers}{more})"
                )?;
            }
        }
        Ok(())
    }
}

/// What a store keeps of a batch as text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    pub layers: Vec<BatchLayer>,
    #[serde(default)]
    pub delivery: Delivery,
}

impl Record {
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a record of texts and numbers is always JSON")
    }

    /// Reads what [`Record::to_json`] wrote.
    pub fn from_json(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| format!("the record of a batch: {error}"))
    }
}

/// The layers of a version of which no batch is kept, from what is known of the commit.
pub(crate) fn layers_of(touched: Vec<(Name, LoadCounts)>) -> Vec<BatchLayer> {
    let layer = |(layer, counts)| BatchLayer {
        layer,
        mode: None,
        counts,
    };
    touched.into_iter().map(layer).collect()
}

mod as_text {
    use onemap_model::Name;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(name: &Name, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        Name::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
