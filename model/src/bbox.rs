//! A rectangle along the axes.

use crate::Coord;

/// A box `west, south, east, north` in the units of its CRS, borders included; never empty, never inside out.
///
/// Longitudes do not wrap: a query over the antimeridian is two boxes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bbox {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

/// Why four numbers are no [`Bbox`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BboxError {
    /// One of the numbers is NaN or infinite.
    #[error("a box needs four finite numbers, got {0:?}")]
    NotFinite([f64; 4]),
    /// West is greater than east, or south greater than north.
    #[error("the box {0:?} is inside out: it must be west,south,east,north")]
    InsideOut([f64; 4]),
}

impl Bbox {
    /// Makes a box from its borders.
    ///
    /// # Errors
    /// [`BboxError`] where a number is not finite or the box would be inside out.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, BboxError> {
        let given = [west, south, east, north];
        if !given.iter().all(|n| n.is_finite()) {
            return Err(BboxError::NotFinite(given));
        }
        if west > east || south > north {
            return Err(BboxError::InsideOut(given));
        }
        Ok(Self {
            west,
            south,
            east,
            north,
        })
    }

    /// The smallest box around all `coords`; none where there are none. The coordinates must be finite.
    pub fn around(coords: impl IntoIterator<Item = Coord>) -> Option<Self> {
        let mut coords = coords.into_iter();
        let first = coords.next()?;
        let start = Self {
            west: first.x,
            south: first.y,
            east: first.x,
            north: first.y,
        };
        Some(coords.fold(start, Self::including))
    }

    /// The western border.
    pub fn west(&self) -> f64 {
        self.west
    }

    /// The southern border.
    pub fn south(&self) -> f64 {
        self.south
    }

    /// The eastern border.
    pub fn east(&self) -> f64 {
        self.east
    }

    /// The northern border.
    pub fn north(&self) -> f64 {
        self.north
    }

    /// The middle.
    pub fn center(&self) -> Coord {
        Coord {
            x: self.west + (self.east - self.west) / 2.0,
            y: self.south + (self.north - self.south) / 2.0,
        }
    }

    /// `[west, south, east, north]`, as GeoJSON and TileJSON write it.
    pub fn to_array(self) -> [f64; 4] {
        [self.west, self.south, self.east, self.north]
    }

    /// Whether the boxes have a point in common; a touch counts.
    pub fn intersects(&self, other: &Bbox) -> bool {
        self.west <= other.east && other.west <= self.east && self.south <= other.north && other.south <= self.north
    }

    /// Whether `other` lies inside, borders included.
    pub fn contains(&self, other: &Bbox) -> bool {
        self.west <= other.west && other.east <= self.east && self.south <= other.south && other.north <= self.north
    }

    /// Whether the point lies inside, borders included.
    pub fn contains_point(&self, point: Coord) -> bool {
        self.west <= point.x && point.x <= self.east && self.south <= point.y && point.y <= self.north
    }

    /// The smallest box around both.
    #[must_use]
    pub fn union(self, other: Bbox) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    fn including(self, c: Coord) -> Self {
        Self {
            west: self.west.min(c.x),
            south: self.south.min(c.y),
            east: self.east.max(c.x),
            north: self.north.max(c.y),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_finite_and_right_way_round() {
        assert!(matches!(
            Bbox::new(f64::NAN, 0.0, 1.0, 1.0),
            Err(BboxError::NotFinite(_))
        ));
        assert!(matches!(Bbox::new(2.0, 0.0, 1.0, 1.0), Err(BboxError::InsideOut(_))));
        assert!(Bbox::new(1.0, 1.0, 1.0, 1.0).is_ok());
    }

    #[test]
    fn a_touch_counts_as_intersection() {
        let a = Bbox::new(0.0, 0.0, 1.0, 1.0).unwrap();
        assert!(a.intersects(&Bbox::new(1.0, 1.0, 2.0, 2.0).unwrap()));
        assert!(!a.intersects(&Bbox::new(1.1, 0.0, 2.0, 2.0).unwrap()));
        assert!(a.contains(&a) && a.contains_point(Coord { x: 1.0, y: 0.0 }));
    }

    #[test]
    fn around_and_union_hold_everything() {
        let around = Bbox::around([Coord { x: 1.0, y: 5.0 }, Coord { x: -2.0, y: 7.0 }]).unwrap();
        assert_eq!(around.to_array(), [-2.0, 5.0, 1.0, 7.0]);
        assert_eq!(Bbox::around([]), None);
        assert_eq!(
            around.union(Bbox::new(0.0, 0.0, 9.0, 1.0).unwrap()).to_array(),
            [-2.0, 0.0, 9.0, 7.0]
        );
    }
}
