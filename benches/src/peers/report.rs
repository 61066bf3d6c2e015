//! Writes what was found beside the peers down.

use super::export::Exports;
use super::load::Answered;
use super::median;
use super::mixed::{self, Mixed};
use super::restart::Restart;
use super::serving::{Compared, SameTile};
use super::wrk::{self, Counted};
use crate::machine::Machine;
use crate::postgis::quantile;
use crate::program::Run;
use std::fmt::Write as _;
use std::time::Duration;

/// What one run found; what it left out is empty.
#[derive(Debug, Default)]
pub struct Report {
    /// Parcels asked for.
    pub features: u64,
    /// Martin, as it names itself; empty where it was left out.
    pub martin: String,
    /// Seconds of each run of wrk.
    pub seconds: u64,
    /// Tiles over HTTP.
    pub compared: Vec<Compared>,
    /// Features counted on both sides.
    pub same: Vec<SameTile>,
    /// Files of tiles.
    pub exports: Option<Exports>,
    /// Mixed load.
    pub mixed: Option<Mixed>,
    /// Starts of the server.
    pub restarts: Vec<Restart>,
}

impl Report {
    /// The section.
    pub fn to_markdown(&self, m: &Machine) -> String {
        let mut out = format!(
            "\n## Beside peers, {} parcels, commit {}, {}\n\n{}, {} cores; {}. All that is compared runs on these cores, the load too.\n",
            self.features, m.commit, m.time, m.processor, m.cores, m.rustc
        );
        self.write_serving(&mut out);
        if let Some(exports) = &self.exports {
            write_exports(exports, &mut out);
        }
        if let Some(mixed) = &self.mixed {
            write_mixed(mixed, &mut out);
        }
        if !self.restarts.is_empty() {
            write_restarts(&self.restarts, &mut out);
        }
        out
    }

    fn write_serving(&self, out: &mut String) {
        if self.compared.is_empty() {
            return;
        }
        let _ = writeln!(
            out,
            "\nTiles a second, gzip accepted, `wrk -t1 -c{}`, {} s a run, in turn{}; bare is hyper alone with our bytes in a map:\n",
            wrk::CONNECTIONS,
            self.seconds,
            match self.martin.as_str() {
                "" => String::new(),
                martin => format!("; {martin} on the same PostGIS (table in EPSG:3857, clustered, indexed)"),
            }
        );
        out.push_str("| what | tiles | | median | runs | MB/s | p99 | ours is |\n|---|---|---|---|---|---|---|---|\n");
        for found in &self.compared {
            let ours = rate(&found.ours);
            for (who, runs) in [("ours", &found.ours), ("Martin", &found.martin), ("bare", &found.bare)] {
                if runs.is_empty() {
                    continue;
                }
                let ratio = match who {
                    "ours" => String::new(),
                    "bare" => format!("{:.0} %", ours / rate(runs) * 100.0),
                    _ => format!("{:.1} ×", ours / rate(runs)),
                };
                let all: Vec<_> = runs.iter().map(|run| format!("{:.0}", run.per_second)).collect();
                let _ = writeln!(
                    out,
                    "| {} | {} | {who} | {:.0} | {} | {:.0} | {:.1} ms | {ratio} |",
                    found.what,
                    found.tiles,
                    rate(runs),
                    all.join(", "),
                    median_of(runs, |run| run.bytes_per_second) / 1e6,
                    median_of(runs, |run| run.p99_ms)
                );
            }
        }
        if !self.same.is_empty() {
            let same: Vec<_> = self
                .same
                .iter()
                .map(|one| format!("{}: {} and {}", one.tile, one.ours, one.martin))
                .collect();
            let _ = writeln!(
                out,
                "\nFeatures in the same tiles, ours and Martin's: {}.",
                same.join("; ")
            );
        }
    }
}

fn rate(runs: &[Counted]) -> f64 {
    median_of(runs, |run| run.per_second)
}

fn median_of(runs: &[Counted], of: fn(&Counted) -> f64) -> f64 {
    median(&runs.iter().map(of).collect::<Vec<_>>())
}

fn write_exports(exports: &Exports, out: &mut String) {
    let seconds = |run: &Run| run.time.as_secs_f64();
    let ours: Vec<f64> = exports.ours.iter().map(seconds).collect();
    let all: Vec<_> = ours.iter().map(|time| format!("{time:.1}")).collect();
    let peak = exports.ours.iter().map(|run| run.peak_bytes).max().unwrap_or(0);
    out.push_str("\nAll parcels into one PMTiles file, z0 to z16, reading included:\n\n");
    out.push_str("| program | time | runs | peak memory | file | |\n|---|---|---|---|---|---|\n");
    let _ = writeln!(
        out,
        "| `onemap-export` from GeoPackage | {:.1} s | {} | {:.0} MB | {:.0} MB | {:.3} of its time |",
        median(&ours),
        all.join(", "),
        peak as f64 / 1e6,
        exports.our_bytes as f64 / 1e6,
        median(&ours) / seconds(&exports.theirs)
    );
    let _ = writeln!(
        out,
        "| {}, `--drop-densest-as-needed`, from FlatGeobuf | {:.1} s | | {:.0} MB | {:.0} MB | |",
        exports.version,
        seconds(&exports.theirs),
        exports.theirs.peak_bytes as f64 / 1e6,
        exports.their_bytes as f64 / 1e6
    );
}

fn write_mixed(found: &Mixed, out: &mut String) {
    let most = median(&found.capacity);
    let runs: Vec<_> = found.capacity.iter().map(|rate| format!("{rate:.0}")).collect();
    let _ = writeln!(
        out,
        "\nMixed load (popular tiles of z13 to z16, tiles of z17, pages of ten features) with {} edits a second in PostGIS, {} MB of tiles kept. Capacity: {most:.0} answers a second ({}).\n",
        mixed::EDITS,
        mixed::CACHE_MB,
        runs.join(", ")
    );
    out.push_str("| asked for | seconds | good a second | of capacity | p50 | p99 | p99.9 | 503 | late | failed | not sent |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (what, answered) in [
        ("70 %", &found.steady),
        ("200 %", &found.overload),
        ("70 % after that", &found.after),
    ] {
        write_answered(what, answered, most, out);
    }
    let settled = &found.memory[found.memory.len() / 5..];
    let mb = |bytes: Option<&u64>| bytes.map_or(0.0, |bytes| *bytes as f64 / 1e6);
    let _ = writeln!(
        out,
        "\nMeanwhile, at 70 %: {} edits; the server held {:.0} MB at the beginning, {:.0} MB after a fifth of the time, {:.0} MB at the end, never more than {:.0} MB.",
        found.edits,
        mb(found.memory.first()),
        mb(settled.first()),
        mb(settled.last()),
        mb(found.memory.iter().max())
    );
}

fn write_answered(what: &str, answered: &Answered, most: f64, out: &mut String) {
    let at = |q| match answered.times.as_slice() {
        [] => Duration::ZERO,
        times => quantile(times, q),
    };
    let _ = write!(
        out,
        "| {what}: {:.0} a second | {:.0} | {:.0} | {:.0} % |",
        answered.due as f64 / answered.lasted.as_secs_f64(),
        answered.lasted.as_secs_f64(),
        answered.goodput(),
        answered.goodput() / most * 100.0
    );
    for q in [0.5, 0.99, 0.999] {
        let _ = write!(out, " {:.1} ms |", at(q).as_secs_f64() * 1e3);
    }
    let _ = writeln!(
        out,
        " {} | {} | {} | {} |",
        answered.refused, answered.late, answered.failed, answered.unsent
    );
}

fn write_restarts(restarts: &[Restart], out: &mut String) {
    out.push_str(
        "\nFrom the start of the server until it is ready:\n\n| | median | runs | held | |\n|---|---|---|---|---|\n",
    );
    for found in restarts {
        let times = |runs: &[f64]| {
            runs.iter()
                .map(|time| format!("{time:.2}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let mb = |bytes: u64| bytes as f64 / 1e6;
        let (whole, kept) = (median(&found.whole), median(&found.kept));
        let _ = writeln!(
            out,
            "| {} | {whole:.2} s | {} | {:.0} MB | |",
            found.store,
            times(&found.whole),
            mb(found.memory_bytes[0])
        );
        let _ = writeln!(
            out,
            "| {}, a snapshot of {:.0} MB beside it | {kept:.2} s | {} | {:.0} MB | {:.3} of that |",
            found.store,
            mb(found.file_bytes),
            times(&found.kept),
            mb(found.memory_bytes[1]),
            kept / whole
        );
    }
}
