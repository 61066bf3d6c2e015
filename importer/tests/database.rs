//! Databases as sources: what other departments keep in PostGIS becomes layers, whole or not at all.

#![allow(clippy::unwrap_used)]

use onemap_importer::source::database;
use onemap_store::{At, OpenMode, Store};
use onemap_testing::{Cluster, Database};
use std::ops::ControlFlow;
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onemap-import"))
        .args(args)
        .output()
        .unwrap()
}

/// What the importer said, having done what it was asked for.
fn done(args: &[&str]) -> String {
    let output = run(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    said
}

fn refused(args: &[&str], expected: &str) {
    let output = run(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(expected) && said.lines().count() == 1, "{said}");
    assert_eq!(output.status.code(), Some(1), "{said}");
}

fn rows(store: &mut dyn Store, layer: &str) -> Vec<String> {
    let mut rows = Vec::new();
    let mut view = store.read(At::Now).unwrap();
    let name = onemap_model::Name::new(layer).unwrap();
    view.features(&name, &mut |feature| {
        let values: Vec<String> = feature.row.values.iter().map(ToString::to_string).collect();
        let coords = feature.row.geometry.iter().flat_map(|geometry| geometry.coords());
        let place: Vec<String> = coords.map(|at| format!("{} {}", at.x, at.y)).collect();
        let place = place.join(",");
        rows.push(format!("{} {place}", values.join("|")));
        ControlFlow::Continue(())
    })
    .unwrap();
    rows.sort();
    rows
}

fn with_postgis<'c>(cluster: &'c Cluster, sql: &str) -> Database<'c> {
    let database = cluster.fresh_database();
    database.psql(sql);
    database
}

#[test]
fn tables_and_views_become_layers_with_every_value() {
    let Some(cluster) = Cluster::shared() else { return };
    let source = with_postgis(
        cluster,
        "CREATE SCHEMA \"国土\";
         CREATE TABLE \"国土\".\"宗地\" (gid serial PRIMARY KEY, \"名称\" varchar(20), mj numeric(12,2), d date, ts timestamptz,
             ok boolean, tags text[], js jsonb, geom geometry(Polygon, 4490));
         INSERT INTO \"国土\".\"宗地\" VALUES
             (7, '黄石', 12.25, '2020-01-02', '2020-01-02 03:04:05.25+08', true, '{a,\"b c\"}', '{\"x\": 1}',
              ST_GeomFromText('POLYGON((115 30,115.5 30,115.5 30.5,115 30))', 4490)),
             (9, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
         CREATE VIEW named AS SELECT gid, \"名称\", geom FROM \"国土\".\"宗地\" WHERE \"名称\" IS NOT NULL;
         CREATE TABLE lineage (parent text, child text); INSERT INTO lineage VALUES ('a', 'b');
         CREATE TABLE two (id int PRIMARY KEY, door geometry(Point, 4490), plot geometry(Point, 4490));
         INSERT INTO two VALUES (1, ST_SetSRID(ST_MakePoint(115, 30), 4490), ST_SetSRID(ST_MakePoint(116, 31), 4490));",
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("city.gpkg");
    let to = path.to_str().unwrap();
    done(&["load", &source.url(), "--to", to]);
    let mut store = onemap_store::open(to, OpenMode::Existing).unwrap();
    assert_eq!(
        rows(&mut *store, "国土_宗地"),
        [
            "7|黄石|12.25|2020-01-02|2020-01-01T19:04:05.250Z|true|[a, b c]|{\"x\": 1} 115 30,115.5 30,115.5 30.5,115 30",
            "9||||||| ",
        ]
    );
    assert_eq!(rows(&mut *store, "named").len(), 1);
    assert_eq!(rows(&mut *store, "lineage"), ["a|b "]);
    assert_eq!(rows(&mut *store, "two_door_"), ["1 115 30"]);
    assert_eq!(rows(&mut *store, "two_plot_"), ["1 116 31"]);
}

#[test]
fn what_would_be_lost_is_refused() {
    let Some(cluster) = Cluster::shared() else { return };
    let source = with_postgis(
        cluster,
        "CREATE TABLE codes (code numeric(30), small numeric(30));
         INSERT INTO codes VALUES (420202001001, 5), (4202020010010000000000000001, 0.25);
         CREATE TABLE fine (area numeric); INSERT INTO fine VALUES (0.1), (-1234567890.12345), ('NaN'), (NULL);
         CREATE TABLE mixed (id int, geom geometry);
         INSERT INTO mixed VALUES (1, ST_SetSRID(ST_MakePoint(115, 30), 4490)), (2, ST_SetSRID(ST_MakePoint(38500000, 3340000), 4526));
         CREATE TABLE undeclared (id int, geom geometry);
         INSERT INTO undeclared VALUES (1, ST_SetSRID(ST_MakePoint(38500000, 3340000), 4526));",
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("city.gpkg");
    let (url, to) = (source.url(), path.to_str().unwrap());
    let one = |layer| ["load", &url, "--source-layer", layer, "--to", to].map(str::to_owned);
    let refused_for = |layer: &'static str, expected| {
        let args = one(layer);
        refused(&args.each_ref().map(String::as_str), expected);
    };
    refused_for("codes", "\"code\" has the number 4202020010010000000000000001");
    refused_for("mixed", "several coordinate systems (SRID 4490, 4526)");
    refused_for("nothing", "there are: codes, fine, mixed, undeclared");
    done(&one("fine").each_ref().map(String::as_str));
    done(&one("undeclared").each_ref().map(String::as_str));
    let mut store = onemap_store::open(to, OpenMode::Existing).unwrap();
    assert_eq!(rows(&mut *store, "fine").len(), 4);
    assert_eq!(rows(&mut *store, "undeclared").len(), 1);
}

#[test]
fn a_store_is_a_source_and_never_its_own() {
    let Some(cluster) = Cluster::shared() else { return };
    let (first, second) = (cluster.fresh_database(), cluster.fresh_database());
    let (first_url, second_url) = (first.url(), second.url());
    done(&["sample", "--features", "1000", "--to", &first_url]);
    first.psql("CREATE TABLE visitors (id int, geom geometry(Point, 4490))");
    done(&["load", &first_url, "--to", &second_url]);
    let count = |database: &Database<'_>| {
        database.psql("SELECT count(*), sum(ST_Area(geom)), max(zddm) FROM parcels WHERE valid_to IS NULL")
    };
    assert_eq!(count(&first), count(&second));
    let columns = "SELECT string_agg(column_name, ',' ORDER BY column_name) FROM information_schema.columns WHERE table_name = 'parcels' AND table_schema = 'public'";
    assert_eq!(first.psql(columns), second.psql(columns));
    // Beside its own layers, it takes what else is in its database.
    let said = done(&["load", &first_url, "--to", &first_url, "--layer", "guests"]);
    assert!(said.contains("guests: 0 read"), "{said}");
    refused(
        &["load", &first_url, "--source-layer", "parcels", "--to", &first_url],
        "no source has a layer \"parcels\"",
    );
}

#[test]
fn all_layers_are_read_as_they_were_at_one_moment_and_nothing_is_written() {
    let Some(cluster) = Cluster::shared() else { return };
    let source = with_postgis(cluster, "CREATE TABLE a (x int); INSERT INTO a VALUES (1)");
    let (dataset, tables) = database::open(&source.url(), None).unwrap();
    source.psql("INSERT INTO a VALUES (2); CREATE TABLE b (x int)");
    let count = || {
        let sql = "SELECT count(*) FROM a";
        let found = dataset.execute_sql(sql, None, gdal::vector::sql::Dialect::DEFAULT);
        let mut found = found.unwrap().unwrap();
        let row = gdal::vector::LayerAccess::features(&mut *found).next().unwrap();
        row.field_as_integer(0).unwrap().unwrap()
    };
    assert_eq!((tables.len(), count()), (1, 1));
    let _ = dataset.execute_sql("INSERT INTO a VALUES (3)", None, gdal::vector::sql::Dialect::DEFAULT);
    drop(dataset);
    assert_eq!(source.psql("SELECT count(*) FROM a").trim(), "2");
}

#[test]
fn a_server_that_is_not_there_is_a_fault_and_a_password_never_shows() {
    for source in [
        "PG:host=127.0.0.1 port=1 password=secret",
        "postgresql://me:secret@127.0.0.1:1/db",
    ] {
        let output = run(&["load", source, "--to", "never.gpkg"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("port 1 failed") && !said.contains("secret"), "{said}");
    }
    assert!(!std::path::Path::new("never.gpkg").exists());
}
