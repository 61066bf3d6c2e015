//! Areas in groups of equal values of a field, for being drawn together.

use crate::LayerSnapshot;
use crate::data::column::Column;
use crate::hits::Hit;
use onemap_model::Value;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Groups beside the one of what has no value. Where there are more values, those of the fewest areas are as none.
const MAX_GROUPS: usize = 63;
/// Columns of more different values than this are asked value by value.
const FEW_CODES: usize = 1 << 16;

/// The groups of some areas.
#[derive(Debug)]
pub(super) struct Groups {
    /// The field.
    pub field: usize,
    /// The values of groups 1, 2, … in an order that depends on nothing but them. Group 0 has none.
    pub values: Vec<Value>,
}

impl Groups {
    /// The groups of `hits` where the layer's definition names a field for that, and the group of each.
    pub fn of(layer: &LayerSnapshot, hits: &[Hit]) -> Option<(Self, Vec<u8>)> {
        let field = layer.layer().generalise.dissolve_field(layer.layer())?;
        let mut met = Met::default();
        let mut sources: Vec<(Option<&Column>, Vec<Option<u32>>)> = layer
            .segments
            .iter()
            .map(|live| {
                let column = live.segment.columns.get(field);
                let codes = column.map_or(0, Column::code_count);
                (column, vec![None; if codes <= FEW_CODES { codes } else { 0 }])
            })
            .collect();
        let number = |hit: &Hit| {
            let (column, known) = &mut sources[hit.segment as usize];
            let slot = hit.slot as usize;
            let value = || column.map_or(Value::Null, |column| column.get(slot).to_value());
            let code = column.and_then(|column| column.code(slot));
            let number = match code.and_then(|code| known.get_mut(code)) {
                Some(known) => *known.get_or_insert_with(|| met.number(value())),
                None => met.number(value()),
            };
            met.counts[number as usize] += 1;
            number
        };
        let numbers: Vec<u32> = hits.iter().map(number).collect();
        let (values, groups) = met.groups();
        let of_each = numbers.iter().map(|&number| groups[number as usize]).collect();
        Some((Self { field, values }, of_each))
    }

    /// The value of a group.
    pub fn value(&self, group: u8) -> Option<(usize, &Value)> {
        let at = usize::from(group).checked_sub(1)?;
        Some((self.field, &self.values[at]))
    }
}

/// Values in the order in which they were met.
#[derive(Debug, Default)]
struct Met {
    /// By how they are written for programmers, which tells kinds of values apart.
    numbers: HashMap<String, u32>,
    values: Vec<Value>,
    counts: Vec<usize>,
}

impl Met {
    fn number(&mut self, value: Value) -> u32 {
        let next = self.values.len() as u32;
        let number = *self.numbers.entry(format!("{value:?}")).or_insert(next);
        if number == next {
            self.values.push(value);
            self.counts.push(0);
        }
        number
    }

    /// The values of the groups, and the group of each number.
    fn groups(self) -> (Vec<Value>, Vec<u8>) {
        let mut keyed: Vec<(String, u32)> = self.numbers.into_iter().collect();
        keyed.retain(|&(_, number)| !self.values[number as usize].is_null());
        keyed.sort_unstable_by(|a, b| {
            let count = |at: &(String, u32)| Reverse(self.counts[at.1 as usize]);
            (count(a), &a.0).cmp(&(count(b), &b.0))
        });
        keyed.truncate(MAX_GROUPS);
        keyed.sort_unstable();
        let mut groups = vec![0; self.values.len()];
        for (group, &(_, number)) in (1..).zip(&keyed) {
            groups[number as usize] = group;
        }
        let values = keyed.iter().map(|&(_, number)| self.values[number as usize].clone());
        (values.collect(), groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_values_are_groups_whatever_was_met_first() {
        let groups = |numbers: &mut dyn Iterator<Item = i64>| {
            let mut met = Met::default();
            for number in numbers {
                let value = if number == 0 { Value::Null } else { Value::Int(number) };
                let at = met.number(value);
                met.counts[at as usize] += 1;
            }
            met.groups()
        };
        // Each number twice, those below 10 once; nothing for 0.
        let given = || (0..100).chain(10..100);
        let (values, of_each) = groups(&mut given());
        assert_eq!(values, groups(&mut given().rev()).0);
        assert_eq!(values.len(), MAX_GROUPS);
        assert!(
            values.iter().all(|value| matches!(value, Value::Int(10..))),
            "{values:?}"
        );
        assert_eq!((of_each[0], of_each[1]), (0, 0));
        assert_eq!(of_each.iter().filter(|&&group| group > 0).count(), MAX_GROUPS);
    }
}
