//! What a tile should hold: the source projected and clipped in `f64`, and the rule by which a tile agrees with it.
//!
//! The rule is *within one grid unit*: a tile's vertices are rounded (½ a unit along each axis), and so are the places
//! where an edge leaves the clip box (another ½). Distances are therefore measured along the axes (the greater of the
//! two differences), and none may exceed [`TOLERANCE`]. What lies within a unit of the clip box's border may be in or
//! out; what rounding can make vanish may be absent. Each kind of geometry says the rest in its module.

mod lines;
mod plane;
mod points;
mod polygons;
mod project;

pub use polygons::Judgement;
pub use project::{Grid, Tile};

use geo::{Geometry, MultiPolygon};

/// One unit, and a little for the arithmetic in `f64`.
pub const TOLERANCE: f64 = 1.0 + 1e-6;

/// How far beyond its edges a tile reaches, in units.
pub const BUFFER: f64 = 64.0;

/// Units a tile.
pub const EXTENT: f64 = 4096.0;

/// How one feature of a tile agrees with its source.
///
/// `source` is in units of the tile (see [`Tile::project`]) and whole; `found` is the tile's geometry, none where the
/// feature is absent from it.
///
/// # Errors
/// What does not agree, in words with coordinates in units.
///
/// # Panics
/// Where `source` is a collection: no layer compared here has any.
pub fn judge(source: &Geometry<f64>, found: Option<&Geometry<f64>>) -> Result<Judgement, String> {
    match (source, found) {
        (Geometry::MultiPoint(source), None) => points::judge(source, &[]),
        (Geometry::MultiPoint(source), Some(Geometry::MultiPoint(found))) => points::judge(source, &found.0),
        (Geometry::MultiLineString(source), None) => lines::judge(source, &[]),
        (Geometry::MultiLineString(source), Some(Geometry::MultiLineString(found))) => lines::judge(source, &found.0),
        (Geometry::MultiPolygon(source), None) => polygons::judge(source, &MultiPolygon(vec![])),
        (Geometry::MultiPolygon(source), Some(Geometry::MultiPolygon(found))) => polygons::judge(source, found),
        (Geometry::GeometryCollection(_), _) => panic!("collections are not compared"),
        (_, Some(found)) => Err(format!("a tile geometry of another kind than the source's: {found:?}")),
        (other, None) => panic!("sources are multi-geometries, not {other:?}"),
    }
}
