//! How a layer is generalised: what its definition says about tiles that cannot show all of it.

use crate::{FieldType, Layer, Name};

/// What is shown where not everything fits into a tile. Nothing said means: by size alone.
///
/// Rules name fields. A field that a layer has lost since leaves its rule without effect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Generalise {
    /// Which points and lines are shown the longest.
    pub rank: Option<Rank>,
    /// The field by which areas that are too small to be shown by themselves are drawn together: equal values as one.
    pub dissolve: Option<Name>,
    /// The fields that the labels of areas are written from; none where areas have no labels in tiles.
    pub label: Vec<Name>,
}

/// The order of importance among a layer's features, by one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rank {
    /// The field.
    pub field: Name,
    /// Which of its values come first.
    pub order: RankOrder,
}

/// Which values of a field come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RankOrder {
    /// Those with these texts, in this order, before all others.
    Values(Vec<String>),
    /// Larger numbers; what is no number comes last.
    Largest,
    /// Smaller numbers; what is no number comes last.
    Smallest,
}

impl Generalise {
    /// Whether nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The place in `layer` of the field that areas are dissolved by.
    pub fn dissolve_field(&self, layer: &Layer) -> Option<usize> {
        self.dissolve.as_ref().and_then(|name| layer.field_index(name.as_str()))
    }

    /// The places in `layer` of the fields that labels are written from.
    pub fn label_fields(&self, layer: &Layer) -> Vec<usize> {
        let fields = self.label.iter().filter_map(|name| layer.field_index(name.as_str()));
        fields.filter(|&at| is_plain(layer.fields()[at].field_type)).collect()
    }

    /// The places in `layer` of all fields that labels carry: those they are written from, and those of the other rules.
    pub fn carried_by_labels(&self, layer: &Layer) -> Vec<usize> {
        let mut fields = self.label_fields(layer);
        fields.extend(self.dissolve_field(layer));
        fields.extend(self.rank_field(layer).map(|(field, _)| field));
        fields.retain(|&at| is_plain(layer.fields()[at].field_type));
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// The rank and the place in `layer` of its field.
    pub fn rank_field(&self, layer: &Layer) -> Option<(usize, &Rank)> {
        let rank = self.rank.as_ref()?;
        Some((layer.field_index(rank.field.as_str())?, rank))
    }
}

/// Whether values of the type are short or text.
fn is_plain(field_type: FieldType) -> bool {
    !matches!(field_type, FieldType::Bytes | FieldType::Array)
}
