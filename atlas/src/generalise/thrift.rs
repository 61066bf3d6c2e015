//! What areas are drawn without before any of them is left out: attributes that tell each from every other.
//!
//! Codes, addresses and exact sizes are most of a tile of many parcels, no style draws by them, and who wants them asks for
//! the feature, whose number and public id stay. What all features have in common goes on being there: a style's classes.

use super::choice::scatter;
use crate::LayerSnapshot;
use crate::data::column::Cell;
use crate::hits::Hit;
use std::collections::HashSet;
use std::fmt::Write;

/// So many features, those with the least hash of their numbers, stand for all.
const SAMPLE: usize = 512;
/// Of fewer values nothing is said.
const MIN_VALUES: usize = 64;

/// The fields that have another value in more than half of the features, by their place in the layer. Those that the
/// layer's definition generalises by are not among them.
pub(crate) fn telling_apart(layer: &LayerSnapshot, hits: &[Hit]) -> Vec<usize> {
    let mut sample: Vec<((u64, u64), Hit)> = hits
        .iter()
        .map(|&hit| {
            let fid = layer.segments[hit.segment as usize].segment.fid(hit.slot).get();
            ((scatter(fid), fid), hit)
        })
        .collect();
    if sample.len() > SAMPLE {
        sample.select_nth_unstable_by_key(SAMPLE, |&(rank, _)| rank);
        sample.truncate(SAMPLE);
    }
    let tells_apart = |&field: &usize| {
        let (mut values, mut seen, mut count) = (HashSet::new(), Vec::new(), 0);
        for (_, hit) in &sample {
            let column = &layer.segments[hit.segment as usize].segment.columns[field];
            if write(column.get(hit.slot as usize), &mut seen) {
                count += 1;
                if !values.contains(&seen) {
                    values.insert(seen.clone());
                }
            }
        }
        count >= MIN_VALUES && 2 * values.len() > count
    };
    let rules = &layer.layer().generalise;
    let ruled = [
        rules.dissolve_field(layer.layer()),
        rules.rank_field(layer.layer()).map(|(field, _)| field),
    ];
    let fields = (0..layer.layer().fields().len()).filter(|&field| !ruled.contains(&Some(field)));
    fields.filter(tells_apart).collect()
}

/// Writes a value so that equal ones are equal; false for none.
fn write(cell: Cell<'_>, out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut text = String::new();
    let written = match cell {
        Cell::Null => return false,
        Cell::Text(value) => write!(text, "{value}"),
        Cell::Bytes(bytes) => {
            out.extend_from_slice(bytes);
            return true;
        }
        Cell::Bool(value) => write!(text, "{value}"),
        Cell::Int(value) => write!(text, "{value}"),
        Cell::Float(value) => write!(text, "{value}"),
        Cell::Date(value) => write!(text, "{value}"),
        Cell::DateTime(value) => write!(text, "{value}"),
        Cell::Other(value) => write!(text, "{value:?}"),
    };
    written.expect("a String takes any text");
    out.extend_from_slice(text.as_bytes());
    true
}
