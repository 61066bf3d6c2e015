//! What one feature was, and from which version to which.

use super::catalog;
use super::connect::Link;
use super::rows::Decoder;
use super::scan::{Columns, scan};
use super::transaction::{Isolation, within};
use crate::{Error, RecordedState, Result, Stamp};
use onemap_model::{Fid, Name, Version};
use std::ops::ControlFlow;

/// Reads states; see [`crate::Store::states`].
pub(super) fn states(
    link: &mut Link,
    layer: &Name,
    fid: Fid,
    until: Option<Version>,
    limit: usize,
) -> Result<Vec<RecordedState>> {
    within(link, Isolation::Snapshot, |link| {
        let oldest = catalog::oldest(link)?;
        let tables = catalog::current_tables(link)?;
        let table = tables.into_iter().find(|table| table.layer.name() == layer);
        let table = table.ok_or_else(|| Error::UnknownLayer(layer.clone()))?;
        let (h, until) = (table.history(), until.map_or(i64::MAX, catalog::signed));
        let micros = |commit: &str| format!("(extract(epoch FROM {commit}.time) * 1000000)::bigint");
        // Each half has an index of its own.
        let sql = format!(
            "SELECT b.version::bigint, {}, h.until_tx IS NULL, e.version::bigint, {}, {} FROM \
             (SELECT * FROM {h} WHERE fid = {fid} AND until_tx IS NULL \
              UNION ALL SELECT * FROM {h} WHERE fid = {fid} AND until_tx IS NOT NULL) h \
             LEFT JOIN onemap_meta.commit b ON b.tx = h.since_tx LEFT JOIN onemap_meta.commit e ON e.tx = h.until_tx \
             WHERE coalesce(b.version, 0) <= {until} ORDER BY coalesce(b.version, 0) DESC LIMIT {limit}",
            micros("b"),
            micros("e"),
            table.decoded_history("h")
        );
        let mut decoder = Decoder::new(&table);
        let mut found = Vec::new();
        scan(link, &sql, &mut |columns| {
            let (ends, content) = columns.split_at(columns.len().min(5));
            found.extend(decoder.feature(content).map(|feature| (feature, Ends::of(ends))));
            Ok(ControlFlow::Continue(()))
        })?;
        let stamp = |link: &Link, version: Option<i64>, time: Option<i64>| {
            Ok::<_, Error>(Stamp {
                version: version.map_or(oldest, catalog::number),
                time: time.map(|time| catalog::instant(link, time)).transpose()?,
            })
        };
        let state = |(feature, ends): (_, Ends)| {
            Ok(RecordedState {
                feature,
                since: stamp(link, ends.since, ends.since_time)?,
                until: match ends.is_open {
                    true => None,
                    false => Some(stamp(link, ends.until, ends.until_time)?),
                },
            })
        };
        found.into_iter().map(state).collect()
    })
}

/// When a state began and ended: versions, and microseconds.
struct Ends {
    since: Option<i64>,
    since_time: Option<i64>,
    is_open: bool,
    until: Option<i64>,
    until_time: Option<i64>,
}

impl Ends {
    fn of(columns: Columns<'_>) -> Self {
        let number = |at: usize| Some(i64::from_be_bytes((*columns.get(at)?)?.try_into().ok()?));
        Self {
            since: number(0),
            since_time: number(1),
            is_open: columns.get(2).copied().flatten() == Some(&[1]),
            until: number(3),
            until_time: number(4),
        }
    }
}
