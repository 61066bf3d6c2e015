//! Measures the tile engine beside Martin, a bare server and tippecanoe, and under mixed load. Appends what it found to
//! `benches/RESULTS.md`.

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use onemap_benches::machine::Machine;
use onemap_benches::peers::city::City;
use onemap_benches::peers::paths::Popularity;
use onemap_benches::peers::report::Report;
use onemap_benches::peers::serving::{self, Setting};
use onemap_benches::peers::{export, mixed, restart};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

#[derive(Parser)]
#[command(about = "Measures the tile engine beside its peers and appends the numbers to a report")]
struct Arguments {
    /// Parcels of the city.
    #[arg(long, default_value_t = 1_000_000)]
    features: u64,
    /// What to measure; all of it where absent.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Rounds of every comparison.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each run against a server.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Seconds of the mixed load at 70 %.
    #[arg(long, default_value_t = 600)]
    load_seconds: u64,
    /// Where the prepared city is kept from one run to the next; PostgreSQL's user must be able to reach it.
    #[arg(long, default_value = "/var/tmp/onemap-bench")]
    keep: PathBuf,
    /// Martin 1.14; `none` measures without it.
    #[arg(long, default_value = "martin")]
    martin: PathBuf,
    /// tippecanoe.
    #[arg(long, default_value = "tippecanoe")]
    tippecanoe: PathBuf,
    /// How often tiles of OpenStreetMap are loaded: `z x y loads`, gzipped.
    #[arg(long, env = "ONEMAP_POPULARITY")]
    popularity: Option<String>,
    /// The report.
    #[arg(long, default_value = "benches/RESULTS.md")]
    report: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Tiles that nobody keeps, beside Martin.
    Uncached,
    /// Tiles that are kept, beside Martin and a bare server.
    Cached,
    /// All tiles into a file, beside tippecanoe.
    Export,
    /// Mixed load with edits.
    Load,
    /// Starts from the store and from the snapshot.
    Restart,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let wants = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    let programs = std::env::current_exe()?;
    let programs = programs.parent().context("a program lies in a folder")?;
    let popularity = match wants(Part::Cached) || wants(Part::Load) {
        true => Some(Popularity::read(&popularity_file(&arguments)?)?),
        false => None,
    };
    let city = City::prepare(&arguments.keep, programs, arguments.features)?;
    let places = city.places()?;
    eprintln!("{} parcels are true now", places.len());
    let server = programs.join("onemap-serve");
    let martin = (arguments.martin.as_os_str() != "none").then_some(arguments.martin.as_path());
    let setting = Setting {
        server: &server,
        martin,
        rounds: arguments.rounds,
        seconds: arguments.seconds,
    };
    let mut report = Report {
        features: arguments.features,
        seconds: arguments.seconds,
        ..Report::default()
    };
    if let Some(martin) = martin.filter(|_| wants(Part::Uncached) || wants(Part::Cached)) {
        report.martin = version(martin)?;
    }
    if wants(Part::Uncached) {
        let (compared, same) = serving::uncached(&city, &places, &setting)?;
        report.compared.extend(compared);
        report.same = same;
    }
    if let Some(popularity) = &popularity {
        if wants(Part::Cached) {
            report
                .compared
                .extend(serving::cached(&city, &places, popularity, &setting)?);
        }
        if wants(Part::Load) {
            let lasting = Duration::from_secs(arguments.load_seconds);
            report.mixed = Some(mixed::measure(&city, &places, popularity, &server, lasting)?);
        }
    }
    if wants(Part::Export) {
        let exporter = programs.join("onemap-export");
        let (keep, rounds) = (&arguments.keep, arguments.rounds.min(3));
        report.exports = Some(export::compare(&city, &exporter, &arguments.tippecanoe, keep, rounds)?);
    }
    if wants(Part::Restart) {
        report.restarts = restart::measure(&city, &server, &arguments.keep, arguments.rounds)?;
    }
    let section = report.to_markdown(&Machine::here());
    eprintln!("{section}");
    onemap_benches::report::append(&arguments.report, &section)
}

/// The file named, or the one among the shared test data.
fn popularity_file(arguments: &Arguments) -> Result<String> {
    let shared = || Some(std::env::var("ONEMAP_SHARED").ok()? + "/data/top_50k_osm_tiles.tsv.gz");
    match arguments.popularity.clone().or_else(shared) {
        Some(file) => Ok(file),
        None => {
            bail!("how popular tiles are is not known: name the file with --popularity, or its folder in ONEMAP_SHARED")
        }
    }
}

fn version(program: &std::path::Path) -> Result<String> {
    let output = Command::new(program).arg("--version").output();
    let output = output.with_context(|| format!("starting {}", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
