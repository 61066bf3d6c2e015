//! The six county-level units and their borders, which run along main streets and, in the north-east, in the river.

use super::frame;
use super::lattice::STEPS;
use super::plan::Plan;
use super::plane::{Pt, pt};
use super::water;
use onemap_model::{Coord, Path};

/// Points on each stretch of the outer border.
const OUTER_POINTS: u32 = 40;

/// A county-level unit of Huangshi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum District {
    Huangshigang,
    Xisaishan,
    Xialu,
    Tieshan,
    Yangxin,
    Daye,
}

impl District {
    /// All six, by code.
    pub(super) const ALL: [District; 6] = [
        Self::Huangshigang,
        Self::Xisaishan,
        Self::Xialu,
        Self::Tieshan,
        Self::Yangxin,
        Self::Daye,
    ];

    /// Code (GB/T 2260).
    pub(super) fn code(self) -> &'static str {
        self.about().0
    }

    /// Name.
    pub(super) fn name(self) -> &'static str {
        self.about().1
    }

    /// Name in English.
    pub(super) fn name_en(self) -> &'static str {
        self.about().2
    }

    fn about(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Huangshigang => ("420202", "黄石港区", "Huangshigang District"),
            Self::Xisaishan => ("420203", "西塞山区", "Xisaishan District"),
            Self::Xialu => ("420204", "下陆区", "Xialu District"),
            Self::Tieshan => ("420205", "铁山区", "Tieshan District"),
            Self::Yangxin => ("420222", "阳新县", "Yangxin County"),
            Self::Daye => ("420281", "大冶市", "Daye City"),
        }
    }
}

/// Where the borders run, in lattice coordinates.
#[derive(Debug, Clone)]
pub(super) struct Borders {
    /// Tieshan | Xialu, Xialu | Huangshigang, Daye | Yangxin, Huangshigang | Xisaishan: lines to the river.
    to_river: [i32; 4],
    /// The southern borders of the city districts: in the west, in the middle, in the east.
    along_river: [i32; 3],
    /// The border in the river.
    top: f64,
    /// Half axes of the outer border.
    reach: Pt,
}

impl Borders {
    /// The borders of a planned city, around all its quarters.
    pub(super) fn new(plan: &Plan) -> Self {
        let part = |share: f64| (share * plan.radius).round() as i32;
        let (west, east) = (-part(0.3).max(1), part(0.25).max(1));
        let south = -part(0.32).max(1);
        let jog = part(0.12);
        let top = water::river_middle(plan);
        Self {
            to_river: [west - part(0.4).max(1), west, east - part(0.13).max(1), east],
            along_river: [south - jog, south, (south + jog).min(plan.bank - 1)],
            top,
            reach: reach(plan, top),
        }
    }

    /// From the middle to the eastern and western ends of the map, in quarters.
    pub(super) fn half_width(&self) -> f64 {
        self.reach.x
    }

    /// The district of the quarter `(a, b)`.
    pub(super) fn district(&self, a: i32, b: i32) -> District {
        let [iron, west, middle, east] = self.to_river;
        let south = self.along_river[usize::from(a >= west) + usize::from(a >= east)];
        match b >= south {
            true if a < iron => District::Tieshan,
            true if a < west => District::Xialu,
            true if a < east => District::Huangshigang,
            true => District::Xisaishan,
            false if a < middle => District::Daye,
            false => District::Yangxin,
        }
    }

    /// The closed ring of a district, counter-clockwise. Neighbours have the same points on their border.
    pub(super) fn ring(&self, plan: &Plan, district: District) -> Path {
        let [iron, west, middle, east] = self.to_river.map(f64::from);
        let [south_west, south, south_east] = self.along_river.map(f64::from);
        let top = self.top;
        let (out_west, out_east) = (
            Corner::Outer(self.angle_at_height(south_west, -1.0)),
            Corner::Outer(self.angle_at_height(south_east, 1.0)),
        );
        let out_south = Corner::Outer(self.angle_at_column(middle));
        let (end_west, end_east) = (Corner::Outer(std::f64::consts::PI), Corner::Outer(0.0));
        let at = |u: f64, v: f64| Corner::Inner(pt(u, v));
        let corners = match district {
            District::Tieshan => vec![end_west, out_west, at(iron, south_west), at(iron, top)],
            District::Xialu => vec![
                at(iron, south_west),
                at(west, south_west),
                at(west, south),
                at(west, top),
                at(iron, top),
            ],
            District::Huangshigang => {
                vec![
                    at(west, south),
                    at(middle, south),
                    at(east, south),
                    at(east, south_east),
                    at(east, top),
                    at(west, top),
                ]
            }
            District::Xisaishan => vec![at(east, south_east), out_east, end_east, at(east, top)],
            District::Daye => {
                vec![
                    out_west,
                    out_south,
                    at(middle, south),
                    at(west, south),
                    at(west, south_west),
                    at(iron, south_west),
                ]
            }
            District::Yangxin => vec![
                out_south,
                out_east,
                at(east, south_east),
                at(east, south),
                at(middle, south),
            ],
        };
        let mut ring: Vec<Coord> = Vec::new();
        for (i, &from) in corners.iter().enumerate() {
            for p in self.leg(from, corners[(i + 1) % corners.len()]) {
                let at = frame::clamped(plan.lattice.degrees(p.x, p.y));
                if ring.last() != Some(&at) {
                    ring.push(at);
                }
            }
        }
        if ring.first() != ring.last() {
            ring.push(ring[0]);
        }
        Path::new(ring).expect("the city's coordinates are finite")
    }

    /// The points from a corner up to, but without, the next.
    fn leg(&self, from: Corner, to: Corner) -> Vec<Pt> {
        match (from, to) {
            (Corner::Outer(a), Corner::Outer(b)) => {
                // Counted from the lesser angle, so that it makes no difference which way it is walked.
                let (low, high) = (a.min(b), a.max(b));
                let at = |i: u32| self.outer(low + (high - low) * f64::from(i) / f64::from(OUTER_POINTS));
                if a <= b {
                    (0..OUTER_POINTS).map(at).collect()
                } else {
                    (1..=OUTER_POINTS).rev().map(at).collect()
                }
            }
            (from, to) => {
                let line = between(self.straight(from, to), self.straight(to, from));
                std::iter::once(self.place(from)).chain(line).collect()
            }
        }
    }

    fn place(&self, corner: Corner) -> Pt {
        match corner {
            Corner::Inner(p) => p,
            Corner::Outer(angle) => self.outer(angle),
        }
    }

    /// Where the straight part of a leg begins: an outer corner lies a little off the line that leads to it.
    fn straight(&self, corner: Corner, other: Corner) -> Pt {
        match (corner, other) {
            (Corner::Outer(angle), Corner::Inner(inner)) => {
                let bare = self.bare(angle);
                if (bare.x - inner.x).abs() < (bare.y - inner.y).abs() {
                    pt(inner.x, bare.y)
                } else {
                    pt(bare.x, inner.y)
                }
            }
            (corner, _) => self.place(corner),
        }
    }

    fn bare(&self, angle: f64) -> Pt {
        let (sin, cos) = libm::sincos(angle);
        let root = cos.abs().sqrt();
        let u = if cos < 0.0 { -root } else { root };
        pt(self.reach.x * u, self.top - self.reach.y * sin.max(0.0).sqrt())
    }

    /// A point of the outer border: a rounded rectangle, ragged outward.
    fn outer(&self, angle: f64) -> Pt {
        let bare = self.bare(angle);
        let ragged = |k: f64, phase: f64| libm::sin(k * angle + phase);
        let wave = 1.05 + 0.03 * ragged(9.0, 0.3) + 0.014 * ragged(23.0, 1.1) + 0.006 * ragged(61.0, 2.0);
        pt(bare.x * wave, self.top + (bare.y - self.top) * wave)
    }

    fn angle_at_column(&self, u: f64) -> f64 {
        let share = u / self.reach.x;
        libm::acos((share * share.abs()).clamp(-1.0, 1.0))
    }

    fn angle_at_height(&self, v: f64, side: f64) -> f64 {
        let share = (self.top - v) / self.reach.y;
        let angle = libm::asin((share * share).clamp(0.0, 1.0));
        if side < 0.0 {
            std::f64::consts::PI - angle
        } else {
            angle
        }
    }
}

/// Where a district's border turns.
#[derive(Debug, Clone, Copy)]
enum Corner {
    /// A point of the lattice.
    Inner(Pt),
    /// A point of the outer border, by its angle: 0 in the east, π in the west.
    Outer(f64),
}

/// The lattice's points strictly between two points on one of its lines, the same in both directions.
fn between(from: Pt, to: Pt) -> Vec<Pt> {
    let steps = f64::from(STEPS);
    let horizontal = (to.x - from.x).abs() >= (to.y - from.y).abs();
    let (a, b) = if horizontal { (from.x, to.x) } else { (from.y, to.y) };
    let (low, high) = (a.min(b), a.max(b));
    let first = (low * steps).floor() as i64 + 1;
    let last = (high * steps).ceil() as i64 - 1;
    let place = |i: i64| {
        if horizontal {
            pt(i as f64 / steps, from.y)
        } else {
            pt(from.x, i as f64 / steps)
        }
    };
    if a <= b {
        (first..=last).map(place).collect()
    } else {
        (first..=last).rev().map(place).collect()
    }
}

/// Half axes of a rounded rectangle below `top` that holds all quarters.
fn reach(plan: &Plan, top: f64) -> Pt {
    let corners = || {
        plan.quarters
            .iter()
            .flat_map(|q| [(q.a, q.b), (q.a + 1, q.b), (q.a, q.b + 1), (q.a + 1, q.b + 1)])
            .map(|(u, v)| pt(f64::from(u).abs(), top - f64::from(v)))
    };
    let widest = corners().fold(pt(1.0, 1.0), |most, p| pt(most.x.max(p.x), most.y.max(p.y)));
    let fourth = |n: f64| n * n * n * n;
    let most = corners()
        .map(|p| fourth(p.x / widest.x) + fourth(p.y / widest.y))
        .fold(1.0, f64::max);
    widest * (most.sqrt().sqrt() * 1.02)
}
