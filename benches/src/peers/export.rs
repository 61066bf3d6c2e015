//! All tiles of the city into one PMTiles file: ours, and tippecanoe's.

use super::city::City;
use crate::program::{self, Run};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// One layer, zooms 0 to 16.
const ZOOMS: [&str; 2] = ["0", "16"];

/// What both took.
#[derive(Debug)]
pub struct Exports {
    /// Ours, round by round.
    pub ours: Vec<Run>,
    /// The size of our file.
    pub our_bytes: u64,
    /// tippecanoe's; one run, it takes minutes.
    pub theirs: Run,
    /// The size of its file.
    pub their_bytes: u64,
    /// As it names itself.
    pub version: String,
}

/// Exports with both.
///
/// # Errors
/// Where a program fails.
pub fn compare(city: &City, exporter: &Path, tippecanoe: &Path, folder: &Path, rounds: usize) -> Result<Exports> {
    let version = Command::new(tippecanoe).arg("--version").output();
    let version = version.with_context(|| format!("starting {}", tippecanoe.display()))?;
    // It names itself on standard error.
    let version = String::from_utf8_lossy(&[version.stdout, version.stderr].concat())
        .trim()
        .to_owned();
    let (our_file, their_file) = (folder.join("ours.pmtiles"), folder.join("theirs.pmtiles"));
    let (to, from) = (text(&our_file)?, text(&city.file)?);
    let [least, most] = ZOOMS;
    let mut ours = Vec::new();
    for round in 1..=rounds {
        remove(&our_file);
        ours.push(program::run(
            exporter,
            &[
                from,
                "--to",
                to,
                "--layers",
                "parcels",
                "--min-zoom",
                least,
                "--max-zoom",
                most,
            ],
        )?);
        eprintln!(
            "export: round {round} of {rounds}: ours {:.1} s",
            ours[round - 1].time.as_secs_f64()
        );
    }
    remove(&their_file);
    let from = text(&city.flatgeobuf)?;
    let theirs = program::run(
        tippecanoe,
        &[
            "-o",
            text(&their_file)?,
            "-Z",
            least,
            "-z",
            most,
            "-l",
            "parcels",
            "--drop-densest-as-needed",
            "--quiet",
            from,
        ],
    )?;
    eprintln!("export: tippecanoe {:.1} s", theirs.time.as_secs_f64());
    let size = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.len());
    let exports = Exports {
        ours,
        our_bytes: size(&our_file)?,
        theirs,
        their_bytes: size(&their_file)?,
        version,
    };
    remove(&our_file);
    remove(&their_file);
    Ok(exports)
}

fn remove(path: &Path) {
    // It may not be there.
    let _ = std::fs::remove_file(path);
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))
}
