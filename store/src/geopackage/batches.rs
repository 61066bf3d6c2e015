//! The batches that there were.

use super::fault::{Fault, Inner};
use super::{catalog, prune};
use crate::batch::{Record, layers_of};
use crate::{Error, LoadCounts, RecordedBatch};
use onemap_model::{Instant, Name, Version};
use rusqlite::{Connection, OptionalExtension, params};

/// What [`read`] reads, of commits called `c` and their batches called `b`.
const COLUMNS: &str = "c.version, c.time, c.who, c.what, b.record, b.undoes, \
    (SELECT max(o.version) FROM onemap_batch o WHERE o.undoes = c.version)";

/// Keeps what a version did, as a batch.
pub(super) fn record(db: &Connection, version: Version, undoes: Option<Version>, record: &Record) -> Inner<()> {
    let undoes = undoes.map(|version| version.0 as i64);
    db.execute(
        "INSERT INTO onemap_batch VALUES (?, ?, ?)",
        params![version.0 as i64, undoes, record.to_json()],
    )?;
    Ok(())
}

/// The latest batches; see [`crate::Store::batches`].
pub(super) fn before(
    db: &Connection,
    layer: Option<&Name>,
    before: Option<Version>,
    limit: usize,
) -> Inner<Vec<RecordedBatch>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM onemap_batch b JOIN onemap_commit c ON c.version = b.version \
         WHERE b.version < ?1 AND (?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(b.record, '$.layers') l \
         WHERE json_extract(l.value, '$.layer') = ?2)) ORDER BY b.version DESC LIMIT ?3"
    );
    let before = before.map_or(i64::MAX, |version| i64::try_from(version.0).unwrap_or(i64::MAX));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query(params![before, layer.map(Name::as_str), limit])?;
    let mut batches = Vec::new();
    while let Some(row) = rows.next()? {
        batches.push(read(row)?);
    }
    Ok(batches)
}

/// What is known of a version; see [`crate::Store::batch`].
pub(super) fn of(db: &Connection, version: Version) -> Inner<RecordedBatch> {
    let tx = db.unchecked_transaction()?;
    let sql = format!(
        "SELECT {COLUMNS} FROM onemap_commit c LEFT JOIN onemap_batch b ON b.version = c.version WHERE c.version = ?"
    );
    let asked = i64::try_from(version.0).unwrap_or(i64::MAX);
    let mut found = tx
        .query_row(&sql, [asked], |row| Ok(read(row)))
        .optional()?
        .transpose()?;
    if let Some(batch) = found.as_mut().filter(|batch| batch.layers.is_empty()) {
        batch.layers = layers_of(touched(&tx, version)?);
    }
    match found {
        Some(batch) => Ok(batch),
        None => Err(Error::UnknownVersion {
            asked: version,
            oldest: prune::oldest(&tx)?,
            newest: catalog::version(&tx)?,
        }
        .into()),
    }
}

/// What a version did to which layers.
pub(super) fn touched(db: &Connection, version: Version) -> Inner<Vec<(Name, LoadCounts)>> {
    let sql = "SELECT layer, inserted, updated, deleted FROM onemap_commit_layer WHERE version = ? ORDER BY layer";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([version.0 as i64])?;
    let mut touched = Vec::new();
    while let Some(row) = rows.next()? {
        let name = Name::new(&row.get::<_, String>(0)?).map_err(|error| Fault::Damaged(error.to_string()))?;
        let count = |at| row.get::<_, i64>(at).map(|n| n.max(0) as u64);
        let counts = LoadCounts {
            inserted: count(1)?,
            updated: count(2)?,
            unchanged: 0,
            deleted: count(3)?,
        };
        touched.push((name, counts));
    }
    Ok(touched)
}

fn read(row: &rusqlite::Row<'_>) -> Inner<RecordedBatch> {
    let version = |at| -> rusqlite::Result<Option<Version>> {
        Ok(row.get::<_, Option<i64>>(at)?.map(|version| Version(version as u64)))
    };
    let record = match row.get::<_, Option<String>>(4)? {
        Some(json) => Record::from_json(&json).map_err(Fault::Damaged)?,
        None => Record::default(),
    };
    let time = Instant::parse(&row.get::<_, String>(1)?);
    Ok(RecordedBatch {
        version: version(0)?.unwrap_or_default(),
        time: time.map_err(|error| Fault::Damaged(format!("the time of a batch: {error}")))?,
        who: row.get(2)?,
        database_user: None,
        what: row.get(3)?,
        layers: record.layers,
        delivery: record.delivery,
        undoes: version(5)?,
        undone_by: version(6)?,
    })
}
