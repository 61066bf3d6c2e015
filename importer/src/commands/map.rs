//! `onemap-import map`: suggests a mapping of columns, and writes it down.

use super::SourceArgs;
use crate::error::{Error, Result};
use crate::mapping::ask::suggested;
use crate::{plan, source};
use clap::Args;
use onemap_model::Crs;
use std::path::PathBuf;

/// What `--help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  onemap-import map zd.shp --layer parcels --define parcels --crs EPSG:4547
  onemap-import map zd.shp --layer parcels --define parcels --crs EPSG:4547 --write zd.map.toml
  onemap-import load zd.shp --define parcels --crs EPSG:4547 --map zd.map.toml --to city.gpkg";

/// The arguments of `map`.
#[derive(Debug, Args)]
pub struct MapArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Write the mapping to this file, which must not be there yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// Runs `map`: the table of what looks like what goes to standard error, the mapping to its file or standard output.
///
/// # Errors
/// Where a source cannot be read, no layer follows a definition, or the file is there.
pub fn run(args: &MapArgs) -> Result<()> {
    let settings = args.source.settings()?;
    let sources = source::open_all(&args.source.sources, &settings)?;
    let plans = plan::all(&sources, &settings, Crs::CGCS2000)?;
    let defined = plans
        .iter()
        .filter(|plan| settings.definition(plan.layer.name()).is_some());
    if defined.count() == 0 {
        let layers: Vec<_> = plans.iter().map(|plan| plan.layer.name().to_string()).collect();
        return Err(Error::Usage(format!(
            "no definition for {}: name one with --define LAYER, and the layer with --layer where it is called otherwise",
            layers.join(", ")
        )));
    }
    let mapping = suggested(&plans);
    for suggestion in plans.iter().filter_map(|plan| plan.suggestion.as_ref()) {
        eprint!("{}\n{suggestion}", suggestion.source);
    }
    if mapping.layers.is_empty() {
        eprintln!("nothing to map: every column that is known has the name of its field");
        return Ok(());
    }
    let Some(path) = &args.write else {
        super::print(&mapping);
        return Ok(());
    };
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    if file
        .as_ref()
        .is_err_and(|error| error.kind() == std::io::ErrorKind::AlreadyExists)
    {
        let reason = "is there already, and is not overwritten";
        return Err(Error::Usage(format!("--write: {} {reason}", path.display())));
    }
    file.and_then(|mut file| std::io::Write::write_all(&mut file, mapping.to_string().as_bytes()))
        .map_err(|error| Error::io(path, error))?;
    eprintln!("written to {}", path.display());
    Ok(())
}
