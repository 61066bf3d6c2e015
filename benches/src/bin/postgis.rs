//! Measures a city in PostGIS: loading beside `ogr2ogr`, reading beside `COPY`, edits under load. Appends what it found to
//! `benches/RESULTS.md`.

use anyhow::{Context, Result};
use clap::Parser;
use onemap_benches::machine::Machine;
use onemap_benches::postgis::ready::{self, Server};
use onemap_benches::postgis::report::Report;
use onemap_benches::postgis::{live, load};
use onemap_benches::program;
use onemap_testing::Cluster;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Parser)]
#[command(about = "Measures a sample city in a throw-away PostGIS and appends the numbers to a report")]
struct Arguments {
    /// Parcels of the city.
    #[arg(long, default_value_t = 1_000_000)]
    features: u64,
    /// Rounds of everything but the edits.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long edits are made, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The folder for the sample city, which is made anew and removed at the end.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// The report.
    #[arg(long, default_value = "benches/RESULTS.md")]
    report: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let importer = std::env::current_exe()?.with_file_name("onemap-import");
    let server = std::env::current_exe()?.with_file_name("onemap-serve");
    std::fs::create_dir_all(&arguments.folder)?;
    let city = arguments.folder.join("postgis-city.gpkg");
    let city = city.to_str().context("the folder's name is not UTF-8")?;
    let _ = std::fs::remove_file(city);
    eprintln!("making a city of {} parcels", arguments.features);
    program::run(
        &importer,
        &["sample", "--features", &arguments.features.to_string(), "--to", city],
    )?;

    let cluster = Cluster::builder().durable().setting("shared_buffers", "512MB").start();
    let cluster = cluster.context("PostgreSQL with PostGIS is not here")?;
    let loads = load::compare(&cluster, &importer, city, arguments.rounds)?;
    eprintln!("{loads:?}");
    let database = cluster.fresh_database();
    let url = database.url();
    program::run(&importer, &["load", city, "--source-layer", "parcels", "--to", &url])?;
    let parcels = database.psql("SELECT count(*) FROM parcels").trim().parse()?;
    let (mut ready, mut copies) = (Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        eprintln!("reading, round {round} of {}", arguments.rounds);
        copies.push(ready::copy_out(&url)?);
        ready.push(Server::start(&server, &url, &[])?.ready_time);
    }
    eprintln!("ready {ready:?}, COPY {copies:?}");
    let server = Server::start(&server, &url, &[])?;
    let memory_bytes = server.memory_bytes();
    eprintln!("editing for {} s", arguments.seconds);
    let live = live::measure(&url, &server, Duration::from_secs(arguments.seconds))?;
    let report = Report {
        features: arguments.features,
        machine: Machine::here(),
        parcels,
        loads,
        ready,
        copies,
        memory_bytes,
        live,
    };
    eprintln!("{}", report.to_markdown());
    onemap_benches::report::append(&arguments.report, &report.to_markdown())?;
    std::fs::remove_file(city)?;
    Ok(())
}
