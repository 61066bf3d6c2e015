//! `onemap-import diff`: what a load would change.

use super::SourceArgs;
use super::load::Mode;
use crate::difference::{Form, Told};
use crate::error::{Error, Result};
use crate::load::{all_shown, follow, mode_word, one_layer, user};
use crate::progress::Progress;
use crate::quarantine::Quarantine;
use crate::source::Beside;
use crate::{interrupt, plan, source};
use clap::Args;
use onemap_model::{Findings, Name};
use onemap_store::{At, Batch, LoadCounts, LoadMode, OpenMode, Store};
use std::ops::ControlFlow;
use std::process::ExitCode;

/// Shown after the help.
pub const EXAMPLES: &str = "\
Examples:
  onemap-import diff city.gpkg zd2025.shp --layer parcels --key ZDDM --crs EPSG:4547
  onemap-import diff city.gpkg zd2025.shp --layer parcels --mode replace --crs EPSG:4547 --csv > changes.csv
  onemap-import diff city.gpkg zd2025.shp --layer parcels --json --exit-code

Nothing is written: the file is read and compared as `load` would do it, with the same options. Geometries are told as WKB
in hexadecimal digits. Exit status: 0 done, equal or not; with --exit-code 1 where anything differs.";

/// The arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The store
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    source: SourceArgs,
    /// The load whose changes are told
    #[arg(long, value_enum, default_value_t = Mode::Upsert)]
    mode: Mode,
    /// Every row and field that differs, before and after, as JSON
    #[arg(long)]
    json: bool,
    /// The same as CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Exit with 1 where anything differs
    #[arg(long)]
    exit_code: bool,
}

/// Compares, and prints what differs.
///
/// # Errors
/// Those of a load.
pub fn run(args: &DiffArgs) -> Result<ExitCode> {
    let report = args.source.report()?;
    if report.is_some() || args.source.quarantine.is_some() {
        return Err(Error::Usage(
            "diff writes no report of findings and no quarantine: use onemap-import check".into(),
        ));
    }
    let form = match (args.json, args.csv) {
        (true, _) => Form::Json,
        (_, true) => Form::Csv,
        _ => Form::Text,
    };
    let mut store = onemap_store::open(&args.store, OpenMode::Existing)?;
    let mut told = Told::new(form, std::io::stdout().lock());
    let mut progress = Progress::to_stderr();
    let counts = compare(args, &mut *store, &mut told, &mut progress);
    progress.end();
    let counts = counts?;
    told.finish(&counts);
    let differs = counts.iter().any(|(_, c)| c.inserted + c.updated + c.deleted > 0);
    Ok(ExitCode::from(u8::from(differs && args.exit_code)))
}

fn compare(
    args: &DiffArgs,
    store: &mut dyn Store,
    told: &mut Told<impl std::io::Write>,
    progress: &mut Progress,
) -> Result<Vec<(Name, LoadCounts)>> {
    let settings = args.source.settings()?;
    let mode = LoadMode::from(args.mode);
    let there = store.read(At::Now)?.layers()?;
    let layers: Vec<_> = there.into_iter().map(|state| state.layer).collect();
    let wanted = args.source.store_crs()?;
    let crs = layers.first().map(|layer| layer.crs).or(wanted);
    let sources = source::open_all_beside(&args.source.sources, &settings, &Beside::of(&args.store))?;
    let mut plans = plan::agreed(&sources, &settings, crs.unwrap_or(onemap_model::Crs::CGCS2000))?;
    plan::keep_definitions(&mut plans, &layers, &settings)?;
    let batch = Batch {
        who: user(),
        what: format!("diff {} ({})", all_shown(&args.source.sources), mode_word(mode)),
    };
    let mut findings = Findings::keeping(1);
    let (mut city, mut quarantine) = (plan::city(&plans), Quarantine::default());
    let mut load = store.begin(&batch)?;
    for plan in &plans {
        one_layer(
            plan,
            (&mut city, &mut quarantine),
            mode,
            load.as_mut(),
            &mut findings,
            progress,
        )?;
    }
    interrupt::check()?;
    let mut phase = String::new();
    let counts = load.preview(&mut |step| follow(&step, &mut phase, progress), &mut |planned| {
        if interrupt::is_asked() || told.change(&planned).is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    interrupt::check()?;
    Ok(counts)
}
