//! The ellipsoid, and distances on it: by Karney's geodesics, and by a series for places close to each other.

use crate::Coord;
use geographiclib_rs::{Geodesic, InverseGeodesic};
use std::sync::LazyLock;

/// The equatorial radius of GRS 80, in metres.
pub(super) const A: f64 = 6_378_137.0;
/// The flattening of GRS 80.
const F: f64 = 1.0 / 298.257_222_101;
/// The square of its eccentricity.
pub(super) const E2: f64 = F * (2.0 - F);
/// The smallest radius of curvature there is, that of the meridian at the equator: no way is shorter than the same on a
/// sphere of this radius.
pub(super) const LEAST_RADIUS: f64 = A * (1.0 - E2);
/// In degrees of latitude and of longitude: places that are closer than this are measured by the series.
const CLOSE: f64 = 0.02;
/// The series are not used nearer to a pole.
pub(super) const POLAR: f64 = 75.0;

/// The ellipsoid near a latitude.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    pub sin: f64,
    pub cos: f64,
    /// `1 - e² sin²`
    pub w: f64,
    /// The radius of curvature of the meridian.
    pub meridian: f64,
    /// The radius of the parallel.
    pub parallel: f64,
}

impl Local {
    /// At a latitude in radians.
    #[inline]
    pub fn at(latitude: f64) -> Self {
        let (sin, cos) = latitude.sin_cos();
        let w = 1.0 - E2 * sin * sin;
        let across = A / w.sqrt();
        Self {
            sin,
            cos,
            w,
            meridian: LEAST_RADIUS / (w * w.sqrt()),
            parallel: across * cos,
        }
    }
}

/// The geodesics of the ellipsoid.
pub(super) fn geodesic() -> &'static Geodesic {
    static GRS80: LazyLock<Geodesic> = LazyLock::new(|| Geodesic::new(A, F));
    &GRS80
}

/// The place with its latitude brought to the pole, where it is beyond it.
#[inline]
pub(super) fn on_earth(at: Coord) -> Coord {
    Coord {
        x: at.x,
        y: at.y.clamp(-90.0, 90.0),
    }
}

/// A difference of longitudes, between -180 and 180.
#[inline]
pub(super) fn wrapped(degrees: f64) -> f64 {
    if degrees.abs() <= 180.0 {
        degrees
    } else {
        (degrees + 180.0).rem_euclid(360.0) - 180.0
    }
}

/// The length of the geodesic between two places.
#[inline]
pub(super) fn apart(a: Coord, b: Coord) -> f64 {
    close(a, b).unwrap_or_else(|| {
        let (a, b) = (on_earth(a), on_earth(b));
        geodesic().inverse(a.y, a.x, b.y, b.x)
    })
}

/// The geodesic from `a` to `b`: its length, and the way back at `b`, east and north, as a vector of that length.
pub(super) fn back_from(a: Coord, b: Coord) -> (f64, [f64; 2]) {
    let (a, b) = (on_earth(a), on_earth(b));
    let (length, _, azimuth, _): (f64, f64, f64, f64) = geodesic().inverse(a.y, a.x, b.y, b.x);
    let (sin, cos) = azimuth.to_radians().sin_cos();
    (length, [-length * sin, -length * cos])
}

/// The distance of places that are close: the formula of the half angles on a sphere, with the ellipsoid's own radii at
/// the middle latitude. Off by less than a part in 10^9. None where they are not close.
#[inline]
pub(super) fn close(a: Coord, b: Coord) -> Option<f64> {
    let (up, along) = (b.y - a.y, wrapped(b.x - a.x));
    let middle = a.y + up / 2.0;
    if up.abs() > CLOSE || along.abs() > CLOSE || middle.abs() > POLAR {
        return None;
    }
    let (up, along) = (up.to_radians(), along.to_radians());
    let here = Local::at(middle.to_radians());
    let (up2, along2) = (up * up, along * along);
    let north = here.meridian * up * (1.0 - up2 / 24.0 - along2 / 8.0);
    let east = here.parallel * along * (1.0 - along2 / 24.0);
    let chord2 = north * north + east * east;
    Some(chord2.sqrt() * (1.0 + chord2 / (24.0 * A * A)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn close_places_are_as_far_apart_as_their_geodesic_is_long(
            x in -180.0..180.0, y in -74.0..74.0, along in -0.02..0.02, up in -0.02..0.02,
        ) {
            let (a, b) = (Coord { x, y }, Coord { x: x + along, y: y + up });
            prop_assume!(close(a, b).is_some());
            let exact: f64 = geodesic().inverse(a.y, a.x, b.y, b.x);
            prop_assert!((close(a, b).unwrap() - exact).abs() < 2e-6, "{:?} {exact}", close(a, b));
        }
    }

    #[test]
    fn longitudes_wrap() {
        for (degrees, expected) in [(0.0, 0.0), (181.0, -179.0), (-200.0, 160.0), (720.5, 0.5)] {
            assert_eq!(wrapped(degrees), expected);
        }
        let (a, b) = (Coord { x: 179.999, y: 30.0 }, Coord { x: -179.999, y: 30.0 });
        assert!((apart(a, b) - 193.0).abs() < 0.1, "{}", apart(a, b));
    }
}
