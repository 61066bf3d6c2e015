//! Points: each within half a unit of where it should be, none missing, none too many.

use super::plane::{apart, clip_box, holds};
use super::{Judgement, TOLERANCE};
use geo::{MultiPoint, Point};

/// Rounding moves a point by half a unit at most; nothing else may.
const ROUNDING: f64 = 0.5 + 1e-6;

pub fn judge(source: &MultiPoint<f64>, found: &[Point<f64>]) -> Result<Judgement, String> {
    let mut left: Vec<_> = found.to_vec();
    let possible = clip_box(TOLERANCE);
    let mut judgement = Judgement::Absent;
    for point in source {
        let at = left.iter().position(|found| apart(found.0, point.0) <= ROUNDING);
        match at {
            Some(at) => {
                left.swap_remove(at);
                judgement = Judgement::Equal;
            }
            // Points of one feature that round to the same place may be written once.
            None if found.iter().any(|found| apart(found.0, point.0) <= ROUNDING) => {}
            None if holds(&clip_box(-TOLERANCE), point.0) => return Err(format!("the point {point:?} is missing")),
            None => {}
        }
    }
    match left
        .iter()
        .find(|found| !holds(&possible, found.0) || !source.iter().any(|p| apart(p.0, found.0) <= ROUNDING))
    {
        Some(extra) => Err(format!("the point {extra:?} is not in the source")),
        None if left.is_empty() => Ok(judgement),
        None => Err(format!("the points {left:?} stand more often than in the source")),
    }
}
