//! `onemap-import load`.

use super::SourceArgs;
use crate::error::Result;
use crate::load::{Request, load};
use crate::progress::Progress;
use clap::{Args, ValueEnum};
use onemap_model::Access;
use onemap_store::LoadMode;

/// The arguments of `load`.
#[derive(Debug, Args)]
pub struct LoadArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The store: a GeoPackage, made where it is missing
    #[arg(long, value_name = "STORE")]
    to: String,
    /// What becomes of rows that a layer has already
    #[arg(long, value_enum, default_value_t = Mode::Replace)]
    mode: Mode,
    /// Who may see the layers [default: as in the store; new ones restricted]
    #[arg(long, value_enum)]
    access: Option<Who>,
}

/// What becomes of rows that a layer has already.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Mode {
    /// The loaded rows are the layer from now on
    Replace,
    /// The loaded rows are added
    Append,
    /// Loaded rows take the place of those with the same key
    Upsert,
}

impl From<Mode> for LoadMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Replace => LoadMode::Replace,
            Mode::Append => LoadMode::Append,
            Mode::Upsert => LoadMode::Upsert,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Who {
    /// Everybody
    Public,
    /// This machine only
    Restricted,
}

/// Runs `load` and prints its summary.
///
/// # Errors
/// Those of the load and of its report.
pub fn run(args: &LoadArgs) -> Result<()> {
    let report = args.source.report()?;
    let mut settings = args.source.settings()?;
    settings.access = args.access.map(|who| match who {
        Who::Public => Access::Public,
        Who::Restricted => Access::Restricted,
    });
    let request = Request {
        sources: args.source.sources.clone(),
        store: args.to.clone(),
        store_crs: args.source.store_crs()?,
        mode: args.mode.into(),
        settings,
        kept_findings: args.source.kept_findings(),
    };
    let summary = load(&request, &mut Progress::to_stderr())?;
    super::print(&summary);
    report.map_or(Ok(()), |report| report.write(&summary))
}
