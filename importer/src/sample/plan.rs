//! The plan of a city of N parcels: how large its quarters are, which of them are built, and how many parcels each has.

use super::SampleError;
use super::blocks;
use super::frame;
use super::lake::LakeSite;
use super::lattice::{Lattice, sides};
use super::rng::{Rng, Stream};
use super::streets::Streets;
use super::zone::QuarterKind;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// Ground that a parcel takes on average, streets and water included, m².
const GROSS_M2: f64 = 1_650.0;
/// Quarters stay this far inside the sanity box, degrees.
const MARGIN_DEGREES: f64 = 0.012;

/// A city before anything is built.
#[derive(Debug)]
pub(super) struct Plan {
    /// Where the main streets lie.
    pub(super) lattice: Lattice,
    /// The built-up city's radius, in quarters.
    pub(super) radius: f64,
    /// The line of the lattice that runs along the river's bank.
    pub(super) bank: i32,
    /// The quarters that are a lake.
    pub(super) lake: LakeSite,
    /// The quarters in the order in which they were built.
    pub(super) quarters: Vec<QuarterPlan>,
    ranks: HashMap<(i32, i32), u32>,
}

/// A quarter of the city.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuarterPlan {
    /// Its south-western node along the river.
    pub(super) a: i32,
    /// Its south-western node towards the river.
    pub(super) b: i32,
    /// Its place in the order of building.
    pub(super) rank: u32,
    /// What it is.
    pub(super) kind: QuarterKind,
    /// How many parcels it has today.
    pub(super) parcels: u32,
}

impl Plan {
    /// Plans a city of `parcels` parcels. Takes about 0.1 ms for each quarter of some 300 parcels.
    pub(super) fn new(parcels: u32) -> Result<Self, SampleError> {
        let ground_m2 = f64::from(parcels) * GROSS_M2;
        let quarter_m = (ground_m2 / 24.0).sqrt().clamp(260.0, 700.0);
        let quarters = ground_m2 / (quarter_m * quarter_m);
        let radius = (quarters / (std::f64::consts::PI * 0.72)).sqrt();
        let bank = (0.55 * radius).round().clamp(1.0, 6.0) as i32;
        let mut plan = Self {
            lattice: Lattice {
                quarter_m,
                reach_m: 1.1 * radius * quarter_m,
            },
            radius,
            bank,
            lake: LakeSite::new(radius, bank),
            quarters: Vec::new(),
            ranks: HashMap::new(),
        };
        plan.grow(parcels)?;
        Ok(plan)
    }

    /// The place of a quarter in the order of building; none where there is no such quarter.
    pub(super) fn rank(&self, a: i32, b: i32) -> Option<u32> {
        self.ranks.get(&(a, b)).copied()
    }

    /// Builds quarters outward from the centre, each beside one that is there, until there are parcels enough.
    fn grow(&mut self, parcels: u32) -> Result<(), SampleError> {
        let mut left = parcels;
        let mut seen = HashSet::from([(0, 0)]);
        let mut frontier = BinaryHeap::from([Candidate::new(0, 0)]);
        while left > 0 {
            let next = frontier.pop().ok_or(SampleError::NoRoom {
                parcels,
                placed: parcels - left,
            })?;
            let (a, b) = (next.a, next.b);
            for neighbour in [(a + 1, b), (a - 1, b), (a, b + 1), (a, b - 1)] {
                if self.is_land(neighbour) && seen.insert(neighbour) {
                    frontier.push(Candidate::new(neighbour.0, neighbour.1));
                }
            }
            if !self.lake.contains(a, b) {
                left -= self.build(a, b, left);
            }
        }
        Ok(())
    }

    fn build(&mut self, a: i32, b: i32, at_most: u32) -> u32 {
        let rank = self.quarters.len() as u32;
        let mut quarter = QuarterPlan {
            a,
            b,
            rank,
            kind: QuarterKind::at(a, b, distance(a, b) / self.radius),
            parcels: 0,
        };
        let streets = Streets::of(self, &quarter);
        quarter.parcels = blocks::of(self, &quarter, &streets)
            .iter()
            .map(|block| block.parcels)
            .sum::<u32>()
            .min(at_most);
        self.quarters.push(quarter);
        self.ranks.insert((a, b), rank);
        quarter.parcels
    }

    fn is_land(&self, (a, b): (i32, i32)) -> bool {
        let inside = frame::sanity_box();
        b < self.bank
            && sides(a, b).iter().all(|side| {
                let at = self.lattice.degrees(f64::from(side.a), f64::from(side.b));
                at.x > inside.west() + MARGIN_DEGREES
                    && at.x < inside.east() - MARGIN_DEGREES
                    && at.y > inside.south() + MARGIN_DEGREES
                    && at.y < inside.north() - MARGIN_DEGREES
            })
    }
}

/// How far a quarter's middle is from the centre, in quarters.
fn distance(a: i32, b: i32) -> f64 {
    let (u, v) = (f64::from(a) + 0.5, f64::from(b) + 0.5);
    (u * u + v * v).sqrt()
}

/// A quarter that may be built next; the least cost first.
#[derive(Debug, PartialEq)]
struct Candidate {
    cost: f64,
    a: i32,
    b: i32,
}

impl Candidate {
    fn new(a: i32, b: i32) -> Self {
        let whim = Rng::new(Stream::Growth, a, b, 0).between(-0.5, 0.5);
        Self {
            cost: distance(a, b) + whim,
            a,
            b,
        }
    }
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .cost
            .total_cmp(&self.cost)
            .then_with(|| (other.a, other.b).cmp(&(self.a, self.b)))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
