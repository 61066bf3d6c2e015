//! Features that must lie in the district that their code names.
//!
//! A code's beginning says where a parcel was when it got the code, which need not be where it is today: lying wholly in
//! another district is a note only. Lying across a border, or outside all districts, is a fault.

use super::inside::{Inside, Side};
use super::measure::Scale;
use super::predicate::Segment;
use super::shapes::{Shape, Shapes};
use super::tree::{Tree, meet};
use onemap_model::{Coord, FindingCode};
use rayon::prelude::*;

/// A vertex may lie so far beyond a border, in metres.
pub const TOLERANCE_M: f64 = 0.1;

/// A feature that is not where its code says.
#[derive(Debug, Clone, PartialEq)]
pub struct Misplaced {
    /// Which, by its place in the layer.
    pub feature: usize,
    /// `outside-district`, `district-differs` or `district-unknown`.
    pub code: FindingCode,
    /// The area that it lies in instead, by its place.
    pub instead: Option<usize>,
    /// A vertex that lies outside.
    pub at: Coord,
}

/// An area, ready to be asked.
pub(super) struct Area<'a> {
    shape: Shape<'a>,
    rings: Vec<Inside<'a>>,
}

impl<'a> Area<'a> {
    pub(super) fn new(shape: Shape<'a>) -> Self {
        let rings = shape.rings().map(Inside::new).collect();
        Self { shape, rings }
    }

    /// Whether a point lies in it, or no more than the tolerance outside.
    pub(super) fn holds(&self, p: Coord) -> bool {
        let mut odd = false;
        for ring in &self.rings {
            match ring.side(p) {
                Side::On => return true,
                Side::Inside => odd = !odd,
                Side::Outside => {}
            }
        }
        odd || self.is_near(p)
    }

    /// Whether a point is within the tolerance of its border. Only asked of points outside.
    fn is_near(&self, p: Coord) -> bool {
        let scale = Scale::at(p.y);
        let (x, y) = (TOLERANCE_M / scale.x_m, TOLERANCE_M / scale.y_m);
        let window = [p.x - x, p.y - y, p.x + x, p.y + y];
        meet(&window, &self.shape.bbox) && self.shape.edges().any(|edge| distance_m(scale, p, edge) <= TOLERANCE_M)
    }

    /// How far a point is from its border.
    pub(super) fn distance_m(&self, p: Coord) -> f64 {
        let scale = Scale::at(p.y);
        let distances = self.shape.edges().map(|edge| distance_m(scale, p, edge));
        distances.fold(f64::INFINITY, f64::min)
    }

    fn outside(&self, shape: Shape<'_>) -> Option<Coord> {
        shape.rings().flatten().copied().find(|p| !self.holds(*p))
    }
}

fn distance_m(scale: Scale, p: Coord, edge: Segment) -> f64 {
    let ((ax, ay), (bx, by)) = (scale.step(p, edge.from), scale.step(p, edge.to));
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 {
        (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (ax + t * dx).hypot(ay + t * dy)
}

/// All features that are not where their code says; `areas` are named by their codes.
pub fn misplaced(features: &Shapes, areas: &Shapes) -> Vec<Misplaced> {
    let all: Vec<Area<'_>> = (0..areas.len()).map(|at| Area::new(areas.get(at))).collect();
    let tree = Tree::new(&areas.boxes());
    let judge = |feature: usize| -> Option<Misplaced> {
        if crate::interrupt::is_asked() {
            return None;
        }
        let (shape, code) = (features.get(feature), features.codes.get(feature));
        let named = (0..all.len()).find(|at| {
            let own = areas.codes.get(*at);
            !own.is_empty() && code.starts_with(own)
        });
        let Some(named) = named else {
            return (!code.is_empty()).then(|| Misplaced {
                feature,
                code: FindingCode::DistrictUnknown,
                instead: None,
                at: shape.middle(),
            });
        };
        let at = all[named].outside(shape)?;
        let mut instead = None;
        tree.query(&shape.bbox, |other| {
            if other != named && instead.is_none() && all[other].outside(shape).is_none() {
                instead = Some(other);
            }
        });
        let code = match instead {
            Some(_) => FindingCode::DistrictDiffers,
            None => FindingCode::OutsideDistrict,
        };
        Some(Misplaced {
            feature,
            code,
            instead,
            at,
        })
    };
    (0..features.len()).into_par_iter().filter_map(judge).collect()
}
