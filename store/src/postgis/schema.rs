//! Making a layer's tables: the current rows, the history, the view that shows it, the numbers.

use super::connect::Link;
use super::table::{Column, Table, literal, quote};
use super::types::{self, Dims};
use super::{catalog, triggers};
use crate::Result;

/// What the columns of the current table are declared as, in their order.
fn current_columns(table: &Table, postgis: &str) -> String {
    let mut columns = vec![format!(
        "{} bigint NOT NULL DEFAULT nextval({}::regclass)",
        quote(&table.fid),
        literal(&table.sequence())
    )];
    columns.extend(
        table
            .geom
            .iter()
            .map(|geom| format!("{} {postgis}.{}", quote(geom), table.geometry_type())),
    );
    columns.extend(
        table
            .columns
            .iter()
            .map(|column| format!("{} {}", quote(&column.name), column.sql_type)),
    );
    columns.extend(
        ["valid_from", "valid_to"]
            .iter()
            .zip(&table.valid)
            .map(|(name, kind)| format!("\"{name}\" {kind}")),
    );
    if let (Some(geom), Dims::Mixed) = (&table.geom, table.shape.dims) {
        let srid = table.layer.crs.code();
        columns.push(format!("CHECK ({postgis}.ST_SRID({}) = {srid})", quote(geom)));
    }
    columns.join(", ")
}

/// The statements that make a table for current rows, called `name` (quoted, with its schema), without key and indexes.
pub(super) fn create_current(table: &Table, name: &str, postgis: &str) -> String {
    format!("CREATE TABLE {name} ({});\n", current_columns(table, postgis))
}

/// The statements that give the table of current rows, called `name`, its primary key and its spatial index.
pub(super) fn index_current(table: &Table, name: &str) -> String {
    let mut sql = format!("ALTER TABLE {name} ADD PRIMARY KEY ({});\n", quote(&table.fid));
    if let Some(geom) = &table.geom {
        sql.push_str(&format!("CREATE INDEX ON {name} USING gist ({});\n", quote(geom)));
    }
    sql
}

/// Makes the sequence of feature numbers, if it is not there. Whoever may insert a row may take a number.
pub(super) fn create_sequence(table: &Table) -> String {
    let sequence = table.sequence();
    format!("CREATE SEQUENCE IF NOT EXISTS {sequence};\nGRANT USAGE ON SEQUENCE {sequence} TO PUBLIC;\n")
}

/// The statements that make the history, with indexes of ended states only: there are none yet.
pub(super) fn create_history(table: &Table, postgis: &str) -> String {
    let geom = table.geom.iter().map(|_| format!(", geom {postgis}.geometry"));
    let kinds = table
        .layer
        .fields()
        .iter()
        .map(|field| types::declared(field.field_type));
    let fields = table.columns.iter().zip(kinds);
    let fields = fields.map(|(column, kind)| format!(", {} {kind}", quote(&column.history)));
    format!(
        "CREATE TABLE {} (fid bigint NOT NULL{}, valid_from timestamptz, valid_to timestamptz{}, \
         since_tx bigint NOT NULL, until_tx bigint);\n\
         CREATE INDEX ON {0} (fid) WHERE until_tx IS NOT NULL;\n\
         CREATE INDEX ON {0} (until_tx, fid) WHERE until_tx IS NOT NULL;\n",
        table.history(),
        geom.collect::<String>(),
        fields.collect::<String>()
    )
}

/// The statements that index the history's first states. Nothing spatial: it is read by number, by version, or whole.
pub(super) fn index_history(table: &Table) -> String {
    let h = table.history();
    format!(
        "CREATE UNIQUE INDEX ON {h} (fid) WHERE until_tx IS NULL;\n\
         CREATE INDEX ON {h} (since_tx, fid);\n"
    )
}

/// Tells the planner what the history's own columns hold: without that, the triggers find their rows by long ways. A small
/// sample says enough: there are few transactions, and every number is another.
pub(super) fn analyze_history(table: &Table) -> String {
    format!(
        "SET LOCAL default_statistics_target = 10; ANALYZE {} (fid, since_tx, until_tx); \
         SET LOCAL default_statistics_target TO DEFAULT;\n",
        table.history()
    )
}

/// Whether the layer had a history before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// It was made; its indexes are still to be.
    Made,
    /// It was there, and has the columns that it lacked.
    WasThere,
}

/// Whether the layer has a history.
pub(super) fn has_history(link: &mut Link, table: &Table) -> Result<bool> {
    Ok(columns_of(link, "onemap_history", table.name())?.is_some())
}

/// Sees to it that the history can hold the layer's rows, and writes into `table` which column each field has there. A
/// field that changed its type gets another column: what was keeps its own.
pub(super) fn ensure_history(link: &mut Link, table: &mut Table, postgis: &str) -> Result<History> {
    let found = columns_of(link, "onemap_history", table.name())?;
    let Some(found) = found else {
        link.batch(&create_history(table, postgis))?;
        return Ok(History::Made);
    };
    let mut taken = vec![
        "fid".to_owned(),
        "geom".to_owned(),
        "valid_from".to_owned(),
        "valid_to".to_owned(),
    ];
    let mut added = Vec::new();
    if table.geom.is_some() && !found.iter().any(|own| own.name == "geom") {
        added.push(format!("ADD COLUMN geom {postgis}.geometry"));
    }
    let kinds: Vec<_> = table
        .layer
        .fields()
        .iter()
        .map(|field| types::declared(field.field_type))
        .collect();
    for (column, kind) in table.columns.iter_mut().zip(kinds) {
        let base = column.history.clone();
        let candidates = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}_{n}")));
        let place = candidates
            .filter(|name| !taken.contains(name))
            .find(|name| found.iter().all(|own| own.name != *name || own.sql_type == kind))
            .expect("there is always another number");
        if found.iter().all(|own| own.name != place) {
            added.push(format!("ADD COLUMN {} {kind}", quote(&place)));
        }
        taken.push(place.clone());
        column.history = place;
    }
    if !added.is_empty() {
        link.batch(&format!("ALTER TABLE {} {}", table.history(), added.join(", ")))?;
    }
    Ok(History::WasThere)
}

/// A column as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub name: String,
    /// Its type, as PostgreSQL writes it, without the schema of PostGIS.
    pub sql_type: String,
}

/// The columns of a table; none where there is no such table.
pub(super) fn columns_of(link: &mut Link, schema: &str, table: &str) -> Result<Option<Vec<Found>>> {
    let sql = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY a.attnum";
    let rows = link.query(sql, &[&schema, &table])?;
    if rows.is_empty() {
        return Ok(None);
    }
    let columns = rows.iter().filter_map(|row| {
        let (name, kind): (Option<String>, Option<String>) = (row.get(0), row.get(1));
        let kind = kind?;
        // A type that is not on the search path is written with its schema.
        let bare = kind.rfind(".geometry").map_or(kind.as_str(), |at| &kind[at + 1..]);
        Some(Found {
            name: name?,
            sql_type: bare.to_owned(),
        })
    });
    Ok(Some(columns.collect()))
}

/// Shows every state, with the versions that made and ended it, as a view that any program can read. A table of that
/// name that is no view of ours stays, and so does a view that others depend on.
pub(super) fn create_view(table: &Table) -> String {
    let own = |name: &str| {
        let is_field = table
            .columns
            .iter()
            .any(|column| column.name.eq_ignore_ascii_case(name));
        quote(&if is_field {
            format!("onemap_{name}")
        } else {
            name.to_owned()
        })
    };
    let geom = table.geom.iter().map(|_| ", h.geom".to_owned());
    let field = |column: &Column| format!(", h.{} AS {}", quote(&column.history), quote(&column.name));
    let fields = table.columns.iter().map(field);
    let view = format!(
        "VIEW {} AS SELECT h.fid{}{}, h.valid_from, h.valid_to, b.version AS since, e.version AS until, \
         b.time AS {}, e.time AS {} FROM {} h \
         LEFT JOIN onemap_meta.commit b ON b.tx = h.since_tx LEFT JOIN onemap_meta.commit e ON e.tx = h.until_tx",
        table.view(),
        geom.collect::<String>(),
        fields.collect::<String>(),
        own("since_time"),
        own("until_time"),
        table.history()
    );
    let (create, drop) = (
        literal(&format!("CREATE OR REPLACE {view}")),
        literal(&format!("DROP VIEW IF EXISTS {}", table.view())),
    );
    format!(
        "DO $onemap$ BEGIN
  BEGIN
    EXECUTE {create};
  EXCEPTION WHEN others THEN
    EXECUTE {drop};
    EXECUTE {create};
  END;
EXCEPTION WHEN wrong_object_type OR dependent_objects_still_exist THEN
  RAISE NOTICE 'the view of the history is not renewed: %', SQLERRM;
END $onemap$;\n"
    )
}

/// The statements that take a layer's table away, where it is one. The history stays.
pub(super) fn drop_current(table: &Table) -> String {
    format!("DROP TABLE IF EXISTS {};\n", table.current())
}

/// Lets numbers go on after the greatest that there is in the table and in the history.
pub(super) fn raise_sequence(table: &Table) -> String {
    let s = literal(&table.sequence());
    format!(
        "SELECT setval({s}, greatest(coalesce(pg_sequence_last_value({s}), 0), (SELECT coalesce(max({}), 0) FROM {}), \
         (SELECT coalesce(max(fid), 0) FROM {}), 1), \
         coalesce(pg_sequence_last_value({s}), (SELECT max({}) FROM {}), (SELECT max(fid) FROM {})) IS NOT NULL);\n",
        quote(&table.fid),
        table.current(),
        table.history(),
        quote(&table.fid),
        table.current(),
        table.history()
    )
}

/// Installs what every finished layer has: triggers, the view of its history; and remembers how its table looks.
pub(super) fn finish(link: &mut Link, table: &Table, postgis: &str) -> Result<()> {
    let mut sql = triggers::install(table, postgis);
    sql.push_str(&create_view(table));
    link.batch(&sql)?;
    catalog::remember(link, table)
}
