//! What a load changes: staged rows against those that are there.
//!
//! Rows equal in content stay untouched, as often as they come on both sides. What is left is paired by key and
//! beginning of valid time: those are updates. Both are merges of two sorted runs, so memory stays bounded.

use super::fault::Inner;
use super::rows::Decoder;
use super::stage::Stage;
use super::table::Table;
use crate::{CommitStep, LoadMode};
use rusqlite::{Connection, params};
use std::cmp::Ordering;

/// How often a step is told, in rows.
pub(super) const STEP_ROWS: u64 = 10_000;

/// The outcome, in temporary tables that go with the transaction.
#[derive(Debug)]
pub(super) struct Difference {
    /// Staged rows with nothing equal: `(staged INTEGER PRIMARY KEY, key, fid)`, `fid` where it updates that feature.
    pub fresh: String,
    /// Features with nothing equal: `(fid INTEGER PRIMARY KEY, key, staged)`, `staged` where that row updates it.
    pub gone: String,
    /// How many rows are equal on both sides.
    pub unchanged: u64,
    /// How many features get another content.
    pub updated: u64,
    /// How many staged rows are new.
    pub inserted: u64,
    /// How many features have no row in the load.
    pub left: u64,
}

/// Compares the staged rows with those of `table`.
pub(super) fn compare(
    db: &Connection,
    stage: &Stage,
    table: &Table,
    mode: LoadMode,
    step: &mut dyn FnMut(CommitStep),
) -> Inner<Difference> {
    let known = stage.name.replace("stage", "known");
    let mut difference = Difference {
        fresh: stage.name.replace("stage", "fresh"),
        gone: stage.name.replace("stage", "gone"),
        unchanged: 0,
        updated: 0,
        inserted: 0,
        left: 0,
    };
    db.execute_batch(&format!(
        "CREATE TABLE {} (staged INTEGER PRIMARY KEY, key, fid); CREATE TABLE {} (fid INTEGER PRIMARY KEY, key, staged)",
        difference.fresh, difference.gone
    ))?;
    if mode == LoadMode::Append {
        let sql = format!(
            "INSERT INTO {} SELECT rowid, NULL, NULL FROM {}",
            difference.fresh, stage.name
        );
        difference.inserted = db.execute(&sql, [])? as u64;
        return Ok(difference);
    }
    identify(db, stage, table, &known, step)?;
    difference.match_content(db, stage, &known)?;
    difference.match_keys(db)?;
    db.execute_batch(&format!("DROP TABLE {known}"))?;
    difference.inserted -= difference.updated;
    difference.left -= difference.updated;
    Ok(difference)
}

/// Writes hash and key of every row that is there into a temporary table.
fn identify(db: &Connection, stage: &Stage, table: &Table, known: &str, step: &mut dyn FnMut(CommitStep)) -> Inner<()> {
    db.execute_batch(&format!("CREATE TABLE {known} (fid INTEGER PRIMARY KEY, key, hash)"))?;
    let mut insert = db.prepare(&format!("INSERT INTO {known} VALUES (?, ?, ?)"))?;
    let total = super::catalog::count(db, table)?;
    // Decoded as the loaded definition says, so that both sides' values stand in the same order.
    let as_loaded = Table {
        layer: stage.table.layer.clone(),
        ..stage.table.clone()
    };
    let mut statement = db.prepare(&format!("SELECT {} FROM {}", as_loaded.decoded(), table.current()))?;
    let mut rows = statement.query([])?;
    let mut decoder = Decoder::new(&as_loaded);
    let mut done = 0;
    while let Some(row) = rows.next()? {
        let identity = decoder.identity(row)?;
        insert.execute(params![row.get::<_, i64>(0)?, identity.key, identity.hash])?;
        done += 1;
        if done % STEP_ROWS == 0 {
            step(told("comparing", table, done, total));
        }
    }
    Ok(())
}

/// A step of the commit of one layer.
pub(super) fn told(what: &'static str, table: &Table, done: u64, total: u64) -> CommitStep {
    CommitStep {
        what,
        layer: Some(table.layer.name().clone()),
        done,
        total,
    }
}

/// One side of a merge: what is compared, and the row's number.
struct Run<'r, K> {
    rows: rusqlite::Rows<'r>,
    head: Option<(K, i64, Option<String>)>,
}

impl<'r, K: rusqlite::types::FromSql> Run<'r, K> {
    fn new(rows: rusqlite::Rows<'r>) -> Inner<Self> {
        let mut run = Self { rows, head: None };
        run.advance()?;
        Ok(run)
    }

    fn advance(&mut self) -> Inner<Option<(K, i64, Option<String>)>> {
        let next = match self.rows.next()? {
            Some(row) => Some((row.get(0)?, row.get(1)?, row.get(2)?)),
            None => None,
        };
        Ok(std::mem::replace(&mut self.head, next))
    }
}

impl Difference {
    fn match_content(&mut self, db: &Connection, stage: &Stage, known: &str) -> Inner<()> {
        let mut staged = db.prepare(&format!(
            "SELECT hash, rowid, key FROM {} ORDER BY hash, rowid",
            stage.name
        ))?;
        let mut there = db.prepare(&format!("SELECT hash, fid, key FROM {known} ORDER BY hash, fid"))?;
        let mut fresh = db.prepare(&format!("INSERT INTO {} VALUES (?, ?, NULL)", self.fresh))?;
        let mut gone = db.prepare(&format!("INSERT INTO {} VALUES (?, ?, NULL)", self.gone))?;
        let mut a = Run::<[u8; 16]>::new(staged.query([])?)?;
        let mut b = Run::<[u8; 16]>::new(there.query([])?)?;
        loop {
            match order(&a, &b) {
                None => return Ok(()),
                Some(Ordering::Equal) => {
                    a.advance()?;
                    b.advance()?;
                    self.unchanged += 1;
                }
                Some(Ordering::Less) => {
                    if let Some((_, row, key)) = a.advance()? {
                        fresh.execute(params![row, key])?;
                        self.inserted += 1;
                    }
                }
                Some(Ordering::Greater) => {
                    if let Some((_, fid, key)) = b.advance()? {
                        gone.execute(params![fid, key])?;
                        self.left += 1;
                    }
                }
            }
        }
    }

    fn match_keys(&mut self, db: &Connection) -> Inner<()> {
        let select = |table: &str, number: &str| {
            format!("SELECT key, {number}, NULL FROM {table} WHERE key IS NOT NULL ORDER BY key, {number}")
        };
        db.execute_batch("CREATE TABLE temp.onemap_pairs (staged INTEGER, fid INTEGER)")?;
        {
            let mut staged = db.prepare(&select(&self.fresh, "staged"))?;
            let mut there = db.prepare(&select(&self.gone, "fid"))?;
            let mut pair = db.prepare("INSERT INTO temp.onemap_pairs VALUES (?, ?)")?;
            let mut a = Run::<String>::new(staged.query([])?)?;
            let mut b = Run::<String>::new(there.query([])?)?;
            while let Some(order) = order(&a, &b) {
                match order {
                    Ordering::Less => drop(a.advance()?),
                    Ordering::Greater => drop(b.advance()?),
                    Ordering::Equal => {
                        if let (Some((_, row, _)), Some((_, fid, _))) = (a.advance()?, b.advance()?) {
                            pair.execute([row, fid])?;
                            self.updated += 1;
                        }
                    }
                }
            }
        }
        db.execute_batch(&format!(
            "UPDATE {} AS x SET fid = p.fid FROM temp.onemap_pairs p WHERE p.staged = x.staged; \
             UPDATE {} AS x SET staged = p.staged FROM temp.onemap_pairs p WHERE p.fid = x.fid; \
             DROP TABLE temp.onemap_pairs",
            self.fresh, self.gone
        ))?;
        Ok(())
    }
}

/// Which side comes first; none where both are at their end.
fn order<K: Ord>(a: &Run<'_, K>, b: &Run<'_, K>) -> Option<Ordering> {
    match (&a.head, &b.head) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some((a, ..)), Some((b, ..))) => Some(a.cmp(b)),
    }
}
