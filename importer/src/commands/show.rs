//! `onemap-import show`.

use super::batches::seconds;
use crate::error::{Result, one_line};
use clap::Args;
use onemap_model::Version;
use onemap_store::{BatchLayer, OpenMode, RecordedBatch};
use serde_json::{Value, json};
use std::fmt::Write;

/// Shown after the help.
pub const EXAMPLES: &str = "\
Examples:
  onemap-import show city.gpkg 12
  onemap-import show postgres://me@host/city 12 --json

Of a version that another program made, such as edits in QGIS, only what the log says is known.";

/// The arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The store
    #[arg(value_name = "STORE")]
    store: String,
    /// The batch: the number of the version that it made
    #[arg(value_name = "BATCH")]
    batch: u64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Prints what is known of a batch.
///
/// # Errors
/// Where there is no such version, or the store cannot be read.
pub fn run(args: &ShowArgs) -> Result<()> {
    let mut store = onemap_store::open(&args.store, OpenMode::Existing)?;
    let batch = store.batch(Version(args.batch))?;
    if args.json {
        super::print(&format_args!("{:#}\n", to_json(&batch)));
    } else {
        super::print(&text(&batch));
    }
    Ok(())
}

/// A batch as JSON.
pub fn to_json(batch: &RecordedBatch) -> Value {
    let layer = |layer: &BatchLayer| {
        let mut object = json!({
            "layer": layer.layer.as_str(), "mode": layer.mode.map(crate::load::mode_word),
            "inserted": layer.counts.inserted, "changed": layer.counts.updated,
            "removed": layer.counts.deleted, "unchanged": layer.counts.unchanged,
        });
        if let Some(from) = batch.delivery.layers.iter().find(|from| from.layer == layer.layer) {
            object["read"] = json!(from.read);
            object["rejected"] = json!(from.rejected);
            object["source"] = json!(from.source);
            object["source_layer"] = json!(from.source_layer);
            object["crs"] = json!(from.crs);
            object["encoding"] = json!(from.encoding);
        }
        object
    };
    let sources = batch.delivery.sources.iter();
    let sources = sources.map(|file| json!({"name": file.name, "bytes": file.bytes, "sha256": file.sha256}));
    let findings = batch.delivery.findings.iter().map(|found| {
        let severity = found.known().map(|code| code.severity().as_str());
        json!({"layer": found.layer, "code": found.code, "severity": severity, "count": found.count})
    });
    json!({
        "batch": batch.version.0, "version": batch.version.0, "time": batch.time.to_string(), "who": batch.who,
        "database_user": batch.database_user, "what": batch.what,
        "undoes": batch.undoes.map(|version| version.0), "undone_by": batch.undone_by.map(|version| version.0),
        "layers": batch.layers.iter().map(layer).collect::<Vec<_>>(),
        "sources": sources.collect::<Vec<_>>(), "mapping": batch.delivery.mapping,
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn text(batch: &RecordedBatch) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    line(format!("batch {}, {}", batch.version, seconds(batch)));
    let database = batch.database_user.as_ref();
    let database = database.map_or(String::new(), |user| format!(" (database user {})", one_line(user)));
    line(format!(
        "by {}{database}: {}",
        one_line(&batch.who),
        one_line(&batch.what)
    ));
    if let Some(undoes) = batch.undoes {
        line(format!("it rolled back batch {undoes}"));
    }
    if let Some(by) = batch.undone_by {
        line(format!("it was rolled back by batch {by}"));
    }
    for layer in &batch.layers {
        line(layer_line(batch, layer));
    }
    for file in &batch.delivery.sources {
        line(format!(
            "{}: {} bytes, sha256 {}",
            one_line(&file.name),
            file.bytes,
            file.sha256
        ));
    }
    for found in &batch.delivery.findings {
        let (severity, meaning) = found
            .known()
            .map_or(("finding", ""), |code| (code.severity().as_str(), code.chinese()));
        let (layer, code, count) = (one_line(&found.layer), one_line(&found.code), found.count);
        line(format!("{severity} {code} {layer}: {count}  {meaning}"));
    }
    if let Some(mapping) = &batch.delivery.mapping {
        line(format!("mapping:\n{}", mapping.trim_end()));
    }
    text
}

fn layer_line(batch: &RecordedBatch, layer: &BatchLayer) -> String {
    let counts = layer.counts;
    let did = format!(
        "{} new, {} changed, {} removed",
        counts.inserted, counts.updated, counts.deleted
    );
    let mode = layer
        .mode
        .map_or(String::new(), |mode| format!(" ({})", crate::load::mode_word(mode)));
    let from = batch.delivery.layers.iter().find(|from| from.layer == layer.layer);
    match (layer.mode, from) {
        (_, Some(from)) => {
            let crs = from.crs.as_ref().map_or(String::new(), |crs| format!(", {crs}"));
            format!(
                "{}{mode}: {} read, {did}, {} unchanged, {} set aside; from {}{crs}, {}",
                layer.layer,
                from.read,
                counts.unchanged,
                from.rejected,
                one_line(&from.source),
                from.encoding
            )
        }
        (Some(_), None) => format!("{}{mode}: {did}, {} unchanged", layer.layer, counts.unchanged),
        (None, None) => format!("{}: {did}", layer.layer),
    }
}
