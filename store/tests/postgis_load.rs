//! Loads into PostGIS when something goes wrong, or somebody else works meanwhile.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use onemap_model::{Coord, Crs, FieldType, Geometry, GeometryType, Layer, Path, Polygon, Row, Value, Version};
use onemap_store::{At, Error, LoadMode, LogPosition, OpenMode, Store, content_digest};
use onemap_testing::{Cluster, Database};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::*;

const STORE: &str = "ONEMAP_TEST_KILL_POSTGIS";

/// What no load may leave: tables on their way, and what stands in nobody's definition.
const LEFT: &str = "SELECT string_agg(n.nspname || '.' || c.relname, ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname LIKE '%\\_new' OR c.relname LIKE 'onemap\\_%' AND n.nspname LIKE 'pg\\_temp%'
    OR n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'spatial_ref_sys' AND NOT EXISTS (SELECT FROM onemap_meta.layer l WHERE l.name = c.relname)";

fn open(database: &Database<'_>) -> Box<dyn Store> {
    onemap_store::open(&database.url(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap()
}

fn some(range: std::ops::Range<i64>) -> Vec<Row> {
    range.map(|i| row(&format!("k{i}"), i)).collect()
}

/// The layer with another field more.
fn wider() -> Layer {
    let fields = vec![
        field("code", FieldType::Text),
        field("n", FieldType::Int),
        field("extra", FieldType::Text),
    ];
    let layer = Layer::new(name("pois"), GeometryType::Point, Crs::CGCS2000, fields).unwrap();
    layer.with_key("code").unwrap()
}

fn wide(row: Row) -> Row {
    let values = [row.values, vec![Value::text("more")]].concat();
    Row { values, ..row }
}

/// Waits for what another process does.
fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn end_backends(database: &Database<'_>) {
    database.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'onemap'",
    );
}

#[test]
fn a_load_whose_connection_is_ended_changes_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut store = open(&database);
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..100));
    let before = state(&mut *store, At::Now);
    for (layer, rows) in [
        (pois(), some(50..5000)),
        (wider(), some(50..5000).into_iter().map(wide).collect()),
    ] {
        for pushed in [0, 3000, rows.len()] {
            let mut begun = store.begin(&batch()).unwrap();
            begun.start_layer(&layer, LoadMode::Replace).unwrap();
            rows[..pushed].iter().for_each(|row| begun.push(row.clone()).unwrap());
            end_backends(&database);
            let failed = (|| {
                rows[pushed..].iter().try_for_each(|row| begun.push(row.clone()))?;
                begun.finish_layer(GeometryType::Point)?;
                begun.commit(&mut |_| ())
            })();
            assert!(matches!(failed, Err(Error::Unreachable { .. })), "{failed:?}");
            assert_eq!(store.catch_up().unwrap(), Version(1));
            assert_eq!(state(&mut *store, At::Now), before);
            assert_eq!(database.psql(LEFT), "");
        }
    }
    let again = load(&mut *store, &pois(), LoadMode::Replace, &some(50..150));
    assert_eq!((again.version, counts(&again)), (Version(2), [50, 0, 50, 50]));
    assert_sound(&mut *store);
}

#[test]
fn a_load_during_which_the_server_fails_changes_nothing() {
    let Some(cluster) = Cluster::builder().durable().start() else {
        return;
    };
    let database = cluster.fresh_database();
    let mut store = open(&database);
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..100));
    let before = state(&mut *store, At::Now);
    let mut begun = store.begin(&batch()).unwrap();
    stage(
        &mut *begun,
        &wider(),
        LoadMode::Replace,
        &some(50..500).into_iter().map(wide).collect::<Vec<_>>(),
    )
    .unwrap();
    cluster.crash();
    let failed = begun.commit(&mut |_| ());
    assert!(matches!(failed, Err(Error::Unreachable { .. })), "{failed:?}");
    let down = store.catch_up();
    assert!(matches!(down, Err(Error::Unreachable { .. })), "{down:?}");
    assert!(matches!(store.begin(&batch()), Err(Error::Unreachable { .. })));
    cluster.resume();
    assert_eq!(
        (store.catch_up().unwrap(), state(&mut *store, At::Now)),
        (Version(1), before)
    );
    assert_eq!(database.psql(LEFT), "");
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..10));
    assert_sound(&mut *store);
}

#[test]
fn a_frozen_server_is_unreachable_within_the_bound() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.fresh_database();
    open(&database);
    cluster.freeze();
    let began = Instant::now();
    let refused = onemap_store::open(&database.url(), OpenMode::Existing).err().unwrap();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

fn rows_of(round: i64) -> Vec<Row> {
    (0..6_000)
        .map(|i| row(&format!("k{}", i + round * 2000), i % 7 + round))
        .collect()
}

/// Other fields in every second round: then a new table takes the place of the old one.
fn load_round(store: &mut dyn Store, round: i64) {
    if round % 2 == 1 {
        let rows: Vec<Row> = rows_of(round).into_iter().map(wide).collect();
        load(store, &wider(), LoadMode::Replace, &rows);
    } else {
        load(store, &pois(), LoadMode::Replace, &rows_of(round));
    }
}

/// Not a test of its own: what the killed process does.
#[test]
fn child_that_loads() {
    let Ok(url) = std::env::var(STORE) else { return };
    let mut store = onemap_store::open(&url, OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
    let round = store.catch_up().unwrap().0 as i64;
    load_round(&mut *store, round);
}

fn digest_of(store: &mut dyn Store, version: Version) -> String {
    let mut reading = store.read(At::Version(version)).unwrap();
    content_digest(&mut *reading, &name("pois")).unwrap().to_string()
}

#[test]
fn a_killed_load_leaves_the_old_version_or_the_new_one() {
    let Some(cluster) = Cluster::shared() else { return };
    let (clean, database) = (cluster.fresh_database(), cluster.fresh_database());
    let (mut store, mut expected) = (open(&clean), Vec::new());
    let (rounds, began) = (3, Instant::now());
    for round in 0..rounds {
        load_round(&mut *store, round);
        expected.push(digest_of(&mut *store, Version(round as u64 + 1)));
    }
    // Several deaths for each of the three loads, however fast the machine is.
    let step = began.elapsed() / 12;
    let (mut killed, mut wait) = (0, Duration::ZERO);
    let mut store = open(&database);
    for _ in 0..200 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_loads"])
            .env(STORE, database.url())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(wait);
        let was_alive = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        killed += u32::from(was_alive);
        wait = if was_alive {
            wait + step
        } else {
            Duration::from_millis(5)
        };
        // The server notices a moment later that its client is gone.
        let others =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'onemap'";
        until(|| database.psql(others) == "1");
        let version = store.catch_up().unwrap();
        for v in 1..=version.0 {
            assert_eq!(
                digest_of(&mut *store, Version(v)),
                expected[v as usize - 1],
                "version {v}"
            );
        }
        assert_sound(&mut *store);
        assert_eq!(database.psql(LEFT), "");
        if version == Version(rounds as u64) {
            break;
        }
    }
    assert_eq!(store.catch_up().unwrap(), Version(rounds as u64));
    assert!(killed >= 5, "only {killed} processes were killed before they were done");
}

#[test]
fn readers_and_writers_go_on_while_a_load_is_under_way() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let (mut store, mut reader) = (open(&database), open(&database));
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..100));
    for (layer, rows) in [
        (pois(), some(1..200)),
        (wider(), some(1..300).into_iter().map(wide).collect::<Vec<_>>()),
    ] {
        let mut begun = store.begin(&batch()).unwrap();
        stage(&mut *begun, &layer, LoadMode::Replace, &rows).unwrap();
        database.psql("SET lock_timeout = '5s'; UPDATE pois SET n = n + 1000 WHERE code = 'k1'");
        let before = state(&mut *reader, At::Now);
        let mut steps = 0;
        begun
            .commit(&mut |step| {
                if step.what != "syncing" {
                    assert_eq!(state(&mut *reader, At::Now), before, "{step:?}");
                    steps += 1;
                }
            })
            .unwrap();
        assert!(steps >= 2);
        let after = state(&mut *reader, At::Now);
        assert_eq!(after.len(), rows.len());
        let mut replayed = State::new();
        log(&mut *reader, LogPosition::default(), 1000)
            .iter()
            .for_each(|entry| replay(&mut replayed, &entry.change));
        assert_eq!(replayed, after);
    }
    assert_sound(&mut *store);
}

#[test]
fn upserts_and_increments_at_once_lose_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut store = open(&database);
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..50));
    let database = &database;
    let made = std::thread::scope(|scope| {
        let upserts = (0..4).map(|writer| {
            scope.spawn(move || {
                let mut store = open(database);
                let mut made = 0;
                for i in 0..6 {
                    let rows = [row("k1", writer * 100 + i), row(&format!("w{writer}"), i)];
                    let (before, committed) = (
                        store.catch_up().unwrap(),
                        load(&mut *store, &pois(), LoadMode::Upsert, &rows),
                    );
                    assert!(committed.version > before);
                    made += 1;
                }
                made
            })
        });
        let upserts: Vec<_> = upserts.collect();
        let increments = (0..2).map(|_| {
            scope.spawn(move || {
                for _ in 0..15 {
                    database.psql("UPDATE pois SET n = n + 1 WHERE code IN ('k1', 'k2')");
                }
                15
            })
        });
        let increments: Vec<_> = increments.collect();
        upserts
            .into_iter()
            .chain(increments)
            .map(|writer| writer.join().unwrap())
            .sum::<u64>()
    });
    assert_eq!(store.catch_up().unwrap(), Version(made + 1));
    let mut replayed = State::new();
    // Each old state must be the one before: `replay` looks.
    log(&mut *store, LogPosition::default(), 7)
        .iter()
        .for_each(|entry| replay(&mut replayed, &entry.change));
    let now = state(&mut *store, At::Now);
    assert_eq!(replayed, now);
    let k2 = now.values().find(|row| row.values[0] == Value::text("k2")).unwrap();
    assert_eq!(k2.values[1], Value::Int(32), "an increment was lost");
    assert_sound(&mut *store);
}

#[test]
fn a_full_disk_changes_nothing_and_is_said() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut store = open(&database);
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..10));
    // No disk can be filled here: the server is made to say what it says then.
    database.psql(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
         CREATE TRIGGER full_disk BEFORE INSERT ON pois FOR EACH ROW WHEN (NEW.n = 15) EXECUTE FUNCTION full_disk()",
    );
    let failed = try_load(&mut *store, &pois(), LoadMode::Replace, &some(5..20)).unwrap_err();
    let said = failed.to_string();
    assert!(
        matches!(failed, Error::Postgres { .. }) && said.contains("No space left") && said.contains("53100"),
        "{said}"
    );
    assert_eq!(store.catch_up().unwrap(), Version(1));
    assert_eq!(state(&mut *store, At::Now).len(), 10);
    database.psql("DROP TRIGGER full_disk ON pois");
    load(&mut *store, &pois(), LoadMode::Replace, &some(5..20));
    assert_sound(&mut *store);
}

#[test]
fn what_others_demand_of_a_table_is_kept() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut store = open(&database);
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..10));
    database.psql(
        "DO $$ BEGIN CREATE ROLE analyst; EXCEPTION WHEN duplicate_object THEN END $$;
         GRANT SELECT, UPDATE ON pois TO analyst; GRANT SELECT ON pois TO PUBLIC",
    );
    load(
        &mut *store,
        &wider(),
        LoadMode::Replace,
        &some(0..5).into_iter().map(wide).collect::<Vec<_>>(),
    );
    let rights =
        "SELECT has_table_privilege('analyst', 'pois', 'UPDATE'), has_table_privilege('analyst', 'pois', 'DELETE')";
    assert_eq!(database.psql(rights), "t|f", "rights were lost with the table");
    database.psql("CREATE VIEW of_others AS SELECT code FROM pois");
    let refused = try_load(&mut *store, &keyless(), LoadMode::Replace, &some(0..3)).unwrap_err();
    let said = refused.to_string();
    assert!(
        matches!(refused, Error::Misfit { .. }) && said.contains("of_others"),
        "{said}"
    );
    load(
        &mut *store,
        &wider(),
        LoadMode::Replace,
        &some(3..9).into_iter().map(wide).collect::<Vec<_>>(),
    );
    assert_eq!(database.psql("SELECT count(*) FROM of_others"), "6");
    database.psql("ALTER TABLE pois ADD CHECK (n < 100)");
    store.catch_up().unwrap();
    let refused = try_load(&mut *store, &wider(), LoadMode::Append, &[wide(row("z", 100))]);
    assert!(matches!(refused, Err(Error::Misfit { .. })), "{refused:?}");
    assert_sound(&mut *store);
}

#[test]
fn what_other_triggers_do_during_a_load_and_other_tools_after_it_is_in_the_log() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut store = open(&database);
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..5));
    load(&mut *store, &pois(), LoadMode::Upsert, &[row("k1", 11), row("new", 1)]);
    database.psql("UPDATE pois SET n = 12 WHERE code = 'k1'; DELETE FROM pois WHERE code = 'new'");
    assert_eq!(
        store.catch_up().unwrap(),
        Version(4),
        "the log's triggers rest no longer"
    );
    assert_sound(&mut *store);
    // One row changes another.
    database.psql(
        "CREATE FUNCTION follows() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN UPDATE public.pois SET n = NEW.n WHERE code = 'k4'; RETURN NULL; END $$;
         CREATE TRIGGER follows AFTER UPDATE ON pois FOR EACH ROW WHEN (NEW.code = 'k2') EXECUTE FUNCTION follows()",
    );
    store.catch_up().unwrap();
    load(&mut *store, &pois(), LoadMode::Upsert, &[row("k2", 22)]);
    let numbers = database.psql("SELECT string_agg(n::text, ' ' ORDER BY code) FROM pois");
    assert_eq!(numbers, "0 12 22 3 22");
    assert_sound(&mut *store);
}

#[test]
fn a_table_that_is_no_layer_is_left_alone() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut store = open(&database);
    database.psql("CREATE TABLE pois AS SELECT 1 AS theirs");
    let refused = try_load(&mut *store, &pois(), LoadMode::Replace, &some(0..3));
    assert!(matches!(refused, Err(Error::Misfit { .. })), "{refused:?}");
    assert_eq!(database.psql("SELECT theirs FROM pois"), "1");
}

#[test]
fn the_first_load_installs_postgis_and_says_where_it_cannot() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.empty_database();
    let mut store = open(&database);
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..3));
    assert_eq!(database.psql("SELECT count(*) FROM pois WHERE ST_X(geom) > 0"), "3");
    let other = cluster.empty_database();
    other.psql("DO $$ BEGIN CREATE ROLE modest LOGIN; EXCEPTION WHEN duplicate_object THEN END $$");
    other.psql(&format!("GRANT CREATE ON DATABASE {} TO modest", other.name()));
    let url = other.url().replace("onemap@", "modest@");
    let refused = onemap_store::open(&url, OpenMode::CreateIn(Crs::CGCS2000))
        .err()
        .unwrap()
        .to_string();
    assert!(refused.contains("CREATE EXTENSION postgis"), "{refused}");
    let nowhere = onemap_store::open(&cluster.url("nowhere"), OpenMode::CreateIn(Crs::CGCS2000));
    let nowhere = nowhere.err().unwrap().to_string();
    assert!(nowhere.contains("createdb"), "{nowhere}");
}

#[test]
fn geometries_that_are_wrong_are_kept_so_that_postgis_takes_them() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut store = open(&database);
    let path = |coords: &[(f64, f64)]| Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap();
    let located = |n: i64, geometry| Row {
        geometry: Some(geometry),
        ..row(&format!("k{n}"), n)
    };
    let rows = [
        located(1, Geometry::Lines(vec![path(&[(1.0, 2.0)])])),
        located(
            2,
            Geometry::Polygons(vec![Polygon {
                rings: vec![path(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)])],
            }]),
        ),
        located(
            3,
            Geometry::Polygons(vec![Polygon {
                rings: vec![path(&[(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 0.0)])],
            }]),
        ),
        located(4, Geometry::Polygons(vec![Polygon { rings: vec![] }])),
    ];
    for expected in [[4, 0, 0, 0], [0, 0, 4, 0]] {
        let mut begun = store.begin(&batch()).unwrap();
        begun.start_layer(&pois(), LoadMode::Replace).unwrap();
        rows.iter().for_each(|row| begun.push(row.clone()).unwrap());
        begun.finish_layer(GeometryType::Geometry).unwrap();
        assert_eq!(counts(&begun.commit(&mut |_| ()).unwrap()), expected);
    }
    assert_eq!(
        database.psql("SELECT ST_AsText(geom) FROM pois WHERE n = 1"),
        "LINESTRING(1 2,1 2)"
    );
    assert_sound(&mut *store);
}

#[test]
fn kinds_and_heights_that_come_later_find_room() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut store = open(&database);
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..3));
    let high = |code: &str, points: usize| {
        let coords = (0..points).map(|i| Coord { x: i as f64, y: 1.0 }).collect();
        let geometry = Geometry::Points(Path::with_z(coords, vec![5.0; points]).unwrap());
        Row {
            geometry: Some(geometry),
            ..row(code, 7)
        }
    };
    let mut append = |kind, rows: &[Row]| {
        let mut begun = store.begin(&batch()).unwrap();
        begun.start_layer(&pois(), LoadMode::Append).unwrap();
        rows.iter().for_each(|row| begun.push(row.clone()).unwrap());
        begun.finish_layer(kind).unwrap();
        begun.commit(&mut |_| ()).unwrap();
        assert_sound(&mut *store);
        store.read(At::Now).unwrap().layers().unwrap()[0].layer.geometry_type
    };
    assert_eq!(append(GeometryType::Point, &[high("high", 1)]), GeometryType::Point);
    assert_eq!(
        append(GeometryType::MultiPoint, &[high("many", 2)]),
        GeometryType::MultiPoint
    );
    let line = Geometry::Lines(vec![
        Path::new(vec![Coord { x: 0.0, y: 0.0 }, Coord { x: 1.0, y: 1.0 }]).unwrap(),
    ]);
    let lined = Row {
        geometry: Some(line),
        ..row("line", 8)
    };
    assert_eq!(
        append(GeometryType::MultiLineString, std::slice::from_ref(&lined)),
        GeometryType::Geometry
    );
    let found = state(&mut *store, At::Now);
    assert_eq!(found.len(), 6);
    for expected in [high("high", 1), high("many", 2), lined] {
        assert!(found.values().any(|row| *row == expected), "{expected:?}");
    }
    // Narrower again: what stayed is as it was.
    let rest: Vec<Row> = found
        .into_values()
        .filter(|row| row.values[1] != Value::Int(8))
        .collect();
    let mut begun = store.begin(&batch()).unwrap();
    begun.start_layer(&pois(), LoadMode::Replace).unwrap();
    rest.iter().for_each(|row| begun.push(row.clone()).unwrap());
    begun.finish_layer(GeometryType::MultiPoint).unwrap();
    assert_eq!(counts(&begun.commit(&mut |_| ()).unwrap()), [0, 0, 5, 1]);
    assert_sound(&mut *store);
}
