//! Whether two geometries have a point in common. Exact.

use super::figure::{Figure, Place};
use super::pairs::pairs;
use std::ops::ControlFlow;

/// Whether they have a point in common; a touch counts.
pub(super) fn intersects(a: &Figure<'_>, b: &Figure<'_>) -> bool {
    has_point_in(a, b) || has_point_in(b, a) || segments_meet(a, b) || covers_track_of(a, b) || covers_track_of(b, a)
}

fn has_point_in(a: &Figure<'_>, b: &Figure<'_>) -> bool {
    a.points.iter().any(|&at| b.locate(at, &[]) != Place::Exterior)
}

fn segments_meet(a: &Figure<'_>, b: &Figure<'_>) -> bool {
    let mut found = false;
    pairs(a, b, |one, other| {
        found = one.segment.meets(&other.segment);
        if found {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    found
}

/// Whether a track of `b` lies in the area of `a`, whose rings it does not meet: then any of its positions tells.
fn covers_track_of(a: &Figure<'_>, b: &Figure<'_>) -> bool {
    a.has_area()
        && b.tracks
            .iter()
            .any(|track| a.locate_in_area(track.coords[0]) != Place::Exterior)
}
