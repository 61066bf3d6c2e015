//! Opening a file as a store, or making one.
//!
//! What is checked at open is what can be checked at once whatever the size: that it is a GeoPackage of ours, that its
//! schema is known, that it is as long as its header says. SQLite's own `quick_check` reads everything, so it runs only
//! where a crash left a journal behind, or where the file is small; `verify` does all.

use super::fault::{Fault, Inner};
use super::migrate::{self, Schema};
use super::wal;
use super::{GeoPackage, functions};
use crate::{Error, Result};
use onemap_model::{Crs, Epoch};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;
use std::time::Duration;

/// Files up to this many bytes are checked wholly at open.
const SMALL_BYTES: u64 = 32 << 20;
/// How long another process's lock is waited for.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of the store, and of the temporary tables of a load, in KiB.
const CACHE_KIB: i64 = 64 << 10;
const TEMP_CACHE_KIB: i64 = 32 << 10;

/// Opens the store in the file at `path`.
pub(super) fn existing(path: &Path, schema: Schema) -> Result<GeoPackage> {
    let store = path.display().to_string();
    let bytes = std::fs::metadata(path).map_err(|error| not_a_store(&store, &file_fault(&error)))?;
    if bytes.is_dir() {
        return Err(not_a_store(&store, "it is a folder; expected a GeoPackage file"));
    }
    if bytes.len() == 0 {
        return Err(not_a_store(
            &store,
            "the file is empty; load something into it first (onemap-import load)",
        ));
    }
    open(path, None, schema).map_err(|fault| fault.of(&store))
}

/// Opens the store in the file at `path`; makes it where there is no file or an empty one.
pub(super) fn or_create(path: &Path, crs: Crs) -> Result<GeoPackage> {
    let store = path.display().to_string();
    if path.is_dir() {
        return Err(not_a_store(&store, "it is a folder; expected a GeoPackage file"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(not_a_store(&store, &format!("there is no folder {}", folder.display())));
    }
    open(path, Some(crs), Schema::IsUpgraded).map_err(|fault| fault.of(&store))
}

fn open(path: &Path, create_in: Option<Crs>, schema: Schema) -> Inner<GeoPackage> {
    let store = path.display().to_string();
    let had_journal = std::fs::metadata(format!("{store}-journal")).is_ok_and(|journal| journal.len() > 0);
    let create = match create_in {
        Some(_) => OpenFlags::SQLITE_OPEN_CREATE,
        None => OpenFlags::empty(),
    };
    let mut db = connect(path, create)?;
    if let Some(crs) = create_in
        && is_empty(&db)?
    {
        migrate::create(&mut db, crs)?;
    }
    check_kind(&db, &store)?;
    set_up(&db)?;
    check_whole(&db, path, had_journal)?;
    migrate::upgrade(&mut db, &store, schema)?;
    let (epoch, crs) = facts(&db)?;
    let mut package = GeoPackage::new(db, store, epoch, crs);
    match package.look() {
        Err(fault) if fault.is_busy() => Ok(package),
        Err(fault) => Err(fault),
        Ok(_) => Ok(package),
    }
}

/// Connects to the file without reading it, so that nothing is locked yet.
pub(super) fn connect(path: &Path, create: OpenFlags) -> Inner<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    // An absolute path is never taken for a URI.
    let absolute =
        std::path::absolute(path).map_err(|error| not_a_store(&path.display().to_string(), &error.to_string()))?;
    let db = Connection::open_with_flags(absolute, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(64);
    functions::register(&db)?;
    Ok(db)
}

fn is_empty(db: &Connection) -> Inner<bool> {
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    Ok(tables == 0)
}

/// Whether it is a store at all.
pub(super) fn check_kind(db: &Connection, store: &str) -> Inner<()> {
    let has = |table: &str| {
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
        db.query_row(sql, [table], |_| Ok(()))
            .optional()
            .map(|found| found.is_some())
    };
    if has("onemap_meta")? {
        return Ok(());
    }
    let id: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let reason = if id == migrate::APPLICATION_ID || has("gpkg_contents")? {
        format!(
            "it is a GeoPackage, but no onemap store; make one of it with: onemap-import load {store} --to city.gpkg"
        )
    } else {
        "it is an SQLite database, but no GeoPackage that onemap made".to_owned()
    };
    Err(not_a_store(store, &reason).into())
}

pub(super) fn set_up(db: &Connection) -> Inner<()> {
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.pragma_update(None, "temp_store", "FILE")?;
    db.pragma_update(Some("temp"), "cache_size", -TEMP_CACHE_KIB)?;
    Ok(())
}

fn check_whole(db: &Connection, path: &Path, had_journal: bool) -> Inner<()> {
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let claimed = db.query_row(sql, [], |row| row.get::<_, i64>(0))? as u64;
    let bytes = std::fs::metadata(path).map_or(u64::MAX, |file| file.len());
    // What a WAL holds is not in the file yet.
    if bytes < claimed && wal::mode(db)? == wal::Mode::Rollback {
        return Err(Fault::Damaged(format!(
            "it has {bytes} bytes where its header says {claimed}: it was cut off"
        )));
    }
    if had_journal || bytes <= SMALL_BYTES {
        let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(Fault::Damaged(verdict));
        }
    }
    Ok(())
}

/// The epoch and the coordinate system.
pub(super) fn facts(db: &Connection) -> Inner<(Epoch, Crs)> {
    let damaged = |what: &str| Fault::Damaged(format!("its table onemap_meta has no legal {what}"));
    let epoch: String = meta(db, "epoch")?.ok_or_else(|| damaged("epoch"))?;
    let crs: u32 = meta(db, "crs")?.ok_or_else(|| damaged("crs"))?;
    Ok((Epoch::new(&epoch).map_err(|_| damaged("epoch"))?, Crs::epsg(crs)))
}

fn meta<T: rusqlite::types::FromSql>(db: &Connection, key: &str) -> Inner<Option<T>> {
    Ok(db
        .query_row("SELECT value FROM onemap_meta WHERE key = ?", [key], |row| row.get(0))
        .optional()?)
}

fn file_fault(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            "there is no such file; load something into it first (onemap-import load)".to_owned()
        }
        _ => error.to_string(),
    }
}

fn not_a_store(store: &str, reason: &str) -> Error {
    Error::NotAStore {
        store: store.to_owned(),
        reason: reason.to_owned(),
    }
}
