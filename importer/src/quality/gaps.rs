//! Narrow gaps between areas that should meet.
//!
//! An edge that another area has too, in the other direction, is a border between both; all other edges are free. Free
//! edges make chains around what nobody covers. A chain around a narrow piece of land is a gap; so is a place where a
//! chain turns back on itself between two areas: a wedge that is open at its other end.
//!
//! Vertices within a millimetre count as one. Only areas without an end are looked at: what is there today.

use super::measure::Scale;
use super::overlaps::{TOLERANCE_M, TOLERANCE_M2};
use super::predicate::Segment;
use super::shapes::Shapes;
use super::tree::Tree;
use onemap_model::Coord;

/// What is wider than this on average is land of its own, in metres.
pub const WIDEST_M: f64 = 1.0;
/// A wedge's angle is below this, in radians: five degrees.
const WEDGE_RADIANS: f64 = 0.087_266_462_599_716_48;
/// A wedge is at least so long, in metres.
const WEDGE_M: f64 = 0.5;
/// Vertices are compared on a grid of so many lines to a degree: about a millimetre.
const GRID: f64 = 1e8;

/// A gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// A feature beside it.
    pub feature: usize,
    /// Another one; the same where there is only one.
    pub other: usize,
    /// How much land is in it.
    pub area_m2: f64,
    /// Twice its area by its perimeter; for a wedge, its mouth.
    pub width_m: f64,
    /// The middle of its border.
    pub at: Coord,
}

type Node = (i64, i64);

/// An edge that no other area has.
#[derive(Debug, Clone, Copy)]
struct Free {
    from: Coord,
    to: Coord,
    feature: usize,
}

impl Free {
    fn start(&self) -> Node {
        node(self.from)
    }

    fn end(&self) -> Node {
        node(self.to)
    }
}

fn node(p: Coord) -> Node {
    // As rounding does, in one instruction.
    let nearest = |number: f64| (number + 0.5_f64.copysign(number)) as i64;
    (nearest(p.x * GRID), nearest(p.y * GRID))
}

/// All gaps among `shapes`, in the order of features.
pub fn gaps(shapes: &Shapes, tree: &Tree) -> Vec<Gap> {
    let mut free: Vec<Free> = tree.of_neighbours(crate::interrupt::is_asked, |feature, neighbours, free| {
        free_edges(shapes, feature, neighbours, free);
    });
    free.sort_unstable_by_key(|edge| (edge.start(), edge.end(), edge.feature));
    let mut found = Vec::new();
    let mut done = vec![false; free.len()];
    let mut chain = Vec::new();
    for first in 0..free.len() {
        chain.clear();
        let mut at = first;
        while !std::mem::replace(&mut done[at], true) {
            chain.push(free[at]);
            match next(&free, &done, at, first) {
                Some(next) => at = next,
                None => break,
            }
        }
        if !chain.is_empty() {
            let closed = chain[0].start() == chain[chain.len() - 1].end();
            look_at(&chain, closed, &mut found);
        }
    }
    found.sort_unstable_by(|a: &Gap, b: &Gap| {
        (a.feature, a.other)
            .cmp(&(b.feature, b.other))
            .then(a.at.x.total_cmp(&b.at.x))
            .then(a.at.y.total_cmp(&b.at.y))
    });
    found
}

fn is_there_today(valid: (i64, i64)) -> bool {
    valid.1 == i64::MAX
}

fn free_edges(shapes: &Shapes, feature: usize, neighbours: &[usize], free: &mut Vec<Free>) {
    let shape = shapes.get(feature);
    if !is_there_today(shape.valid) {
        return;
    }
    let edges = shape.edges().map(|edge| (node(edge.from), node(edge.to), edge));
    let mut own: Vec<(Node, Node, Free)> = edges
        .filter(|(start, end, _)| start != end)
        .map(|(start, end, Segment { from, to })| (start, end, Free { from, to, feature }))
        .collect();
    own.sort_unstable_by_key(|(start, end, _)| (*start, *end));
    own.dedup_by_key(|(start, end, _)| (*start, *end));
    let mut shared = vec![false; own.len()];
    // What is farther than a cell of the grid from this one is no border of it.
    let [west, south, east, north] = shape.bbox;
    let around = [
        west - 2.0 / GRID,
        south - 2.0 / GRID,
        east + 2.0 / GRID,
        north + 2.0 / GRID,
    ];
    let is_near = |p: Coord| p.x >= around[0] && p.y >= around[1] && p.x <= around[2] && p.y <= around[3];
    let there = neighbours.iter().map(|other| shapes.get(*other));
    for neighbour in there.filter(|neighbour| is_there_today(neighbour.valid)) {
        for edge in neighbour.edges() {
            if !is_near(edge.from) || !is_near(edge.to) {
                continue;
            }
            let (start, end) = (node(edge.to), node(edge.from));
            let found = own.binary_search_by_key(&(start, end), |(start, end, _)| (*start, *end));
            if let Ok(at) = found {
                shared[at] = true;
            }
        }
    }
    let not_shared = own.into_iter().zip(shared).filter(|(_, shared)| !shared);
    free.extend(not_shared.map(|((.., edge), _)| edge));
}

/// The edge that goes on around the uncovered land to the right: the one that turns right most.
fn next(free: &[Free], done: &[bool], at: usize, first: usize) -> Option<usize> {
    let edge = free[at];
    let start = free.partition_point(|other| other.start() < edge.end());
    let leaving = (start..free.len()).take_while(|other| free[*other].start() == edge.end());
    let scale = Scale::at(edge.to.y);
    let way = scale.step(edge.from, edge.to);
    let turn = |other: &usize| {
        let out = scale.step(free[*other].from, free[*other].to);
        (way.0 * out.1 - way.1 * out.0).atan2(way.0 * out.0 + way.1 * out.1)
    };
    leaving
        .filter(|other| !done[*other] || *other == first)
        .min_by(|a, b| turn(a).total_cmp(&turn(b)))
        .filter(|other| *other != first)
}

fn look_at(chain: &[Free], closed: bool, found: &mut Vec<Gap>) {
    let scale = Scale::at(chain[0].from.y);
    let ring: Vec<Coord> = chain.iter().map(|edge| edge.from).collect();
    let size = scale.ring(&ring);
    let other = |feature: usize| chain.iter().map(|edge| edge.feature).find(|other| *other != feature);
    if closed && size.area_m2 < 0.0 && size.width_m() < WIDEST_M {
        let (area_m2, width_m) = (-size.area_m2, size.width_m());
        if area_m2 >= TOLERANCE_M2 && width_m >= TOLERANCE_M {
            let feature = chain[0].feature;
            found.push(Gap {
                feature,
                other: other(feature).unwrap_or(feature),
                area_m2,
                width_m,
                at: middle(&ring),
            });
        }
        return;
    }
    let pairs = chain.windows(2).map(|pair| (pair[0], pair[1]));
    let around = closed.then(|| (chain[chain.len() - 1], chain[0]));
    found.extend(
        pairs
            .chain(around)
            .filter_map(|(before, after)| wedge(before, after, scale)),
    );
}

/// A wedge between two edges of two areas, of which the second turns back to the right.
fn wedge(before: Free, after: Free, scale: Scale) -> Option<Gap> {
    if before.feature == after.feature {
        return None;
    }
    let (back, out) = (scale.step(before.to, before.from), scale.step(after.from, after.to));
    let cross = back.0 * out.1 - back.1 * out.0;
    let angle = cross.abs().atan2(back.0 * out.0 + back.1 * out.1);
    let length_m = back.0.hypot(back.1).min(out.0.hypot(out.1));
    let width_m = length_m * angle.sin();
    // Uncovered land lies to the right of both: from the way back to the way out it is counter-clockwise.
    (cross > 0.0 && angle < WEDGE_RADIANS && length_m >= WEDGE_M && width_m >= TOLERANCE_M).then(|| Gap {
        feature: before.feature,
        other: after.feature,
        area_m2: length_m * width_m / 2.0,
        width_m,
        at: before.to,
    })
}

fn middle(ring: &[Coord]) -> Coord {
    let n = ring.len() as f64;
    let sum = ring.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x, y + p.y));
    Coord {
        x: sum.0 / n,
        y: sum.1 / n,
    }
}
