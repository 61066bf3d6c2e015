//! Which hole is whose.

use super::frame::Point;
use super::ring::{Rings, Role, Side, double_area, side_of};

/// Puts the rings of polygons together that are apart from each other: outer rings have a positive area, holes a
/// negative one. Rings may touch in single points.
///
/// The overlay's own opinion of it is wrong once in some ten thousand times, when rings touch.
pub(super) fn nest(rings: impl Iterator<Item = Vec<Point>>) -> Rings {
    let (mut outers, holes): (Vec<_>, Vec<_>) = rings.map(Ring::new).partition(|ring| ring.area > 0);
    // From small to large: the first that a hole lies in is the one it belongs to.
    outers.sort_by_key(|outer| outer.area);
    let mut owned: Vec<Vec<Ring>> = outers.iter().map(|_| Vec::new()).collect();
    for hole in holes {
        let owner = match outers.len() {
            1 => Some(0),
            _ => outers.iter().position(|outer| outer.encloses(&hole)),
        };
        if let Some(owner) = owner {
            owned[owner].push(hole);
        }
    }
    let mut nested = Rings::default();
    for (outer, holes) in outers.into_iter().zip(owned) {
        nested.push(Role::Outer, outer.points);
        holes.into_iter().for_each(|hole| nested.push(Role::Hole, hole.points));
    }
    nested
}

struct Ring {
    points: Vec<Point>,
    area: i64,
    min: Point,
    max: Point,
}

impl Ring {
    fn new(points: Vec<Point>) -> Self {
        let bound = |pick: fn(i64, i64) -> i64, start: i64| {
            let from = Point { x: start, y: start };
            points.iter().fold(from, |sum, point| Point {
                x: pick(sum.x, point.x),
                y: pick(sum.y, point.y),
            })
        };
        Self {
            area: double_area(&points),
            min: bound(i64::min, i64::MAX),
            max: bound(i64::max, i64::MIN),
            points,
        }
    }

    fn encloses(&self, hole: &Ring) -> bool {
        let in_box = self.min.x <= hole.min.x
            && self.min.y <= hole.min.y
            && self.max.x >= hole.max.x
            && self.max.y >= hole.max.y;
        in_box && hole.sides_of(self).find(|&side| side != Side::On) == Some(Side::Inside)
    }

    /// On which side of `outer` the vertices are, then the middles of the edges: one of them is not on its line.
    fn sides_of<'a>(&'a self, outer: &'a Ring) -> impl Iterator<Item = Side> + 'a {
        let points = &self.points;
        let sum = |a: &Point, b: &Point| Point {
            x: a.x + b.x,
            y: a.y + b.y,
        };
        let vertices = points.iter().map(move |point| sum(point, point));
        let middles = points.windows(2).map(move |pair| sum(&pair[0], &pair[1]));
        vertices.chain(middles).map(|twice| side_of(&outer.points, twice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(at: i64, side: i64, role: Role) -> Vec<Point> {
        let corner = |x, y| Point { x: at + x, y: at + y };
        let mut ring = vec![corner(0, 0), corner(side, 0), corner(side, side), corner(0, side)];
        if role == Role::Hole {
            ring.reverse();
        }
        ring
    }

    #[test]
    fn a_hole_belongs_to_the_innermost_ring_around_it_even_where_they_touch() {
        let diamond = [(10, 5), (5, 10), (0, 5), (5, 0)].map(|(x, y)| Point { x: 20 + x, y: 20 + y });
        let given = [
            square(5, 90, Role::Hole),
            diamond.into_iter().rev().collect(),
            square(0, 100, Role::Outer),
            square(20, 10, Role::Outer),
        ];
        let nested = nest(given.into_iter());
        let corners: Vec<_> = nested.iter().map(|ring| ring[0].x).collect();
        assert_eq!(corners, [20, 25, 0, 5]);
        assert_eq!(nested.polygons().collect::<Vec<_>>(), [0..2, 2..4]);
    }
}
