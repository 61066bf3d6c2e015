//! Classes of streets: how wide they are and what the lattice's lines are.

use super::lattice::{Axis, LatticeEdge};
use super::plan::Plan;

/// The class of a street, in OpenStreetMap's words; the greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RoadClass {
    Motorway,
    Trunk,
    Primary,
    Secondary,
    Tertiary,
    Residential,
    Footway,
}

impl RoadClass {
    /// The word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Motorway => "motorway",
            Self::Trunk => "trunk",
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Tertiary => "tertiary",
            Self::Residential => "residential",
            Self::Footway => "footway",
        }
    }

    /// From the middle to the edge of the ground that is the street's, metres.
    pub(super) fn half_width_m(self) -> f64 {
        match self {
            Self::Motorway => 22.0,
            Self::Trunk => 20.0,
            Self::Primary => 16.0,
            Self::Secondary => 12.5,
            Self::Tertiary => 8.5,
            Self::Residential => 6.0,
            Self::Footway => 2.5,
        }
    }

    /// The class of a main street's stretch.
    pub(super) fn of_main(plan: &Plan, edge: LatticeEdge) -> Self {
        let (line, place) = (edge.line(), edge.place());
        // Small cities have quarters too small for wide streets all around.
        let outer = -((0.85 * plan.radius).round().max(1.0) as i32);
        let inner = (0.42 * plan.radius).round().max(1.0) as i32;
        let on_ring = |low: i32, high: i32| (low..high).contains(&place);
        match edge.axis {
            Axis::AlongRiver if line == outer => Self::Motorway,
            Axis::AlongRiver if line == plan.bank => Self::Primary,
            Axis::AlongRiver if line == 0 => Self::Trunk,
            Axis::ToRiver if line == 0 => Self::Trunk,
            Axis::AlongRiver if line.abs() == inner && on_ring(-inner, inner) => Self::Trunk,
            Axis::ToRiver if line.abs() == inner && on_ring(-inner, inner.min(plan.bank)) => Self::Trunk,
            Axis::ToRiver if plan.radius > 25.0 && line.rem_euclid(24) == 17 => Self::Motorway,
            Axis::AlongRiver if plan.radius > 25.0 && line.rem_euclid(24) == 9 => Self::Motorway,
            _ if line.rem_euclid(3) == 0 => Self::Primary,
            _ => Self::Secondary,
        }
    }
}
