//! The areas of a layer, kept while it is read, for what can only be judged among all of them.

use super::inside::{Inside, Side};
use super::measure::Scale;
use super::predicate::Segment;
use onemap_model::{Bbox, Coord, Geometry, TimeSpan};

/// So many vertices of a layer are kept at most: 640 MB. A layer of more is not judged as a whole.
pub const MOST_VERTICES: usize = 40_000_000;

/// The areas of a layer, in degrees: 16 bytes a vertex, and about 120 a feature.
#[derive(Debug, Default)]
pub struct Shapes {
    coords: Vec<Coord>,
    /// Where each ring ends in `coords`.
    rings: Vec<u32>,
    features: Vec<Feature>,
    /// Whether there were more than fit.
    pub full: bool,
    /// What the features are called.
    pub ids: Texts,
    /// The code that says where each one should be, where that is asked.
    pub codes: Texts,
}

#[derive(Debug)]
struct Feature {
    /// Where its rings end in `rings`.
    rings_end: u32,
    bbox: [f64; 4],
    valid: (i64, i64),
}

/// One area.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    shapes: &'a Shapes,
    first_ring: usize,
    end_ring: usize,
    /// Its box: west, south, east, north.
    pub bbox: [f64; 4],
    /// When it was there, in microseconds.
    pub valid: (i64, i64),
}

impl Shapes {
    /// Keeps the area of a feature. Other geometries are left out.
    pub fn add(&mut self, geometry: &Geometry, valid: TimeSpan, id: &str, code: &str) {
        let Geometry::Polygons(polygons) = geometry else { return };
        let Some(bbox) = geometry.bbox().map(Bbox::to_array) else {
            return;
        };
        if self.full || self.coords.len() + geometry.coord_count() > MOST_VERTICES {
            // What was kept is of no use without the rest.
            *self = Self {
                full: true,
                ..Self::default()
            };
            return;
        }
        for (place, ring) in polygons.iter().flat_map(|polygon| polygon.rings.iter().enumerate()) {
            let mut open = super::validity::open_ring(ring);
            if open.len() >= 3 {
                // What is inside lies to the left of every edge.
                let scale = Scale::at(open[0].y);
                if (scale.ring(&open).area_m2 > 0.0) != (place == 0) {
                    open.reverse();
                }
                self.coords.extend(open);
                self.rings.push(self.coords.len() as u32);
            }
        }
        self.features.push(Feature {
            rings_end: self.rings.len() as u32,
            bbox,
            valid: micros(valid),
        });
        self.ids.push(id);
        self.codes.push(code);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// The one at a place in the order of reading.
    pub fn get(&self, at: usize) -> Shape<'_> {
        let feature = &self.features[at];
        Shape {
            shapes: self,
            first_ring: at
                .checked_sub(1)
                .map_or(0, |before| self.features[before].rings_end as usize),
            end_ring: feature.rings_end as usize,
            bbox: feature.bbox,
            valid: feature.valid,
        }
    }

    /// The boxes of all.
    pub fn boxes(&self) -> Vec<[f64; 4]> {
        self.features.iter().map(|feature| feature.bbox).collect()
    }

    fn ring(&self, at: usize) -> &[Coord] {
        let start = at.checked_sub(1).map_or(0, |before| self.rings[before] as usize);
        &self.coords[start..self.rings[at] as usize]
    }
}

impl<'a> Shape<'a> {
    /// Its rings, open, in the order of the source; its interior lies to the left of them.
    pub fn rings(self) -> impl Iterator<Item = &'a [Coord]> + Clone {
        (self.first_ring..self.end_ring).map(move |at| self.shapes.ring(at))
    }

    /// Its edges.
    pub fn edges(self) -> impl Iterator<Item = Segment> + 'a {
        self.rings().flat_map(|ring| {
            let next = move |at: usize| ring[if at + 1 == ring.len() { 0 } else { at + 1 }];
            let edge = move |(at, from): (usize, &Coord)| Segment {
                from: *from,
                to: next(at),
            };
            ring.iter().enumerate().map(edge)
        })
    }

    /// Where a point lies.
    pub fn side(self, p: Coord) -> Side {
        let mut odd = false;
        for ring in self.rings() {
            match Inside::plain(ring).side(p) {
                Side::On => return Side::On,
                Side::Inside => odd = !odd,
                Side::Outside => {}
            }
        }
        if odd { Side::Inside } else { Side::Outside }
    }

    /// The middle of its box.
    pub fn middle(self) -> Coord {
        Coord {
            x: (self.bbox[0] + self.bbox[2]) / 2.0,
            y: (self.bbox[1] + self.bbox[3]) / 2.0,
        }
    }

    /// Whether it and another are there at one moment.
    pub fn is_beside(self, other: Shape<'_>) -> bool {
        self.valid.0 < other.valid.1 && other.valid.0 < self.valid.1
    }
}

/// A time span as microseconds; open ends are the ends of the numbers.
pub fn micros(valid: TimeSpan) -> (i64, i64) {
    let from = valid.from().map_or(i64::MIN, |at| at.micros());
    let to = valid.to().map_or(i64::MAX, |at| at.micros());
    (from, to)
}

/// Many short texts in one piece of memory.
#[derive(Debug, Default)]
pub struct Texts {
    text: String,
    ends: Vec<u64>,
}

impl Texts {
    /// Adds one.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u64);
    }

    /// The one at a place.
    pub fn get(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.text[start..self.ends[at] as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}
