//! Integer coordinates of the whole world.
//!
//! Two resolutions: *fine*, 2^40 units across a grid's square world, counted from its north-western corner; and
//! *stored*, 2^32 units across the Web Mercator world, shifted by half so that it fills `i32`. Both round down: where a
//! tile unit is an even number of them, rounding down first and half-up afterwards gives exactly what rounding the real
//! number half-up would. That is so for the stored ones up to zoom 19, for the fine ones at every zoom.

use onemap_model::{Bbox, Coord, TileMatrixSet};

/// Fine units across the world, as a power of two.
pub(crate) const FINE_BITS: u32 = 40;
/// Stored units across the world, as a power of two.
pub(crate) const STORED_BITS: u32 = 32;

/// Worlds beside the real one that fine coordinates reach on every side; what lies further is moved there. With it no
/// later arithmetic can overflow.
const WORLDS_AROUND: f64 = 4.0;

/// A place in fine units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fine {
    pub x: i64,
    pub y: i64,
}

/// A place in the Web Mercator world in stored units, y downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct World {
    pub x: i32,
    pub y: i32,
}

/// A box in stored units, borders included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct WorldBox {
    pub min: World,
    pub max: World,
}

impl Fine {
    /// Projects longitude and latitude in degrees. Latitudes beyond a pole count as the pole.
    pub fn project(grid: TileMatrixSet, lonlat: Coord) -> Self {
        let at = grid.project(Coord {
            x: lonlat.x,
            y: lonlat.y.clamp(-90.0, 90.0),
        });
        let scale = (1_u64 << FINE_BITS) as f64;
        let fine = |part: f64| (part.clamp(-WORLDS_AROUND, 1.0 + WORLDS_AROUND) * scale).floor() as i64;
        Self {
            x: fine(at.x),
            y: fine(at.y),
        }
    }
}

impl World {
    /// The stored form of a place; none where it lies outside the Web Mercator world.
    pub fn from_fine(fine: Fine) -> Option<Self> {
        Some(Self {
            x: i32::try_from(stored(fine.x)).ok()?,
            y: i32::try_from(stored(fine.y)).ok()?,
        })
    }

    /// The stored form of a place, or of the nearest place of the world.
    pub fn nearest(fine: Fine) -> Self {
        let part = |fine: i64| stored(fine).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        Self {
            x: part(fine.x),
            y: part(fine.y),
        }
    }
}

impl World {
    /// The longitude and latitude of the place's north-western corner.
    pub fn lonlat(self) -> Coord {
        let part = |at: i32| (f64::from(at) + (1_u64 << (STORED_BITS - 1)) as f64) / (1_u64 << STORED_BITS) as f64;
        let angle = std::f64::consts::PI * (1.0 - 2.0 * part(self.y));
        Coord {
            x: part(self.x) * 360.0 - 180.0,
            y: angle.sinh().atan().to_degrees(),
        }
    }
}

fn stored(fine: i64) -> i64 {
    (fine >> (FINE_BITS - STORED_BITS)) - (1 << (STORED_BITS - 1))
}

impl WorldBox {
    /// A box inside out, which no point is in: the start for [`WorldBox::include`].
    pub const NOTHING: WorldBox = WorldBox {
        min: World {
            x: i32::MAX,
            y: i32::MAX,
        },
        max: World {
            x: i32::MIN,
            y: i32::MIN,
        },
    };

    /// The box in stored units that surely holds a box in degrees, and at most two units more on each side.
    pub fn around(bbox: Bbox) -> Self {
        let corner = |x, y| World::nearest(Fine::project(TileMatrixSet::WebMercatorQuad, Coord { x, y }));
        let min = corner(bbox.west(), bbox.north());
        let max = corner(bbox.east(), bbox.south());
        Self { min, max }.widened(1)
    }

    /// The box with `margin` units more on each side, kept inside the world.
    #[must_use]
    pub fn widened(self, margin: i32) -> Self {
        Self {
            min: World {
                x: self.min.x.saturating_sub(margin),
                y: self.min.y.saturating_sub(margin),
            },
            max: World {
                x: self.max.x.saturating_add(margin),
                y: self.max.y.saturating_add(margin),
            },
        }
    }

    /// What of [`WorldBox::around`] a box in degrees has whole: features whose stored vertices lie there have their exact
    /// ones in the box, for rounding moves them by less.
    #[must_use]
    pub fn inside(self) -> Self {
        self.widened(-3)
    }

    /// Makes the box large enough for `at`.
    pub fn include(&mut self, at: World) {
        self.min.x = self.min.x.min(at.x);
        self.min.y = self.min.y.min(at.y);
        self.max.x = self.max.x.max(at.x);
        self.max.y = self.max.y.max(at.y);
    }

    /// The smallest box around both.
    #[must_use]
    pub fn union(mut self, other: WorldBox) -> Self {
        self.include(other.min);
        self.include(other.max);
        self
    }

    /// Whether the boxes have a point in common; a touch counts.
    #[inline]
    pub fn intersects(&self, other: &WorldBox) -> bool {
        (self.min.x <= other.max.x)
            & (other.min.x <= self.max.x)
            & (self.min.y <= other.max.y)
            & (other.min.y <= self.max.y)
    }

    /// Whether `other` lies inside, borders included.
    #[inline]
    pub fn contains(&self, other: &WorldBox) -> bool {
        (self.min.x <= other.min.x)
            & (other.max.x <= self.max.x)
            & (self.min.y <= other.min.y)
            & (other.max.y <= self.max.y)
    }

    /// The middle, counted from the north-western corner of the world.
    pub fn center_unsigned(&self) -> (u32, u32) {
        let middle = |a: i32, b: i32| ((i64::from(a) + i64::from(b)).div_euclid(2) + (1 << 31)) as u32;
        (middle(self.min.x, self.max.x), middle(self.min.y, self.max.y))
    }
}
