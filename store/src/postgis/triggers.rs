//! What makes PostgreSQL record every change of a layer's table, by whatever program.
//!
//! One trigger a statement, not a row: it gets all rows that the statement took away (`o`) and brought (`n`), and writes
//! the history by set. Inside one transaction states collapse: what a transaction makes and takes away again never was.

use super::table::{Table, literal, quote};

/// So many rows of a statement are few: those before and after it may be paired one by one.
const FEW: u32 = 100;

/// The triggers' names: what begins so on a layer's table is ours.
pub(super) const PREFIX: &str = "onemap_log_";

/// The statements that make the triggers of `table` anew. `postgis` is the quoted schema of PostGIS.
pub(super) fn install(table: &Table, postgis: &str) -> String {
    let mut sql = function(table, postgis);
    let t = table.current();
    for (event, referencing) in [
        ("insert", "REFERENCING NEW TABLE AS n"),
        ("update", "REFERENCING OLD TABLE AS o NEW TABLE AS n"),
        ("delete", "REFERENCING OLD TABLE AS o"),
        ("truncate", ""),
    ] {
        let (name, function) = (quote(&format!("{PREFIX}{event}")), function_name(table));
        let when = if event == "truncate" { "BEFORE" } else { "AFTER" };
        sql.push_str(&format!(
            "DROP TRIGGER IF EXISTS {name} ON {t};\n\
             CREATE TRIGGER {name} {when} {event} ON {t} {referencing} FOR EACH STATEMENT EXECUTE FUNCTION {function}();\n\
             ALTER TABLE {t} ENABLE ALWAYS TRIGGER {name};\n"
        ));
    }
    sql
}

/// The statements that take the triggers from a table; it must be there.
pub(super) fn remove(table: &Table) -> String {
    ["insert", "update", "delete", "truncate"]
        .map(|event| {
            let name = quote(&format!("{PREFIX}{event}"));
            format!("DROP TRIGGER IF EXISTS {name} ON {};\n", table.current())
        })
        .concat()
}

/// The statements that let the triggers rest in this transaction, whose writer records what they would.
pub(super) fn rest(table: &Table) -> String {
    of_rows(table, "DISABLE")
}

/// The statements that set them at work again.
pub(super) fn wake(table: &Table) -> String {
    of_rows(table, "ENABLE ALWAYS")
}

fn of_rows(table: &Table, what: &str) -> String {
    let triggers = ["insert", "update", "delete"].map(|event| {
        let name = quote(&format!("{PREFIX}{event}"));
        format!("{what} TRIGGER {name}")
    });
    format!("ALTER TABLE {} {};\n", table.current(), triggers.join(", "))
}

/// The function's name, quoted.
pub(super) fn function_name(table: &Table) -> String {
    format!("onemap_history.{}", quote(&format!("{}_log", table.name())))
}

fn function(table: &Table, postgis: &str) -> String {
    let (name, h, fid) = (function_name(table), table.history(), quote(&table.fid));
    let (layer, sequence) = (literal(table.name()), literal(&table.sequence()));
    let was = quote(&unlike_any_column(table));
    let paired = format!("p AS MATERIALIZED (SELECT o.{fid} AS {was}, n.* FROM o LEFT JOIN n ON n.{fid} = o.{fid})");
    let changed = format!("(p.{fid} IS NULL OR NOT {})", table.same("p", "c", postgis));
    let close_old = close(table, "", "o", &format!("o.{fid}"), "true");
    let close_updated = close(table, &paired, "p", &format!("p.{was}"), &changed);
    let close_known = close(
        table,
        "",
        "n",
        &format!("n.{fid}"),
        &format!("NOT {}", table.same("n", "c", postgis)),
    );
    let (close_all, open) = (close_all(table), open(table, postgis));
    format!(
        "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $onemap$
#variable_conflict use_variable
DECLARE
  known bigint := onemap_meta.current_tx();
  me bigint := known;
  ins bigint := 0;
  upd bigint := 0;
  del bigint := 0;
  a bigint;
  b bigint;
  many bigint := 0;
  mode text := current_setting('plan_cache_mode');
  loops text := current_setting('enable_nestloop');
BEGIN
  IF me IS NULL THEN
    me := nextval('onemap_meta.tx');
  END IF;
  IF TG_OP IN ('INSERT', 'UPDATE') THEN
    SELECT min(n.{fid}), max(n.{fid}), count(*) INTO a, b, many FROM n;
    IF a < 1 OR b > 9007199254740991 THEN
      RAISE EXCEPTION 'the feature number % is not between 1 and 9007199254740991', CASE WHEN a < 1 THEN a ELSE b END
        USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, COLUMN = {fid_text};
    END IF;
    IF a IS NULL THEN
      RETURN NULL;
    END IF;
    PERFORM onemap_meta.raise_number({sequence}, b);
  END IF;
  -- A plan that pairs few rows one by one is a bad one for many. It is not enough to plan anew: how many rows there are
  -- was noted when the statement was read first.
  IF many > {FEW} THEN
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    PERFORM set_config('enable_nestloop', 'off', true);
  END IF;
  IF TG_OP = 'DELETE' THEN
{close_old}
  ELSIF TG_OP = 'UPDATE' THEN
{close_updated}
  ELSIF TG_OP = 'INSERT' THEN
    -- None of them has a state, unless a change of theirs went unseen.
    SELECT count((SELECT 1 FROM {h} c WHERE c.fid = n.{fid} AND c.until_tx IS NULL)) INTO a FROM n;
    IF a > 0 THEN
{close_known}
    END IF;
  ELSE
{close_all}
  END IF;
  IF many > {FEW} THEN
    PERFORM set_config('enable_nestloop', loops, true);
  END IF;
  IF TG_OP IN ('INSERT', 'UPDATE') THEN
{open}
  END IF;
  IF many > {FEW} THEN
    PERFORM set_config('plan_cache_mode', mode, true);
  END IF;
  IF ins <> 0 OR upd <> 0 OR del <> 0 THEN
    PERFORM onemap_meta.touch(me, {layer}, ins, upd, del);
    IF known IS NULL THEN
      PERFORM onemap_meta.enter(me, session_user::text, onemap_meta.said());
    END IF;
  END IF;
  RETURN NULL;
END $onemap$;
",
        fid_text = literal(&table.fid),
    )
}

/// A name that no column of the table has.
fn unlike_any_column(table: &Table) -> String {
    let mut name = "was".to_owned();
    while table.fid == name || table.geom.as_ref() == Some(&name) || table.columns.iter().any(|own| own.name == name) {
        name.push('_');
    }
    name
}

/// Ends the states, called `c`, that the condition is true for, of the features that `number` names in `source`. States
/// are looked up one by one through an index, whatever the planner believes of a transaction that it has never seen.
fn close(table: &Table, with: &str, source: &str, number: &str, condition: &str) -> String {
    let h = table.history();
    let place = |own: &str| {
        format!(
            "h.ctid = ANY (ARRAY(SELECT (SELECT c.ctid FROM {h} c WHERE c.fid = {number} AND c.until_tx IS NULL \
             AND c.since_tx {own} me AND {condition}) FROM {source}))"
        )
    };
    let first = if with.is_empty() {
        String::new()
    } else {
        format!("{with}, ")
    };
    let alone = if with.is_empty() {
        String::new()
    } else {
        format!("WITH {with} ")
    };
    format!(
        "    IF known IS NOT NULL THEN
      WITH {first}gone AS (DELETE FROM {h} h WHERE {} RETURNING h.fid)
      {}
    END IF;
    {alone}UPDATE {h} h SET until_tx = me WHERE {};
    GET DIAGNOSTICS a = ROW_COUNT;
    del := del + a;",
        place("="),
        uncounted(&h),
        place("<>")
    )
}

fn close_all(table: &Table) -> String {
    let h = table.history();
    format!(
        "    IF known IS NOT NULL THEN
      WITH gone AS (DELETE FROM {h} h WHERE h.until_tx IS NULL AND h.since_tx = me RETURNING h.fid)
      {}
    END IF;
    UPDATE {h} h SET until_tx = me WHERE h.until_tx IS NULL;
    GET DIAGNOSTICS a = ROW_COUNT;
    del := del + a;",
        uncounted(&h)
    )
}

/// Takes states that were made and are gone again out of the counts: with a state before the transaction, an update
/// becomes a deletion; without one, an insertion comes to nothing.
fn uncounted(h: &str) -> String {
    format!(
        "SELECT count(*), count((SELECT 1 FROM {h} c WHERE c.fid = gone.fid AND c.until_tx = me)) INTO a, b FROM gone;
      upd := upd - b;
      del := del + b;
      ins := ins - (a - b);"
    )
}

/// Begins the states of the rows in `n` that have none.
fn open(table: &Table, postgis: &str) -> String {
    let (h, fid) = (table.history(), quote(&table.fid));
    let columns = table.history_content().join(", ");
    let values = table.as_history("n", postgis).join(", ");
    let same = table.same("n", "c", postgis);
    let insert = format!(
        "INSERT INTO {h} (fid, {columns}, since_tx)
        SELECT n.{fid}, {values}, me FROM n
        WHERE NOT EXISTS (SELECT FROM {h} c WHERE c.fid = n.{fid} AND c.until_tx IS NULL)"
    );
    format!(
        "    IF known IS NULL AND del = 0 THEN
      {insert};
      GET DIAGNOSTICS a = ROW_COUNT;
      ins := ins + a;
    ELSE
      IF known IS NOT NULL THEN
        -- As it was before this transaction: then that state never ended.
        UPDATE {h} h SET until_tx = NULL WHERE h.ctid = ANY (ARRAY(SELECT
          (SELECT c.ctid FROM {h} c WHERE c.fid = n.{fid} AND c.until_tx = me AND {same}
            AND NOT EXISTS (SELECT FROM {h} d WHERE d.fid = n.{fid} AND d.until_tx IS NULL)) FROM n));
        GET DIAGNOSTICS a = ROW_COUNT;
        del := del - a;
      END IF;
      WITH made AS ({insert} RETURNING fid)
      SELECT count(*), count((SELECT 1 FROM {h} c WHERE c.fid = made.fid AND c.until_tx = me)) INTO a, b FROM made;
      del := del - b;
      upd := upd + b;
      ins := ins + (a - b);
    END IF;"
    )
}

#[cfg(test)]
mod tests {
    use super::super::types::Dims;
    use super::*;
    use onemap_model::{Crs, GeometryType, Layer, Name};

    #[test]
    fn names_reach_the_statements_only_quoted() {
        let layer = Layer::new(Name::new("select").unwrap(), GeometryType::Point, Crs::CGCS2000, vec![]).unwrap();
        let mut table = Table::new(layer, Dims::Xy);
        table.fid = "o\"gc'\\".to_owned();
        let sql = install(&table, "\"public\"");
        assert!(sql.contains("n.\"o\"\"gc'\\\""), "{sql}");
        assert!(sql.contains("E'o\"gc''\\\\'"), "{sql}");
        assert!(sql.contains("ON public.\"select\""), "{sql}");
    }
}
