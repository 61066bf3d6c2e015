//! From which zoom on the rings of a feature stay what they are when their vertices are rounded to tile units.
//!
//! Rounding moves a vertex by half a unit at most along each axis, and no place of an edge further than its ends. Edges
//! that are more than √2 units apart therefore never meet, in whatever tile: rings that are simple and rightly nested
//! stay so, none collapses, none turns round. How far the edges of a feature are apart is found once, when it is packed;
//! at the zooms where that is enough, nothing is inspected when a tile is rendered.

use crate::world::World;

/// The zoom of rings that may break at every zoom, or of which nothing is known.
pub(crate) const NEVER: u8 = u8::MAX;

/// Comparisons for each edge, on average, at the most.
const MOST_EACH: usize = 64;
/// Features that are larger are not looked at: up to here a cross product is exact in a float.
const LARGEST: f64 = (1 << 26) as f64;
/// Stored units to a tile unit at zoom 0, as a power of two.
const UNIT_BITS: u32 = 20;

type Place = [f64; 2];

/// Looks at the rings of one feature after the other.
#[derive(Debug, Default)]
pub(crate) struct Clearance {
    edges: Vec<Edge>,
    rings: Vec<Ring>,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    from: Place,
    to: Place,
    low: Place,
    high: Place,
    /// The place of this edge, and of the next in its ring, among the edges of the feature.
    place: u32,
    next: u32,
}

#[derive(Debug)]
struct Ring {
    /// Its edges.
    start: usize,
    end: usize,
    is_outer: bool,
}

impl Clearance {
    /// The lowest zoom from which on the rings of a feature stay valid when they are rounded; [`NEVER`] where they are
    /// not valid to begin with, or where that takes too long to tell. A ring comes with whether it is an outer one.
    pub fn zoom<'a>(&mut self, rings: impl Iterator<Item = (&'a [World], bool)>) -> u8 {
        self.edges.clear();
        self.rings.clear();
        for (ring, is_outer) in rings {
            self.load(ring, is_outer);
            if self.rings.last().is_none_or(|ring| ring.end - ring.start < 3) {
                return NEVER;
            }
        }
        if self.rings.is_empty() || !self.is_small() || !self.is_nested() {
            return NEVER;
        }
        let apart = self.least_squared();
        // Twice the square of half a unit along both axes, from both sides; and what floats leave out.
        let is_enough = |zoom: u32| 2.000_001 * (1_u64 << (2 * (UNIT_BITS - zoom))) as f64 <= apart;
        (0..=UNIT_BITS)
            .find(|&zoom| is_enough(zoom))
            .map_or(NEVER, |zoom| zoom as u8)
    }

    fn load(&mut self, ring: &[World], is_outer: bool) {
        let start = self.edges.len();
        let place = |at: &World| [f64::from(at.x), f64::from(at.y)];
        let mut from = ring.last().map_or([0.0; 2], place);
        for to in ring.iter().map(place) {
            if from != to {
                let place = self.edges.len() as u32;
                self.edges.push(Edge {
                    from,
                    to,
                    low: [from[0].min(to[0]), from[1].min(to[1])],
                    high: [from[0].max(to[0]), from[1].max(to[1])],
                    place,
                    next: place + 1,
                });
            }
            from = to;
        }
        let end = self.edges.len();
        if let Some(last) = self.edges[start..].last_mut() {
            last.next = start as u32;
        }
        self.rings.push(Ring { start, end, is_outer });
    }

    fn is_small(&self) -> bool {
        (0..2).all(|axis| {
            let low = self
                .edges
                .iter()
                .map(|edge| edge.low[axis])
                .fold(f64::INFINITY, f64::min);
            let high = self
                .edges
                .iter()
                .map(|edge| edge.high[axis])
                .fold(f64::NEG_INFINITY, f64::max);
            high - low < LARGEST
        })
    }

    /// Whether, if no edges meet, outer rings lie in no other ring, and each hole in that one alone which it comes after.
    fn is_nested(&self) -> bool {
        if self.rings.len() == 1 {
            return self.rings[0].is_outer;
        }
        if self.rings.len() > MOST_EACH {
            return false;
        }
        let mut outer = None;
        self.rings.iter().enumerate().all(|(at, ring)| {
            if ring.is_outer {
                outer = Some(at);
            }
            let place = self.edges[ring.start].from;
            let around = |other: &usize| *other != at && self.holds(&self.rings[*other], place);
            let mut around = (0..self.rings.len()).filter(around);
            let expected = outer.filter(|_| !ring.is_outer);
            (ring.is_outer || outer.is_some()) && around.next() == expected && around.next().is_none()
        })
    }

    /// Whether the place is inside the ring, by the even-odd rule; it lies on no edge.
    fn holds(&self, ring: &Ring, place: Place) -> bool {
        let crosses = |edge: &&Edge| {
            let is_beside = (edge.from[1] > place[1]) != (edge.to[1] > place[1]);
            is_beside && (turn(edge.from, edge.to, place) > 0.0) == (edge.to[1] > edge.from[1])
        };
        self.edges[ring.start..ring.end].iter().filter(crosses).count() % 2 == 1
    }

    /// The square of the least distance between two edges that are not neighbours, and in a triangle of its heights; 0
    /// where they meet, or are too many to compare.
    fn least_squared(&mut self) -> f64 {
        let mut least = f64::INFINITY;
        for ring in self.rings.iter().filter(|ring| ring.end - ring.start == 3) {
            for at in 0..3 {
                let [edge, next] = [at, (at + 1) % 3].map(|at| &self.edges[ring.start + at]);
                least = least.min(edge.squared_to(next.to));
            }
        }
        self.edges.sort_unstable_by(|a, b| a.low[0].total_cmp(&b.low[0]));
        let mut left = MOST_EACH * self.edges.len();
        for (at, a) in self.edges.iter().enumerate() {
            for b in &self.edges[at + 1..] {
                let beside = b.low[0] - a.high[0];
                if beside > 0.0 && beside * beside >= least {
                    break;
                }
                if left == 0 {
                    return 0.0;
                }
                left -= 1;
                let above = (b.low[1] - a.high[1]).max(a.low[1] - b.high[1]);
                if (above > 0.0 && above * above >= least) || a.next == b.place || b.next == a.place {
                    continue;
                }
                least = least.min(a.squared_from(b));
                if least <= 0.0 {
                    return 0.0;
                }
            }
        }
        least
    }
}

impl Edge {
    /// The square of the distance to another edge; 0 where they meet.
    fn squared_from(&self, other: &Edge) -> f64 {
        let parts = |a: &Edge, b: &Edge| turn(a.from, a.to, b.from) * turn(a.from, a.to, b.to) <= 0.0;
        let apart = |axis: usize| self.high[axis] < other.low[axis] || other.high[axis] < self.low[axis];
        if !apart(0) && !apart(1) && parts(self, other) && parts(other, self) {
            return 0.0;
        }
        let own = self.squared_to(other.from).min(self.squared_to(other.to));
        own.min(other.squared_to(self.from)).min(other.squared_to(self.to))
    }

    /// The square of the distance to a place.
    fn squared_to(&self, place: Place) -> f64 {
        let along = [self.to[0] - self.from[0], self.to[1] - self.from[1]];
        let there = [place[0] - self.from[0], place[1] - self.from[1]];
        let length = along[0] * along[0] + along[1] * along[1];
        let share = ((along[0] * there[0] + along[1] * there[1]) / length).clamp(0.0, 1.0);
        let away = [there[0] - share * along[0], there[1] - share * along[1]];
        away[0] * away[0] + away[1] * away[1]
    }
}

/// Twice the area of the triangle, by which side of the line from `a` to `b` the third place is on.
fn turn(a: Place, b: Place, c: Place) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rings: &[(&[(i32, i32)], bool)], expected: u8) {
        let worlds: Vec<(Vec<World>, bool)> = rings
            .iter()
            .map(|(ring, is_outer)| (ring.iter().map(|&(x, y)| World { x, y }).collect(), *is_outer))
            .collect();
        let zoom = Clearance::default().zoom(worlds.iter().map(|(ring, is_outer)| (&ring[..], *is_outer)));
        assert_eq!(zoom, expected, "{rings:?}");
    }

    #[test]
    fn the_zoom_is_where_edges_are_more_than_the_root_of_two_units_apart() {
        let square = |side: i32| [(0, 0), (side, 0), (side, side), (0, side)];
        check(&[(&square(91), true)], 14);
        check(&[(&square(90), true)], 15);
        check(&[(&square(2), true)], 20);
        check(&[(&square(1), true)], NEVER);
        check(
            &[(&[(0, 0), (0, 0), (91, 0), (91, 91), (91, 91), (0, 91), (0, 0)], true)],
            14,
        );
        check(&[(&[(0, 0), (10_000, 0), (5_000, 91)], true)], 14);
        check(
            &[(&[(0, 0), (10_000, 0), (10_000, 900), (5_000, 91), (0, 900)], true)],
            14,
        );
    }

    #[test]
    fn rings_that_meet_or_lie_wrongly_are_never_trusted() {
        let square = |at: i32, side: i32| {
            let end = at + side;
            [(at, at), (end, at), (end, end), (at, end)]
        };
        let (large, hole, island) = (square(0, 1000), square(200, 600), square(400, 200));
        check(&[(&large, true), (&hole, false)], 13);
        check(&[(&large, true), (&square(1200, 600), true)], 13);
        check(&[(&large, true), (&hole, true)], NEVER);
        check(&[(&large, true), (&hole, false), (&island, true)], NEVER);
        check(&[(&large, true), (&hole, false), (&island, false)], NEVER);
        check(&[(&large, true), (&square(1200, 600), false)], NEVER);
        check(&[(&large, false)], NEVER);
        check(&[(&large, true), (&square(1000, 600), true)], NEVER);
        check(&[(&[(0, 0), (900, 900), (900, 0), (0, 900)], true)], NEVER);
        check(&[(&[(0, 0), (900, 0), (900, 900), (450, 0), (0, 900)], true)], NEVER);
        check(&[(&[(0, 0), (900, 0)], true)], NEVER);
        check(&[], NEVER);
        check(
            &[(&[(0, 0), (1 << 27, 0), (1 << 27, 1 << 27), (0, 1 << 27)], true)],
            NEVER,
        );
    }
}
