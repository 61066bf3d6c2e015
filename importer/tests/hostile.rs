//! Files made to break readers: GDAL's and OSM's own test suites, thousands of them. Each is read by the program in a
//! process of its own, which must end in time with a result or one line.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::shared;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long one file may take; none is large.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much memory one file may take, in kilobytes of address space: a claim of gigabytes fails then, visibly.
const MEMORY_KB: u32 = 4 << 20;

#[test]
fn no_file_of_gdals_tests_breaks_the_reader() {
    read_all(
        "no_file_of_gdals_tests_breaks_the_reader",
        "nasty/gdal_autotest.tar.xz",
        200,
    );
}

#[test]
fn no_file_of_osms_tests_breaks_the_reader() {
    read_all(
        "no_file_of_osms_tests_breaks_the_reader",
        "nasty/osm_testdata.tar.xz",
        100,
    );
}

fn read_all(test: &str, archive: &str, at_least: usize) {
    let Some(shared) = shared(test) else { return };
    let dir = tempfile::tempdir().unwrap();
    let status = Command::new("tar")
        .arg("-xJf")
        .arg(shared.join(archive))
        .arg("-C")
        .arg(dir.path())
        .status()
        .unwrap();
    assert!(status.success());
    let mut files = Vec::new();
    collect(dir.path(), &mut files);
    files.sort();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let halves = files.chunks(files.len().div_ceil(2));
        let workers: Vec<_> = halves
            .map(|half| scope.spawn(|| half.iter().filter_map(|file| read(file)).collect()))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| -> Vec<String> { worker.join().unwrap() })
            .collect()
    });
    assert!(files.len() >= at_least, "only {} files", files.len());
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        files.len(),
        wrong.join("\n")
    );
    let mut left = Vec::new();
    collect(dir.path(), &mut left);
    left.sort();
    assert_eq!(left, files, "something was written beside the sources");
}

/// Everything whose name says that it can be read, and geodatabases.
fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    let readable = [
        "shp", "dbf", "gpkg", "fgb", "geojson", "json", "geojsonl", "csv", "tsv", "pbf", "osm", "dxf", "vct", "zip",
        "gz", "gdb",
    ];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let extension = path
            .extension()
            .map_or_else(String::new, |e| e.to_string_lossy().to_lowercase());
        if readable.contains(&extension.as_str()) {
            files.push(path);
        } else if path.is_dir() {
            collect(&path, files);
        }
    }
}

/// What is wrong with how the program reads `file`; none where nothing is.
fn read(file: &Path) -> Option<String> {
    // A CRS for those that declare none, so that their rows are read too.
    let program = env!("CARGO_BIN_EXE_onemap-import");
    let script = format!("ulimit -v {MEMORY_KB}; exec \"$0\" check \"$1\" --crs EPSG:4326 --force-crs");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, program])
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut said = Vec::new();
        std::io::Read::read_to_end(&mut pipe, &mut said)
            .map(|_| said)
            .unwrap_or_default()
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return Some(format!("{}: still reading after {PATIENCE:?}", file.display()));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = String::from_utf8_lossy(&reader.join().unwrap()).into_owned();
    let errors: Vec<&str> = said.lines().filter(|line| !line.starts_with("reading ")).collect();
    let fine = match status.code() {
        Some(0) => errors.is_empty(),
        Some(1) => errors.len() == 1,
        _ => false,
    };
    (!fine).then(|| format!("{}: {status}: {said}", file.display()))
}
