//! The change log, read out of the transactions in which states began and ended.

use super::catalog;
use super::connect::Link;
use super::rows::Decoder;
use super::scan::scan;
use super::table::Table;
use super::transaction::{Isolation, within};
use crate::{Error, LogEntry, LogPage, LogPosition, Result};
use onemap_model::{Change, Feature, Fid, Instant, Name, Version};
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

/// At most this many entries, and the entries of so many commits, are read at once, whatever is asked for.
const MAX_LIMIT: usize = 100_000;
const MAX_COMMITS: usize = 10_000;

/// Where the last page ended inside a layer: so the next one need not count from the beginning of the version.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    position: LogPosition,
    last: Fid,
}

/// The states of one feature before and after a part.
type States = (Option<Feature>, Option<Feature>);

/// What a page takes of what one commit did to one layer.
#[derive(Debug)]
struct Part {
    version: Version,
    time: Instant,
    tx: i64,
    layer: String,
    entries: u64,
    redefined: bool,
    skip: u64,
    take: u64,
}

/// Reads a page; see [`crate::Store::log`].
pub(super) fn page(link: &mut Link, mark: &mut Option<Mark>, after: LogPosition, limit: usize) -> Result<LogPage> {
    let mark_here = mark.take().filter(|mark| mark.position == after);
    let room = limit.min(MAX_LIMIT);
    if room == 0 || after.version.0 >= i64::MAX as u64 {
        let entries = Vec::new();
        return Ok(LogPage { entries, next: after });
    }
    within(link, Isolation::Snapshot, |link| {
        let oldest = catalog::oldest(link)?;
        if after.version < oldest {
            return Err(Error::Pruned { oldest });
        }
        let (parts, next) = plan(link, after, room as u64)?;
        let states = read(link, &parts, mark_here.map(|mark| mark.last))?;
        if next.offset > 0 {
            let last = states.last_key_value().map(|((_, fid), _)| *fid);
            *mark = last.map(|last| Mark { position: next, last });
        }
        let entries = entries(&parts, states)?;
        Ok(LogPage { entries, next })
    })
}

/// What a page after `after` consists of, and where the next one begins.
fn plan(link: &mut Link, after: LogPosition, room: u64) -> Result<(Vec<Part>, LogPosition)> {
    let sql = "SELECT c.version, c.tx, (extract(epoch FROM c.time) * 1000000)::bigint, t.layer,
                 coalesce(t.inserted + t.updated + t.deleted, 0), coalesce(t.redefined, false)
               FROM (SELECT version, tx, time FROM onemap_meta.commit WHERE version > $1 ORDER BY version LIMIT $2) c
               LEFT JOIN onemap_meta.touched t ON t.tx = c.tx ORDER BY c.version, t.layer COLLATE \"C\"";
    let commits = (room.saturating_add(1)).min(MAX_COMMITS as u64) as i64;
    let rows = link.query(sql, &[&catalog::signed(after.version), &commits])?;
    let mut touched = rows.iter().map(|row| {
        let time = catalog::instant(link, row.get(2))?;
        Ok(Part {
            version: catalog::number(row.get(0)),
            time,
            tx: row.get(1),
            layer: row.get::<_, Option<String>>(3).unwrap_or_default(),
            entries: row.get::<_, i64>(4).max(0) as u64,
            redefined: row.get(5),
            skip: 0,
            take: 0,
        })
    });
    let (mut parts, mut next, mut room): (Vec<Part>, _, _) = (Vec::new(), after, room);
    let mut reading: Option<Version> = None;
    let mut skip = after.offset;
    for part in &mut touched {
        let mut part = part?;
        if reading.is_some_and(|version| version != part.version) {
            let version = reading.take().expect("just seen");
            (next, skip) = (LogPosition { version, offset: 0 }, 0);
        }
        if room == 0 {
            return Ok((parts, next));
        }
        reading = Some(part.version);
        part.skip = skip.min(part.entries);
        skip -= part.skip;
        part.take = room.min(part.entries - part.skip);
        room -= part.take;
        next.offset += part.take;
        let is_whole = part.skip + part.take == part.entries;
        if part.take > 0 {
            parts.push(part);
        }
        if !is_whole {
            return Ok((parts, next));
        }
    }
    if let Some(version) = reading {
        next = LogPosition { version, offset: 0 };
    }
    Ok((parts, next))
}

/// The states of every feature of the parts, by the part's place. `last` is the feature after which the first one begins.
fn read(link: &mut Link, parts: &[Part], last: Option<Fid>) -> Result<BTreeMap<(usize, Fid), States>> {
    let mut states = BTreeMap::new();
    let redefined: HashSet<&str> = parts.iter().filter(|p| p.redefined).map(|p| p.layer.as_str()).collect();
    let is_simple = |part: &Part| part.take == part.entries && !redefined.contains(part.layer.as_str());
    let mut by_layer: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, part) in parts.iter().enumerate() {
        if is_simple(part) {
            by_layer.entry(&part.layer).or_default().push(place);
            continue;
        }
        let old = definition(link, part, Version(part.version.0 - 1))?;
        let new = definition(link, part, part.version)?;
        let last = last.filter(|_| place == 0 && part.skip > 0);
        let Some(bounds) = bounds(link, old.as_ref().or(new.as_ref()), part, last)? else {
            continue;
        };
        let mut reader = Reader {
            link,
            parts,
            states: &mut states,
        };
        reader.read(old.as_ref(), Side::Old, &[place], Some(bounds))?;
        reader.read(new.as_ref(), Side::New, &[place], Some(bounds))?;
    }
    for places in by_layer.into_values() {
        let first = &parts[places[0]];
        let table = definition(link, first, first.version)?;
        let mut reader = Reader {
            link,
            parts,
            states: &mut states,
        };
        reader.read(table.as_ref(), Side::Old, &places, None)?;
        reader.read(table.as_ref(), Side::New, &places, None)?;
    }
    Ok(states)
}

fn definition(link: &mut Link, part: &Part, at: Version) -> Result<Option<Table>> {
    Ok(catalog::tables(link, at)?
        .into_iter()
        .find(|table| table.name() == part.layer))
}

/// The first and the last feature of a part that is not taken whole.
fn bounds(link: &mut Link, table: Option<&Table>, part: &Part, last: Option<Fid>) -> Result<Option<(i64, i64)>> {
    let Some(table) = table else {
        return Ok(None);
    };
    let (h, tx) = (table.history(), part.tx);
    let (after, skip) = match last {
        Some(last) => (last.as_i64(), 0),
        None => (0, part.skip),
    };
    let reach = skip + part.take;
    let side = |column: &str| {
        format!("(SELECT fid FROM {h} WHERE {column} = {tx} AND fid > {after} ORDER BY fid LIMIT {reach})")
    };
    let sql = format!(
        "SELECT min(fid), max(fid) FROM (SELECT fid FROM ({} UNION {}) u ORDER BY fid LIMIT {} OFFSET {skip}) s",
        side("since_tx"),
        side("until_tx"),
        part.take
    );
    let rows = link.query(&sql, &[])?;
    Ok(rows[0].get::<_, Option<i64>>(0).zip(rows[0].get(1)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

/// Puts states where they belong.
struct Reader<'r> {
    link: &'r mut Link,
    parts: &'r [Part],
    states: &'r mut BTreeMap<(usize, Fid), States>,
}

impl Reader<'_> {
    /// Reads the states that ended or began with the parts at `places`, which are all of one layer.
    fn read(&mut self, table: Option<&Table>, side: Side, places: &[usize], bounds: Option<(i64, i64)>) -> Result<()> {
        let Some(table) = table else {
            return Ok(());
        };
        let by_tx: BTreeMap<i64, usize> = places.iter().map(|&place| (self.parts[place].tx, place)).collect();
        let txs = by_tx.keys().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let column = match side {
            Side::Old => "until_tx",
            Side::New => "since_tx",
        };
        let between = bounds.map_or(String::new(), |(first, last)| {
            format!(" AND h.fid BETWEEN {first} AND {last}")
        });
        let sql = format!(
            "SELECT h.{column}, {} FROM {} h WHERE h.{column} = ANY ('{{{txs}}}'::bigint[]){between}",
            table.decoded_history("h"),
            table.history()
        );
        let mut decoder = Decoder::new(table);
        let states = &mut *self.states;
        scan(self.link, &sql, &mut |columns| {
            let tx = columns
                .first()
                .copied()
                .flatten()
                .and_then(|bytes| bytes.try_into().ok());
            let place = tx.and_then(|bytes| by_tx.get(&i64::from_be_bytes(bytes)));
            if let (Some(&place), Some(feature)) = (place, decoder.feature(columns.get(1..).unwrap_or_default())) {
                let state = states.entry((place, feature.fid)).or_default();
                match side {
                    Side::Old => state.0 = Some(feature),
                    Side::New => state.1 = Some(feature),
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }
}

fn entries(parts: &[Part], states: BTreeMap<(usize, Fid), States>) -> Result<Vec<LogEntry>> {
    let mut entries = Vec::with_capacity(states.len());
    for ((place, fid), (old, new)) in states {
        if old == new {
            continue;
        }
        let part = &parts[place];
        let layer = Name::new(&part.layer).map_err(|error| Error::Damaged {
            store: "onemap_meta.touched".to_owned(),
            reason: error.to_string(),
        })?;
        entries.push(LogEntry {
            version: part.version,
            time: part.time,
            change: Change { layer, fid, old, new },
        });
    }
    Ok(entries)
}
