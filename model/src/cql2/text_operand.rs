//! Operands of CQL2 text: values, properties, functions, groups and lists.

use super::ast::{Expr, Kind, Literal, OR, SUM};
use super::error::{Cql2Error, Fault, quoted};
use super::lex::Token;
use super::ops::{Arithmetic, ArrayOp, Named, SpatialOp, TemporalOp};
use super::shape::{Corners, ShapeKind};
use super::text::{Group, KEYWORDS, Parser, Read};
use crate::{Date, Finite, Instant};

impl Parser<'_> {
    /// An operand with its sign.
    pub(super) fn factor(&mut self) -> Read<Expr> {
        let at = self.lexer.at();
        if self.eat("+")? {
            return self.factor_in_depth(at);
        }
        if !self.eat("-")? {
            return self.operand();
        }
        if let Token::Number(number) = self.lexer.peek() {
            let literal = read_number(&format!("-{number}"), at)?;
            self.lexer.next()?;
            return self.make(Kind::Literal(literal), at);
        }
        let operand = self.factor_in_depth(at)?;
        let minus_one = self.make(Kind::Literal(Literal::Int(-1)), at)?;
        self.make(
            Kind::Arithmetic(Arithmetic::Multiply, Box::new([minus_one, operand])),
            at,
        )
    }

    fn factor_in_depth(&mut self, at: u32) -> Read<Expr> {
        self.budget.enter(at)?;
        let factor = self.factor();
        self.budget.leave();
        factor
    }

    fn operand(&mut self) -> Read<Expr> {
        let at = self.lexer.at();
        let kind = match self.lexer.next()? {
            Token::Symbol("(") => return self.group(at),
            Token::Number(number) => Kind::Literal(read_number(&number, at)?),
            Token::Text(text) => Kind::Literal(Literal::Text(text.into())),
            Token::Quoted(name) => Kind::Property(name.into()),
            Token::Word(word) => self.named(word, at)?,
            found => return Err(unexpected_operand(&found, at)),
        };
        self.make(kind, at)
    }

    /// `(a)`, or the list `(a, b)`, with the bracket read.
    fn group(&mut self, at: u32) -> Read<Expr> {
        if self.eat(")")? {
            return self.make(Kind::List(Vec::new()), at);
        }
        let (first_at, first) = (self.lexer.at(), self.expr(OR)?);
        let layers = self.layers(first_at);
        if self.eat(")")? {
            self.group = Group {
                open_at: at,
                after: self.lexer.at(),
                layers: layers + 1,
            };
            return Ok(first);
        }
        let first = self.as_lists(first, first_at, layers)?;
        let elements = self.more(first, Self::element)?;
        self.make(Kind::List(elements), at)
    }

    /// An argument of an `A_…` function, or an element of a list: what fills it in brackets is a list.
    fn element(&mut self) -> Read<Expr> {
        let (at, element) = (self.lexer.at(), self.expr(OR)?);
        self.as_lists(element, at, self.layers(at))
    }

    /// How many brackets there are around an expression that began at `at` and has just been read.
    fn layers(&self, at: u32) -> u16 {
        let Group { open_at, after, layers } = self.group;
        if open_at == at && after == self.lexer.at() {
            layers
        } else {
            0
        }
    }

    fn as_lists(&mut self, mut element: Expr, at: u32, layers: u16) -> Read<Expr> {
        for _ in 0..layers {
            element = self.make(Kind::List(vec![element]), at)?;
        }
        Ok(element)
    }

    /// A name, or what a keyword begins.
    fn named(&mut self, word: String, at: u32) -> Read<Kind> {
        let is_call = self.lexer.peek().is("(");
        if let Some(kind) = ShapeKind::named(&word).filter(|_| is_call || self.at_shape()) {
            let shape = self.shape(kind, 0)?;
            return Ok(Kind::Literal(Literal::Geometry(Box::new(shape))));
        }
        let folded = word.to_ascii_lowercase();
        match folded.as_str() {
            "true" => return Ok(Kind::Literal(Literal::Bool(true))),
            "false" => return Ok(Kind::Literal(Literal::Bool(false))),
            keyword if KEYWORDS.contains(&keyword) => return Err(unexpected_operand(&Token::Word(word), at)),
            _ if !is_call => return Ok(Kind::Property(word.into())),
            _ => self.symbol("(")?,
        }
        match folded.as_str() {
            "date" => {
                let (text, at) = self.only_text()?;
                Ok(Kind::Literal(Literal::Date(
                    Date::parse(&text).map_err(|e| Cql2Error::new(at, e))?,
                )))
            }
            "timestamp" => {
                let (text, at) = self.only_text()?;
                Ok(Kind::Literal(Literal::Timestamp(
                    Instant::parse(&text).map_err(|e| Cql2Error::new(at, e))?,
                )))
            }
            "interval" => self.interval(),
            "bbox" => {
                let numbers = self.list(Self::coordinate)?;
                let corners = Corners::new(numbers).map_err(|fault| Cql2Error::new(at, fault))?;
                Ok(Kind::Literal(Literal::Bbox(corners)))
            }
            "casei" => Ok(Kind::CaseI(Box::new(self.only()?))),
            "accenti" => Ok(Kind::AccentI(Box::new(self.only()?))),
            _ => self.call(&word, &folded, at),
        }
    }

    fn call(&mut self, word: &str, folded: &str, at: u32) -> Read<Kind> {
        let pair = |args: Vec<Expr>| -> Read<Box<[Expr; 2]>> {
            let found = args.len();
            let name = word.to_owned();
            let wrong = |_| {
                Cql2Error::new(
                    at,
                    Fault::WrongCount {
                        name,
                        expected: "two arguments",
                        found,
                    },
                )
            };
            args.try_into().map(Box::new).map_err(wrong)
        };
        if let Some(op) = SpatialOp::named(folded) {
            return Ok(Kind::Spatial(op, pair(self.list(|parser| parser.expr(OR))?)?));
        }
        if let Some(op) = TemporalOp::named(folded) {
            return Ok(Kind::Temporal(op, pair(self.list(|parser| parser.expr(OR))?)?));
        }
        if let Some(op) = ArrayOp::named(folded) {
            return Ok(Kind::Array(op, pair(self.list(Self::element)?)?));
        }
        Ok(Kind::Call(word.into(), self.list(|parser| parser.expr(OR))?))
    }

    /// The bounds of an interval: texts are days, times or `..`.
    fn interval(&mut self) -> Read<Kind> {
        let start = self.bound()?;
        self.symbol(",")?;
        let end = self.bound()?;
        self.symbol(")")?;
        Ok(Kind::Interval(Box::new([start, end])))
    }

    fn bound(&mut self) -> Read<Expr> {
        let at = self.lexer.at();
        if let Token::Text(text) = self.lexer.peek() {
            let literal = read_bound(text, at)?;
            self.lexer.next()?;
            return self.make(Kind::Literal(literal), at);
        }
        self.expr(SUM)
    }

    /// What stands between brackets, with the first one read.
    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        if self.eat(")")? {
            return Ok(Vec::new());
        }
        let first = read(self)?;
        if self.eat(")")? {
            return Ok(vec![first]);
        }
        self.more(first, read)
    }

    /// What follows the first element, commas and the closing bracket included.
    fn more<T>(&mut self, first: T, mut read: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let mut all = vec![first];
        while !self.eat(")")? {
            if !self.eat(",")? {
                return Err(self.expected(self.lexer.peek().clone(), "a comma or a closing bracket"));
            }
            all.push(read(self)?);
        }
        Ok(all)
    }

    fn only(&mut self) -> Read<Expr> {
        let expr = self.expr(OR)?;
        self.symbol(")")?;
        Ok(expr)
    }

    fn only_text(&mut self) -> Read<(String, u32)> {
        let at = self.lexer.at();
        match self.lexer.next()? {
            Token::Text(text) => {
                self.symbol(")")?;
                Ok((text, at))
            }
            found => Err(Cql2Error::unexpected(at, found.describe(), "a time in single quotes")),
        }
    }

    /// A number with its sign.
    pub(super) fn coordinate(&mut self) -> Read<f64> {
        let at = self.lexer.at();
        let negative = self.eat("-")?;
        if !negative {
            self.eat("+")?;
        }
        match self.lexer.next()? {
            Token::Number(number) => {
                let size = read_float(&number, at)?.get();
                Ok(if negative { -size } else { size })
            }
            found => Err(Cql2Error::unexpected(at, found.describe(), "a coordinate")),
        }
    }
}

fn unexpected_operand(found: &Token, at: u32) -> Cql2Error {
    Cql2Error::unexpected(at, found.describe(), "a property, a value or an opening bracket")
}

/// A number as it stands: whole where it has neither point nor exponent and fits.
pub(super) fn read_number(text: &str, at: u32) -> Read<Literal> {
    match text.parse() {
        Ok(whole) => Ok(Literal::Int(whole)),
        Err(_) => read_float(text, at).map(Literal::Float),
    }
}

fn read_float(text: &str, at: u32) -> Read<Finite> {
    let number = text.parse().ok().and_then(Finite::new);
    number.ok_or_else(|| Cql2Error::new(at, Fault::BadNumber(quoted(text))))
}

/// A bound of an interval as its text says it.
pub(super) fn read_bound(text: &str, at: u32) -> Read<Literal> {
    match text {
        ".." => Ok(Literal::Open),
        day if day.len() == 10 => {
            let day = Date::parse(day).map_err(|error| Cql2Error::new(at, error))?;
            Ok(Literal::Date(day))
        }
        time => {
            let time = Instant::parse(time).map_err(|error| Cql2Error::new(at, error))?;
            Ok(Literal::Timestamp(time))
        }
    }
}
