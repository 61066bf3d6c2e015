//! A load that is killed leaves the old version entire or the new one entire; one that is stopped leaves the old one.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::loaded;
use onemap_e2e::programs::{Run, Running, program};
use onemap_e2e::shared::shared;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The layer that is loaded.
const LAYER: &str = "addresses";

/// How many rows the new version has: enough for a load of a second or two, whose every twentieth can be met.
const ROWS: usize = 80_000;

/// Long enough for any one step of a load.
const STEP: Duration = Duration::from_secs(60);

/// A store with an old version of the addresses, a file with the new one, and what both contain.
struct Scene {
    folder: tempfile::TempDir,
    file: PathBuf,
    old: onemap_store::ContentDigest,
    new: onemap_store::ContentDigest,
    /// How long the load goes on after all is read.
    commit: Duration,
    /// What the commit does, in order: `sorting addresses`, `writing addresses` …
    phases: Vec<String>,
}

impl Scene {
    fn new(test: &str) -> Option<Self> {
        let addresses = shared(test)?.join("data/montevideo_addresses.csv.gz");
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("tmp")).unwrap();
        write_versions(&addresses, &path("older.csv"), &path("newer.csv"));
        finish(&mut start(folder.path(), &path("older.csv"), &path("old.gpkg")));
        finish(&mut start(folder.path(), &path("newer.csv"), &path("clean.gpkg")));
        let (old, new) = (digest(&path("old.gpkg")).unwrap(), digest(&path("clean.gpkg")).unwrap());
        assert_ne!(old, new);
        let file = path("newer.csv");
        let mut scene = Self {
            folder,
            file,
            old,
            new,
            commit: Duration::ZERO,
            phases: Vec::new(),
        };
        (scene.commit, scene.phases) = scene.measure_commit();
        Some(scene)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The old store again, under a name of its own.
    fn fresh(&self, name: &str) -> PathBuf {
        let store = self.path(name);
        std::fs::copy(self.path("old.gpkg"), &store).unwrap();
        store
    }

    fn start(&self, store: &Path) -> Running {
        start(self.folder.path(), &self.file, store)
    }

    /// Loads once without disturbance: the content is that of a clean load, whatever the store held before.
    fn measure_commit(&self) -> (Duration, Vec<String>) {
        let store = self.fresh("measured.gpkg");
        let mut load = self.start(&store);
        wait_for(&mut load, 100);
        let since = Instant::now();
        let mut phases = Vec::new();
        while let Some(line) = load.line(STEP) {
            phases.extend(line.split_once(':').map(|(phase, _)| phase.to_owned()));
        }
        finish(&mut load);
        let commit = since.elapsed();
        phases.dedup();
        assert_eq!(
            digest(&store),
            Some(self.new),
            "replacing gives what loading into an empty store gives"
        );
        (commit, phases)
    }

    /// The store opens, here and in GDAL; nothing in it disagrees, and it is at one of the two versions.
    fn check(&self, store: &Path, when: &str) -> onemap_store::ContentDigest {
        let found = digest(store).unwrap_or_else(|| panic!("killed {when}: the layer is gone"));
        assert!(
            found == self.old || found == self.new,
            "killed {when}: neither the old version nor the new one"
        );
        let gdal = Command::new("ogrinfo")
            .args(["-ro", "-so"])
            .arg(store)
            .arg(LAYER)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&gdal.stdout);
        let count = format!("Feature Count: {}\n", if found == self.old { ROWS / 2 } else { ROWS });
        assert!(gdal.status.success() && said.contains(&count), "killed {when}: {said}");
        found
    }

    /// Loading again gives what a clean load gives.
    fn check_repeated(&self, store: &Path, when: &str) {
        finish(&mut self.start(store));
        assert_eq!(digest(store), Some(self.new), "killed {when}, then loaded again");
    }
}

/// The newer version is the first addresses of the real file; the older has every second of them, and every tenth of
/// these with another version number.
fn write_versions(addresses: &Path, older: &Path, newer: &Path) {
    let mut unzip = Command::new("gzip")
        .arg("-dc")
        .arg(addresses)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let [mut older, mut newer] = [older, newer].map(|path| BufWriter::new(std::fs::File::create(path).unwrap()));
    for (at, line) in BufReader::new(unzip.stdout.take().unwrap())
        .lines()
        .take(ROWS + 1)
        .enumerate()
    {
        let line = line.unwrap();
        writeln!(newer, "{line}").unwrap();
        match at {
            at if at > 0 && at % 2 == 0 => {}
            at if at % 20 == 1 => writeln!(older, "{}", line.replacen(',', ",9", 1)).unwrap(),
            _ => writeln!(older, "{line}").unwrap(),
        }
    }
    // It may still be writing what is not wanted.
    unzip.kill().unwrap();
    unzip.wait().unwrap();
}

fn start(folder: &Path, source: &Path, store: &Path) -> Running {
    let mut command = Command::new(program("onemap-import"));
    command.arg("load").arg(source).arg("--to").arg(store).args([
        "--layer",
        LAYER,
        "--crs",
        "EPSG:4326",
        "--key",
        "osm_id",
    ]);
    // Whatever a killed process leaves behind goes away with the test.
    Running::start(command.env("TMPDIR", folder.join("tmp")))
}

fn finish(load: &mut Running) -> Run {
    load.finish().succeeded()
}

/// The content of the layer, in a store that must be sound; none where it has no such layer.
fn digest(store: &Path) -> Option<onemap_store::ContentDigest> {
    loaded::digest(store, LAYER)
}

/// Waits for the line that says that so many per cent are read.
fn wait_for(load: &mut Running, percent: u32) {
    while let Some(line) = load.line(STEP) {
        if line.starts_with("reading") && percent_in(&line).is_some_and(|done| done >= percent) {
            return;
        }
    }
    panic!("the load never said that {percent} % are read");
}

/// The first number before a per cent sign.
fn percent_in(line: &str) -> Option<u32> {
    let before = line[..line.find('%')?].trim_end();
    let digits = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    before[digits..].parse().ok()
}

/// Kills a load that must be alive.
fn kill(load: &mut Running, when: &str) {
    assert!(load.is_alive(), "the load ended before it was to be killed {when}");
    load.kill();
}

#[test]
fn a_load_killed_at_each_5_per_cent_leaves_the_old_version_entire() {
    let Some(scene) = Scene::new("a_load_killed_at_each_5_per_cent_leaves_the_old_version_entire") else {
        return;
    };
    for percent in (5..=100).step_by(5) {
        let when = format!("at {percent} %");
        let store = scene.fresh("killed.gpkg");
        let mut load = scene.start(&store);
        wait_for(&mut load, percent);
        kill(&mut load, &when);
        let found = scene.check(&store, &when);
        assert!(
            percent == 100 || found == scene.old,
            "killed {when}: the new version was there already"
        );
        if percent % 35 == 0 {
            scene.check_repeated(&store, &when);
        }
        remove(&store);
    }
}

#[test]
fn a_load_killed_during_its_commit_leaves_one_version_entire() {
    let Some(scene) = Scene::new("a_load_killed_during_its_commit_leaves_one_version_entire") else {
        return;
    };
    let (mut killed, mut round, mut commit, moments) = (0, 0, scene.commit, 12);
    while round < moments || killed < 6 {
        let moment = round % moments;
        let delay = commit * moment / (moments - 1);
        let when = format!("{delay:?} into a commit of {commit:?}");
        let store = scene.fresh("killed.gpkg");
        let mut load = scene.start(&store);
        wait_for(&mut load, 100);
        std::thread::sleep(delay);
        // The last moments may come too late: only a process that was alive counts. A machine that had other things to
        // do when the commit was measured may be quicker now.
        let alive = load.is_alive();
        killed += u32::from(alive);
        if !alive {
            commit = commit * 3 / 4;
        }
        load.kill();
        scene.check(&store, &when);
        if alive && moment % 4 == 2 {
            scene.check_repeated(&store, &when);
        }
        remove(&store);
        round += 1;
        assert!(
            round < 100,
            "only {killed} of {round} loads were alive when they were to be killed"
        );
    }
}

#[test]
fn a_load_killed_as_a_phase_of_its_commit_begins_leaves_one_version_entire() {
    let Some(scene) = Scene::new("a_load_killed_as_a_phase_of_its_commit_begins_leaves_one_version_entire") else {
        return;
    };
    assert!(scene.phases.len() >= 2, "a commit of {:?} only", scene.phases);
    for phase in &scene.phases {
        let store = scene.fresh("killed.gpkg");
        let mut load = scene.start(&store);
        while !load
            .line(STEP)
            .expect("each phase is said again")
            .starts_with(phase.as_str())
        {}
        kill(&mut load, phase);
        scene.check(&store, phase);
        scene.check_repeated(&store, phase);
        remove(&store);
    }
}

#[test]
fn a_first_load_that_is_killed_leaves_nothing_that_a_second_one_minds() {
    let Some(scene) = Scene::new("a_first_load_that_is_killed_leaves_nothing_that_a_second_one_minds") else {
        return;
    };
    let store = scene.path("first.gpkg");
    for percent in [5, 50, 100] {
        let mut load = scene.start(&store);
        wait_for(&mut load, percent);
        kill(&mut load, &format!("at {percent} %"));
        let found = store.exists().then(|| digest(&store)).flatten();
        assert!(
            found.is_none_or(|found| percent == 100 && found == scene.new),
            "half a layer at {percent} %"
        );
    }
    scene.check_repeated(&store, "on its first load");
}

#[test]
fn ctrl_c_stops_a_load_and_changes_nothing() {
    let Some(scene) = Scene::new("ctrl_c_stops_a_load_and_changes_nothing") else {
        return;
    };
    for percent in [20, 70] {
        let store = scene.fresh("stopped.gpkg");
        let mut load = scene.start(&store);
        wait_for(&mut load, percent);
        assert!(load.is_alive());
        load.signal("INT");
        let run = load.finish();
        assert_eq!(run.code, Some(130), "{}", run.stderr);
        assert!(
            run.stderr.contains("interrupted: nothing was changed"),
            "{}",
            run.stderr
        );
        assert_eq!(digest(&store), Some(scene.old));
        let left: Vec<_> = std::fs::read_dir(scene.path("tmp")).unwrap().collect();
        assert!(left.is_empty(), "temporary files are left: {left:?}");
        remove(&store);
    }
}

#[test]
fn ctrl_c_in_a_first_load_leaves_no_store() {
    let Some(scene) = Scene::new("ctrl_c_in_a_first_load_leaves_no_store") else {
        return;
    };
    for begun in ["reading addresses: 50 %", "writing addresses"] {
        let store = scene.path("first.gpkg");
        let mut load = scene.start(&store);
        while !load.line(STEP).expect("each phase is said again").starts_with(begun) {}
        load.signal("INT");
        let run = load.finish();
        assert_eq!(run.code, Some(130), "{begun}: {}", run.stderr);
        assert!(
            run.stderr.contains("interrupted: nothing was changed"),
            "{begun}: {}",
            run.stderr
        );
        let left: Vec<_> = std::fs::read_dir(scene.folder.path())
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        let of_store = |name: &&std::ffi::OsString| name.to_string_lossy().starts_with("first");
        assert_eq!(left.iter().find(of_store), None, "{begun}: a file is left");
    }
}

/// Removes a store and what a killed process left beside it.
fn remove(store: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", store.display()));
    }
}

#[test]
fn the_number_before_the_sign_is_the_progress() {
    assert_eq!(percent_in("addresses:  35 % 71 000 rows"), Some(35));
    assert_eq!(percent_in("  5%"), Some(5));
    assert_eq!(percent_in("indexing addresses"), None);
}
