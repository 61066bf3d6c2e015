//! Bringing a file to the schema that this program knows.

use super::fault::{Fault, Inner};
use super::{catalog, kept, schema};
use crate::Error;
use onemap_model::Crs;
use rusqlite::{Connection, TransactionBehavior, params};

/// The migrations in order; the schema version is how many of them were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../schemas/migrations/geopackage/0001_store.sql"),
    include_str!("../../../schemas/migrations/geopackage/0002_kept.sql"),
    include_str!("../../../schemas/migrations/geopackage/0003_batches.sql"),
];

/// The schema version from which on layers' rows are kept once more.
const KEPT: usize = 2;

/// What is done about an older schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// It is refused.
    MustBeKnown,
    /// It is brought up to date.
    IsUpgraded,
}

/// `GPKG`, in the header of every GeoPackage since 1.2.
pub(super) const APPLICATION_ID: i64 = 0x4750_4b47;
/// GeoPackage 1.3: GDAL before 3.7 warns of a newer one at each opening, and nothing of 1.4 is needed.
const USER_VERSION: i64 = 10300;

/// Makes a store out of an empty file, at once or not at all. A file that another process filled meanwhile stays.
pub(super) fn create(db: &mut Connection, crs: Crs) -> Inner<()> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if tx.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))? > 0 {
        return Ok(());
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", USER_VERSION)?;
    apply(&tx, 0)?;
    tx.execute(
        "INSERT INTO onemap_meta VALUES ('epoch', lower(hex(randomblob(16)))), ('crs', ?)",
        [crs.code()],
    )?;
    tx.execute(
        "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?1, ?2, 'EPSG', ?2, 'undefined', NULL)",
        params![crs.to_string(), crs.code()],
    )?;
    Ok(tx.commit()?)
}

/// Applies the migrations that the file lacks, all or none.
pub(super) fn upgrade(db: &mut Connection, store: &str, schema: Schema) -> Inner<()> {
    let found: i64 = db
        .query_row(
            "SELECT value FROM onemap_meta WHERE key = 'schema_version'",
            [],
            |row| row.get(0),
        )
        .map_err(|_| Fault::Damaged("its table onemap_meta does not tell the schema version".to_owned()))?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(Error::TooNew {
            store: store.to_owned(),
            found,
            known,
        }
        .into());
    }
    if found < known {
        if schema == Schema::MustBeKnown {
            return Err(Error::NeedsMigration {
                store: store.to_owned(),
                found,
                known,
            }
            .into());
        }
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        apply(&tx, found.max(0) as usize)?;
        tx.commit()?;
    }
    Ok(())
}

fn apply(db: &Connection, from: usize) -> Inner<()> {
    for migration in &MIGRATIONS[from..] {
        db.execute_batch(migration)?;
    }
    // The tables of layers are known only here. A layer whose table is gone is left to the next look.
    let unkept = if from < KEPT {
        catalog::current_tables(db)?
    } else {
        Vec::new()
    };
    for table in unkept {
        if schema::exists(db, table.name())? && schema::exists(db, &table.history_name())? {
            kept::make(db, &table)?;
        }
    }
    db.execute(
        "INSERT OR REPLACE INTO onemap_meta VALUES ('schema_version', ?)",
        [MIGRATIONS.len() as i64],
    )?;
    Ok(())
}
