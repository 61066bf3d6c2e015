//! How a layer is generalised, as JSON.

use onemap_model::{Generalise, Name, Rank, RankOrder};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct GeneraliseRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rank: Option<RankRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dissolve: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    label: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct RankRecord {
    field: String,
    order: OrderRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OrderRecord {
    Values(Vec<String>),
    Largest,
    Smallest,
}

impl GeneraliseRecord {
    /// What is to be kept; nothing where nothing is said.
    pub fn of(rules: &Generalise) -> Option<Self> {
        let rank = |rank: &Rank| RankRecord {
            field: rank.field.to_string(),
            order: match &rank.order {
                RankOrder::Values(values) => OrderRecord::Values(values.clone()),
                RankOrder::Largest => OrderRecord::Largest,
                RankOrder::Smallest => OrderRecord::Smallest,
            },
        };
        (!rules.is_default()).then(|| Self {
            rank: rules.rank.as_ref().map(rank),
            dissolve: rules.dissolve.as_ref().map(Name::to_string),
            label: rules.label.iter().map(Name::to_string).collect(),
        })
    }

    /// What was kept.
    ///
    /// # Errors
    /// Which field's name is none.
    pub fn into_rules(self) -> Result<Generalise, String> {
        let name = |text: &str| Name::new(text).map_err(|error| error.to_string());
        let rank = |rank: RankRecord| {
            Ok::<_, String>(Rank {
                field: name(&rank.field)?,
                order: match rank.order {
                    OrderRecord::Values(values) => RankOrder::Values(values),
                    OrderRecord::Largest => RankOrder::Largest,
                    OrderRecord::Smallest => RankOrder::Smallest,
                },
            })
        };
        Ok(Generalise {
            rank: self.rank.map(rank).transpose()?,
            dissolve: self.dissolve.as_deref().map(name).transpose()?,
            label: self.label.iter().map(|text| name(text)).collect::<Result<_, _>>()?,
        })
    }
}
