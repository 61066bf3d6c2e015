//! `S_DWITHIN(geometry, geometry, metres)`: whether a row comes within a distance of a place, measured on the ellipsoid.
//!
//! It is what PostGIS calls `ST_DWithin(geography, geography, metres)`, under the name that OGC's filters of XML and many
//! servers' text filters have for it; CQL2 itself has none. [`crate::measure`] says how distances are measured.

use super::ast::Expr;
use super::compile::{Compiler, wrong_type};
use super::error::{Cql2Error, Fault};
use super::ops::SpatialOp;
use super::plan::{Operand, Term};
use super::relate::{self, Prepared};
use crate::measure::{between_m, reach};
use crate::{Bbox, Geometry, Value};

/// Its name; case makes no difference.
pub const S_DWITHIN: &str = "s_dwithin";
/// More positions than these are too many to be near to: each is compared with what is near it.
const MAX_POSITIONS: usize = 1_000;

/// A place and a distance.
#[derive(Debug)]
pub(super) struct Near {
    given: Prepared,
    metres: f64,
    /// Holds everything that is near enough; none where that is not known.
    around: Option<Bbox>,
}

/// Whether a function of this name is the one.
pub(super) fn is_named(name: &str) -> bool {
    name.eq_ignore_ascii_case(S_DWITHIN)
}

impl Near {
    /// The geometry beside the row's, and the distance.
    pub fn compile(compiler: &Compiler<'_>, args: &[Expr], expr: &Expr) -> Result<Self, Cql2Error> {
        let [a, b, distance] = args else {
            let (name, expected) = (S_DWITHIN.to_owned(), "three arguments");
            let found = args.len();
            return Err(Cql2Error::new(expr.at().0, Fault::WrongCount { name, expected, found }));
        };
        let (given, at) = match (compiler.operand(a)?, compiler.operand(b)?) {
            (Operand::Own, Operand::Given(given)) => (*given, b),
            (Operand::Given(given), Operand::Own) => (*given, a),
            (Operand::Own, Operand::Own) => {
                return Err(wrong_type(
                    b,
                    "the layer's geometry once more",
                    "a geometry of the filter",
                ));
            }
            (Operand::Given(_), Operand::Given(_)) => {
                return Err(wrong_type(b, "a second geometry of the filter", "the layer's geometry"));
            }
        };
        let count = given.vertex_count();
        if count > MAX_POSITIONS {
            let found = format!("a geometry of {count} positions");
            return Err(wrong_type(at, found, "one of at most 1000"));
        }
        let metres = metres(compiler, distance)?;
        let around = given.bbox().and_then(|bbox| reach(bbox, metres));
        Ok(Self { given, metres, around })
    }

    /// A box that the box of every row that is near enough meets; none where that is not known.
    pub fn around(&self) -> Option<Bbox> {
        self.around
    }

    /// Whether nothing in a box can be near enough.
    pub fn is_beyond(&self, bbox: &Bbox) -> bool {
        self.around.is_some_and(|around| !around.intersects(bbox))
    }

    /// Whether a geometry is near enough; one without positions is not.
    pub fn holds(&self, geometry: &Geometry) -> bool {
        let given = &self.given;
        let meet = || relate::holds_beside(SpatialOp::Intersects, geometry, given);
        between_m(geometry, given.geometry(), self.metres, meet).is_some_and(|metres| metres <= self.metres)
    }

    /// What it costs to ask, roughly.
    pub fn cost(&self) -> u64 {
        70 + self.given.vertex_count() as u64
    }
}

fn metres(compiler: &Compiler<'_>, distance: &Expr) -> Result<f64, Cql2Error> {
    let metres = match compiler.number(distance)? {
        Term::Const(Value::Int(whole)) => whole as f64,
        Term::Const(Value::Float(float)) => float.get(),
        Term::Const(_) => return Err(wrong_type(distance, "no value", "a distance in metres")),
        _ => {
            let found = "a distance that differs from row to row";
            return Err(wrong_type(distance, found, "a number of metres"));
        }
    };
    if metres < 0.0 {
        return Err(wrong_type(
            distance,
            format!("the distance {metres}"),
            "one of 0 m or more",
        ));
    }
    Ok(metres)
}
