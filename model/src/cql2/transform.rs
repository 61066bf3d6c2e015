//! Filters whose geometries are in another system than the layer's.

use super::ast::{Expr, Kind, Literal};
use super::error::{Cql2Error, Fault};
use super::shape::{Corners, Shape};
use crate::{Coord, Path, Polygon};

/// How many straight pieces each side of a box becomes: in another system its sides need not be straight.
const PIECES: u32 = 16;

/// Gives each position in the layer's system; none where it has none there.
type Transform<'t> = dyn FnMut(Coord) -> Option<Coord> + 't;

impl Expr {
    /// The same filter with every position of its geometries and boxes transformed. A box becomes the polygon that it
    /// is in its own system.
    ///
    /// # Errors
    /// A geometry with a position that `transform` gives no other for.
    pub fn transformed(self, transform: &mut Transform<'_>) -> Result<Self, Cql2Error> {
        let at = self.at();
        let kind = match self.into_kind() {
            Kind::Literal(Literal::Geometry(shape)) => geometry(Mover { transform }.shape(&shape), at.0)?,
            Kind::Literal(Literal::Bbox(corners)) => geometry(Mover { transform }.corners(&corners), at.0)?,
            kind => kind.with_parts(&mut |part| part.transformed(transform))?,
        };
        Ok(Expr::new(kind, at))
    }
}

fn geometry(shape: Result<Shape, Fault>, at: u32) -> Result<Kind, Cql2Error> {
    let shape = shape.map_err(|fault| Cql2Error::new(at, fault))?;
    Ok(Kind::Literal(Literal::Geometry(Box::new(shape))))
}

struct Mover<'m, 't> {
    transform: &'m mut Transform<'t>,
}

impl Mover<'_, '_> {
    fn shape(&mut self, shape: &Shape) -> Result<Shape, Fault> {
        Ok(match shape {
            Shape::Point(path) => Shape::Point(self.path(path)?),
            Shape::MultiPoint(path) => Shape::MultiPoint(self.path(path)?),
            Shape::LineString(path) => Shape::LineString(self.path(path)?),
            Shape::MultiLineString(paths) => Shape::MultiLineString(self.paths(paths)?),
            Shape::Polygon(polygon) => Shape::Polygon(self.polygon(polygon)?),
            Shape::MultiPolygon(polygons) => {
                Shape::MultiPolygon(polygons.iter().map(|one| self.polygon(one)).collect::<Result<_, _>>()?)
            }
            Shape::GeometryCollection(parts) => {
                Shape::GeometryCollection(parts.iter().map(|part| self.shape(part)).collect::<Result<_, _>>()?)
            }
        })
    }

    fn polygon(&mut self, polygon: &Polygon) -> Result<Polygon, Fault> {
        Ok(Polygon {
            rings: self.paths(&polygon.rings)?,
        })
    }

    fn paths(&mut self, paths: &[Path]) -> Result<Vec<Path>, Fault> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    /// Heights stay as they are.
    fn path(&mut self, path: &Path) -> Result<Path, Fault> {
        let coords = self.coords(path.coords().iter().copied())?;
        Path::with_z(coords, path.z().to_vec()).map_err(|error| Fault::BadGeometry(error.to_string()))
    }

    fn coords(&mut self, coords: impl Iterator<Item = Coord>) -> Result<Vec<Coord>, Fault> {
        let outside = |c: Coord| Fault::BadGeometry(format!("({}, {}) has no place in the layer's system", c.x, c.y));
        coords.map(|c| (self.transform)(c).ok_or_else(|| outside(c))).collect()
    }

    /// Numbers are taken in their order as x, y, x, y.
    fn corners(&mut self, corners: &Corners) -> Result<Shape, Fault> {
        let (min, max) = match *corners.numbers() {
            [a, b, c, d] | [a, b, _, c, d, _] => (Coord { x: a, y: b }, Coord { x: c, y: d }),
            _ => return Err(Fault::BadGeometry("a box has four numbers or six".to_owned())),
        };
        let outline = [
            (min.x, min.y),
            (max.x, min.y),
            (max.x, max.y),
            (min.x, max.y),
            (min.x, min.y),
        ];
        let sides = outline.windows(2).flat_map(|ends| {
            let ((ax, ay), (bx, by)) = (ends[0], ends[1]);
            (0..PIECES).map(move |piece| {
                let part = f64::from(piece) / f64::from(PIECES);
                Coord {
                    x: ax + (bx - ax) * part,
                    y: ay + (by - ay) * part,
                }
            })
        });
        let mut ring = self.coords(sides)?;
        ring.push(ring[0]);
        let ring = Path::new(ring).map_err(|error| Fault::BadGeometry(error.to_string()))?;
        Ok(Shape::Polygon(Polygon { rings: vec![ring] }))
    }
}
