//! The ledger: what was planted.

use onemap_model::{Coord, FindingCode};
use serde_json::json;
use std::collections::BTreeSet;

/// One fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What was done, in a word.
    pub kind: &'static str,
    /// The code under which it is to be found.
    pub code: FindingCode,
    /// The layer.
    pub layer: &'static str,
    /// The features of which one is named by the finding: its key, or its row (from 1) where it has none.
    pub features: Vec<String>,
    /// Where.
    pub place: Option<Coord>,
}

/// All faults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    /// In the order of planting.
    pub entries: Vec<Entry>,
}

impl Ledger {
    /// Writes a fault down.
    pub fn add(
        &mut self,
        kind: &'static str,
        code: FindingCode,
        layer: &'static str,
        features: &[&str],
        place: Option<Coord>,
    ) {
        self.entries.push(Entry {
            kind,
            code,
            layer,
            features: features.iter().map(ToString::to_string).collect(),
            place,
        });
    }

    /// How many kinds there are.
    pub fn kinds(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.kind)
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// As JSON, one entry a line.
    pub fn json(&self) -> String {
        let lines: Vec<String> = self
            .entries
            .iter()
            .map(|entry| {
                let place = entry.place.map(|p| [p.x, p.y]);
                json!({
                    "kind": entry.kind, "code": entry.code.as_str(), "layer": entry.layer, "features": entry.features,
                    "place": place,
                })
                .to_string()
            })
            .collect();
        format!("[\n{}\n]\n", lines.join(",\n"))
    }
}
