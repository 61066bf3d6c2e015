//! The persisted snapshot: a server that begins with it answers as one that read the store, whatever happened meanwhile.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::live;
use onemap_e2e::programs::{Run, Serving, import};
use onemap_testing::Cluster;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// All that is compared: what analysts download, and tiles of every band.
const ANSWERS: [&str; 7] = [
    "/collections/parcels/items?f=csv&limit=10000",
    "/collections/roads/items?f=csv&limit=10000",
    "/collections/pois/items?f=csv&limit=10000",
    "/collections/parcels/aggregate?group-by=yt&sum=zdmj&area&f=csv",
    "/tiles/WebMercatorQuad/10/421/839",
    "/tiles/WebMercatorQuad/13/3374/6713",
    "/collections/parcels/tiles/WebMercatorQuad/14/6749/13427",
];

fn serve(store: &str, snapshot: &str) -> Serving {
    live::serve(store, &["--snapshot", snapshot])
}

fn answers(serving: &Serving) -> Vec<Vec<u8>> {
    let answer = |target: &&str| {
        let response = serving.get(target);
        assert!(
            response.status == 200,
            "{target}: {} {}",
            response.status,
            response.text()
        );
        response.body
    };
    ANSWERS.iter().map(answer).collect()
}

/// What the server says after it was told to stop.
fn stopped(mut serving: Serving) -> String {
    serving.running.signal("TERM");
    let Run { code, stderr, .. } = serving.running.finish();
    assert_eq!(code, Some(0), "{stderr}");
    stderr
}

/// A server with the snapshot says `expected` of it, and answers as one without it.
fn assert_as_without(store: &str, snapshot: &Path, expected: &[&str]) {
    let without = serve(store, "off");
    let wanted = answers(&without);
    stopped(without);
    let with = serve(store, snapshot.to_str().unwrap());
    let got = answers(&with);
    let said = stopped(with);
    for text in expected {
        assert!(said.contains(text), "{text}\n{said}");
    }
    for (target, (got, wanted)) in ANSWERS.iter().zip(got.iter().zip(&wanted)) {
        assert!(got == wanted, "{target}\n{said}");
    }
}

fn city(store: &Path, parcels: &str) -> String {
    let store = store.to_str().unwrap().to_owned();
    import(&["sample", "--features", parcels, "--to", &store]).succeeded();
    store
}

/// Another program moves on with the store while no server looks.
fn say(store: &str, sql: &str) {
    let done = Command::new("ogrinfo").args(["-q", store, "-sql", sql]).status();
    assert!(done.unwrap().success(), "{sql}");
}

fn edit(store: &str) {
    say(store, "UPDATE parcels SET zl = '改过的路1号' WHERE fid % 7 = 0");
}

#[test]
fn a_restart_begins_with_it_and_reads_only_what_came_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = city(&folder.path().join("city.gpkg"), "3000");
    let snapshot = folder.path().join("kept").join("city.snapshot");
    let said = stopped(serve(&store, snapshot.to_str().unwrap()));
    assert!(said.contains("snapshot written"), "{said}");
    let mode = snapshot.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it has what is not public, too");
    assert_as_without(&store, &snapshot, &["snapshot opened"]);

    edit(&store);
    assert_as_without(
        &store,
        &snapshot,
        &[
            "snapshot opened",
            "brought to what the store has now",
            "snapshot written",
        ],
    );
    // It was written again at the end: nothing is left to be read.
    let said = stopped(serve(&store, snapshot.to_str().unwrap()));
    assert!(
        said.contains("snapshot opened") && !said.contains("brought to"),
        "{said}"
    );
    // A layer that is gone, and one that is new.
    say(&store, "DROP TABLE roads");
    let with = serve(&store, snapshot.to_str().unwrap());
    assert_eq!(with.get("/collections/roads").status, 404);
    stopped(with);
}

#[test]
fn a_damaged_one_or_one_of_another_store_is_refused_with_its_reason_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = city(&folder.path().join("city.gpkg"), "3000");
    let snapshot = folder.path().join("city.snapshot");
    stopped(serve(&store, snapshot.to_str().unwrap()));
    let sound = std::fs::read(&snapshot).unwrap();
    let mut flipped = sound.clone();
    flipped[sound.len() / 2] ^= 4;
    for (bytes, reason) in [
        (&flipped[..], "damaged"),
        (&sound[..sound.len() / 3], "cut off"),
        (b"", "no snapshot"),
    ] {
        std::fs::write(&snapshot, bytes).unwrap();
        assert_as_without(
            &store,
            &snapshot,
            &["the snapshot is not used", reason, "snapshot written"],
        );
        assert_as_without(&store, &snapshot, &["snapshot opened"]);
    }
    // Another city takes its place.
    std::fs::remove_file(&store).unwrap();
    city(Path::new(&store), "2000");
    assert_as_without(
        &store,
        &snapshot,
        &["the snapshot is not used", "another", "snapshot written"],
    );
}

#[test]
fn a_copy_of_an_older_state_that_went_another_way_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = city(&folder.path().join("city.gpkg"), "3000");
    let (snapshot, backup) = (folder.path().join("city.snapshot"), folder.path().join("backup.gpkg"));
    std::fs::copy(&store, &backup).unwrap();
    edit(&store);
    stopped(serve(&store, snapshot.to_str().unwrap()));
    // The backup comes to the same number of versions by another edit.
    std::fs::copy(&backup, &store).unwrap();
    say(&store, "UPDATE pois SET name = '另一个' WHERE fid % 3 = 0");
    assert_as_without(&store, &snapshot, &["the snapshot is not used", "another way"]);
    // And the backup alone is older than what was kept.
    std::fs::copy(&backup, &store).unwrap();
    assert_as_without(&store, &snapshot, &["the snapshot is not used", "the store is at"]);
}

#[test]
fn a_server_that_is_killed_while_it_writes_leaves_the_old_one_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = city(&folder.path().join("city.gpkg"), "3000");
    let snapshot = folder.path().join("city.snapshot");
    for wait in [0, 5, 20, 60] {
        let mut serving = serve(&store, snapshot.to_str().unwrap());
        serving.running.signal("TERM");
        std::thread::sleep(std::time::Duration::from_millis(wait));
        serving.running.kill();
        let again = serve(&store, snapshot.to_str().unwrap());
        answers(&again);
        let said = stopped(again);
        assert!(!said.contains("not used"), "{said}");
        edit(&store);
    }
    assert_as_without(&store, &snapshot, &["snapshot opened"]);
}

#[test]
fn a_database_is_served_again_from_a_folder() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let database = cluster.fresh_database();
    let url = database.url();
    import(&["sample", "--features", "3000", "--to", &url]).succeeded();
    let folder = tempfile::tempdir().unwrap();
    stopped(serve(&url, folder.path().to_str().unwrap()));
    assert_as_without(&url, folder.path(), &["snapshot opened"]);
    database.psql("UPDATE parcels SET zl = '改过的路1号' WHERE fid % 7 = 0");
    assert_as_without(&url, folder.path(), &["snapshot opened", "brought to"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
