//! What triggers cannot see: tables dropped, made anew, altered; triggers disabled; a database restored elsewhere.

use crate::place::{Place, insert, point};
use crate::support::*;
use onemap_model::{FieldType, Value, Version};
use onemap_store::{At, Edit, Error};

#[test]
fn a_dropped_table_is_logged_and_comes_back_as_the_same_layer() {
    let Some(mut place) = Place::new() else { return };
    place.psql("DROP TABLE pois");
    assert_eq!(place.done(1), [], "nobody has looked yet");
    assert_eq!(place.version(), 2);
    assert_eq!(place.done(1), [(1, "delete"), (2, "delete"), (3, "delete")]);
    assert!(place.store.read(At::Now).unwrap().layers().unwrap().is_empty());
    assert_eq!(state(&mut *place.store, At::Version(Version(1))).len(), 3);
    place.psql(
        "CREATE TABLE pois (fid serial PRIMARY KEY, geom geometry(Point, 4490), code text, n bigint);
         INSERT INTO pois (code, n) VALUES ('x', 1)",
    );
    assert_eq!((place.version(), place.store.verify().unwrap()), (3, vec![]));
    assert_eq!(place.done(2), [(1, "insert")]);
    place.psql("INSERT INTO pois (code, n) VALUES ('y', 2)");
    assert_eq!(place.done(3), [(4, "insert")], "numbers do not come again");
    place.check();
}

#[test]
fn a_table_made_anew_is_compared_exactly() {
    let Some(mut place) = Place::new() else { return };
    let epoch = place.store.epoch().clone();
    // As ogr2ogr -overwrite does.
    place.psql(&format!(
        "BEGIN; DROP TABLE pois CASCADE; COMMIT; BEGIN;
         CREATE TABLE pois (ogc_fid SERIAL, CONSTRAINT pois_pk PRIMARY KEY (ogc_fid));
         SELECT AddGeometryColumn('public', 'pois', 'wkb_geometry', 4490, 'POINT', 2);
         ALTER TABLE pois ADD COLUMN code VARCHAR; ALTER TABLE pois ADD COLUMN n NUMERIC(18, 0);
         INSERT INTO pois (wkb_geometry, code, n) VALUES ({}, 'a', 1), ({}, 'b', 20), ({}, 'c', 3), ({}, 'd', 4);
         COMMIT",
        point(1),
        point(2),
        point(3),
        point(4)
    ));
    assert_eq!(place.version(), 2);
    assert_eq!(place.store.epoch(), &epoch);
    let done = place.done(1);
    // NUMERIC is no whole number: every row has another value of n now.
    assert_eq!(done.len(), 4);
    assert_eq!(done[3], (4, "insert"));
    let layers = place.store.read(At::Now).unwrap().layers().unwrap();
    assert_eq!(layers[0].features, 4);
    assert_eq!(layers[0].layer.fields()[1].field_type, FieldType::Float);
    place.psql("UPDATE pois SET n = 5 WHERE ogc_fid = 4; DELETE FROM pois WHERE code = 'a'");
    let version = place.version();
    assert_eq!(place.done(2).iter().map(|(fid, _)| *fid).collect::<Vec<_>>(), [4, 1]);
    assert_eq!(version, 4);
    place
        .store
        .edit(&[Edit::Update {
            layer: name("pois"),
            fid: fid(4),
            row: {
                let mut row = row("d", 9);
                row.values[1] = Value::float(9.0).unwrap();
                row
            },
        }])
        .unwrap();
    assert_eq!(place.psql("SELECT n FROM pois WHERE ogc_fid = 4").trim(), "9");
    place.check();
}

#[test]
fn a_table_made_anew_with_the_same_rows_is_no_version() {
    let Some(mut place) = Place::new() else { return };
    place.psql(
        "BEGIN; ALTER TABLE pois RENAME TO old_pois; CREATE TABLE pois (LIKE old_pois INCLUDING ALL);
         INSERT INTO pois SELECT * FROM old_pois; DROP TABLE old_pois; COMMIT",
    );
    assert_eq!(place.version(), 1);
    place.psql("UPDATE pois SET n = 9 WHERE fid = 1");
    assert_eq!(place.done(1), [(1, "update")], "the triggers are there again");
    place.check();
}

#[test]
fn a_column_that_is_added_becomes_a_field() {
    let Some(mut place) = Place::new() else { return };
    let before = state(&mut *place.store, At::Now);
    place.psql("ALTER TABLE pois ADD COLUMN note text");
    assert_eq!(place.version(), 2);
    assert_eq!(place.done(1), []);
    let layers = place.store.read(At::Now).unwrap().layers().unwrap();
    assert_eq!(layers[0].layer.fields().len(), 3);
    assert!(place.store.commits(Version(1), 10).unwrap()[0].layers[0].redefined);
    place.psql("UPDATE pois SET note = '新' WHERE fid = 1");
    assert_eq!(state(&mut *place.store, At::Now)[&1].values[2], Value::text("新"));
    place.psql("ALTER TABLE pois ADD COLUMN full_by_default int NOT NULL DEFAULT 7");
    assert_eq!(place.version(), 4);
    assert_eq!(place.done(3).len(), 3);
    assert_eq!(state(&mut *place.store, At::Version(Version(1))), before);
    place.check();
}

#[test]
fn a_column_that_is_dropped_stays_in_old_versions() {
    let Some(mut place) = Place::new() else { return };
    let before = state(&mut *place.store, At::Now);
    place.psql("ALTER TABLE pois DROP COLUMN n");
    assert_eq!(place.version(), 2);
    assert_eq!(state(&mut *place.store, At::Now)[&1].values, [Value::text("a")]);
    assert_eq!(state(&mut *place.store, At::Version(Version(1))), before);
    place.psql("DELETE FROM pois WHERE fid = 1");
    assert_eq!(
        place.log(2)[0].change.old.as_ref().unwrap().row.values,
        [Value::text("a")]
    );
    assert_eq!(state(&mut *place.store, At::Version(Version(1))), before);
    place.store.catch_up().unwrap();
    assert_sound(&mut *place.store);
}

#[test]
fn a_column_of_another_type_keeps_the_old_values_in_old_versions() {
    let Some(mut place) = Place::new() else { return };
    let before = state(&mut *place.store, At::Now);
    place.psql("ALTER TABLE pois ALTER COLUMN n TYPE text USING 'n' || n");
    assert_eq!(place.version(), 2);
    assert_eq!(state(&mut *place.store, At::Now)[&2].values[1], Value::text("n2"));
    assert_eq!(state(&mut *place.store, At::Version(Version(1))), before);
    assert_eq!(place.done(1).len(), 3);
    place.check();
}

#[test]
fn what_is_edited_without_triggers_is_compared_at_the_next_look() {
    for off in ["DISABLE TRIGGER ALL", "DISABLE TRIGGER onemap_log_update"] {
        let Some(mut place) = Place::new() else { return };
        place.psql(&format!("ALTER TABLE pois {off}; UPDATE pois SET n = 20 WHERE fid = 2"));
        assert_eq!(place.version(), 2);
        let change = place.log(1).remove(0).change;
        assert_eq!(change.old.unwrap().row, row("b", 2));
        assert_eq!(change.new.unwrap().row.values[1], Value::Int(20));
        place.psql("UPDATE pois SET n = 21 WHERE fid = 2");
        assert_eq!(place.done(2), [(2, "update")], "the triggers are back");
        place.check();
    }
    let Some(mut place) = Place::new() else { return };
    place.psql("DROP TRIGGER onemap_log_delete ON pois; DELETE FROM pois WHERE fid = 1");
    assert_eq!((place.version(), place.done(1)), (2, vec![(1, "delete")]));
    place.check();
}

#[test]
fn a_table_that_cannot_be_followed_leaves_the_layer_as_it_was() {
    for (sql, reason) in [
        (
            "DROP TABLE pois; CREATE TABLE pois (fid int PRIMARY KEY, geom geometry(Point, 3857), code text)",
            "EPSG:3857",
        ),
        ("DROP TABLE pois; CREATE TABLE pois (code text, n int)", "primary key"),
        ("DROP TABLE pois; CREATE VIEW pois AS SELECT 1 AS fid", "ordinary table"),
        (
            "ALTER TABLE pois DISABLE TRIGGER ALL; UPDATE pois SET fid = -1 WHERE fid = 1",
            "feature number -1",
        ),
    ] {
        let Some(mut place) = Place::new() else { return };
        let before = state(&mut *place.store, At::Now);
        place.psql(sql);
        assert_eq!(place.version(), 1, "{sql}");
        assert_eq!(state(&mut *place.store, At::Now), before, "{sql}");
        let told = place.store.verify().unwrap();
        assert!(told.len() == 1 && told[0].contains(reason), "{told:?}");
        assert_eq!(place.version(), 1, "{sql}");
        place.psql(
            "DO $$ BEGIN DROP VIEW pois; EXCEPTION WHEN others THEN DROP TABLE pois; END $$;
             CREATE TABLE pois (fid int PRIMARY KEY, geom geometry(Point, 4326), code text, n int)",
        );
        assert_eq!(place.version(), 2, "{sql}");
        assert_eq!(place.done(1).len(), 3, "{sql}");
        place.check();
    }
}

#[test]
fn tables_of_other_systems_are_no_layers() {
    let Some(mut place) = Place::new() else { return };
    place.psql("CREATE TABLE others (fid int PRIMARY KEY, geom geometry(Point, 4490)); INSERT INTO others VALUES (1)");
    assert_eq!(place.version(), 1);
    assert_eq!(place.store.read(At::Now).unwrap().layers().unwrap().len(), 1);
}

#[test]
fn a_restored_database_begins_a_new_epoch_with_all_its_versions() {
    let Some(mut place) = Place::new() else { return };
    place.psql("UPDATE pois SET n = 9 WHERE fid = 1");
    place.psql(&insert("d", 4));
    let (epoch, now) = (place.store.epoch().clone(), state(&mut *place.store, At::Now));
    let old = state(&mut *place.store, At::Version(Version(1)));
    let target = place.db.cluster().empty_database();
    let piped = std::process::Command::new("sh")
        .arg("-c")
        .arg("dump=$(mktemp) && pg_dump -Fc -f $dump \"$1\" && pg_restore -d \"$2\" --exit-on-error $dump; code=$?; rm $dump; exit $code")
        .args(["sh", &place.db.url(), &target.url()])
        .output()
        .unwrap();
    assert!(piped.status.success(), "{}", String::from_utf8_lossy(&piped.stderr));
    // An edit before anybody looked.
    target.psql("UPDATE pois SET n = 10 WHERE fid = 2");
    let mut restored = Place {
        store: onemap_store::open(&target.url(), onemap_store::OpenMode::Existing).unwrap(),
        db: target,
    };
    assert_eq!(restored.version(), 4);
    assert_ne!(restored.store.epoch(), &epoch);
    assert_eq!(state(&mut *restored.store, At::Version(Version(3))), now);
    assert_eq!(state(&mut *restored.store, At::Version(Version(1))), old);
    assert_eq!(restored.done(3), [(2, "update")]);
    let renewed = restored.store.epoch().clone();
    assert_eq!(restored.open().epoch(), &renewed, "renewed once");
    restored.check();
    assert_eq!(place.open().epoch(), &epoch);
}

#[test]
fn an_older_schema_is_brought_up_to_date_only_where_that_is_asked_for() {
    let Some(cluster) = onemap_testing::Cluster::shared() else {
        return;
    };
    let db = cluster.fresh_database();
    db.psql(include_str!("../../../schemas/migrations/postgis/0001_store.sql"));
    db.psql(
        "INSERT INTO onemap_meta.meta VALUES ('schema_version', '1'), ('crs', '4490'), ('oldest', '0'),
             ('epoch', 'abcdefgh'), ('identity', '')",
    );
    let refused = onemap_store::open(&db.url(), onemap_store::OpenMode::Existing)
        .err()
        .unwrap();
    assert!(matches!(refused, Error::NeedsMigration { found: 1, .. }), "{refused}");
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let url = db.url();
            std::thread::spawn(move || onemap_store::open(&url, onemap_store::OpenMode::Migrate).map(drop))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    onemap_store::open(&db.url(), onemap_store::OpenMode::Existing).unwrap();
    db.psql("UPDATE onemap_meta.meta SET value = '99' WHERE key = 'schema_version'");
    let newer = onemap_store::open(&db.url(), onemap_store::OpenMode::Migrate)
        .err()
        .unwrap();
    assert!(matches!(newer, Error::TooNew { found: 99, .. }), "{newer}");
}

#[test]
fn many_that_open_an_empty_database_at_once_make_one_store() {
    let Some(cluster) = onemap_testing::Cluster::shared() else {
        return;
    };
    let db = cluster.empty_database();
    let none = onemap_store::open(&db.url(), onemap_store::OpenMode::Existing)
        .err()
        .unwrap();
    assert!(matches!(none, Error::NotAStore { .. }), "{none}");
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let url = db.url();
            let mode = onemap_store::OpenMode::CreateIn(onemap_model::Crs::CGCS2000);
            std::thread::spawn(move || onemap_store::open(&url, mode).unwrap().epoch().clone())
        })
        .collect();
    let mut epochs: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap().to_string())
        .collect();
    epochs.dedup();
    assert_eq!(epochs.len(), 1);
}
