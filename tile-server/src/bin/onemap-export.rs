//! `onemap-export`: layers of a store as files.

use anyhow::{Context, bail};
use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use onemap_atlas::{LayerBuilder, LayerSnapshot};
use onemap_model::{Bbox, GeometryType, Instant};
use onemap_store::{At, LayerState, OpenMode, Reading};
use onemap_tile_server::export::pmtiles::{Export, ExportError, Progress, zooms};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Write layers of a store into a file.
#[derive(Debug, Parser)]
#[command(name = "onemap-export", version, about)]
struct Arguments {
    /// The store: path/to/city.gpkg or postgres://user@host/db
    store: String,
    /// The file: its ending says what it is (.pmtiles)
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Layers, in the order in which they are in a tile [default: all that have geometry, by name]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    layers: Vec<String>,
    /// The lowest zoom of tiles
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_zoom: u8,
    /// The highest zoom of tiles
    #[arg(long, value_name = "N", default_value_t = 16)]
    max_zoom: u8,
    /// Only what meets this box: west,south,east,north in degrees
    #[arg(long, value_name = "BOX", allow_hyphen_values = true)]
    bbox: Option<String>,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { 1 } else { 0 };
            // Where even that cannot be printed, the exit code must do.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match export(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onemap-export: {error:#}");
            let is_fault = matches!(error.downcast_ref(), Some(ExportError::Io { .. }));
            ExitCode::from(if is_fault { 2 } else { 1 })
        }
    }
}

fn export(arguments: &Arguments) -> anyhow::Result<()> {
    let to = &arguments.to;
    if to.extension().is_none_or(|ending| ending != "pmtiles") {
        bail!("--to: {} does not end in .pmtiles", to.display());
    }
    let zooms = checked_zooms(arguments)?;
    let bbox = arguments.bbox.as_deref().map(parse_bbox).transpose()?;
    let bar = progress_bar();
    bar.set_message("reading the store");
    let mut store = onemap_store::open(&arguments.store, OpenMode::Existing)?;
    let epoch = store.epoch().clone();
    let mut reading = store.read(At::Now)?;
    let version = reading.version();
    let layers = chosen(reading.layers()?, &arguments.layers)?;
    let layers = read(&mut *reading, &layers)?;
    let export = Export {
        layers,
        epoch,
        version,
        now: now()?,
        zooms,
        bbox,
        threads: std::thread::available_parallelism().map_or(2, |n| n.get()),
    };
    let tell = |progress: Progress| {
        let Progress { zoom, tiles, bytes } = progress;
        bar.set_message(format!("zoom {zoom}: {tiles} tiles, {} MB", bytes >> 20));
    };
    let summary = export.run(to, tell)?;
    bar.finish_and_clear();
    let resumed = match summary.resumed {
        0 => String::new(),
        before => format!(", {before} of them from an earlier run"),
    };
    eprintln!(
        "{}: {} tiles{resumed}, {:.1} MB, version {}",
        to.display(),
        summary.tiles,
        summary.bytes as f64 / 1e6,
        version.0
    );
    Ok(())
}

fn checked_zooms(arguments: &Arguments) -> anyhow::Result<(u8, u8)> {
    let (min, max, known) = (arguments.min_zoom, arguments.max_zoom, zooms());
    for (name, zoom) in [("--min-zoom", min), ("--max-zoom", max)] {
        if !known.contains(&zoom) {
            bail!(
                "{name}: {zoom} is no zoom: expected {} to {}",
                known.start(),
                known.end()
            );
        }
    }
    if min > max {
        bail!("--min-zoom: {min} is above --max-zoom {max}");
    }
    Ok((min, max))
}

fn parse_bbox(text: &str) -> anyhow::Result<Bbox> {
    let wrong = || format!("--bbox: {text:?} is no box: expected west,south,east,north in degrees");
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    match numbers.with_context(wrong)?.as_slice() {
        &[west, south, east, north] => Bbox::new(west, south, east, north).with_context(wrong),
        _ => bail!(wrong()),
    }
}

/// The layers named, in that order; all that have geometry where none is.
fn chosen(all: Vec<LayerState>, names: &[String]) -> anyhow::Result<Vec<LayerState>> {
    let mut mapped: Vec<_> = all
        .into_iter()
        .filter(|state| state.layer.geometry_type != GeometryType::None)
        .collect();
    if names.is_empty() {
        mapped.sort_by(|a, b| a.layer.name().cmp(b.layer.name()));
        return Ok(mapped);
    }
    let mut chosen = Vec::new();
    for name in names {
        match mapped.iter().position(|state| state.layer.name().as_str() == name) {
            Some(at) => chosen.push(mapped.remove(at)),
            None => bail!("--layers: the store has no layer {name:?} with geometry, or it is named twice"),
        }
    }
    Ok(chosen)
}

/// Reads layers one after the other; each is packed while the next is read.
fn read(reading: &mut dyn Reading, layers: &[LayerState]) -> anyhow::Result<Vec<LayerSnapshot>> {
    std::thread::scope(|scope| {
        let mut packing = Vec::new();
        for state in layers {
            let mut builder = LayerBuilder::new(state.layer.clone());
            reading.features(state.layer.name(), &mut |feature| {
                builder.push(feature);
                ControlFlow::Continue(())
            })?;
            packing.push(scope.spawn(move || builder.finish()));
        }
        let packed = packing.into_iter().map(|layer| layer.join());
        Ok(packed
            .map(|layer| layer.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect())
    })
}

fn now() -> anyhow::Result<Instant> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).context("the clock shows a year after 9999")?;
    Instant::from_micros(micros).context("the clock shows a year after 9999")
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar.set_style(ProgressStyle::with_template("{spinner} {elapsed} {msg}").expect("the template is sound"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
