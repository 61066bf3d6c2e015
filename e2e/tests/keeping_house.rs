//! Keeping house from the command line: verify, prune, backup, restore, for both stores.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::loaded;
use onemap_e2e::programs::{Run, Serving, import};
use onemap_store::{At, OpenMode};
use onemap_testing::Cluster;
use std::ops::ControlFlow;
use std::path::Path;

fn run(args: &[&str]) -> Run {
    import(args)
}

/// Changes the city twice, by single edits of another kind each.
fn edit(store: &str) {
    let mut store = onemap_store::open(store, OpenMode::Existing).unwrap();
    let name = onemap_model::Name::new("pois").unwrap();
    let mut fids = Vec::new();
    let mut reading = store.read(At::Now).unwrap();
    let first_two = &mut |feature: onemap_model::Feature| {
        fids.push(feature.fid);
        if fids.len() < 2 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    reading.features(&name, first_two).unwrap();
    drop(reading);
    for fid in fids {
        store
            .edit(&[onemap_store::Edit::Delete {
                layer: name.clone(),
                fid,
            }])
            .unwrap();
    }
}

fn epoch(store: &str) -> String {
    onemap_store::open(store, OpenMode::Existing)
        .unwrap()
        .epoch()
        .to_string()
}

/// Everything a user does to keep house, in the store `city`; copies go into `folder`, `other` is a place for another
/// store.
fn keeps_house(city: &str, other: &str, folder: &Path) {
    run(&["sample", "--features", "1000", "--to", city]).succeeded();
    edit(city);
    let verified = run(&["verify", city]).succeeded();
    assert!(
        verified.stdout.starts_with("sound: version 3, 8 layers"),
        "{}",
        verified.stdout
    );

    let copy = folder.join("copy");
    let copy = copy.to_str().unwrap();
    run(&["backup", city, "--to", copy]).succeeded();
    let again = run(&["backup", city, "--to", copy]);
    assert_eq!(again.code, Some(2), "a copy is never overwritten: {}", again.stderr);
    let before = loaded::digest(Path::new(city), "pois");
    edit(city);
    assert_ne!(loaded::digest(Path::new(city), "pois"), before);

    run(&["restore", copy, "--to", other]).succeeded();
    assert_eq!(loaded::digest(Path::new(other), "pois"), before);
    assert_ne!(epoch(other), epoch(city), "a restored store begins a new epoch");
    let refused = run(&["restore", copy, "--to", city]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("--force") && refused.stderr.lines().count() == 1,
        "{}",
        refused.stderr
    );
    let old_epoch = epoch(city);
    run(&["restore", copy, "--to", city, "--force"]).succeeded();
    assert_eq!(loaded::digest(Path::new(city), "pois"), before);
    assert_ne!(epoch(city), old_epoch);

    let pruned = run(&["prune", city, "--before", "2"]).succeeded();
    assert!(pruned.stdout.contains("versions from 2 on"), "{}", pruned.stdout);
    run(&["verify", city]).succeeded();
    for (wrong, told) in [("99", "no version 99"), ("yesterday", "yesterday")] {
        let refused = run(&["prune", city, "--before", wrong]);
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    }
    let serving = Serving::start(Path::new(city), &[]);
    assert_eq!(serving.get("/collections/pois/items?limit=1&version=2").status, 200);
    assert!(serving.get("/collections/pois/items?limit=1&version=1").status >= 400);
    assert_eq!(serving.get("/changes?since=0").status, 410);
}

#[test]
fn in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    keeps_house(&path("city.gpkg"), &path("other.gpkg"), folder.path());
}

#[test]
fn in_a_database() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (city, other) = (cluster.fresh_database(), cluster.fresh_database());
    keeps_house(&city.url(), &other.url(), folder.path());
}

#[test]
fn a_city_is_the_same_in_both_stores() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("city.gpkg");
    let database = cluster.fresh_database();
    let told = |store: &str| run(&["sample", "--features", "2000", "--to", store]).succeeded().stdout;
    assert_eq!(told(file.to_str().unwrap()), told(&database.url()));
    for layer in [
        "addresses",
        "buildings",
        "districts",
        "parcel_lineage",
        "parcels",
        "pois",
        "roads",
        "water",
    ] {
        let in_file = loaded::digest(&file, layer);
        assert!(in_file.is_some());
        assert_eq!(in_file, loaded::digest(Path::new(&database.url()), layer), "{layer}");
    }
}
