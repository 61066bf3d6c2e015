//! What is kept of a load as a batch: which files it read, how, and what was found.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::mapping::{LayerMapping, Mapping};
use crate::plan::Plan;
use crate::progress::{Position, Progress};
use crate::source::files_of;
use crate::summary::LayerSummary;
use onemap_model::{Findings, Name};
use onemap_store::{DeliveredLayer, Delivery, FindingCount, SourceFile};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How much of a file is read at once.
const PIECE: usize = 1 << 20;
/// From so many bytes on it is told how far the hashing is.
const LONG: u64 = 256 << 20;

/// The files that the sources consist of, with their hashes. Reads them once, from beginning to end.
///
/// # Errors
/// Where one cannot be read.
pub fn files(sources: &[String], progress: &mut Progress) -> Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    for source in sources {
        let all = files_of(source)?;
        let bytes = all
            .iter()
            .filter_map(|file| file.metadata().ok())
            .map(|file| file.len());
        let mut reading = Reading {
            total: bytes.sum(),
            done: 0,
            progress,
        };
        if reading.total >= LONG {
            reading.progress.begin(&format!("hashing {source}"));
        }
        for file in all {
            found.push(reading.hash(source, &file)?);
        }
    }
    Ok(found)
}

struct Reading<'p> {
    total: u64,
    done: u64,
    progress: &'p mut Progress,
}

impl Reading<'_> {
    fn hash(&mut self, source: &str, path: &Path) -> Result<SourceFile> {
        let failed = |error| Error::io(path, error);
        let mut file = File::open(path).map_err(failed)?;
        let (mut hasher, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
        loop {
            interrupt::check()?;
            let read = file.read(&mut piece).map_err(failed)?;
            if read == 0 {
                break;
            }
            hasher.update(&piece[..read]);
            bytes += read as u64;
            self.done += read as u64;
            if self.total >= LONG {
                self.progress.at(Position {
                    rows: 0,
                    total: None,
                    fraction: Some(self.done as f64 / self.total as f64),
                });
            }
        }
        let digest = hasher.finalize();
        Ok(SourceFile {
            name: name_of(source, path),
            bytes,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

/// A file as the user would name it: in the folder that he named, or beside the file.
fn name_of(source: &str, path: &Path) -> String {
    let given = PathBuf::from(source);
    let within = path
        .strip_prefix(&given)
        .ok()
        .filter(|rest| rest.components().next().is_some());
    let beside = || path.file_name().map(|name| given.with_file_name(name));
    let name = match within {
        Some(rest) => Some(given.join(rest)),
        None => beside(),
    };
    name.unwrap_or(given).display().to_string()
}

/// What was delivered.
pub fn delivery(
    sources: Vec<SourceFile>,
    plans: &[Plan<'_>],
    layers: &[LayerSummary],
    findings: &Findings,
) -> Delivery {
    let mapped: Vec<LayerMapping> = plans.iter().filter_map(|plan| plan.mapping.clone()).collect();
    let mapping = Mapping {
        file: String::new(),
        layers: mapped,
    };
    let layer = |(plan, layer): (&Plan<'_>, &LayerSummary)| DeliveredLayer {
        layer: Name::clone(plan.layer.name()),
        source: layer.source.clone(),
        source_layer: layer.source_layer.clone(),
        crs: layer.crs.clone(),
        encoding: layer.encoding.to_owned(),
        read: layer.read,
        rejected: layer.set_aside,
    };
    let finding = |(layer, code, count): (&str, onemap_model::FindingCode, u64)| FindingCount {
        layer: layer.to_owned(),
        code: code.as_str().to_owned(),
        count,
    };
    Delivery {
        sources,
        layers: plans.iter().zip(layers).map(layer).collect(),
        mapping: (!mapping.layers.is_empty()).then(|| mapping.to_string()),
        findings: findings.counts().map(finding).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shapefile_is_hashed_with_its_sidecars_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.shp", "a.DBF", "a.prj", "a.txt", "ab.dbf"] {
            std::fs::write(dir.path().join(name), "abc").unwrap();
        }
        let source = dir.path().join("a.shp").display().to_string();
        let found = files(std::slice::from_ref(&source), &mut Progress::Silent).unwrap();
        let names: Vec<_> = found.iter().map(|file| file.name.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["a.DBF", "a.prj", "a.shp"]);
        assert_eq!(found[2].name, source);
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(found.iter().all(|file| file.sha256 == abc && file.bytes == 3));
    }

    #[test]
    fn a_folder_that_is_one_source_is_hashed_whole() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("city.gdb");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a00000001.gdbtable"), "x").unwrap();
        std::fs::write(folder.join("gdb"), "y").unwrap();
        let source = folder.display().to_string();
        let found = files(std::slice::from_ref(&source), &mut Progress::Silent).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].name, format!("{source}/gdb"));
    }
}
