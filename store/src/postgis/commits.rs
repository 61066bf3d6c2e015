//! The commits that were made, and what differs between two of them.

use super::catalog;
use super::connect::Link;
use super::read::{at, known};
use super::rows::Decoder;
use super::scan::scan;
use super::table::Table;
use super::transaction::{Isolation, within};
use crate::{Commit, Difference, Error, LayerCommit, Result};
use onemap_model::{Change, Feature, Fid, Instant, Name, Version};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Reads the commits after a version; see [`crate::Store::commits`].
pub(super) fn after(link: &mut Link, after: Version, limit: usize) -> Result<Vec<Commit>> {
    within(link, Isolation::Snapshot, |link| {
        let oldest = catalog::oldest(link)?;
        if after < oldest {
            return Err(Error::Pruned { oldest });
        }
        let sql = "SELECT c.version, (extract(epoch FROM c.time) * 1000000)::bigint, c.who, c.what, t.layer,
                     t.inserted + t.updated + t.deleted, t.redefined
                   FROM (SELECT * FROM onemap_meta.commit WHERE version > $1 ORDER BY version LIMIT $2) c
                   LEFT JOIN onemap_meta.touched t ON t.tx = c.tx ORDER BY c.version, t.layer COLLATE \"C\"";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut commits: Vec<Commit> = Vec::new();
        for row in link.query(sql, &[&catalog::signed(after), &limit])? {
            let version = catalog::number(row.get(0));
            if commits.last().is_none_or(|commit| commit.version != version) {
                commits.push(Commit {
                    version,
                    time: catalog::instant(link, row.get(1))?,
                    who: row.get(2),
                    what: row.get(3),
                    layers: Vec::new(),
                });
            }
            let layer = row.get::<_, Option<String>>(4).and_then(|name| Name::new(&name).ok());
            if let (Some(layer), Some(commit)) = (layer, commits.last_mut()) {
                commit.layers.push(LayerCommit {
                    layer,
                    entries: row.get::<_, i64>(5).max(0) as u64,
                    redefined: row.get(6),
                });
            }
        }
        Ok(commits)
    })
}

/// The newest version that there was at `time`.
pub(super) fn version_at(link: &mut Link, time: Instant) -> Result<Version> {
    let sql = "SELECT coalesce(max(version), 0) FROM onemap_meta.commit
               WHERE (extract(epoch FROM time) * 1000000)::bigint <= $1
                 AND time <= timestamptz 'epoch' + make_interval(secs => $2)";
    // The first condition is exact, the second one finds its way through the index.
    let seconds = time.micros() as f64 / 1e6 + 1.0;
    let rows = link.query(sql, &[&time.micros(), &seconds])?;
    Ok(catalog::number(rows[0].get(0)))
}

/// What differs in a layer between two versions; see [`crate::Store::difference`].
pub(super) fn difference(
    link: &mut Link,
    layer: &Name,
    from: Version,
    to: Version,
    limit: usize,
) -> Result<Difference> {
    within(link, Isolation::Snapshot, |link| {
        let newest = catalog::version(link)?;
        let (early, late) = (from.min(to), from.max(to));
        known(link, early, newest)?;
        known(link, late, newest)?;
        let mut at_version = |version| -> Result<Option<Table>> {
            let tables = catalog::tables(link, version)?;
            Ok(tables.into_iter().find(|table| table.layer.name() == layer))
        };
        let (Some(old), Some(new)) = (at_version(from)?, at_version(to)?) else {
            return Ok(Difference::Redefined);
        };
        if old.layer != new.layer {
            return Ok(Difference::Redefined);
        }
        let touched = touched(&old, early, late, limit);
        let sql = format!("SELECT count(*) FROM ({touched}) f");
        if link.query(&sql, &[])?[0].get::<_, i64>(0) as u64 > limit as u64 {
            return Ok(Difference::TooMany);
        }
        let mut states: BTreeMap<Fid, (Option<Feature>, Option<Feature>)> = BTreeMap::new();
        states_at(link, &old, from, &touched, &mut |feature| {
            let state = states.entry(feature.fid).or_default();
            state.0 = Some(feature);
        })?;
        states_at(link, &new, to, &touched, &mut |feature| {
            let state = states.entry(feature.fid).or_default();
            state.1 = Some(feature);
        })?;
        let changed = states.into_iter().filter(|(_, (old, new))| old != new);
        let change = |(fid, (old, new))| Change {
            layer: layer.clone(),
            fid,
            old,
            new,
        };
        Ok(Difference::Changes(changed.map(change).collect()))
    })
}

/// The numbers of features with a state that began or ended between two versions: one more than `limit` at most.
fn touched(table: &Table, early: Version, late: Version, limit: usize) -> String {
    let (h, early, late) = (table.history(), catalog::signed(early), catalog::signed(late));
    let side = |column: &str| {
        format!(
            "SELECT h.fid FROM onemap_meta.commit c JOIN {h} h ON h.{column} = c.tx \
             WHERE c.version > {early} AND c.version <= {late}"
        )
    };
    let limit = limit.saturating_add(1).min(i64::MAX as usize);
    format!(
        "SELECT fid FROM ({} UNION {}) u ORDER BY fid LIMIT {limit}",
        side("since_tx"),
        side("until_tx")
    )
}

fn states_at(
    link: &mut Link,
    table: &Table,
    version: Version,
    touched: &str,
    each: &mut dyn FnMut(Feature),
) -> Result<()> {
    let columns = table.decoded_history("h");
    let sql = format!("SELECT {columns} FROM {} AND h.fid IN ({touched})", at(table, version));
    let mut decoder = Decoder::new(table);
    scan(link, &sql, &mut |columns| {
        if let Some(feature) = decoder.feature(columns) {
            each(feature);
        }
        Ok(ControlFlow::Continue(()))
    })
}
