//! How a layer is generalised: what its definition says about tiles that cannot show all of it.

use crate::{Layer, Name};

/// What is shown where not everything fits into a tile. Nothing said means: by size alone.
///
/// Rules name fields. A field that a layer has lost since leaves its rule without effect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Generalise {
    /// Which points and lines are shown the longest.
    pub rank: Option<Rank>,
    /// The field by which areas that are too small to be shown by themselves are drawn together: equal values as one.
    pub dissolve: Option<Name>,
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

    /// The rank and the place in `layer` of its field.
    pub fn rank_field(&self, layer: &Layer) -> Option<(usize, &Rank)> {
        let rank = self.rank.as_ref()?;
        Some((layer.field_index(rank.field.as_str())?, rank))
    }
}
