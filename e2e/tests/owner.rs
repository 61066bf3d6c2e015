//! A database whose owner is no superuser, and editors who own nothing: everything works with the rights that a city's
//! database administrator gives.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::editor::Editor;
use onemap_e2e::live::{self, PARCELS};
use onemap_e2e::programs::import;
use onemap_testing::{Cluster, Database};
use std::process::Command;

/// The database as somebody else connects to it.
fn url_of(database: &Database<'_>, user: &str) -> String {
    database.url().replace("//onemap@", &format!("//{user}@"))
}

#[test]
fn an_owner_who_is_no_superuser_loads_serves_overwrites_and_prunes_and_editors_need_no_rights_on_the_log() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.fresh_database();
    database.psql(&format!(
        "CREATE ROLE city LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE; CREATE ROLE clerk LOGIN NOSUPERUSER;
         ALTER DATABASE {} OWNER TO city",
        database.name()
    ));
    let (city, clerk) = (url_of(&database, "city"), url_of(&database, "clerk"));
    import(&["sample", "--features", &PARCELS.to_string(), "--to", &city]).succeeded();
    assert_eq!(
        database.psql("SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = 'parcels'"),
        "city"
    );
    let serving = live::serve(&city, &[]);
    live::fill_cache(&database, &serving);

    // One who may edit the table, and sees nothing of what belongs to the store.
    database.psql("GRANT SELECT, INSERT, UPDATE, DELETE ON parcels TO clerk");
    let editor = Editor::start(&clerk, PARCELS, 5);
    live::wait_for_commits(&database, 50);
    editor.finish();
    live::assert_right(&database, &serving);
    let peeked = Command::new("psql")
        .args(["-X", "-q", "-d", &clerk, "-c", "DELETE FROM onemap_meta.commit"])
        .output()
        .unwrap();
    assert!(!peeked.status.success(), "a clerk may not touch the log");

    // The owner's other tools.
    let target = live::for_gdal(&database).replace("user=onemap", "user=city");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("delivery.gpkg");
    let file = file.to_str().unwrap();
    let before = live::committed(&database);
    for arguments in [
        &[
            "-f",
            "GPKG",
            file,
            &target,
            "-sql",
            "SELECT zddm, zl, yt, geom FROM parcels WHERE fid % 2 = 0",
            "-nln",
            "parcels",
        ][..],
        &[
            "-overwrite",
            "-f",
            "PostgreSQL",
            &target,
            file,
            "parcels",
            "-nln",
            "parcels",
            "-lco",
            "FID=fid",
            "-lco",
            "GEOMETRY_NAME=geom",
        ],
    ] {
        let run = Command::new("ogr2ogr").args(arguments).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }
    live::wait_until("the overwritten table is noticed", || {
        live::committed(&database) > before
    });
    live::assert_right(&database, &serving);
    import(&["verify", &city]).succeeded();
    import(&["prune", &city, "--before", &before.to_string()]).succeeded();
    live::assert_right(&database, &serving);
}
