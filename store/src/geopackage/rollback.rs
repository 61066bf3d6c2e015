//! Undoing what a version did, as a new version.
//!
//! The history has every state that ended with a version, and each row knows with which one it began: that is all that is
//! needed. Rows are moved by set, from history to table and back, as they stand; nothing is decoded.

use super::catalog::{self, Touched};
use super::fault::{Fault, Inner};
use super::load::commit_patiently;
use super::revive::{come_back, take_away};
use super::{GeoPackage, batches, look, prune, seal};
use crate::batch::{Record, layers_of};
use crate::{Batch, CommitStep, Conflict, Error, Later, LoadCounts, RolledBack};
use onemap_model::{Name, Version};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeSet;

pub(super) type Step<'s> = &'s mut dyn FnMut(CommitStep);

/// See [`crate::Store::roll_back`].
pub(super) fn roll_back(
    package: &mut GeoPackage,
    undone: Version,
    batch: &Batch,
    later: Later,
    step: Step<'_>,
) -> Inner<RolledBack> {
    package.look_to_write()?;
    let tx = package.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let newest = look::settle(&tx, package.crs)?;
    check_known(&tx, undone, newest)?;
    let mut undo = Undo {
        db: &tx,
        undone,
        next: newest.next(),
        later,
        conflicts: Vec::new(),
        touched: Vec::new(),
        kept: 0,
    };
    seal::open_gate(&tx)?;
    for name in layers_at(&tx, undone)? {
        undo.layer(&name, step)?;
    }
    seal::close_gate(&tx)?;
    let Undo {
        next,
        conflicts,
        touched,
        kept,
        ..
    } = undo;
    if !conflicts.is_empty() {
        let version = undone;
        return Err(Error::LaterChanges { version, conflicts }.into());
    }
    let counts = touched.iter().map(|one| Ok((name_of(&one.layer)?, one.counts)));
    let layers = counts.collect::<Inner<Vec<_>>>()?;
    let version = if touched.is_empty() { newest } else { next };
    if !touched.is_empty() {
        catalog::record(&tx, next, &batch.who, &batch.what, &touched)?;
        let record = Record {
            layers: layers_of(layers.clone()),
            ..Record::default()
        };
        batches::record(&tx, next, Some(undone), &record)?;
    }
    step(CommitStep {
        what: "syncing",
        layer: None,
        done: 0,
        total: 0,
    });
    commit_patiently(&tx)?;
    drop(tx);
    package.made(version);
    Ok(RolledBack { version, layers, kept })
}

fn check_known(db: &Connection, undone: Version, newest: Version) -> Inner<()> {
    let oldest = prune::oldest(db)?;
    if undone.0 == 0 || undone > newest {
        let asked = undone;
        return Err(Error::UnknownVersion { asked, oldest, newest }.into());
    }
    if undone <= oldest {
        return Err(Error::Pruned { oldest }.into());
    }
    Ok(())
}

/// The layers that a version changed, or defined anew, in the order of their names.
fn layers_at(db: &Connection, version: Version) -> Inner<BTreeSet<String>> {
    let sql = "SELECT layer FROM onemap_commit_layer WHERE version = ?1 \
               UNION SELECT name FROM onemap_layer WHERE since = ?1 OR until = ?1";
    let mut statement = db.prepare(sql)?;
    let names = statement.query_map([version.0 as i64], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

fn name_of(layer: &str) -> Inner<Name> {
    Name::new(layer).map_err(|error| Fault::Damaged(error.to_string()))
}

/// A rollback under way.
pub(super) struct Undo<'d> {
    pub db: &'d Connection,
    pub undone: Version,
    /// The version that undoes it.
    pub next: Version,
    pub later: Later,
    pub conflicts: Vec<Conflict>,
    pub touched: Vec<Touched>,
    pub kept: u64,
}

impl Undo<'_> {
    fn layer(&mut self, name: &str, step: Step<'_>) -> Inner<()> {
        let db = self.db;
        let before = catalog::table(db, name, Version(self.undone.0 - 1))?;
        let after = catalog::table(db, name, self.undone)?;
        let now = catalog::table(db, name, Version(i64::MAX as u64))?;
        match (before, after, now) {
            (Some(before), Some(after), Some(now)) if after.has_same_columns(&before) => {
                if now == after {
                    return self.rows(&now, Some(&before), step);
                }
                if self.later == Later::Keep && now.has_same_columns(&after) {
                    return self.rows(&now, None, step);
                }
            }
            (None, Some(after), Some(now)) if now == after => {
                if self.is_as_made(&now)? {
                    return self.made(take_away(db, &now, self.next)?, name);
                }
                // Others have changed the layer since: it stays, without the rows that this version brought.
                return self.rows(&now, None, step);
            }
            (Some(before), None, None) => {
                let counts = come_back(db, &before, (self.undone, self.next), step)?;
                return self.made(counts, name);
            }
            (Some(before), Some(after), Some(now)) if now == after && self.is_as_made(&now)? => {
                let gone = take_away(db, &now, self.next)?;
                let back = come_back(db, &before, (self.undone, self.next), step)?;
                let counts = LoadCounts {
                    deleted: gone.deleted,
                    ..back
                };
                return self.made(counts, name);
            }
            (None, None, _) => return Ok(()),
            _ => {}
        }
        self.conflicts.push(Conflict::of_layer(name_of(name)?));
        Ok(())
    }

    /// Notes what was done to a layer whose table came or went.
    fn made(&mut self, counts: LoadCounts, name: &str) -> Inner<()> {
        self.touched.push(Touched {
            layer: name.to_owned(),
            counts,
            features: counts.inserted,
        });
        Ok(())
    }
}
