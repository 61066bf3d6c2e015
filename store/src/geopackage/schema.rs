//! Making, changing and removing a layer's tables, and telling the GeoPackage of them.

use super::blob;
use super::fault::Inner;
use super::table::{Table, quote};
use super::triggers::{self, Trigger};
use super::values;
use onemap_model::{Bbox, GeometryType, Version};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

/// The name that GeoPackage has for a kind of geometry.
pub(super) fn geometry_name(kind: GeometryType) -> String {
    kind.as_str().to_uppercase()
}

/// Makes the empty table of current rows. Numbers begin after `last_fid`.
pub(super) fn create_current(db: &Connection, table: &Table, last_fid: i64) -> Inner<()> {
    let mut columns = vec![format!(
        "{} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
        quote(&table.fid)
    )];
    columns.extend(
        table
            .geom
            .iter()
            .map(|c| format!("{} {}", quote(c), geometry_name(table.layer.geometry_type))),
    );
    columns.extend(field_columns(table));
    columns.push("\"valid_from\" DATETIME, \"valid_to\" DATETIME, \"since\" INTEGER".to_owned());
    db.execute_batch(&format!("CREATE TABLE {} ({})", table.current(), columns.join(", ")))?;
    db.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table.name()])?;
    db.execute(
        "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
        params![table.name(), last_fid],
    )?;
    Ok(())
}

fn field_columns(table: &Table) -> Vec<String> {
    let fields = table.layer.fields().iter().zip(&table.columns);
    fields
        .map(|(field, column)| format!("{} {}", quote(column), values::declared(field.field_type)))
        .collect()
}

/// Makes the index by which versions are found. Its name must differ from every layer's.
pub(super) fn create_since_index(db: &Connection, table: &Table) -> Inner<()> {
    let index = quote(&format!("onemap_{}_since", table.name()));
    db.execute_batch(&format!(
        "CREATE INDEX IF NOT EXISTS {index} ON {} (since)",
        table.current()
    ))?;
    Ok(())
}

/// Makes the table of closed rows, or adds the columns that it lacks. A column that is there with another type keeps
/// its old rows under another name, and older definitions are told of it.
pub(super) fn ensure_history(db: &Connection, table: &Table, version: Version) -> Inner<()> {
    let h = table.history();
    let name = table.history_name();
    let mut wanted = vec![(table.fid.clone(), "INTEGER".to_owned())];
    wanted.extend(
        table
            .geom
            .iter()
            .map(|c| (c.clone(), geometry_name(table.layer.geometry_type))),
    );
    let fields = table.layer.fields().iter().zip(&table.columns);
    wanted.extend(fields.map(|(field, column)| (column.clone(), values::declared(field.field_type).to_owned())));
    for (column, kind) in [
        ("valid_from", "DATETIME"),
        ("valid_to", "DATETIME"),
        ("since", "INTEGER"),
        ("until", "INTEGER"),
    ] {
        wanted.push((column.to_owned(), kind.to_owned()));
    }
    let found = columns_of(db, &name)?;
    if found.is_empty() {
        let columns = wanted
            .iter()
            .map(|(column, kind)| format!("{} {kind}", quote(column)))
            .collect::<Vec<_>>();
        db.execute_batch(&format!("CREATE TABLE {h} ({})", columns.join(", ")))?;
    }
    for (column, kind) in wanted.iter().filter(|_| !found.is_empty()) {
        let own = found.iter().find(|own| own.name.eq_ignore_ascii_case(column));
        let is_geometry = table.geom.as_deref() == Some(column);
        if let Some(own) = own {
            if is_geometry || values::of_declared(&own.declared) == values::of_declared(kind) {
                continue;
            }
            rename_history_column(db, table, &own.name, &format!("{}_until_{version}", own.name))?;
        }
        db.execute_batch(&format!("ALTER TABLE {h} ADD COLUMN {} {kind}", quote(column)))?;
    }
    let fid = quote(&table.fid);
    for (word, columns) in [
        ("fid", fid.clone()),
        ("since", format!("since, {fid}")),
        ("until", format!("until, {fid}")),
    ] {
        let index = quote(&format!("onemap_{name}_{word}"));
        db.execute_batch(&format!("CREATE INDEX IF NOT EXISTS {index} ON {h} ({columns})"))?;
    }
    Ok(())
}

fn rename_history_column(db: &Connection, table: &Table, old: &str, new: &str) -> Inner<()> {
    db.execute_batch(&format!(
        "ALTER TABLE {} RENAME COLUMN {} TO {}",
        table.history(),
        quote(old),
        quote(new)
    ))?;
    let mut select = db.prepare("SELECT since, definition FROM onemap_layer WHERE name = ?")?;
    let closed = select
        .query_map([table.name()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (since, json) in closed {
        let mut older = Table::from_json(table.name(), &json)?;
        for column in older
            .columns
            .iter_mut()
            .filter(|column| column.eq_ignore_ascii_case(old))
        {
            *column = new.to_owned();
        }
        db.execute(
            "UPDATE onemap_layer SET definition = ? WHERE name = ? AND since = ?",
            params![older.to_json(), table.name(), since],
        )?;
    }
    Ok(())
}

/// A column as `PRAGMA table_info` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    pub declared: String,
    pub primary_key: i64,
}

/// The columns of a table; none where there is no such table.
pub(super) fn columns_of(db: &Connection, table: &str) -> Inner<Vec<Column>> {
    let mut statement = db.prepare("SELECT name, type, pk FROM pragma_table_info(?)")?;
    let columns = statement.query_map([table], |row| {
        Ok(Column {
            name: row.get(0)?,
            declared: row.get(1)?,
            primary_key: row.get(2)?,
        })
    })?;
    Ok(columns.collect::<rusqlite::Result<_>>()?)
}

/// Makes the empty R-tree.
pub(super) fn create_rtree(db: &Connection, table: &Table) -> Inner<()> {
    if let Some(rtree) = table.rtree_name() {
        let rtree = quote(&rtree);
        db.execute_batch(&format!(
            "CREATE VIRTUAL TABLE {rtree} USING rtree(id, minx, maxx, miny, maxy)"
        ))?;
    }
    Ok(())
}

/// Whether the table has an R-tree that nothing kept up: one that was left when the table before it was dropped.
pub(super) fn has_old_rtree(db: &Connection, table: &Table) -> Inner<bool> {
    let Some(rtree) = table.rtree_name() else {
        return Ok(false);
    };
    let kept_up = triggers_of(db, table.name())?
        .iter()
        .any(|name| name.starts_with("rtree_"));
    Ok(!kept_up && exists(db, &rtree)?)
}

/// All triggers of a table, as they must stand in the file.
pub(super) fn all_triggers(db: &Connection, table: &Table) -> Inner<Vec<Trigger>> {
    let mut all = triggers::of_log(table, &unique_columns(db, table)?);
    if let Some(rtree) = table.rtree_name()
        && exists(db, &rtree)?
    {
        all.extend(triggers::of_rtree(table));
    }
    all.extend(triggers::of_count(table));
    Ok(all)
}

/// The columns of each unique index of the table.
pub(super) fn unique_columns(db: &Connection, table: &Table) -> Inner<Vec<Vec<String>>> {
    let mut indexes = db.prepare("SELECT name FROM pragma_index_list(?) WHERE \"unique\" = 1 ORDER BY name")?;
    let names = indexes
        .query_map([table.name()], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut found = Vec::new();
    for name in names {
        let mut info = db.prepare("SELECT name FROM pragma_index_info(?) ORDER BY seqno")?;
        let columns = info
            .query_map([name], |row| row.get::<_, Option<String>>(0))?
            .collect::<rusqlite::Result<Option<Vec<_>>>>()?;
        found.extend(columns);
    }
    Ok(found)
}

/// Which triggers a table gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Triggers {
    /// All that there are.
    All,
    /// The log's; those of GDAL's feature count only where the table has them. GDAL makes a table in one transaction and
    /// these triggers in a later one, and fails where somebody made them in between.
    AsMade,
}

/// Makes the triggers of a table anew.
pub(super) fn renew_triggers(db: &Connection, table: &Table, which: Triggers) -> Inner<()> {
    let counted = triggers_of(db, table.name())?
        .iter()
        .any(|name| name.starts_with("trigger_insert_feature_count_"));
    drop_triggers(db, table.name())?;
    let of_count = triggers::of_count(table);
    for trigger in all_triggers(db, table)? {
        if which == Triggers::All || counted || !of_count.contains(&trigger) {
            db.execute_batch(&trigger.sql)?;
        }
    }
    Ok(())
}

/// Removes the log's, the R-tree's and the count's triggers from a table; those of others stay.
pub(super) fn drop_triggers(db: &Connection, table: &str) -> Inner<()> {
    drop_triggers_named(
        db,
        table,
        &[
            "onemap_",
            "rtree_",
            "trigger_insert_feature_count_",
            "trigger_delete_feature_count_",
        ],
    )
}

/// Removes the log's triggers from a table.
pub(super) fn drop_triggers_of_log(db: &Connection, table: &str) -> Inner<()> {
    drop_triggers_named(db, table, &[triggers::LOG_PREFIX])
}

fn drop_triggers_named(db: &Connection, table: &str, prefixes: &[&str]) -> Inner<()> {
    for name in triggers_of(db, table)?
        .iter()
        .filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
    {
        db.execute_batch(&format!("DROP TRIGGER {}", quote(name)))?;
    }
    Ok(())
}

/// The names of all triggers of a table.
fn triggers_of(db: &Connection, table: &str) -> Inner<Vec<String>> {
    let mut statement =
        db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// Whether there is a table of this name.
pub(super) fn exists(db: &Connection, table: &str) -> Inner<bool> {
    let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE";
    Ok(db.query_row(sql, [table], |_| Ok(())).optional()?.is_some())
}

/// Tells the GeoPackage of the layer: contents, geometry column, extension, feature count.
pub(super) fn register(db: &Connection, table: &Table) -> Inner<()> {
    let (name, layer) = (table.name(), &table.layer);
    let title_taken = "SELECT 1 FROM gpkg_contents WHERE identifier = ?1 AND table_name <> ?2";
    let taken = db
        .query_row(title_taken, [&layer.title, name], |_| Ok(()))
        .optional()?
        .is_some();
    let identifier = if taken {
        format!("{} ({name})", layer.title)
    } else {
        layer.title.clone()
    };
    let kind = if table.geom.is_some() { "features" } else { "attributes" };
    let srs = table.geom.as_ref().map(|_| layer.crs.code());
    db.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (table_name) DO UPDATE SET data_type = ?2, identifier = ?3, srs_id = ?4",
        params![name, kind, identifier, srs],
    )?;
    db.execute("INSERT OR IGNORE INTO gpkg_ogr_contents VALUES (?, 0)", [name])?;
    if let Some(geom) = &table.geom {
        let kind = geometry_name(layer.geometry_type);
        db.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?1, ?2, ?3, ?4, 0, 0) \
             ON CONFLICT (table_name) DO UPDATE SET column_name = ?2, geometry_type_name = ?3, srs_id = ?4",
            params![name, geom, kind, layer.crs.code()],
        )?;
        db.execute(
            "INSERT OR IGNORE INTO gpkg_extensions VALUES (?, ?, 'gpkg_rtree_index', \
             'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
            [name, geom],
        )?;
    }
    Ok(())
}

/// Makes the GeoPackage forget the layer and drops its table, indexes, triggers and R-tree. The history stays.
pub(super) fn remove(db: &Connection, table: &Table) -> Inner<()> {
    if let Some(rtree) = table.rtree_name() {
        db.execute_batch(&format!("DROP TABLE IF EXISTS {}", quote(&rtree)))?;
    }
    db.execute_batch(&format!("DROP TABLE IF EXISTS {}", table.current()))?;
    for registry in [
        "gpkg_extensions",
        "gpkg_geometry_columns",
        "gpkg_ogr_contents",
        "gpkg_contents",
    ] {
        db.execute(
            &format!("DELETE FROM {registry} WHERE lower(table_name) = lower(?)"),
            [table.name()],
        )?;
    }
    Ok(())
}

/// What becomes of the extent that a layer is registered with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Extent {
    /// It is exactly this.
    Is(Option<Bbox>),
    /// It holds this too. Extents do not shrink by single edits: that would take a scan.
    Holds(Option<Bbox>),
}

/// The box of those rows that `filter` lets through; none where they have no geometry.
pub(super) fn extent(db: &Connection, table: &Table, filter: &str) -> Inner<Option<Bbox>> {
    let Some(geom) = &table.geom else {
        return Ok(None);
    };
    let mut select = db.prepare(&format!("SELECT {} FROM {} {filter}", quote(geom), table.current()))?;
    let mut rows = select.query([])?;
    let mut extent: Option<Bbox> = None;
    while let Some(row) = rows.next()? {
        if let ValueRef::Blob(bytes) = row.get_ref(0)?
            && let Some(bbox) = blob::bbox(bytes)
        {
            extent = Some(extent.map_or(bbox, |extent| extent.union(bbox)));
        }
    }
    Ok(extent)
}

/// Writes GDAL's feature count.
pub(super) fn write_count(db: &Connection, table: &Table, features: u64) -> Inner<()> {
    db.execute(
        "INSERT OR REPLACE INTO gpkg_ogr_contents VALUES (?, ?)",
        params![table.name(), features as i64],
    )?;
    Ok(())
}

/// Writes extent, feature count and time of change of a layer.
pub(super) fn refresh_contents(db: &Connection, table: &Table, features: u64, extent: Extent) -> Inner<()> {
    write_count(db, table, features)?;
    let (sets, bbox) = match extent {
        Extent::Is(bbox) => ("min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5", bbox),
        Extent::Holds(bbox) => (
            "min_x = min(ifnull(min_x, ?2), ifnull(?2, min_x)), min_y = min(ifnull(min_y, ?3), ifnull(?3, min_y)), \
             max_x = max(ifnull(max_x, ?4), ifnull(?4, max_x)), max_y = max(ifnull(max_y, ?5), ifnull(?5, max_y))",
            bbox,
        ),
    };
    let bounds = bbox.map(Bbox::to_array);
    let bound = |i: usize| bounds.map(|bounds| bounds[i]);
    db.execute(
        &format!(
            "UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), {sets} WHERE table_name = ?1"
        ),
        params![table.name(), bound(0), bound(1), bound(2), bound(3)],
    )?;
    Ok(())
}

/// Says that geometries of the layer may have heights.
pub(super) fn allow_heights(db: &Connection, table: &Table) -> Inner<()> {
    db.execute(
        "UPDATE gpkg_geometry_columns SET z = 2 WHERE table_name = ? AND z = 0",
        [table.name()],
    )?;
    Ok(())
}
