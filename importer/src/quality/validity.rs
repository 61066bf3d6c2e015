//! Validity of polygons in the sense of OGC Simple Features (06-103r4, 6.1.11 and 6.1.14), with the fault's kind and place.
//!
//! The verdict is that of GEOS and JTS: rings may touch one another in points, no ring may touch itself, and the interior
//! must hang together. One fault is told for each polygon or multipolygon where edges cross, because what follows from
//! that is no news; several where rings lie wrongly.

use super::inside::{Inside, Side};
use super::predicate::by_angle;
use super::sweep::{Meetings, Node, meetings};
use onemap_model::{Coord, FindingCode, Geometry, Path, Polygon};
use std::collections::HashMap;

/// What is wrong with a geometry, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What.
    pub code: FindingCode,
    /// Where, in the geometry's own coordinates.
    pub at: Coord,
}

/// Beyond this, products of coordinates are no numbers; nothing on earth is so far away.
const FAR: f64 = 1e100;

/// What makes a geometry invalid. Rings are taken as closed.
///
/// O(n log n) for n vertices, but for deeply nested rings.
pub fn faults(geometry: &Geometry) -> Vec<Fault> {
    let mut found = Vec::new();
    if geometry.coords().all(|p| p.x.abs() < FAR && p.y.abs() < FAR) {
        look(geometry, &mut found);
    }
    found
}

fn look(geometry: &Geometry, found: &mut Vec<Fault>) {
    match geometry {
        Geometry::Points(_) => {}
        Geometry::Lines(lines) => lines.iter().for_each(|line| {
            if let Some(first) = line.coords().first()
                && line.coords().iter().all(|p| p == first)
            {
                let code = FindingCode::ZeroLength;
                found.push(Fault { code, at: *first });
            }
        }),
        Geometry::Polygons(polygons) => Areas::of(polygons, found).look(found),
        Geometry::Collection(parts) => parts.iter().for_each(|part| look(part, found)),
    }
}

/// The vertices of a ring without repeated ones, and without the last that closes it.
pub fn open_ring(path: &Path) -> Vec<Coord> {
    let mut ring = path.coords().to_vec();
    ring.dedup();
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    ring
}

/// The rings of a multipolygon that have an area, and whose they are.
struct Areas {
    rings: Vec<Vec<Coord>>,
    /// The polygon of each ring, and whether it is its shell.
    place: Vec<(usize, bool)>,
}

impl Areas {
    fn of(polygons: &[Polygon], found: &mut Vec<Fault>) -> Self {
        let (mut rings, mut place) = (Vec::new(), Vec::new());
        for (number, polygon) in polygons.iter().enumerate() {
            for (position, path) in polygon.rings.iter().enumerate() {
                let ring = open_ring(path);
                let Some(&at) = ring.first() else { continue };
                let mut distinct = ring.iter().filter(|p| **p != at);
                let second = distinct.next().copied();
                if second.is_none_or(|second| distinct.all(|p| *p == second)) {
                    let code = FindingCode::RingTooFewPoints;
                    found.push(Fault { code, at });
                    continue;
                }
                rings.push(ring);
                place.push((number, position == 0));
            }
        }
        Self { rings, place }
    }

    fn look(&self, found: &mut Vec<Fault>) {
        match meetings(&self.rings) {
            Meetings::Bad { at, rings, spike } => {
                let code = if spike {
                    self.flat_or_spike(rings.0)
                } else {
                    self.crossing(rings)
                };
                found.push(Fault { code, at });
            }
            Meetings::Touches(nodes) => {
                let before = found.len();
                self.look_at_nodes(&nodes, found);
                // Where rings lie is only a question for rings that do not cross.
                if found.len() == before {
                    self.look_at_nesting(found);
                }
            }
        }
    }

    fn crossing(&self, (a, b): (usize, usize)) -> FindingCode {
        match (a == b, self.place[a].0 == self.place[b].0) {
            (true, _) => FindingCode::SelfIntersection,
            (false, true) => FindingCode::RingsCross,
            (false, false) => FindingCode::PartsOverlap,
        }
    }

    /// A ring that goes back on itself is flat where all of it lies on one line.
    fn flat_or_spike(&self, ring: usize) -> FindingCode {
        let ring = &self.rings[ring];
        let flat = ring
            .iter()
            .all(|p| super::predicate::orient(ring[0], ring[1], *p) == 0.0);
        if flat {
            FindingCode::ZeroArea
        } else {
            FindingCode::Spike
        }
    }

    fn look_at_nodes(&self, nodes: &[Node], found: &mut Vec<Fault>) {
        let mut touching = Union::default();
        for (number, node) in nodes.iter().enumerate() {
            let fault = |code| Fault { code, at: node.at };
            if let Some(rings) = crossing_at(node) {
                return found.push(fault(self.crossing(rings)));
            }
            let mut rings: Vec<usize> = node.visits.iter().map(|visit| visit.ring).collect();
            rings.sort_unstable();
            if rings.windows(2).any(|pair| pair[0] == pair[1]) {
                return found.push(fault(FindingCode::RingSelfTouch));
            }
            // Rings and points make a graph for each polygon: a way round in it cuts off a part of the interior.
            for ring in rings {
                let polygon = self.place[ring].0;
                if touching.join(Member::Ring(ring), Member::Point(polygon, number)) == Joined::Already {
                    found.push(fault(FindingCode::InteriorDisconnected));
                }
            }
        }
    }

    fn look_at_nesting(&self, found: &mut Vec<Fault>) {
        let prepared: Vec<Inside<'_>> = self.rings.iter().map(|ring| Inside::new(ring)).collect();
        let boxes: Vec<[f64; 4]> = self.rings.iter().map(|ring| box_of(ring)).collect();
        let shells: HashMap<usize, usize> = (0..self.rings.len())
            .filter(|ring| self.place[*ring].1)
            .map(|ring| (self.place[ring].0, ring))
            .collect();
        let mut fault = |code, ring: usize| {
            let at = self.rings[ring][0];
            found.push(Fault { code, at });
        };
        for (hole, (polygon, is_shell)) in self.place.iter().enumerate() {
            if *is_shell {
                continue;
            }
            let shell = shells.get(polygon);
            let is_in = |shell: &usize| prepared[*shell].side_of_ring(&self.rings[hole]) != Side::Outside;
            if !shell.is_some_and(is_in) {
                fault(FindingCode::HoleOutsideShell, hole);
            }
        }
        for (inner, outer) in contained(&boxes) {
            let (a, b) = (self.place[inner], self.place[outer]);
            let is_in = || prepared[outer].side_of_ring(&self.rings[inner]) == Side::Inside;
            match (a.1, b.1) {
                (false, false) if a.0 == b.0 && is_in() => fault(FindingCode::HolesNested, inner),
                (true, true) if is_in() && !self.lies_in_a_hole(inner, b.0, &prepared, &boxes) => {
                    fault(FindingCode::ShellsNested, inner);
                }
                _ => {}
            }
        }
    }

    fn lies_in_a_hole(&self, shell: usize, polygon: usize, prepared: &[Inside<'_>], boxes: &[[f64; 4]]) -> bool {
        (0..self.rings.len()).any(|hole| {
            self.place[hole] == (polygon, false)
                && holds(&boxes[hole], &boxes[shell])
                && prepared[hole].side_of_ring(&self.rings[shell]) != Side::Outside
        })
    }
}

/// Two rings that cross in a point where both have a vertex or run through.
///
/// Around the point the passages must nest like brackets.
fn crossing_at(node: &Node) -> Option<(usize, usize)> {
    let visits = node.visits.iter().enumerate();
    let mut rays: Vec<(Coord, usize)> = visits.flat_map(|(i, v)| [(v.from, i), (v.to, i)]).collect();
    rays.sort_by(|a, b| by_angle(node.at, a.0, b.0));
    let mut open: Vec<usize> = Vec::new();
    let mut seen = vec![false; node.visits.len()];
    for (_, visit) in rays {
        if !std::mem::replace(&mut seen[visit], true) {
            open.push(visit);
            continue;
        }
        let last = open.pop().expect("a passage that was seen once is open");
        if last != visit {
            return Some((node.visits[visit].ring, node.visits[last].ring));
        }
    }
    None
}

fn box_of(ring: &[Coord]) -> [f64; 4] {
    let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    ring.iter().fold(start, |b, p| {
        [b[0].min(p.x), b[1].min(p.y), b[2].max(p.x), b[3].max(p.y)]
    })
}

fn holds(outer: &[f64; 4], inner: &[f64; 4]) -> bool {
    outer[0] <= inner[0] && outer[1] <= inner[1] && inner[2] <= outer[2] && inner[3] <= outer[3]
}

/// All pairs of boxes of which the first lies in the second, swept from left to right.
fn contained(boxes: &[[f64; 4]]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    order.sort_by(|a, b| boxes[*a][0].total_cmp(&boxes[*b][0]));
    let mut open: Vec<usize> = Vec::new();
    let mut pairs = Vec::new();
    for &one in &order {
        open.retain(|other| boxes[*other][2] >= boxes[one][0]);
        for &other in &open {
            for (inner, outer) in [(one, other), (other, one)] {
                if holds(&boxes[outer], &boxes[inner]) {
                    pairs.push((inner, outer));
                }
            }
        }
        open.push(one);
    }
    pairs
}

/// A ring, or a point of a polygon where rings touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Member {
    Ring(usize),
    Point(usize, usize),
}

#[derive(PartialEq)]
enum Joined {
    Now,
    Already,
}

/// What hangs together (union-find with path halving).
#[derive(Default)]
struct Union(HashMap<Member, Member>);

impl Union {
    fn root(&mut self, mut of: Member) -> Member {
        while let Some(&up) = self.0.get(&of) {
            if let Some(&upper) = self.0.get(&up) {
                self.0.insert(of, upper);
            }
            of = up;
        }
        of
    }

    fn join(&mut self, a: Member, b: Member) -> Joined {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return Joined::Already;
        }
        self.0.insert(a, b);
        Joined::Now
    }
}
