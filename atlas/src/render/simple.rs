//! Whether the rings of a feature make valid polygons, apart from each other, as they stand.

use super::frame::Point;
use super::ring::{Rings, Side, cross, side_of};
use std::ops::Range;

/// Up to so many edges each is compared with each.
const FEW_EDGES: usize = 64;
/// Comparisons for one feature, at the most: some ten milliseconds.
const MAX_COMPARISONS: usize = 4_000_000;

/// What is known of a feature's rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No edge meets another but its neighbours; holes are inside their outer rings and outside each other; no
    /// polygon is inside another.
    Valid,
    /// Not valid, or not known to be.
    Doubtful,
    /// Edges meet so often that finding all places would take too long.
    Hopeless,
}

/// Working space of [`inspect`].
#[derive(Debug, Default)]
pub(super) struct Inspector {
    edges: Vec<Edge>,
    active: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    from: Point,
    to: Point,
    /// The smaller and the larger coordinate along the sweep.
    low: i64,
    high: i64,
    /// Place among all edges, and that of the edge that follows in the ring.
    place: u32,
    next: u32,
}

impl Inspector {
    /// Looks at rings that are clean ([`super::ring::clean`]) and drawn.
    ///
    /// Up to 64 edges each edge is compared with each; beyond, a sweep across the polygon compares those side by side.
    pub fn inspect(&mut self, rings: &Rings) -> Verdict {
        if rings.len() == 1 && is_convex(rings.ring(0)) {
            return Verdict::Valid;
        }
        self.load(rings);
        let apart = match self.edges.len() {
            0..=FEW_EDGES => self.compare_all(),
            _ => self.sweep(),
        };
        match apart {
            Verdict::Valid if !fit(rings) => Verdict::Doubtful,
            verdict => verdict,
        }
    }

    fn load(&mut self, rings: &Rings) {
        self.edges.clear();
        let extent = |along: fn(&Point) -> i64| -> i64 {
            let edges = rings.iter().flat_map(|ring| ring.windows(2));
            edges.map(|pair| (along(&pair[0]) - along(&pair[1])).abs()).sum()
        };
        // Across the direction in which edges are short, few of them are side by side.
        let along: fn(&Point) -> i64 = if rings.points().len() > FEW_EDGES && extent(|p| p.y) < extent(|p| p.x) {
            |p| p.y
        } else {
            |p| p.x
        };
        for ring in rings.iter() {
            let first = self.edges.len() as u32;
            let successors = ring[1..].iter().chain(&ring[..1]);
            for (place, (&from, &to)) in (first..).zip(ring.iter().zip(successors)) {
                let (a, b) = (along(&from), along(&to));
                self.edges.push(Edge {
                    from,
                    to,
                    low: a.min(b),
                    high: a.max(b),
                    place,
                    next: place + 1,
                });
            }
            if let Some(last) = self.edges.last_mut() {
                last.next = first;
            }
        }
    }

    fn compare_all(&self) -> Verdict {
        for (at, a) in self.edges.iter().enumerate() {
            if self.edges[at + 1..].iter().any(|b| a.clashes(b)) {
                return Verdict::Doubtful;
            }
        }
        Verdict::Valid
    }

    fn sweep(&mut self) -> Verdict {
        self.edges.sort_unstable_by_key(|edge| (edge.low, edge.place));
        self.active.clear();
        let max_clashes = 20_000 + 2 * self.edges.len();
        let (mut comparisons, mut clashes) = (0, 0);
        for at in 0..self.edges.len() {
            let edge = self.edges[at];
            let edges = &self.edges;
            self.active.retain(|&other| edges[other as usize].high >= edge.low);
            comparisons += self.active.len();
            clashes += self
                .active
                .iter()
                .filter(|&&other| edges[other as usize].clashes(&edge))
                .count();
            if comparisons > MAX_COMPARISONS || clashes > max_clashes {
                return Verdict::Hopeless;
            }
            self.active.push(at as u32);
        }
        if clashes == 0 {
            Verdict::Valid
        } else {
            Verdict::Doubtful
        }
    }
}

impl Edge {
    /// Whether the edges meet where they should not. Neighbours in a clean ring meet in their common vertex only.
    #[inline]
    fn clashes(&self, other: &Edge) -> bool {
        let apart = |along: fn(&Point) -> i64| {
            let (a, b, c, d) = (along(&self.from), along(&self.to), along(&other.from), along(&other.to));
            a.max(b) < c.min(d) || c.max(d) < a.min(b)
        };
        if apart(|p| p.x) || apart(|p| p.y) || self.next == other.place || other.next == self.place {
            return false;
        }
        let beside = |a: Point, b: Point, c: Point, d: Point| cross(a, b, c).signum() * cross(a, b, d).signum() > 0;
        !beside(self.from, self.to, other.from, other.to) && !beside(other.from, other.to, self.from, self.to)
    }
}

/// Whether a clean ring turns only one way, and once around.
fn is_convex(ring: &[Point]) -> bool {
    let count = ring.len();
    let at = |at: usize| ring[if at >= count { at - count } else { at }];
    let turn = |i: usize| cross(at(i), at(i + 1), at(i + 2)).signum();
    let goes_back = |i: usize| (at(i), at(i + 1)) > (at(i + 1), at(i));
    let first = turn(0);
    (1..count).all(|i| turn(i) == first) && (0..count).filter(|&i| goes_back(i) != goes_back(i + 1)).count() == 2
}

/// Whether rings whose edges do not meet are where they should be. False too where that takes too long to tell.
fn fit(rings: &Rings) -> bool {
    if rings.len() == 1 {
        return true;
    }
    if rings.len() * rings.points().len() > MAX_COMPARISONS {
        return false;
    }
    let holes_fit = |polygon: Range<usize>| {
        let holes = polygon.start + 1..polygon.end;
        holes.clone().all(|hole| {
            let point = rings.ring(hole)[0];
            let mut others = holes.clone().filter(|&other| other != hole);
            encloses(rings.ring(polygon.start), point) && !others.any(|other| encloses(rings.ring(other), point))
        })
    };
    let is_apart = |polygon: Range<usize>| {
        let point = rings.ring(polygon.start)[0];
        let covers = |other: Range<usize>| other.filter(|&at| encloses(rings.ring(at), point)).count() % 2 == 1;
        !rings.polygons().any(|other| other != polygon && covers(other))
    };
    rings.polygons().all(holes_fit) && rings.polygons().all(is_apart)
}

fn encloses(ring: &[Point], point: Point) -> bool {
    let twice = Point {
        x: 2 * point.x,
        y: 2 * point.y,
    };
    side_of(ring, twice) == Side::Inside
}

#[cfg(test)]
mod tests {
    use super::super::ring::{Role, clean};
    use super::*;
    use proptest::prelude::*;

    fn rings(given: &[(Role, &[(i64, i64)])]) -> Rings {
        let mut rings = Rings::default();
        for (role, ring) in given {
            let mut ring: Vec<Point> = ring.iter().map(|&(x, y)| Point { x, y }).collect();
            clean(&mut ring);
            if !ring.is_empty() {
                rings.push(*role, ring);
            }
        }
        rings
    }

    #[test]
    fn what_is_valid_is_known_from_what_is_not() {
        use Role::{Hole, Outer};
        let check = |given: &[(Role, &[(i64, i64)])], expected| {
            assert_eq!(Inspector::default().inspect(&rings(given)), expected, "{given:?}");
        };
        let square: &[(i64, i64)] = &[(0, 0), (30, 0), (30, 30), (0, 30)];
        let small: &[(i64, i64)] = &[(10, 10), (20, 10), (20, 20), (10, 20)];
        let tiny: &[(i64, i64)] = &[(14, 14), (16, 14), (16, 16), (14, 16)];
        let beside: &[(i64, i64)] = &[(40, 0), (50, 0), (50, 9), (40, 9)];
        let touching: &[(i64, i64)] = &[(30, 10), (40, 10), (40, 20)];
        let notched: &[(i64, i64)] = &[(0, 0), (30, 0), (30, 30), (15, 5), (0, 30)];
        let bow: &[(i64, i64)] = &[(0, 0), (9, 9), (9, 0), (0, 9)];
        let star: &[(i64, i64)] = &[(0, 6), (20, 6), (4, 18), (10, 0), (16, 18)];
        let pinched: &[(i64, i64)] = &[(0, 0), (30, 0), (30, 30), (15, 0), (0, 30)];
        for ring in [square, notched] {
            check(&[(Outer, ring)], Verdict::Valid);
        }
        for ring in [bow, star, pinched] {
            check(&[(Outer, ring)], Verdict::Doubtful);
        }
        check(&[(Outer, square), (Hole, small)], Verdict::Valid);
        check(&[(Outer, square), (Hole, small), (Outer, tiny)], Verdict::Valid);
        check(&[(Outer, square), (Outer, beside)], Verdict::Valid);
        check(&[(Outer, square), (Hole, beside)], Verdict::Doubtful);
        check(&[(Outer, square), (Hole, small), (Hole, tiny)], Verdict::Doubtful);
        check(&[(Outer, square), (Outer, small)], Verdict::Doubtful);
        check(&[(Outer, small), (Outer, square)], Verdict::Doubtful);
        check(&[(Outer, square), (Outer, touching)], Verdict::Doubtful);
    }

    proptest! {
        #[test]
        fn the_sweep_finds_what_comparing_all_finds(ring in prop::collection::vec((0..40_i64, 0..40_i64), 3..9)) {
            let rings = rings(&[(Role::Outer, &ring)]);
            prop_assume!(!rings.is_empty());
            let mut inspector = Inspector::default();
            inspector.load(&rings);
            let compared = inspector.compare_all();
            prop_assert_eq!(inspector.sweep(), compared);
        }
    }
}
