//! Web Mercator (EPSG:3857): longitude and latitude put on a sphere as they are.

use onemap_model::Coord;
use std::f64::consts::FRAC_PI_2;

const RADIUS_M: f64 = 6_378_137.0;
/// The poles themselves are infinitely far; what is nearer to them than eleven metres is put here.
const LAST_LATITUDE: f64 = 89.9999;

/// Degrees to metres.
#[inline]
pub(super) fn project(lonlat: Coord) -> Coord {
    let latitude = lonlat.y.clamp(-LAST_LATITUDE, LAST_LATITUDE).to_radians();
    Coord {
        x: RADIUS_M * lonlat.x.to_radians(),
        y: RADIUS_M * latitude.tan().asinh(),
    }
}

/// Metres to degrees.
pub(super) fn unproject(at: Coord) -> Coord {
    Coord {
        x: (at.x / RADIUS_M).to_degrees(),
        y: (FRAC_PI_2 - 2.0 * (-at.y / RADIUS_M).exp().atan()).to_degrees(),
    }
}
