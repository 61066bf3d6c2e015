//! What triggers cannot see: tables dropped, made anew or reshaped, triggers gone, layers that others registered.

use super::catalog::{self, Touched};
use super::fault::Inner;
use super::look::Past;
use super::schema::{self, Extent, Triggers};
use super::seal::{self, SameContent};
use super::table::{Table, quote};
use super::{adopt_shape, apply, kept, triggers};
use crate::LoadCounts;
use onemap_model::{Crs, Version};
use rusqlite::{Connection, params};

/// A layer that is not as this program left it.
#[derive(Debug)]
pub(super) enum Deviation {
    /// Its table is no longer there, or is none that a layer can be kept in, for this reason.
    Gone(Table, String),
    /// Its table was dropped and made again.
    Remade(Table),
    /// Columns were added, dropped or have another type.
    Reshaped {
        old: Box<Table>,
        new: Box<Table>,
        triggers: TriggersLeft,
    },
    /// Some of the log's triggers are missing.
    Unrecorded(Table),
    /// The log's triggers do not fit the table's indexes any more.
    Retriggered(Table),
    /// What is kept of it once more is missing.
    Unkept(Table),
    /// A table that another program registered as a layer.
    New(Table),
}

impl Deviation {
    /// The layer's name.
    pub fn name(&self) -> &str {
        match self {
            Deviation::Reshaped { new, .. } => new.name(),
            Deviation::Gone(table, _)
            | Deviation::Remade(table)
            | Deviation::Unrecorded(table)
            | Deviation::Retriggered(table)
            | Deviation::Unkept(table)
            | Deviation::New(table) => table.name(),
        }
    }
}

/// Compares the file with what the store knows.
pub(super) fn deviations(db: &Connection, crs: Crs) -> Inner<Vec<Deviation>> {
    let known = catalog::current_tables(db)?;
    let mut found = Vec::new();
    for table in &known {
        found.extend(deviation(db, table, crs)?);
    }
    let mut contents =
        db.prepare_cached("SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')")?;
    let names = contents
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let before = catalog::newest_tables(db)?;
    for name in names {
        if known
            .iter()
            .any(|table| table.layer.name().folded() == name.to_lowercase())
        {
            continue;
        }
        // One that was a layer before comes back as it was defined.
        let was = before
            .iter()
            .find(|table| table.layer.name().folded() == name.to_lowercase());
        match adopt_shape::of_table(db, &name, crs, was)? {
            Ok(table) => found.push(Deviation::New(table)),
            Err(reason) => tracing::debug!(table = name, "left alone: {reason}"),
        }
    }
    Ok(found)
}

fn deviation(db: &Connection, table: &Table, crs: Crs) -> Inner<Option<Deviation>> {
    let new = match adopt_shape::of_table(db, table.name(), crs, Some(table))? {
        Ok(new) => new,
        Err(reason) => return Ok(Some(Deviation::Gone(table.clone(), reason))),
    };
    let triggers = triggers_left(db, table)?;
    let columns = schema::columns_of(db, table.name())?;
    let has_since = columns.iter().any(|column| column.name == "since");
    // Dropping a table drops its triggers: without any, its rows are others, whatever they say of themselves.
    if !has_since || triggers == TriggersLeft::None || !schema::exists(db, &table.history_name())? {
        return Ok(Some(Deviation::Remade(new)));
    }
    Ok(match triggers {
        _ if new != *table => {
            let (old, new) = (Box::new(table.clone()), Box::new(new));
            Some(Deviation::Reshaped { old, new, triggers })
        }
        TriggersLeft::Some | TriggersLeft::None => Some(Deviation::Unrecorded(new)),
        TriggersLeft::Other => Some(Deviation::Retriggered(new)),
        TriggersLeft::All if !kept::is_there(db, table)? => Some(Deviation::Unkept(new)),
        TriggersLeft::All => None,
    })
}

/// How many of the log's triggers a table still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TriggersLeft {
    All,
    /// All, but some say other things than they should.
    Other,
    Some,
    None,
}

fn triggers_left(db: &Connection, table: &Table) -> Inner<TriggersLeft> {
    let mut statement =
        db.prepare_cached("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ? AND tbl_name = ?")?;
    let expected = triggers::of_log(table, &schema::unique_columns(db, table)?);
    let (mut found, mut same) = (0, 0);
    for trigger in &expected {
        let mut rows = statement.query([&trigger.name, table.name()])?;
        if let Some(row) = rows.next()? {
            found += 1;
            same += usize::from(row.get::<_, String>(0)? == trigger.sql);
        }
    }
    Ok(match expected.len() {
        all if same == all => TriggersLeft::All,
        all if found == all => TriggersLeft::Other,
        _ if found > 0 => TriggersLeft::Some,
        _ => TriggersLeft::None,
    })
}

/// Makes the store agree with the file again; the gate must be open. Says what the version did to the layer.
pub(super) fn follow(db: &Connection, deviation: &Deviation, version: Version) -> Inner<(Option<Touched>, Past)> {
    Ok(match deviation {
        Deviation::Gone(table, _) => {
            let past = remember(db, table)?;
            let counts = bury(db, table, version)?;
            match schema::exists(db, table.name())? {
                true => schema::drop_triggers(db, table.name())?,
                false => schema::remove(db, table)?,
            }
            catalog::define(db, table.name(), None, version)?;
            if past == Past::Lost {
                recount(db, table, version)?;
            }
            (Some(touched(table, counts, 0)), past)
        }
        Deviation::New(table) => {
            let touched = take_over(db, table, version, SameContent::IsChange)?;
            catalog::define(db, table.name(), Some(table), version)?;
            (Some(touched), Past::Kept)
        }
        Deviation::Remade(table) | Deviation::Unrecorded(table) => {
            let old = catalog::table(db, table.name(), Version(version.0 - 1))?;
            let old = old.as_ref().unwrap_or(table);
            let past = remember(db, old)?;
            let touched = take_over(db, table, version, same_content(old, table))?;
            if past == Past::Lost {
                recount(db, table, version)?;
            }
            if past == Past::Lost || table != old {
                catalog::define(db, table.name(), Some(table), version)?;
                return Ok((Some(touched), past));
            }
            // Made anew as it was, row by row, it is no version.
            let changed = touched.counts != LoadCounts::default();
            (changed.then_some(touched), past)
        }
        Deviation::Reshaped { old, new, triggers } => {
            if new.holds_rows_of(old) && *triggers != TriggersLeft::Some {
                schema::drop_triggers_of_log(db, new.name())?;
                let touched = finish(db, new, version, SameContent::IsChange, Triggers::All)?;
                catalog::define(db, new.name(), Some(new), version)?;
                return Ok((Some(touched), Past::Kept));
            }
            let past = remember(db, old)?;
            let touched = take_over(db, new, version, same_content(old, new))?;
            catalog::define(db, new.name(), Some(new), version)?;
            if past == Past::Lost {
                recount(db, new, version)?;
            }
            (Some(touched), past)
        }
        Deviation::Retriggered(table) => {
            schema::renew_triggers(db, table, Triggers::All)?;
            (None, Past::Kept)
        }
        Deviation::Unkept(table) => {
            kept::make(db, table)?;
            (None, Past::Kept)
        }
    })
}

/// Makes all that the layer was pending, where that is still known.
fn remember(db: &Connection, table: &Table) -> Inner<Past> {
    if !schema::exists(db, &table.history_name())? || !kept::is_there(db, table)? {
        return Ok(Past::Lost);
    }
    kept::make_pending(db, table)?;
    Ok(Past::Kept)
}

/// Rows that are as they were are untouched, unless their columns mean something else now.
fn same_content(old: &Table, new: &Table) -> SameContent {
    if new.holds_rows_of(old) {
        SameContent::IsNoChange
    } else {
        SameContent::IsChange
    }
}

/// Counts the older versions' changes of a layer anew, from the rows that can still be told: what is kept of it was
/// removed together with its table.
fn recount(db: &Connection, table: &Table, before: Version) -> Inner<()> {
    if !schema::exists(db, &table.history_name())? {
        return Ok(());
    }
    let (h, fid) = (table.history(), quote(&table.fid));
    db.execute("DELETE FROM onemap_commit_layer WHERE layer = ?", [table.name()])?;
    let sql = format!(
        "INSERT INTO onemap_commit_layer \
         SELECT v, ?1, sum(b AND NOT e), sum(b AND e), sum(e AND NOT b), sum(sum(b) - sum(e)) OVER (ORDER BY v) \
         FROM (SELECT v, n, max(b) AS b, max(e) AS e \
           FROM (SELECT since AS v, {fid} AS n, 1 AS b, 0 AS e FROM {h} \
             UNION ALL SELECT until, {fid}, 0, 1 FROM {h}) \
           GROUP BY v, n) \
         WHERE v IN (SELECT version FROM onemap_commit) AND v < ?2 GROUP BY v"
    );
    db.execute(&sql, params![table.name(), before.0 as i64])?;
    Ok(())
}

/// Closes what the history still has pending of a table that is gone.
fn bury(db: &Connection, table: &Table, version: Version) -> Inner<LoadCounts> {
    let mut counts = LoadCounts::default();
    if schema::exists(db, &table.history_name())? {
        let sql = format!("UPDATE {} SET until = {version} WHERE until IS NULL", table.history());
        counts.deleted = db.execute(&sql, [])? as u64;
    }
    Ok(counts)
}

/// Gives a table that another program made the store's columns, history and triggers; all its rows are compared with
/// what is pending.
fn take_over(db: &Connection, table: &Table, version: Version, same: SameContent) -> Inner<Touched> {
    let triggers = match triggers_left(db, table)? {
        TriggersLeft::None => Triggers::AsMade,
        TriggersLeft::All | TriggersLeft::Other | TriggersLeft::Some => Triggers::All,
    };
    schema::drop_triggers_of_log(db, table.name())?;
    let columns = schema::columns_of(db, table.name())?;
    for (column, kind) in [
        ("valid_from", "DATETIME"),
        ("valid_to", "DATETIME"),
        ("since", "INTEGER"),
    ] {
        if !columns.iter().any(|own| own.name.eq_ignore_ascii_case(column)) {
            let t = table.current();
            db.execute_batch(&format!("ALTER TABLE {t} ADD COLUMN {} {kind}", quote(column)))?;
        }
    }
    db.execute_batch(&format!(
        "UPDATE {} SET since = NULL WHERE since IS NOT NULL",
        table.current()
    ))?;
    finish(db, table, version, same, triggers)
}

fn finish(db: &Connection, table: &Table, version: Version, same: SameContent, triggers: Triggers) -> Inner<Touched> {
    schema::ensure_history(db, table, version)?;
    schema::create_since_index(db, table)?;
    let counts = seal::seal(db, table, version, same)?;
    if schema::has_old_rtree(db, table)? {
        apply::pack_again(db, table, &mut |_| ())?;
    }
    schema::renew_triggers(db, table, triggers)?;
    let features = catalog::count(db, table)?;
    schema::refresh_contents(db, table, features, Extent::Is(schema::extent(db, table, "")?))?;
    Ok(touched(table, counts, features))
}

fn touched(table: &Table, counts: LoadCounts, features: u64) -> Touched {
    Touched {
        layer: table.name().to_owned(),
        counts,
        features,
    }
}
