//! Layers as tiles.

use super::arguments::Arguments;
use super::error::Error;
use super::place;
use super::pmtiles::{Export, Progress, zooms};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use onemap_atlas::{LayerBuilder, LayerSnapshot};
use onemap_model::GeometryType;
use onemap_store::{At, LayerState, Reading, Store};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::time::Duration;

/// Writes what the arguments ask for.
///
/// # Errors
/// What goes wrong on the way.
pub(super) fn run(arguments: &Arguments, store: &mut dyn Store) -> Result<(), Error> {
    let to = &arguments.to;
    let zooms = checked_zooms(arguments)?;
    let boxes = arguments.boxes()?;
    let ([] | [_]) = boxes.as_slice() else {
        return Err(Error::Usage(
            "--bbox: tiles of a box over the antimeridian are two archives".to_owned(),
        ));
    };
    let bar = progress_bar();
    bar.set_message("reading the store");
    let epoch = store.epoch().clone();
    let mut reading = store.read(At::Now)?;
    let version = reading.version();
    let layers = chosen(arguments, reading.layers()?)?;
    let layers = read(&mut *reading, &layers, arguments.tile_kb as usize * 1000)?;
    let export = Export {
        layers,
        epoch,
        version,
        now: crate::published::now(),
        zooms,
        bbox: boxes.first().copied(),
        threads: std::thread::available_parallelism().map_or(2, |n| n.get()),
    };
    let tell = |progress: Progress| {
        let Progress { zoom, tiles, bytes } = progress;
        bar.set_message(format!("zoom {zoom}: {tiles} tiles, {} MB", bytes >> 20));
        place::go_on()
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

fn checked_zooms(arguments: &Arguments) -> Result<(u8, u8), Error> {
    let (min, max, known) = (arguments.min_zoom, arguments.max_zoom, zooms());
    for (name, zoom) in [("--min-zoom", min), ("--max-zoom", max)] {
        if !known.contains(&zoom) {
            return Err(Error::Usage(format!(
                "{name}: {zoom} is no zoom: expected {} to {}",
                known.start(),
                known.end()
            )));
        }
    }
    if min > max {
        return Err(Error::Usage(format!("--min-zoom: {min} is above --max-zoom {max}")));
    }
    Ok((min, max))
}

/// The layers asked for; all that have geometry where none is.
fn chosen(arguments: &Arguments, all: Vec<LayerState>) -> Result<Vec<LayerState>, Error> {
    let is_mapped = |state: &LayerState| state.layer.geometry_type != GeometryType::None;
    let mut chosen = arguments.choose(all)?;
    if arguments.layers.is_empty() {
        chosen.retain(is_mapped);
    }
    match chosen.iter().find(|state| !is_mapped(state)) {
        Some(state) => {
            let name = state.layer.name().as_str();
            Err(Error::Usage(format!(
                "--layers: {name:?} has no geometry, so it has no tiles"
            )))
        }
        None => Ok(chosen),
    }
}

/// Reads layers one after the other; each is packed while the next is read.
fn read(reading: &mut dyn Reading, layers: &[LayerState], budget: usize) -> Result<Vec<LayerSnapshot>, Error> {
    std::thread::scope(|scope| {
        let mut packing = Vec::new();
        for state in layers {
            let mut builder = LayerBuilder::new(state.layer.clone());
            let mut seen = 0_u64;
            reading.features(state.layer.name(), &mut |feature| {
                builder.push(feature);
                seen += 1;
                match seen.is_multiple_of(place::LOOK_EVERY) {
                    true => place::go_on(),
                    false => ControlFlow::Continue(()),
                }
            })?;
            if place::is_interrupted() {
                return Err(Error::Interrupted);
            }
            packing.push(scope.spawn(move || builder.finish().with_budget(budget)));
        }
        let packed = packing.into_iter().map(|layer| layer.join());
        Ok(packed
            .map(|layer| layer.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect())
    })
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
