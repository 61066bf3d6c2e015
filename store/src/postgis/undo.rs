//! Undoing what a version did to the rows of a layer that keeps its columns.

use super::rollback::{Step, Undo};
use super::table::{Column, Table, quote};
use super::write::{Recorder, acts_alone, begun, ended, replaced};
use super::{apply, catalog, schema, triggers};
use crate::batch::TOLD;
use crate::{Conflict, Error, Later, LoadCounts, Result};

impl Undo<'_> {
    /// Undoes what was done to the rows of a layer that keeps its columns; `before` is how it was defined, where that
    /// counts again. None where they stop it, or there is nothing to do.
    pub fn rows(&mut self, now: &Table, before: Option<&Table>, step: Step<'_>) -> Result<Option<LoadCounts>> {
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

    /// Whether the layer holds exactly what the version brought into it: nothing that others added, changed or took away.
    pub fn is_as_made(&mut self, table: &Table) -> Result<bool> {
        self.find(table)?;
        let conflict = self.conflict(table)?;
        let sql = format!(
            "SELECT (SELECT count(*) FROM {}) = (SELECT count(*) FROM pg_temp.onemap_undo WHERE began)",
            table.current()
        );
        let as_many: bool = self.link.query_long(&sql)?[0].get(0);
        self.link
            .batch("DROP TABLE pg_temp.onemap_undo, pg_temp.onemap_later")?;
        Ok(conflict.rows == 0 && as_many)
    }

    /// Lists those of them that were changed again since, or whose key another feature has now.
    fn conflict(&mut self, table: &Table) -> Result<Conflict> {
        let (h, tx, v) = (table.history(), self.undone_tx, self.undone);
        let since = format!("JOIN onemap_meta.commit c ON c.tx = o.since_tx AND c.version > {v}");
        let with_key = table.layer.key().map_or_else(String::new, |at| {
            let key = quote(&table.columns[at].history);
            format!(
                " UNION SELECT h.fid FROM {h} h JOIN {h} o ON o.{key} = h.{key} AND o.until_tx IS NULL \
                 AND o.valid_from IS NOT DISTINCT FROM h.valid_from AND o.fid <> h.fid {since} WHERE h.until_tx = {tx} \
                 AND NOT EXISTS (SELECT FROM pg_temp.onemap_undo u WHERE u.fid = o.fid)"
            )
        });
        let (t, fid, same) = (table.current(), quote(&table.fid), table.same("t", "h", self.postgis));
        // A feature that was changed and changed back is as the version left it.
        self.link.batch_long(&format!(
            "CREATE TEMPORARY TABLE onemap_later ON COMMIT DROP AS \
             SELECT h.fid FROM {h} h LEFT JOIN {t} t ON t.{fid} = h.fid \
               WHERE h.since_tx = {tx} AND h.until_tx IS NOT NULL AND (t.{fid} IS NULL OR NOT {same}) \
             UNION SELECT u.fid FROM pg_temp.onemap_undo u JOIN {h} o ON o.fid = u.fid AND o.until_tx IS NULL \
               WHERE NOT u.began{with_key}; \
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
    let own = |column: &Column| {
        let same = now.columns.iter().find(|own| own.history == column.history);
        same.unwrap_or(column).clone()
    };
    Table {
        layer,
        columns: before.columns.iter().map(own).collect(),
        ..now.clone()
    }
}
