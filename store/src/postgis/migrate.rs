//! Making a store in a database, and bringing one to the schema that this program knows.

use super::catalog;
use super::connect::Link;
use super::table::quote;
use super::transaction::{Isolation, within};
use super::triggers;
use crate::{Error, OpenMode, Result};
use onemap_model::{Crs, Epoch};

/// The migrations in order; the schema version is how many of them were applied.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../../schemas/migrations/postgis/0001_store.sql"),
    include_str!("../../../schemas/migrations/postgis/0002_functions.sql"),
    include_str!("../../../schemas/migrations/postgis/0003_batches.sql"),
];

/// The key of the lock under which a store is made, migrated, and brought in line with its tables.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('onemap'), hashtext('schema'))";

/// What is known of a store when it is opened.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub epoch: Epoch,
    pub crs: Crs,
    /// The schema that PostGIS is in, quoted.
    pub postgis: String,
}

/// Makes the database what `mode` asks for.
pub(super) fn open(link: &mut Link, mode: OpenMode) -> Result<Facts> {
    if let OpenMode::CreateIn(crs) = mode
        && !exists(link)?
    {
        within(link, Isolation::ReadCommitted, |link| create(link, crs))?;
        link.find_postgis()?;
    }
    if !exists(link)? {
        return Err(not_a_store(
            link,
            "the database has no onemap store; load something into it first (onemap-import load)",
        ));
    }
    let known = MIGRATIONS.len() as i64;
    let found = version(link)?;
    if found > known {
        let store = link.store().to_owned();
        return Err(Error::TooNew { store, found, known });
    }
    if found < known {
        if mode == OpenMode::Existing {
            let store = link.store().to_owned();
            return Err(Error::NeedsMigration { store, found, known });
        }
        within(link, Isolation::ReadCommitted, upgrade)?;
    }
    facts(link)
}

/// Checks that a database that was connected to anew still has the store.
pub(super) fn check(link: &mut Link) -> Result<()> {
    open(link, OpenMode::Existing).map(drop)
}

fn exists(link: &mut Link) -> Result<bool> {
    Ok(link.query("SELECT to_regclass('onemap_meta.meta') IS NOT NULL", &[])?[0].get(0))
}

fn version(link: &mut Link) -> Result<i64> {
    let rows = link.query(
        "SELECT value::bigint FROM onemap_meta.meta WHERE key = 'schema_version'",
        &[],
    )?;
    let found = rows.first().map(|row| row.get(0));
    found.ok_or_else(|| damaged(link, "its table onemap_meta.meta does not tell the schema version"))
}

/// Makes a store, at once or not at all. One that another process made meanwhile stays.
fn create(link: &mut Link, crs: Crs) -> Result<()> {
    link.batch(LOCK)?;
    if exists(link)? {
        return Ok(());
    }
    let installed = link.query("SELECT FROM pg_extension WHERE extname = 'postgis'", &[])?;
    if installed.is_empty() {
        let made = link.batch("CREATE EXTENSION postgis SCHEMA public");
        made.map_err(|error| no_postgis(link, error))?;
    }
    let postgis = postgis(link)?;
    let sql = format!("SELECT FROM {postgis}.spatial_ref_sys WHERE srid = {}", crs.code());
    if link.query(&sql, &[])?.is_empty() {
        return Err(not_a_store(
            link,
            &format!("PostGIS does not know {crs} (spatial_ref_sys)"),
        ));
    }
    apply(link, 0)?;
    let epoch = "replace(gen_random_uuid()::text, '-', '')";
    link.batch(&format!(
        "INSERT INTO onemap_meta.meta VALUES ('epoch', {epoch}), ('crs', '{}'), ('oldest', '0'), \
         ('identity', coalesce(onemap_meta.identity(), ''))",
        crs.code()
    ))
}

fn upgrade(link: &mut Link) -> Result<()> {
    link.batch(LOCK)?;
    let found = version(link)?;
    if found >= MIGRATIONS.len() as i64 {
        return Ok(()); // by another process, meanwhile
    }
    apply(link, found.max(0) as usize)?;
    let postgis = postgis(link)?;
    for table in catalog::current_tables(link)? {
        let is_there = link.query("SELECT onemap_meta.shape($1) IS NOT NULL", &[&table.name()])?;
        if is_there[0].get(0) {
            link.batch(&triggers::install(&table, &postgis))?;
        }
    }
    Ok(())
}

fn apply(link: &mut Link, from: usize) -> Result<()> {
    for migration in &MIGRATIONS[from..] {
        link.batch(migration)?;
    }
    link.batch(&format!(
        "INSERT INTO onemap_meta.meta VALUES ('schema_version', '{}') ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        MIGRATIONS.len()
    ))
}

/// The schema that PostGIS is in, quoted.
fn postgis(link: &mut Link) -> Result<String> {
    let sql = "SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
               WHERE e.extname = 'postgis'";
    let rows = link.query(sql, &[])?;
    let name: Option<String> = rows.first().map(|row| row.get(0));
    name.map(|name| quote(&name))
        .ok_or_else(|| not_a_store(link, "the database has no PostGIS: CREATE EXTENSION postgis"))
}

/// The epoch, the coordinate system, the place of PostGIS.
pub(super) fn facts(link: &mut Link) -> Result<Facts> {
    let (epoch, crs) = (meta(link, "epoch")?, meta(link, "crs")?);
    let epoch = epoch.and_then(|text| Epoch::new(&text).ok());
    let crs = crs.and_then(|text| text.parse().ok()).map(Crs::epsg);
    Ok(Facts {
        epoch: epoch.ok_or_else(|| damaged(link, "its table onemap_meta.meta has no legal epoch"))?,
        crs: crs.ok_or_else(|| damaged(link, "its table onemap_meta.meta has no legal crs"))?,
        postgis: postgis(link)?,
    })
}

fn meta(link: &mut Link, key: &str) -> Result<Option<String>> {
    let rows = link.query("SELECT value FROM onemap_meta.meta WHERE key = $1", &[&key])?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// What to do where PostGIS cannot be installed by us.
fn no_postgis(link: &Link, error: Error) -> Error {
    match error {
        Error::Postgres { message, .. } => not_a_store(
            link,
            &format!(
                "the database has no PostGIS, and it cannot be put there ({message}): install PostGIS on the server, then let \
                 an administrator run CREATE EXTENSION postgis in the database"
            ),
        ),
        error => error,
    }
}

fn damaged(link: &Link, reason: &str) -> Error {
    Error::Damaged {
        store: link.store().to_owned(),
        reason: reason.to_owned(),
    }
}

fn not_a_store(link: &Link, reason: &str) -> Error {
    Error::NotAStore {
        store: link.store().to_owned(),
        reason: reason.to_owned(),
    }
}
