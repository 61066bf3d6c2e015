//! Comparing everything in the store with everything else.

use super::catalog;
use super::connect::Link;
use super::table::{Table, literal, quote};
use super::transaction::{Isolation, within};
use crate::Result;
use std::time::Duration;
use tokio_postgres::Row;

/// How long one comparison may take.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Says what does not agree; see [`crate::Store::verify`].
pub(super) fn verify(link: &mut Link, postgis: &str) -> Result<Vec<String>> {
    within(link, Isolation::Snapshot, |link| {
        link.batch("SET LOCAL statement_timeout = 0")?;
        let mut wrong = Vec::new();
        versions(link, &mut wrong)?;
        let refused = "SELECT layer, reason FROM onemap_meta.following WHERE refused IS NOT NULL ORDER BY layer";
        let mut left = Vec::new();
        for row in ask(link, refused)? {
            let (layer, reason): (String, Option<String>) = (row.get(0), row.get(1));
            let reason = reason.unwrap_or_default();
            wrong.push(format!(
                "layer {layer:?}: its table was changed and is not followed: {reason}"
            ));
            left.push(layer);
        }
        for table in catalog::current_tables(link)? {
            spans(link, &table, &mut wrong)?;
            counts(link, &table, &mut wrong)?;
            let deviates =
                "SELECT FROM onemap_meta.following f WHERE f.layer = $1 AND onemap_meta.shape(f.layer) = f.shape";
            if left.iter().any(|layer| layer == table.name()) {
                continue;
            }
            if link.query(deviates, &[&table.name()])?.is_empty() {
                wrong.push(format!("layer {:?}: its table is not as it was left", table.name()));
                continue;
            }
            rows(link, &table, postgis, &mut wrong)?;
        }
        Ok(wrong)
    })
}

fn ask(link: &mut Link, sql: &str) -> Result<Vec<Row>> {
    link.call(PATIENCE, async |client| client.query(sql, &[]).await)
}

/// Tells what a query counts, where it counts any.
fn expect_none(link: &mut Link, wrong: &mut Vec<String>, what: &str, sql: &str) -> Result<()> {
    let count: i64 = ask(link, sql)?[0].get(0);
    if count > 0 {
        wrong.push(format!("{what}: {count}"));
    }
    Ok(())
}

fn versions(link: &mut Link, wrong: &mut Vec<String>) -> Result<()> {
    expect_none(
        link,
        wrong,
        "commits without a version",
        "SELECT count(*) FROM onemap_meta.commit WHERE version IS NULL OR time IS NULL",
    )?;
    expect_none(
        link,
        wrong,
        "commits that are older than the one before",
        "SELECT count(*) FROM (SELECT time < lag(time) OVER (ORDER BY version) AS back FROM onemap_meta.commit) c WHERE back",
    )?;
    expect_none(
        link,
        wrong,
        "changes of layers that no commit made",
        "SELECT count(*) FROM onemap_meta.touched t LEFT JOIN onemap_meta.commit c ON c.tx = t.tx AND c.version = t.version \
         WHERE c.tx IS NULL",
    )
}

/// The spans of the states, each by itself and one after the other.
fn spans(link: &mut Link, table: &Table, wrong: &mut Vec<String>) -> Result<()> {
    let h = table.history();
    let of = |what: &str| format!("layer {:?}: {what}", table.name());
    let oldest = catalog::signed(catalog::oldest(link)?);
    // A commit that is no longer kept was before the oldest version.
    let spans = format!(
        "SELECT h.fid, coalesce(b.version, least({oldest}, e.version - 1)) AS b, e.version AS e, \
         b.tx IS NULL AND {oldest} = 0 OR e.tx IS NULL AND h.until_tx IS NOT NULL AS lost \
         FROM {h} h LEFT JOIN onemap_meta.commit b ON b.tx = h.since_tx LEFT JOIN onemap_meta.commit e ON e.tx = h.until_tx"
    );
    expect_none(
        link,
        wrong,
        &of("states of no version that was made"),
        &format!("SELECT count(*) FROM ({spans}) s WHERE lost"),
    )?;
    expect_none(
        link,
        wrong,
        &of("states whose span is none"),
        &format!("SELECT count(*) FROM ({spans}) s WHERE b >= e"),
    )?;
    expect_none(
        link,
        wrong,
        &of("states that reach into their successor"),
        &format!(
            "SELECT count(*) FROM (SELECT e, lead(b) OVER w AS following FROM ({spans}) s \
             WINDOW w AS (PARTITION BY fid ORDER BY b, e)) f WHERE following < coalesce(e, 9223372036854775807)"
        ),
    )
}

/// The log's counts against the spans.
fn counts(link: &mut Link, table: &Table, wrong: &mut Vec<String>) -> Result<()> {
    let (h, name) = (table.history(), literal(table.name()));
    let sql = format!(
        "WITH seen AS (SELECT v, fid, bool_or(b) AS b, bool_or(e) AS e FROM \
           (SELECT since_tx AS v, fid, true AS b, false AS e FROM {h} \
            UNION ALL SELECT until_tx, fid, false, true FROM {h} WHERE until_tx IS NOT NULL) s GROUP BY v, fid), \
         counted AS (SELECT v, count(*) FILTER (WHERE b AND NOT e) AS i, count(*) FILTER (WHERE b AND e) AS u, \
           count(*) FILTER (WHERE e AND NOT b) AS d FROM seen GROUP BY v) \
         SELECT c.version, coalesce(k.i, 0), coalesce(k.u, 0), coalesce(k.d, 0), t.inserted, t.updated, t.deleted \
         FROM onemap_meta.commit c LEFT JOIN counted k ON k.v = c.tx \
         LEFT JOIN onemap_meta.touched t ON t.tx = c.tx AND t.layer = {name} \
         WHERE c.version > (SELECT value::bigint FROM onemap_meta.meta WHERE key = 'oldest') \
           AND (coalesce(k.i, 0), coalesce(k.u, 0), coalesce(k.d, 0)) IS DISTINCT FROM \
             (coalesce(t.inserted, 0), coalesce(t.updated, 0), coalesce(t.deleted, 0)) \
         ORDER BY c.version LIMIT 5"
    );
    for row in ask(link, &sql)? {
        let told = (4..7)
            .map(|i| row.get::<_, Option<i64>>(i).unwrap_or(0))
            .collect::<Vec<_>>();
        let (version, began, changed, ended): (i64, i64, i64, i64) = (row.get(0), row.get(1), row.get(2), row.get(3));
        wrong.push(format!(
            "layer {:?}, version {version}: {began} began, {changed} changed, {ended} ended; the log says {}, {}, {}",
            table.name(),
            told[0],
            told[1],
            told[2]
        ));
    }
    Ok(())
}

/// The table against the states that have not ended, and against its own numbers.
fn rows(link: &mut Link, table: &Table, postgis: &str, wrong: &mut Vec<String>) -> Result<()> {
    let (t, h, fid) = (table.current(), table.history(), quote(&table.fid));
    let of = |what: &str| format!("layer {:?}: {what}", table.name());
    expect_none(
        link,
        wrong,
        &of("features in the table that the history does not have so"),
        &format!(
            "SELECT count(*) FROM {t} n LEFT JOIN {h} h ON h.fid = n.{fid} AND h.until_tx IS NULL \
             WHERE h.fid IS NULL OR NOT {}",
            table.same("n", "h", postgis)
        ),
    )?;
    expect_none(
        link,
        wrong,
        &of("features in the history that the table does not have"),
        &format!(
            "SELECT count(*) FROM {h} h LEFT JOIN {t} n ON n.{fid} = h.fid WHERE h.until_tx IS NULL AND n.{fid} IS NULL"
        ),
    )?;
    expect_none(
        link,
        wrong,
        &of("features whose number is not between 1 and 2^53"),
        &format!("SELECT count(*) FROM {t} WHERE {fid} NOT BETWEEN 1 AND 9007199254740991"),
    )?;
    expect_none(
        link,
        wrong,
        &of("features whose number may be given again"),
        &format!(
            "SELECT count(*) FROM {t} WHERE {fid} > coalesce(pg_sequence_last_value({}), 0)",
            literal(&table.sequence())
        ),
    )?;
    let found: i64 = ask(link, &format!("SELECT count(*) FROM {t}"))?[0].get(0);
    let version = catalog::version(link)?;
    let known = catalog::states(link, &[table.name().to_owned()], version)?;
    let known = known.first().map_or(0, |(_, features)| *features);
    if found as u64 != known {
        wrong.push(of(&format!("it has {found} features, and the log says {known}")));
    }
    Ok(())
}
