//! How a block becomes parcels, and how some of them were split and merged since the first survey.

use super::blocks::Block;
use super::mesh::{Mesh, Ring, Tag};
use super::plane::{Pt, area, extent, oriented_box};
use super::rng::{Rng, Stream};
use super::streets::point_with_share_below;
use super::zone::Pattern;

/// The tag of edges between parcels, which lie on no street.
pub(super) const NO_STREET: Tag = Tag::MAX;
/// The share of groups of two or three parcels that were one parcel once.
const SPLIT_SHARE: f64 = 0.05;
/// The share of parcels that were two parcels once.
const MERGE_SHARE: f64 = 0.012;
/// Parcels are never meant to be narrower, metres.
const LEAST_FRONT_M: f64 = 9.0;

/// Days since the first survey of all parcels.
pub(super) type Day = u32;

/// A parcel as it was for some time.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    ring: Ring,
    /// The day it came into being; 0 is the first survey.
    pub(super) born: Day,
    /// The day it ceased to be; none for parcels of today.
    pub(super) died: Option<Day>,
}

/// What was done to parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// 分割: one becomes several.
    Split,
    /// 合并: several become one.
    Merge,
}

/// A change of parcels on one day.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) act: Act,
    pub(super) day: Day,
    /// Numbers of the pieces that ceased to be.
    pub(super) parents: Vec<usize>,
    /// Numbers of the pieces that came into being.
    pub(super) children: Vec<usize>,
}

/// A block divided: all parcels that ever were, and what happened to them.
#[derive(Debug)]
pub(super) struct Divided {
    mesh: Mesh,
    pub(super) pieces: Vec<Piece>,
    pub(super) events: Vec<Event>,
    outline: Ring,
}

impl Divided {
    /// Divides a block of quarter `(a, b)` into as many parcels as it says.
    pub(super) fn new(a: i32, b: i32, block: &Block) -> Self {
        let (mesh, outline) = Mesh::new(&block.ring, &block.tags);
        let mut divided = Self {
            mesh,
            pieces: Vec::new(),
            events: Vec::new(),
            outline: outline.clone(),
        };
        if block.parcels > 0 {
            let mut rng = Rng::new(Stream::Divide, a, b, block.number);
            divided.divide(outline, block.parcels, first_way(block), 0, &mut rng);
        }
        divided
    }

    /// The ring of a piece with every point that a neighbour of any time has in it.
    pub(super) fn ring(&self, piece: &Piece) -> Vec<Pt> {
        self.mesh.points(&self.mesh.expand(&piece.ring))
    }

    /// The streets that a piece lies on: its edges with the tag of each.
    pub(super) fn fronts(&self, piece: &Piece) -> Vec<(Pt, Pt, Tag)> {
        let ring = self.mesh.expand(&piece.ring);
        (0..ring.len())
            .map(|i| (ring[i], ring[(i + 1) % ring.len()]))
            .map(|(a, b)| (self.mesh.point(a), self.mesh.point(b), self.mesh.tag(a, b)))
            .filter(|&(_, _, tag)| tag != NO_STREET)
            .collect()
    }

    /// The block's own outline, with every point that a parcel of any time has in it.
    #[cfg_attr(not(test), expect(dead_code, reason = "what parcels must tile, asked for by tests"))]
    pub(super) fn outline(&self) -> Vec<Pt> {
        self.mesh.points(&self.mesh.expand(&self.outline))
    }

    /// Divides a piece of ground that came into being on `born` into `count` parcels of today; gives their numbers.
    fn divide(&mut self, ring: Ring, count: u32, way: Way, born: Day, rng: &mut Rng) -> Vec<usize> {
        if count == 1 {
            return vec![self.leaf(ring, born, rng)];
        }
        let was_one = count <= 3 && rng.chance(SPLIT_SHARE);
        let day = if was_one { event_day(born, rng) } else { born };
        let parent = was_one.then(|| self.push(ring.clone(), born, Some(day)));
        let share = if count == 2 {
            rng.between(0.4, 0.6)
        } else {
            rng.between(0.42, 0.58)
        };
        let first = ((f64::from(count) * share).round() as u32).clamp(1, count - 1);
        let [left, right] = self.halve(&ring, f64::from(first) / f64::from(count), way, rng);
        let next = way.next(&self.mesh.points(&ring));
        let groups = [(left, first), (right, count - first)];
        let Some(parent) = parent else {
            return groups
                .into_iter()
                .flat_map(|(ring, count)| self.divide(ring, count, next, born, rng))
                .collect();
        };
        // A half that was split again later was one parcel in between.
        let children = groups.map(|(ring, count)| {
            if count == 1 {
                return (self.push(ring, day, None), Vec::new());
            }
            let later = event_day(day, rng);
            let between = self.push(ring.clone(), day, Some(later));
            let [a, b] = self.halve(&ring, 0.5, next, rng);
            let leaves = vec![self.push(a, later, None), self.push(b, later, None)];
            self.events.push(Event {
                act: Act::Split,
                day: later,
                parents: vec![between],
                children: leaves.clone(),
            });
            (between, leaves)
        });
        let direct = children.iter().map(|(child, _)| *child).collect();
        self.events.push(Event {
            act: Act::Split,
            day,
            parents: vec![parent],
            children: direct,
        });
        children
            .into_iter()
            .flat_map(|(child, leaves)| if leaves.is_empty() { vec![child] } else { leaves })
            .collect()
    }

    /// A parcel of today, which may have been two.
    fn leaf(&mut self, ring: Ring, born: Day, rng: &mut Rng) -> usize {
        let size = oriented_box(&self.mesh.points(&ring));
        if born > 0 || size.length < 2.5 * LEAST_FRONT_M || !rng.chance(MERGE_SHARE) {
            return self.push(ring, born, None);
        }
        let day = event_day(born, rng);
        let parents = self
            .halve(&ring, rng.between(0.4, 0.6), Way::Long, rng)
            .map(|half| self.push(half, born, Some(day)));
        let child = self.push(ring, day, None);
        self.events.push(Event {
            act: Act::Merge,
            day,
            parents: parents.to_vec(),
            children: vec![child],
        });
        child
    }

    fn push(&mut self, ring: Ring, born: Day, died: Option<Day>) -> usize {
        self.pieces.push(Piece { ring, born, died });
        self.pieces.len() - 1
    }

    /// Cuts the ring so that about `share` of it is the first half.
    fn halve(&mut self, ring: &[u32], share: f64, way: Way, rng: &mut Rng) -> [Ring; 2] {
        let points = self.mesh.points(ring);
        let along = way.along(&points);
        for attempt in 0..64 {
            let share = (share * rng.between(0.88, 1.12)).clamp(0.08, 0.92);
            let skew = rng.between(-0.05, 0.05) * f64::from(1 + attempt / 4);
            let along = if attempt % 8 == 7 { along.left() } else { along };
            let origin = point_with_share_below(&points, along, share);
            let direction = (along.left() + along * skew).unit();
            if let Some([first, second]) = self.mesh.cut(ring, origin, direction, NO_STREET) {
                let low = area(&self.mesh.points(&first)) / area(&points);
                // A sliver on either side is no parcel; late attempts take what they get.
                if attempt > 40 || (low > share * 0.5 && 1.0 - low > (1.0 - share) * 0.5) {
                    return [first, second];
                }
            }
        }
        unreachable!("a line through the middle parts every ring that has an area")
    }
}

/// The direction in which a piece of ground is cut next.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Along its own length, into a front and a back row; then across that.
    Spine,
    /// Across this direction.
    Across(Pt),
    /// Across its own longer side.
    Long,
}

impl Way {
    /// The direction along which the halves follow each other.
    fn along(self, ring: &[Pt]) -> Pt {
        match self {
            Way::Spine => oriented_box(ring).along.left(),
            Way::Across(along) => {
                let (low, high) = extent(ring, along);
                let (left, right) = extent(ring, along.left());
                if high - low < 2.0 * LEAST_FRONT_M || (high - low) * 3.5 < right - left {
                    along.left()
                } else {
                    along
                }
            }
            Way::Long => oriented_box(ring).along,
        }
    }

    /// How the halves of `ring` are cut.
    fn next(self, ring: &[Pt]) -> Self {
        match self {
            Way::Spine => Way::Across(oriented_box(ring).along),
            other => other,
        }
    }
}

fn first_way(block: &Block) -> Way {
    let size = oriented_box(&block.ring);
    let rows = block.kind.pattern() == Pattern::Rows && block.parcels >= 4 && (28.0..120.0).contains(&size.width);
    if rows { Way::Spine } else { Way::Long }
}

/// A day after `born`, within the years that have passed.
fn event_day(born: Day, rng: &mut Rng) -> Day {
    born + 200 + rng.below(2_000)
}

#[cfg(test)]
mod tests {
    use super::super::plane::pt;
    use super::super::zone::BlockKind;
    use super::*;

    fn block(parcels: u32) -> Block {
        Block {
            ring: vec![pt(0.0, 0.0), pt(150.0, 5.0), pt(148.0, 90.0), pt(-4.0, 96.0)],
            tags: vec![0, 1, 2, 3],
            kind: BlockKind::Homes,
            parcels,
            number: 0,
        }
    }

    #[test]
    fn a_block_has_as_many_parcels_of_today_as_asked_for() {
        for number in 0..200 {
            let block = Block {
                number,
                ..block(1 + number % 40)
            };
            let divided = Divided::new(1, 2, &block);
            let today: Vec<_> = divided.pieces.iter().filter(|p| p.died.is_none()).collect();
            assert_eq!(today.len(), block.parcels as usize);
            let sum: f64 = today.iter().map(|p| area(&divided.ring(p))).sum();
            assert!((sum - area(&divided.outline())).abs() < 1e-6);
        }
    }
}
