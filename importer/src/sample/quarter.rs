//! A quarter built: its streets, blocks and all its parcels of past and present. The unit in which a city is made.

use super::blocks::{self, Block};
use super::codes;
use super::districts::{Borders, District};
use super::divide::{Act, Day, Divided};
use super::frame;
use super::frontage::{self, Frontage};
use super::names::{self, PlaceName};
use super::plan::{Plan, QuarterPlan};
use super::plane::Pt;
use super::rng::{Rng, Stream};
use super::roads;
use super::streets::Streets;
use onemap_model::Path;

/// A quarter with everything in it. It is made anew for each layer and takes some 300 parcels of memory.
#[derive(Debug)]
pub(super) struct Quarter<'a> {
    pub(super) city: &'a Plan,
    pub(super) plan: &'a QuarterPlan,
    pub(super) streets: Streets,
    pub(super) blocks: Vec<Block>,
    /// All parcels by serial number: those of the first survey, then the others as they came.
    pub(super) parcels: Vec<Parcel>,
    /// What happened to parcels, in the order of days.
    pub(super) changes: Vec<Change>,
}

/// A parcel as it was for some time.
#[derive(Debug)]
pub(super) struct Parcel {
    /// Its place in [`Quarter::blocks`].
    pub(super) block: usize,
    pub(super) district: District,
    /// 宗地代码.
    pub(super) code: String,
    pub(super) land_use: &'static str,
    /// Its outline in the plane, counter-clockwise and open.
    pub(super) ring: Vec<Pt>,
    /// The same closed, in degrees.
    pub(super) path: Path,
    /// As registered, to a hundredth.
    pub(super) area_m2: f64,
    pub(super) frontage: Frontage,
    pub(super) born: Day,
    pub(super) died: Option<Day>,
}

/// A split or merge, by places in [`Quarter::parcels`].
#[derive(Debug)]
pub(super) struct Change {
    pub(super) act: Act,
    pub(super) day: Day,
    pub(super) parents: Vec<usize>,
    pub(super) children: Vec<usize>,
}

impl<'a> Quarter<'a> {
    /// Builds the quarter.
    pub(super) fn build(city: &'a Plan, borders: &Borders, plan: &'a QuarterPlan) -> Self {
        let streets = Streets::of(city, plan);
        let blocks = blocks::of(city, plan, &streets);
        let divided: Vec<Divided> = blocks.iter().map(|block| Divided::new(plan.a, plan.b, block)).collect();
        let serials = Serials::new(&divided);
        let mut quarter = Self {
            city,
            plan,
            streets,
            blocks,
            parcels: Vec::with_capacity(serials.order.len()),
            changes: serials.changes(&divided),
        };
        let uses = quarter.land_uses(&serials);
        let district = borders.district(plan.a, plan.b);
        let names = roads::names(city, plan, &quarter.streets);
        for (serial, &(block, piece)) in serials.order.iter().enumerate() {
            let (ground, kind) = (&divided[block], quarter.blocks[block].kind);
            let piece = &ground.pieces[piece];
            let ring = ground.ring(piece);
            let path = frame::closed(&ring);
            let frontage = frontage::of(&quarter, &names, block, ground, piece, &ring);
            quarter.parcels.push(Parcel {
                block,
                district,
                code: codes::parcel_code(district, plan.a, plan.b, kind, serial as u32 + 1),
                land_use: uses[serial],
                area_m2: (frame::area_m2(path.coords()) * 100.0).round() / 100.0,
                ring,
                path,
                frontage,
                born: piece.born,
                died: piece.died,
            });
        }
        quarter
    }

    /// The name that its inner streets, shops and ponds are called by.
    pub(super) fn name(&self) -> PlaceName {
        names::place(self.plan.rank)
    }

    /// Its parcels of today with their places.
    pub(super) fn parcels_of_today(&self) -> impl Iterator<Item = (usize, &Parcel)> {
        self.parcels
            .iter()
            .enumerate()
            .filter(|(_, parcel)| parcel.died.is_none())
    }

    /// What each parcel is used for. What comes of a parcel is used as it was.
    fn land_uses(&self, serials: &Serials) -> Vec<&'static str> {
        let mut uses: Vec<&'static str> = serials
            .order
            .iter()
            .map(|&(block, piece)| {
                let block = &self.blocks[block];
                let mut rng = Rng::new(
                    Stream::Block,
                    self.plan.a,
                    self.plan.b,
                    1000 * (block.number + 1) + piece as u32,
                );
                block.kind.land_use(&mut rng)
            })
            .collect();
        for change in &self.changes {
            let inherited = uses[change.parents[0]];
            for &heir in change.parents.iter().chain(&change.children) {
                uses[heir] = inherited;
            }
        }
        uses
    }
}

/// The order of a quarter's parcels: serial numbers are given out as parcels come into being.
struct Serials {
    /// Block and piece of each parcel.
    order: Vec<(usize, usize)>,
    /// The place of each piece of each block in the order.
    places: Vec<Vec<usize>>,
}

impl Serials {
    fn new(divided: &[Divided]) -> Self {
        let mut order: Vec<(usize, usize)> = divided
            .iter()
            .enumerate()
            .flat_map(|(block, d)| (0..d.pieces.len()).map(move |piece| (block, piece)))
            .collect();
        order.sort_by_key(|&(block, piece)| (divided[block].pieces[piece].born, block, piece));
        let mut places: Vec<Vec<usize>> = divided.iter().map(|d| vec![0; d.pieces.len()]).collect();
        for (place, &(block, piece)) in order.iter().enumerate() {
            places[block][piece] = place;
        }
        Self { order, places }
    }

    fn changes(&self, divided: &[Divided]) -> Vec<Change> {
        let mut changes: Vec<Change> = divided
            .iter()
            .zip(&self.places)
            .flat_map(|(ground, places)| {
                let place = |pieces: &[usize]| pieces.iter().map(|&piece| places[piece]).collect::<Vec<_>>();
                ground.events.iter().map(move |event| Change {
                    act: event.act,
                    day: event.day,
                    parents: place(&event.parents),
                    children: place(&event.children),
                })
            })
            .collect();
        changes.sort_by_key(|change| (change.day, change.parents[0]));
        changes
    }
}
