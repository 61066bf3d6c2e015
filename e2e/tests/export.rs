//! `onemap-export` as its users run it: out of both stores, and killed in the middle.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::programs::{Running, import, program};
use onemap_testing::Cluster;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A small city in a file.
fn city(folder: &Path, parcels: &str) -> String {
    let store = folder.join("city.gpkg").display().to_string();
    import(&["sample", "--features", parcels, "--to", &store]).succeeded();
    store
}

fn export(store: &str, to: &Path, more: &[&str]) -> Running {
    let mut command = Command::new(program("onemap-export"));
    command.arg(store).arg("--to").arg(to).args(more);
    Running::start(&mut command)
}

/// The features of a file of lines, whatever their order.
fn lines(file: &Path) -> Vec<String> {
    let mut lines: Vec<_> = std::fs::read_to_string(file)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn both_stores_give_the_same_file() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = city(folder.path(), "2000");
    let database = cluster.fresh_database();
    for (layer, key) in [("parcels", "zddm"), ("roads", "id"), ("pois", "id")] {
        let load = ["load", &file, "--source-layer", layer, "--to", &database.url()];
        import(&[&load[..], &["--access", "public", "--key", key]].concat()).succeeded();
        let outs = [(file.as_str(), "file.geojsonl"), (&database.url(), "base.geojsonl")].map(|(store, name)| {
            let out = folder.path().join(format!("{layer}-{name}"));
            export(store, &out, &["--layers", layer]).finish().succeeded();
            lines(&out)
        });
        assert!(outs[0].len() > 10, "{layer}");
        assert_eq!(outs[0], outs[1], "{layer}");
    }
}

/// Killed at any moment, an export leaves the old file or the new one, and the next one is as if nothing had been.
#[test]
fn an_export_that_is_killed_leaves_the_old_file_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = city(folder.path(), "8000");
    for ending in ["geojson", "gpkg", "parquet", "shp.zip", "pmtiles"] {
        let more: &[&str] = if ending == "pmtiles" {
            &["--max-zoom", "14"]
        } else {
            &["--layers", "parcels"]
        };
        let whole = folder.path().join(format!("whole.{ending}"));
        let began = Instant::now();
        export(&store, &whole, more).finish().succeeded();
        let took = began.elapsed();
        let old = b"what was there before".as_slice();
        let out = folder.path().join(ending).join(format!("out.{ending}"));
        std::fs::create_dir(out.parent().unwrap()).unwrap();
        let mut left_old = 0;
        for tenth in [1, 3, 5, 7, 9] {
            std::fs::write(&out, old).unwrap();
            let mut running = export(&store, &out, more);
            std::thread::sleep(took * tenth / 10);
            running.kill();
            drop(running);
            let left = std::fs::read(&out).unwrap();
            left_old += usize::from(left == old);
            assert!(left == old || is_as(&left, &whole, ending), "{ending}, {tenth} tenths");
        }
        assert!(left_old > 0, "{ending}: it was never killed in the middle");
        export(&store, &out, more).finish().succeeded();
        assert!(is_as(&std::fs::read(&out).unwrap(), &whole, ending), "{ending}");
    }
}

/// Whether it is the whole file. A GeoPackage says when it was written; its size tells that nothing is missing.
fn is_as(bytes: &[u8], whole: &Path, ending: &str) -> bool {
    let whole = std::fs::read(whole).unwrap();
    match ending {
        "gpkg" | "shp.zip" => bytes.len() == whole.len(),
        _ => bytes == whole,
    }
}

/// Stopped from the keyboard, an export of tiles says so, and goes on with what it has.
#[test]
fn an_export_of_tiles_that_is_interrupted_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = city(folder.path(), "20000");
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let mut running = export(&store, &out.join("city.pmtiles"), &["--max-zoom", "18"]);
    let begun = Instant::now();
    while std::fs::read_dir(&out).unwrap().next().is_none() {
        assert!(
            running.is_alive() && begun.elapsed() < Duration::from_secs(60),
            "it writes something"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    running.signal("INT");
    let run = running.finish();
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert!(run.stderr.contains("interrupted"), "{}", run.stderr);
    assert!(!out.join("city.pmtiles").exists());
    let run = export(&store, &out.join("city.pmtiles"), &["--max-zoom", "18"])
        .finish()
        .succeeded();
    assert!(run.stderr.contains("from an earlier run"), "{}", run.stderr);
    assert_eq!(
        std::fs::read_dir(&out).unwrap().count(),
        1,
        "what was kept for it is removed"
    );
}
