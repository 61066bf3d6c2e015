//! What the map of a report shows beneath the findings: where features are, and the outlines of districts.

use super::shapes::Shapes;
use onemap_model::Coord;

/// So many places are kept.
const MOST_PLACES: usize = 40_000;
/// So many points of outlines are kept.
const MOST_OUTLINE: usize = 20_000;

/// Places and outlines in the store's system, in bounded memory.
#[derive(Debug, Clone, Default)]
pub struct Backdrop {
    /// The middle of some features, evenly taken from all.
    pub places: Vec<Coord>,
    /// Outlines of areas that features lie in, thinned out.
    pub outlines: Vec<Vec<Coord>>,
    seen: u64,
    /// Every so many features one is taken: doubled whenever there are too many. A power of two less one.
    mask: u64,
}

impl Backdrop {
    /// Takes a feature into account.
    pub fn see(&mut self, place: Coord) {
        if self.seen & self.mask == 0 {
            if self.places.len() == MOST_PLACES {
                let mut odd = false;
                self.places.retain(|_| {
                    odd = !odd;
                    odd
                });
                self.mask = self.mask * 2 + 1;
            }
            self.places.push(place);
        }
        self.seen += 1;
    }

    /// Takes the outlines of areas.
    pub fn outline(&mut self, areas: &Shapes) {
        let rings = || (0..areas.len()).flat_map(|at| areas.get(at).rings());
        let every = (rings().map(<[Coord]>::len).sum::<usize>() / MOST_OUTLINE).max(1);
        self.outlines
            .extend(rings().map(|ring| ring.iter().copied().step_by(every).collect()));
    }
}
