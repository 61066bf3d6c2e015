//! Shapes of houses: rectangles, angles, horseshoes and courtyards within a rectangle that fits on a parcel.

use super::plane::{Pt, centroid, contains, distance_to_edges, edges, extent, pt};
use super::rng::Rng;

/// A rectangle in the plane, by its middle, the direction of its length, and half its sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    middle: Pt,
    along: Pt,
    half_length: f64,
    half_width: f64,
}

/// An outline with its courtyards, counter-clockwise and clockwise, open.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Footprint {
    pub(super) outline: Vec<Pt>,
    pub(super) court: Option<Vec<Pt>>,
}

impl Site {
    /// A rectangle along `along` in the middle of the ring, everywhere at least `setback_m` from its edges; none where
    /// the parcel is too small for a house.
    pub(super) fn find(ring: &[Pt], along: Pt, setback_m: f64) -> Option<Self> {
        let (low, high) = extent(ring, along);
        let (left, right) = extent(ring, along.left());
        let mut site = Self {
            middle: centroid(ring),
            along,
            half_length: (high - low) / 2.0 - setback_m,
            half_width: (right - left) / 2.0 - setback_m,
        };
        for _ in 0..16 {
            if site.half_length < 2.5 || site.half_width < 2.5 {
                return None;
            }
            if site.fits(ring, setback_m) {
                return Some(site);
            }
            site.half_length *= 0.92;
            site.half_width *= 0.92;
        }
        None
    }

    /// The longer side, metres.
    pub(super) fn length_m(&self) -> f64 {
        2.0 * self.half_length
    }

    /// The shorter side, metres.
    pub(super) fn width_m(&self) -> f64 {
        2.0 * self.half_width
    }

    /// A part of it: from and to, in parts of its length and width, −1 to 1.
    pub(super) fn part(&self, length: [f64; 2], width: [f64; 2]) -> Self {
        Self {
            middle: self.at((length[0] + length[1]) / 2.0, (width[0] + width[1]) / 2.0),
            half_length: self.half_length * (length[1] - length[0]) / 2.0,
            half_width: self.half_width * (width[1] - width[0]) / 2.0,
            ..*self
        }
    }

    /// All of it built over.
    pub(super) fn full(&self) -> Footprint {
        self.shape(&[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    }

    /// A house of some shape on it.
    pub(super) fn house(&self, rng: &mut Rng) -> Footprint {
        let shortest = self.length_m().min(self.width_m());
        let wing = 1.0 - (rng.between(7.0, 11.0) / shortest).min(0.45) * 2.0;
        match rng.below(10) {
            0 | 1 if shortest > 16.0 => self.angle(wing),
            2 if shortest > 20.0 => self.horseshoe(wing),
            3 if shortest > 24.0 => self.courtyard(wing.min(0.55)),
            _ => self.full(),
        }
    }

    /// An L: `wing` is where the inner corner lies, −1 to 1.
    pub(super) fn angle(&self, wing: f64) -> Footprint {
        self.shape(&[
            (-1.0, -1.0),
            (1.0, -1.0),
            (1.0, -wing),
            (-wing, -wing),
            (-wing, 1.0),
            (-1.0, 1.0),
        ])
    }

    /// A U, open to one side.
    pub(super) fn horseshoe(&self, wing: f64) -> Footprint {
        self.shape(&[
            (-1.0, -1.0),
            (1.0, -1.0),
            (1.0, 1.0),
            (wing, 1.0),
            (wing, -wing),
            (-wing, -wing),
            (-wing, 1.0),
            (-1.0, 1.0),
        ])
    }

    /// A house around a court.
    pub(super) fn courtyard(&self, wing: f64) -> Footprint {
        let court = [(-wing, -wing), (-wing, wing), (wing, wing), (wing, -wing)];
        Footprint {
            court: Some(self.points(&court)),
            ..self.full()
        }
    }

    fn shape(&self, corners: &[(f64, f64)]) -> Footprint {
        Footprint {
            outline: self.points(corners),
            court: None,
        }
    }

    fn points(&self, corners: &[(f64, f64)]) -> Vec<Pt> {
        corners.iter().map(|&(l, w)| self.at(l, w)).collect()
    }

    fn at(&self, length: f64, width: f64) -> Pt {
        self.middle + self.along * (self.half_length * length) + self.along.left() * (self.half_width * width)
    }

    fn fits(&self, ring: &[Pt], setback_m: f64) -> bool {
        let corners = self.full().outline;
        let inside = corners
            .iter()
            .all(|&p| contains(ring, p) && distance_to_edges(ring, p) >= setback_m);
        // A parcel's corner that points inward can reach between the rectangle's corners.
        inside
            && ring.iter().all(|&p| {
                !contains(&corners, p)
                    && edges(&corners).all(|(a, b)| super::plane::distance_to_edge(a, b, p) >= setback_m)
            })
    }
}

/// The unit vector along the ring's longest edge.
pub(super) fn longest_edge(ring: &[Pt]) -> Pt {
    let longest = edges(ring).max_by(|x, y| (x.1 - x.0).length().total_cmp(&(y.1 - y.0).length()));
    longest.map_or(pt(1.0, 0.0), |(a, b)| (b - a).unit())
}

#[cfg(test)]
mod tests {
    use super::super::plane::area;
    use super::*;

    #[test]
    fn a_site_keeps_off_the_edges_of_a_bent_parcel() {
        let ring = [
            pt(0.0, 0.0),
            pt(40.0, 0.0),
            pt(40.0, 30.0),
            pt(20.0, 21.0),
            pt(0.0, 30.0),
        ];
        let site = Site::find(&ring, pt(1.0, 0.0), 3.0).unwrap();
        let house = site.full();
        assert!(
            house
                .outline
                .iter()
                .all(|&p| distance_to_edges(&ring, p) >= 3.0 && contains(&ring, p))
        );
        assert!(area(&house.outline) > 25.0);
    }

    #[test]
    fn a_courtyard_has_its_court_inside() {
        let ring = [pt(0.0, 0.0), pt(50.0, 0.0), pt(50.0, 50.0), pt(0.0, 50.0)];
        let house = Site::find(&ring, pt(1.0, 0.0), 3.0).unwrap().courtyard(0.5);
        let court = house.court.unwrap();
        assert!(area(&court) < 0.0 && court.iter().all(|&p| contains(&house.outline, p)));
    }
}
