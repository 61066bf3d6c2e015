//! `datetime`: when features have to be true (OGC API Features, part 1, clause 7.15.4).

use crate::problem::{Problem, shorten};
use onemap_model::{Date, Instant, TimeSpan};
use std::fmt;

/// The parameter.
pub(crate) const DATETIME: &str = "datetime";

const DAY_MICROS: i64 = 86_400_000_000;
/// Years that stand for "always" where a time reaches to them.
const FIRST_YEAR: &str = "0000-";
const LAST_YEAR: &str = "9999-";

/// From one moment to another, both included; an absent end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct When {
    from: Option<Instant>,
    until: Option<Instant>,
}

/// An end of an interval as it is written.
enum End {
    Open,
    /// From the first to the last moment that it names: a day has many.
    Named(Instant, Instant),
}

impl When {
    /// One moment.
    pub(crate) fn at(moment: Instant) -> Self {
        Self {
            from: Some(moment),
            until: Some(moment),
        }
    }

    /// Reads `2024-05-01T08:00:00+08:00`, `2024-05-01`, and two of them with a slash between; `..` or nothing is an open
    /// end. A time without offset, and a day, are meant `offset_minutes` east of UTC. The years 0000 and 9999 are open
    /// ends, too.
    ///
    /// # Errors
    /// 400 naming what is no time.
    pub(crate) fn parse(text: &str, offset_minutes: i16) -> Result<Self, Problem> {
        let end = |part: &str| End::parse(part, offset_minutes).ok_or_else(|| wrong(text));
        let Some((from, until)) = text.split_once('/') else {
            return match end(text)? {
                End::Named(from, until) => Ok(Self {
                    from: Some(from),
                    until: Some(until),
                }),
                End::Open => Err(wrong(text)),
            };
        };
        let from = match end(from)? {
            End::Open => None,
            End::Named(first, _) => Some(first).filter(|_| !from.trim().starts_with(FIRST_YEAR)),
        };
        let until = match end(until)? {
            End::Open => None,
            End::Named(_, last) => Some(last).filter(|_| !until.trim().starts_with(LAST_YEAR)),
        };
        match (from, until) {
            (Some(from), Some(until)) if from > until => Err(Problem::bad_request(format!(
                "{DATETIME}: {:?} ends before it begins",
                shorten(text)
            ))),
            _ => Ok(Self { from, until }),
        }
    }

    /// Whether what is true in `span` is true at one of the moments.
    pub(crate) fn meets(&self, span: TimeSpan) -> bool {
        let begins = self
            .until
            .is_none_or(|until| span.from().is_none_or(|from| from <= until));
        let lasts = self.from.is_none_or(|from| span.to().is_none_or(|to| to > from));
        begins && lasts
    }

    /// The first moment of a span, or its last where it has no first; any where it has neither: the shortest that tells
    /// it from what is true before and after it.
    pub(super) fn of(span: TimeSpan) -> Self {
        let last = |to: Instant| Instant::from_micros(to.micros() - 1).ok();
        let moment = span.from().or_else(|| span.to().and_then(last));
        Self {
            from: moment,
            until: moment,
        }
    }
}

impl fmt::Display for When {
    /// As [`When::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end: Option<Instant>| end.map_or_else(|| "..".to_owned(), |at| at.to_string());
        match self.from == self.until && self.from.is_some() {
            true => f.write_str(&end(self.from)),
            false => write!(f, "{}/{}", end(self.from), end(self.until)),
        }
    }
}

impl End {
    fn parse(text: &str, offset_minutes: i16) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text == ".." {
            return Some(Self::Open);
        }
        if let Ok(day) = Date::parse(text) {
            let first = day.start(offset_minutes);
            let last = Instant::from_micros(first.micros() + DAY_MICROS - 1).unwrap_or(first);
            return Some(Self::Named(first, last));
        }
        moment(text, offset_minutes).map(|at| Self::Named(at, at))
    }
}

/// A time with its offset, or without one.
pub(super) fn moment(text: &str, offset_minutes: i16) -> Option<Instant> {
    let (sign, minutes) = (
        if offset_minutes < 0 { '-' } else { '+' },
        offset_minutes.unsigned_abs(),
    );
    let naive = || format!("{text}{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    let given = Instant::parse(text).or_else(|_| Instant::parse(&naive()));
    // The calendar ends some hours before the year 9999 does.
    given.ok().or_else(|| is_end_of_all(text).then(last_of_all))
}

fn is_end_of_all(text: &str) -> bool {
    Date::parse(text.get(..10).unwrap_or_default()).is_ok_and(|_| text.starts_with(LAST_YEAR))
}

fn last_of_all() -> Instant {
    Instant::parse("9999-12-30T00:00:00Z").expect("it is within the calendar")
}

fn wrong(text: &str) -> Problem {
    Problem::bad_request(format!(
        "{DATETIME}: {:?} is no time: expected a time such as 2024-05-01T08:00:00+08:00, a day, or two of them with a \
         slash between, .. for an open end",
        shorten(text)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Instant> {
        (text != "..").then(|| Instant::parse(text).unwrap())
    }

    #[test]
    fn moments_days_and_intervals_are_read_in_the_layers_zone() {
        let check = |text: &str, from: &str, until: &str| {
            let expected = When {
                from: at(from),
                until: at(until),
            };
            assert_eq!(When::parse(text, 480), Ok(expected), "{text}");
        };
        check("2024-05-01T00:00:00Z", "2024-05-01T00:00:00Z", "2024-05-01T00:00:00Z");
        check("2024-05-01T08:00:00", "2024-05-01T00:00:00Z", "2024-05-01T00:00:00Z");
        check("2024-05-01", "2024-04-30T16:00:00Z", "2024-05-01T15:59:59.999999Z");
        check(
            "2024-05-01/2024-05-02",
            "2024-04-30T16:00:00Z",
            "2024-05-02T15:59:59.999999Z",
        );
        check("../2024-05-01T00:00:00Z", "..", "2024-05-01T00:00:00Z");
        check("2024-05-01T00:00:00Z/", "2024-05-01T00:00:00Z", "..");
        check("../..", "..", "..");
        check("0000-01-01T00:00:00Z/9999-12-31T23:59:59Z", "..", "..");
        check("0000-01-01/9999-12-31", "..", "..");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "..",
            "x",
            "2024",
            "2024-13-01",
            "a/b",
            "2024-05-01/x",
            "1/2/3",
            "2024-05-02/2024-05-01",
            "9999-99-99",
        ] {
            let problem = format!("{:?}", When::parse(bad, 480).unwrap_err());
            assert!(problem.contains("datetime"), "{bad}: {problem}");
        }
    }

    #[test]
    fn a_span_is_met_at_its_beginning_and_no_longer_at_its_end() {
        let span = TimeSpan::new(at("2024-01-01T00:00:00Z"), at("2025-01-01T00:00:00Z")).unwrap();
        let check = |text: &str, expected: bool| {
            assert_eq!(When::parse(text, 0).unwrap().meets(span), expected, "{text}");
        };
        check("2024-01-01T00:00:00Z", true);
        check("2025-01-01T00:00:00Z", false);
        check("2024-12-31", true);
        check("2025-01-01", false);
        check("2023-12-31", false);
        check("../2024-01-01T00:00:00Z", true);
        check("../2023-12-31T23:59:59Z", false);
        check("2025-01-01T00:00:00Z/..", false);
        check("2024-12-31T23:59:59Z/..", true);
        check("2020-01-01/2030-01-01", true);
        check("../..", true);
        assert!(When::parse("2020-01-01/..", 0).unwrap().meets(TimeSpan::ALWAYS));
    }
}
