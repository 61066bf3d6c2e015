//! CQL2, the filters of OGC API (21-065r2): what a client may ask of the features of a layer.
//!
//! [`Expr::from_text`] and [`Expr::from_json`] read a filter, [`Expr::to_text`] and [`Expr::to_json`] write it.
//! [`Filter::compile`] checks it against a layer, and only against that: names, types and numbers of arguments. What it
//! gives is asked of rows, one by one, with SQL's three truths.
//!
//! - `lex`, `text`, `text_operand`, `wkt`: CQL2 text; `read_json`, `json`, `geojson`: CQL2 JSON; `write_text`, `write_json`;
//! - `ast`, `ops`, `shape`: what was read;
//! - `schema`, `compile`: the filter against a layer;
//! - `eval`: the filter against a row; `scan`, `only`: against many rows that are kept by columns;
//! - `relate`: geometries against each other; `near`: within a distance of each other.
//!
//! Geometries are taken as they are, in longitude and latitude: whoever has them in another system (`filter-crs`)
//! transforms them with [`Expr::transformed`] before.
//!
//! Nothing here can be driven out of bounds: a filter has at most [`MAX_CHARS`] characters, [`MAX_NODES`] parts and
//! [`MAX_DEPTH`] levels, reading takes time in proportion to its length, and a row costs what [`Filter::cost`] says.

mod ast;
mod compile;
mod datum;
mod error;
mod eval;
mod filter;
mod fold;
mod function;
mod geojson;
mod hint;
mod json;
mod lex;
mod like;
mod near;
mod number;
mod only;
mod ops;
mod period;
mod plan;
mod positions;
mod read_json;
mod relate;
mod scan;
mod schema;
mod shape;
mod subject;
mod text;
mod text_operand;
mod transform;
mod wkt;
mod write_json;
mod write_text;

pub use ast::{Expr, Kind, Literal, Place};
pub use datum::Datum;
pub use error::{Cql2Error, Fault};
pub use filter::Filter;
pub use function::{FUNCTIONS, Function};
pub use ops::{Arithmetic, ArrayOp, Comparison, SpatialOp, TemporalOp};
pub use scan::{Columns, Scan};
pub use schema::{Queryable, Source, queryables};
pub use shape::{Corners, Shape};
pub use subject::{FeatureOf, Subject};
pub use write_text::Unwritable;

/// Most characters of a filter, as text or as JSON.
pub const MAX_CHARS: usize = 65_536;
/// Deepest nesting of a filter.
pub const MAX_DEPTH: u16 = 100;
/// Most operators, names and literals of a filter.
pub const MAX_NODES: u32 = 10_000;

/// What reading a filter may still use up.
#[derive(Debug, Default)]
struct Budget {
    depth: u16,
    nodes: u32,
}

impl Budget {
    /// One level deeper.
    fn enter(&mut self, at: u32) -> Result<(), Cql2Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Cql2Error::new(at, Fault::TooDeep));
        }
        Ok(())
    }

    /// One level back.
    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Counts an expression that was made.
    fn grown(&mut self, expr: Expr) -> Result<Expr, Cql2Error> {
        self.nodes += 1;
        let fault = if expr.height() > MAX_DEPTH {
            Fault::TooDeep
        } else if self.nodes > MAX_NODES {
            Fault::TooMany
        } else {
            return Ok(expr);
        };
        Err(Cql2Error::new(expr.at().0, fault))
    }
}

impl Expr {
    /// Reads CQL2 text.
    ///
    /// # Errors
    /// [`Cql2Error`] with the place of the fault.
    pub fn from_text(text: &str) -> Result<Self, Cql2Error> {
        text::parse(text)
    }

    /// Reads CQL2 JSON.
    ///
    /// # Errors
    /// [`Cql2Error`] with the place of the fault.
    pub fn from_json(text: &str) -> Result<Self, Cql2Error> {
        json::parse(text)
    }

    /// Writes CQL2 text, which is read as the same filter again.
    ///
    /// # Errors
    /// [`Unwritable`] for what the text form has no way to say, though JSON has.
    pub fn to_text(&self) -> Result<String, Unwritable> {
        write_text::write(self)
    }

    /// Writes CQL2 JSON, which is read as the same filter again.
    pub fn to_json(&self) -> String {
        write_json::write(self)
    }
}
