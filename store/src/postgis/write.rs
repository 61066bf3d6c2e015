//! Writing a difference into a layer's table, and what it did into the history.
//!
//! The history is written by set: each statement gives back the rows as the table has them now, and the states that this
//! ends and begins go into the history in the same statement. The triggers, which must expect everything of everybody,
//! rest meanwhile. Where others have triggers, rules or foreign keys on the table, one row may change another: there ours
//! do what they always do.

use super::catalog;
use super::compare::Difference;
use super::connect::Link;
use super::stage::Stage;
use super::table::{Table, literal, quote};
use super::triggers;
use crate::{LoadCounts, Result};

/// Who writes the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorder {
    Triggers,
    /// The statements themselves.
    Statements,
}

/// Writes the difference in the transaction `tx`. The table must be locked against other writers.
pub(super) fn write(
    link: &mut Link,
    stage: &Stage,
    kept: &Table,
    difference: &Difference,
    tx: i64,
    postgis: &str,
) -> Result<()> {
    let recorder = match acts_alone(link, kept)? {
        true => Recorder::Statements,
        false => Recorder::Triggers,
    };
    if recorder == Recorder::Statements {
        link.batch(&triggers::rest(kept))?;
    }
    let mut logged = LoadCounts::default();
    if difference.deleted > 0 {
        let sql = recorder.after(&delete(kept, difference), &ended(kept, tx));
        logged.deleted = link.execute_long(&sql)?;
    }
    if difference.updated > 0 {
        let sql = recorder.after(&update(kept, stage, difference, postgis), &replaced(kept, tx, postgis));
        logged.updated = link.execute_long(&sql)?;
    }
    if difference.inserted > 0 {
        let sql = recorder.after(&insert(kept, stage, difference, postgis), &begun(kept, tx, postgis));
        logged.inserted = link.execute_long(&sql)?;
    }
    if recorder == Recorder::Statements {
        link.batch(&triggers::wake(kept))?;
        catalog::touch(link, tx, kept.name(), &logged)?;
    }
    Ok(())
}

/// Whether a statement on the layer's table changes in it what it says, and nothing else.
pub(super) fn acts_alone(link: &mut Link, table: &Table) -> Result<bool> {
    let sql = "SELECT c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relhassubclass AND NOT EXISTS
                 (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT starts_with(t.tgname, $2))
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'public' AND c.relname = $1";
    let rows = link.query(sql, &[&table.name(), &triggers::PREFIX])?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

impl Recorder {
    /// The statement, with that which writes what it did: `done` are the rows that it changed.
    pub fn after(self, statement: &str, record: &str) -> String {
        match self {
            Recorder::Triggers => statement.to_owned(),
            Recorder::Statements => format!("WITH done AS ({statement} RETURNING t.*){record}"),
        }
    }
}

fn delete(kept: &Table, difference: &Difference) -> String {
    let (t, fid, gone) = (kept.current(), quote(&kept.fid), &difference.gone);
    format!("DELETE FROM {t} t USING {gone} g WHERE t.{fid} = g.fid")
}

fn update(kept: &Table, stage: &Stage, difference: &Difference, postgis: &str) -> String {
    let (t, fid, s, fresh) = (kept.current(), quote(&kept.fid), &stage.name, &difference.fresh);
    let values = told(kept, stage).as_history("s", postgis);
    let columns = kept.current_content().into_iter().zip(values);
    let sets: Vec<String> = columns.map(|(column, value)| format!("{column} = {value}")).collect();
    format!(
        "UPDATE {t} t SET {} FROM {fresh} f JOIN {s} s ON s.fid = f.n WHERE t.{fid} = f.fid",
        sets.join(", ")
    )
}

fn insert(kept: &Table, stage: &Stage, difference: &Difference, postgis: &str) -> String {
    let (t, fid, s, fresh) = (kept.current(), quote(&kept.fid), &stage.name, &difference.fresh);
    // Geometries are ordered along a curve: what is near on the map is near on disk.
    let order = stage.table.geom.as_ref().map_or("", |_| "s.geom, ");
    format!(
        "INSERT INTO {t} AS t ({}, {fid}) SELECT {}, nextval({}::regclass) FROM (SELECT s.* FROM {s} s JOIN {fresh} f ON \
         f.n = s.fid WHERE f.fid IS NULL ORDER BY {order}s.fid) s",
        kept.current_content().join(", "),
        told(kept, stage).as_history("s", postgis).join(", "),
        literal(&kept.sequence())
    )
}

/// The staged rows, told as the layer that is kept tells them.
pub(super) fn told(kept: &Table, stage: &Stage) -> Table {
    Table {
        layer: kept.layer.clone(),
        ..stage.table.clone()
    }
}

/// Ends the states of the rows in `done`.
pub(super) fn ended(kept: &Table, tx: i64) -> String {
    format!(
        " UPDATE {} h SET until_tx = {tx} FROM done d WHERE h.fid = d.{} AND h.until_tx IS NULL",
        kept.history(),
        quote(&kept.fid)
    )
}

/// Ends the states of the rows in `done` that are not as they were, and begins others.
pub(super) fn replaced(kept: &Table, tx: i64, postgis: &str) -> String {
    format!(
        ", ended AS ({} AND NOT {} RETURNING h.fid){} JOIN ended e ON e.fid = d.{}",
        ended(kept, tx),
        kept.same("d", "h", postgis),
        begun(kept, tx, postgis),
        quote(&kept.fid)
    )
}

/// Begins states of the rows in `done`.
pub(super) fn begun(kept: &Table, tx: i64, postgis: &str) -> String {
    format!(
        " INSERT INTO {} (fid, {}, since_tx) SELECT d.{}, {}, {tx} FROM done d",
        kept.history(),
        kept.history_content().join(", "),
        quote(&kept.fid),
        kept.as_history("d", postgis).join(", ")
    )
}
