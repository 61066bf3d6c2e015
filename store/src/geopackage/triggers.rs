//! The triggers in the file that keep log, R-tree and feature count, whoever writes.
//!
//! The log's triggers save the sealed state of a row that is about to be replaced or removed into the history, with an
//! open end, and take the version off every row that is written. So what is not sealed yet is: rows without `since`, and
//! history rows without `until`. They call no function of ours: any SQLite runs them. `REPLACE` fires no delete trigger
//! (unless `recursive_triggers` is on), so the triggers *before* an insert or update save every row that it may push
//! out; a row that was saved in vain, because the statement was ignored in the end, is dropped when sealing.

use super::table::{Table, literal, quote};

/// A trigger: its name and the statement that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trigger {
    pub name: String,
    pub sql: String,
}

/// What the names of the log's triggers begin with.
pub(super) const LOG_PREFIX: &str = "onemap_";

/// The triggers that keep the log. `unique` are the columns of each unique index that the table has, beside its number.
pub(super) fn of_log(table: &Table, unique: &[Vec<String>]) -> Vec<Trigger> {
    let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
    let columns = table.content().join(", ");
    let clashes: String = unique
        .iter()
        .map(|columns| {
            let equal = columns
                .iter()
                .map(|c| format!("{c} = NEW.{c}", c = quote(c)))
                .collect::<Vec<_>>();
            format!(" OR ({})", equal.join(" AND "))
        })
        .collect();
    let save = |which: &str| {
        format!(
            "INSERT INTO {h} ({fid}, {columns}, since) SELECT {fid}, {columns}, since FROM {t} WHERE ({which}) \
             AND since IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {h} onemap_h WHERE onemap_h.{fid} = {t}.{fid} \
             AND onemap_h.until IS NULL);"
        )
    };
    let forget = format!(
        "UPDATE onemap_gate SET open = 1; UPDATE {t} SET since = NULL WHERE {fid} = NEW.{fid}; \
         UPDATE onemap_gate SET open = 0;"
    );
    let refuse = "SELECT RAISE(ABORT, 'a feature number must be between 1 and 9007199254740991');";
    let legal = format!("NEW.{fid} BETWEEN 1 AND 9007199254740991");
    let trigger = |suffix: &str, event: &str, when: &str, body: &str| {
        let name = format!("{LOG_PREFIX}{}_{suffix}", table.name());
        let sql = format!(
            "CREATE TRIGGER {} {event} ON {t} WHEN (SELECT open FROM onemap_gate) = 0{when} BEGIN {body} END",
            quote(&name)
        );
        Trigger { name, sql }
    };
    vec![
        trigger(
            "before_insert",
            "BEFORE INSERT",
            "",
            &save(&format!("{fid} = NEW.{fid}{clashes}")),
        ),
        trigger("insert", "AFTER INSERT", " AND NEW.since IS NOT NULL", &forget),
        trigger("insert_number", "AFTER INSERT", &format!(" AND NOT ({legal})"), refuse),
        trigger(
            "before_update",
            "BEFORE UPDATE",
            "",
            &save(&format!("{fid} IN (OLD.{fid}, NEW.{fid}){clashes}")),
        ),
        trigger("update", "AFTER UPDATE", " AND NEW.since IS NOT NULL", &forget),
        trigger("update_number", "AFTER UPDATE", &format!(" AND NOT ({legal})"), refuse),
        trigger(
            "before_delete",
            "BEFORE DELETE",
            "",
            &save(&format!("{fid} = OLD.{fid}")),
        ),
    ]
}

/// The triggers of the R-tree extension (OGC 12-128r18, annex F.3); none without geometry.
///
/// They are those of GeoPackage 1.3, not of 1.4: GDAL before 3.7 drops a layer's triggers by their 1.3 names and fails
/// where they are missing; later ones know both.
pub(super) fn of_rtree(table: &Table) -> Vec<Trigger> {
    let (Some(rtree), Some(geom)) = (table.rtree_name(), &table.geom) else {
        return Vec::new();
    };
    let (t, r, i, c) = (table.current(), quote(&rtree), quote(&table.fid), quote(geom));
    let full = format!("(NEW.{c} NOTNULL AND NOT ST_IsEmpty(NEW.{c}))");
    let void = format!("(NEW.{c} ISNULL OR ST_IsEmpty(NEW.{c}))");
    let put = format!(
        "INSERT OR REPLACE INTO {r} VALUES \
         (NEW.{i}, ST_MinX(NEW.{c}), ST_MaxX(NEW.{c}), ST_MinY(NEW.{c}), ST_MaxY(NEW.{c}))"
    );
    let take = format!("DELETE FROM {r} WHERE id = OLD.{i}");
    let take_both = format!("DELETE FROM {r} WHERE id IN (OLD.{i}, NEW.{i})");
    let of_geometry = format!("UPDATE OF {c}");
    let (same, other) = (format!("OLD.{i} = NEW.{i}"), format!("OLD.{i} != NEW.{i}"));
    let trigger = |suffix: &str, event: &str, when: &str, body: &str| {
        let name = format!("{rtree}_{suffix}");
        let sql = format!(
            "CREATE TRIGGER {} AFTER {event} ON {t} WHEN {when} BEGIN {body}; END",
            quote(&name)
        );
        Trigger { name, sql }
    };
    vec![
        trigger("insert", "INSERT", &full, &put),
        trigger("update1", &of_geometry, &format!("{same} AND {full}"), &put),
        trigger("update2", &of_geometry, &format!("{same} AND {void}"), &take),
        trigger(
            "update3",
            "UPDATE",
            &format!("{other} AND {full}"),
            &format!("{take}; {put}"),
        ),
        trigger("update4", "UPDATE", &format!("{other} AND {void}"), &take_both),
        trigger("delete", "DELETE", &format!("OLD.{c} NOT NULL"), &take),
    ]
}

/// The triggers that keep GDAL's feature count, as GDAL makes them.
pub(super) fn of_count(table: &Table) -> Vec<Trigger> {
    let (t, name) = (table.current(), literal(table.name()));
    [("insert", "INSERT", '+'), ("delete", "DELETE", '-')]
        .map(|(word, event, sign)| {
            let trigger = format!("trigger_{word}_feature_count_{}", table.name());
            let sql = format!(
                "CREATE TRIGGER {} AFTER {event} ON {t} BEGIN UPDATE gpkg_ogr_contents SET feature_count = \
                 feature_count {sign} 1 WHERE lower(table_name) = lower({name}); END",
                quote(&trigger)
            );
            Trigger { name: trigger, sql }
        })
        .into()
}
