//! Writes the measurements of loads down.

use super::Pair;
use crate::machine::Machine;
use crate::postgis::median;
use crate::program::Run;
use std::fmt::Write as _;
use std::time::Duration;

/// What one run found.
#[derive(Debug)]
pub struct Report {
    /// Where and when.
    pub machine: Machine,
    /// Parcels asked for.
    pub features: u64,
    /// Loads beside those of others.
    pub pairs: Vec<Pair>,
    /// All checks, nothing loaded.
    pub check: Run,
    /// Undoing a load of the parcels, in a GeoPackage and in PostGIS.
    pub undo: [Run; 2],
}

impl Report {
    /// The section.
    pub fn to_markdown(&self) -> String {
        let m = &self.machine;
        let mut out = format!(
            "\n## Loads, city of {} parcels, commit {}, {}\n\n{}, {} cores; {}. PostgreSQL with fsync on, on the same machine; all of it shares the cores. Ours with all checks of the definitions (overlaps and gaps among them), indexes and history.\n\n",
            self.features, m.commit, m.time, m.processor, m.cores, m.rustc
        );
        out.push_str("| what | | median | runs | peak memory | ratio |\n|---|---|---|---|---|---|\n");
        for pair in &self.pairs {
            let ratio = middle(&pair.ours).as_secs_f64() / middle(&pair.theirs).as_secs_f64();
            line(
                &mut out,
                &pair.what,
                "`onemap-import load`",
                &pair.ours,
                &format!("{ratio:.2}"),
            );
            line(&mut out, &pair.what, &pair.peer, &pair.theirs, "1");
        }
        let alone = std::slice::from_ref;
        line(&mut out, "all layers", "`check --define all`", alone(&self.check), "");
        for (store, run) in ["GeoPackage", "PostGIS"].into_iter().zip(&self.undo) {
            line(&mut out, store, "`rollback` of the parcels", alone(run), "");
        }
        out
    }
}

fn line(out: &mut String, what: &str, who: &str, runs: &[Run], ratio: &str) {
    let all: Vec<_> = runs
        .iter()
        .map(|run| format!("{:.1}", run.time.as_secs_f64()))
        .collect();
    let peak = runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0);
    let _ = writeln!(
        out,
        "| {what} | {who} | {:.1} s | {} | {:.0} MB | {ratio} |",
        middle(runs).as_secs_f64(),
        all.join(", "),
        peak as f64 / 1e6
    );
}

fn middle(runs: &[Run]) -> Duration {
    median(&runs.iter().map(|run| run.time).collect::<Vec<_>>())
}
