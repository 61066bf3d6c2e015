//! Geometry literals in CQL2 text: Well-Known Text, with `EMPTY`, with heights (`Z` written or not).

use super::MAX_DEPTH;
use super::error::{Cql2Error, Fault};
use super::lex::Token;
use super::positions::{Positions, polygon};
use super::shape::{Shape, ShapeKind};
use super::text::Parser;
use crate::Polygon;

impl Parser<'_> {
    /// Whether what follows the name of a geometry's kind makes it one, a bracket apart.
    pub(super) fn at_shape(&self) -> bool {
        let next = self.lexer.peek();
        next.is_word("z") || next.is_word("empty")
    }

    /// What follows the name of the kind.
    pub(super) fn shape(&mut self, kind: ShapeKind, depth: u16) -> Result<Shape, Cql2Error> {
        let at = self.lexer.at();
        if depth > MAX_DEPTH {
            return Err(Cql2Error::new(at, Fault::TooDeep));
        }
        self.eat_word("z")?;
        let fault = |fault| Cql2Error::new(at, fault);
        Ok(match kind {
            ShapeKind::Point => Shape::Point(self.positions()?.point().map_err(fault)?),
            ShapeKind::LineString => Shape::LineString(self.positions()?.line().map_err(fault)?),
            ShapeKind::MultiPoint => Shape::MultiPoint(self.points()?.points().map_err(fault)?),
            ShapeKind::MultiLineString => {
                let lines = self.many(Self::positions)?;
                Shape::MultiLineString(
                    lines
                        .into_iter()
                        .map(Positions::line)
                        .collect::<Result<_, _>>()
                        .map_err(fault)?,
                )
            }
            ShapeKind::Polygon => Shape::Polygon(self.polygon()?),
            ShapeKind::MultiPolygon => Shape::MultiPolygon(self.many(Self::polygon)?),
            ShapeKind::GeometryCollection => Shape::GeometryCollection(self.many(|parser| parser.member(depth))?),
        })
    }

    fn member(&mut self, depth: u16) -> Result<Shape, Cql2Error> {
        let at = self.lexer.at();
        let found = self.lexer.next()?;
        let kind = match &found {
            Token::Word(word) => ShapeKind::named(word),
            _ => None,
        };
        let kind = kind.ok_or_else(|| Cql2Error::unexpected(at, found.describe(), "a geometry such as POINT(1 2)"))?;
        self.shape(kind, depth + 1)
    }

    fn polygon(&mut self) -> Result<Polygon, Cql2Error> {
        let at = self.lexer.at();
        polygon(self.many(Self::positions)?).map_err(|fault| Cql2Error::new(at, fault))
    }

    /// `(…, …)` or `EMPTY`.
    fn many<T>(&mut self, read: impl FnMut(&mut Self) -> Result<T, Cql2Error>) -> Result<Vec<T>, Cql2Error> {
        if self.eat_word("empty")? {
            return Ok(Vec::new());
        }
        self.symbol("(")?;
        self.list(read)
    }

    /// `(1 2, 3 4)`
    fn positions(&mut self) -> Result<Positions, Cql2Error> {
        let mut positions = Positions::default();
        self.many(|parser| parser.position(&mut positions))?;
        Ok(positions)
    }

    /// `((1 2), (3 4))` or `(1 2, 3 4)`
    fn points(&mut self) -> Result<Positions, Cql2Error> {
        let mut positions = Positions::default();
        self.many(|parser| {
            let at = parser.lexer.at();
            if !parser.lexer.peek().is("(") {
                return parser.position(&mut positions);
            }
            let one = parser.positions()?;
            positions.append(one).map_err(|fault| Cql2Error::new(at, fault))
        })?;
        Ok(positions)
    }

    fn position(&mut self, positions: &mut Positions) -> Result<(), Cql2Error> {
        let at = self.lexer.at();
        let mut numbers = Vec::with_capacity(3);
        while numbers.len() < 4 && !(self.lexer.peek().is(",") || self.lexer.peek().is(")")) {
            numbers.push(self.coordinate()?);
        }
        positions.push(&numbers).map_err(|fault| Cql2Error::new(at, fault))
    }
}
