//! The lake in the city: a group of quarters that are water, and its smooth shore.

use super::lattice::Lattice;
use super::plane::{Pt, inset, pt};
use std::collections::BTreeMap;

/// From the main street around the lake to its shore, in quarters.
const SHORE: f64 = 0.13;

/// The quarters that are a lake: in each row of quarters one run, so that the outline is a single ring.
#[derive(Debug, Clone)]
pub(super) struct LakeSite {
    /// For each row b, the first quarter and the one after the last.
    rows: BTreeMap<i32, (i32, i32)>,
}

impl LakeSite {
    /// The lake of a city of this radius (in quarters), west of its centre and off the river.
    pub(super) fn new(radius: f64, bank: i32) -> Self {
        let middle = pt(-(0.42 * radius).round().max(1.0) + 0.5, 0.5);
        let size = (0.18 * radius).clamp(0.3, 2.3);
        let mut rows = BTreeMap::from([(0, (middle.x.floor() as i32, middle.x.floor() as i32 + 1))]);
        for b in -4..bank - 1 {
            let up = (f64::from(b) + 0.5 - middle.y) / size;
            if up.abs() < 1.0 {
                let half = 1.5 * size * (1.0 - up * up).sqrt();
                let (from, to) = ((middle.x - half).round() as i32, (middle.x + half).round() as i32);
                if from < to {
                    rows.insert(b, (from, to.min(0)));
                }
            }
        }
        Self { rows }
    }

    /// Whether the quarter is part of the lake.
    pub(super) fn contains(&self, a: i32, b: i32) -> bool {
        self.rows.get(&b).is_some_and(|&(from, to)| (from..to).contains(&a))
    }

    /// The shore in the plane, counter-clockwise and open, and the island's where the lake has one.
    pub(super) fn shore(&self, lattice: &Lattice) -> (Vec<Pt>, Option<Vec<Pt>>) {
        let outline = self.outline();
        let water = inset(&outline, &vec![SHORE; outline.len()]).expect("half a quarter is wider than the shore");
        let in_plane = |ring: Vec<Pt>| ring.into_iter().map(|p| lattice.plane(p.x, p.y)).collect::<Vec<_>>();
        let widest = self.rows.iter().max_by_key(|&(_, &(from, to))| to - from);
        let island = widest.filter(|&(_, &(from, to))| to - from >= 2).map(|(&b, &(_, to))| {
            let (u, v) = (f64::from(to) - 0.75, f64::from(b) + 0.45);
            let square = vec![
                pt(u - 0.16, v - 0.1),
                pt(u + 0.16, v - 0.06),
                pt(u + 0.12, v + 0.11),
                pt(u - 0.1, v + 0.1),
            ];
            in_plane(smooth(square, 3))
        });
        (in_plane(smooth(water, 3)), island)
    }

    /// The outline in lattice coordinates, a point at every node.
    fn outline(&self) -> Vec<Pt> {
        let mut ring: Vec<Pt> = Vec::new();
        let mut add = |u: i32, v: i32| {
            let p = pt(f64::from(u), f64::from(v));
            if ring.last() != Some(&p) {
                ring.push(p);
            }
        };
        let (&bottom, &(from, to)) = self.rows.first_key_value().expect("a lake has a quarter");
        (from..to).for_each(|u| add(u, bottom));
        let mut east = to;
        for (&b, &(_, to)) in &self.rows {
            run(east, to).for_each(|u| add(u, b));
            add(to, b);
            east = to;
        }
        let (&top, &(mut west, _)) = self.rows.last_key_value().expect("a lake has a quarter");
        run(east, west).for_each(|u| add(u, top + 1));
        for (&b, &(from, _)) in self.rows.iter().rev() {
            run(west, from).for_each(|u| add(u, b + 1));
            add(from, b + 1);
            west = from;
        }
        ring
    }
}

/// The numbers from `a` towards `b`, without `b`.
fn run(a: i32, b: i32) -> Box<dyn Iterator<Item = i32>> {
    if a <= b {
        Box::new(a..b)
    } else {
        Box::new((b + 1..=a).rev())
    }
}

/// Rounds the corners of a ring (Chaikin's corner cutting).
pub(super) fn smooth(mut ring: Vec<Pt>, times: u32) -> Vec<Pt> {
    for _ in 0..times {
        ring = super::plane::edges(&ring)
            .flat_map(|(a, b)| [a.toward(b, 0.25), a.toward(b, 0.75)])
            .collect();
    }
    ring
}

#[cfg(test)]
mod tests {
    use super::super::plane::area;
    use super::*;

    #[test]
    fn the_outline_holds_all_quarters_of_the_lake() {
        for radius in [3.0, 5.0, 8.0, 14.0, 40.0] {
            let site = LakeSite::new(radius, 6);
            let quarters: i32 = site.rows.values().map(|(from, to)| to - from).sum();
            assert_eq!(area(&site.outline()), f64::from(quarters), "radius {radius}");
        }
    }
}
