//! One consistent view of the database, now or as of a version.
//!
//! A layer that did not change since the version is read from its table, any other from the history. A table that
//! somebody holds for himself or changed past the triggers is not touched: the history has its last logged state.

use super::PostGis;
use super::catalog;
use super::connect::Link;
use super::rows::Decoder;
use super::scan::scan;
use super::table::{Table, quote};
use super::transaction::{Isolation, is_lock_held, roll_back};
use crate::{At, Error, LayerState, Reading, Result};
use onemap_model::{Feature, Fid, Name, Version};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Opens a view. Where the newest state is asked for, what other programs did past the triggers is followed first.
pub(super) fn begin(store: &mut PostGis, at: At) -> Result<Box<dyn Reading + '_>> {
    if at == At::Now {
        store.look()?;
    }
    Ok(Box::new(View::begin(store, at)?))
}

struct View<'s> {
    store: &'s mut PostGis,
    version: Version,
    layers: Vec<Seen>,
}

/// A layer at the version.
struct Seen {
    table: Table,
    source: Source,
    changed: Version,
    features: u64,
}

/// Where the rows of a layer at a version stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// In the table of current rows, all of it.
    Current,
    /// In the history: those that never ended.
    Open,
    /// In the history, told apart by their versions.
    Past,
}

impl<'s> View<'s> {
    fn begin(store: &'s mut PostGis, at: At) -> Result<Self> {
        let tables = catalog::current_tables(&mut store.link)?;
        store.link.batch(Isolation::Snapshot.begin())?;
        // From here on, dropping the view ends the transaction.
        let mut view = View {
            store,
            version: Version(0),
            layers: Vec::new(),
        };
        view.store.link.batch("SET LOCAL statement_timeout = 0")?;
        let held = hold(&mut view.store.link, &tables)?;
        view.fill(at, &held)?;
        Ok(view)
    }

    fn fill(&mut self, at: At, held: &HashSet<String>) -> Result<()> {
        let link = &mut self.store.link;
        let newest = catalog::version(link)?;
        self.version = match at {
            At::Now => newest,
            At::Version(asked) => known(link, asked, newest)?,
        };
        let rows = link.query(
            "SELECT f.layer FROM onemap_meta.following f WHERE onemap_meta.shape(f.layer) IS DISTINCT FROM f.shape",
            &[],
        )?;
        let deviating: HashSet<String> = rows.iter().map(|row| row.get(0)).collect();
        let tables = catalog::tables(link, self.version)?;
        let names: Vec<String> = tables.iter().map(|table| table.name().to_owned()).collect();
        let now = catalog::states(link, &names, newest)?;
        let then = match self.version == newest {
            true => now.clone(),
            false => catalog::states(link, &names, self.version)?,
        };
        for (table, ((latest, _), (changed, features))) in tables.into_iter().zip(now.into_iter().zip(then)) {
            let name = table.name();
            let source = match latest <= self.version {
                true if held.contains(name) && !deviating.contains(name) => Source::Current,
                true => Source::Open,
                false => Source::Past,
            };
            self.layers.push(Seen {
                table,
                source,
                changed,
                features,
            });
        }
        Ok(())
    }

    fn visit(&mut self, name: &Name, fid: Option<Fid>, each: &mut dyn FnMut(Feature) -> ControlFlow<()>) -> Result<()> {
        let seen = self.layers.iter().find(|seen| seen.table.layer.name() == name);
        let Seen { table, source, .. } = seen.ok_or_else(|| Error::UnknownLayer(name.clone()))?;
        let sql = sql(table, *source, self.version, fid);
        let mut decoder = Decoder::new(table);
        scan(&mut self.store.link, &sql, &mut |columns| {
            Ok(match decoder.feature(columns) {
                Some(feature) => each(feature),
                None => ControlFlow::Continue(()),
            })
        })
    }
}

/// `asked`, where it can be read.
pub(super) fn known(link: &mut Link, asked: Version, newest: Version) -> Result<Version> {
    let oldest = catalog::oldest(link)?;
    if (oldest..=newest).contains(&asked) {
        return Ok(asked);
    }
    Err(Error::UnknownVersion { asked, oldest, newest })
}

/// Holds the tables so that none is emptied, changed or dropped while it is read, before anything is looked at; gives
/// the names of those that could be held at once.
fn hold(link: &mut Link, tables: &[Table]) -> Result<HashSet<String>> {
    let mut held = HashSet::new();
    let all = tables.iter().map(Table::current).collect::<Vec<_>>().join(", ");
    if tables.is_empty() || try_hold(link, &all)? {
        return Ok(tables.iter().map(|table| table.name().to_owned()).collect());
    }
    for table in tables {
        if try_hold(link, &table.current())? {
            held.insert(table.name().to_owned());
        }
    }
    Ok(held)
}

fn try_hold(link: &mut Link, tables: &str) -> Result<bool> {
    let tried = link.batch(&format!(
        "SAVEPOINT onemap_hold; LOCK TABLE {tables} IN ACCESS SHARE MODE NOWAIT; RELEASE SAVEPOINT onemap_hold"
    ));
    match tried {
        Ok(()) => Ok(true),
        // Held by somebody, gone, or no table any more.
        Err(error) if is_lock_held(&error) || is_gone(&error) => {
            link.batch("ROLLBACK TO SAVEPOINT onemap_hold")?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Postgres { code: Some(code), .. } if ["42P01", "42809", "42501"].contains(&code.as_str()))
}

fn sql(table: &Table, source: Source, version: Version, fid: Option<Fid>) -> String {
    let (t, columns) = (table.current(), table.decoded_history("h"));
    let (number, filter) = match fid {
        Some(fid) => (quote(&table.fid), format!(" AND h.fid = {fid}")),
        None => (String::new(), String::new()),
    };
    match (source, fid) {
        (Source::Current, None) => format!("SELECT {} FROM {t} t", table.decoded_current("t")),
        (Source::Current, Some(fid)) => {
            format!(
                "SELECT {} FROM {t} t WHERE t.{number} = {fid}",
                table.decoded_current("t")
            )
        }
        (Source::Open, _) => format!(
            "SELECT {columns} FROM {} h WHERE h.until_tx IS NULL{filter}",
            table.history()
        ),
        (Source::Past, _) => format!("SELECT {columns} FROM {}{filter}", at(table, version)),
    }
}

/// The rows `h` of the history as of a version: from a table expression on, to be followed by more conditions. Every row
/// that is seen belongs to a commit; one that is no longer kept is older than any version that can be asked for.
pub(super) fn at(table: &Table, version: Version) -> String {
    let v = catalog::signed(version);
    format!(
        "{} h LEFT JOIN onemap_meta.commit b ON b.tx = h.since_tx AND b.version > {v} \
         LEFT JOIN onemap_meta.commit e ON e.tx = h.until_tx AND e.version > {v} \
         WHERE b.tx IS NULL AND (h.until_tx IS NULL OR e.tx IS NOT NULL)",
        table.history()
    )
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        roll_back(&mut self.store.link);
    }
}

impl Reading for View<'_> {
    fn version(&self) -> Version {
        self.version
    }

    fn layers(&mut self) -> Result<Vec<LayerState>> {
        let state = |seen: &Seen| LayerState {
            layer: seen.table.layer.clone(),
            features: seen.features,
            changed: seen.changed,
        };
        Ok(self.layers.iter().map(state).collect())
    }

    fn features(&mut self, layer: &Name, each: &mut dyn FnMut(Feature) -> ControlFlow<()>) -> Result<()> {
        self.visit(layer, None, each)
    }

    fn feature(&mut self, layer: &Name, fid: Fid) -> Result<Option<Feature>> {
        let mut found = None;
        self.visit(layer, Some(fid), &mut |feature| {
            found = Some(feature);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }
}
