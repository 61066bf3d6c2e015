//! How areas and lengths are measured: on the ellipsoid, or in the plane of a projection. Every answer says which.

use crate::crs::{OutCrs, Unit};
use crate::problem::{Problem, shorten};
use onemap_model::{Coord, Geometry, Layer, measure};
use serde_json::{Value, json};

const ELLIPSOIDAL: &str = "ellipsoidal";
const PLANAR: &str = "planar:";

/// A way to measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Measured {
    /// On the ellipsoid of CGCS2000, edges being geodesics.
    Ellipsoidal,
    /// In the plane of a projection.
    Planar(OutCrs),
}

impl Measured {
    /// Reads `ellipsoidal` (also nothing, and `true`) or `planar:EPSG:4547`.
    ///
    /// # Errors
    /// 400 for another word, or a system that is no plane.
    pub fn parse(name: &str, text: &str, layer: &Layer) -> Result<Self, Problem> {
        if matches!(text, "" | "true" | ELLIPSOIDAL) {
            return Ok(Self::Ellipsoidal);
        }
        let system = text.strip_prefix(PLANAR).ok_or_else(|| {
            let text = shorten(text);
            Problem::bad_request(format!(
                "{name}: {text:?} is no way to measure: expected {ELLIPSOIDAL} or {PLANAR}EPSG:4547"
            ))
        })?;
        let system = OutCrs::read(name, system, layer)?;
        match system.unit() {
            Unit::Metre => Ok(Self::Planar(system)),
            Unit::Degree => Err(Problem::bad_request(format!(
                "{name}: {:?} is in degrees: expected a projected system, such as {PLANAR}EPSG:4547",
                shorten(text)
            ))),
        }
    }

    /// The area in square metres; none where the system has no place for it.
    pub fn area(self, geometry: &Geometry) -> Option<f64> {
        match self {
            Self::Ellipsoidal => Some(measure::area_m2(geometry)),
            Self::Planar(system) => measure::planar_area(geometry, &|at: Coord| system.east_north(at)),
        }
    }

    /// The length in metres; none where the system has no place for it.
    pub fn length(self, geometry: &Geometry) -> Option<f64> {
        match self {
            Self::Ellipsoidal => Some(measure::length_m(geometry)),
            Self::Planar(system) => measure::planar_length(geometry, &|at: Coord| system.east_north(at)),
        }
    }

    /// What the answer says of it.
    pub fn describe(self, unit: &str) -> Value {
        match self {
            Self::Ellipsoidal => {
                json!({"method": ELLIPSOIDAL, "ellipsoid": "GRS 80 (CGCS2000)", "edges": "geodesics", "unit": unit})
            }
            Self::Planar(system) => json!({"method": "planar", "crs": system.uri(), "unit": unit}),
        }
    }
}

/// To the tenth of a square millimetre, or the tenth of a millimetre: what is beyond it is noise.
pub(crate) fn rounded(metres: f64) -> f64 {
    (metres * 1e4).round() / 1e4
}
