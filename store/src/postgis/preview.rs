//! What a load would change, without changing it.

use super::compare;
use super::connect::Link;
use super::load::LayerLoad;
use super::rows::Decoder;
use super::scan::scan;
use super::stage::Purpose;
use super::table::{Table, quote};
use super::write::told;
use crate::{CommitStep, LoadCounts, LoadMode, Planned, Result};
use onemap_model::{Fid, Row};
use std::ops::ControlFlow;

type Each<'e> = &'e mut dyn FnMut(Planned<'_>) -> ControlFlow<()>;

/// Hands out what a layer of a load would change; see [`crate::Load::preview`].
pub(super) fn preview(
    link: &mut Link,
    load: &LayerLoad,
    postgis: &str,
    step: &mut dyn FnMut(CommitStep),
    each: Each<'_>,
) -> Result<LoadCounts> {
    let (stage, kept) = (&load.stage, &load.kept);
    if load.mode == LoadMode::Upsert {
        compare::refuse_keys_twice(link, stage)?;
    }
    let Some(there) = load.existing.as_ref().filter(|_| stage.purpose == Purpose::Compare) else {
        // All rows of a layer with other fields go, and all that were loaded come.
        let mut counts = LoadCounts {
            inserted: stage.rows,
            ..LoadCounts::default()
        };
        if let Some(there) = &load.existing {
            let from = format!("{} t", there.current());
            counts.deleted = one_side(link, there, ("t", &from), Side::Old, each)?;
        }
        one_side(link, &stage.table, ("s", &format!("{} s", stage.name)), Side::New, each)?;
        return Ok(counts);
    };
    step(super::apply::told("comparing", kept, 0, stage.rows));
    let difference = compare::compare(link, stage, kept, load.mode, postgis)?;
    let (t, fid, s, fresh) = (there.current(), quote(&kept.fid), &stage.name, &difference.fresh);
    if difference.deleted > 0 {
        let from = format!("{t} t JOIN {} g ON g.fid = t.{fid}", difference.gone);
        one_side(link, kept, ("t", &from), Side::Old, each)?;
    }
    let staged = told(kept, stage);
    let sql = format!(
        "SELECT {}, {} FROM {fresh} f JOIN {s} s ON s.fid = f.n JOIN {t} t ON t.{fid} = f.fid ORDER BY f.fid",
        kept.decoded_current("t"),
        staged.decoded_current("s")
    );
    let (mut before, mut after) = (Decoder::new(kept), Decoder::new(&staged));
    let width = 4 + kept.columns.len();
    scan(link, &sql, &mut |columns| {
        let (old, new) = columns.split_at(columns.len().min(width));
        let Some((old, new)) = before.feature(old).zip(after.feature(new)) else {
            return Ok(ControlFlow::Continue(()));
        };
        Ok(each(planned(kept, Some(old.fid), Some(old.row), Some(new.row))))
    })?;
    let from = format!("{fresh} f JOIN {s} s ON s.fid = f.n WHERE f.fid IS NULL");
    one_side(link, &staged, ("s", &from), Side::New, each)?;
    Ok(LoadCounts {
        inserted: difference.inserted,
        updated: difference.updated,
        unchanged: difference.unchanged,
        deleted: difference.deleted,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

/// Hands out rows that are on one side only; gives how many there are.
fn one_side(link: &mut Link, table: &Table, (row, from): (&str, &str), side: Side, each: Each<'_>) -> Result<u64> {
    let sql = format!("SELECT {} FROM {from} ORDER BY 1", table.decoded_current(row));
    let mut decoder = Decoder::new(table);
    let (mut count, mut flow) = (0, ControlFlow::Continue(()));
    scan(link, &sql, &mut |columns| {
        count += 1;
        if let (ControlFlow::Continue(()), Some(feature)) = (flow, decoder.feature(columns)) {
            flow = each(match side {
                Side::Old => planned(table, Some(feature.fid), Some(feature.row), None),
                Side::New => planned(table, None, None, Some(feature.row)),
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

fn planned(table: &Table, fid: Option<Fid>, old: Option<Row>, new: Option<Row>) -> Planned<'_> {
    Planned {
        layer: &table.layer,
        fid,
        old,
        new,
    }
}
