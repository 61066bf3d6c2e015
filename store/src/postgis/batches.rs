//! The batches that there were.

use super::catalog;
use super::connect::Link;
use super::transaction::{Isolation, within};
use crate::batch::{Record, layers_of};
use crate::{Error, LoadCounts, RecordedBatch, Result};
use onemap_model::{Name, Version};
use tokio_postgres::Row;

/// What [`read`] reads, of commits called `c` and their batches called `b`.
const COLUMNS: &str = "c.version, (extract(epoch FROM c.time) * 1000000)::bigint, c.who, b.database_user, c.what, \
    b.record::text, b.undoes, (SELECT max(u.version) FROM onemap_meta.batch o JOIN onemap_meta.commit u ON u.tx = o.tx \
    WHERE o.undoes = c.version)";

/// Keeps what the transaction `tx` does, as a batch; it goes where that comes to nothing.
pub(super) fn record(link: &mut Link, tx: i64, undoes: Option<Version>, record: &Record) -> Result<()> {
    let sql = "INSERT INTO onemap_meta.batch (tx, undoes, record) VALUES ($1, $2, $3::text::json)";
    link.execute(sql, &[&tx, &undoes.map(catalog::signed), &record.to_json()])?;
    Ok(())
}

/// The latest batches; see [`crate::Store::batches`].
pub(super) fn before(
    link: &mut Link,
    layer: Option<&Name>,
    before: Option<Version>,
    limit: usize,
) -> Result<Vec<RecordedBatch>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM onemap_meta.batch b JOIN onemap_meta.commit c ON c.tx = b.tx
         WHERE c.version < $1 AND ($2::text IS NULL OR EXISTS (SELECT FROM json_array_elements(b.record -> 'layers') l
           WHERE l ->> 'layer' = $2)) ORDER BY c.version DESC LIMIT $3"
    );
    let before = before.map_or(i64::MAX, catalog::signed);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = link.query(&sql, &[&before, &layer.map(Name::as_str), &limit])?;
    rows.iter().map(|row| read(link, row)).collect()
}

/// What is known of a version; see [`crate::Store::batch`].
pub(super) fn of(link: &mut Link, version: Version) -> Result<RecordedBatch> {
    within(link, Isolation::Snapshot, |link| {
        let sql = format!(
            "SELECT {COLUMNS} FROM onemap_meta.commit c LEFT JOIN onemap_meta.batch b ON b.tx = c.tx WHERE c.version = $1"
        );
        let rows = link.query(&sql, &[&catalog::signed(version)])?;
        let Some(row) = rows.first() else {
            return Err(unknown(link, version)?);
        };
        let mut batch = read(link, row)?;
        if batch.layers.is_empty() {
            batch.layers = layers_of(touched(link, version)?);
        }
        Ok(batch)
    })
}

/// The error that tells which versions there are.
pub(super) fn unknown(link: &mut Link, asked: Version) -> Result<Error> {
    let (oldest, newest) = (catalog::oldest(link)?, catalog::version(link)?);
    Ok(Error::UnknownVersion { asked, oldest, newest })
}

fn touched(link: &mut Link, version: Version) -> Result<Vec<(Name, LoadCounts)>> {
    let sql = "SELECT layer, inserted, updated, deleted FROM onemap_meta.touched WHERE version = $1
               ORDER BY layer COLLATE \"C\"";
    let rows = link.query(sql, &[&catalog::signed(version)])?;
    let one = |row: &Row| {
        let count = |at| row.get::<_, i64>(at).max(0) as u64;
        let counts = LoadCounts {
            inserted: count(1),
            updated: count(2),
            unchanged: 0,
            deleted: count(3),
        };
        let name = Name::new(row.get(0)).map_err(|error| damaged(link, error.to_string()))?;
        Ok((name, counts))
    };
    rows.iter().map(one).collect()
}

fn read(link: &Link, row: &Row) -> Result<RecordedBatch> {
    let record = match row.get::<_, Option<&str>>(5) {
        Some(json) => Record::from_json(json).map_err(|reason| damaged(link, reason))?,
        None => Record::default(),
    };
    Ok(RecordedBatch {
        version: catalog::number(row.get(0)),
        time: catalog::instant(link, row.get(1))?,
        who: row.get(2),
        database_user: row.get(3),
        what: row.get(4),
        layers: record.layers,
        delivery: record.delivery,
        undoes: row.get::<_, Option<i64>>(6).map(catalog::number),
        undone_by: row.get::<_, Option<i64>>(7).map(catalog::number),
    })
}

fn damaged(link: &Link, reason: String) -> Error {
    let store = link.store().to_owned();
    Error::Damaged { store, reason }
}
