//! Writes the measurements of questions down.

use super::peers::TIPG;
use super::wrk::Load;
use crate::machine::Machine;
use crate::postgis::{median, quantile};
use std::fmt::Write as _;
use std::time::Duration;

/// What one run found.
#[derive(Debug)]
pub struct Report {
    /// Where and when.
    pub machine: Machine,
    /// Rows of the table `parcels`, of all times.
    pub parcels: u64,
    /// Parcels in a box, on average.
    pub in_box: f64,
    /// Boxes asked of us, round by round.
    pub ours: Vec<Load>,
    /// Of tipg in one process, and in two.
    pub tipg: [Vec<Load>; 2],
    /// Of PostGIS alone, transactions a second, by what it answers.
    pub sql: [Vec<f64>; 3],
    /// All pages, in turn: their times, bytes and features.
    pub pages: super::ours::Pages,
    /// The first and the last pages of tipg.
    pub tipg_pages: [Duration; 2],
    /// Filters by their kind: the times of several that differ in a value, and how many features the last one finds.
    pub filters: Vec<(String, Vec<Duration>, u64)>,
    /// Counting what is in boxes of a size: their side in degrees, times, and the largest count.
    pub counts: Vec<(f64, Vec<Duration>, u64)>,
}

impl Report {
    /// The section.
    pub fn to_markdown(&self) -> String {
        let m = &self.machine;
        let mut out = format!(
            "\n## Questions, {} parcels, commit {}, {}\n\n{}, {} cores; {}. One PostGIS for all three; the load tools share the cores.\n",
            self.parcels, m.commit, m.time, m.processor, m.cores, m.rustc
        );
        let _ = writeln!(
            out,
            "\nBoxes of {:.0} parcels on average, all their fields and geometries, 8 connections, in turns:\n",
            self.in_box
        );
        self.write_boxes(&mut out);
        self.write_pages(&mut out);
        out.push_str("\nFilters over all parcels, each with values that were not asked for before; the count and the first feature:\n\n");
        out.push_str("| filter | found | median | longest |\n|---|---|---|---|\n");
        for (filter, times, found) in &self.filters {
            let (middle, longest) = (millis(median(times)), millis(quantile(times, 1.0)));
            let _ = writeln!(out, "| `{filter}` | {found} | {middle} | {longest} |");
        }
        out.push_str("\nCounting what is in a box, and its first feature:\n\n| side | up to | median | p95 | longest |\n|---|---|---|---|---|\n");
        for (side, times, most) in &self.counts {
            let at = |q| millis(quantile(times, q));
            let _ = writeln!(out, "| {side}° | {most} | {} | {} | {} |", at(0.5), at(0.95), at(1.0));
        }
        out
    }

    fn write_boxes(&self, out: &mut String) {
        let rates = |loads: &[Load]| loads.iter().map(|load| load.rate).collect::<Vec<_>>();
        let ours = middle(&rates(&self.ours));
        out.push_str("| who | requests/s | rounds | bytes | onemap is faster by |\n|---|---|---|---|---|\n");
        let mut line = |who: &str, rates: &[f64], bytes: Option<f64>| {
            let all: Vec<_> = rates.iter().map(|rate| format!("{rate:.0}")).collect();
            let bytes = bytes.map_or_else(String::new, |bytes| format!("{bytes:.0}"));
            let ratio = ours / middle(rates);
            let _ = writeln!(
                out,
                "| {who} | {:.1} | {} | {bytes} | {ratio:.1} |",
                middle(rates),
                all.join(", ")
            );
        };
        let bytes = |loads: &[Load]| loads.last().map(|load| load.bytes);
        line("onemap", &rates(&self.ours), bytes(&self.ours));
        for (how, loads) in ["as its documentation starts it", "two processes"]
            .iter()
            .zip(&self.tipg)
        {
            line(&format!("tipg {TIPG}, {how}"), &rates(loads), bytes(loads));
        }
        let answers = [
            "one `FeatureCollection`",
            "rows, `ST_AsGeoJSON`",
            "rows, geometry as it is",
        ];
        for (answer, rates) in answers.iter().zip(&self.sql) {
            line(&format!("PostGIS, {answer}, pgbench -M prepared"), rates, None);
        }
    }

    fn write_pages(&self, out: &mut String) {
        let pages = &self.pages;
        let full = &pages.times[..pages.times.len().saturating_sub(1).max(1)];
        let fifth = (full.len() / 5).max(1);
        let [first, last] = [&full[..fifth], &full[full.len() - fifth..]].map(|part| millis(median(part)));
        let all: Duration = pages.times.iter().sum();
        let _ = writeln!(
            out,
            "\nAll {} features by `next` in {} pages of 10000: {:.2} s, {:.0} MB/s. A page of the first fifth takes {first}, \
             of the last {last}. (tipg: 10000 features at offset 0 {}, at the end {}.)",
            pages.features,
            pages.times.len(),
            all.as_secs_f64(),
            pages.bytes as f64 / all.as_secs_f64() / 1e6,
            millis(self.tipg_pages[0]),
            millis(self.tipg_pages[1]),
        );
    }
}

fn middle(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
