//! What is kept of a load as a batch: which files it read, how, and what was found.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::mapping::{LayerMapping, Mapping};
use crate::plan::Plan;
use crate::source::files_of;
use crate::summary::LayerSummary;
use onemap_model::{Findings, Name};
use onemap_store::{DeliveredLayer, Delivery, FindingCount, SourceFile};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// How much of a file is read at once.
const PIECE: usize = 1 << 20;

/// The files that sources consist of, which a thread reads from beginning to end, for their hashes, while they are loaded.
/// It ends with this, done or not.
pub struct Hashing {
    thread: Option<JoinHandle<Result<Vec<SourceFile>>>>,
    is_dropped: Arc<AtomicBool>,
}

impl Hashing {
    /// Begins to read the files of `sources`.
    ///
    /// # Errors
    /// Where a source is not there, or the system grants no thread.
    pub fn start(sources: &[String]) -> Result<Self> {
        let mut files = Vec::new();
        for source in sources {
            files.extend(files_of(source)?.into_iter().map(|file| (name_of(source, &file), file)));
        }
        let is_dropped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_dropped);
        let hash_all = move || files.into_iter().map(|(name, path)| hash(name, &path, &stop)).collect();
        let thread = std::thread::Builder::new().name("hash".to_owned()).spawn(hash_all);
        Ok(Self {
            thread: Some(thread.map_err(|error| Error::io(Path::new("a thread that hashes"), error))?),
            is_dropped,
        })
    }

    /// Waits until all is read.
    ///
    /// # Errors
    /// Where a file cannot be read, and where the user stops it.
    pub fn finish(mut self) -> Result<Vec<SourceFile>> {
        let thread = self.thread.take().expect("only this takes it");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Nobody asks any more what came of it.
            let _ = thread.join();
        }
    }
}

fn hash(name: String, path: &Path, stop: &AtomicBool) -> Result<SourceFile> {
    let failed = |error| Error::io(path, error);
    let mut file = File::open(path).map_err(failed)?;
    let (mut hasher, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        interrupt::check()?;
        let read = file.read(&mut piece).map_err(failed)?;
        if read == 0 || stop.load(Ordering::Relaxed) {
            break;
        }
        hasher.update(&piece[..read]);
        bytes += read as u64;
    }
    let digest = hasher.finalize();
    Ok(SourceFile {
        name,
        bytes,
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
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
        let found = Hashing::start(std::slice::from_ref(&source)).unwrap().finish().unwrap();
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
        let found = Hashing::start(std::slice::from_ref(&source)).unwrap().finish().unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].name, format!("{source}/gdb"));
    }
}
