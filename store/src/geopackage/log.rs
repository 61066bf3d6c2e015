//! The change log, read out of `since` and `until`.

use super::GeoPackage;
use super::catalog;
use super::fault::{Fault, Inner};
use super::prune;
use super::rows::Decoder;
use super::table::{Table, quote};
use crate::{LogEntry, LogPage, LogPosition};
use onemap_model::{Change, Epoch, Feature, Fid, Instant, Name, Version};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// At most this many entries are read at once, whatever is asked for.
const MAX_LIMIT: usize = 100_000;

/// Where the last page ended inside a layer: so the next one need not count from the beginning of the version.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    position: LogPosition,
    epoch: Epoch,
    last: i64,
}

/// Reads a page; see [`crate::Store::log`].
pub(super) fn page(package: &mut GeoPackage, after: LogPosition, limit: usize) -> Inner<LogPage> {
    let mark = package
        .log_mark
        .take()
        .filter(|mark| mark.position == after && mark.epoch == package.epoch);
    let tx = package.db.unchecked_transaction()?;
    prune::check_kept(&tx, after.version)?;
    let mut page = LogPage {
        entries: Vec::new(),
        next: after,
    };
    let room = limit.min(MAX_LIMIT);
    let mut last = mark.map(|mark| mark.last);
    while page.entries.len() < room && page.next.version.0 < i64::MAX as u64 {
        let version = page.next.version.next();
        let Some(time) = time_of(&tx, version)? else {
            break;
        };
        let mut pages = Pages {
            db: &tx,
            version,
            time,
            last: last.take(),
        };
        page.next.offset = pages.add(page.next.offset, room, &mut page.entries)?;
        last = pages.last;
        if page.entries.len() < room || page.next.offset >= total(&tx, version)? {
            page.next = LogPosition { version, offset: 0 };
            last = None;
        }
    }
    tx.commit()?;
    package.log_mark = last.map(|last| Mark {
        position: page.next,
        epoch: package.epoch.clone(),
        last,
    });
    Ok(page)
}

fn time_of(db: &Connection, version: Version) -> Inner<Option<Instant>> {
    let Ok(v) = i64::try_from(version.0) else {
        return Ok(None);
    };
    let sql = "SELECT time FROM onemap_commit WHERE version = ?";
    let text: Option<String> = db.prepare_cached(sql)?.query_row([v], |row| row.get(0)).optional()?;
    let damaged = |e: onemap_model::TimeError| Fault::Damaged(format!("the time of version {version}: {e}"));
    text.map(|text| Instant::parse(&text).map_err(damaged)).transpose()
}

fn total(db: &Connection, version: Version) -> Inner<u64> {
    Ok(layers(db, version)?.iter().map(|(_, entries)| entries).sum())
}

/// The layers that a version touched, by name, with the number of entries of each.
fn layers(db: &Connection, version: Version) -> Inner<Vec<(String, u64)>> {
    let sql = "SELECT layer, inserted + updated + deleted FROM onemap_commit_layer WHERE version = ? ORDER BY layer";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([version.0 as i64], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The entries of one version.
struct Pages<'c> {
    db: &'c Connection,
    version: Version,
    time: Instant,
    /// The feature after which reading goes on, where that is known.
    last: Option<i64>,
}

impl Pages<'_> {
    /// Adds the entries from `offset` on, as many as there is room for; gives the offset after the last.
    fn add(&mut self, offset: u64, room: usize, entries: &mut Vec<LogEntry>) -> Inner<u64> {
        let (mut skip, mut read) = (offset, offset);
        for (layer, count) in layers(self.db, self.version)? {
            if skip >= count {
                skip -= count;
                continue;
            }
            let take = ((room - entries.len()) as u64).min(count - skip);
            if take == 0 {
                break;
            }
            let start = match self.last.take().filter(|_| skip > 0) {
                Some(last) => Start::After(last),
                None => Start::Skipping(skip),
            };
            let changes = changes(self.db, &layer, self.version, start, take)?;
            self.last = changes.last().map(|change| change.fid.as_i64());
            let (version, time) = (self.version, self.time);
            entries.extend(changes.into_iter().map(|change| LogEntry { version, time, change }));
            read += take;
            skip = 0;
        }
        Ok(read)
    }
}

/// Where reading a layer's changes begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Skipping(u64),
    After(i64),
}

/// `take` changes of a layer in a version, by feature number.
fn changes(db: &Connection, layer: &str, version: Version, start: Start, take: u64) -> Inner<Vec<Change>> {
    let (skip, after) = match start {
        Start::Skipping(skip) => (skip, 0),
        Start::After(last) => (0, last),
    };
    let old = catalog::table(db, layer, Version(version.0 - 1))?;
    let new = catalog::table(db, layer, version)?;
    let current = catalog::table(db, layer, Version(i64::MAX as u64))?;
    let name = Name::new(layer).map_err(|e| Fault::Damaged(e.to_string()))?;
    let v = version.0;
    // Where rows with a new state stand: as long as they are current in the table, else in the history.
    let places = |new: &Table| {
        let table = current
            .as_ref()
            .filter(|current| current.holds_rows_of(new))
            .map(|_| new.current());
        table.into_iter().chain([new.history()]).collect::<Vec<_>>()
    };
    let mut numbers = Vec::new();
    if let Some(new) = &new {
        let fid = quote(&new.fid);
        numbers.extend(
            places(new)
                .iter()
                .map(|place| format!("SELECT {fid} AS n FROM {place} WHERE since = {v} AND {fid} > {after}")),
        );
    }
    if let Some(old) = &old {
        numbers.push(format!(
            "SELECT {fid} AS n FROM {} WHERE until = {v} AND {fid} > {after}",
            old.history(),
            fid = quote(&old.fid)
        ));
    }
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT min(n), max(n) FROM ({} ORDER BY n LIMIT ?1 OFFSET ?2)",
        numbers.join(" UNION ")
    );
    let range: (Option<i64>, Option<i64>) = db.query_row(&sql, params![take as i64, skip as i64], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let (Some(first), Some(last)) = range else {
        return Ok(Vec::new());
    };
    let mut states: BTreeMap<Fid, (Option<Feature>, Option<Feature>)> = BTreeMap::new();
    let between = |table: &Table| format!("{} BETWEEN {first} AND {last}", quote(&table.fid));
    if let Some(old) = &old {
        let filter = format!("until = {v} AND {}", between(old));
        read(db, old, &old.history(), &filter, &mut |feature| {
            let state = states.entry(feature.fid).or_default();
            state.0 = Some(feature);
        })?;
    }
    if let Some(new) = &new {
        for place in places(new) {
            let filter = format!("since = {v} AND {}", between(new));
            read(db, new, &place, &filter, &mut |feature| {
                let state = states.entry(feature.fid).or_default();
                state.1 = Some(feature);
            })?;
        }
    }
    let change = |(fid, (old, new))| Change {
        layer: name.clone(),
        fid,
        old,
        new,
    };
    Ok(states.into_iter().map(change).collect())
}

fn read(db: &Connection, table: &Table, place: &str, filter: &str, each: &mut dyn FnMut(Feature)) -> Inner<()> {
    let sql = format!("SELECT {} FROM {place} WHERE {filter}", table.decoded());
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut decoder = Decoder::new(table);
    while let Some(row) = rows.next()? {
        if let Some(feature) = decoder.feature(row, 0)? {
            each(feature);
        }
    }
    Ok(())
}
