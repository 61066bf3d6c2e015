//! Comparing everything in the file with everything else.

use super::catalog;
use super::fault::Inner;
use super::kept;
use super::prune;
use super::schema;
use super::table::{Table, quote};
use rusqlite::{Connection, params};

/// At most so many sentences of SQLite's own check.
const MAX_TOLD: u32 = 20;

/// Says what does not agree; see [`crate::Store::verify`].
pub(super) fn verify(db: &Connection) -> Inner<Vec<String>> {
    let tx = db.unchecked_transaction()?;
    let mut wrong = Vec::new();
    let mut check = tx.prepare(&format!("PRAGMA integrity_check({MAX_TOLD})"))?;
    let told = check
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    wrong.extend(
        told.into_iter()
            .filter(|line| line != "ok")
            .map(|line| format!("SQLite: {line}")),
    );
    drop(check);
    versions(&tx, &mut wrong)?;
    for table in catalog::current_tables(&tx)? {
        layer(&tx, &table, &mut wrong)?;
    }
    tx.commit()?;
    Ok(wrong)
}

/// The first problem that a query counts, said once.
fn expect_none(db: &Connection, wrong: &mut Vec<String>, what: &str, sql: &str) -> Inner<()> {
    let count: i64 = db.query_row(sql, [], |row| row.get(0))?;
    if count > 0 {
        wrong.push(format!("{what}: {count}"));
    }
    Ok(())
}

fn versions(db: &Connection, wrong: &mut Vec<String>) -> Inner<()> {
    let gaps = "SELECT (SELECT ifnull(max(version), 0) FROM onemap_commit) - (SELECT count(*) FROM onemap_commit) <> 0 \
                OR EXISTS (SELECT 1 FROM onemap_commit WHERE version < 1)";
    expect_none(db, wrong, "versions do not follow one another without a gap", gaps)?;
    expect_none(
        db,
        wrong,
        "changes of layers that no commit made",
        "SELECT count(*) FROM onemap_commit_layer WHERE version NOT IN (SELECT version FROM onemap_commit)",
    )?;
    expect_none(
        db,
        wrong,
        "the gate of the log's triggers stands open",
        "SELECT open FROM onemap_gate",
    )
}

fn layer(db: &Connection, table: &Table, wrong: &mut Vec<String>) -> Inner<()> {
    let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
    let newest = catalog::version(db)?;
    let of = |what: &str| format!("layer {:?}: {what}", table.name());
    let v = newest.0;
    let mut none = |what: &str, sql: String| expect_none(db, wrong, &of(what), &sql);
    none(
        "rows of no version that was made",
        format!("SELECT count(*) FROM {t} WHERE since IS NULL OR since > {v} OR since < 1"),
    )?;
    none(
        "history rows whose span is none",
        format!(
            "SELECT count(*) FROM {h} WHERE until IS NULL OR since IS NULL OR since >= until OR until > {v} OR since < 1"
        ),
    )?;
    none(
        "history rows that reach into their successor",
        format!(
            "SELECT count(*) FROM (SELECT until, lead(since) OVER (PARTITION BY {fid} ORDER BY since) AS following \
             FROM (SELECT {fid}, since, until FROM {h} UNION ALL SELECT {fid}, since, NULL FROM {t})) \
             WHERE following < until OR (until IS NULL AND following IS NOT NULL)"
        ),
    )?;
    none(
        "features whose number is not between 1 and 2^53",
        format!("SELECT count(*) FROM {t} WHERE {fid} NOT BETWEEN 1 AND 9007199254740991"),
    )?;
    counts(db, table, wrong)?;
    if kept::is_there(db, table)? {
        let differing = kept::deviations(db, table)?;
        if differing > 0 {
            wrong.push(of(&format!("rows that differ from the kept state: {differing}")));
        }
    } else {
        wrong.push(of("its kept state is missing"));
    }
    log(db, table, wrong)?;
    match table.rtree_name() {
        Some(rtree) if schema::exists(db, &rtree)? => index(db, table, &rtree, wrong),
        _ => Ok(()),
    }
}

fn counts(db: &Connection, table: &Table, wrong: &mut Vec<String>) -> Inner<()> {
    let found = catalog::count(db, table)?;
    let (_, known) = catalog::state(db, table.name(), catalog::version(db)?)?;
    if found != known {
        wrong.push(format!(
            "layer {:?}: it has {found} features, and the log says {known}",
            table.name()
        ));
    }
    let sql = "SELECT ifnull(max(feature_count), -1) FROM gpkg_ogr_contents WHERE lower(table_name) = lower(?)";
    let told: i64 = db.query_row(sql, [table.name()], |row| row.get(0))?;
    if told >= 0 && told as u64 != found {
        wrong.push(format!(
            "layer {:?}: it has {found} features, and gpkg_ogr_contents says {told}",
            table.name()
        ));
    }
    Ok(())
}

/// The log's counts against the spans of the rows.
fn log(db: &Connection, table: &Table, wrong: &mut Vec<String>) -> Inner<()> {
    let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
    let oldest = prune::oldest(db)?;
    let sql = format!(
        "WITH began AS (SELECT since AS v, {fid} AS n FROM {t} UNION ALL SELECT since, {fid} FROM {h}), \
         ended AS (SELECT until AS v, {fid} AS n FROM {h}), \
         counted AS (SELECT v, sum(b) AS b, sum(e) AS e, sum(b AND e) AS u FROM \
           (SELECT v, n, max(b) AS b, max(e) AS e FROM (SELECT v, n, 1 AS b, 0 AS e FROM began UNION ALL \
            SELECT v, n, 0, 1 FROM ended) GROUP BY v, n) GROUP BY v) \
         SELECT c.v, c.b - c.u, c.u, c.e - c.u, ifnull(l.inserted, 0), ifnull(l.updated, 0), ifnull(l.deleted, 0) \
         FROM counted c LEFT JOIN onemap_commit_layer l ON l.version = c.v AND l.layer = ?1 \
         WHERE c.v > {oldest} AND (c.b - c.u, c.u, c.e - c.u) IS NOT (l.inserted, l.updated, l.deleted) LIMIT 5"
    );
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query(params![table.name()])?;
    while let Some(row) = rows.next()? {
        let n = (0..7)
            .map(|i| row.get::<_, Option<i64>>(i).map(|n| n.unwrap_or(0)))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        wrong.push(format!(
            "layer {:?}, version {}: {} began, {} changed, {} ended; the log says {}, {}, {}",
            table.name(),
            n[0],
            n[1],
            n[2],
            n[3],
            n[4],
            n[5],
            n[6]
        ));
    }
    Ok(())
}

fn index(db: &Connection, table: &Table, rtree: &str, wrong: &mut Vec<String>) -> Inner<()> {
    let (t, r, fid) = (table.current(), quote(rtree), quote(&table.fid));
    let geom = quote(table.geom.as_deref().unwrap_or("geom"));
    let of = |what: &str| format!("layer {:?}: {what}", table.name());
    let verdict: String = db.query_row("SELECT rtreecheck(?)", [rtree], |row| row.get(0))?;
    if verdict != "ok" {
        wrong.push(of(&format!("its R-tree is damaged: {}", verdict.replace('\n', "; "))));
    }
    // A blob that cannot be read counts as empty, as in the triggers.
    let full = format!("{geom} NOTNULL AND NOT ST_IsEmpty({geom})");
    expect_none(
        db,
        wrong,
        &of("features that are not in the R-tree"),
        &format!("SELECT count(*) FROM {t} WHERE {full} AND {fid} NOT IN (SELECT id FROM {r})"),
    )?;
    expect_none(
        db,
        wrong,
        &of("entries in the R-tree without a feature"),
        &format!("SELECT count(*) FROM {r} WHERE id NOT IN (SELECT {fid} FROM {t} WHERE {full})"),
    )?;
    // The R-tree's numbers are single floats rounded outwards.
    let near = |value: &str| format!("(1e-6 + abs({value}) * 1e-6)");
    let (w, e) = (format!("ST_MinX({geom})"), format!("ST_MaxX({geom})"));
    let (s, n) = (format!("ST_MinY({geom})"), format!("ST_MaxY({geom})"));
    expect_none(
        db,
        wrong,
        &of("features whose box in the R-tree is not theirs"),
        &format!(
            "SELECT count(*) FROM {t} AS t CROSS JOIN {r} AS r ON r.id = t.{fid} WHERE {full} AND NOT (\
             r.minx <= {w} AND r.minx >= {w} - {} AND r.maxx >= {e} AND r.maxx <= {e} + {} AND \
             r.miny <= {s} AND r.miny >= {s} - {} AND r.maxy >= {n} AND r.maxy <= {n} + {})",
            near(&w),
            near(&e),
            near(&s),
            near(&n)
        ),
    )
}
