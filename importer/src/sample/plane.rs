//! Plane geometry in metres: points, rings, insets. Only `+ − × ÷ √`, so that every machine gives the same bits.

use std::ops::{Add, Mul, Sub};

/// A point of the city's plane: metres east and north of its centre. Also a vector.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Pt {
    /// Metres east.
    pub(super) x: f64,
    /// Metres north.
    pub(super) y: f64,
}

/// Makes a point.
pub(super) const fn pt(x: f64, y: f64) -> Pt {
    Pt { x, y }
}

impl Add for Pt {
    type Output = Pt;
    fn add(self, other: Pt) -> Pt {
        pt(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Pt {
    type Output = Pt;
    fn sub(self, other: Pt) -> Pt {
        pt(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f64> for Pt {
    type Output = Pt;
    fn mul(self, factor: f64) -> Pt {
        pt(self.x * factor, self.y * factor)
    }
}

impl Pt {
    pub(super) fn dot(self, other: Pt) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// Positive where `other` lies to the left.
    pub(super) fn cross(self, other: Pt) -> f64 {
        self.x * other.y - self.y * other.x
    }

    pub(super) fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The vector of length 1 in this direction; the vector itself where it has no length.
    pub(super) fn unit(self) -> Pt {
        let length = self.length();
        if length > 0.0 { self * (1.0 / length) } else { self }
    }

    /// Turned left by a right angle.
    pub(super) fn left(self) -> Pt {
        pt(-self.y, self.x)
    }

    /// Between this point (0) and `other` (1).
    pub(super) fn toward(self, other: Pt, share: f64) -> Pt {
        self + (other - self) * share
    }
}

/// The edges of an open ring (the first point does not stand again as the last).
pub(super) fn edges(ring: &[Pt]) -> impl Iterator<Item = (Pt, Pt)> + '_ {
    (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()]))
}

/// The area of an open ring, positive where it runs counter-clockwise.
pub(super) fn area(ring: &[Pt]) -> f64 {
    let Some(&first) = ring.first() else { return 0.0 };
    edges(ring).map(|(a, b)| (a - first).cross(b - first)).sum::<f64>() / 2.0
}

/// The centre of gravity of an open ring that has an area.
pub(super) fn centroid(ring: &[Pt]) -> Pt {
    let first = ring[0];
    let (sum, double_area) = edges(ring).fold((pt(0.0, 0.0), 0.0), |(sum, total), (a, b)| {
        let (a, b) = (a - first, b - first);
        let cross = a.cross(b);
        (sum + (a + b) * cross, total + cross)
    });
    first + sum * (1.0 / (3.0 * double_area))
}

/// Whether the point lies inside the open ring.
pub(super) fn contains(ring: &[Pt], p: Pt) -> bool {
    edges(ring).fold(false, |inside, (a, b)| {
        let crosses = (a.y > p.y) != (b.y > p.y) && p.x < a.x + (b.x - a.x) * (p.y - a.y) / (b.y - a.y);
        inside != crosses
    })
}

/// The least distance from the point to the ring's edges.
pub(super) fn distance_to_edges(ring: &[Pt], p: Pt) -> f64 {
    edges(ring)
        .map(|(a, b)| distance_to_edge(a, b, p))
        .fold(f64::INFINITY, f64::min)
}

/// The distance from the point to the edge.
pub(super) fn distance_to_edge(a: Pt, b: Pt, p: Pt) -> f64 {
    let along = b - a;
    let share = ((p - a).dot(along) / along.dot(along)).clamp(0.0, 1.0);
    (p - a.toward(b, share)).length()
}

/// The box around a ring along its own best axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct OrientedBox {
    /// Unit vector along the longer side.
    pub(super) along: Pt,
    /// The longer side, metres.
    pub(super) length: f64,
    /// The shorter side, metres.
    pub(super) width: f64,
}

/// The smallest box around the ring that lies along one of its edges.
pub(super) fn oriented_box(ring: &[Pt]) -> OrientedBox {
    let mut best = OrientedBox {
        along: pt(1.0, 0.0),
        length: f64::INFINITY,
        width: f64::INFINITY,
    };
    for (a, b) in edges(ring) {
        let along = (b - a).unit();
        let (low, high) = extent(ring, along);
        let (left, right) = extent(ring, along.left());
        let (length, width) = (high - low, right - left);
        if length * width < best.length * best.width {
            best = match length >= width {
                true => OrientedBox { along, length, width },
                false => OrientedBox {
                    along: along.left(),
                    length: width,
                    width: length,
                },
            };
        }
    }
    best
}

/// The least and greatest position of the ring along a unit vector.
pub(super) fn extent(ring: &[Pt], along: Pt) -> (f64, f64) {
    ring.iter()
        .map(|p| p.dot(along))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
            (low.min(at), high.max(at))
        })
}

/// The area of the part of the ring whose position along the unit vector is below `at`.
pub(super) fn area_below(ring: &[Pt], along: Pt, at: f64) -> f64 {
    // The clipped ring's edges on the cut itself add nothing when measured from a point of the cut line.
    let origin = along * at;
    edges(ring)
        .filter_map(|(a, b)| {
            let (da, db) = (a.dot(along) - at, b.dot(along) - at);
            let cut = || a.toward(b, da / (da - db));
            Some(match (da < 0.0, db < 0.0) {
                (true, true) => (a, b),
                (true, false) => (a, cut()),
                (false, true) => (cut(), b),
                (false, false) => return None,
            })
        })
        .map(|(a, b)| (a - origin).cross(b - origin))
        .sum::<f64>()
        / 2.0
}

/// Moves every edge of a counter-clockwise ring inward by its own distance; `distances[i]` belongs to the edge from
/// point i to the next. None where the ring is too small or too sharp for that.
pub(super) fn inset(ring: &[Pt], distances: &[f64]) -> Option<Vec<Pt>> {
    let n = ring.len();
    let mut moved = Vec::with_capacity(n);
    for i in 0..n {
        let (before, here, after) = (ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]);
        let (d1, d2) = ((here - before).unit(), (after - here).unit());
        let (w1, w2) = (distances[(i + n - 1) % n], distances[i]);
        let turn = d1.cross(d2);
        moved.push(if turn.abs() < 0.05 {
            here + (d1 + d2).unit().left() * w1.max(w2)
        } else {
            // Where the two moved lines meet.
            here + (d2 * w1 - d1 * w2) * (1.0 / turn)
        });
    }
    let keeps_direction = (0..n).all(|i| {
        let j = (i + 1) % n;
        (moved[j] - moved[i]).dot(ring[j] - ring[i]) > 0.0
    });
    (keeps_direction && area(&moved) > 0.0).then_some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rectangle(w: f64, h: f64) -> Vec<Pt> {
        vec![pt(0.0, 0.0), pt(w, 0.0), pt(w, h), pt(0.0, h)]
    }

    #[test]
    fn an_inset_moves_each_edge_by_its_own_distance() {
        let inner = inset(&rectangle(10.0, 6.0), &[1.0, 2.0, 1.0, 3.0]).unwrap();
        assert_eq!(inner, vec![pt(3.0, 1.0), pt(8.0, 1.0), pt(8.0, 5.0), pt(3.0, 5.0)]);
        assert_eq!(inset(&rectangle(10.0, 6.0), &[3.5; 4]), None);
    }

    #[test]
    fn the_area_below_a_line_grows_with_it() {
        let ring = rectangle(10.0, 6.0);
        for (at, expected) in [(-1.0, 0.0), (2.0, 12.0), (10.0, 60.0), (12.0, 60.0)] {
            assert!((area_below(&ring, pt(1.0, 0.0), at) - expected).abs() < 1e-9, "{at}");
        }
    }

    #[test]
    fn the_oriented_box_lies_along_the_longer_side() {
        let found = oriented_box(&rectangle(3.0, 8.0));
        assert_eq!((found.length, found.width), (8.0, 3.0));
        assert_eq!(found.along.x.abs(), 0.0);
    }
}
