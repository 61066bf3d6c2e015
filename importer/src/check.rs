//! Checking: the same reading as for a load, with findings only.

use crate::error::Result;
use crate::interrupt;
use crate::plan;
use crate::progress::{Position, Progress};
use crate::quarantine::Quarantine;
use crate::rows;
use crate::settings::Settings;
use crate::source;
use crate::summary::{LayerSummary, Summary};
use onemap_model::{Crs, Findings};
use std::time::Instant;

/// Reads all layers of all sources as a load into a store in `target` would, and writes nothing.
///
/// # Errors
/// Where a source cannot be opened, or a layer cannot be read as asked. A source that breaks off is a finding.
pub fn check(
    sources: &[String],
    settings: &Settings,
    target: Crs,
    kept_findings: usize,
    progress: &mut Progress,
) -> Result<Summary> {
    let start = Instant::now();
    let sources = source::open_all(sources, settings)?;
    let plans = plan::agreed(&sources, settings, target)?;
    let mut quarantine = Quarantine::new(settings.quarantine.as_deref())?;
    let mut findings = Findings::keeping(kept_findings);
    let mut city = plan::city(&plans);
    let mut layers = Vec::new();
    for plan in &plans {
        progress.begin(&format!("reading {}", plan.layer.name()));
        let mut step = |rows, fraction| {
            progress.at(Position {
                rows,
                total: plan.rows,
                fraction,
            })
        };
        let outcome = rows::read_for(
            (&mut city, &mut quarantine),
            plan,
            &mut findings,
            &mut step,
            &mut |_| Ok(()),
        )?;
        layers.push(LayerSummary::of(plan, &outcome));
    }
    progress.begin("checking");
    let backdrop = city.finish(&mut findings);
    interrupt::check()?;
    progress.end();
    Ok(Summary {
        layers,
        findings,
        version: None,
        quarantine: quarantine.finish()?,
        backdrop,
        took: start.elapsed(),
    })
}
