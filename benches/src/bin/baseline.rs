//! Measures a whole sample city: making and loading it, reading it into a snapshot, its tiles. Appends what it found
//! to `benches/RESULTS.md`.

use anyhow::{Context, Result};
use clap::Parser;
use onemap_benches::city::City;
use onemap_benches::machine::Machine;
use onemap_benches::program::{self, Run};
use onemap_benches::report::{self, Baseline};
use onemap_benches::tiles::{self, TileTimes};
use onemap_model::{Bbox, TileMatrixSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Tiles looked at for each zoom.
const TILES: usize = 200;
/// The zooms of the baseline.
const ZOOMS: [u8; 3] = [10, 14, 16];

#[derive(Parser)]
#[command(about = "Measures a sample city and appends the numbers to a report")]
struct Arguments {
    /// Parcels of the city.
    #[arg(long, default_value_t = 1_000_000)]
    features: u64,
    /// The folder for the stores, which are made anew and removed at the end.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// The report.
    #[arg(long, default_value = "benches/RESULTS.md")]
    report: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let importer = std::env::current_exe()?.with_file_name("onemap-import");
    fs::create_dir_all(&arguments.folder).with_context(|| format!("making {}", arguments.folder.display()))?;
    let city_file = fresh(&arguments.folder, "city.gpkg")?;
    let copy_file = fresh(&arguments.folder, "parcels.gpkg")?;

    eprintln!("making a city of {} parcels", arguments.features);
    let sample = program::run(
        &importer,
        &[
            "sample",
            "--features",
            &arguments.features.to_string(),
            "--to",
            &city_file,
        ],
    )?;
    let store_bytes = fs::metadata(&city_file)?.len();
    eprintln!("loading its parcels into another store");
    let load = load_parcels(&importer, &city_file, &copy_file)?;
    eprintln!("reading the city into memory");
    let before = program::own_memory_bytes();
    let city = City::read(&city_file)?;
    let growth_bytes = program::own_memory_bytes().saturating_sub(before);
    eprintln!("rendering tiles");
    let tiles = time_tiles(&city);

    let baseline = Baseline {
        features: arguments.features,
        machine: Machine::here(),
        sample,
        store_bytes,
        load,
        city,
        growth_bytes,
        tiles,
    };
    eprintln!("{}", baseline.to_markdown());
    report::append(&arguments.report, &baseline.to_markdown())?;
    fs::remove_file(&city_file)?;
    fs::remove_file(&copy_file)?;
    Ok(())
}

/// The path of a store that is not there yet.
fn fresh(folder: &Path, name: &str) -> Result<String> {
    let path = folder.join(name);
    if path.exists() {
        fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    path.into_os_string()
        .into_string()
        .map_err(|path| anyhow::anyhow!("{path:?} is not UTF-8"))
}

fn load_parcels(importer: &Path, from: &str, to: &str) -> Result<Run> {
    program::run(importer, &["load", from, "--source-layer", "parcels", "--to", to])
}

/// Every zoom: all layers in one tile, then each that shows there by itself.
fn time_tiles(city: &City) -> Vec<(u8, String, TileTimes)> {
    let boxes = city.drawn().filter_map(|(_, layer)| layer.bbox());
    let Some(area) = boxes.reduce(Bbox::union) else {
        return Vec::new();
    };
    let names: Vec<&str> = city.drawn().map(|(name, _)| name).collect();
    let mut found = Vec::new();
    for z in ZOOMS {
        let tiles = tiles::over(area, TileMatrixSet::WebMercatorQuad, z, TILES);
        let all = tiles::time(&tiles, |tile| city.snapshot.tile(&names, tile));
        found.extend(all.map(|times| (z, "all in one".to_owned(), times)));
        for &name in &names {
            let one = tiles::time(&tiles, |tile| city.snapshot.tile(&[name], tile));
            found.extend(one.map(|times| (z, name.to_owned(), times)));
        }
    }
    found
}
