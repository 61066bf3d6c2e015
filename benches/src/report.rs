//! Writes measurements down, as sections of a Markdown file.

use crate::city::{City, LayerCost};
use crate::machine::Machine;
use crate::program::Run;
use crate::tiles::TileTimes;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

/// Everything that one run of the baseline found.
#[derive(Debug)]
pub struct Baseline {
    /// Parcels asked for.
    pub features: u64,
    /// Where and when.
    pub machine: Machine,
    /// Making the city and loading it into a new store.
    pub sample: Run,
    /// The size of the store's file in bytes.
    pub store_bytes: u64,
    /// Loading the parcels of that store into another one, through GDAL.
    pub load: Run,
    /// The city in memory.
    pub city: City,
    /// How much this process grew by reading the city, in bytes.
    pub growth_bytes: u64,
    /// Per zoom and layer, `basemap` for all in one: what the tiles took.
    pub tiles: Vec<(u8, String, TileTimes)>,
}

impl Baseline {
    /// The section.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        let m = &self.machine;
        let _ = write!(
            out,
            "\n## {} parcels, commit {}, {}\n\n{}, {} cores, {}; {}. One thread, release build. The city's {}.\n",
            self.features,
            m.commit,
            m.time,
            m.processor,
            m.cores,
            size(m.memory_bytes),
            m.rustc,
            fingerprint(&self.sample.output)
        );
        self.write_loading(&mut out);
        self.write_memory(&mut out);
        self.write_tiles(&mut out);
        out
    }

    fn write_loading(&self, out: &mut String) {
        out.push_str("\n| step | time | peak memory | |\n|---|---|---|---|\n");
        let all: u64 = self.city.layers.iter().map(|layer| layer.features).sum();
        let _ = writeln!(
            out,
            "| `sample`: make and load {all} features | {} | {} | file {} |",
            seconds(self.sample.time),
            size(self.sample.peak_bytes),
            size(self.store_bytes)
        );
        let parcels = self.features_of("parcels");
        let _ = writeln!(
            out,
            "| `load`: {parcels} parcels from a GeoPackage | {} | {} | {:.0} rows/s |",
            seconds(self.load.time),
            size(self.load.peak_bytes),
            parcels as f64 / self.load.time.as_secs_f64()
        );
        let time = |of: fn(&LayerCost) -> Duration| seconds(self.city.layers.iter().map(of).sum());
        let _ = writeln!(out, "| open the store | {} | | |", seconds(self.city.open_time));
        let _ = writeln!(
            out,
            "| snapshot of all layers | {} reading, {} building | grew by {} | |",
            time(|layer| layer.read_time),
            time(|layer| layer.build_time),
            size(self.growth_bytes)
        );
    }

    fn features_of(&self, name: &str) -> u64 {
        let layers = self.city.layers.iter().filter(|layer| layer.name == name);
        layers.map(|layer| layer.features).sum()
    }

    fn write_memory(&self, out: &mut String) {
        out.push_str("\nReading into a snapshot; the last columns are bytes a feature:\n\n");
        out.push_str("| layer | features | read | build | memory | all | exact coordinates | projected | structure | tree | attributes | ids, times |\n");
        out.push_str("|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        for layer in &self.city.layers {
            let m = &layer.memory;
            let _ = write!(
                out,
                "| {} | {} | {} | {} | {} |",
                layer.name,
                layer.features,
                seconds(layer.read_time),
                seconds(layer.build_time),
                size(m.total() as u64)
            );
            let parts = [
                m.total(),
                m.coordinates,
                m.projected,
                m.structure,
                m.tree,
                m.attributes,
                m.identity + m.times,
            ];
            for part in parts {
                let _ = write!(out, " {:.0} |", part as f64 / layer.features.max(1) as f64);
            }
            out.push('\n');
        }
    }

    fn write_tiles(&self, out: &mut String) {
        out.push_str("\nTiles from the snapshot, no cache, not compressed:\n\n");
        out.push_str(
            "| zoom | layer | tiles | features | bytes | median | p95 | slowest |\n|---|---|---|---|---|---|---|---|\n",
        );
        for (z, layer, times) in &self.tiles {
            let _ = writeln!(
                out,
                "| z{z} | {layer} | {} | {} | {} | {} | {} | {} |",
                times.tiles,
                times.features,
                times.bytes,
                millis(times.median),
                millis(times.p95),
                millis(times.slowest)
            );
        }
    }
}

/// Adds a section to the end of a report.
///
/// # Errors
/// Where the file cannot be written.
pub fn append(path: &Path, section: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))?;
    file.write_all(section.as_bytes())
        .with_context(|| format!("writing {}", path.display()))
}

/// The line of the sample's output that names the whole city: `sha256 …`.
fn fingerprint(output: &str) -> &str {
    output
        .lines()
        .find(|line| line.starts_with("sha256"))
        .unwrap_or("fingerprint is unknown")
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn millis(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

fn size(bytes: u64) -> String {
    match bytes {
        0 => "unknown".to_owned(),
        1..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        1_000_000..10_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
