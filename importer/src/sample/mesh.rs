//! A plane area cut by straight lines again and again, whose pieces share their edges exactly.
//!
//! Points are known by number. A cut that ends on an edge puts a point into that edge for good; the piece on the other
//! side has it too as soon as its ring is asked for ([`Mesh::expand`]). So there are no gaps, no overlaps and no
//! T-junctions that only one side knows of.

use super::plane::{Pt, area};
use std::collections::HashMap;

/// A cut passes through a point that is nearer than this, metres.
const SNAP_M: f64 = 0.3;

/// A ring of point numbers, counter-clockwise, open, not necessarily with all points that lie in its edges.
pub(super) type Ring = Vec<u32>;

/// What an edge belongs to: for streets the street, for parcels the street it fronts.
pub(super) type Tag = u16;

/// Points and the edges between them.
#[derive(Debug, Default)]
pub(super) struct Mesh {
    points: Vec<Pt>,
    edges: HashMap<(u32, u32), Edge>,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    tag: Tag,
    middle: Option<u32>,
}

/// Where a line meets a ring.
#[derive(Debug, Clone, Copy)]
struct Crossing {
    /// Place in the ring: of the point, or of the edge's first point.
    at: usize,
    /// Where the edge is cut; none where the line goes through the point.
    cut: Option<Pt>,
    /// Position along the line.
    along: f64,
}

impl Mesh {
    /// A mesh of one piece. `tags[i]` belongs to the edge from point i to the next.
    pub(super) fn new(outline: &[Pt], tags: &[Tag]) -> (Self, Ring) {
        let mut mesh = Self {
            points: outline.to_vec(),
            edges: HashMap::with_capacity(8 * outline.len()),
        };
        let ring: Ring = (0..outline.len() as u32).collect();
        for (i, &tag) in tags.iter().enumerate() {
            mesh.edges
                .insert(key(ring[i], ring[(i + 1) % ring.len()]), Edge { tag, middle: None });
        }
        (mesh, ring)
    }

    /// The point with this number.
    pub(super) fn point(&self, number: u32) -> Pt {
        self.points[number as usize]
    }

    /// The points of a ring or chain.
    pub(super) fn points(&self, numbers: &[u32]) -> Vec<Pt> {
        numbers.iter().map(|&n| self.point(n)).collect()
    }

    /// What the edge between two neighbouring points of an expanded ring belongs to.
    pub(super) fn tag(&self, a: u32, b: u32) -> Tag {
        self.edges[&key(a, b)].tag
    }

    /// The ring with every point that lies in its edges.
    pub(super) fn expand(&self, ring: &[u32]) -> Ring {
        let mut all = Vec::with_capacity(ring.len() + 4);
        for i in 0..ring.len() {
            all.push(ring[i]);
            self.between(ring[i], ring[(i + 1) % ring.len()], &mut all);
        }
        all
    }

    /// The points from `a` to `b`, both included, which are ends of an edge that was cut or not.
    pub(super) fn chain(&self, a: u32, b: u32) -> Vec<u32> {
        let mut all = vec![a];
        self.between(a, b, &mut all);
        all.push(b);
        all
    }

    fn between(&self, a: u32, b: u32, out: &mut Vec<u32>) {
        if let Some(middle) = self.edges[&key(a, b)].middle {
            self.between(a, middle, out);
            out.push(middle);
            self.between(middle, b, out);
        }
    }

    /// Cuts the ring along the line through `origin` and gives the parts left and right of it, with the ends of the
    /// cut as the last and first point of the left part. None where the line does not part the ring cleanly.
    pub(super) fn cut(&mut self, ring: &[u32], origin: Pt, direction: Pt, tag: Tag) -> Option<[Ring; 2]> {
        let mut ring = self.expand(ring);
        let [from, to] = self.longest_chord(&ring, origin, direction)?;
        // The later one first, so that the earlier one's place stays true.
        let (first, second) = if from.at < to.at { (from, to) } else { (to, from) };
        let clean = second.at > first.at + usize::from(first.cut.is_none())
            && !(first.at == 0 && first.cut.is_none() && second.at == ring.len() - 1 && second.cut.is_none());
        if !clean {
            return None;
        }
        let second_at = self.realise(&mut ring, second);
        let first_at = self.realise(&mut ring, first);
        let second_at = second_at + usize::from(first.cut.is_some());
        let (p, q) = (ring[first_at], ring[second_at]);
        let inner: Ring = ring[first_at..=second_at].to_vec();
        let outer: Ring = ring[second_at..].iter().chain(&ring[..=first_at]).copied().collect();
        if area(&self.points(&inner)) <= 0.0 || area(&self.points(&outer)) <= 0.0 {
            return None;
        }
        self.edges.insert(key(p, q), Edge { tag, middle: None });
        let inner_is_left = direction.cross(self.middle_of(&inner) - origin) > 0.0;
        Some(if inner_is_left { [inner, outer] } else { [outer, inner] })
    }

    fn middle_of(&self, ring: &[u32]) -> Pt {
        super::plane::centroid(&self.points(ring))
    }

    fn longest_chord(&self, ring: &[u32], origin: Pt, direction: Pt) -> Option<[Crossing; 2]> {
        let n = ring.len();
        let points = self.points(ring);
        let sides: Vec<f64> = points
            .iter()
            .map(|&p| direction.cross(p - origin))
            .map(|side| if side.abs() < SNAP_M { 0.0 } else { side })
            .collect();
        let mut crossings = Vec::new();
        for i in 0..n {
            let j = (i + 1) % n;
            let along = |p: Pt| (p - origin).dot(direction);
            if sides[i] == 0.0 {
                if sides[j] == 0.0 {
                    return None;
                }
                if sides[(i + n - 1) % n] * sides[j] < 0.0 {
                    crossings.push(Crossing {
                        at: i,
                        cut: None,
                        along: along(points[i]),
                    });
                }
            } else if sides[i] * sides[j] < 0.0 {
                let cut = points[i].toward(points[j], sides[i] / (sides[i] - sides[j]));
                crossings.push(Crossing {
                    at: i,
                    cut: Some(cut),
                    along: along(cut),
                });
            }
        }
        crossings.sort_by(|a, b| a.along.total_cmp(&b.along));
        crossings
            .chunks_exact(2)
            .map(|pair| [pair[0], pair[1]])
            .max_by(|a, b| (a[1].along - a[0].along).total_cmp(&(b[1].along - b[0].along)))
    }

    /// Makes sure that the crossing is a point of the ring; gives its place.
    fn realise(&mut self, ring: &mut Ring, crossing: Crossing) -> usize {
        let Some(cut) = crossing.cut else { return crossing.at };
        let (a, b) = (ring[crossing.at], ring[(crossing.at + 1) % ring.len()]);
        let number = self.points.len() as u32;
        self.points.push(cut);
        let edge = self
            .edges
            .get_mut(&key(a, b))
            .expect("neighbours in a ring have an edge");
        edge.middle = Some(number);
        let half = Edge {
            tag: edge.tag,
            middle: None,
        };
        self.edges.insert(key(a, number), half);
        self.edges.insert(key(number, b), half);
        ring.insert(crossing.at + 1, number);
        crossing.at + 1
    }
}

fn key(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use super::super::plane::pt;
    use super::*;

    fn square() -> (Mesh, Ring) {
        Mesh::new(
            &[pt(0.0, 0.0), pt(10.0, 0.0), pt(10.0, 10.0), pt(0.0, 10.0)],
            &[1, 2, 3, 4],
        )
    }

    #[test]
    fn a_cut_that_ends_on_a_neighbours_edge_gives_the_neighbour_the_point() {
        let (mut mesh, ring) = square();
        let [left, right] = mesh.cut(&ring, pt(5.0, 0.0), pt(0.0, 1.0), 9).unwrap();
        let [_, below] = mesh.cut(&left, pt(0.0, 4.0), pt(1.0, 0.0), 9).unwrap();
        assert_eq!(mesh.expand(&right).len(), 5);
        assert!(mesh.points(&mesh.expand(&right)).contains(&pt(5.0, 4.0)));
        assert_eq!(area(&mesh.points(&below)), 20.0);
    }

    #[test]
    fn the_halves_of_an_edge_keep_its_tag() {
        let (mut mesh, ring) = square();
        let [left, _] = mesh.cut(&ring, pt(5.0, 0.0), pt(0.0, 1.0), 9).unwrap();
        let tags: Vec<Tag> = (0..left.len())
            .map(|i| mesh.tag(left[i], left[(i + 1) % left.len()]))
            .collect();
        let mut sorted = tags.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 3, 4, 9]);
    }

    #[test]
    fn a_line_that_misses_or_runs_along_an_edge_cuts_nothing() {
        let (mut mesh, ring) = square();
        assert_eq!(mesh.cut(&ring, pt(20.0, 0.0), pt(0.0, 1.0), 9), None);
        assert_eq!(mesh.cut(&ring, pt(10.0, 0.0), pt(0.0, 1.0), 9), None);
        assert_eq!(mesh.expand(&ring).len(), 4);
    }

    #[test]
    fn a_line_through_two_corners_makes_no_new_point() {
        let (mut mesh, ring) = square();
        let [a, b] = mesh.cut(&ring, pt(0.0, 0.0), pt(1.0, 1.0).unit(), 9).unwrap();
        assert_eq!((a.len(), b.len()), (3, 3));
    }
}
