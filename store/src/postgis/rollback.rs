//! Undoing what a version did, as a new version.
//!
//! The history has every state that began or ended with a transaction: that is all that is needed. Rows are moved by set,
//! from history to table, inside the database.

use super::batches;
use super::catalog;
use super::connect::Link;
use super::load::{self, commit};
use super::revive::{self, Place};
use super::schema;
use super::table::{Table, quote};
use super::transaction::{Isolation, roll_back as give_up};
use super::write::{Recorder, acts_alone, begun, ended, replaced};
use super::{PostGis, apply, triggers};
use crate::batch::{Record, TOLD, layers_of};
use crate::{Batch, CommitStep, Conflict, Error, Later, LoadCounts, Result, RolledBack};
use onemap_model::{Name, Version};

type Step<'s> = &'s mut dyn FnMut(CommitStep);

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

struct Undo<'l> {
    link: &'l mut Link,
    postgis: &'l str,
    undone: Version,
    /// The transaction that made it.
    undone_tx: i64,
    /// The transaction that undoes it.
    tx: i64,
    later: Later,
    conflicts: Vec<Conflict>,
    layers: Vec<(Name, LoadCounts)>,
    kept: u64,
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
            (None, Some(after), Some(now)) if now == after => match self.is_newest(&now)? {
                true => Some(self.take_away(&now)?),
                // Others have changed the layer since: it stays, without the rows that this version brought.
                false => self.rows(&now, None, step)?,
            },
            (Some(before), None, None) => Some(self.come_back(&before, None, step)?),
            (Some(before), Some(after), Some(now))
                if now == after && self.is_newest(&now)? && self.was_replaced(&now)? =>
            {
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

    /// Whether nobody changed the layer since.
    fn is_newest(&mut self, table: &Table) -> Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT FROM onemap_meta.touched WHERE layer = $1 AND version > $2)";
        let rows = self.link.query(sql, &[&table.name(), &catalog::signed(self.undone)])?;
        Ok(rows[0].get(0))
    }

    /// Whether every row that there was ended with the version, and every one that there is began with it: so a load does,
    /// but not who adds a column.
    fn was_replaced(&mut self, now: &Table) -> Result<bool> {
        let (h, tx) = (now.history(), self.undone_tx);
        let sql = format!("SELECT NOT EXISTS (SELECT FROM {h} WHERE until_tx IS NULL AND since_tx <> {tx})");
        Ok(self.link.query_long(&sql)?[0].get(0))
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

    /// Undoes what was done to the rows of a layer that keeps its columns; `before` is how it was defined, where that
    /// counts again. None where they stop it, or there is nothing to do.
    fn rows(&mut self, now: &Table, before: Option<&Table>, step: Step<'_>) -> Result<Option<LoadCounts>> {
        step(apply::told("comparing", now, 0, 0));
        self.find(now)?;
        let found = self.conflict(now)?;
        let dropped = "DROP TABLE pg_temp.onemap_undo, pg_temp.onemap_later";
        if found.rows > 0 && self.later == Later::Refuse {
            self.conflicts.push(found);
            self.link.batch(dropped)?;
            return Ok(None);
        }
        self.kept += found.rows;
        if found.rows > 0 {
            self.link.batch_long(
                "DELETE FROM pg_temp.onemap_undo u USING pg_temp.onemap_later l WHERE l.fid = u.fid; \
                 ANALYZE pg_temp.onemap_undo",
            )?;
        }
        let counts = self.write(now, step)?;
        self.link.batch(dropped)?;
        let table = before.map_or_else(|| now.clone(), |before| with_room_of(before, now));
        if table != *now {
            schema::finish(self.link, &table, self.postgis)?;
            catalog::define(self.link, table.name(), Some(&table), self.tx)?;
        } else if counts == LoadCounts::default() {
            return Ok(None);
        }
        Ok(Some(counts))
    }

    /// Lists the features that the version touched: whether a state of theirs began with it, and whether one ended.
    fn find(&mut self, table: &Table) -> Result<()> {
        let (h, tx) = (table.history(), self.undone_tx);
        self.link.batch_long(&format!(
            "CREATE TEMPORARY TABLE onemap_undo ON COMMIT DROP AS SELECT fid, bool_or(b) AS began, bool_or(NOT b) AS ended \
               FROM (SELECT fid, true AS b FROM {h} WHERE since_tx = {tx} \
                     UNION ALL SELECT fid, false FROM {h} WHERE until_tx = {tx}) s GROUP BY fid; \
             ANALYZE pg_temp.onemap_undo"
        ))
    }

    /// Lists those of them that were changed again since, or whose key another feature has now.
    fn conflict(&mut self, table: &Table) -> Result<Conflict> {
        let (h, tx, v) = (table.history(), self.undone_tx, self.undone);
        let since = format!("JOIN onemap_meta.commit c ON c.tx = o.since_tx AND c.version > {v}");
        let with_key = table.layer.key().map_or_else(String::new, |at| {
            let key = quote(&table.columns[at].history);
            format!(
                " UNION SELECT h.fid FROM {h} h JOIN {h} o ON o.{key} = h.{key} AND o.until_tx IS NULL \
                 AND o.valid_from IS NOT DISTINCT FROM h.valid_from AND o.fid <> h.fid {since} WHERE h.until_tx = {tx}"
            )
        });
        self.link.batch_long(&format!(
            "CREATE TEMPORARY TABLE onemap_later ON COMMIT DROP AS \
             SELECT fid FROM {h} WHERE since_tx = {tx} AND until_tx IS NOT NULL \
             UNION SELECT u.fid FROM pg_temp.onemap_undo u JOIN {h} o ON o.fid = u.fid AND o.until_tx IS NULL \
               WHERE NOT u.began \
             UNION SELECT u.fid FROM pg_temp.onemap_undo u JOIN {h} o ON o.fid = u.fid {since} WHERE NOT u.began{with_key}; \
             ANALYZE pg_temp.onemap_later"
        ))?;
        let sql = format!(
            "SELECT (SELECT count(*) FROM pg_temp.onemap_later), \
             ARRAY(SELECT fid FROM pg_temp.onemap_later ORDER BY fid LIMIT {TOLD})"
        );
        let rows = self.link.query_long(&sql)?;
        Ok(Conflict {
            layer: table.layer.name().clone(),
            rows: rows[0].get::<_, i64>(0) as u64,
            first: rows[0].get(1),
        })
    }

    fn write(&mut self, table: &Table, step: Step<'_>) -> Result<LoadCounts> {
        let (undone_tx, tx, postgis) = (self.undone_tx, self.tx, self.postgis);
        let link = &mut *self.link;
        let rows = link.query_long(
            "SELECT count(*) FILTER (WHERE began AND NOT ended), count(*) FILTER (WHERE began AND ended), \
             count(*) FILTER (WHERE ended AND NOT began) FROM pg_temp.onemap_undo",
        )?;
        let count = |at| rows[0].get::<_, i64>(at) as u64;
        let counts = LoadCounts {
            deleted: count(0),
            updated: count(1),
            inserted: count(2),
            unchanged: 0,
        };
        let total = counts.deleted + counts.updated + counts.inserted;
        step(apply::told("writing", table, 0, total));
        let recorder = match acts_alone(link, table)? {
            true => Recorder::Statements,
            false => Recorder::Triggers,
        };
        if recorder == Recorder::Statements {
            link.batch(&triggers::rest(table))?;
        }
        let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
        let undo = "pg_temp.onemap_undo u";
        if counts.deleted > 0 {
            let sql = format!("DELETE FROM {t} t USING {undo} WHERE t.{fid} = u.fid AND u.began AND NOT u.ended");
            link.execute_long(&recorder.after(&sql, &ended(table, tx)))?;
            step(apply::told("writing", table, counts.deleted, total));
        }
        let (own, kept) = (table.current_content(), table.history_content());
        if counts.updated > 0 {
            let sets: Vec<String> = own
                .iter()
                .zip(&kept)
                .map(|(own, kept)| format!("{own} = h.{kept}"))
                .collect();
            let sql = format!(
                "UPDATE {t} t SET {} FROM {h} h JOIN {undo} ON u.fid = h.fid AND u.began AND u.ended \
                 WHERE h.until_tx = {undone_tx} AND t.{fid} = h.fid",
                sets.join(", ")
            );
            link.execute_long(&recorder.after(&sql, &replaced(table, tx, postgis)))?;
            step(apply::told("writing", table, counts.deleted + counts.updated, total));
        }
        if counts.inserted > 0 {
            let told: Vec<String> = kept.iter().map(|kept| format!("h.{kept}")).collect();
            let sql = format!(
                "INSERT INTO {t} AS t ({}, {fid}) SELECT {}, h.fid FROM {h} h JOIN {undo} ON u.fid = h.fid \
                 AND u.ended AND NOT u.began WHERE h.until_tx = {undone_tx} ORDER BY h.fid",
                own.join(", "),
                told.join(", ")
            );
            link.execute_long(&recorder.after(&sql, &begun(table, tx, postgis)))?;
        }
        step(apply::told("writing", table, total, total));
        if recorder == Recorder::Statements {
            link.batch(&triggers::wake(table))?;
            catalog::touch(link, tx, table.name(), &counts)?;
        }
        self.must_be_exact(table)?;
        Ok(counts)
    }

    /// Columns that another program declared may not take what they once held, as where a time has lost its zone.
    fn must_be_exact(&mut self, table: &Table) -> Result<()> {
        let sql = format!(
            "SELECT count(*) FROM pg_temp.onemap_undo u JOIN {h} h ON h.fid = u.fid AND h.until_tx = {} \
             LEFT JOIN {} t ON t.{} = u.fid WHERE u.ended AND (t.{2} IS NULL OR NOT {})",
            self.undone_tx,
            table.current(),
            quote(&table.fid),
            table.same("t", "h", self.postgis),
            h = table.history(),
        );
        let differing: i64 = self.link.query_long(&sql)?[0].get(0);
        if differing == 0 {
            return Ok(());
        }
        Err(Error::NotUndone {
            version: self.undone,
            reason: format!(
                "{differing} rows of layer {:?} would not be what they were: its table has columns or triggers of another \
                 program",
                table.layer.name()
            ),
        })
    }
}

/// The layer as it was, but in the columns, and with the kind of geometry, that its table has come to have.
fn with_room_of(before: &Table, now: &Table) -> Table {
    let mut layer = before.layer.clone();
    layer.geometry_type = now.layer.geometry_type;
    let own = |column: &super::table::Column| {
        let same = now.columns.iter().find(|own| own.history == column.history);
        same.unwrap_or(column).clone()
    };
    Table {
        layer,
        columns: before.columns.iter().map(own).collect(),
        ..now.clone()
    }
}
