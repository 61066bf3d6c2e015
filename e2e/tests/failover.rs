//! A standby takes over under a server that follows: it goes on with what was committed there, and with nothing else.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::editor::Editor;
use onemap_e2e::http;
use onemap_e2e::live::{self, PARCELS};
use onemap_e2e::programs::Serving;
use onemap_testing::{Cluster, Database};
use serde_json::Value;

/// The tile of the middle of the city.
fn tile(serving: &Serving, tag: &str) -> http::Response {
    let target = "/xyz/parcels/13/6714/3374";
    http::get_with(serving.address, target, &[("If-None-Match", tag)]).unwrap()
}

fn json(serving: &Serving, target: &str) -> Value {
    let reply = serving.get(target);
    assert_eq!(reply.status, 200, "{target}: {}", reply.text());
    serde_json::from_slice(&reply.body).unwrap()
}

/// How many parcels are shown at this address.
fn at_address(serving: &Serving, zl: &str) -> u64 {
    json(
        serving,
        &format!("/collections/parcels/items?limit=1&filter=zl%3D%27{zl}%27"),
    )["numberMatched"]
        .as_u64()
        .unwrap()
}

/// Waits until the standby has all that the primary committed.
fn wait_for_replay(primary: &Database<'_>, standby: &Cluster) {
    let written = primary.psql("SELECT pg_current_wal_lsn()");
    let replayed = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
    live::wait_until("the standby has everything", || {
        standby.psql("postgres", &replayed) == "t"
    });
}

/// Cuts the standby off from its primary.
fn cut_off(standby: &Cluster) {
    standby.psql("postgres", "ALTER SYSTEM SET primary_conninfo = ''");
    standby.psql("postgres", "SELECT pg_reload_conf()");
    live::wait_until("the standby is alone", || {
        standby.psql("postgres", "SELECT count(*) FROM pg_stat_wal_receiver") == "0"
    });
}

#[test]
fn a_promoted_standby_is_followed_and_what_was_lost_with_the_primary_is_not_shown() {
    let Some(primary) = Cluster::start() else { return };
    let database = primary.fresh_database();
    live::make_city(&database);
    let standby = primary.standby();
    let (one, two, name) = (primary.port(), standby.port(), database.name());
    let url = format!("postgres://onemap@127.0.0.1:{one},127.0.0.1:{two}/{name}?target_session_attrs=read-write");
    let serving = live::serve(&url, &[]);
    live::fill_cache(&database, &serving);
    let editor = Editor::start(&database.url(), PARCELS, 3);
    live::wait_for_commits(&database, 30);
    editor.finish();
    wait_for_replay(&database, &standby);

    // Committed, and shown, but nobody told the standby.
    cut_off(&standby);
    database.psql("UPDATE parcels SET zl = 'lost'");
    let version = live::committed(&database);
    live::wait_for_version(&serving, version);
    assert!(at_address(&serving, "lost") > 500);
    let (old_epoch, cursor) = (
        json(&serving, "/health/ready")["epoch"].clone(),
        json(&serving, "/changes?since=now")["next"].clone(),
    );
    let old_tile = tile(&serving, "");
    assert_eq!(old_tile.status, 200);

    primary.crash();
    assert_eq!(serving.get("/collections/parcels/items?limit=1").status, 200);
    standby.promote();
    let database = standby.database(name);
    database.psql("UPDATE parcels SET zl = 'kept'");
    assert_eq!(live::committed(&database), version, "one number, two meanings");
    live::wait_until("the new primary is followed", || {
        json(&serving, "/health/ready")["epoch"] != old_epoch && at_address(&serving, "kept") > 500
    });
    assert_eq!(at_address(&serving, "lost"), 0);
    let tag = old_tile.header("etag").unwrap();
    assert_eq!(tile(&serving, tag).status, 200, "the tile of another life");
    let cursor = cursor.as_str().unwrap();
    assert_eq!(serving.get(&format!("/changes?since={cursor}")).status, 410);

    let editor = Editor::start(&database.url(), PARCELS, 4);
    live::wait_for_commits(&database, 30);
    editor.finish();
    live::assert_right(&database, &serving);
}
