//! Reads CQL2 JSON (21-065r2, clause 8 and its schema).

use super::ast::{Expr, Kind, Literal, Place};
use super::error::{Cql2Error, Fault};
use super::lex::{begins_word, continues_word};
use super::ops::{Arithmetic, ArrayOp, Comparison, Named, SpatialOp, TemporalOp};
use super::read_json::{self, Json, JsonValue};
use super::shape::{Corners, ShapeKind};
use super::text::KEYWORDS;
use super::text_operand::{read_bound, read_number};
use super::{Budget, MAX_CHARS, geojson};
use crate::{Date, Instant};

type Read<T> = Result<T, Cql2Error>;

/// Reads a filter.
pub(super) fn parse(text: &str) -> Read<Expr> {
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(Cql2Error::new(MAX_CHARS as u32, Fault::TooLong));
    }
    let json = read_json::read(text)?;
    Reader::default().expr(&json)
}

#[derive(Default)]
struct Reader(Budget);

impl Reader {
    fn expr(&mut self, json: &Json) -> Read<Expr> {
        self.0.enter(json.at)?;
        let kind = match &json.value {
            JsonValue::Null => return Err(json.unexpected("an expression")),
            JsonValue::Bool(value) => Kind::Literal(Literal::Bool(*value)),
            JsonValue::Number(number) => Kind::Literal(read_number(number, json.at)?),
            JsonValue::Text(text) => Kind::Literal(Literal::Text(text.as_str().into())),
            JsonValue::Array(elements) => Kind::List(self.all(elements)?),
            JsonValue::Object(_) => self.object(json)?,
        };
        self.0.leave();
        self.made(kind, json)
    }

    fn made(&mut self, kind: Kind, json: &Json) -> Read<Expr> {
        self.0.grown(Expr::new(kind, Place(json.at)))
    }

    fn all(&mut self, args: &[Json]) -> Read<Vec<Expr>> {
        args.iter().map(|arg| self.expr(arg)).collect()
    }

    fn object(&mut self, json: &Json) -> Read<Kind> {
        let fault = |at: u32| move |error| Cql2Error::new(at, Fault::BadTime(error));
        if let Some(op) = json.member("op") {
            let args = json
                .member("args")
                .ok_or_else(|| json.unexpected("an object with \"args\""))?;
            return self.operation(op.text("the name of an operator")?, op.at, args);
        }
        if let Some(name) = json.member("property") {
            return Ok(Kind::Property(name.text("the name of a property")?.into()));
        }
        let literal = if let Some(date) = json.member("date") {
            Literal::Date(Date::parse(date.text("a date")?).map_err(fault(date.at))?)
        } else if let Some(time) = json.member("timestamp") {
            Literal::Timestamp(Instant::parse(time.text("a time")?).map_err(fault(time.at))?)
        } else if let Some(bounds) = json.member("interval") {
            return self.interval(bounds);
        } else if let Some(numbers) = json.member("bbox").filter(|_| json.member("type").is_none()) {
            let elements = numbers.elements("four or six numbers")?.iter();
            let values = elements.map(|number| number.number("a number")).collect::<Read<_>>()?;
            Literal::Bbox(Corners::new(values).map_err(|fault| Cql2Error::new(numbers.at, fault))?)
        } else if json.member("type").is_some() {
            Literal::Geometry(Box::new(geojson::shape(json, 0)?))
        } else {
            let expected =
                "an object with \"op\", \"property\", \"date\", \"timestamp\", \"interval\", \"bbox\" or \"type\"";
            return Err(json.unexpected(expected));
        };
        Ok(Kind::Literal(literal))
    }

    fn interval(&mut self, bounds: &Json) -> Read<Kind> {
        let read = |reader: &mut Self, bound: &Json| match &bound.value {
            JsonValue::Text(text) => {
                let literal = read_bound(text, bound.at)?;
                reader.made(Kind::Literal(literal), bound)
            }
            _ => reader.expr(bound),
        };
        match bounds.elements("two bounds")? {
            [start, end] => Ok(Kind::Interval(Box::new([read(self, start)?, read(self, end)?]))),
            _ => Err(bounds.unexpected("two bounds")),
        }
    }

    fn operation(&mut self, name: &str, at: u32, args: &Json) -> Read<Kind> {
        let list = args.elements("an array of arguments")?;
        let folded = name.to_ascii_lowercase();
        let counted = |expected, fits: bool| {
            let (name, found) = (name.to_owned(), list.len());
            let fault = Fault::WrongCount { name, expected, found };
            if fits {
                Ok(())
            } else {
                Err(Cql2Error::new(args.at, fault))
            }
        };
        match folded.as_str() {
            "and" | "or" => counted("two arguments or more", list.len() >= 2)?,
            "not" | "isnull" | "casei" | "accenti" => counted("one argument", list.len() == 1)?,
            "between" => counted("three arguments", list.len() == 3)?,
            "in" | "like" => counted("two arguments", list.len() == 2)?,
            _ => {}
        }
        if folded == "in" {
            let values = list[1].elements("an array of values")?;
            counted("values to be in", !values.is_empty())?;
            return Ok(Kind::In(Box::new(self.expr(&list[0])?), self.all(values)?));
        }
        let args_read = self.all(list)?;
        let pair = |args: Vec<Expr>| -> Read<Box<[Expr; 2]>> {
            counted("two arguments", args.len() == 2)?;
            Ok(Box::new(args.try_into().expect("there are two")))
        };
        let one = |args: Vec<Expr>| Box::new(args.into_iter().next().expect("there is one"));
        Ok(match folded.as_str() {
            "and" => Kind::And(args_read),
            "or" => Kind::Or(args_read),
            "not" => Kind::Not(one(args_read)),
            "isnull" => Kind::IsNull(one(args_read)),
            "casei" => Kind::CaseI(one(args_read)),
            "accenti" => Kind::AccentI(one(args_read)),
            "between" => Kind::Between(Box::new(args_read.try_into().expect("there are three"))),
            "like" => Kind::Like(pair(args_read)?),
            _ => {
                if let Some(op) = Comparison::named(&folded) {
                    Kind::Compare(op, pair(args_read)?)
                } else if let Some(op) = Arithmetic::named(&folded) {
                    Kind::Arithmetic(op, pair(args_read)?)
                } else if let Some(op) = SpatialOp::named(&folded) {
                    Kind::Spatial(op, pair(args_read)?)
                } else if let Some(op) = TemporalOp::named(&folded) {
                    Kind::Temporal(op, pair(args_read)?)
                } else if let Some(op) = ArrayOp::named(&folded) {
                    Kind::Array(op, pair(args_read)?)
                } else if is_function(name) {
                    Kind::Call(name.into(), args_read)
                } else {
                    let found = super::error::quoted(name);
                    return Err(Cql2Error::unexpected(at, found, "the name of an operator or function"));
                }
            }
        })
    }
}

/// Whether a function can be called that: a name that text can write, too.
fn is_function(name: &str) -> bool {
    let is_name = name.starts_with(begins_word) && name.chars().all(continues_word);
    let folded = name.to_ascii_lowercase();
    let is_taken = KEYWORDS.contains(&folded.as_str())
        || ["date", "timestamp", "interval", "bbox"].contains(&folded.as_str())
        || ShapeKind::named(name).is_some();
    is_name && !is_taken
}
