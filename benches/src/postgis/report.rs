//! Writes the measurements on PostGIS down.

use super::live::Live;
use super::load::Loads;
use super::{median, quantile};
use crate::machine::Machine;
use std::fmt::Write as _;
use std::time::Duration;

/// What one run found.
#[derive(Debug)]
pub struct Report {
    /// Parcels asked for.
    pub features: u64,
    /// Where and when.
    pub machine: Machine,
    /// Parcels there were.
    pub parcels: u64,
    /// Loading.
    pub loads: Loads,
    /// From the start of the server until it was ready, run by run.
    pub ready: Vec<Duration>,
    /// `COPY` of the same rows, run by run.
    pub copies: Vec<Duration>,
    /// What the ready server held, in bytes.
    pub memory_bytes: u64,
    /// Edits under load.
    pub live: Live,
}

impl Report {
    /// The section.
    pub fn to_markdown(&self) -> String {
        let m = &self.machine;
        let mut out = format!(
            "\n## PostGIS, {} parcels, commit {}, {}\n\n{}, {} cores; {}. PostgreSQL with fsync on, shared_buffers 512 MB, on the same machine; all of it shares the cores.\n\n",
            self.parcels, m.commit, m.time, m.processor, m.cores, m.rustc
        );
        let times = |runs: &[crate::program::Run]| runs.iter().map(|run| run.time).collect::<Vec<_>>();
        let (ours, theirs) = (times(&self.loads.ours), times(&self.loads.theirs));
        out.push_str("| what | median | runs | ratio |\n|---|---|---|---|\n");
        let mut line = |what: &str, runs: &[Duration], ratio: String| {
            let all: Vec<_> = runs.iter().map(|t| format!("{:.2}", t.as_secs_f64())).collect();
            let _ = writeln!(
                out,
                "| {what} | {:.2} s | {} | {ratio} |",
                median(runs).as_secs_f64(),
                all.join(", ")
            );
        };
        let ratio =
            |a: &[Duration], b: &[Duration]| format!("{:.2}", median(a).as_secs_f64() / median(b).as_secs_f64());
        line(
            "`onemap-import load`, checks, history and indexes included",
            &ours,
            ratio(&ours, &theirs),
        );
        line(
            "`ogr2ogr -f PostgreSQL`, PG_USE_COPY, spatial index",
            &theirs,
            "1".to_owned(),
        );
        line(
            "`onemap-serve`: start to exact tiles and items",
            &self.ready,
            ratio(&self.ready, &self.copies),
        );
        line("`COPY parcels TO STDOUT (FORMAT binary)`", &self.copies, "1".to_owned());
        let _ = writeln!(
            out,
            "\nThe ready server held {:.0} MB, {:.0} bytes a parcel.\n",
            self.memory_bytes as f64 / 1e6,
            self.memory_bytes as f64 / self.parcels.max(1) as f64
        );
        let live = &self.live;
        let _ = writeln!(
            out,
            "{} edits in {:.0} s, each a transaction of its own, while 200 tiles a second were asked for:\n",
            live.edits,
            live.lasted.as_secs_f64()
        );
        out.push_str("| from | to | seen | p50 | p99 | longest |\n|---|---|---|---|---|---|\n");
        for (from, to, times) in [
            ("commit", "its tile over HTTP", &live.to_tile),
            ("commit", "its entry in `/changes`", &live.to_feed),
            ("request", "any tile", &live.tiles),
            ("`UPDATE`", "committed", &live.commits),
        ] {
            let at = |q| quantile(times, q).as_secs_f64() * 1e3;
            let _ = writeln!(
                out,
                "| {from} | {to} | {} | {:.1} ms | {:.1} ms | {:.1} ms |",
                times.len(),
                at(0.5),
                at(0.99),
                at(1.0)
            );
        }
        out
    }
}
