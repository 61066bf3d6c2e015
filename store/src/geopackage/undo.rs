//! Undoing what a version did to the rows of a layer that keeps its columns.

use super::apply;
use super::catalog::{self, Touched};
use super::fault::Inner;
use super::rollback::{Step, Undo};
use super::schema::{self, Extent, Triggers};
use super::table::{Table, quote};
use crate::batch::TOLD;
use crate::{Conflict, Later, LoadCounts};

impl Undo<'_> {
    /// Undoes what was done to the rows of a layer that keeps its columns; `before` is how it was defined, where that
    /// counts again.
    pub fn rows(&mut self, now: &Table, before: Option<&Table>, step: Step<'_>) -> Inner<()> {
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

    /// Whether the layer holds exactly what the version brought into it: nothing that others added, changed or took away.
    pub fn is_as_made(&self, table: &Table) -> Inner<bool> {
        self.find(table)?;
        let conflict = self.conflict(table)?;
        let sql = format!(
            "SELECT (SELECT count(*) FROM {}) = (SELECT count(*) FROM temp.onemap_undo WHERE began)",
            table.current()
        );
        let as_many: bool = self.db.query_row(&sql, [], |row| row.get(0))?;
        self.db
            .execute_batch("DROP TABLE temp.onemap_undo; DROP TABLE temp.onemap_later")?;
        Ok(conflict.rows == 0 && as_many)
    }

    /// Lists those of them that were changed again since, or whose key another feature has now.
    fn conflict(&self, table: &Table) -> Inner<Conflict> {
        let (t, h, fid, v) = (table.current(), table.history(), quote(&table.fid), self.undone);
        let db = self.db;
        let same: String = table.content().iter().map(|c| format!(" AND h.{c} IS t.{c}")).collect();
        // A feature that was changed and changed back is as the version left it.
        db.execute_batch(&format!(
            "INSERT INTO temp.onemap_later SELECT u.fid FROM temp.onemap_undo u WHERE CASE WHEN began \
             THEN NOT EXISTS (SELECT 1 FROM {t} t WHERE t.{fid} = u.fid AND (t.since = {v} OR EXISTS \
                  (SELECT 1 FROM {h} h WHERE h.{fid} = u.fid AND h.since = {v}{same}))) \
             ELSE EXISTS (SELECT 1 FROM {t} t WHERE t.{fid} = u.fid) END"
        ))?;
        if let Some(at) = table.layer.key() {
            let key = quote(&table.columns[at]);
            db.execute_batch(&format!(
                "INSERT OR IGNORE INTO temp.onemap_later SELECT h.{fid} FROM {h} h JOIN \
                 (SELECT {fid} AS n, {key} AS k, valid_from AS f FROM {t} WHERE since > {v} AND {key} NOTNULL \
                  AND {fid} NOT IN (SELECT fid FROM temp.onemap_undo)) o \
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
