//! A box in a projected system whose sides are not straight in longitude and latitude.
//!
//! Features are tested where the box is one: their positions are projected, and so are places along their longer edges,
//! which are straight in longitude and latitude. So a feature that touches the box is not lost, and no other is found.

use super::OutCrs;
use onemap_atlas::FeatureView;
use onemap_model::cql2::{Corners, Datum, Expr, Filter, Kind, Literal, Place, SpatialOp, Subject};
use onemap_model::{Bbox, Coord, Fid, Geometry, Layer, Path, Polygon, TimeSpan};
use std::borrow::Cow;

/// Pieces of a side of the box, by which its place in longitude and latitude is found.
const PIECES: u32 = 32;
/// Edges near the box that are longer become so short, in degrees: two hundred metres bend by less than a millimetre.
const PIECE_DEG: f64 = 0.002;
/// An edge becomes no more pieces than this.
const MOST_PIECES: f64 = 4096.0;
/// By how much of the square of its length, in metres, an edge may bend: ten times what it does at 60 degrees north.
const BEND: f64 = 4e-7;

/// A box in a projected system.
#[derive(Debug)]
pub(crate) struct Window {
    crs: OutCrs,
    bbox: Bbox,
    near: Option<Bbox>,
    /// Whether a geometry meets the box; none where the layer has no geometry.
    filter: Option<Filter>,
}

/// A geometry in the system of the box.
struct Projected {
    geometry: Geometry,
}

impl Window {
    /// The box `bbox` of easting and northing in `crs`, for a layer.
    pub(crate) fn new(crs: OutCrs, bbox: Bbox, layer: &Layer) -> Self {
        Self {
            filter: filter(bbox, layer),
            near: around(&crs, bbox),
            crs,
            bbox,
        }
    }

    /// A box in longitude and latitude that holds it; none where it reaches beyond what has a place.
    pub(crate) fn near(&self) -> Option<Bbox> {
        self.near
    }

    /// Whether a feature has a point in common with it.
    pub(crate) fn touches(&self, feature: &FeatureView<'_>) -> bool {
        let Some(filter) = &self.filter else {
            return false;
        };
        let is_near = |own: Bbox| self.near.is_none_or(|near| near.intersects(&own));
        let geometry = feature
            .bbox()
            .filter(|own| is_near(*own))
            .and_then(|_| feature.geometry());
        let Some(geometry) = geometry else {
            return false;
        };
        let mut places = geometry.coords().map(|at| self.crs.east_north(at));
        if places.any(|at| at.is_none_or(|at| self.bbox.contains_point(at))) {
            // A feature that reaches to where the system has no numbers, and is near, is given rather than lost.
            return true;
        }
        let projected = self.projected(&geometry);
        projected.is_none_or(|geometry| filter.accepts(&Projected { geometry }))
    }

    fn projected(&self, geometry: &Geometry) -> Option<Geometry> {
        let paths = |paths: &[Path]| paths.iter().map(|path| self.path(path)).collect::<Option<Vec<_>>>();
        Some(match geometry {
            // None of its points is inside.
            Geometry::Points(_) => Geometry::Points(Path::default()),
            Geometry::Lines(lines) => Geometry::Lines(paths(lines)?),
            Geometry::Polygons(polygons) => {
                let polygon = |polygon: &Polygon| paths(&polygon.rings).map(|rings| Polygon { rings });
                Geometry::Polygons(polygons.iter().map(polygon).collect::<Option<_>>()?)
            }
            Geometry::Collection(parts) => {
                Geometry::Collection(parts.iter().map(|part| self.projected(part)).collect::<Option<_>>()?)
            }
        })
    }

    fn path(&self, path: &Path) -> Option<Path> {
        let coords = path.coords();
        let mut there: Vec<Coord> = coords
            .first()
            .map(|&at| self.crs.east_north(at))
            .into_iter()
            .collect::<Option<_>>()?;
        for pair in coords.windows(2) {
            let (from, to) = (there.last().copied()?, self.crs.east_north(pair[1])?);
            let pieces = if self.may_meet(from, to) {
                pieces(pair[0], pair[1])
            } else {
                1
            };
            for piece in 1..pieces {
                there.push(self.crs.east_north(between(pair[0], pair[1], piece, pieces))?);
            }
            there.push(to);
        }
        Path::new(there).ok()
    }

    /// Whether an edge, however it bends between its ends, may meet the box.
    fn may_meet(&self, from: Coord, to: Coord) -> bool {
        let bend = BEND * ((to.x - from.x).powi(2) + (to.y - from.y).powi(2));
        let Some(edge) = Bbox::around([from, to]) else {
            return false;
        };
        let edge = Bbox::new(
            edge.west() - bend,
            edge.south() - bend,
            edge.east() + bend,
            edge.north() + bend,
        );
        edge.is_ok_and(|edge| edge.intersects(&self.bbox))
    }
}

impl Subject for Projected {
    fn value(&self, _: usize) -> Datum<'_> {
        Datum::Null
    }

    fn geometry(&self) -> Option<Cow<'_, Geometry>> {
        Some(Cow::Borrowed(&self.geometry))
    }

    fn bbox(&self) -> Option<Bbox> {
        self.geometry.bbox()
    }

    fn public_id(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn fid(&self) -> Fid {
        Fid::new(1).expect("one is a number of a feature")
    }

    fn valid(&self) -> TimeSpan {
        TimeSpan::ALWAYS
    }
}

fn filter(bbox: Bbox, layer: &Layer) -> Option<Filter> {
    let here = |kind| Expr::new(kind, Place::default());
    let corners = Corners::new(bbox.to_array().to_vec()).ok()?;
    let pair = [
        here(Kind::Property("geom".into())),
        here(Kind::Literal(Literal::Bbox(corners))),
    ];
    let meets = here(Kind::Spatial(SpatialOp::Intersects, Box::new(pair)));
    Filter::compile(&meets, layer).ok()
}

/// A box in longitude and latitude around a box of the system, with room for what its sides bend between the places that
/// are looked at.
fn around(crs: &OutCrs, bbox: Bbox) -> Option<Bbox> {
    let corner = |x, y| Coord { x, y };
    let corners = [
        corner(bbox.west(), bbox.south()),
        corner(bbox.east(), bbox.south()),
        corner(bbox.east(), bbox.north()),
        corner(bbox.west(), bbox.north()),
        corner(bbox.west(), bbox.south()),
    ];
    let mut all: Option<Bbox> = None;
    let mut bend = 0.0_f64;
    for side in corners.windows(2) {
        let places = (0..=PIECES).map(|piece| crs.unproject(crs.ordered(between(side[0], side[1], piece, PIECES))));
        let places: Vec<Coord> = places.collect::<Option<_>>()?;
        let bends = places.windows(3).map(|three| {
            let turn = |a: f64, b: f64, c: f64| (a - 2.0 * b + c).abs();
            turn(three[0].x, three[1].x, three[2].x).max(turn(three[0].y, three[1].y, three[2].y))
        });
        bend = bends.fold(bend, f64::max);
        all = all.into_iter().chain(Bbox::around(places)).reduce(Bbox::union);
    }
    let [west, south, east, north] = all?.to_array();
    // Rounding moves a place by less than this.
    let room = bend + 1e-9;
    Bbox::new(west - room, south - room, east + room, north + room).ok()
}

fn pieces(a: Coord, b: Coord) -> u32 {
    let longest = (b.x - a.x).abs().max((b.y - a.y).abs());
    (longest / PIECE_DEG).ceil().clamp(1.0, MOST_PIECES) as u32
}

fn between(a: Coord, b: Coord, piece: u32, pieces: u32) -> Coord {
    let part = f64::from(piece) / f64::from(pieces);
    Coord {
        x: a.x + (b.x - a.x) * part,
        y: a.y + (b.y - a.y) * part,
    }
}
