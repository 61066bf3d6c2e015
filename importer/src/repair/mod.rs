//! Repairs of geometries (`--repair`): only what was asked for, each one told, none that is worse than what it repairs.
//!
//! A repair that makes nothing valid of an invalid geometry, or changes its area by more than [`MOST_AREA_CHANGE`], is not
//! done, and that is told, too: whether so much land is there or not is for a surveyor to say. Geometries are in degrees,
//! as the store has them (decision 31).

mod outline;
mod polygons;

use crate::quality::measure::Scale;
use crate::quality::validity;
use onemap_model::{Coord, FindingCode, Geometry, Polygon};
use std::collections::BTreeSet;
use std::str::FromStr;

/// By this part of itself the area of a feature may change.
const MOST_AREA_CHANGE: f64 = 0.01;
/// What is less, in square metres, is no change: coordinates are rounded.
const NO_AREA_M2: f64 = 0.01;

/// One kind of repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Vertices that are repeated right after themselves are left out.
    Vertices,
    /// The tips of spikes are left out.
    Spikes,
    /// Invalid polygons become valid ones of the same area.
    Validity,
}

/// Which repairs are wanted; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(BTreeSet<Rule>);

/// What is told of a repair.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What was done, or that it could not be.
    pub code: FindingCode,
    /// Where.
    pub at: Coord,
    /// What exactly.
    pub message: String,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 3] = [Rule::Vertices, Rule::Spikes, Rule::Validity];

    /// What users call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Vertices => "vertices",
            Rule::Spikes => "spikes",
            Rule::Validity => "validity",
        }
    }

    /// The finding that tells of such a repair.
    pub fn code(self) -> FindingCode {
        match self {
            Rule::Vertices => FindingCode::VerticesRepaired,
            Rule::Spikes => FindingCode::SpikeRepaired,
            Rule::Validity => FindingCode::ValidityRepaired,
        }
    }
}

impl FromStr for Rules {
    type Err = String;

    /// Reads `all`, or names with commas between.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "all" {
            return Ok(Self(Rule::ALL.into()));
        }
        let one = |name: &str| {
            let found = Rule::ALL.into_iter().find(|rule| rule.as_str() == name.trim());
            found.ok_or_else(|| {
                let known = Rule::ALL.map(Rule::as_str).join(", ");
                format!("{:?} is no repair: expected all, or some of {known}", name.trim())
            })
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl Rules {
    /// Whether no repair is wanted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The geometry with the repairs that were wanted and possible; what was done, and what could not be.
    pub fn apply(&self, geometry: Geometry) -> (Geometry, Vec<Told>) {
        let (mut geometry, mut told) = self.once(geometry);
        // Cutting holes from shells leaves new vertices, and may leave spikes.
        if told.iter().any(|told| told.code == Rule::Validity.code()) {
            told.retain(|told| told.code != FindingCode::RepairRefused);
            let again;
            (geometry, again) = self.once(geometry);
            told.extend(again);
        }
        (geometry, told)
    }

    fn once(&self, mut geometry: Geometry) -> (Geometry, Vec<Told>) {
        let mut told = Vec::new();
        for &rule in &self.0 {
            match repaired(rule, &geometry) {
                Attempt::Needless => {}
                Attempt::Refused { at, reason } => told.push(Told {
                    code: FindingCode::RepairRefused,
                    at,
                    message: format!("{}: {reason}", rule.as_str()),
                }),
                Attempt::Done { at, to } => {
                    told.push(Told {
                        code: rule.code(),
                        at,
                        message: difference(&geometry, &to),
                    });
                    geometry = to;
                }
            }
        }
        (geometry, told)
    }
}

/// What came of a repair.
enum Attempt {
    /// There is nothing to repair.
    Needless,
    /// It cannot be done.
    Refused { at: Coord, reason: String },
    /// It was done.
    Done { at: Coord, to: Geometry },
}

fn repaired(rule: Rule, geometry: &Geometry) -> Attempt {
    let found = match rule {
        Rule::Vertices => outline::without_repeats(geometry).map(|(to, at)| (at, Ok(to))),
        Rule::Spikes => outline::without_spikes(geometry).map(|(to, at)| (at, Ok(to))),
        Rule::Validity => {
            let fault = validity::faults(geometry).into_iter().next();
            fault.map(|fault| (fault.at, polygons::made_valid(geometry)))
        }
    };
    let Some((at, to)) = found else {
        return Attempt::Needless;
    };
    match to.and_then(|to| accepted(geometry, to)) {
        Ok(to) => Attempt::Done { at, to },
        Err(reason) => Attempt::Refused { at, reason },
    }
}

/// `to`, where it is as valid as `from` or more so, and about as large.
fn accepted(from: &Geometry, to: Geometry) -> Result<Geometry, String> {
    if let Some(fault) = validity::faults(&to).into_iter().next() {
        let was_valid = validity::faults(from).is_empty();
        if was_valid || fault.code == FindingCode::ZeroLength {
            return Err(format!(
                "结果无效 / the result would be invalid: {}",
                fault.code.as_str()
            ));
        }
    }
    let (before, after) = (area_m2(from), area_m2(&to));
    if (after - before).abs() > (before * MOST_AREA_CHANGE).max(NO_AREA_M2) {
        return Err(format!(
            "面积将由 {before:.2} 变为 {after:.2} 平方米 / the area would go from {before:.2} to {after:.2} m²"
        ));
    }
    Ok(to)
}

fn difference(from: &Geometry, to: &Geometry) -> String {
    let (vertices, remaining) = (from.coord_count(), to.coord_count());
    let (before, after) = (area_m2(from), area_m2(to));
    let area = if before > 0.0 || after > 0.0 {
        format!("；面积 / area {before:.3} → {after:.3} m²")
    } else {
        String::new()
    };
    format!("节点 / vertices {vertices} → {remaining}{area}")
}

/// The area of the polygons: shells less holes.
fn area_m2(geometry: &Geometry) -> f64 {
    let of_polygon = |polygon: &Polygon| {
        let Some(first) = polygon.rings.first().and_then(|shell| shell.coords().first()) else {
            return 0.0;
        };
        let scale = Scale::at(first.y);
        let areas = polygon.rings.iter().map(|ring| scale.ring(ring.coords()).area_m2.abs());
        let mut areas = areas.collect::<Vec<_>>().into_iter();
        areas.next().unwrap_or(0.0) - areas.sum::<f64>()
    };
    match geometry {
        Geometry::Polygons(polygons) => polygons.iter().map(of_polygon).sum(),
        Geometry::Collection(parts) => parts.iter().map(area_m2).sum(),
        Geometry::Points(_) | Geometry::Lines(_) => 0.0,
    }
}

#[cfg(test)]
mod tests;
