//! The commands of `onemap-import`, one module each.

mod backup;
mod batches;
mod check;
mod diff;
mod load;
mod map;
mod prune;
mod rollback;
mod sample;
mod show;
mod verify;

use crate::error::{Error, Result};
use crate::interrupt;
use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  onemap-import load roads.shp --to city.gpkg --crs EPSG:4547
  onemap-import load parcels.gdb.zip poi.csv --to city.gpkg --crs EPSG:4490 --force-crs
  onemap-import load survey.gpkg --source-layer zd --layer parcels --key ZDDM --mode upsert --to city.gpkg
  onemap-import check parcels.shp --report findings.html
  onemap-import check parcels.shp districts.shp --define parcels --define districts
  onemap-import load survey.shp --crs EPSG:4547 --repair vertices,spikes --to city.gpkg
  onemap-import load xian80.shp --crs local:huangshi --local-systems secrets.toml --to city.gpkg
  onemap-import map zd.shp --layer parcels --define parcels --crs EPSG:4547 --write zd.map.toml
  onemap-import load zd.shp --define parcels --crs EPSG:4547 --map zd.map.toml --to city.gpkg
  onemap-import load city.osm.pbf --define roads --define buildings --define pois --to city.gpkg
  onemap-import sample --features 10000 --to demo.gpkg

Exit status: 0 done, 1 data or usage, 2 a fault of the machine or the program, 130 interrupted.";

/// Brings a city's files into its one map.
#[derive(Debug, Parser)]
#[command(name = "onemap-import", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load files into a store: one version, or nothing
    #[command(after_help = EXAMPLES)]
    Load(Box<load::LoadArgs>),
    /// Read files as a load would, and say what is wrong with them
    Check(Box<check::CheckArgs>),
    /// Suggest which columns are which fields of a definition, and write it down
    #[command(after_help = map::EXAMPLES)]
    Map(Box<map::MapArgs>),
    /// Make a city of made-up data
    Sample(sample::SampleArgs),
    /// List the loads of a store, the latest first
    #[command(after_help = batches::EXAMPLES)]
    Batches(batches::BatchesArgs),
    /// Say all that is known of a load
    #[command(after_help = show::EXAMPLES)]
    Show(show::ShowArgs),
    /// Undo a load, as a new version
    #[command(after_help = rollback::EXAMPLES)]
    Rollback(rollback::RollbackArgs),
    /// Say what a load would change, and change nothing
    #[command(after_help = diff::EXAMPLES)]
    Diff(Box<diff::DiffArgs>),
    /// Compare a store's tables, history and log with each other
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::VerifyArgs),
    /// Forget history that is older than a version or a day
    #[command(after_help = prune::EXAMPLES)]
    Prune(prune::PruneArgs),
    /// Copy a whole store into a file, while others use it
    #[command(after_help = backup::EXAMPLES)]
    Backup(backup::BackupArgs),
    /// Make a store of such a copy
    #[command(after_help = backup::EXAMPLES)]
    Restore(backup::RestoreArgs),
}

/// How sources are read: the same for loading and checking.
#[derive(Debug, Args)]
struct SourceArgs {
    /// Shapefile, GeoPackage, FlatGeobuf, GeoJSON, CSV, XLSX, OSM PBF, FileGDB, DXF or VCT, also in .zip or .gz; or a database: "PG:host=… dbname=…"
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,
    /// Read this layer only, by its name in the source
    #[arg(long, value_name = "NAME")]
    source_layer: Option<String>,
    /// Call the (single) layer so
    #[arg(long, value_name = "ID")]
    layer: Option<String>,
    /// The coordinate system of the sources, where they do not say
    #[arg(long, value_name = "EPSG:n|gcj02|bd09|local:NAME")]
    crs: Option<crate::settings::StatedCrs>,
    /// The file with the parameters of local systems, which only its owner may read (docs/local-systems.md)
    #[arg(long, value_name = "FILE", env = "ONEMAP_LOCAL_SYSTEMS")]
    local_systems: Option<std::path::PathBuf>,
    /// Let --crs count even where a source says otherwise
    #[arg(long, requires = "crs")]
    force_crs: bool,
    /// The encoding of shapefiles, CSV and DXF, where it is not found out rightly
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// The field that is the features' public id [default: as in the store]
    #[arg(long, value_name = "FIELD")]
    key: Option<String>,
    /// The coordinate system of the store, geographic [default: EPSG:4490]
    #[arg(long, value_name = "EPSG:n")]
    store_crs: Option<onemap_model::Crs>,
    /// Check and keep a layer as a definition says: LAYER=FILE, one of this program's, or all of them
    #[arg(long, value_name = "LAYER[=FILE]")]
    define: Vec<String>,
    /// What layers and columns become: a mapping file, as `onemap-import map` writes one
    #[arg(long, value_name = "FILE")]
    map: Option<std::path::PathBuf>,
    /// Keep rows that are set aside in this folder, as the source has them: a CSV file for each layer
    #[arg(long, value_name = "FOLDER")]
    quarantine: Option<std::path::PathBuf>,
    /// Repair geometries, each with a finding: vertices, spikes, validity (with commas between), or all
    #[arg(long, value_name = "RULES")]
    repair: Option<crate::repair::Rules>,
    /// Write all findings to this file (.json, .csv or .html)
    #[arg(long, value_name = "FILE")]
    report: Option<std::path::PathBuf>,
}

impl SourceArgs {
    fn settings(&self) -> Result<crate::settings::Settings> {
        use crate::{crs::Force, settings};
        crate::setup::gdal();
        Ok(settings::Settings {
            source_layer: self.source_layer.clone(),
            layer: self.layer.as_deref().map(settings::layer_name).transpose()?,
            crs: match self.crs {
                Some(settings::StatedCrs::Epsg(crs)) => Some(crs),
                _ => None,
            },
            web_map: match self.crs {
                Some(settings::StatedCrs::Web(web)) => Some(web),
                _ => None,
            },
            local: match &self.crs {
                Some(settings::StatedCrs::Local(name)) => {
                    Some(settings::local_system(name, self.local_systems.as_deref())?)
                }
                _ => None,
            },
            force: if self.force_crs { Force::Override } else { Force::Refuse },
            encoding: self.encoding.as_deref().map(settings::encoding).transpose()?,
            key: self.key.clone(),
            access: None,
            quarantine: self.quarantine.clone(),
            repair: self.repair.clone().unwrap_or_default(),
            definitions: settings::definitions(&self.define)?,
            mapping: self.map.as_deref().map(settings::mapping).transpose()?,
        })
    }

    fn store_crs(&self) -> Result<Option<onemap_model::Crs>> {
        self.store_crs.map(crate::settings::store_crs).transpose()
    }

    fn report(&self) -> Result<Option<crate::report::Target>> {
        self.report.as_deref().map(crate::report::Target::new).transpose()
    }

    fn kept_findings(&self) -> usize {
        if self.report.is_some() {
            crate::report::LISTED
        } else {
            10
        }
    }
}

/// Runs the program on its arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; a broken pipe behind them is nobody's concern.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(1)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let run = || {
        interrupt::listen().map_err(|e| Error::io("signal handlers".as_ref(), e))?;
        match &cli.command {
            Command::Load(args) => load::run(args),
            Command::Batches(args) => batches::run(args),
            Command::Show(args) => show::run(args),
            Command::Rollback(args) => rollback::run(args),
            Command::Diff(args) => return diff::run(args),
            Command::Check(args) => check::run(args),
            Command::Map(args) => map::run(args),
            Command::Sample(args) => sample::run(args),
            Command::Verify(args) => verify::run(args),
            Command::Prune(args) => prune::run(args),
            Command::Backup(args) => backup::backup(args),
            Command::Restore(args) => backup::restore(args),
        }
        .map(|()| ExitCode::SUCCESS)
    };
    // A panic has been printed by then; it is a fault, not the user's data.
    let Ok(result) = std::panic::catch_unwind(run) else {
        return ExitCode::from(2);
    };
    let error = match result {
        Ok(code) => return code,
        Err(error) => error,
    };
    eprintln!("{}", crate::error::one_line(&error.to_string()));
    match error {
        Error::Interrupted => ExitCode::from(interrupt::EXIT_CODE as u8),
        error if error.is_fault() => ExitCode::from(2),
        _ => ExitCode::from(1),
    }
}

/// Prints a result on standard output; a closed pipe ends nothing.
#[allow(clippy::print_stdout)]
fn print(result: &impl std::fmt::Display) {
    use std::io::Write;
    let _ = write!(std::io::stdout(), "{result}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
