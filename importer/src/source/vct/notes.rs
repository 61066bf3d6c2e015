//! What is to say of a VCT file, in bounded memory: the first of each table and code, and how many more there are.

use onemap_model::FindingCode;
use std::collections::BTreeMap;

/// How many of each table and code are kept.
const KEPT: u64 = 1000;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The table that it concerns; none for the whole file.
    pub table: Option<usize>,
    /// What was found.
    pub code: FindingCode,
    /// The identifier of the feature.
    pub feature: Option<i64>,
    /// What exactly, with its line.
    pub message: String,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Notes {
    kept: Vec<Note>,
    counts: BTreeMap<(Option<usize>, FindingCode), u64>,
}

impl Notes {
    /// Adds one; `message` is asked only where it is kept.
    pub fn add(
        &mut self,
        table: Option<usize>,
        code: FindingCode,
        feature: Option<i64>,
        message: impl FnOnce() -> String,
    ) {
        let count = self.counts.entry((table, code)).or_default();
        *count += 1;
        if *count <= KEPT {
            self.kept.push(Note {
                table,
                code,
                feature,
                message: message(),
            });
        }
    }

    /// What was kept, and a word on what was not.
    pub fn finish(mut self) -> Vec<Note> {
        for ((table, code), count) in self.counts {
            if let Some(more) = count.checked_sub(KEPT).filter(|more| *more > 0) {
                self.kept.push(Note {
                    table,
                    code,
                    feature: None,
                    message: format!("{more} more like the {KEPT} before"),
                });
            }
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted() {
        let mut notes = Notes::default();
        for id in 0..KEPT as i64 + 5 {
            notes.add(Some(0), FindingCode::GeometryUnread, Some(id), || "x".into());
        }
        let notes = notes.finish();
        assert_eq!(notes.len() as u64, KEPT + 1);
        assert!(notes[KEPT as usize].message.starts_with("5 more"));
    }
}
