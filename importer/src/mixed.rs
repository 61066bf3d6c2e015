//! Rows of a layer whose numbers are another coordinate system's: how many, which, and what they look like.

use crate::suggest::suggestion;
use onemap_model::Bbox;
use std::fmt::Write;

/// Rows that look like nothing known are a system of their own from so many on …
const FEW: u64 = 10;
/// … where they are at least one in so many; fewer are faults of theirs.
const SHARE: u64 = 100;

/// What was met in one layer.
#[derive(Debug, Default)]
pub struct Mixed {
    fit: Group,
    /// By what they look like; a handful at most, as there are so many suggestions.
    others: Vec<(Option<&'static str>, Group)>,
}

#[derive(Debug, Default)]
struct Group {
    rows: u64,
    range: Option<Bbox>,
    first: String,
}

impl Group {
    fn see(&mut self, range: Bbox, id: &str) {
        if self.rows == 0 {
            id.clone_into(&mut self.first);
        }
        self.rows += 1;
        self.range = Some(self.range.map_or(range, |all| all.union(range)));
    }

    fn range(&self) -> String {
        let Some(range) = self.range else { return String::new() };
        let [west, south, east, north] = range.to_array();
        format!("x {west} to {east}, y {south} to {north}")
    }
}

impl Mixed {
    /// Takes a row into account whose coordinates, as the source has them, make sense in its CRS.
    pub fn fits(&mut self, source: Option<Bbox>, id: &str) {
        if let Some(range) = source {
            self.fit.see(range, id);
        }
    }

    /// Takes one into account whose do not.
    pub fn stranger(&mut self, source: Option<Bbox>, id: &str) {
        let Some(range) = source else { return };
        let looks = suggestion(&range);
        match self.others.iter_mut().find(|(known, _)| *known == looks) {
            Some((_, group)) => group.see(range, id),
            None => {
                let mut group = Group::default();
                group.see(range, id);
                self.others.push((looks, group));
            }
        }
    }

    /// What is to be said of the layer, in Chinese and English; none where all rows are in one system, `label`.
    pub fn sentence(&self, label: &str) -> Option<String> {
        let all = self.fit.rows + self.others.iter().map(|(_, group)| group.rows).sum::<u64>();
        let others = || {
            let many = FEW.max(all / SHARE);
            let is_system = move |(looks, group): &&(Option<&str>, Group)| looks.is_some() || group.rows >= many;
            self.others.iter().filter(is_system)
        };
        let strangers: u64 = others().map(|(_, group)| group.rows).sum();
        if strangers == 0 {
            return None;
        }
        let mut text = format!(
            "{all} 行中有 {strangers} 行不在 {label} 中 / {strangers} of {all} rows are not in {label}; {} are",
            self.fit.rows
        );
        if self.fit.rows > 0 {
            let _ = write!(text, " ({})", self.fit.range());
        }
        for (looks, group) in others() {
            let looks = looks.unwrap_or("no system of the region is known for such numbers: a local one?");
            let _ = write!(
                text,
                "; {} rows from {:?} on: {}: {looks}",
                group.rows,
                group.first,
                group.range()
            );
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f64, y: f64) -> Option<Bbox> {
        Bbox::new(x, y, x, y).ok()
    }

    #[test]
    fn each_system_is_told_with_its_rows_and_its_numbers() {
        let mut mixed = Mixed::default();
        mixed.fits(point(115.0, 30.0), "a");
        for n in 0..3 {
            mixed.stranger(point(38.6e6 + f64::from(n), 3.3e6), "b");
        }
        for n in 0..20 {
            mixed.stranger(point(f64::from(n) - 20_000.0, -62_000.0), "c");
        }
        let text = mixed.sentence("EPSG:4326").unwrap();
        for expected in [
            "23 of 24 rows",
            "3 rows from \"b\"",
            "EPSG:4526",
            "20 rows from \"c\"",
            "x -20000 to -19981",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }

    #[test]
    fn a_few_wild_numbers_are_no_system() {
        let mut mixed = Mixed::default();
        mixed.fits(point(115.0, 30.0), "a");
        (0..20).for_each(|_| mixed.stranger(point(115.0, 3000.0), "b"));
        (0..10_000).for_each(|_| mixed.fits(point(115.0, 30.0), "a"));
        assert_eq!(mixed.sentence("EPSG:4326"), None);
    }
}
