//! The city's lattice of main streets, and how it lies in the plane: unevenly spaced, bent, rounded and turned.
//!
//! Lattice coordinates `(u, v)`: whole numbers are main streets, u runs along the river to the south-east, v towards
//! it. The quarter `(a, b)` lies between the lines a and a + 1, b and b + 1.

use super::frame;
use super::plane::{Pt, pt};
use super::rng::{Rng, Stream};
use onemap_model::Coord;

/// Points between two nodes of the lattice, so that main streets bend.
pub(super) const STEPS: u32 = 4;
/// How much lines keep off their even places, in parts of a quarter.
const UNEVEN: f64 = 0.17;
/// The river's direction, east of south-east: cosine and sine of -28 degrees.
const TURN: Pt = pt(0.882_947_592_858_927, -0.469_471_562_785_891);
/// How round the lattice's squares are.
const ROUND: f64 = 0.5;

/// Where lattice coordinates lie in the plane.
#[derive(Debug, Clone)]
pub(super) struct Lattice {
    /// The mean width of a quarter, metres.
    pub(super) quarter_m: f64,
    /// The distance at which squares are rounded, metres.
    pub(super) reach_m: f64,
}

impl Lattice {
    /// The point of the plane at lattice coordinates.
    pub(super) fn plane(&self, u: f64, v: f64) -> Pt {
        let size = self.quarter_m;
        let (x, y) = (line_place(0, u) * size, line_place(1, v) * size);
        let wave =
            |along: f64, length: f64, phase: f64| libm::sin(along / (length * size) * std::f64::consts::TAU + phase);
        let bent = pt(
            x + size * (0.33 * wave(y, 10.0, 0.4) + 0.10 * wave(x + y, 4.3, 1.7)),
            y + size * (0.38 * wave(x, 11.5, 2.6) + 0.09 * wave(x - 0.7 * y, 4.9, 0.3)),
        );
        let squeeze = |other: f64| 1.0 / (1.0 + ROUND * (other / self.reach_m) * (other / self.reach_m)).sqrt();
        let round = pt(bent.x * squeeze(bent.y), bent.y * squeeze(bent.x));
        pt(round.x * TURN.x - round.y * TURN.y, round.x * TURN.y + round.y * TURN.x)
    }

    /// Longitude and latitude at lattice coordinates.
    pub(super) fn degrees(&self, u: f64, v: f64) -> Coord {
        frame::to_degrees(self.plane(u, v))
    }

    /// The points of a main street's stretch from node to node, both included: [`STEPS`] + 1 of them.
    pub(super) fn stretch(&self, edge: LatticeEdge) -> Vec<Pt> {
        (0..=STEPS)
            .map(|step| {
                let share = f64::from(step) / f64::from(STEPS);
                let (a, b) = (f64::from(edge.a), f64::from(edge.b));
                match edge.axis {
                    Axis::AlongRiver => self.plane(a + share, b),
                    Axis::ToRiver => self.plane(a, b + share),
                }
            })
            .collect()
    }

    /// The outline of a quarter, counter-clockwise and open, with its four stretches in the order south, east, north, west.
    pub(super) fn outline(&self, a: i32, b: i32) -> (Vec<Pt>, [LatticeEdge; 4]) {
        let sides = sides(a, b);
        let steps = STEPS as usize;
        let south = self.stretch(sides[0]);
        let east = self.stretch(sides[1]);
        let north = self.stretch(sides[2]);
        let west = self.stretch(sides[3]);
        let mut ring = Vec::with_capacity(4 * steps);
        ring.extend_from_slice(&south[..steps]);
        ring.extend_from_slice(&east[..steps]);
        ring.extend(north.iter().rev().take(steps));
        ring.extend(west.iter().rev().take(steps));
        (ring, sides)
    }
}

/// The direction in which a line of the lattice runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Axis {
    /// u grows, v stays.
    AlongRiver,
    /// v grows, u stays.
    ToRiver,
}

/// The stretch of a main street that begins at the node `(a, b)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LatticeEdge {
    pub(super) axis: Axis,
    pub(super) a: i32,
    pub(super) b: i32,
}

impl LatticeEdge {
    /// The number of the line that it is part of.
    pub(super) fn line(self) -> i32 {
        match self.axis {
            Axis::AlongRiver => self.b,
            Axis::ToRiver => self.a,
        }
    }

    /// Its place along that line.
    pub(super) fn place(self) -> i32 {
        match self.axis {
            Axis::AlongRiver => self.a,
            Axis::ToRiver => self.b,
        }
    }

    /// The quarters on its left and right.
    pub(super) fn quarters(self) -> [(i32, i32); 2] {
        match self.axis {
            Axis::AlongRiver => [(self.a, self.b), (self.a, self.b - 1)],
            Axis::ToRiver => [(self.a - 1, self.b), (self.a, self.b)],
        }
    }
}

/// The four stretches around a quarter: south, east, north, west.
pub(super) fn sides(a: i32, b: i32) -> [LatticeEdge; 4] {
    [
        LatticeEdge {
            axis: Axis::AlongRiver,
            a,
            b,
        },
        LatticeEdge {
            axis: Axis::ToRiver,
            a: a + 1,
            b,
        },
        LatticeEdge {
            axis: Axis::AlongRiver,
            a,
            b: b + 1,
        },
        LatticeEdge {
            axis: Axis::ToRiver,
            a,
            b,
        },
    ]
}

/// Where a line lies, in mean quarters; between two lines in proportion.
fn line_place(family: i32, at: f64) -> f64 {
    let below = at.floor();
    let share = at - below;
    let line = |n: f64| n + Rng::new(Stream::Lines, family, n as i32, 0).between(-UNEVEN, UNEVEN);
    let low = line(below);
    if share == 0.0 {
        low
    } else {
        low + (line(below + 1.0) - low) * share
    }
}

#[cfg(test)]
mod tests {
    use super::super::plane::area;
    use super::*;

    #[test]
    fn neighbouring_quarters_share_their_side_bit_for_bit() {
        let lattice = Lattice {
            quarter_m: 700.0,
            reach_m: 4000.0,
        };
        let (left, _) = lattice.outline(0, 0);
        let (right, _) = lattice.outline(1, 0);
        let shared = left.iter().filter(|p| right.contains(p)).count();
        assert_eq!(shared, STEPS as usize + 1);
    }

    #[test]
    fn the_lattice_never_folds_where_a_city_can_stand() {
        for (quarter_m, radius) in [(260.0, 3), (700.0, 10), (700.0, 40)] {
            let lattice = Lattice {
                quarter_m,
                reach_m: 1.1 * f64::from(radius) * quarter_m,
            };
            let far = radius + radius / 3 + 1;
            for (a, b) in (-far..far)
                .flat_map(|a| (-far..=7).map(move |b| (a, b)))
                .filter(|(a, b)| a * a + b * b < far * far)
            {
                let size = area(&lattice.outline(a, b).0) / (quarter_m * quarter_m);
                assert!((0.15..2.0).contains(&size), "quarter {a} {b} of {radius}: {size}");
            }
        }
    }
}
