//! What other programs do to the file, beyond editing rows; and files that are none of ours.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/shadow.rs"]
mod shadow;
mod support;

use onemap_model::{Crs, FieldType, GeometryType, Row, Value, Version};
use onemap_store::{At, Error, LoadMode, LogPosition, OpenMode, Store};
use std::path::{Path, PathBuf};
use support::*;

struct City {
    _folder: tempfile::TempDir,
    path: PathBuf,
    store: Box<dyn Store>,
}

fn open(path: &Path) -> onemap_store::Result<Box<dyn Store>> {
    onemap_store::open(path.to_str().unwrap(), OpenMode::CreateIn(Crs::CGCS2000))
}

fn city() -> City {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    let mut store = open(&path).unwrap();
    load(
        &mut *store,
        &pois(),
        LoadMode::Replace,
        &[row("a", 1), row("b", 2), row("c", 3)],
    );
    City {
        _folder: folder,
        path,
        store,
    }
}

impl City {
    /// Runs another program's statements in one transaction.
    fn sql(&self, statements: &str) {
        shadow::connect(&self.path)
            .execute_batch(&format!("BEGIN; {statements}; COMMIT"))
            .unwrap();
    }

    fn layers(&mut self) -> Vec<String> {
        let states = self.store.read(At::Now).unwrap().layers().unwrap();
        states
            .iter()
            .map(|state| format!("{} {}", state.layer.name(), state.features))
            .collect()
    }

    /// The log from the beginning gives the present state.
    fn assert_replays(&mut self) {
        let mut replayed = State::new();
        for entry in log(&mut *self.store, LogPosition::default(), 100) {
            if entry.change.layer.as_str() == "pois" {
                replay(&mut replayed, &entry.change);
            }
        }
        assert_eq!(replayed, state(&mut *self.store, At::Now));
        assert_sound(&mut *self.store);
    }
}

#[test]
fn a_plain_sqlite_without_any_function_of_ours_can_edit_a_layer_without_geometry() {
    let mut city = city();
    let bare = onemap_model::Layer::new(
        name("bare"),
        GeometryType::None,
        Crs::CGCS2000,
        vec![field("x", FieldType::Int)],
    );
    load(&mut *city.store, &bare.unwrap(), LoadMode::Replace, &[]);
    let plain = rusqlite::Connection::open(&city.path).unwrap();
    plain
        .execute_batch("INSERT INTO bare (x) VALUES (1), (2); UPDATE bare SET x = 5 WHERE x = 1")
        .unwrap();
    plain.execute_batch("DELETE FROM pois WHERE code = 'a'").unwrap();
    assert_eq!(city.store.catch_up().unwrap(), Version(3));
    assert_eq!(city.layers(), ["bare 2", "pois 2"]);
    assert_sound(&mut *city.store);
}

#[test]
fn the_sealed_state_is_seen_while_another_program_writes() {
    let mut city = city();
    let before = state(&mut *city.store, At::Now);
    let other = shadow::connect(&city.path);
    other
        .execute_batch("UPDATE pois SET n = 9 WHERE fid = 1; DELETE FROM pois WHERE fid = 2")
        .unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(city.store.catch_up(), Err(Error::Busy { .. })));
    assert_eq!(state(&mut *city.store, At::Now), before);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    assert_eq!(state(&mut *city.store, At::Now).len(), 2);
    city.assert_replays();
}

#[test]
fn a_file_left_in_wal_mode_is_set_back_and_can_be_loaded_into() {
    let mut city = city();
    let mut second = open(&city.path).unwrap();
    let other = shadow::connect(&city.path);
    let journal_mode = |sql: &str| -> String {
        shadow::connect(&city.path)
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(journal_mode("PRAGMA journal_mode = WAL"), "wal");
    other.execute_batch("UPDATE pois SET n = 9 WHERE fid = 1").unwrap();
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    assert_eq!(second.catch_up().unwrap(), Version(2));
    let refused = try_load(&mut *second, &pois(), LoadMode::Append, &[row("d", 4)]);
    assert!(matches!(refused, Err(Error::WalHeld { .. })));
    drop(other);
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    assert_eq!(journal_mode("PRAGMA journal_mode"), "delete");
    let mut third = open(&city.path).unwrap();
    load(&mut *third, &pois(), LoadMode::Append, &[row("d", 4)]);
    assert_eq!(city.store.catch_up().unwrap(), Version(3));
    assert_sound(&mut *city.store);
}

#[test]
fn a_feature_number_that_cannot_be_one_is_refused_by_the_file() {
    let city = city();
    let other = shadow::connect(&city.path);
    for bad in ["0", "-1", "9007199254740992"] {
        let refused = other.execute_batch(&format!("INSERT INTO pois (fid, code) VALUES ({bad}, 'x')"));
        assert!(refused.unwrap_err().to_string().contains("feature number"), "{bad}");
        assert!(
            other
                .execute_batch(&format!("UPDATE pois SET fid = {bad} WHERE fid = 1"))
                .is_err()
        );
    }
}

#[test]
fn a_number_that_a_feature_was_moved_to_is_never_given_again() {
    let mut city = city();
    city.sql("UPDATE pois SET fid = 7 WHERE fid = 1");
    city.store.catch_up().unwrap();
    let rows: Vec<_> = (10..20).map(|n| row("new", n)).collect();
    load(&mut *city.store, &keyless(), LoadMode::Replace, &rows);
    assert!(state(&mut *city.store, At::Now).keys().all(|&number| number > 7));
    city.sql("UPDATE pois SET fid = 50 WHERE fid = 8");
    city.store.catch_up().unwrap();
    city.sql("DELETE FROM pois");
    city.store.catch_up().unwrap();
    city.sql("INSERT INTO pois (code) VALUES ('x')");
    assert_eq!(state(&mut *city.store, At::Now).into_keys().collect::<Vec<_>>(), [51]);
    city.assert_replays();
}

#[test]
fn a_row_replaced_by_its_equal_is_no_change_and_counted_once() {
    let mut city = city();
    city.sql("INSERT OR REPLACE INTO pois SELECT * FROM pois WHERE fid = 2");
    assert_eq!(city.store.catch_up().unwrap(), Version(1));
    city.assert_replays();
}

#[test]
fn a_layer_whose_numbers_are_used_up_says_so() {
    let mut city = city();
    city.sql("INSERT INTO pois (fid, code) VALUES (9007199254740991, 'last')");
    let refused = try_load(&mut *city.store, &pois(), LoadMode::Append, &[row("x", 1)]);
    assert!(matches!(refused, Err(Error::Misfit { .. })), "{refused:?}");
    assert_sound(&mut *city.store);
}

#[test]
fn values_and_geometries_that_cannot_be_read_never_fail_a_layer() {
    let mut city = city();
    city.sql(
        "UPDATE pois SET n = 'many', geom = x'475000FF' WHERE fid = 1; \
         UPDATE pois SET n = '12', geom = 'text', valid_from = 'never' WHERE fid = 2; \
         UPDATE pois SET code = x'ff00', n = 1.5 WHERE fid = 3",
    );
    let state = state(&mut *city.store, At::Now);
    assert_eq!((&state[&1].geometry, &state[&1].values[1]), (&None, &Value::Null));
    assert_eq!((&state[&2].geometry, &state[&2].values[1]), (&None, &Value::Int(12)));
    assert_eq!(state[&3].values, [Value::Null, Value::Null]);
    city.assert_replays();
}

#[test]
fn a_dropped_table_is_a_layer_less_and_its_rows_are_in_the_history() {
    let mut city = city();
    let before = state(&mut *city.store, At::Now);
    let epoch = city.store.epoch().clone();
    city.sql(
        "DELETE FROM pois WHERE fid = 1; DROP TABLE pois; DELETE FROM gpkg_geometry_columns; DELETE FROM gpkg_contents",
    );
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    assert!(city.layers().is_empty());
    assert_eq!(city.store.epoch(), &epoch);
    assert_sound(&mut *city.store);
    assert_eq!(state(&mut *city.store, At::Version(Version(1))), before);
    // Numbers that there were are not used again.
    let highest = *before.keys().max().unwrap();
    load(&mut *city.store, &pois(), LoadMode::Replace, &[row("x", 1)]);
    assert!(state(&mut *city.store, At::Now).keys().all(|&number| number > highest));
    city.assert_replays();
}

#[test]
fn a_table_made_anew_is_taken_over_with_its_new_columns() {
    let mut city = city();
    let before = state(&mut *city.store, At::Now);
    let epoch = city.store.epoch().clone();
    city.sql(
        "DROP TABLE pois; DROP TABLE rtree_pois_geom; \
         CREATE TABLE pois (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, code TEXT, extra REAL); \
         INSERT INTO pois (code, extra) VALUES ('z', 1.5), ('y', 2.5)",
    );
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    assert_eq!(city.store.epoch(), &epoch);
    assert_eq!(state(&mut *city.store, At::Version(Version(1))), before);
    let layer = city.store.read(At::Now).unwrap().layers().unwrap().remove(0).layer;
    let names: Vec<_> = layer.fields().iter().map(|field| field.name.as_str()).collect();
    assert_eq!((names, layer.key()), (vec!["code", "extra"], Some(0)));
    city.sql("UPDATE pois SET extra = 3 WHERE code = 'z'");
    assert_eq!(city.store.catch_up().unwrap(), Version(3));
    city.assert_replays();
}

#[test]
fn a_program_that_is_still_making_its_table_is_not_in_the_way_of_itself() {
    let mut city = city();
    // As GDAL does it: the table with its rows, and the index with all triggers later.
    city.sql(
        "DROP TABLE pois; DROP TABLE rtree_pois_geom; DELETE FROM gpkg_extensions WHERE table_name = 'pois'; \
         CREATE TABLE pois (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, code TEXT, n MEDIUMINT); \
         INSERT INTO pois (code, n) VALUES ('z', 1)",
    );
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    let of_count = |event: &str, sign: char| {
        format!(
            "CREATE TRIGGER trigger_{event}_feature_count_pois AFTER {event} ON pois BEGIN UPDATE gpkg_ogr_contents \
             SET feature_count = feature_count {sign} 1 WHERE lower(table_name) = lower('pois'); END"
        )
    };
    city.sql(&format!("{}; {}", of_count("insert", '+'), of_count("delete", '-')));
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    city.sql("INSERT INTO pois (code, n) VALUES ('y', 2)");
    assert_eq!(city.store.catch_up().unwrap(), Version(3));
    assert_sound(&mut *city.store);
    city.assert_replays();
}

#[test]
fn a_table_made_anew_beside_its_old_index_is_indexed_anew() {
    let mut city = city();
    city.sql(
        "CREATE TABLE aside AS SELECT * FROM pois; DROP TABLE pois; \
         CREATE TABLE pois (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, code TEXT, n MEDIUMINT); \
         INSERT INTO pois (fid, geom, code, n) SELECT fid + 1, geom, code, n FROM aside; DROP TABLE aside",
    );
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    // The index has what the table has.
    assert_sound(&mut *city.store);
    city.assert_replays();
}

#[test]
fn missing_triggers_are_made_again_and_what_they_missed_is_logged() {
    let mut city = city();
    let epoch = city.store.epoch().clone();
    city.sql("DROP TRIGGER onemap_pois_before_update; UPDATE pois SET n = 9 WHERE fid = 1");
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    assert_eq!(
        log(
            &mut *city.store,
            LogPosition {
                version: Version(1),
                offset: 0
            },
            100
        )
        .len(),
        1
    );
    let version = city.store.catch_up().unwrap();
    city.sql("UPDATE pois SET n = 8 WHERE fid = 1");
    assert_eq!(city.store.catch_up().unwrap(), version.next());
    assert_eq!(city.store.epoch(), &epoch);
    assert_sound(&mut *city.store);
}

#[test]
fn a_layer_that_comes_back_is_defined_as_it_was() {
    let mut city = city();
    city.sql(
        "CREATE TABLE aside AS SELECT * FROM pois; CREATE TABLE contents AS SELECT * FROM gpkg_contents; \
              CREATE TABLE columns AS SELECT * FROM gpkg_geometry_columns; DROP TABLE pois; \
              DELETE FROM gpkg_geometry_columns; DELETE FROM gpkg_contents",
    );
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    city.sql(
        "CREATE TABLE pois (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, code TEXT, n MEDIUMINT); \
         INSERT INTO pois (fid, geom, code, n) SELECT fid, geom, code, n FROM aside; DROP TABLE aside; \
         INSERT INTO gpkg_contents SELECT * FROM contents; INSERT INTO gpkg_geometry_columns SELECT * FROM columns; \
         DROP TABLE contents; DROP TABLE columns",
    );
    assert_eq!(city.store.catch_up().unwrap(), Version(3));
    let layer = city.store.read(At::Now).unwrap().layers().unwrap().remove(0).layer;
    assert_eq!((layer.key(), layer.title), (pois().key(), pois().title));
    city.assert_replays();
}

#[test]
fn a_table_made_anew_differs_only_in_what_differs() {
    let mut city = city();
    city.sql(
        "CREATE TABLE aside AS SELECT * FROM pois; DROP TABLE pois; \
         CREATE TABLE pois (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, code TEXT, n MEDIUMINT); \
         INSERT INTO pois (fid, geom, code, n) SELECT fid, geom, code, n FROM aside WHERE code <> 'a'; \
         UPDATE pois SET n = 20 WHERE code = 'b'; DROP TABLE aside",
    );
    city.store.catch_up().unwrap();
    let after = LogPosition {
        version: Version(1),
        offset: 0,
    };
    let operations: Vec<_> = log(&mut *city.store, after, 100)
        .iter()
        .map(|entry| entry.change.operation().as_str())
        .collect();
    assert_eq!(operations, ["delete", "update"]);
    city.assert_replays();
}

#[test]
fn a_table_made_anew_as_it_was_is_no_version_and_gives_no_number_again() {
    let mut city = city();
    let made = "CREATE TABLE pois (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, code TEXT, n MEDIUMINT)";
    city.sql(&format!(
        "CREATE TABLE aside AS SELECT fid, geom, code, n FROM pois; DROP TABLE pois; {made}; \
         INSERT INTO pois SELECT * FROM aside; DROP TABLE aside"
    ));
    assert_eq!(city.store.catch_up().unwrap(), Version(1));
    city.assert_replays();
    city.sql(&format!("DROP TABLE pois; {made}"));
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    city.sql("INSERT INTO pois (code) VALUES ('x')");
    assert_eq!(state(&mut *city.store, At::Now).into_keys().collect::<Vec<_>>(), [4]);
    city.assert_replays();
}

#[test]
fn a_dropped_column_stays_in_the_history() {
    let mut city = city();
    let before = state(&mut *city.store, At::Now);
    city.sql("ALTER TABLE pois DROP COLUMN n");
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    assert_eq!(state(&mut *city.store, At::Version(Version(1))), before);
    city.assert_replays();
}

#[test]
fn a_file_of_the_schema_before_is_refused_until_it_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.gpkg");
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema_1.gpkg"),
        &path,
    )
    .unwrap();
    let text = path.to_str().unwrap();
    let refused = onemap_store::open(text, OpenMode::Existing).err().unwrap();
    assert!(
        matches!(refused, Error::NeedsMigration { found: 1, known: 3, .. }),
        "{refused}"
    );
    let mut store = onemap_store::open(text, OpenMode::Migrate).unwrap();
    assert_sound(&mut *store);
    let before = state(&mut *store, At::Now);
    assert_eq!(before.len(), 3);
    shadow::connect(&path).execute_batch("DROP TABLE pois").unwrap();
    let version = store.catch_up().unwrap();
    assert_eq!(state(&mut *store, At::Version(Version(version.0 - 1))), before);
    assert_sound(&mut *store);
    drop(store);
    onemap_store::open(text, OpenMode::Existing).unwrap();
}

#[test]
fn an_added_column_is_a_new_field_and_changes_no_row() {
    let mut city = city();
    city.sql(
        "ALTER TABLE pois ADD COLUMN \"addr:street\" TEXT; UPDATE pois SET \"addr:street\" = '黄石大道' WHERE fid = 1",
    );
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    let now = city.store.read(At::Now).unwrap().layers().unwrap().remove(0).layer;
    assert_eq!(now.fields().last().unwrap().name.as_str(), "addr_street");
    let was = city
        .store
        .read(At::Version(Version(1)))
        .unwrap()
        .layers()
        .unwrap()
        .remove(0)
        .layer;
    assert_eq!(was, pois());
    assert_eq!(state(&mut *city.store, At::Version(Version(1)))[&1], row("a", 1));
    assert_eq!(state(&mut *city.store, At::Now)[&1].values[2], Value::text("黄石大道"));
    let entries = log(
        &mut *city.store,
        LogPosition {
            version: Version(1),
            offset: 0,
        },
        10,
    );
    assert_eq!(entries.len(), 1);
    city.sql("UPDATE pois SET \"addr:street\" = 'x' WHERE fid = 2");
    city.store.catch_up().unwrap();
    assert_eq!(
        state(&mut *city.store, At::Version(Version(2)))[&2].values[2],
        Value::Null
    );
    assert_sound(&mut *city.store);
}

/// What GDAL and others do where a column cannot be dropped or changed: copy, drop, rename, triggers made again.
fn rebuild(city: &City, columns: &str, list: &str) {
    let other = shadow::connect(&city.path);
    let sql = "SELECT group_concat(sql, ';') FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'pois'";
    let triggers: String = other.query_row(sql, [], |row| row.get(0)).unwrap();
    other
        .execute_batch(&format!(
            "BEGIN; CREATE TABLE copied (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, {columns}, \
             valid_from DATETIME, valid_to DATETIME, since INTEGER); \
             INSERT INTO copied SELECT fid, geom, {list}, valid_from, valid_to, since FROM pois; \
             DROP TABLE pois; ALTER TABLE copied RENAME TO pois; {triggers}; COMMIT"
        ))
        .unwrap();
}

#[test]
fn a_dropped_or_retyped_column_closes_the_rows_into_the_history() {
    for (columns, list, kinds) in [
        ("code TEXT", "code", vec![FieldType::Text]),
        ("code TEXT, n TEXT", "code, n", vec![FieldType::Text, FieldType::Text]),
    ] {
        let mut city = city();
        rebuild(&city, columns, list);
        city.store.catch_up().unwrap();
        let now = city.store.read(At::Now).unwrap().layers().unwrap().remove(0).layer;
        assert_eq!(
            now.fields().iter().map(|field| field.field_type).collect::<Vec<_>>(),
            kinds
        );
        let was = state(&mut *city.store, At::Version(Version(1)));
        assert_eq!(
            was.values().map(|row| row.values[0].clone()).collect::<Vec<_>>().len(),
            3
        );
        city.sql("UPDATE pois SET code = 'new' WHERE fid = 1");
        city.store.catch_up().unwrap();
        city.assert_replays();
    }
}

#[test]
fn a_table_that_another_program_registers_becomes_a_layer() {
    let mut city = city();
    city.sql(
        "CREATE TABLE trees (id INTEGER PRIMARY KEY, \"Shape\" POINT, \"höhe (m)\" DOUBLE, species VARCHAR(20) UNIQUE); \
         INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('trees', 'features', 'Bäume', 4490); \
         INSERT INTO gpkg_geometry_columns VALUES ('trees', 'Shape', 'POINT', 4490, 0, 0); \
         INSERT INTO trees VALUES (7, NULL, 12.5, 'oak'), (8, NULL, 3, 'elm')",
    );
    assert_eq!(city.store.catch_up().unwrap(), Version(2));
    assert_eq!(city.layers(), ["pois 3", "trees 2"]);
    let layer = city.store.read(At::Now).unwrap().layers().unwrap().remove(1).layer;
    assert_eq!(
        (layer.title.as_str(), layer.geometry_type),
        ("Bäume", GeometryType::Point)
    );
    let names: Vec<_> = layer
        .fields()
        .iter()
        .map(|field| (field.name.as_str(), field.field_type))
        .collect();
    assert_eq!(names, [("höhe__m_", FieldType::Float), ("species", FieldType::Text)]);
    // A unique column pushes a row out without any delete trigger.
    city.sql("INSERT OR REPLACE INTO trees (id, species) VALUES (20, 'elm')");
    assert_eq!(city.store.catch_up().unwrap(), Version(3));
    let entries = log(
        &mut *city.store,
        LogPosition {
            version: Version(2),
            offset: 0,
        },
        10,
    );
    let seen: Vec<_> = entries
        .iter()
        .map(|e| (e.change.fid.get(), e.change.operation().as_str()))
        .collect();
    assert_eq!(seen, [(8, "delete"), (20, "insert")]);
    // It can be loaded into like any other.
    let replaced = load(
        &mut *city.store,
        &layer,
        LoadMode::Replace,
        &[Row {
            values: vec![Value::float(1.0).unwrap(), Value::text("ash")],
            ..Row::default()
        }],
    );
    assert_eq!(counts(&replaced), [1, 0, 0, 2]);
    assert_sound(&mut *city.store);
}

#[test]
fn a_table_that_cannot_be_a_layer_is_left_alone() {
    let mut city = city();
    city.sql(
        "CREATE TABLE nokey (x TEXT); CREATE TABLE \"two words\" (fid INTEGER PRIMARY KEY); \
         CREATE TABLE elsewhere (fid INTEGER PRIMARY KEY, geom POINT); CREATE VIEW seen AS SELECT 1 AS fid; \
         INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('nokey', 'attributes', 'a'), \
         ('two words', 'attributes', 'b'), ('elsewhere', 'features', 'c'), ('seen', 'attributes', 'd'), \
         ('missing', 'attributes', 'e'); \
         INSERT INTO gpkg_geometry_columns VALUES ('elsewhere', 'geom', 'POINT', -1, 0, 0)",
    );
    assert_eq!(city.store.catch_up().unwrap(), Version(1));
    assert_eq!(city.layers(), ["pois 3"]);
    let refused = {
        let layer = onemap_model::Layer::new(name("nokey"), GeometryType::None, Crs::CGCS2000, vec![]).unwrap();
        try_load(&mut *city.store, &layer, LoadMode::Replace, &[])
    };
    assert!(matches!(refused, Err(Error::Misfit { .. })));
}

#[test]
fn files_that_are_no_store_are_refused_with_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let at = |file: &str| folder.path().join(file);
    std::fs::write(at("empty.gpkg"), "").unwrap();
    std::fs::write(
        at("text.gpkg"),
        "this is no database at all, but it is long enough to be read as one ".repeat(20),
    )
    .unwrap();
    rusqlite::Connection::open(at("other.gpkg"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    rusqlite::Connection::open(at("foreign.gpkg"))
        .unwrap()
        .execute_batch("PRAGMA application_id = 1196444487; CREATE TABLE gpkg_contents (table_name)")
        .unwrap();
    for (file, expected) in [
        ("missing.gpkg", "no such file"),
        ("empty.gpkg", "empty"),
        ("text.gpkg", "no SQLite database"),
        ("other.gpkg", "no GeoPackage"),
        ("foreign.gpkg", "onemap-import load"),
        (".", "folder"),
    ] {
        let path = at(file);
        let refused = onemap_store::open(path.to_str().unwrap(), OpenMode::Existing)
            .err()
            .unwrap();
        assert!(matches!(refused, Error::NotAStore { .. }), "{file}: {refused}");
        assert!(refused.to_string().contains(expected), "{file}: {refused}");
    }
    assert!(!at("missing.gpkg").exists());
    for file in ["text.gpkg", "other.gpkg", "foreign.gpkg", "no/such/folder.gpkg"] {
        assert!(matches!(open(&at(file)), Err(Error::NotAStore { .. })), "{file}");
    }
    assert!(open(&at("empty.gpkg")).is_ok());
}

#[test]
fn a_newer_store_is_refused_and_a_damaged_one_is_told() {
    let city = city();
    let City { path, store, .. } = &city;
    let bytes = {
        store.epoch();
        std::fs::read(path).unwrap()
    };
    let cut = path.with_file_name("cut.gpkg");
    std::fs::write(&cut, &bytes[..bytes.len() - 4096]).unwrap();
    assert!(matches!(open(&cut), Err(Error::Damaged { .. })));
    let torn = path.with_file_name("torn.gpkg");
    let mut noise = bytes.clone();
    noise[4096 * 3..4096 * 20].fill(0x5a);
    std::fs::write(&torn, &noise).unwrap();
    assert!(
        matches!(open(&torn), Err(Error::Damaged { .. })),
        "{:?}",
        open(&torn).err()
    );
    city.sql("UPDATE onemap_meta SET value = 99 WHERE key = 'schema_version'");
    assert!(matches!(open(path), Err(Error::TooNew { found: 99, .. })));
}

#[test]
fn what_does_not_agree_is_said_by_verify() {
    let checks = [
        (
            "UPDATE onemap_gate SET open = 1; DELETE FROM pois WHERE fid = 1; UPDATE onemap_gate SET open = 0",
            "the log says",
        ),
        ("DELETE FROM rtree_pois_geom WHERE id = 1", "not in the R-tree"),
        (
            "UPDATE rtree_pois_geom SET minx = 1, maxx = 2 WHERE id = 2",
            "box in the R-tree",
        ),
        (
            "INSERT INTO rtree_pois_geom VALUES (77, 1, 1, 1, 1)",
            "without a feature",
        ),
        ("UPDATE gpkg_ogr_contents SET feature_count = 8", "gpkg_ogr_contents"),
        ("INSERT INTO pois_history (fid, since, until) VALUES (1, 1, 1)", "span"),
        ("INSERT INTO pois_history (fid, since, until) VALUES (9, 0, 1)", "span"),
        ("DELETE FROM onemap_commit_layer", "the log says"),
    ];
    for (sql, expected) in checks {
        let mut city = city();
        assert_sound(&mut *city.store);
        city.sql(sql);
        let wrong = city.store.verify().unwrap();
        assert!(wrong.iter().any(|line| line.contains(expected)), "{sql}: {wrong:?}");
    }
}

#[test]
fn a_file_that_cannot_be_written_can_be_read() {
    let city = city();
    let City { path, store, .. } = city;
    drop(store);
    let uri = path.with_file_name("copy.gpkg");
    std::fs::copy(&path, &uri).unwrap();
    let mut permissions = std::fs::metadata(&uri).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&uri, permissions).unwrap();
    // The superuser may write all the same; then this tests no more than opening.
    let mut store = onemap_store::open(uri.to_str().unwrap(), OpenMode::Existing).unwrap();
    assert_eq!(store.catch_up().unwrap(), Version(1));
}
