//! Measures loads of a city beside `ogr2ogr` and `osm2pgsql`, a check of all of it, and undoing a load. Appends what it
//! found to `benches/RESULTS.md`.

use anyhow::{Context, Result};
use clap::Parser;
use onemap_benches::loads::report::Report;
use onemap_benches::loads::{Programs, copies};
use onemap_benches::machine::Machine;
use onemap_benches::program;
use onemap_testing::Cluster;
use std::path::{Path, PathBuf};

#[derive(Parser)]
#[command(about = "Measures loads beside ogr2ogr and osm2pgsql, and appends the numbers to a report")]
struct Arguments {
    /// Parcels of the sample city.
    #[arg(long, default_value_t = 1_000_000)]
    features: u64,
    /// Rounds of every load.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// An extract of OpenStreetMap (PBF); without it osm2pgsql is left out.
    #[arg(long)]
    extract: Option<PathBuf>,
    /// How many copies of the extract lie beside one another in what is loaded.
    #[arg(long, default_value_t = 24)]
    copies: u64,
    /// The folder for what is made, which is removed at the end.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// The report.
    #[arg(long, default_value = "benches/RESULTS.md")]
    report: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let importer = std::env::current_exe()?.with_file_name("onemap-import");
    std::fs::create_dir_all(&arguments.folder)?;
    let cluster = Cluster::builder().durable().setting("shared_buffers", "512MB").start();
    let cluster = cluster.context("PostgreSQL with PostGIS is not here")?;
    let folder = tempfile::Builder::new().prefix("loads").tempdir_in(&arguments.folder)?;
    let programs = Programs {
        importer: &importer,
        cluster: &cluster,
        folder: folder.path(),
    };
    eprintln!("making a city of {} parcels", arguments.features);
    let [city, delivered, parcels] = ["city.gpkg", "parcels.gpkg", "parcels.shp"].map(|name| programs.path(name));
    let (city, delivered, parcels) = (city?, delivered?, parcels?);
    program::run(
        &importer,
        &["sample", "--features", &arguments.features.to_string(), "--to", &city],
    )?;
    // What is loaded is a file of the parcels alone, as an office delivers it.
    program::run(Path::new("ogr2ogr"), &["-f", "GPKG", &delivered, &city, "parcels"])?;
    let encoded = ["-lco", "ENCODING=UTF-8"];
    program::run(
        Path::new("ogr2ogr"),
        &[&["-f", "ESRI Shapefile", &parcels, &city, "parcels"], &encoded[..]].concat(),
    )?;

    let mut pairs = vec![
        programs.into_postgis(&delivered, arguments.rounds)?,
        programs.into_geopackage(&parcels, arguments.rounds)?,
    ];
    if let Some(extract) = &arguments.extract {
        eprintln!("making {} copies of {}", arguments.copies, extract.display());
        let pbf = copies::make(programs, extract, arguments.copies)?;
        pairs.push(programs.of_openstreetmap(&pbf, arguments.rounds)?);
    }
    eprintln!("checking and undoing");
    let report = Report {
        machine: Machine::here(),
        features: arguments.features,
        pairs,
        check: programs.check(&city)?,
        undo: programs.undo(&city)?,
    };
    eprintln!("{}", report.to_markdown());
    onemap_benches::report::append(&arguments.report, &report.to_markdown())?;
    Ok(())
}
