//! Undoing what a version did, as a new version.
//!
//! The history has every state that began or ended with a transaction: that is all that is needed. Rows are moved by set,
//! from history to table, inside the database.

use super::batches;
use super::catalog;
use super::connect::Link;
use super::load::{self, commit};
use super::revive::{self, Place};
use super::table::Table;
use super::transaction::{Isolation, roll_back as give_up};
use super::{PostGis, apply};
use crate::batch::{Record, layers_of};
use crate::{Batch, CommitStep, Conflict, Error, Later, LoadCounts, Result, RolledBack};
use onemap_model::{Name, Version};

pub(super) type Step<'s> = &'s mut dyn FnMut(CommitStep);

/// See [`crate::Store::roll_back`].
pub(super) fn roll_back(
    store: &mut PostGis,
    undone: Version,
    batch: &Batch,
    later: Later,
    step: Step<'_>,
) -> Result<RolledBack> {
    store.look()?;
    let (link, postgis) = (&mut store.link, store.postgis.as_str());
    link.batch(Isolation::ReadCommitted.begin())?;
    let done = within_transaction(link, (undone, batch, later), postgis, step);
    if done.is_err() {
        give_up(link);
    }
    done
}

fn within_transaction(
    link: &mut Link,
    (undone, batch, later): (Version, &Batch, Later),
    postgis: &str,
    step: Step<'_>,
) -> Result<RolledBack> {
    load::prepare(link)?;
    link.batch(load::PATIENCE)?;
    let undone_tx = transaction_of(link, undone)?;
    let tx = catalog::enter(link, &batch.who, &batch.what)?;
    let mut undo = Undo {
        link,
        postgis,
        undone,
        undone_tx,
        tx,
        later,
        conflicts: Vec::new(),
        layers: Vec::new(),
        kept: 0,
    };
    for name in layers_at(undo.link, undone_tx)? {
        undo.layer(&name, step)?;
    }
    let Undo {
        conflicts,
        layers,
        kept,
        ..
    } = undo;
    if !conflicts.is_empty() {
        let version = undone;
        return Err(Error::LaterChanges { version, conflicts });
    }
    let record = Record {
        layers: layers_of(layers.clone()),
        ..Record::default()
    };
    batches::record(link, tx, Some(undone), &record)?;
    step(CommitStep {
        what: "syncing",
        layer: None,
        done: 0,
        total: 0,
    });
    let version = commit(link, tx)?;
    Ok(RolledBack { version, layers, kept })
}

fn transaction_of(link: &mut Link, version: Version) -> Result<i64> {
    let (oldest, newest) = (catalog::oldest(link)?, catalog::version(link)?);
    if version.0 == 0 || version > newest {
        return Err(batches::unknown(link, version)?);
    }
    if version <= oldest {
        return Err(Error::Pruned { oldest });
    }
    let sql = "SELECT tx FROM onemap_meta.commit WHERE version = $1";
    let rows = link.query(sql, &[&catalog::signed(version)])?;
    match rows.first() {
        Some(row) => Ok(row.get(0)),
        None => Err(batches::unknown(link, version)?),
    }
}

/// The layers that a transaction changed, or defined anew, in the order of their names.
fn layers_at(link: &mut Link, tx: i64) -> Result<Vec<String>> {
    let sql = "SELECT layer FROM (SELECT layer FROM onemap_meta.touched WHERE tx = $1
                 UNION SELECT name FROM onemap_meta.layer WHERE since_tx = $1 OR until_tx = $1) l
               ORDER BY layer COLLATE \"C\"";
    Ok(link.query(sql, &[&tx])?.iter().map(|row| row.get(0)).collect())
}

/// A rollback under way.
pub(super) struct Undo<'l> {
    pub link: &'l mut Link,
    pub postgis: &'l str,
    pub undone: Version,
    /// The transaction that made it.
    pub undone_tx: i64,
    /// The transaction that undoes it.
    pub tx: i64,
    pub later: Later,
    pub conflicts: Vec<Conflict>,
    layers: Vec<(Name, LoadCounts)>,
    pub kept: u64,
}

impl Undo<'_> {
    fn layer(&mut self, name: &str, step: Step<'_>) -> Result<()> {
        let layer = Name::new(name).map_err(|error| Error::Damaged {
            store: self.link.store().to_owned(),
            reason: error.to_string(),
        })?;
        let before = self.table_at(&layer, Version(self.undone.0 - 1))?;
        let after = self.table_at(&layer, self.undone)?;
        let mut now = self.table_at(&layer, Version(u64::MAX))?;
        if let Some(table) = &now {
            let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", table.current());
            self.link.batch(&lock)?;
            // Somebody may have defined it anew until the lock was there.
            now = self.table_at(&layer, Version(u64::MAX))?;
        }
        let counts = match (before, after, now) {
            (Some(before), Some(after), Some(now)) if now == after && now.has_same_history(&before) => {
                self.rows(&now, Some(&before), step)?
            }
            (Some(before), Some(after), Some(now))
                if self.later == Later::Keep && now.has_same_history(&after) && now.has_same_history(&before) =>
            {
                self.rows(&now, None, step)?
            }
            (None, Some(after), Some(now)) if now == after => match self.is_as_made(&now)? {
                true => Some(self.take_away(&now)?),
                // Others have changed the layer since: it stays, without the rows that this version brought.
                false => self.rows(&now, None, step)?,
            },
            (Some(before), None, None) => Some(self.come_back(&before, None, step)?),
            (Some(before), Some(after), Some(now)) if now == after && self.is_as_made(&now)? => {
                let deleted = apply::close_all(self.link, &now, self.tx)?;
                Some(self.come_back(&before, Some((&now, deleted)), step)?)
            }
            (None, None, _) => return Ok(()),
            _ => {
                self.conflicts.push(Conflict::of_layer(layer.clone()));
                None
            }
        };
        self.layers.extend(counts.map(|counts| (layer, counts)));
        Ok(())
    }

    fn table_at(&mut self, name: &Name, at: Version) -> Result<Option<Table>> {
        let tables = match at {
            Version(u64::MAX) => catalog::current_tables(self.link)?,
            at => catalog::tables(self.link, at)?,
        };
        Ok(tables.into_iter().find(|table| table.layer.name() == name))
    }

    fn take_away(&mut self, now: &Table) -> Result<LoadCounts> {
        let deleted = apply::close_all(self.link, now, self.tx)?;
        revive::drop(self.link, now, (self.undone, self.tx))?;
        let counts = LoadCounts {
            deleted,
            ..LoadCounts::default()
        };
        catalog::touch(self.link, self.tx, now.name(), &counts)?;
        Ok(counts)
    }

    /// `instead` is the table that it takes the place of, with the rows that were deleted from that.
    fn come_back(&mut self, before: &Table, instead: Option<(&Table, u64)>, step: Step<'_>) -> Result<LoadCounts> {
        step(apply::told("writing", before, 0, 0));
        let (place, deleted) = match instead {
            None => (Place::Free(self.undone), 0),
            Some((now, deleted)) => (Place::Of(now), deleted),
        };
        let inserted = revive::come_back(self.link, before, (self.undone_tx, self.tx), place, self.postgis)?;
        let counts = LoadCounts {
            inserted,
            deleted,
            ..LoadCounts::default()
        };
        catalog::touch(self.link, self.tx, before.name(), &counts)?;
        Ok(counts)
    }
}
