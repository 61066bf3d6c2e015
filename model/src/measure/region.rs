//! An area that is asked again and again whether something lies in it.

use super::area::edges;
use super::inside::side;
use crate::{Bbox, Coord, Geometry};

/// Bands of equal height from south to north, each with the edges that reach into it: a question looks at one band.
#[derive(Debug)]
pub struct Region {
    bbox: Bbox,
    /// The edges of each polygon, one after the other by band.
    polygons: Vec<Bands>,
}

#[derive(Debug)]
struct Bands {
    south: f64,
    /// Bands in a degree.
    density: f64,
    bands: Vec<Vec<(Coord, Coord)>>,
}

/// Edges that a band has on average, where they are even.
const EDGES: usize = 4;
const MOST_BANDS: usize = 4096;

impl Region {
    /// The areas of a geometry; none where it has none.
    pub fn new(geometry: &Geometry) -> Option<Self> {
        let mut polygons = Vec::new();
        collect(geometry, &mut polygons);
        let corners = polygons.iter().flatten().flat_map(|&(a, b)| [a, b]);
        let bbox = Bbox::around(corners)?;
        Some(Self {
            bbox,
            polygons: polygons.iter().filter_map(|edges| Bands::new(edges)).collect(),
        })
    }

    /// The smallest box around it.
    pub fn bbox(&self) -> Bbox {
        self.bbox
    }

    /// Whether the place lies in it, by the even-odd rule of each polygon; the border counts.
    pub fn contains(&self, at: Coord) -> bool {
        self.bbox.contains_point(at) && self.polygons.iter().any(|polygon| polygon.contains(at))
    }

    /// Whether an edge may reach into the box: where none does, all of the box is in or out.
    pub fn may_cross(&self, bbox: Bbox) -> bool {
        self.polygons.iter().any(|polygon| polygon.may_cross(bbox))
    }
}

fn collect(geometry: &Geometry, into: &mut Vec<Vec<(Coord, Coord)>>) {
    match geometry {
        Geometry::Points(_) | Geometry::Lines(_) => {}
        Geometry::Polygons(polygons) => into.extend(polygons.iter().map(|polygon| {
            let rings = polygon.rings.iter();
            rings.flat_map(|ring| edges(ring.coords())).collect()
        })),
        Geometry::Collection(parts) => parts.iter().for_each(|part| collect(part, into)),
    }
}

impl Bands {
    fn new(edges: &[(Coord, Coord)]) -> Option<Self> {
        let bbox = Bbox::around(edges.iter().flat_map(|&(a, b)| [a, b]))?;
        let count = (edges.len() / EDGES).clamp(1, MOST_BANDS);
        let density = count as f64 / (bbox.north() - bbox.south());
        let mut bands = Self {
            south: bbox.south(),
            density: if density.is_finite() { density } else { 0.0 },
            bands: vec![Vec::new(); count],
        };
        for &(a, b) in edges {
            let range = bands.range(a.y.min(b.y), a.y.max(b.y));
            bands.bands[range].iter_mut().for_each(|band| band.push((a, b)));
        }
        Some(bands)
    }

    /// The bands between two heights.
    fn range(&self, low: f64, high: f64) -> std::ops::RangeInclusive<usize> {
        // A cast takes what is below zero, and what is no number, as 0.
        let band = |y: f64| (((y - self.south) * self.density) as usize).min(self.bands.len() - 1);
        band(low)..=band(high)
    }

    fn contains(&self, at: Coord) -> bool {
        let band = *self.range(at.y, at.y).start();
        let mut inside = false;
        for &(a, b) in &self.bands[band] {
            let is_beside = at.y < a.y.min(b.y) || at.y > a.y.max(b.y) || at.x > a.x.max(b.x);
            if is_beside {
                continue;
            }
            let side = side(a, b, at);
            if side == 0.0 && at.x >= a.x.min(b.x) {
                return true;
            }
            if (a.y > at.y) != (b.y > at.y) && (side > 0.0) == (b.y > a.y) {
                inside = !inside;
            }
        }
        inside
    }

    fn may_cross(&self, bbox: Bbox) -> bool {
        let bands = &self.bands[self.range(bbox.south(), bbox.north())];
        bands.iter().flatten().any(|&(a, b)| {
            let around = Bbox::around([a, b]).expect("there are two of them");
            around.intersects(&bbox)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::inside::contains;
    use super::*;
    use crate::{Path, Polygon};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_region_holds_what_its_geometry_holds(
            corners in prop::collection::vec((-9..9_i32, -9..9_i32), 3..60),
            hole in prop::collection::vec((-5..5_i32, -5..5_i32), 3..9),
            places in prop::collection::vec((-20..20_i32, -20..20_i32), 30),
        ) {
            let path = |ring: &[(i32, i32)]| {
                let ring = ring.iter().chain(&ring[..1]);
                Path::new(ring.map(|&(x, y)| Coord { x: x.into(), y: y.into() }).collect()).unwrap()
            };
            let polygon = Polygon { rings: vec![path(&corners), path(&hole)] };
            let other = Polygon { rings: vec![path(&hole)] };
            let geometry = Geometry::Polygons(vec![polygon, other]);
            let region = Region::new(&geometry).unwrap();
            for (x, y) in places {
                let at = Coord { x: f64::from(x) / 2.0, y: f64::from(y) / 2.0 };
                prop_assert_eq!(region.contains(at), contains(&geometry, at), "{:?}", at);
                let bbox = Bbox::new(at.x, at.y, at.x + 0.5, at.y + 0.5).unwrap();
                if !region.may_cross(bbox) {
                    let far = Coord { x: at.x + 0.5, y: at.y + 0.5 };
                    prop_assert_eq!(region.contains(at), region.contains(far));
                }
            }
        }
    }

    #[test]
    fn what_is_flat_or_has_no_area_is_no_trouble() {
        let flat = Path::new(vec![
            Coord { x: 1.0, y: 1.0 },
            Coord { x: 2.0, y: 1.0 },
            Coord { x: 1.0, y: 1.0 },
        ])
        .unwrap();
        let region = Region::new(&Geometry::Polygons(vec![Polygon { rings: vec![flat] }])).unwrap();
        assert!(region.contains(Coord { x: 1.5, y: 1.0 }) && !region.contains(Coord { x: 1.5, y: 1.1 }));
        assert!(Region::new(&Geometry::point(1.0, 1.0).unwrap()).is_none());
    }
}
