//! Where the rows that a filter accepts can be.
//!
//! A row that stands in a spatial relation to a geometry, other than being disjoint from it, has a box that meets the
//! geometry's: [`super::eval`] asks for that before anything else, so the hint leaves out nothing. Several conditions
//! at once do not narrow it further than the narrowest: a row may meet two boxes far from each other.

use super::ops::SpatialOp;
use super::plan::{Operand, Test};
use crate::Bbox;

/// Whether the truth that is needed is that of the test or of its opposite.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    True,
    False,
}

/// A box that every row for which the test is true has a point of its box in common with.
pub(super) fn bbox(test: &Test) -> Option<Bbox> {
    near(test, Wanted::True)
}

fn near(test: &Test, wanted: Wanted) -> Option<Bbox> {
    match (test, wanted) {
        (Test::Not(test), Wanted::True) => near(test, Wanted::False),
        (Test::Not(test), Wanted::False) => near(test, Wanted::True),
        (Test::And(tests), Wanted::True) | (Test::Or(tests), Wanted::False) => {
            let boxes = tests.iter().filter_map(|test| near(test, wanted));
            boxes.min_by(|a, b| area(a).total_cmp(&area(b)))
        }
        (Test::Or(tests), Wanted::True) | (Test::And(tests), Wanted::False) => {
            let boxes: Option<Vec<Bbox>> = tests.iter().map(|test| near(test, wanted)).collect();
            boxes?.into_iter().reduce(Bbox::union)
        }
        (Test::Spatial(op, Operand::Own, Operand::Given(given)), wanted)
        | (Test::Spatial(op, Operand::Given(given), Operand::Own), wanted) => {
            let meets = (*op == SpatialOp::Disjoint) == (wanted == Wanted::False);
            given.bbox().filter(|_| meets)
        }
        (Test::Near(near), Wanted::True) => near.around(),
        _ => None,
    }
}

fn area(bbox: &Bbox) -> f64 {
    (bbox.east() - bbox.west()) * (bbox.north() - bbox.south())
}
