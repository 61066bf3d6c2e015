//! How the edges of rings meet: the first place where two of them cross or overlap, or every point where they touch.
//!
//! Few edges are compared with one another; many are swept from left to right (Shamos and Hoey 1976), in O(n log n)
//! whatever their shape. The order of edges along the sweep line is exact, and stays consistent up to the first
//! crossing, at which the sweep ends.

use super::predicate::{Meeting, Segment, by_xy, orient};
use onemap_model::Coord;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;

/// Up to so many edges are compared with one another.
const FEW: usize = 40;

/// A vertex of a ring: the ring's number, and the vertex's in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// The ring.
    pub ring: usize,
    /// The vertex; as an edge: the one that leaves it.
    pub vertex: usize,
}

/// A passage of a ring through a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit {
    /// Which ring.
    pub ring: usize,
    /// Where it comes from.
    pub from: Coord,
    /// Where it goes to.
    pub to: Coord,
}

/// A point through which rings pass more than once.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The point.
    pub at: Coord,
    /// Two passages at least.
    pub visits: Vec<Visit>,
}

/// How the edges of rings meet.
#[derive(Debug, Clone, PartialEq)]
pub enum Meetings {
    /// Two edges cross, or have more than a point in common.
    Bad {
        /// Where.
        at: Coord,
        /// The rings they belong to.
        rings: (usize, usize),
        /// Whether one follows the other in a ring and goes back on it.
        spike: bool,
    },
    /// They only touch, in these points.
    Touches(Vec<Node>),
}

/// Rings without repeated vertices, and without the last one that closes them; three vertices each at least.
pub type Rings<'a> = &'a [Vec<Coord>];

/// How the edges of `rings` meet.
pub fn meetings(rings: Rings<'_>) -> Meetings {
    let edges: usize = rings.iter().map(Vec::len).sum();
    if edges <= FEW {
        compare_all(rings)
    } else {
        Sweep::new(rings).run()
    }
}

fn next(rings: Rings<'_>, at: At) -> At {
    let vertex = (at.vertex + 1) % rings[at.ring].len();
    At { vertex, ..at }
}

fn previous(rings: Rings<'_>, at: At) -> At {
    let n = rings[at.ring].len();
    At {
        vertex: (at.vertex + n - 1) % n,
        ..at
    }
}

fn point(rings: Rings<'_>, at: At) -> Coord {
    rings[at.ring][at.vertex]
}

fn edge(rings: Rings<'_>, at: At) -> Segment {
    Segment {
        from: point(rings, at),
        to: point(rings, next(rings, at)),
    }
}

fn passage(rings: Rings<'_>, at: At) -> Visit {
    Visit {
        ring: at.ring,
        from: point(rings, previous(rings, at)),
        to: point(rings, next(rings, at)),
    }
}

fn all(rings: Rings<'_>) -> impl Iterator<Item = At> + '_ {
    rings
        .iter()
        .enumerate()
        .flat_map(|(ring, path)| (0..path.len()).map(move |vertex| At { ring, vertex }))
}

/// Judges one pair of edges; none where they may meet so.
fn bad(rings: Rings<'_>, a: At, b: At) -> Option<Meetings> {
    let follows = next(rings, a) == b || next(rings, b) == a;
    let found = |at, spike| {
        Some(Meetings::Bad {
            at,
            rings: (a.ring, b.ring),
            spike,
        })
    };
    match edge(rings, a).meeting(edge(rings, b)) {
        Meeting::Cross(at) => found(at, false),
        Meeting::Overlap(_) if follows => {
            let corner = if next(rings, a) == b { b } else { a };
            found(point(rings, corner), true)
        }
        Meeting::Overlap(at) => found(at, false),
        Meeting::Apart | Meeting::Touch(_) => None,
    }
}

fn compare_all(rings: Rings<'_>) -> Meetings {
    let edges: Vec<At> = all(rings).collect();
    let mut touches: Vec<Coord> = Vec::new();
    for (i, &a) in edges.iter().enumerate() {
        for &b in &edges[i + 1..] {
            if !edge(rings, a).boxes_meet(edge(rings, b)) {
                continue;
            }
            if let Some(bad) = bad(rings, a, b) {
                return bad;
            }
            let follows = next(rings, a) == b || next(rings, b) == a;
            if !follows && let Meeting::Touch(at) = edge(rings, a).meeting(edge(rings, b)) {
                touches.push(at);
            }
        }
    }
    touches.sort_by(by_xy);
    touches.dedup();
    let node = |at: Coord| {
        let corners = edges.iter().filter(|a| point(rings, **a) == at);
        let through = edges.iter().filter(|a| {
            let Segment { from, to } = edge(rings, **a);
            from != at && to != at && edge(rings, **a).meeting(Segment { from: at, to: at }) != Meeting::Apart
        });
        let visits = corners.map(|a| passage(rings, *a));
        let visits = visits.chain(through.map(|a| through_visit(rings, *a)));
        Node {
            at,
            visits: visits.collect(),
        }
    };
    Meetings::Touches(touches.into_iter().map(node).collect())
}

fn through_visit(rings: Rings<'_>, at: At) -> Visit {
    let Segment { from, to } = edge(rings, at);
    Visit {
        ring: at.ring,
        from,
        to,
    }
}

/// An edge on the sweep line, or a point to look for among these.
#[derive(Debug, Clone, Copy)]
struct Entry {
    left: Coord,
    right: Coord,
    at: At,
    /// For a point: whether it stands below (-1) or above (1) the edges that hold it; 0 for edges.
    side: i8,
}

impl Entry {
    fn edge(rings: Rings<'_>, at: At) -> Self {
        let Segment { from, to } = edge(rings, at);
        let (left, right) = if by_xy(&from, &to).is_le() {
            (from, to)
        } else {
            (to, from)
        };
        Self {
            left,
            right,
            at,
            side: 0,
        }
    }

    fn point(p: Coord, side: i8) -> Self {
        let at = At { ring: 0, vertex: 0 };
        Self {
            left: p,
            right: p,
            at,
            side,
        }
    }

    /// Where `other`, which begins at the same place or further right, lies: above this is `Less`.
    fn against(&self, other: &Entry) -> Ordering {
        let above = |p: Coord| orient(self.left, self.right, p);
        let side = match above(other.left) {
            0.0 => above(other.right),
            side => side,
        };
        0.0_f64.total_cmp(&(side + 0.0))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.side == 0 && other.side == 0 && self.at == other.at {
            return Ordering::Equal;
        }
        if self.side != 0 && other.side != 0 {
            return self.side.cmp(&other.side);
        }
        let order = if by_xy(&self.left, &other.left).is_le() && self.side == 0 {
            self.against(other)
        } else {
            other.against(self).reverse()
        };
        order.then(self.side.cmp(&other.side)).then(self.at.cmp(&other.at))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

struct Sweep<'a> {
    rings: Rings<'a>,
    line: BTreeSet<Entry>,
    nodes: Vec<Node>,
}

impl<'a> Sweep<'a> {
    fn new(rings: Rings<'a>) -> Self {
        let (line, nodes) = Default::default();
        Self { rings, line, nodes }
    }

    fn run(mut self) -> Meetings {
        let mut corners: Vec<At> = all(self.rings).collect();
        corners.sort_unstable_by(|a, b| by_xy(&point(self.rings, *a), &point(self.rings, *b)));
        let mut rest = &corners[..];
        while let Some(first) = rest.first() {
            let at = point(self.rings, *first);
            let count = rest.partition_point(|corner| by_xy(&point(self.rings, *corner), &at).is_le());
            let (here, later) = rest.split_at(count);
            if let Some(bad) = self.step(at, here) {
                return bad;
            }
            rest = later;
        }
        Meetings::Touches(self.nodes)
    }

    /// Moves the sweep line over a point with the corners `here`.
    fn step(&mut self, at: Coord, here: &[At]) -> Option<Meetings> {
        let rings = self.rings;
        let edges = here.iter().flat_map(|corner| [*corner, previous(rings, *corner)]);
        let (ending, beginning): (Vec<Entry>, Vec<Entry>) = edges
            .map(|edge| Entry::edge(rings, edge))
            .partition(|entry| entry.right == at);
        // An edge through the point that does not end in it.
        let around = (
            Bound::Included(Entry::point(at, -1)),
            Bound::Included(Entry::point(at, 1)),
        );
        let mut through: Option<At> = None;
        for entry in self.line.range(around).filter(|entry| entry.right != at) {
            if let Some(other) = through.replace(entry.at) {
                return bad(rings, other, entry.at);
            }
        }
        for entry in &ending {
            self.line.remove(entry);
        }
        // What goes on to the right of the point, from below: the edge through it may lie anywhere among the others.
        let mut leaving = beginning.clone();
        leaving.extend(through.map(|edge| Entry::edge(rings, edge)));
        leaving.sort();
        let mut pairs = leaving.windows(2).map(|pair| (pair[0].at, pair[1].at));
        if let Some(bad) = pairs.find_map(|(a, b)| bad(rings, a, b)) {
            return Some(bad);
        }
        let below = self.line.range(..Entry::point(at, -1)).next_back().copied();
        let above = self.line.range(Entry::point(at, 1)..).next().copied();
        let low = leaving.first().map(|entry| entry.at);
        let high = leaving.last().map(|entry| entry.at);
        let neighbours = match (low, high) {
            (Some(low), Some(high)) => [below.map(|b| (b.at, low)), above.map(|a| (a.at, high))],
            _ => [below.zip(above).map(|(b, a)| (b.at, a.at)), None],
        };
        if let Some(bad) = neighbours.into_iter().flatten().find_map(|(a, b)| bad(rings, a, b)) {
            return Some(bad);
        }
        self.line.extend(beginning);
        if here.len() + usize::from(through.is_some()) > 1 {
            let corners = here.iter().map(|corner| passage(rings, *corner));
            let visits = corners.chain(through.map(|edge| through_visit(rings, edge)));
            self.nodes.push(Node {
                at,
                visits: visits.collect(),
            });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ring() -> impl Strategy<Value = Vec<Coord>> {
        let coord = (0..9_i8, 0..9_i8).prop_map(|(x, y)| Coord {
            x: f64::from(x),
            y: f64::from(y),
        });
        proptest::collection::vec(coord, 3..9).prop_filter_map("a ring", |mut ring| {
            ring.dedup();
            if ring.first() == ring.last() {
                ring.pop();
            }
            (ring.len() >= 3).then_some(ring)
        })
    }

    /// Nodes without the order of their passages.
    fn sorted(meetings: Meetings) -> Option<Vec<(String, Vec<String>)>> {
        let Meetings::Touches(nodes) = meetings else {
            return None;
        };
        let one = |node: Node| {
            let mut visits: Vec<String> = node
                .visits
                .iter()
                .map(|visit| {
                    let mut ends = [visit.from, visit.to];
                    ends.sort_by(by_xy);
                    format!("{} {ends:?}", visit.ring)
                })
                .collect();
            visits.sort();
            (format!("{:?}", node.at), visits)
        };
        let mut nodes: Vec<_> = nodes.into_iter().map(one).collect();
        nodes.sort();
        Some(nodes)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn sweeping_finds_what_comparing_all_finds(rings in proptest::collection::vec(ring(), 1..4)) {
            prop_assert_eq!(sorted(Sweep::new(&rings).run()), sorted(compare_all(&rings)));
        }
    }

    #[test]
    fn a_comb_of_a_hundred_thousand_long_teeth_is_no_matter_of_minutes() {
        let n = 50_000;
        let tooth = |i: usize| {
            let x = i as f64;
            [Coord { x, y: x }, Coord { x: x + 0.5, y: x + 1e6 }]
        };
        let mut ring: Vec<Coord> = (0..n).flat_map(tooth).collect();
        ring.push(Coord { x: 2e6, y: 2e6 });
        ring.push(Coord { x: 2e6, y: -9.0 });
        let start = std::time::Instant::now();
        let Meetings::Touches(nodes) = meetings(&[ring.clone()]) else {
            panic!("it is valid")
        };
        assert!(nodes.is_empty() && start.elapsed().as_secs() < 20);
        ring[60_001].y += 5e6;
        ring.swap(60_000, 60_003);
        assert!(matches!(meetings(&[ring]), Meetings::Bad { rings: (0, 0), .. }));
    }
}
