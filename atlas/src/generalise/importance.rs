//! How important features are, by the classes or the numbers of a field.

use crate::LayerSnapshot;
use crate::data::column::{Cell, Column};
use crate::hits::Hit;
use onemap_model::RankOrder;

/// Columns of more different values than this are asked value by value.
const FEW_CODES: usize = 1 << 12;

/// The place of a feature in its layer's order: the least comes first. 0 for all where there is no order.
pub(super) struct Importance<'a> {
    rule: Option<Rule<'a>>,
}

struct Rule<'a> {
    order: &'a RankOrder,
    /// The field in each segment of the layer, and the place that each of its codes stands for, once that is known.
    sources: Vec<(Option<&'a Column>, Vec<Option<u64>>)>,
}

impl<'a> Importance<'a> {
    pub fn of_layer(layer: &'a LayerSnapshot) -> Self {
        let definition = layer.layer();
        let rule = definition.generalise.rank_field(definition);
        Self {
            rule: rule.map(|(field, rank)| Rule {
                order: &rank.order,
                sources: layer
                    .segments
                    .iter()
                    .map(|live| {
                        let column = live.segment.columns.get(field);
                        let codes = column.map_or(0, Column::code_count);
                        (column, vec![None; if codes <= FEW_CODES { codes } else { 0 }])
                    })
                    .collect(),
            }),
        }
    }

    /// Whether features are in a few classes, of which one may go after the other.
    pub fn has_classes(&self) -> bool {
        matches!(&self.rule, Some(rule) if matches!(rule.order, RankOrder::Values(_)))
    }

    pub fn of(&mut self, hit: Hit) -> u64 {
        let Some(Rule { order, sources }) = &mut self.rule else {
            return 0;
        };
        let (Some(column), known) = &mut sources[hit.segment as usize] else {
            return place(order, Cell::Null);
        };
        let slot = hit.slot as usize;
        match column.code(slot).and_then(|code| known.get_mut(code)) {
            Some(known) => *known.get_or_insert_with(|| place(order, column.get(slot))),
            None => place(order, column.get(slot)),
        }
    }
}

fn place(order: &RankOrder, cell: Cell<'_>) -> u64 {
    match order {
        RankOrder::Values(values) => {
            let found = match cell {
                Cell::Null => None,
                Cell::Text(text) => values.iter().position(|value| value.as_str() == text),
                other => {
                    let text = other.to_value().to_string();
                    values.iter().position(|value| *value == text)
                }
            };
            found.unwrap_or(values.len()) as u64
        }
        RankOrder::Largest => number(cell).map_or(u64::MAX, |number| !ascending(number)),
        RankOrder::Smallest => number(cell).map_or(u64::MAX, ascending),
    }
}

fn number(cell: Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Int(number) => Some(number as f64),
        Cell::Float(number) => Some(number),
        _ => None,
    }
}

/// Bits that are in the order of the finite numbers that they stand for.
fn ascending(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_their_order_and_what_is_none_last() {
        let cells = [
            Cell::Float(-1e300),
            Cell::Int(-3),
            Cell::Float(-0.0),
            Cell::Float(0.5),
            Cell::Int(7),
        ];
        let places = |order: &RankOrder| cells.map(|cell| place(order, cell));
        assert!(places(&RankOrder::Smallest).is_sorted_by(|a, b| a < b));
        assert!(places(&RankOrder::Largest).is_sorted_by(|a, b| a > b));
        for order in [RankOrder::Smallest, RankOrder::Largest] {
            assert!(places(&order).iter().all(|&at| at < place(&order, Cell::Null)));
        }
        assert_eq!(ascending(0.0), ascending(-0.0));
    }

    #[test]
    fn listed_values_come_first_whatever_their_type() {
        let order = RankOrder::Values(vec!["b".into(), "1".into()]);
        let cells = [Cell::Text("b"), Cell::Int(1), Cell::Text("c"), Cell::Null];
        assert_eq!(cells.map(|cell| place(&order, cell)), [0, 1, 2, 2]);
    }
}
