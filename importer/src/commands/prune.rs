//! `onemap-import prune`.

use crate::error::{Error, Result};
use clap::Args;
use onemap_model::{Instant, Version};
use onemap_store::{OpenMode, Store};

/// Shown after the help.
pub const EXAMPLES: &str = "\
Examples:
  onemap-import prune city.gpkg --before 120
  onemap-import prune postgres://me@host/city --before 2026-01-01
  onemap-import prune city.gpkg --before 2026-01-01T08:00:00+08:00

What every feature is now, and every version from that one on, is kept. A date is the first moment of that day in the
city's zone (+08:00).";

/// The arguments of `prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// The store
    #[arg(value_name = "STORE")]
    store: String,
    /// The oldest version that is to be kept, or the moment whose version that is
    #[arg(long, value_name = "VERSION|DATE|TIME")]
    before: String,
}

/// Forgets, and prints what.
///
/// # Errors
/// Where there is no such version, or the store refuses; nothing is changed then.
pub fn run(args: &PruneArgs) -> Result<()> {
    let mut store = onemap_store::open(&args.store, OpenMode::Existing)?;
    store.catch_up()?;
    let before = version(&mut *store, &args.before)?;
    let pruned = store.prune(before)?;
    let (rows, oldest) = (pruned.rows, pruned.oldest);
    super::print(&format_args!(
        "{rows} old states forgotten; versions from {oldest} on can be read\n"
    ));
    Ok(())
}

fn version(store: &mut dyn Store, text: &str) -> Result<Version> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map(Version).map_err(|_| wrong(text));
    }
    let time = if text.len() == "2026-01-01".len() {
        format!("{text}T00:00:00+08:00")
    } else {
        text.to_owned()
    };
    Ok(store.version_at(Instant::parse(&time).map_err(|_| wrong(text))?)?)
}

fn wrong(text: &str) -> Error {
    Error::Usage(format!(
        "--before {text:?}: expected a version such as 120, a date such as 2026-01-01 or a time such as 2026-01-01T08:00:00+08:00"
    ))
}
