//! The blocks of a quarter: what is left between its streets when these have their width.

use super::mesh::Tag;
use super::plan::{Plan, QuarterPlan};
use super::plane::{Pt, area, inset};
use super::rng::{Rng, Stream};
use super::streets::Streets;
use super::zone::BlockKind;

/// Land smaller than this stays a green strip without a parcel, m².
const LEAST_BLOCK_M2: f64 = 250.0;
/// How much is cut from a block's corners, metres.
const CHAMFER_M: f64 = 4.0;
/// Bends are at least this far from corners, metres.
const LEAST_EDGE_M: f64 = 32.0;
/// A bend below this (as a sine) is none.
const STRAIGHT: f64 = 0.003;

/// A block: ground between streets.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// Its outline, counter-clockwise and open.
    pub(super) ring: Vec<Pt>,
    /// The street that each edge lies on.
    pub(super) tags: Vec<Tag>,
    /// What it is.
    pub(super) kind: BlockKind,
    /// How many parcels it has today.
    pub(super) parcels: u32,
    /// Its number in the quarter.
    pub(super) number: u32,
}

/// The blocks of a quarter. The parcels that its plan allows, where these are fewer than fit, are given to the first
/// blocks; a plan that does not say yet (0) gets all that fit.
pub(super) fn of(plan: &Plan, quarter: &QuarterPlan, streets: &Streets) -> Vec<Block> {
    let mut blocks: Vec<Block> = streets
        .faces()
        .enumerate()
        .filter_map(|(number, (ring, tags))| block(plan, quarter, streets, number as u32, &ring, &tags))
        .collect();
    if quarter.parcels > 0 {
        let mut left = quarter.parcels;
        for block in &mut blocks {
            block.parcels = block.parcels.min(left);
            left -= block.parcels;
        }
    }
    blocks.retain(|block| block.parcels > 0 || block.kind == BlockKind::Pond);
    blocks
}

fn block(
    plan: &Plan,
    quarter: &QuarterPlan,
    streets: &Streets,
    number: u32,
    ring: &[Pt],
    tags: &[Tag],
) -> Option<Block> {
    let (corners, tags) = without_straight_points(ring, tags);
    // Where quarters are small, so are their main streets.
    let narrow = (plan.lattice.quarter_m / 600.0).clamp(0.55, 1.0);
    let widths: Vec<f64> = tags
        .iter()
        .map(|&tag| streets.classes[usize::from(tag)].half_width_m() * narrow)
        .collect();
    let inner = inset(&corners, &widths)?;
    let (ring, tags) = chamfered(&inner, &tags);
    let size = area(&ring);
    if size < LEAST_BLOCK_M2 {
        return None;
    }
    let mut rng = Rng::new(Stream::Block, quarter.a, quarter.b, number);
    let kind = quarter.kind.block(&mut rng);
    let parcels = match kind {
        BlockKind::Pond => 0,
        kind => (size / (kind.parcel_m2() * rng.between(0.8, 1.25))).round().max(1.0) as u32,
    };
    Some(Block {
        ring,
        tags,
        kind,
        parcels,
        number,
    })
}

/// Leaves out the points at which the other side's streets end, and bends so near a corner that an edge between them
/// would not survive the inset.
fn without_straight_points(ring: &[Pt], tags: &[Tag]) -> (Vec<Pt>, Vec<Tag>) {
    let n = ring.len();
    let is_corner = |i: usize| tags[(i + n - 1) % n] != tags[i];
    let corners: Vec<Pt> = (0..n).filter(|&i| is_corner(i)).map(|i| ring[i]).collect();
    let is_bend = |i: usize| {
        let (before, here, after) = (ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]);
        let bends = (here - before).unit().cross((after - here).unit()).abs() > STRAIGHT;
        bends && corners.iter().all(|&corner| (corner - here).length() > LEAST_EDGE_M)
    };
    (0..n)
        .filter(|&i| is_corner(i) || is_bend(i))
        .map(|i| (ring[i], tags[i]))
        .unzip()
}

/// Cuts the corners where two streets meet, so that drivers see around them.
fn chamfered(ring: &[Pt], tags: &[Tag]) -> (Vec<Pt>, Vec<Tag>) {
    let n = ring.len();
    let mut out = (Vec::with_capacity(n + 4), Vec::with_capacity(n + 4));
    for i in 0..n {
        let before = (i + n - 1) % n;
        let (to_before, to_after) = (ring[before] - ring[i], ring[(i + 1) % n] - ring[i]);
        let room = to_before.length().min(to_after.length());
        if tags[before] == tags[i] || room < 4.0 * CHAMFER_M {
            out.0.push(ring[i]);
            out.1.push(tags[i]);
        } else {
            out.0.push(ring[i] + to_before.unit() * CHAMFER_M);
            out.1.push(tags[before].min(tags[i]));
            out.0.push(ring[i] + to_after.unit() * CHAMFER_M);
            out.1.push(tags[i]);
        }
    }
    out
}
