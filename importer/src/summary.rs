//! The summary of an import: what was read, loaded, set aside and why, as text for people.

use crate::plan::Plan;
use crate::quality::backdrop::Backdrop;
use crate::rows::Outcome;
use onemap_model::{Finding, FindingCode, Findings, Severity, Version};
use onemap_store::LoadCounts;
use std::fmt::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

/// How many findings of each code of a layer are shown in full.
const EXAMPLES: usize = 3;
/// … and only one where there are more kinds of findings than this.
const MANY: usize = 15;

/// What became of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerSummary {
    /// Its name in the store.
    pub name: String,
    /// The source, and the file in it.
    pub source: String,
    /// What it is called there.
    pub source_layer: String,
    /// The kind of its geometries.
    pub geometry_type: &'static str,
    /// The CRS its coordinates are in there; none where it has none.
    pub crs: Option<String>,
    /// The encoding of its texts.
    pub encoding: &'static str,
    /// Rows read.
    pub read: u64,
    /// Rows passed on.
    pub passed: u64,
    /// Rows set aside.
    pub set_aside: u64,
    /// What the store made of it; none where nothing was loaded.
    pub counts: Option<LoadCounts>,
}

/// What became of an import.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Each layer, in order.
    pub layers: Vec<LayerSummary>,
    /// All that was found.
    pub findings: Findings,
    /// The version that the store is at, and whether this import made it; none where nothing was loaded.
    pub version: Option<(Version, Made)>,
    /// The files that have the rows that were set aside; none where nobody asked for them.
    pub quarantine: Vec<PathBuf>,
    /// What the map of a report shows beneath the findings.
    pub backdrop: Backdrop,
    /// How long it took.
    pub took: Duration,
}

/// Whether an import made a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It did.
    New,
    /// Everything was there already.
    Nothing,
}

impl LayerSummary {
    /// What became of a planned layer.
    pub fn of(plan: &Plan<'_>, outcome: &Outcome) -> Self {
        Self {
            name: plan.layer.name().to_string(),
            source: plan.from.part.label.clone(),
            source_layer: plan.from.name.clone(),
            geometry_type: outcome.geometry_type.unwrap_or(plan.layer.geometry_type).as_str(),
            crs: plan.crs_label.clone(),
            encoding: plan.decoder.name(),
            read: outcome.read,
            passed: outcome.passed,
            set_aside: outcome.set_aside,
            counts: None,
        }
    }
}

impl fmt::Display for LayerSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} read", self.name, self.read)?;
        match self.counts {
            Some(c) => write!(
                f,
                ", {} loaded ({} new, {} changed, {} unchanged), {} removed",
                self.passed, c.inserted, c.updated, c.unchanged, c.deleted
            )?,
            None => write!(f, ", {} fit to load", self.passed)?,
        }
        write!(f, ", {} set aside; {}", self.set_aside, self.geometry_type)?;
        if let Some(crs) = &self.crs {
            write!(f, ", {crs}")?;
        }
        write!(f, ", {}; from {}", self.encoding, self.source)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for layer in &self.layers {
            writeln!(f, "{layer}")?;
        }
        write_findings(f, &self.findings)?;
        for file in &self.quarantine {
            writeln!(f, "rows that were set aside are in {}", file.display())?;
        }
        match self.version {
            Some((version, Made::New)) => write!(f, "version {version}")?,
            Some((version, Made::Nothing)) => write!(f, "nothing changed; version {version} stays")?,
            None => f.write_str("nothing was written")?,
        }
        writeln!(f, ", {:.1} s", self.took.as_secs_f64())
    }
}

fn write_findings(f: &mut fmt::Formatter<'_>, findings: &Findings) -> fmt::Result {
    if findings.is_empty() {
        return writeln!(f, "no findings");
    }
    let mut counts: Vec<(&str, FindingCode, u64)> = findings.counts().collect();
    counts.sort_by_key(|(layer, code, _)| (std::cmp::Reverse(code.severity()), layer.to_string(), code.as_str()));
    let examples = if counts.len() > MANY { 1 } else { EXAMPLES };
    for (layer, code, count) in counts {
        let aside = if code.severity() == Severity::Error {
            " (set aside)"
        } else {
            ""
        };
        writeln!(
            f,
            "  {} {code} {layer}: {count}{aside}  {}",
            code.severity().as_str(),
            code.chinese(),
            code = code.as_str()
        )?;
        let of_this = |finding: &&Finding| finding.layer == layer && finding.code == code;
        for example in findings.kept().iter().filter(of_this).take(examples) {
            writeln!(f, "    {}", example_line(example))?;
        }
    }
    Ok(())
}

/// `17 at (115.04, 30.2): Self-intersection`, on one line.
fn example_line(finding: &Finding) -> String {
    let mut line = String::new();
    if let Some(feature) = &finding.feature {
        let _ = write!(line, "{feature}");
        if let Some(place) = finding.place {
            let _ = write!(line, " at ({}, {})", place.x, place.y);
        }
        line.push_str(": ");
    }
    line.push_str(&finding.message);
    crate::error::one_line(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::Coord;

    #[test]
    fn a_summary_says_what_was_read_loaded_and_set_aside_and_why() {
        let mut findings = Findings::keeping(10);
        for n in 0..5 {
            findings.push(Finding {
                code: FindingCode::CoordinateOutOfRange,
                layer: "parcels".into(),
                feature: Some(n.to_string()),
                place: Some(Coord { x: -20_613.0, y: 5.0 }),
                message: "no place on earth".into(),
            });
        }
        let layer = LayerSummary {
            name: "parcels".into(),
            source: "p.gpkg".into(),
            source_layer: "p".into(),
            geometry_type: "MultiPolygon",
            crs: Some("EPSG:4326".into()),
            encoding: "UTF-8",
            read: 8,
            passed: 3,
            set_aside: 5,
            counts: Some(LoadCounts {
                inserted: 3,
                ..LoadCounts::default()
            }),
        };
        let version = Some((Version::default().next(), Made::New));
        let text = Summary {
            layers: vec![layer],
            findings,
            version,
            quarantine: vec![PathBuf::from("aside/parcels.csv")],
            backdrop: Backdrop::default(),
            took: Duration::from_secs(2),
        }
        .to_string();
        assert!(
            text.contains("parcels: 8 read, 3 loaded (3 new, 0 changed, 0 unchanged), 0 removed, 5 set aside"),
            "{text}"
        );
        assert!(
            text.contains("error coordinate-out-of-range parcels: 5 (set aside)"),
            "{text}"
        );
        assert!(
            text.contains("rows that were set aside are in aside/parcels.csv\n"),
            "{text}"
        );
        assert_eq!(text.matches("no place on earth").count(), EXAMPLES);
        assert!(text.ends_with("version 1, 2.0 s\n"), "{text}");
    }
}
