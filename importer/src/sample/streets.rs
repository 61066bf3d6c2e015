//! The streets of a quarter: its area is cut by streets until blocks are left.

use super::lattice::{LatticeEdge, STEPS};
use super::mesh::{Mesh, Ring, Tag};
use super::plan::{Plan, QuarterPlan};
use super::plane::{Pt, area, area_below, extent, oriented_box};
use super::rng::{Rng, Stream};
use super::roadclass::RoadClass;
use super::zone::QuarterKind;

/// The streets in and around a quarter, by tag: 0 to 3 are the main streets around it, south, east, north, west.
#[derive(Debug)]
pub(super) struct Streets {
    mesh: Mesh,
    /// The main streets around it.
    pub(super) mains: [LatticeEdge; 4],
    /// The classes of all streets, by tag.
    pub(super) classes: Vec<RoadClass>,
    /// The ends of the streets inside, by tag − 4.
    ends: Vec<[u32; 2]>,
    /// The areas between the streets' middles.
    faces: Vec<Ring>,
}

/// How many streets run around a quarter.
pub(super) const MAINS: usize = 4;

impl Streets {
    /// Lays the streets of a quarter; the same whenever it is called.
    pub(super) fn of(plan: &Plan, quarter: &QuarterPlan) -> Self {
        let (outline, mains) = plan.lattice.outline(quarter.a, quarter.b);
        let tags: Vec<Tag> = (0..MAINS as Tag).flat_map(|side| [side; STEPS as usize]).collect();
        let (mesh, ring) = Mesh::new(&outline, &tags);
        let mut streets = Self {
            mesh,
            mains,
            classes: mains.iter().map(|&edge| RoadClass::of_main(plan, edge)).collect(),
            ends: Vec::new(),
            faces: Vec::new(),
        };
        let mut rng = Rng::new(Stream::Streets, quarter.a, quarter.b, 0);
        let target = quarter.kind.block_m2().min(area(&outline) / 3.5);
        streets.divide(ring, quarter.kind, target, 0, &mut rng);
        streets
    }

    /// The middles of the street: all its points in order, junctions included. Only streets inside the quarter.
    pub(super) fn inner(&self) -> impl Iterator<Item = (Tag, Vec<Pt>)> + '_ {
        self.ends
            .iter()
            .enumerate()
            .map(|(i, &[a, b])| ((i + MAINS) as Tag, self.mesh.points(&self.mesh.chain(a, b))))
    }

    /// The ends of a street inside the quarter.
    pub(super) fn inner_ends(&self, tag: Tag) -> (Pt, Pt) {
        let [a, b] = self.ends[usize::from(tag) - MAINS];
        (self.mesh.point(a), self.mesh.point(b))
    }

    /// The points that streets of this quarter add to the stretch of a main street around it: for each of its
    /// [`STEPS`] pieces those strictly inside, in the stretch's own direction.
    pub(super) fn junctions(&self, side: usize) -> Vec<Vec<Pt>> {
        let steps = STEPS;
        let corner = side as u32 * steps;
        let count = MAINS as u32 * steps;
        let piece = |i: u32| {
            let chain = self.mesh.chain((corner + i) % count, (corner + i + 1) % count);
            self.mesh.points(&chain[1..chain.len() - 1])
        };
        // North and west run against the ring.
        if side < 2 {
            (0..steps).map(piece).collect()
        } else {
            (0..steps).rev().map(|i| piece(i).into_iter().rev().collect()).collect()
        }
    }

    /// The areas between the streets' middles: rings of points, with the street's tag for each edge.
    pub(super) fn faces(&self) -> impl Iterator<Item = (Vec<Pt>, Vec<Tag>)> + '_ {
        self.faces.iter().map(|face| {
            let ring = self.mesh.expand(face);
            let tags = (0..ring.len())
                .map(|i| self.mesh.tag(ring[i], ring[(i + 1) % ring.len()]))
                .collect();
            (self.mesh.points(&ring), tags)
        })
    }

    fn divide(&mut self, face: Ring, kind: QuarterKind, target_m2: f64, depth: u32, rng: &mut Rng) {
        let ring = self.mesh.points(&face);
        let size = area(&ring);
        let enough = size < target_m2 * rng.between(1.15, 2.0);
        if !enough {
            for _ in 0..4 {
                let (origin, direction) = street_line(&ring, rng);
                let tag = (MAINS + self.ends.len()) as Tag;
                if let Some([left, right]) = self.mesh.cut(&face, origin, direction, tag) {
                    self.classes.push(inner_class(kind, depth, rng));
                    self.ends.push([left[0], left[left.len() - 1]]);
                    self.divide(left, kind, target_m2, depth + 1, rng);
                    self.divide(right, kind, target_m2, depth + 1, rng);
                    return;
                }
            }
        }
        self.faces.push(face);
    }
}

/// A line across the longer side of a face, not quite in the middle and not quite square.
fn street_line(ring: &[Pt], rng: &mut Rng) -> (Pt, Pt) {
    let along = oriented_box(ring).along;
    let share = rng.between(0.38, 0.62);
    let skew = rng.between(-0.09, 0.09);
    let origin = point_with_share_below(ring, along, share);
    (origin, (along.left() + along * skew).unit())
}

/// A point on the line square to `along` below which this share of the ring's area lies.
pub(super) fn point_with_share_below(ring: &[Pt], along: Pt, share: f64) -> Pt {
    let (mut low, mut high) = extent(ring, along);
    let wanted = area(ring) * share;
    for _ in 0..12 {
        let middle = (low + high) / 2.0;
        if area_below(ring, along, middle) < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (left, right) = extent(ring, along.left());
    along * ((low + high) / 2.0) + along.left() * ((left + right) / 2.0)
}

fn inner_class(kind: QuarterKind, depth: u32, rng: &mut Rng) -> RoadClass {
    match (kind, depth) {
        (_, 0) => RoadClass::Tertiary,
        (QuarterKind::Core | QuarterKind::Urban, 1) if rng.chance(0.6) => RoadClass::Tertiary,
        (QuarterKind::Core | QuarterKind::Urban | QuarterKind::Suburb, 3..) if rng.chance(0.3) => RoadClass::Footway,
        (QuarterKind::Core | QuarterKind::Urban, 2) if rng.chance(0.12) => RoadClass::Footway,
        _ => RoadClass::Residential,
    }
}
