//! `onemap-import check`.

use super::SourceArgs;
use crate::check::check;
use crate::error::Result;
use crate::progress::Progress;
use clap::Args;
use onemap_model::Crs;

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    source: SourceArgs,
}

/// Runs `check` and prints its summary.
///
/// # Errors
/// Those of reading and of the report.
pub fn run(args: &CheckArgs) -> Result<()> {
    let source = &args.source;
    let report = source.report()?;
    let settings = source.settings()?;
    let target = source.store_crs()?.unwrap_or(Crs::CGCS2000);
    let summary = check(
        &source.sources,
        &settings,
        target,
        source.kept_findings(),
        &mut Progress::to_stderr(),
    )?;
    super::print(&summary);
    report.map_or(Ok(()), |report| report.write(&summary))
}
