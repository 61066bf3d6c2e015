//! Forgetting what ended long ago.

use super::catalog;
use super::connect::Link;
use super::read::known;
use super::transaction::{Isolation, is_lock_held, within};
use crate::{Error, Pruned, Result};
use onemap_model::Version;

/// See [`crate::Store::prune`].
pub(super) fn prune(link: &mut Link, before: Version) -> Result<Pruned> {
    let pruned = within(link, Isolation::ReadCommitted, |link| {
        link.batch("SET LOCAL lock_timeout = '5s'")?;
        link.batch(super::migrate::LOCK)?;
        let newest = catalog::version(link)?;
        known(link, before, newest)?;
        let names = names(link)?;
        catalog::count_up(link, &names, before)?;
        let v = catalog::signed(before);
        let mut rows = 0;
        for name in &names {
            let h = format!("onemap_history.{}", super::table::quote(name));
            if link.query("SELECT to_regclass($1) IS NOT NULL", &[&h])?[0].get(0) {
                // Whose commit is no longer kept ended before.
                let sql = format!(
                    "DELETE FROM {h} h WHERE h.until_tx IS NOT NULL \
                     AND NOT EXISTS (SELECT FROM onemap_meta.commit c WHERE c.tx = h.until_tx AND c.version > {v})"
                );
                rows += link.execute(&sql, &[])?;
            }
        }
        forget(link, v)?;
        link.execute(
            "UPDATE onemap_meta.meta SET value = $1 WHERE key = 'oldest'",
            &[&before.to_string()],
        )?;
        Ok(Pruned { oldest: before, rows })
    });
    pruned.map_err(|error| match is_lock_held(&error) {
        true => Error::Busy {
            store: link.store().to_owned(),
        },
        false => error,
    })
}

/// The names of all layers that there ever were.
fn names(link: &mut Link) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT name FROM onemap_meta.layer UNION SELECT layer FROM onemap_meta.following";
    Ok(link.query(sql, &[])?.iter().map(|row| row.get(0)).collect())
}

/// Forgets commits, counts and definitions that no version from `v` on needs. Batches stay, as a record of who did what when. Of each layer the last change stays, and so
/// does the commit of the oldest version.
fn forget(link: &mut Link, v: i64) -> Result<()> {
    link.execute(
        "DELETE FROM onemap_meta.layer l USING onemap_meta.commit c WHERE c.tx = l.until_tx AND c.version <= $1",
        &[&v],
    )?;
    link.execute(
        "DELETE FROM onemap_meta.touched t WHERE t.version < $1 AND t.version <>
           (SELECT max(o.version) FROM onemap_meta.touched o WHERE o.layer = t.layer AND o.version <= $1)",
        &[&v],
    )?;
    link.execute(
        "DELETE FROM onemap_meta.commit c WHERE c.version < $1 
           AND NOT EXISTS (SELECT FROM onemap_meta.touched t WHERE t.tx = c.tx)
           AND NOT EXISTS (SELECT FROM onemap_meta.batch b WHERE b.tx = c.tx)",
        &[&v],
    )?;
    link.execute("DELETE FROM onemap_meta.layer_count k WHERE k.version < $1", &[&v])?;
    Ok(())
}
