//! What is shown by itself, level by level, until it fits.
//!
//! Each level shows about half or a quarter of what the one before it shows:
//! - **points**: the most important one in each square of 16, 32, … units, of equals the one with the least hash of its
//!   number;
//! - **areas**: those at least 16, 32, … units wide or high; all others together are the fabric;
//! - **lines** and mixed geometries: the most important ones, then the largest, by the longer side of their box, half as
//!   many each time. Where the layer's definition has classes, whole classes go: what is left of a network hangs together.

use super::fabric::{BUFFER, CELL_BITS, Fabric};
use super::ground::{Extent, Ground};
use super::groups::Groups;
use super::importance::Importance;
use super::outline::Loops;
use super::thin::{Contestant, MIN_BITS, victories};
use crate::LayerSnapshot;
use crate::data::shapes::{Kind, Shapes};
use crate::hits::Hit;
use onemap_model::{TileCoord, Value};
use std::cmp::Reverse;

/// Areas of so many units, as a power of two, are shown by themselves at the first level.
const FIRST_SIZE_BITS: u32 = 4;
/// So many lines, by the bytes of the budget for each, are shown at the first level.
const LINE_BYTES: usize = 24;
/// At these levels the cells of the fabric become twice as wide.
const COARSER_FABRIC: [u32; 2] = [6, 10];
/// From this level on there is no fabric.
const NO_FABRIC: u32 = 14;
/// Up to this level one class of lines goes after the other; from there on half of what is left, or more.
const CLASS_BY_CLASS: u32 = 8;
/// At this level nothing is left.
const LAST: u32 = 28;

/// Areas that stand for many features.
pub(crate) struct Areas<'a> {
    /// The place of a field and its value, which all of those features have.
    pub value: Option<(usize, &'a Value)>,
    pub loops: Loops,
}

/// What a tile may show, less with every level.
pub(crate) struct Choice<'a> {
    layer: &'a LayerSnapshot,
    ground: Ground,
    /// The tile's place in the grid, in blocks of the fabric, buffer included.
    corner: [u64; 2],
    points: Vec<Ranked<u8>>,
    lines: Vec<Ranked<LineRank>>,
    line_order: LineOrder,
    areas: Vec<Ranked<(Extent, u8)>>,
    fabric: Fabric,
    groups: Option<Groups>,
    /// The levels begun.
    level: u32,
    first_lines: usize,
    lines_shown: usize,
}

/// Importance, size, number.
type LineRank = (u64, Reverse<i64>, u64);

/// Which lines go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineOrder {
    /// All of the same importance, unless those are too many: where a layer has nothing but lines.
    ByClass,
    One,
}

/// A feature and what decides how long it is shown.
#[derive(Debug, Clone, Copy)]
struct Ranked<R> {
    hit: Hit,
    rank: R,
}

impl<'a> Choice<'a> {
    /// Begins with all of `hits`.
    pub fn new(layer: &'a LayerSnapshot, budget: usize, tile: TileCoord, hits: &[Hit]) -> Self {
        let ground = Ground::of(tile);
        let (mut points, mut lines, mut areas) = (Vec::new(), Vec::new(), Vec::new());
        let mut contestants = Vec::new();
        let mut importance = Importance::of_layer(layer);
        for &hit in hits {
            let segment = &layer.segments[hit.segment as usize].segment;
            let extent = ground.extent(segment.tree.entry(hit.slot as usize));
            let fid = segment.fid(hit.slot).get();
            match segment.shapes.kind(hit.slot as usize) {
                Kind::Polygons => areas.push(Ranked { hit, rank: (extent, 0) }),
                Kind::Points => {
                    points.push(Ranked { hit, rank: 0 });
                    contestants.push(Contestant {
                        at: extent.center().map(|part| part >> ground.bits),
                        rank: [importance.of(hit), scatter(fid), fid],
                    });
                }
                Kind::Null | Kind::Lines | Kind::Collection => lines.push(Ranked {
                    hit,
                    rank: (importance.of(hit), Reverse(extent.size()), fid),
                }),
            }
        }
        for (point, won) in points.iter_mut().zip(victories(&contestants)) {
            point.rank = won;
        }
        lines.sort_unstable_by_key(|line| line.rank);
        let area_hits: Vec<Hit> = areas.iter().map(|area| area.hit).collect();
        let groups = Groups::of(layer, &area_hits).map(|(groups, of_each)| {
            areas
                .iter_mut()
                .zip(of_each)
                .for_each(|(area, group)| area.rank.1 = group);
            groups
        });
        let corner = [tile.col(), tile.row()].map(|part| (u64::from(part) << 6).wrapping_sub(1));
        let line_order = if importance.has_classes() && points.is_empty() && areas.is_empty() {
            LineOrder::ByClass
        } else {
            LineOrder::One
        };
        Self {
            layer,
            ground,
            lines_shown: lines.len(),
            corner,
            points,
            lines,
            line_order,
            areas,
            fabric: Fabric::new(ground.bits),
            groups,
            level: 0,
            first_lines: budget / LINE_BYTES,
        }
    }

    /// Goes on to the next level; false where there is none.
    pub fn next_level(&mut self) -> bool {
        if self.level == LAST {
            return false;
        }
        self.level += 1;
        self.lines_shown = self.fewer_lines();
        let min_size = 1_i64 << (FIRST_SIZE_BITS + self.level - 1 + self.ground.bits);
        let (fabric, layer) = (&mut self.fabric, self.layer);
        self.areas.retain(|area| {
            let is_shown = self.level <= NO_FABRIC && area.rank.0.size() >= min_size;
            if !is_shown {
                let shapes = &layer.segments[area.hit.segment as usize].segment.shapes;
                let share = share_of_box(shapes, area.hit.slot as usize);
                fabric.add(area.rank.0, share, area.rank.1);
            }
            is_shown
        });
        true
    }

    /// The features shown by themselves, in no order.
    pub fn shown(&self) -> Vec<Hit> {
        let least = MIN_BITS + self.level - 1;
        let points = self.points.iter().filter(|point| u32::from(point.rank) >= least);
        let lines = self.lines.iter().take(self.lines_shown);
        let areas = self.areas.iter().map(|area| area.hit);
        points
            .map(|point| point.hit)
            .chain(lines.map(|line| line.hit))
            .chain(areas)
            .collect()
    }

    /// All other areas, those of a group together.
    pub fn areas(&self) -> Vec<Areas<'_>> {
        if self.fabric.is_empty() || self.level >= NO_FABRIC {
            return Vec::new();
        }
        let coarser = COARSER_FABRIC.iter().filter(|&&from| self.level >= from).count() as u32;
        let raster = self.fabric.filled(self.corner, coarser);
        let value = |group| self.groups.as_ref().and_then(|groups| groups.value(group));
        let loops = raster.loops(1 << (CELL_BITS + coarser), BUFFER);
        loops
            .into_iter()
            .map(|(group, loops)| Areas {
                value: value(group),
                loops,
            })
            .collect()
    }

    /// How many lines the level shows, as they are ordered.
    fn fewer_lines(&self) -> usize {
        let before = self.lines_shown;
        if self.line_order == LineOrder::One {
            return (self.first_lines >> (self.level - 1)).min(before);
        }
        let most = match self.level {
            1 if self.first_lines < before => self.first_lines,
            ..=CLASS_BY_CLASS => before.saturating_sub(1),
            _ => before / 2,
        };
        let Some(next) = self.lines.get(most) else {
            return most;
        };
        match self.lines.partition_point(|line| line.rank.0 < next.rank.0) {
            0 if most + 1 == before => before / 2,
            0 => most,
            of_better => of_better,
        }
    }
}

/// How much of its box a feature's polygons fill, in 65536ths.
fn share_of_box(shapes: &Shapes, slot: usize) -> u64 {
    let world = shapes.world();
    let (mut area, mut min, mut max) = (0.0, [f64::MAX; 2], [f64::MIN; 2]);
    shapes.runs(slot, |_, paths| {
        for path in paths {
            let ring = &world[shapes.vertices(path)];
            let Some(&last) = ring.last() else { continue };
            let point = |at: crate::world::World| [f64::from(at.x), f64::from(at.y)];
            let origin = point(last);
            let (mut double, mut before) = (0.0, [0.0; 2]);
            for &at in ring {
                let at = point(at);
                for axis in 0..2 {
                    min[axis] = at[axis].min(min[axis]);
                    max[axis] = at[axis].max(max[axis]);
                }
                let now = [at[0] - origin[0], at[1] - origin[1]];
                double += before[0] * now[1] - now[0] * before[1];
                before = now;
            }
            area += if shapes.is_outer(path) {
                double.abs()
            } else {
                -double.abs()
            } / 2.0;
        }
    });
    // As extents are: the far borders are one more, which keeps a box from being empty.
    let of_box = (max[0] - min[0] + 1.0) * (max[1] - min[1] + 1.0);
    (area / of_box * 65536.0).clamp(0.0, 65536.0) as u64
}

/// A number's place in an order that has nothing to do with where things are (`SplitMix64`).
pub(super) fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
