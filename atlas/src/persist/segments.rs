//! A layer's segments in a snapshot's file.

use super::reader::{Damage, Read, Reader, check};
use super::writer::Writer;
use crate::LayerSnapshot;
use crate::data::column::Column;
use crate::data::packed::Packed;
use crate::data::shapes::Shapes;
use crate::data::times::Times;
use crate::generalise::Labels;
use crate::index::ids::IdIndex;
use crate::index::numbers::NumberIndex;
use crate::index::rtree::RTree;
use crate::live::Live;
use crate::segment::Segment;
use crate::shelf::Shelf;
use onemap_model::{Bbox, Layer};
use std::io;
use std::sync::Arc;

/// Feature numbers are below this.
const MOST_FID: i64 = (1 << 53) - 1;

/// Writes the segments of a layer.
pub(super) fn store(layer: &LayerSnapshot, out: &mut Writer<'_>) -> io::Result<()> {
    out.number(layer.segments.len() as u64);
    for live in &layer.segments {
        store_segment(&live.segment, out)?;
        let count = live.segment.count as u32;
        let gone: Shelf<u32> = (0..count).filter(|&slot| !live.has(slot)).collect();
        out.shelf(&gone)?;
    }
    Ok(())
}

/// Reads the segments of a layer.
pub(super) fn read(layer: Arc<Layer>, from: &mut Reader) -> Read<LayerSnapshot> {
    let count = from.count()?;
    let mut segments = Vec::with_capacity(count);
    for _ in 0..count {
        let mut live = Live::new(read_segment(&layer, from)?);
        let gone: Shelf<u32> = from.shelf()?;
        for &slot in gone.iter() {
            check((slot as usize) < live.segment.count, "a feature is gone that never was")?;
            let time = live.segment.times.code(slot as usize);
            live.gone.insert(slot, time);
        }
        segments.push(live);
    }
    Ok(LayerSnapshot::new(layer, segments))
}

fn store_segment(segment: &Segment, out: &mut Writer<'_>) -> io::Result<()> {
    out.number(segment.count as u64);
    segment.fids.store(out)?;
    segment.shapes.store(out)?;
    out.number(segment.tree.len() as u64);
    out.shelf(&segment.tree.boxes)?;
    segment.columns.iter().try_for_each(|column| column.store(out))?;
    segment.times.store(out)?;
    out.number(u64::from(segment.bbox.is_some()));
    let bbox = segment.bbox.map_or([0.0; 4], Bbox::to_array);
    bbox.into_iter().for_each(|edge| out.number(edge.to_bits()));
    out.shelf(&segment.numbers.slots)?;
    segment.numbers.more.store(out)?;
    out.number(u64::from(segment.ids.is_some()));
    segment.ids.as_ref().map_or(Ok(()), |ids| {
        out.number(ids.seed);
        out.shelf(&ids.slots)
    })
}

fn read_segment(layer: &Layer, from: &mut Reader) -> Read<Segment> {
    let count = from.size()?;
    check(u32::try_from(count).is_ok(), "more features than a segment can have")?;
    let fids = Packed::read(from, count, 1, MOST_FID)?;
    let shapes = Shapes::read(from, count)?;
    let located = from.size()?;
    check(located <= count, "more places than features")?;
    let tree = RTree::of_boxes(from.shelf()?, located);
    let tree = tree.ok_or_else(|| Damage("a tree of another size".to_owned()))?;
    let columns = layer.fields().iter().map(|_| Column::read(from, count));
    let columns = columns.collect::<Read<Vec<_>>>()?;
    let times = Times::read(from, count)?;
    let has_bbox = from.number()? == 1;
    let mut edges = [0.0; 4];
    for edge in &mut edges {
        *edge = f64::from_bits(from.number()?);
    }
    let [west, south, east, north] = edges;
    let bbox = has_bbox.then(|| Bbox::new(west, south, east, north)).transpose();
    let bbox = bbox.map_err(|error| Damage(error.to_string()))?;
    let numbers = NumberIndex {
        slots: slots(from, count)?,
        more: Packed::read(from, count, -MOST_FID, MOST_FID)?,
    };
    check(
        from.number()? == u64::from(layer.key().is_some()),
        "public ids of another kind",
    )?;
    let ids = match layer.key() {
        None => None,
        Some(_) => Some(IdIndex {
            seed: from.number()?,
            slots: slots(from, count)?,
        }),
    };
    Ok(Segment {
        count,
        fids,
        shapes,
        tree,
        columns,
        times,
        bbox,
        key: layer.key(),
        numbers,
        ids,
        labels: Labels::default(),
    })
}

/// As many slots as there are, each that of a feature.
fn slots(from: &mut Reader, count: usize) -> Read<Shelf<u32>> {
    let slots: Shelf<u32> = from.shelf_of(count)?;
    check(
        slots.iter().all(|&slot| (slot as usize) < count),
        "an index leads to no feature",
    )?;
    Ok(slots)
}
