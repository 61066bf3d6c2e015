//! Renders the companion of a layer of areas: one point for the label of each, in the one tile that it lies in.
//!
//! A label is not drawn in the buffers of other tiles: nothing may show it twice. Its place is rounded down to units, so
//! that the tile that it is in is also the tile that it is drawn in, and the next zoom's tile lies in it.

use super::frame::{EXTENT, Point};
use super::message::LayerMessage;
use super::mvt::{Commands, GeomType};
use crate::LayerSnapshot;
use crate::data::column::Cell;
use crate::data::shapes::Kind;
use crate::generalise::Label;
use crate::hits::Hit;
use crate::segment::Segment;
use crate::world::{FINE_BITS, Fine, STORED_BITS, WorldBox};
use onemap_model::{TileCoord, TileMatrixSet};
use std::cmp::Reverse;

/// An area of fewer square units has no label: 16 pixels wide and high where a tile has 512.
const MIN_AREA: f64 = 128.0 * 128.0;
/// What a feature takes at the most without its attributes, and what a layer does without its features.
const FEATURE_BYTES: usize = 48;
const LAYER_BYTES: usize = 32;
/// What an attribute takes at the most beside its text; what is no text is shorter than this, too.
const VALUE_BYTES: usize = 56;

/// How many labels there are, and how many of them did not fit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Labelled {
    pub met: usize,
    pub left_out: usize,
}

/// A label on its way into a tile.
struct Wanted {
    hit: Hit,
    at: Point,
    /// By area, the largest first, then by number.
    rank: (Reverse<u64>, u64),
}

/// Appends the labels of `hits` to `out`, in at most `budget` bytes: those of the largest areas where not all fit.
///
/// What a label takes is counted without what others take, so that one that has room has it at the next zoom, too: there
/// no more larger areas lie in its tile.
pub(super) fn labels(
    layer: &LayerSnapshot,
    budget: usize,
    tile: TileCoord,
    hits: &[Hit],
    out: &mut Vec<u8>,
) -> Labelled {
    let definition = layer.layer();
    let named = definition.generalise.label_fields(definition);
    if named.is_empty() {
        return Labelled::default();
    }
    let carried = definition.generalise.carried_by_labels(definition);
    let mut wanted: Vec<Wanted> = hits
        .iter()
        .filter_map(|&hit| wanted(layer, tile, hit, &named))
        .collect();
    wanted.sort_unstable_by_key(|label| label.rank);
    let name = definition.label_layer();
    let keys: usize = carried
        .iter()
        .map(|&field| definition.fields()[field].name.as_str().len() + 2)
        .sum();
    let mut room = budget.saturating_sub(LAYER_BYTES + name.len() + keys);
    let mut fitting = 0;
    for label in &wanted {
        let cost = cost(segment(layer, label.hit), label.hit, &carried);
        let Some(left) = room.checked_sub(cost) else { break };
        (room, fitting) = (left, fitting + 1);
    }
    draw(layer, &name, &carried, &wanted[..fitting], out);
    Labelled {
        met: wanted.len(),
        left_out: wanted.len() - fitting,
    }
}

fn draw(layer: &LayerSnapshot, name: &str, carried: &[usize], wanted: &[Wanted], out: &mut Vec<u8>) {
    let definition = layer.layer();
    let omitted: Vec<usize> = (0..definition.fields().len())
        .filter(|at| !carried.contains(at))
        .collect();
    let segments = layer.segments.iter().map(|live| &*live.segment);
    let mut message = LayerMessage::named(name, definition, segments, wanted.len(), &omitted, out);
    let mut commands = Commands::new();
    for label in wanted {
        commands.clear();
        commands.points(&[label.at]);
        let fid = segment(layer, label.hit).fid(label.hit.slot);
        message.put_feature(label.hit, fid, GeomType::Point, commands.bytes());
    }
    message.finish();
}

fn segment(layer: &LayerSnapshot, hit: Hit) -> &Segment {
    &layer.segments[hit.segment as usize].segment
}

/// The label of a feature, where it has one that is seen and lies in the tile.
fn wanted(layer: &LayerSnapshot, tile: TileCoord, hit: Hit, named: &[usize]) -> Option<Wanted> {
    let (segment, slot) = (segment(layer, hit), hit.slot as usize);
    let min_area = if tile.z() >= layer.layer().zoom.max() {
        0.0
    } else {
        MIN_AREA
    };
    let shapes = &segment.shapes;
    let says_something = || named.iter().any(|&field| !is_blank(segment.cell(hit.slot, field)));
    if shapes.kind(slot) != Kind::Polygons
        || !shapes.is_wide(slot) && box_area(segment.tree.entry(slot), tile) < min_area
        || !says_something()
    {
        return None;
    }
    let label = segment.labels.get(segment.count, shapes, slot)?;
    let at = place(&label, tile).filter(|_| area(&label, tile) >= min_area)?;
    Some(Wanted {
        hit,
        at,
        rank: (Reverse(label.area.to_bits()), segment.fid(hit.slot).get()),
    })
}

/// A label without text says nothing.
fn is_blank(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Null => true,
        Cell::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The place in units of the tile; none outside of it. Its western and northern borders belong to it.
fn place(label: &Label, tile: TileCoord) -> Option<Point> {
    let size_bits = FINE_BITS - u32::from(tile.z());
    let fine = Fine::project(tile.grid(), label.at);
    let unit = |fine: i64, tile: u32| (fine - (i64::from(tile) << size_bits)) >> (size_bits - EXTENT.trailing_zeros());
    let at = Point {
        x: unit(fine.x, tile.col()),
        y: unit(fine.y, tile.row()),
    };
    let is_in = |part: i64| (0..EXTENT).contains(&part);
    (is_in(at.x) && is_in(at.y)).then_some(at)
}

/// The area in square units, at the label's own scale.
fn area(label: &Label, tile: TileCoord) -> f64 {
    let units_per_degree = EXTENT as f64 * f64::from(tile.z()).exp2() / 360.0;
    let stretched = match tile.grid() {
        TileMatrixSet::WebMercatorQuad => label.at.y.to_radians().cos().max(1e-3),
        TileMatrixSet::Cgcs2000Quad => 1.0,
    };
    label.area * units_per_degree * units_per_degree / stretched
}

/// The area of a box in square units of Web Mercator, which are the more: a bound that costs nothing.
fn box_area(around: &WorldBox, tile: TileCoord) -> f64 {
    let unit = (f64::from(STORED_BITS) - 12.0 - f64::from(tile.z())).exp2();
    let side = |min: i32, max: i32| (i64::from(max) - i64::from(min) + 2) as f64 / unit;
    // Twice as much as it is: the scale within a large area is not that at its label.
    2.0 * side(around.min.x, around.max.x) * side(around.min.y, around.max.y)
}

/// What a label takes, at the most.
fn cost(segment: &Segment, hit: Hit, carried: &[usize]) -> usize {
    let value = |&field: &usize| match segment.cell(hit.slot, field) {
        Cell::Text(text) => VALUE_BYTES + text.len(),
        _ => VALUE_BYTES,
    };
    FEATURE_BYTES + VALUE_BYTES + segment.public_id(hit.slot).len() + carried.iter().map(value).sum::<usize>()
}
