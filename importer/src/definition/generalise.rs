//! What a definition says of tiles that cannot show all of a layer: the table `[generalise]`.

use super::{DefinitionError, Reader};
use onemap_model::{FieldType, Generalise, GeometryType, Layer, Name, Rank, RankOrder};
use serde::Deserialize;
use std::collections::HashSet;

/// What tiles show that cannot show all of the layer.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawGeneralise {
    /// Which points and lines are shown the longest.
    rank: Option<RawRank>,
    /// The field by which areas that are too small to be shown by themselves are drawn together.
    dissolve: Option<String>,
    /// The fields that the labels of areas are written from: tiles have a layer `…_label` of one point for each area.
    #[serde(default)]
    label: Vec<String>,
}

/// The order of importance among the features.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawRank {
    /// The field that it goes by.
    field: String,
    /// Values, the most important one first; or, of a field of numbers, `largest` or `smallest`.
    order: RawOrder,
}

/// Values, or the word for an order of numbers.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
enum RawOrder {
    /// Values, the most important one first.
    Values(Vec<String>),
    /// `largest` or `smallest`.
    Word(String),
}

impl Reader<'_> {
    /// What `raw` means for a layer.
    pub(super) fn generalise(&self, raw: &RawGeneralise, layer: &Layer) -> Result<Generalise, DefinitionError> {
        let rank = raw.rank.as_ref().map(|rank| self.rank(rank, layer));
        let dissolve = raw.dissolve.as_deref().map(|field| {
            let of_use = "a field of the layer of type bool, int or text";
            let types = [FieldType::Bool, FieldType::Int, FieldType::Text];
            self.field_of("generalise.dissolve", field, layer, &types, of_use)
        });
        Ok(Generalise {
            rank: rank.transpose()?,
            dissolve: dissolve.transpose()?,
            label: self.label(&raw.label, layer)?,
        })
    }

    fn label(&self, raw: &[String], layer: &Layer) -> Result<Vec<Name>, DefinitionError> {
        const LABEL: &str = "generalise.label";
        if let Some(twice) = first_twice(raw) {
            return Err(self.wrong(LABEL, twice.clone(), "each field once"));
        }
        if !raw.is_empty() && layer.geometry_type != GeometryType::MultiPolygon {
            let found = layer.geometry_type.as_str().to_owned();
            return Err(self.wrong(LABEL, found, "labels in a layer of polygons only"));
        }
        let types = [
            FieldType::Bool,
            FieldType::Int,
            FieldType::Float,
            FieldType::Text,
            FieldType::Date,
            FieldType::DateTime,
        ];
        let of_use = "a field of the layer, not of type bytes or array";
        let fields = raw
            .iter()
            .map(|field| self.field_of(LABEL, field, layer, &types, of_use));
        fields.collect()
    }

    fn rank(&self, raw: &RawRank, layer: &Layer) -> Result<Rank, DefinitionError> {
        const ORDER: &str = "generalise.rank.order";
        let numbers = [FieldType::Int, FieldType::Float];
        let (order, types, of_use) = match &raw.order {
            RawOrder::Values(values) => {
                if let Some(twice) = first_twice(values) {
                    return Err(self.wrong(ORDER, twice.clone(), "each value once"));
                }
                if values.is_empty() {
                    return Err(self.wrong(ORDER, "[]".to_owned(), "values, the most important one first"));
                }
                let types = &[FieldType::Bool, FieldType::Int, FieldType::Text][..];
                let of_use = "a field of the layer of type bool, int or text";
                (RankOrder::Values(values.clone()), types, of_use)
            }
            RawOrder::Word(word) => {
                let order = match word.as_str() {
                    "largest" => RankOrder::Largest,
                    "smallest" => RankOrder::Smallest,
                    _ => return Err(self.wrong(ORDER, word.clone(), "a list of values, largest or smallest")),
                };
                (order, &numbers[..], "a field of the layer of type int or float")
            }
        };
        let field = self.field_of("generalise.rank.field", &raw.field, layer, types, of_use)?;
        Ok(Rank { field, order })
    }

    fn field_of(
        &self,
        key: &str,
        name: &str,
        layer: &Layer,
        types: &[FieldType],
        expected: &'static str,
    ) -> Result<Name, DefinitionError> {
        let mut fields = layer.fields().iter();
        let found = fields.find(|field| field.name.as_str() == name && types.contains(&field.field_type));
        found
            .map(|field| field.name.clone())
            .ok_or_else(|| self.wrong(key, name.to_owned(), expected))
    }
}

fn first_twice(values: &[String]) -> Option<&String> {
    let mut seen = HashSet::new();
    values.iter().find(|value| !seen.insert(*value))
}
