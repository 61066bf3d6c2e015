//! What one feature was, and from which version to which.

use super::GeoPackage;
use super::catalog;
use super::fault::Inner;
use super::rows::Decoder;
use super::table::quote;
use crate::{Error, RecordedState, Stamp};
use onemap_model::{Fid, Instant, Name, Version};
use rusqlite::{Connection, OptionalExtension};

/// Reads states; see [`crate::Store::states`].
pub(super) fn states(
    package: &GeoPackage,
    layer: &Name,
    fid: Fid,
    until: Option<Version>,
    limit: usize,
) -> Inner<Vec<RecordedState>> {
    let tx = package.db.unchecked_transaction()?;
    let newest = catalog::version(&tx)?;
    let table = catalog::table(&tx, layer.as_str(), newest)?.ok_or_else(|| Error::UnknownLayer(layer.clone()))?;
    let (t, h, columns, number) = (table.current(), table.history(), table.decoded(), quote(&table.fid));
    // As in `read`: a row with an open end was saved by a trigger and not sealed yet, and is the sealed state.
    let sql = format!(
        "SELECT since, NULL AS until, {columns} FROM {t} WHERE {number} = {fid} AND since IS NOT NULL \
         UNION ALL SELECT since, until, {columns} FROM {h} WHERE {number} = {fid} AND (until IS NOT NULL OR NOT EXISTS \
         (SELECT 1 FROM {t} onemap_t WHERE onemap_t.{number} = {fid} AND onemap_t.since IS NOT NULL)) \
         ORDER BY 1 DESC"
    );
    let mut statement = tx.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut decoder = Decoder::new(&table);
    let mut states = Vec::new();
    while let Some(row) = rows.next()? {
        if states.len() == limit {
            break;
        }
        let (since, end) = (row.get::<_, i64>(0)? as u64, row.get::<_, Option<i64>>(1)?);
        if until.is_some_and(|until| since > until.0) {
            continue;
        }
        if let Some(feature) = decoder.feature(row, 2)? {
            states.push(RecordedState {
                feature,
                since: stamp(&tx, since)?,
                until: end.map(|end| stamp(&tx, end as u64)).transpose()?,
            });
        }
    }
    Ok(states)
}

fn stamp(db: &Connection, version: u64) -> Inner<Stamp> {
    let sql = "SELECT time FROM onemap_commit WHERE version = ?";
    let mut statement = db.prepare_cached(sql)?;
    let time: Option<String> = statement.query_row([version as i64], |row| row.get(0)).optional()?;
    Ok(Stamp {
        version: Version(version),
        time: time.and_then(|time| Instant::parse(&time).ok()),
    })
}
