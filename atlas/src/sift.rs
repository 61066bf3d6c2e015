//! All features of a scope that a filter accepts, in any order: the filter is asked of columns, many features at a time.

use crate::data::column::Cell;
use crate::query::intersect;
use crate::query::subject::datum;
use crate::scope::{Scope, Times};
use crate::segment::Segment;
use crate::{FeatureView, LayerSnapshot};
use onemap_model::cql2::{Columns, Datum, Filter};
use std::ops::ControlFlow;

/// Features that are looked at together, where a look costs little.
const TOGETHER: u64 = 4096;

/// Whether to go on with the next features.
pub type Further = ControlFlow<()>;

impl LayerSnapshot {
    /// Hands every feature of `scope` that `filter` accepts to `each`, in any order.
    ///
    /// `goes_on` is asked between handfuls of features, which are the smaller the more the filter costs: whoever asks may
    /// have gone meanwhile.
    pub fn sift<'a>(
        &'a self,
        scope: Scope<'a>,
        filter: Option<&Filter>,
        goes_on: &mut dyn FnMut() -> Further,
        each: &mut dyn FnMut(FeatureView<'a>),
    ) {
        let together = (TOGETHER / filter.map_or(1, Filter::cost)).max(1) as usize;
        for live in &self.segments {
            let segment = &*live.segment;
            let mut slots = scope.slots(live);
            let times = Times::of(live, scope.when, slots.len());
            let is_in = |slot: &u32| {
                let touches = |bbox| intersect::touches(&segment.shapes, *slot as usize, bbox);
                live.has(*slot) && times.has(live, *slot) && scope.bbox.is_none_or(touches)
            };
            let mut scan = filter.map(|filter| filter.scan(segment, slots.len()));
            let mut handful = Vec::with_capacity(together);
            while slots.len() > 0 {
                if goes_on().is_break() {
                    return;
                }
                handful.clear();
                handful.extend(slots.by_ref().take(together).filter(is_in));
                if let Some(scan) = &mut scan {
                    scan.retain(&mut handful);
                }
                handful.iter().for_each(|&slot| each(FeatureView::new(segment, slot)));
            }
        }
    }
}

impl Columns for Segment {
    type Row<'a> = FeatureView<'a>;

    fn row(&self, slot: u32) -> FeatureView<'_> {
        FeatureView::new(self, slot)
    }

    fn value(&self, field: usize, slot: u32) -> Datum<'_> {
        datum(self.cell(slot, field))
    }

    fn code_count(&self, field: usize) -> Option<usize> {
        let column = self.columns.get(field)?;
        Some(column.code_count()).filter(|&count| count > 0)
    }

    fn code(&self, field: usize, slot: u32) -> usize {
        let code = self.columns[field].code(slot as usize);
        code.expect("a column with a number of codes has a code for each value")
    }

    fn value_of_code(&self, field: usize, code: usize) -> Datum<'_> {
        datum(
            self.columns
                .get(field)
                .map_or(Cell::Null, |column| column.value_of_code(code)),
        )
    }
}
