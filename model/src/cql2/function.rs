//! The functions of our own that a filter may call (21-065r2, clause 7.10). Null goes in, null comes out.

use super::datum::{Datum, Type};
use super::number::size;
use std::borrow::Cow;

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name; case makes no difference.
    pub name: &'static str,
    /// What it gives, in a sentence.
    pub summary: &'static str,
    pub(super) params: &'static [Type],
    pub(super) result: Type,
    /// Of the arguments and the layer's zone.
    pub(super) call: Call,
}

type Call = for<'a> fn(&[Datum<'a>], i16) -> Datum<'a>;

/// All of them.
pub const FUNCTIONS: &[Function] = &[
    of(
        Type::Number,
        Type::Number,
        "abs",
        "The number without its sign",
        |args, _| match args {
            [Datum::Int(whole)] => whole.checked_abs().map_or(Datum::float(-(*whole as f64)), Datum::Int),
            args => float(args, f64::abs),
        },
    ),
    of(
        Type::Number,
        Type::Number,
        "ceil",
        "The next whole number above",
        |args, _| whole(args, f64::ceil),
    ),
    of(
        Type::Number,
        Type::Number,
        "floor",
        "The next whole number below",
        |args, _| whole(args, f64::floor),
    ),
    of(
        Type::Number,
        Type::Number,
        "round",
        "The nearest whole number; halves go away from zero",
        |args, _| whole(args, f64::round),
    ),
    of(
        Type::Number,
        Type::Number,
        "sqrt",
        "The square root; null for what is below zero",
        |args, _| float(args, f64::sqrt),
    ),
    of(Type::Text, Type::Text, "lower", "The text in lower case", |args, _| {
        on_text(args, str::to_lowercase)
    }),
    of(Type::Text, Type::Text, "upper", "The text in upper case", |args, _| {
        on_text(args, str::to_uppercase)
    }),
    of(
        Type::Text,
        Type::Text,
        "trim",
        "The text without spaces at its ends",
        |args, _| on_text(args, |text| text.trim().to_owned()),
    ),
    of(
        Type::Text,
        Type::Number,
        "length",
        "How many characters a text has",
        |args, _| match args {
            [Datum::Text(text)] => Datum::Int(text.chars().count() as i64),
            _ => Datum::Null,
        },
    ),
    Function {
        name: "concat",
        summary: "Two texts, one after the other",
        params: &[Type::Text, Type::Text],
        result: Type::Text,
        call: |args, _| match args {
            [Datum::Text(a), Datum::Text(b)] => Datum::Text(Cow::Owned(format!("{a}{b}"))),
            _ => Datum::Null,
        },
    },
    of(
        Type::Time,
        Type::Number,
        "year",
        "The year, in the layer's zone",
        |args, offset| calendar(args, offset, |(year, _, _)| i64::from(year)),
    ),
    of(
        Type::Time,
        Type::Number,
        "month",
        "The month in the layer's zone, 1 to 12",
        |args, offset| calendar(args, offset, |(_, month, _)| i64::from(month)),
    ),
    of(
        Type::Time,
        Type::Number,
        "day",
        "The day of the month in the layer's zone",
        |args, offset| calendar(args, offset, |(_, _, day)| i64::from(day)),
    ),
    of(
        Type::List,
        Type::Number,
        "cardinality",
        "How many elements a list has",
        |args, _| match args {
            [Datum::Array(items)] => Datum::Int(items.len() as i64),
            _ => Datum::Null,
        },
    ),
];

impl Function {
    /// The function of this name, in any case.
    pub(super) fn named(name: &str) -> Option<&'static Function> {
        FUNCTIONS
            .iter()
            .find(|function| function.name.eq_ignore_ascii_case(name))
    }
}

/// A function of one argument.
const fn of(param: Type, result: Type, name: &'static str, summary: &'static str, call: Call) -> Function {
    Function {
        name,
        summary,
        params: param.alone(),
        result,
        call,
    }
}

fn float<'a>(args: &[Datum<'a>], of: fn(f64) -> f64) -> Datum<'a> {
    args.first()
        .and_then(size)
        .map_or(Datum::Null, |number| Datum::float(of(number)))
}

/// A whole number stays as it is; a float becomes whole where it fits.
fn whole<'a>(args: &[Datum<'a>], of: fn(f64) -> f64) -> Datum<'a> {
    match args {
        [Datum::Int(number)] => Datum::Int(*number),
        [Datum::Float(number)] => {
            let rounded = of(*number);
            let fits = rounded >= i64::MIN as f64 && rounded < i64::MAX as f64;
            if fits {
                Datum::Int(rounded as i64)
            } else {
                Datum::float(rounded)
            }
        }
        _ => Datum::Null,
    }
}

fn on_text<'a>(args: &[Datum<'a>], of: fn(&str) -> String) -> Datum<'a> {
    match args {
        [Datum::Text(text)] => Datum::Text(Cow::Owned(of(text))),
        _ => Datum::Null,
    }
}

fn calendar<'a>(args: &[Datum<'a>], offset_minutes: i16, of: fn((i16, i8, i8)) -> i64) -> Datum<'a> {
    match args {
        [Datum::Date(day)] => Datum::Int(of(day.ymd())),
        [Datum::DateTime(time)] => Datum::Int(of(time.date(offset_minutes).ymd())),
        _ => Datum::Null,
    }
}
