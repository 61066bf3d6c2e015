//! Areas out of ways: the pieces of a border, in any order and direction, become rings, and rings polygons.
//!
//! What is inside is told by the lines alone, not by the roles that mappers give them: a ring in no other, or in an even
//! number of others, is a shell; the rest are holes. A piece that comes twice is no border: what lies on its two sides is
//! one area. Where rings touch, each goes on to the next edge clockwise, so that they do not cross.

use super::block::Place;
use crate::quality::inside::{Inside, Side};
use onemap_model::{Coord, Path, Polygon};
use std::collections::HashMap;

/// So many rings are put in order at most; each is compared with all that are larger.
const MOST_RINGS: usize = 20_000;

/// Why ways make no area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// They end in this place, and nothing goes on.
    Open(Place),
    /// Nothing is left of them.
    Empty,
    /// They have more rings than are put in order.
    TooMany,
}

/// The polygons that the ways are the border of, the largest first; shells run counter-clockwise, holes clockwise.
///
/// # Errors
/// Where they do not close, or make nothing.
pub fn polygons(ways: &[Vec<Place>]) -> Result<Vec<Polygon>, Fault> {
    let edges = borders(ways);
    let rings = Walk::new(&edges)?.rings();
    if rings.is_empty() {
        return Err(Fault::Empty);
    }
    if rings.len() > MOST_RINGS {
        return Err(Fault::TooMany);
    }
    Ok(nest(rings))
}

type Edge = [Place; 2];

/// Every edge that comes an odd number of times, once.
fn borders(ways: &[Vec<Place>]) -> Vec<Edge> {
    let pairs = ways.iter().flat_map(|way| way.windows(2));
    let mut edges: Vec<Edge> = pairs
        .filter(|pair| pair[0] != pair[1])
        .map(|pair| [pair[0].min(pair[1]), pair[0].max(pair[1])])
        .collect();
    edges.sort_unstable();
    let odd = edges.chunk_by(|a, b| a == b).filter(|same| same.len() % 2 == 1);
    odd.map(|same| same[0]).collect()
}

/// A walk along all edges, each once.
struct Walk<'e> {
    edges: &'e [Edge],
    /// The ends of all edges, by their places: where, and which edge.
    ends: Vec<(Place, u32)>,
    used: Vec<bool>,
}

impl<'e> Walk<'e> {
    /// # Errors
    /// Where a line ends.
    fn new(edges: &'e [Edge]) -> Result<Self, Fault> {
        let both = |(at, edge): (usize, &Edge)| edge.map(|end| (end, at as u32));
        let mut ends: Vec<_> = edges.iter().enumerate().flat_map(both).collect();
        ends.sort_unstable();
        let mut groups = ends.chunk_by(|a, b| a.0 == b.0);
        match groups.find(|group| group.len() % 2 == 1) {
            Some(odd) => Err(Fault::Open(odd[0].0)),
            None => Ok(Self {
                edges,
                ends,
                used: vec![false; edges.len()],
            }),
        }
    }

    fn rings(mut self) -> Vec<Vec<Place>> {
        let mut rings = Vec::new();
        for first in 0..self.edges.len() {
            if !self.used[first] {
                self.rings_from(first, &mut rings);
            }
        }
        rings
    }

    /// Walks from an edge until nothing goes on: an even number of edges meets in every place, so that is where it began.
    /// Wherever the way comes back to itself a ring is complete.
    fn rings_from(&mut self, first: usize, rings: &mut Vec<Vec<Place>>) {
        let [start, mut at] = self.edges[first];
        self.used[first] = true;
        let (mut path, mut seen) = (vec![start], HashMap::from([(start, 0)]));
        loop {
            if let Some(&begin) = seen.get(&at) {
                let ring = path.split_off(begin);
                for place in &ring {
                    seen.remove(place);
                }
                rings.push(ring);
                if path.is_empty() {
                    return;
                }
            }
            seen.insert(at, path.len());
            path.push(at);
            let before = path.len().checked_sub(2).map_or(start, |at| path[at]);
            let Some(next) = self.next(at, before) else { return };
            self.used[next] = true;
            let [one, other] = self.edges[next];
            at = if one == at { other } else { one };
        }
    }

    /// The edge that goes on from `at`, the first clockwise from where one came.
    fn next(&self, at: Place, before: Place) -> Option<usize> {
        let start = self.ends.partition_point(|(place, _)| *place < at);
        let here = self.ends[start..].iter().take_while(|(place, _)| *place == at);
        let open = here.map(|(_, edge)| *edge as usize).filter(|edge| !self.used[*edge]);
        let turn = |edge: &usize| {
            let [one, other] = self.edges[*edge];
            let to = if one == at { other } else { one };
            let angle = angle(at, before) - angle(at, to);
            if angle > 0.0 {
                angle
            } else {
                angle + std::f64::consts::TAU
            }
        };
        open.min_by(|a, b| turn(a).total_cmp(&turn(b)))
    }
}

fn angle(from: Place, to: Place) -> f64 {
    let [dx, dy] = [0, 1].map(|axis| f64::from(to[axis]) - f64::from(from[axis]));
    dy.atan2(dx)
}

/// A ring among others.
struct Ring {
    /// Its places as they are counted, which is exact; counter-clockwise.
    coords: Vec<Coord>,
    twice_area: i128,
    bounds: [i32; 4],
    /// The smallest ring around it.
    around: Option<usize>,
    depth: usize,
}

impl Ring {
    fn new(mut places: Vec<Place>) -> Self {
        let next = places.iter().cycle().skip(1);
        let cross = |(a, b): (&Place, &Place)| {
            let [ax, ay, bx, by] = [a[0], a[1], b[0], b[1]].map(i128::from);
            ax * by - bx * ay
        };
        let twice_area: i128 = places.iter().zip(next).map(cross).sum();
        if twice_area < 0 {
            places.reverse();
        }
        // The same ring is told the same way, wherever the walk met it.
        let lowest = places.iter().enumerate().min_by_key(|(_, place)| **place);
        let lowest = lowest.map_or(0, |(at, _)| at);
        places.rotate_left(lowest);
        let side = |axis: usize| {
            let all = places.iter().map(move |place| place[axis]);
            (all.clone().min().unwrap_or(0), all.max().unwrap_or(0))
        };
        let ((west, east), (south, north)) = (side(0), side(1));
        let coord = |place: &Place| Coord {
            x: f64::from(place[0]),
            y: f64::from(place[1]),
        };
        Self {
            coords: places.iter().map(coord).collect(),
            twice_area: twice_area.abs(),
            bounds: [west, south, east, north],
            around: None,
            depth: 0,
        }
    }

    fn may_hold(&self, other: &Ring) -> bool {
        let ([west, south, east, north], inner) = (self.bounds, other.bounds);
        west <= inner[0] && south <= inner[1] && inner[2] <= east && inner[3] <= north
    }

    fn path(&self, is_shell: bool) -> Path {
        let degrees = |at: &Coord| Coord {
            x: at.x / 1e7,
            y: at.y / 1e7,
        };
        let mut coords: Vec<Coord> = self.coords.iter().map(degrees).collect();
        coords.push(coords[0]);
        if !is_shell {
            coords.reverse();
        }
        Path::new(coords).expect("places are finite")
    }
}

/// Whether what lies in `inner` lies in `outer`, which it does not cross.
fn holds(outer: &Inside<'_>, inner: &Ring) -> bool {
    let ring = &inner.coords;
    let middles = ring.iter().zip(ring.iter().cycle().skip(1)).map(|(a, b)| Coord {
        x: (a.x + b.x) / 2.0,
        y: (a.y + b.y) / 2.0,
    });
    let sides = ring.iter().copied().chain(middles).map(|p| outer.side(p));
    sides.into_iter().find(|side| *side != Side::On) == Some(Side::Inside)
}

fn nest(rings: Vec<Vec<Place>>) -> Vec<Polygon> {
    let mut rings: Vec<Ring> = rings.into_iter().map(Ring::new).collect();
    rings.sort_by_key(|ring| (std::cmp::Reverse(ring.twice_area), ring.bounds));
    for at in 1..rings.len() {
        let (larger, rest) = rings.split_at_mut(at);
        let ring = &mut rest[0];
        // From the smallest on: the first that holds it is the one around it.
        let around = (0..at)
            .rev()
            .find(|&other| larger[other].may_hold(ring) && holds(&Inside::new(&larger[other].coords), ring));
        ring.depth = around.map_or(0, |around| larger[around].depth + 1);
        ring.around = around;
    }
    let shells = (0..rings.len()).filter(|at| rings[*at].depth.is_multiple_of(2));
    let mut polygons: Vec<(usize, Polygon)> = shells
        .map(|at| {
            (
                at,
                Polygon {
                    rings: vec![rings[at].path(true)],
                },
            )
        })
        .collect();
    for ring in rings.iter().filter(|ring| ring.depth % 2 == 1) {
        let place = polygons.iter_mut().find(|(at, _)| Some(*at) == ring.around);
        let (_, polygon) = place.expect("around a hole is a shell");
        polygon.rings.push(ring.path(false));
    }
    polygons.into_iter().map(|(_, polygon)| polygon).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: i32, y: i32, size: i32) -> Vec<Place> {
        vec![[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    }

    fn told(ways: &[Vec<Place>]) -> Vec<Vec<usize>> {
        let all = polygons(ways).unwrap();
        all.iter()
            .map(|polygon| polygon.rings.iter().map(Path::len).collect())
            .collect()
    }

    #[test]
    fn pieces_in_any_order_and_direction_make_a_ring() {
        let pieces = [vec![[0, 0], [9, 0]], vec![[0, 9], [9, 9], [9, 0]], vec![[0, 0], [0, 9]]];
        assert_eq!(told(&pieces), [[5]]);
        assert_eq!(polygons(&pieces[..2]), Err(Fault::Open([0, 0])));
    }

    #[test]
    fn rings_are_shells_and_holes_by_where_they_lie() {
        let rings = [square(4, 4, 2), square(0, 0, 10), square(2, 2, 6), square(20, 0, 3)];
        assert_eq!(told(&rings), [vec![5, 5], vec![5], vec![5]]);
        let all = polygons(&rings).unwrap();
        let area = |ring: &Path| {
            let coords = ring.coords();
            coords
                .windows(2)
                .map(|p| p[0].x * p[1].y - p[1].x * p[0].y)
                .sum::<f64>()
        };
        assert!(area(&all[0].rings[0]) > 0.0 && area(&all[0].rings[1]) < 0.0);
    }

    #[test]
    fn a_border_that_comes_twice_is_none() {
        // Two halves of a lake, islands that share an edge.
        assert_eq!(
            told(&[square(0, 0, 4), vec![[4, 0], [8, 0], [8, 4], [4, 4], [4, 0]]]),
            [[7]]
        );
        let islands = [
            square(0, 0, 20),
            square(4, 4, 4),
            vec![[8, 4], [12, 4], [12, 8], [8, 8], [8, 4]],
        ];
        assert_eq!(told(&islands), [[5, 7]]);
        assert_eq!(polygons(&[square(0, 0, 4), square(0, 0, 4)]), Err(Fault::Empty));
    }

    #[test]
    fn rings_that_touch_stay_apart() {
        assert_eq!(told(&[square(0, 0, 4), square(4, 4, 4)]), [[5], [5]]);
        // A hole that touches the shell in a vertex of both.
        let hole = vec![[0, 0], [5, 1], [1, 5], [0, 0]];
        assert_eq!(told(&[square(0, 0, 10), hole]), [[5, 4]]);
        // An eight in one way.
        let eight = vec![[0, 0], [4, 4], [8, 0], [8, 8], [4, 4], [0, 8], [0, 0]];
        assert_eq!(told(&[eight]), [[4], [4]]);
    }
}
