//! `onemap-import sample`.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::load::{Destination, user};
use crate::progress::{Position, Progress};
use crate::sample::{City, Fingerprint, LayerFingerprint, SampleError, city_fingerprint};
use clap::Args;
use onemap_model::{Layer, Row};
use onemap_store::{Batch, Load, LoadMode};
use std::ops::ControlFlow;

/// The arguments of `sample`.
#[derive(Debug, Args)]
pub struct SampleArgs {
    /// How many parcels: 1000 to 2000000
    #[arg(long, value_name = "N")]
    features: u64,
    /// The store: a GeoPackage, made where it is missing
    #[arg(long, value_name = "STORE", required_unless_present = "faulty")]
    to: Option<String>,
    /// Write a delivery of CSV files with planted faults into this folder instead, and a ledger of them
    #[arg(long, value_name = "DIR", conflicts_with = "to")]
    faulty: Option<std::path::PathBuf>,
}

/// Makes a city, loads it as one version and prints what it is made of.
///
/// # Errors
/// Where such a city cannot be made, or the store refuses; nothing is changed then.
pub fn run(args: &SampleArgs) -> Result<()> {
    let city = City::new(args.features).map_err(wrong)?;
    if let Some(folder) = &args.faulty {
        let planted = crate::sample::faulty::write(&city, folder)?;
        super::print(&format!("{} faults of {} kinds\n", planted.faults, planted.kinds));
        return Ok(());
    }
    let Some(to) = &args.to else {
        return Err(Error::Usage("sample: say where to with --to STORE".into()));
    };
    let mut destination = Destination::find(to, None)?;
    if let Some(layer) = city.layers().iter().find(|layer| layer.crs != destination.crs) {
        let reason = format!(
            "{} is in {}; the sample city is in {}",
            onemap_store::without_password(to),
            destination.crs,
            layer.crs
        );
        return Err(Error::Usage(reason));
    }
    let batch = Batch {
        who: user(),
        what: format!("sample --features {}", args.features),
    };
    let mut progress = Progress::to_stderr();
    let mut made = Vec::new();
    let result = destination.commit(&batch, &mut progress, |load, progress| {
        for layer in city.layers() {
            made.push(one_layer(&city, layer, load, progress)?);
        }
        Ok(())
    });
    progress.end();
    let (committed, _) = result.inspect_err(|_| destination.undo())?;
    let mut lines = String::new();
    for (layer, (rows, fingerprint)) in city.layers().iter().zip(&made) {
        lines.push_str(&format!("{}: {rows} features, sha256 {fingerprint}\n", layer.name()));
    }
    let all = city_fingerprint(
        city.layers()
            .iter()
            .zip(&made)
            .map(|(layer, (_, print))| (layer.name().as_str(), *print)),
    );
    super::print(&format!("{lines}sha256 {all}\nversion {}\n", committed.version));
    Ok(())
}

fn one_layer(city: &City, layer: &Layer, load: &mut dyn Load, progress: &mut Progress) -> Result<(u64, Fingerprint)> {
    progress.begin(&format!("making {}", layer.name()));
    load.start_layer(layer, LoadMode::Replace)?;
    let total = city.estimate(layer.name().as_str()).max(1);
    let mut fingerprint = LayerFingerprint::new(layer);
    let mut result: Result<()> = Ok(());
    let mut push = |row: Row| -> Result<()> {
        fingerprint.add(&row);
        // The total is an estimate: it may not be passed.
        let rows = fingerprint.rows().min(total);
        progress.at(Position {
            rows,
            total: Some(total),
            fraction: None,
        });
        interrupt::check()?;
        Ok(load.push(row)?)
    };
    let mut each = |row| match push(row) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            result = Err(error);
            ControlFlow::Break(())
        }
    };
    city.features(layer.name().as_str(), &mut each).map_err(wrong)?;
    result?;
    load.finish_layer(layer.geometry_type)?;
    Ok((fingerprint.rows(), fingerprint.finish()))
}

fn wrong(error: SampleError) -> Error {
    Error::Usage(format!("sample: {error}"))
}
