//! Distances that are surely not undercut, and boxes that surely reach far enough: what indexes are searched by.

use super::spheroid::{LEAST_RADIUS, wrapped};
use crate::{Bbox, Coord};

/// Takes rounding off what must not be too much.
const SURE: f64 = 1.0 - 1e-8;
/// The same for what is next to nothing, in metres.
const LITTLE: f64 = 1e-5;

/// No place in the box is closer to `from`, in metres; at most 1 % less than what is true. 0 inside.
pub fn at_least_m(from: Coord, bbox: Bbox) -> f64 {
    let half = (bbox.east() - bbox.west()) / 2.0;
    let off = wrapped(bbox.center().x - from.x).abs();
    // The shorter way around the world to the box's nearer side.
    let along = (off - half).min(360.0 - off - half).max(0.0);
    let y = from.y.clamp(-90.0, 90.0);
    let (south, north) = (bbox.south().clamp(-90.0, 90.0), bbox.north().clamp(-90.0, 90.0));
    let angle = if along == 0.0 {
        (south - y).max(y - north).max(0.0).to_radians()
    } else {
        to_meridian(
            y.to_radians(),
            along.to_radians(),
            south.to_radians(),
            north.to_radians(),
        )
    };
    (angle * LEAST_RADIUS * SURE - LITTLE).max(0.0)
}

/// The angle on the sphere from a latitude to a run of the meridian `along` further.
fn to_meridian(y: f64, along: f64, south: f64, north: f64) -> f64 {
    let foot = y.sin().atan2(y.cos() * along.cos());
    if (south..=north).contains(&foot) {
        return (along.sin() * y.cos()).asin();
    }
    angle(y, south, along).min(angle(y, north, along))
}

/// The angle between two places by their latitudes and the difference of their longitudes.
fn angle(a: f64, b: f64, along: f64) -> f64 {
    let up = ((b - a) / 2.0).sin();
    let across = (along / 2.0).sin();
    let half = up * up + a.cos() * b.cos() * across * across;
    2.0 * half.sqrt().min(1.0).asin()
}

/// A box that holds all places within so many metres of `bbox`; none where it would reach a pole or the antimeridian.
pub fn reach(bbox: Bbox, metres: f64) -> Option<Bbox> {
    let angle = (metres.max(0.0) + LITTLE) / LEAST_RADIUS / SURE;
    let up = angle.to_degrees();
    let farthest = bbox.south().abs().max(bbox.north().abs());
    let ratio = angle.sin() / farthest.to_radians().cos();
    if farthest + up >= 90.0 || !(0.0..1.0).contains(&ratio) {
        return None;
    }
    let along = ratio.asin().to_degrees() / SURE;
    let [west, south, east, north] = bbox.to_array();
    let [west, east] = [west - along, east + along];
    if west < -180.0 || east > 180.0 {
        return None;
    }
    Bbox::new(west, south - up, east, north + up).ok()
}

#[cfg(test)]
mod tests {
    use super::super::spheroid::apart;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_in_a_box_is_closer_than_its_bound(
            x in -180.0..180.0, y in -90.0..90.0,
            west in -180.0..180.0, south in -90.0..90.0, width in 0.0..90.0, height in 0.0..40.0,
            parts in prop::collection::vec((0.0..=1.0, 0.0..=1.0), 1..20),
        ) {
            let north = f64::min(south + height, 90.0);
            let bbox = Bbox::new(west, south, west + width, north).unwrap();
            let from = Coord { x, y };
            let bound = at_least_m(from, bbox);
            for (across, up) in parts {
                let at = Coord { x: west + width * across, y: south + (north - south) * up };
                prop_assert!(bound <= apart(from, at) + 1e-6, "{bound} {at:?}");
            }
        }

        #[test]
        fn a_reach_holds_what_is_near(
            x in -180.0..180.0, y in -80.0..80.0, along in -1.0..1.0, up in -1.0..1.0, more in 0.0..1000.0,
        ) {
            let at = Coord { x: x + along, y: y + up };
            let from = Bbox::new(x, y, x, y).unwrap();
            let metres = apart(Coord { x, y }, at) + more;
            if let Some(reach) = reach(from, metres) {
                prop_assert!(reach.contains_point(at), "{reach:?}");
            }
        }
    }

    #[test]
    fn a_bound_is_close_to_the_truth_and_wraps() {
        let bbox = Bbox::new(115.0, 30.0, 115.1, 30.1).unwrap();
        let bound = at_least_m(Coord { x: 115.2, y: 30.05 }, bbox);
        assert!((9_500.0..9_650.0).contains(&bound), "{bound}");
        assert_eq!(at_least_m(Coord { x: 115.05, y: 30.05 }, bbox), 0.0);
        let fiji = Bbox::new(179.0, -17.0, 179.9, -16.0).unwrap();
        assert!(at_least_m(Coord { x: -179.9, y: -16.5 }, fiji) < 22_000.0);
        assert_eq!(reach(fiji, 20_000.0), None);
        assert_eq!(reach(Bbox::new(0.0, 89.0, 1.0, 89.9).unwrap(), 20_000.0), None);
    }
}
