//! `onemap-import verify`.

use crate::error::{Error, Result};
use clap::Args;
use onemap_store::{At, OpenMode};

/// Shown after the help.
pub const EXAMPLES: &str = "\
Examples:
  onemap-import verify city.gpkg
  onemap-import verify postgres://me@host/city";

/// The arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The store
    #[arg(value_name = "STORE")]
    store: String,
}

/// Compares and prints what does not agree; nothing is changed but for edits of other programs, which are sealed first.
///
/// # Errors
/// Where something does not agree, or the store cannot be read.
pub fn run(args: &VerifyArgs) -> Result<()> {
    let mut store = onemap_store::open(&args.store, OpenMode::Existing)?;
    let wrong = store.verify()?;
    let (version, layers) = {
        let mut reading = store.read(At::Now)?;
        (reading.version(), reading.layers()?)
    };
    if wrong.is_empty() {
        let features: u64 = layers.iter().map(|state| state.features).sum();
        let count = layers.len();
        let oldest = store.oldest()?;
        super::print(&format_args!(
            "sound: version {version}, {count} layers, {features} features; versions from {oldest} on can be read\n"
        ));
        return Ok(());
    }
    super::print(&format_args!("{}\n", wrong.join("\n")));
    let (count, store) = (wrong.len(), &args.store);
    let name = onemap_store::without_password(store);
    Err(Error::Usage(format!(
        "{name} is not sound: {count} things do not agree"
    )))
}
