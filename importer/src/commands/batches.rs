//! `onemap-import batches`.

use super::show::to_json;
use crate::error::{Result, one_line};
use clap::Args;
use onemap_store::{OpenMode, RecordedBatch};
use std::fmt::Write;

/// Shown after the help.
pub const EXAMPLES: &str = "\
Examples:
  onemap-import batches city.gpkg
  onemap-import batches postgres://me@host/city --layer parcels --limit 5
  onemap-import batches city.gpkg --json | jq '.[].sources[].sha256'

The latest comes first. A batch has the number of the version that it made; a load that changed nothing made none.";

/// The arguments of `batches`.
#[derive(Debug, Args)]
pub struct BatchesArgs {
    /// The store
    #[arg(value_name = "STORE")]
    store: String,
    /// Only those of this layer
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// All that is known of them, as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the batches.
///
/// # Errors
/// Where the store cannot be read.
pub fn run(args: &BatchesArgs) -> Result<()> {
    let mut store = onemap_store::open(&args.store, OpenMode::Existing)?;
    let layer = args.layer.as_deref().map(crate::settings::layer_name).transpose()?;
    let batches = store.batches(layer.as_ref(), None, args.limit)?;
    if args.json {
        let all: Vec<_> = batches.iter().map(to_json).collect();
        super::print(&format_args!("{:#}\n", serde_json::Value::Array(all)));
    } else if batches.is_empty() {
        super::print(&"no batches\n");
    } else {
        super::print(&table(&batches));
    }
    Ok(())
}

/// One line for each batch: number, time, who, what, and what it did.
fn table(batches: &[RecordedBatch]) -> String {
    let width = batches.iter().map(|batch| batch.version.to_string().len()).max();
    let (width, mut text) = (width.unwrap_or(0), String::new());
    for batch in batches {
        let undone = batch
            .undone_by
            .map_or(String::new(), |by| format!("  [rolled back by {by}]"));
        let _ = writeln!(
            text,
            "{:>width$}  {}  {}  {}{undone}",
            batch.version.to_string(),
            seconds(batch),
            one_line(&batch.who),
            one_line(&batch.what)
        );
        for layer in &batch.layers {
            let counts = layer.counts;
            let _ = writeln!(
                text,
                "{:width$}  {}: {} new, {} changed, {} removed",
                "", layer.layer, counts.inserted, counts.updated, counts.deleted
            );
        }
    }
    text
}

/// The time of a batch, to the second.
pub fn seconds(batch: &RecordedBatch) -> String {
    let time = batch.time.to_string();
    let whole = time.split('.').next().unwrap_or(&time);
    format!("{}Z", whole.trim_end_matches('Z'))
}
