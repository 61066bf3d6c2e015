//! The database's edits are on the map, whatever happens meanwhile: each test edits during a fault and compares what is
//! served, what the cache kept and what the tables hold afterwards.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::editor::{Editor, Session};
use onemap_e2e::live::{self, PARCELS};
use onemap_e2e::programs::{Running, Serving, import, program};
use onemap_testing::{Cluster, Database};
use std::process::Command;
use std::time::{Duration, Instant};

/// Commits that are waited for before and after a fault.
const SOME_EDITS: u64 = 20;

/// A cluster, a city in it, a server with its cache filled, and somebody who edits.
struct Scene<'c> {
    database: Database<'c>,
    serving: Serving,
    editor: Editor,
}

impl<'c> Scene<'c> {
    fn new(cluster: &'c Cluster) -> Self {
        let database = cluster.fresh_database();
        live::make_city(&database);
        let serving = live::serve(&database.url(), &[]);
        live::fill_cache(&database, &serving);
        let editor = Editor::start(&database.url(), PARCELS, 7);
        Self {
            database,
            serving,
            editor,
        }
    }

    /// Edits, lets the fault happen, edits on; then nothing may be wrong.
    fn survive(self, fault: impl FnOnce(&Database<'c>, &mut Serving)) {
        let Self {
            database,
            mut serving,
            editor,
        } = self;
        // Edits before and after it, however fast the machine is.
        live::wait_for_commits(&database, SOME_EDITS);
        fault(&database, &mut serving);
        live::wait_for_commits(&database, SOME_EDITS);
        editor.finish();
        live::assert_right(&database, &serving);
    }
}

fn pause(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

/// Runs a test with a cluster of its own.
fn with_cluster(test: impl FnOnce(&Cluster)) {
    if let Some(cluster) = Cluster::start() {
        test(&cluster);
    }
}

#[test]
fn without_any_fault_every_edit_shows() {
    with_cluster(|cluster| Scene::new(cluster).survive(|database, _| live::wait_for_commits(database, 200)));
}

#[test]
fn connections_of_the_server_that_are_ended_lose_nothing() {
    with_cluster(|cluster| {
        Scene::new(cluster).survive(|database, _| {
            for _ in 0..3 {
                let of_server =
                    "FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'onemap%'";
                let connected = format!("SELECT count(*) > 0 {of_server}");
                live::wait_until("the server is connected", || database.psql(&connected) == "t");
                let ended = database.psql(&format!("SELECT count(pg_terminate_backend(pid)) {of_server}"));
                assert_ne!(ended, "0", "the server has no connection");
                live::wait_for_commits(database, SOME_EDITS);
            }
        });
    });
}

#[test]
fn a_restart_of_the_database_loses_nothing() {
    with_cluster(|cluster| {
        Scene::new(cluster).survive(|database, serving| {
            database.cluster().stop();
            pause(1);
            // What was read last goes on being served.
            assert_eq!(serving.get("/collections/parcels/items?limit=1").status, 200);
            database.cluster().resume();
            let version = live::committed(database);
            live::wait_for_version(serving, version);
        });
    });
}

#[test]
fn a_database_that_crashes_loses_nothing() {
    with_cluster(|cluster| {
        // Only a database that waits for its disk promises anything after a crash.
        cluster.reconfigure("fsync = on\nsynchronous_commit = on\nfull_page_writes = on");
        Scene::new(cluster).survive(|database, _| {
            database.cluster().crash();
            database.cluster().resume();
        });
    });
}

#[test]
fn a_database_that_freezes_for_half_a_minute_is_caught_up_with_soon_after() {
    with_cluster(|cluster| {
        Scene::new(cluster).survive(|database, serving| {
            let shown = live::committed(database);
            live::wait_for_version(serving, shown);
            database.cluster().freeze();
            let frozen = Instant::now();
            while frozen.elapsed() < Duration::from_secs(30) {
                let began = Instant::now();
                let tile = serving.get("/xyz/parcels,districts/13/6714/3374");
                assert!(matches!(tile.status, 200 | 204), "a tile: {}", tile.status);
                let future = serving.get("/collections/parcels/items?limit=1&min-version=999999999");
                assert_eq!(future.status, 503);
                assert!(future.header("retry-after").is_some());
                assert!(
                    began.elapsed() < Duration::from_secs(25),
                    "answers wait for the database: {:?}",
                    began.elapsed()
                );
                std::thread::sleep(Duration::from_millis(500));
            }
            database.cluster().thaw();
            let version = live::committed(database);
            live::wait_for_version(serving, version);
        });
    });
}

#[test]
fn a_listener_that_hears_nothing_finds_everything_all_the_same() {
    with_cluster(|cluster| {
        Scene::new(cluster).survive(|database, serving| {
            // Nobody is told any more: the function that would is replaced by one that says nothing.
            database.psql("CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''");
            let sources = database.psql(
                "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
                 WHERE nspname = 'onemap_meta' AND prosrc LIKE '%pg_notify%'",
            );
            assert_ne!(sources, "", "no function of the store tells anybody");
            let silence = "DO $$ DECLARE f record; BEGIN
                FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
                         WHERE nspname = 'onemap_meta' AND prosrc LIKE '%pg_notify%' LOOP
                    EXECUTE replace(replace(pg_get_functiondef(f.oid), 'pg_catalog.pg_notify', 'pg_notify'), 'pg_notify', 'public.pg_notify');
                END LOOP; END $$";
            database.psql(silence);
            live::wait_for_commits(database, SOME_EDITS);
            let version = live::committed(database);
            live::wait_for_version(serving, version);
        });
    });
}

#[test]
fn a_transaction_left_open_elsewhere_delays_nobody() {
    with_cluster(|cluster| {
        let other = cluster.fresh_database();
        other.psql("CREATE TABLE notes (n int)");
        Scene::new(cluster).survive(|database, serving| {
            let open = |url: &str, sql: &str| {
                let script = format!("BEGIN; {sql}; SELECT pg_sleep(600)");
                Running::start(Command::new("psql").args(["-q", "-X", "-d", url, "-c", &script]))
            };
            let _elsewhere = open(&other.url(), "INSERT INTO notes VALUES (1)");
            let _here = open(
                &database.url(),
                "INSERT INTO parcels (zddm, geom) SELECT 'never', geom FROM parcels LIMIT 1",
            );
            live::wait_for_open_transactions(&other, 1);
            live::wait_for_open_transactions(database, 1);
            live::wait_for_commits(database, SOME_EDITS);
            let version = live::committed(database);
            live::wait_for_version(serving, version);
            database.psql("UPDATE parcels SET zl = 'while others dawdle' WHERE fid = (SELECT min(fid) FROM parcels)");
            assert!(live::committed(database) > version);
        });
    });
}

#[test]
fn transactions_show_in_the_order_in_which_they_are_committed() {
    with_cluster(|cluster| {
        let database = cluster.fresh_database();
        live::make_city(&database);
        let serving = live::serve(&database.url(), &[]);
        let mut began_first = Session::open(&database.url());
        began_first
            .say("BEGIN; UPDATE parcels SET zl = 'first' WHERE fid = 1;")
            .unwrap();
        live::wait_for_open_transactions(&database, 1);
        database.psql("UPDATE parcels SET zl = 'second' WHERE fid = 2");
        let version = live::committed(&database);
        live::wait_for_version(&serving, version);
        began_first.say("COMMIT;").unwrap();
        began_first.close();
        assert_eq!(live::committed(&database), version + 1);
        live::assert_right(&database, &serving);
    });
}

#[test]
fn an_emptied_layer_is_empty_and_its_history_is_not() {
    with_cluster(|cluster| {
        Scene::new(cluster).survive(|database, serving| {
            let before = live::committed(database);
            let all = live::parcels(database).len();
            database.psql("TRUNCATE parcels");
            let emptied = live::committed(database);
            assert!(emptied > before);
            live::wait_for_version(serving, emptied);
            let past = serving.get(&format!("/collections/parcels/items?limit=1&version={before}"));
            assert_eq!(past.status, 200, "{}", past.text());
            let past: serde_json::Value = serde_json::from_slice(&past.body).unwrap();
            let counted = past["numberMatched"].as_u64().unwrap();
            // Editing went on between the two looks at the table.
            assert!(counted > all as u64 / 2, "{counted} of {all}");
            // Something to edit: these are the numbers that the editor draws from.
            let again = format!(
                "INSERT INTO parcels (fid, zddm, zl, geom) SELECT n, 'again ' || n, 'again',
                 ST_Multi(ST_Expand(ST_PointOnSurface(d.geom), 0.0001 * (1 + n % 20))) FROM districts d, generate_series(1, {PARCELS}) n
                 WHERE d.fid = (SELECT min(fid) FROM districts)"
            );
            database.psql(&again);
        });
    });
}

#[test]
fn a_layer_overwritten_by_ogr2ogr_is_followed() {
    with_cluster(|cluster| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("delivery.gpkg");
        let database = cluster.fresh_database();
        live::make_city(&database);
        let target = live::for_gdal(&database);
        let ogr = |args: &[&str]| {
            let output = Command::new("ogr2ogr").args(args).output().unwrap();
            assert!(
                output.status.success(),
                "{args:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        };
        let delivery = file.to_str().unwrap();
        ogr(&[
            "-f",
            "GPKG",
            delivery,
            &target,
            "-sql",
            "SELECT zddm, 'delivered' AS zl, yt, geom FROM parcels WHERE fid % 3 > 0",
            "-nln",
            "parcels",
        ]);
        let serving = live::serve(&database.url(), &[]);
        live::fill_cache(&database, &serving);
        let before = live::committed(&database);
        ogr(&[
            "-overwrite",
            "-f",
            "PostgreSQL",
            &target,
            delivery,
            "parcels",
            "-nln",
            "parcels",
            "-lco",
            "FID=fid",
            "-lco",
            "GEOMETRY_NAME=geom",
        ]);
        live::wait_until("somebody notices", || live::committed(&database) > before);
        database.psql("UPDATE parcels SET zl = 'and edited' WHERE fid % 5 = 0");
        live::assert_right(&database, &serving);
        let past = serving.get(&format!("/collections/parcels/items?limit=1&version={before}"));
        assert_eq!(past.status, 200, "{}", past.text());
    });
}

#[test]
fn a_server_that_is_killed_starts_with_everything() {
    with_cluster(|cluster| {
        Scene::new(cluster).survive(|database, serving| {
            for _ in 0..3 {
                serving.running.kill();
                *serving = live::serve(&database.url(), &[]);
                live::fill_cache(database, serving);
            }
        });
    });
}

#[test]
fn a_load_that_is_killed_at_any_moment_leaves_the_old_version_or_the_new_one() {
    with_cluster(|cluster| {
        let folder = tempfile::tempdir().unwrap();
        let (older, newer) = (folder.path().join("older.gpkg"), folder.path().join("newer.gpkg"));
        for (path, features) in [(&older, "3000"), (&newer, "4000")] {
            import(&["sample", "--features", features, "--to", path.to_str().unwrap()]).succeeded();
        }
        let database = cluster.fresh_database();
        let url = database.url();
        let start = |file: &std::path::Path| {
            let mut command = Command::new(program("onemap-import"));
            command.args([
                "load",
                file.to_str().unwrap(),
                "--source-layer",
                "parcels",
                "--to",
                &url,
            ]);
            Running::start(&mut command)
        };
        let digest = |url: &str| onemap_e2e::loaded::digest(std::path::Path::new(url), "parcels");
        start(&newer).finish().succeeded();
        let new = digest(&url);
        start(&older).finish().succeeded();
        let old = digest(&url);
        assert_ne!(old, new);
        let began = Instant::now();
        start(&newer).finish().succeeded();
        let whole = began.elapsed();
        for step in 1..20 {
            start(&older).finish().succeeded();
            let mut load = start(&newer);
            std::thread::sleep(whole * step / 20);
            load.kill();
            let found = digest(&url);
            assert!(found == old || found == new, "killed at {step}/20: neither version");
        }
        start(&newer).finish().succeeded();
        assert_eq!(digest(&url), new);
    });
}

#[test]
fn two_servers_behind_a_proxy_look_like_one_to_whoever_says_what_they_wrote() {
    with_cluster(|cluster| {
        let database = cluster.fresh_database();
        live::make_city(&database);
        let servers = [(); 2].map(|()| live::serve(&database.url(), &[]));
        let Some(proxy) = onemap_e2e::proxy::Proxy::start(&servers.each_ref().map(|server| server.address)) else {
            return;
        };
        let editor = Editor::start(&database.url(), PARCELS, 11);
        let mut answered = 0;
        for n in 0..200 {
            let text = format!("written {n}");
            // The version that one's own commit made: the newest that there is then, or an older one.
            database.psql(&format!("UPDATE parcels SET zl = '{text}' WHERE zddm = (SELECT min(zddm) FROM parcels WHERE zddm NOT LIKE 'new%')"));
            let (version, id) = (
                live::committed(&database),
                database.psql("SELECT zddm FROM parcels WHERE zl LIKE 'written%'"),
            );
            if id.is_empty() {
                continue;
            }
            let target = format!("/collections/parcels/items/{id}?min-version={version}");
            let answer = onemap_e2e::http::get(proxy.address, &target).unwrap();
            if answer.status == 503 || answer.status == 404 {
                // Not caught up within a second, or the other editor removed it: honest, and no older state.
                continue;
            }
            answered += 1;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let shown: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            let shown = shown["properties"]["zl"].as_str().unwrap_or_default();
            let older = shown
                .strip_prefix("written ")
                .is_some_and(|m| m.parse::<i32>().unwrap() < n);
            assert!(!older, "{shown:?} after {text:?}");
        }
        editor.finish();
        assert!(answered > 10, "only {answered} answers in 200");
        for server in &servers {
            live::assert_right(&database, server);
        }
    });
}
