//! `onemap-import backup` and `onemap-import restore`.

use crate::error::Result;
use crate::progress::{Position, Progress};
use clap::Args;
use onemap_store::Existing;
use std::path::PathBuf;

/// Shown after the help.
pub const EXAMPLES: &str = "\
Examples:
  onemap-import backup city.gpkg --to 2026-11-23.gpkg
  onemap-import restore 2026-11-23.gpkg --to city.gpkg --force
  onemap-import backup postgres://me@host/city --to 2026-11-23.dump
  onemap-import restore 2026-11-23.dump --to postgres://me@host/new_city

A copy is of one moment, with all history; others may use the store meanwhile. A restored store begins a new epoch: who
followed the old one is told to begin anew. Databases are copied with pg_dump and pg_restore, which must be installed.";

/// The arguments of `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The store
    #[arg(value_name = "STORE")]
    store: String,
    /// The file for the copy; it must not be there
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// The arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The copy
    #[arg(value_name = "FILE")]
    copy: PathBuf,
    /// The store that it becomes
    #[arg(long, value_name = "STORE")]
    to: String,
    /// Let the copy take the place of a store that is there
    #[arg(long)]
    force: bool,
}

/// Copies a store.
///
/// # Errors
/// Those of [`onemap_store::backup`].
pub fn backup(args: &BackupArgs) -> Result<()> {
    with_progress("copying", |step| onemap_store::backup(&args.store, &args.to, step))?;
    let bytes = std::fs::metadata(&args.to).map_or(0, |file| file.len());
    super::print(&format_args!("{}: {:.1} MB\n", args.to.display(), bytes as f64 / 1e6));
    Ok(())
}

/// Makes a store of a copy.
///
/// # Errors
/// Those of [`onemap_store::restore`].
pub fn restore(args: &RestoreArgs) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    with_progress("restoring", |step| {
        onemap_store::restore(&args.copy, &args.to, existing, step)
    })?;
    let version = onemap_store::open(&args.to, onemap_store::OpenMode::Existing)?.catch_up()?;
    super::print(&format_args!(
        "{}: version {version}, in a new epoch\n",
        onemap_store::without_password(&args.to)
    ));
    Ok(())
}

fn with_progress(
    phase: &str,
    work: impl FnOnce(onemap_store::BackupStep<'_>) -> onemap_store::Result<()>,
) -> Result<()> {
    let mut progress = Progress::to_stderr();
    progress.begin(phase);
    let result = work(&mut |done, total| {
        progress.at(Position {
            rows: done,
            total: None,
            fraction: Some(done as f64 / total.max(1) as f64),
        });
    });
    progress.end();
    Ok(result?)
}
