//! Undoing what a version did, as a new version.
//!
//! The history has every state that ended with a version, and each row knows with which one it began: that is all that is
//! needed. Rows are moved by set, from history to table and back, as they stand; nothing is decoded.

use super::catalog::{self, Touched};
use super::fault::{Fault, Inner};
use super::load::commit_patiently;
use super::revive::{come_back, take_away};
use super::schema::{self, Extent, Triggers};
use super::table::{Table, quote};
use super::{GeoPackage, apply, batches, look, prune, seal};
use crate::batch::{Record, TOLD, layers_of};
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

struct Undo<'d> {
    db: &'d Connection,
    undone: Version,
    next: Version,
    later: Later,
    conflicts: Vec<Conflict>,
    touched: Vec<Touched>,
    kept: u64,
}

impl Undo<'_> {
    fn layer(&mut self, name: &str, step: Step<'_>) -> Inner<()> {
        let db = self.db;
        let before = catalog::table(db, name, Version(self.undone.0 - 1))?;
        let after = catalog::table(db, name, self.undone)?;
        let now = catalog::table(db, name, Version(i64::MAX as u64))?;
        let (changed, _) = catalog::state(db, name, self.next)?;
        let is_newest = changed <= self.undone;
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
                if is_newest {
                    return self.made(take_away(db, &now, self.next)?, name);
                }
                // Others have changed the layer since: it stays, without the rows that this version brought.
                return self.rows(&now, None, step);
            }
            (Some(before), None, None) => {
                let counts = come_back(db, &before, (self.undone, self.next), step)?;
                return self.made(counts, name);
            }
            (Some(before), Some(after), Some(now)) if now == after && is_newest && self.was_replaced(&now)? => {
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

    /// Whether every row that there is began with the version: so a load does, but not who adds a column.
    fn was_replaced(&self, now: &Table) -> Inner<bool> {
        let sql = format!(
            "SELECT NOT EXISTS (SELECT 1 FROM {} WHERE since <> {})",
            now.current(),
            self.undone
        );
        Ok(self.db.query_row(&sql, [], |row| row.get(0))?)
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

    /// Undoes what was done to the rows of a layer that keeps its columns; `before` is how it was defined, where that
    /// counts again.
    fn rows(&mut self, now: &Table, before: Option<&Table>, step: Step<'_>) -> Inner<()> {
        let db = self.db;
        step(apply::told("comparing", now, 0, 0));
        self.find(now)?;
        let found = self.conflict(now)?;
        let made = if found.rows > 0 && self.later == Later::Refuse {
            self.conflicts.push(found);
            None
        } else {
            self.kept += found.rows;
            db.execute_batch("DELETE FROM temp.onemap_undo WHERE fid IN (SELECT fid FROM temp.onemap_later)")?;
            Some(self.write(now, step)?)
        };
        db.execute_batch("DROP TABLE temp.onemap_undo; DROP TABLE temp.onemap_later")?;
        let Some(counts) = made else { return Ok(()) };
        let table = before.map_or_else(|| now.clone(), |before| with_room_of(before, now));
        if table != *now {
            catalog::define(db, table.name(), Some(&table), self.next)?;
            schema::register(db, &table)?;
        } else if counts == LoadCounts::default() {
            return Ok(());
        }
        let features = catalog::count(db, &table)?;
        let written = schema::extent(db, &table, &format!("WHERE since = {}", self.next))?;
        schema::refresh_contents(db, &table, features, Extent::Holds(written))?;
        self.touched.push(Touched {
            layer: table.name().to_owned(),
            counts,
            features,
        });
        Ok(())
    }

    /// Lists the features that the version touched: whether a state of theirs began with it, and whether one ended.
    fn find(&self, table: &Table) -> Inner<()> {
        let (t, h, fid, v) = (table.current(), table.history(), quote(&table.fid), self.undone);
        self.db.execute_batch(&format!(
            "CREATE TABLE temp.onemap_undo (fid INTEGER PRIMARY KEY, began INTEGER NOT NULL, ended INTEGER NOT NULL); \
             CREATE TABLE temp.onemap_later (fid INTEGER PRIMARY KEY); \
             INSERT INTO temp.onemap_undo SELECT fid, max(began), max(ended) FROM (\
               SELECT {fid} AS fid, 1 AS began, 0 AS ended FROM {t} WHERE since = {v} \
               UNION ALL SELECT {fid}, 1, 0 FROM {h} WHERE since = {v} \
               UNION ALL SELECT {fid}, 0, 1 FROM {h} WHERE until = {v}) GROUP BY fid"
        ))?;
        Ok(())
    }

    /// Lists those of them that were changed again since, or whose key another feature has now.
    fn conflict(&self, table: &Table) -> Inner<Conflict> {
        let (t, h, fid, v) = (table.current(), table.history(), quote(&table.fid), self.undone);
        let db = self.db;
        db.execute_batch(&format!(
            "INSERT INTO temp.onemap_later SELECT u.fid FROM temp.onemap_undo u WHERE \
             CASE WHEN began THEN NOT EXISTS (SELECT 1 FROM {t} t WHERE t.{fid} = u.fid AND t.since = {v}) \
             ELSE EXISTS (SELECT 1 FROM {t} t WHERE t.{fid} = u.fid) OR \
                  EXISTS (SELECT 1 FROM {h} h WHERE h.{fid} = u.fid AND h.since > {v}) END"
        ))?;
        if let Some(at) = table.layer.key() {
            let key = quote(&table.columns[at]);
            db.execute_batch(&format!(
                "INSERT OR IGNORE INTO temp.onemap_later SELECT h.{fid} FROM {h} h JOIN \
                 (SELECT {fid} AS n, {key} AS k, valid_from AS f FROM {t} WHERE since > {v} AND {key} NOTNULL) o \
                 ON o.k = h.{key} AND o.f IS h.valid_from WHERE h.until = {v} AND o.n <> h.{fid}"
            ))?;
        }
        let sql = "SELECT count(*) FROM temp.onemap_later";
        let rows = db.query_row(sql, [], |row| row.get::<_, i64>(0))? as u64;
        let sql = format!("SELECT fid FROM temp.onemap_later ORDER BY fid LIMIT {TOLD}");
        let mut first = db.prepare(&sql)?;
        let first = first.query_map([], |row| row.get(0))?;
        Ok(Conflict {
            layer: table.layer.name().clone(),
            rows,
            first: first.collect::<rusqlite::Result<_>>()?,
        })
    }

    fn write(&self, table: &Table, step: Step<'_>) -> Inner<LoadCounts> {
        let (db, v, next) = (self.db, self.undone, self.next);
        let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
        let sql = "SELECT total(began AND NOT ended), total(began AND ended), total(ended AND NOT began) \
                   FROM temp.onemap_undo";
        let count = |row: &rusqlite::Row<'_>, at| row.get::<_, f64>(at).map(|n| n as u64);
        let counts = db.query_row(sql, [], |row| {
            Ok(LoadCounts {
                deleted: count(row, 0)?,
                updated: count(row, 1)?,
                inserted: count(row, 2)?,
                unchanged: 0,
            })
        })?;
        let total = counts.deleted + counts.updated + counts.inserted;
        step(apply::told("writing", table, 0, total));
        let rebuild = total > 20_000 && total * 4 > catalog::count(db, table)? && table.geom.is_some();
        if rebuild {
            schema::drop_triggers(db, table.name())?;
        }
        let of = |which: &str| format!("(SELECT fid FROM temp.onemap_undo WHERE {which})");
        apply::close(db, table, &format!("WHERE {fid} IN {}", of("began")), next)?;
        db.execute_batch(&format!("DELETE FROM {t} WHERE {fid} IN {}", of("began AND NOT ended")))?;
        step(apply::told("writing", table, counts.deleted, total));
        let columns = table.content();
        let sets: String = columns
            .iter()
            .map(|column| format!("{column} = h.{column}, "))
            .collect();
        db.execute_batch(&format!(
            "UPDATE {t} AS t SET {sets}since = {next} FROM {h} h \
             WHERE h.until = {v} AND t.{fid} = h.{fid} AND h.{fid} IN {}",
            of("began AND ended")
        ))?;
        step(apply::told("writing", table, counts.deleted + counts.updated, total));
        let columns = columns.join(", ");
        db.execute_batch(&format!(
            "INSERT INTO {t} ({fid}, {columns}, since) SELECT {fid}, {columns}, {next} FROM {h} \
             WHERE until = {v} AND {fid} IN {} ORDER BY {fid}",
            of("ended AND NOT began")
        ))?;
        step(apply::told("writing", table, total, total));
        if rebuild {
            apply::pack_again(db, table, step)?;
            schema::renew_triggers(db, table, Triggers::All)?;
        }
        Ok(counts)
    }
}

/// The layer as it was, but with the kind of geometry that its table has come to hold.
fn with_room_of(before: &Table, now: &Table) -> Table {
    let mut table = before.clone();
    table.layer.geometry_type = now.layer.geometry_type;
    table
}
