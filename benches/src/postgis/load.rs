//! The same parcels loaded by `onemap-import` and by `ogr2ogr`, in turns, into the same cluster.

use crate::program::{self, Run};
use anyhow::Result;
use onemap_testing::Cluster;
use std::path::Path;

/// What loading took, run by run.
#[derive(Debug, Default)]
pub struct Loads {
    /// `onemap-import load`: checks, indexes, history and triggers included.
    pub ours: Vec<Run>,
    /// `ogr2ogr -f PostgreSQL` with `PG_USE_COPY=YES` and a spatial index.
    pub theirs: Vec<Run>,
}

/// Loads the layer `parcels` of `source` `rounds` times with each.
///
/// # Errors
/// Where a program fails.
pub fn compare(cluster: &Cluster, importer: &Path, source: &str, rounds: usize) -> Result<Loads> {
    let mut loads = Loads::default();
    for round in 1..=rounds {
        eprintln!("loading, round {round} of {rounds}");
        let database = cluster.fresh_database();
        let url = database.url();
        loads.ours.push(program::run(
            importer,
            &["load", source, "--source-layer", "parcels", "--to", &url],
        )?);
        drop(database);
        let database = cluster.fresh_database();
        let (port, name) = (cluster.port(), database.name());
        let target = format!("PG:host=127.0.0.1 port={port} user=onemap dbname={name}");
        loads.theirs.push(program::run(
            Path::new("ogr2ogr"),
            &[
                "--config",
                "PG_USE_COPY",
                "YES",
                "-f",
                "PostgreSQL",
                &target,
                source,
                "parcels",
                "-lco",
                "SPATIAL_INDEX=GIST",
            ],
        )?);
    }
    Ok(loads)
}
