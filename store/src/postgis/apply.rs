//! Writing what a load changes into the layer's tables. Readers see nothing of it before the commit, and never wait but for
//! the moment in which a table takes the place of another.

use super::compare;
use super::connect::Link;
use super::load::LayerLoad;
use super::schema::{self, History};
use super::stage::{InHistory, Purpose, Stage};
use super::table::{Table, literal, quote};
use super::types::{Dims, Shape};
use super::{catalog, triggers, write};
use crate::layer::fit::misfit;
use crate::{CommitStep, Error, LoadCounts, LoadMode, Result};
use onemap_model::{GeometryType, Layer};

type Step<'s> = &'s mut dyn FnMut(CommitStep);

/// Writes one layer of a load in the transaction `tx`.
pub(super) fn apply(
    link: &mut Link,
    load: &mut LayerLoad,
    tx: i64,
    postgis: &str,
    step: Step<'_>,
) -> Result<LoadCounts> {
    if load.mode == LoadMode::Upsert {
        compare::refuse_keys_twice(link, &load.stage)?;
    }
    let written = match load.stage.purpose {
        Purpose::Become(_) => become_layer(link, load, tx, postgis, step),
        Purpose::Compare => change(link, load, tx, postgis, step),
    };
    written.map_err(|error| of_values(load, error))
}

/// What PostgreSQL says of a row that a constraint of somebody else's, or a column that somebody else declared, does not
/// take.
fn of_values(load: &LayerLoad, error: Error) -> Error {
    match error {
        Error::Postgres {
            message,
            code: Some(code),
            ..
        } if ["22", "23"].iter().any(|class| code.starts_with(class)) => misfit(&load.stage.table.layer, message),
        error => error,
    }
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

/// Makes the staged table the layer's, beside a history that begins with it, or goes on where the layer was another before.
fn become_layer(link: &mut Link, load: &mut LayerLoad, tx: i64, postgis: &str, step: Step<'_>) -> Result<LoadCounts> {
    let stage = &mut load.stage;
    let rows = stage.rows;
    step(told("writing", &stage.table, 0, rows));
    let deleted = match &load.existing {
        Some(existing) => close_all(link, existing, tx)?,
        None => 0,
    };
    let history = begin_states(link, stage, tx, postgis)?;
    let table = &stage.table;
    step(told("writing", table, rows, rows));
    step(told("indexing", table, 0, rows));
    link.batch_long(&schema::index_current(table, &stage.name))?;
    if history == History::Made {
        link.batch_long(&schema::index_history(table))?;
    }
    link.batch_long(&schema::analyze_history(table))?;
    step(told("indexing", table, rows, rows));
    let next = stage.last_number().max(1);
    let called = stage.last_number() > 0;
    link.batch(&format!(
        "SELECT setval({}, {next}, {called})",
        literal(&table.sequence())
    ))?;
    if let Some(existing) = &load.existing {
        take_place(link, existing, &stage.table.layer, &stage.name)?;
    }
    schema::finish(link, &stage.table, postgis)?;
    catalog::define(link, stage.table.name(), Some(&stage.table), tx)?;
    let counts = LoadCounts {
        inserted: rows,
        deleted,
        ..LoadCounts::default()
    };
    catalog::touch(link, tx, stage.table.name(), &counts)?;
    Ok(counts)
}

/// Sees to it that the history has the staged rows as states that begin with `tx`. They were written by this program: they
/// are what the history keeps, without being cast.
fn begin_states(link: &mut Link, stage: &mut Stage, tx: i64, postgis: &str) -> Result<History> {
    let history = match stage.in_history {
        InHistory::All(_) => return Ok(History::Made),
        InHistory::Outdated => {
            link.batch(&format!("TRUNCATE {}", stage.table.history()))?;
            History::Made
        }
        InHistory::Nothing => schema::ensure_history(link, &mut stage.table, postgis)?,
    };
    let table = &stage.table;
    link.batch_long(&format!(
        "INSERT INTO {} (fid, {}, since_tx) SELECT {}, {}, {tx} FROM {}",
        table.history(),
        table.history_content().join(", "),
        quote(&table.fid),
        table.current_content().join(", "),
        stage.name
    ))?;
    Ok(history)
}

/// Ends all states of a layer.
pub(super) fn close_all(link: &mut Link, existing: &Table, tx: i64) -> Result<u64> {
    link.batch(&format!(
        "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
        existing.current()
    ))?;
    link.execute_long(&format!(
        "UPDATE {} SET until_tx = {tx} WHERE until_tx IS NULL",
        existing.history()
    ))
}

/// Puts the new table, at `place`, in the place of the old one, with the same rights.
pub(super) fn take_place(link: &mut Link, existing: &Table, layer: &Layer, place: &str) -> Result<()> {
    let rights = "SELECT coalesce(string_agg(format('GRANT %s ON TABLE %s TO %s%s', a.privilege_type, $2::text,
                   CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(g.rolname) END,
                   CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), '; '), '')
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
                 LEFT JOIN pg_roles g ON g.oid = a.grantee
                 WHERE n.nspname = 'public' AND c.relname = $1 AND a.grantee <> c.relowner";
    let rows = link.query(rights, &[&existing.name(), &place])?;
    link.batch(rows[0].get(0))?;
    link.batch(&schema::drop_current(existing)).map_err(|error| match error {
        Error::Postgres { message, code, .. } if code.as_deref() == Some("2BP01") => misfit(
            layer,
            format!("it has other fields than before, and its table cannot be replaced while others build on it: {message}"),
        ),
        error => error,
    })?;
    let bare = place.rsplit_once('.').map_or(place, |(_, name)| name);
    let name = quote(existing.name());
    link.batch(&format!(
        "ALTER TABLE {} SET SCHEMA public; ALTER TABLE public.{bare} RENAME TO {name}",
        place
    ))
}

/// Writes the difference into a layer that keeps its columns.
fn change(link: &mut Link, load: &mut LayerLoad, tx: i64, postgis: &str, step: Step<'_>) -> Result<LoadCounts> {
    let (stage, kept) = (&load.stage, &mut load.kept);
    let existing = load
        .existing
        .as_ref()
        .expect("rows are compared with a layer that is there");
    link.batch(&format!(
        "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
        existing.current()
    ))?;
    step(told("comparing", kept, 0, stage.rows));
    let difference = compare::compare(link, stage, kept, load.mode, postgis)?;
    let total = difference.deleted + difference.updated + difference.inserted;
    step(told("writing", kept, 0, total));
    // Where rows are as they were, the column and the definition need nothing but what is declared.
    make_room(link, stage, existing, kept, postgis)?;
    if *kept != *existing {
        link.batch(&triggers::install(kept, postgis))?;
    }
    write::write(link, stage, kept, &difference, tx, postgis)?;
    step(told("writing", kept, total, total));
    if *kept != *existing {
        schema::finish(link, kept, postgis)?;
        catalog::define(link, kept.name(), Some(kept), tx)?;
    }
    Ok(LoadCounts {
        inserted: difference.inserted,
        updated: difference.updated,
        unchanged: difference.unchanged,
        deleted: difference.deleted,
    })
}

/// Lets the geometry column take what the layer has from now on, and tells what is there as the new kind tells it. Neither
/// is a change of any feature.
fn make_room(link: &mut Link, stage: &Stage, existing: &Table, kept: &mut Table, postgis: &str) -> Result<()> {
    let Some(geom) = &kept.geom else { return Ok(()) };
    let g = quote(geom);
    let (old, new) = (existing.layer.geometry_type, kept.layer.geometry_type);
    let dims = stage
        .dims
        .map_or(existing.shape.dims, |dims| existing.shape.dims.with(dims));
    let needed = Shape::of(new, dims);
    let is_narrow = !existing.shape.takes(needed);
    let is_retold = old != new && (is_multi(old) || is_multi(new));
    if !is_narrow && !is_retold {
        return Ok(());
    }
    link.batch(&triggers::remove(existing))?;
    if is_narrow {
        kept.shape = needed;
        let value = if is_multi(new) {
            format!("{postgis}.ST_Multi({g})")
        } else {
            g.clone()
        };
        let check = match needed.dims {
            Dims::Mixed => format!(", ADD CHECK ({postgis}.ST_SRID({g}) = {})", kept.layer.crs.code()),
            _ => String::new(),
        };
        link.batch_long(&format!(
            "ALTER TABLE {} ALTER COLUMN {g} TYPE {postgis}.{} USING {value}{check}",
            kept.current(),
            kept.geometry_type()
        ))?;
    }
    if is_retold {
        // A layer of a multi kind tells a single point as one of many; its table may hold either.
        for (table, column, filter) in [
            (kept.current(), g.as_str(), "true"),
            (kept.history(), "geom", "until_tx IS NULL"),
        ] {
            link.execute_long(&format!(
                "UPDATE {table} SET {column} = {postgis}.ST_Multi({column}) \
                 WHERE {filter} AND NOT {postgis}.ST_IsCollection({column})"
            ))?;
        }
    }
    link.batch(&triggers::install(kept, postgis))
}

fn is_multi(kind: GeometryType) -> bool {
    use GeometryType::{MultiLineString, MultiPoint, MultiPolygon};
    matches!(kind, MultiPoint | MultiLineString | MultiPolygon)
}
