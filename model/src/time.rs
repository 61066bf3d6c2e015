//! Instants, dates and half-open time spans.

use std::fmt;

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z. Years −9999 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

/// A day of the proleptic Gregorian calendar, without a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(jiff::civil::Date);

/// When something was true: from `from` (included) to `to` (excluded); an absent end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeSpan {
    from: Option<Instant>,
    to: Option<Instant>,
}

/// Why a text or number is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// The text is no RFC 3339 time.
    #[error("{0:?} is no RFC 3339 time such as 2024-05-01T08:30:00+08:00")]
    NotAnInstant(String),
    /// The text is no date.
    #[error("{0:?} is no date such as 2024-05-01")]
    NotADate(String),
    /// Outside the years −9999 to 9999.
    #[error("{0} microseconds since 1970 is outside the years -9999 to 9999")]
    OutOfRange(i64),
    /// A span that would end before or as it begins.
    #[error("a time span from {from} to {to} holds no moment: it must begin before it ends")]
    EmptySpan {
        /// The beginning given.
        from: Instant,
        /// The end given.
        to: Instant,
    },
}

impl Instant {
    /// The moment `micros` microseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] outside the years −9999 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self, TimeError> {
        jiff::Timestamp::from_microsecond(micros)
            .map(|_| Self(micros))
            .map_err(|_| TimeError::OutOfRange(micros))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 time with its offset; what is finer than a microsecond is cut.
    ///
    /// # Errors
    /// [`TimeError::NotAnInstant`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let stamp: jiff::Timestamp = text
            .trim()
            .parse()
            .map_err(|_| TimeError::NotAnInstant(text.to_owned()))?;
        Ok(Self(stamp.as_microsecond()))
    }

    /// The day it is `offset_minutes` east of UTC.
    pub fn date(self, offset_minutes: i16) -> Date {
        let stamp = jiff::Timestamp::from_microsecond(self.0).expect("checked when it was made");
        let offset = jiff::tz::Offset::from_seconds(i32::from(offset_minutes) * 60).unwrap_or(jiff::tz::Offset::UTC);
        Date(offset.to_datetime(stamp).date())
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC with at least milliseconds: `2024-05-01T00:30:00.000Z`, GeoPackage's own form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = jiff::Timestamp::from_microsecond(self.0).expect("checked when it was made");
        let at = jiff::tz::Offset::UTC.to_datetime(stamp);
        if at.year() >= 0 {
            return f.write_str(rfc3339(at, self.0.rem_euclid(1_000_000) as u32, &mut [0; 27]));
        }
        if self.0 % 1000 == 0 {
            write!(f, "{stamp:.3}")
        } else {
            write!(f, "{stamp:.6}")
        }
    }
}

/// Writes a moment of the years 0 to 9999 with the microseconds of its second. (Pages write two for each feature.)
fn rfc3339(at: jiff::civil::DateTime, micros: u32, text: &mut [u8; 27]) -> &str {
    text.copy_from_slice(b"0000-00-00T00:00:00.000000Z");
    let mut put = |end: usize, digits: usize, number: u32| {
        let mut rest = number;
        for byte in text[end - digits..end].iter_mut().rev() {
            *byte += (rest % 10) as u8;
            rest /= 10;
        }
    };
    put(4, 4, at.year().unsigned_abs().into());
    put(7, 2, at.month().unsigned_abs().into());
    put(10, 2, at.day().unsigned_abs().into());
    put(13, 2, at.hour().unsigned_abs().into());
    put(16, 2, at.minute().unsigned_abs().into());
    put(19, 2, at.second().unsigned_abs().into());
    put(26, 6, micros);
    let length = if micros.is_multiple_of(1000) { 24 } else { 27 };
    text[length - 1] = b'Z';
    std::str::from_utf8(&text[..length]).expect("digits and signs")
}

impl Date {
    /// The day of the calendar.
    ///
    /// # Errors
    /// [`TimeError::NotADate`] where there is no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, TimeError> {
        let date = jiff::civil::Date::new(year, month, day);
        date.map(Self)
            .map_err(|_| TimeError::NotADate(format!("{year}-{month}-{day}")))
    }

    /// Reads `2024-05-01`.
    ///
    /// # Errors
    /// [`TimeError::NotADate`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let text = text.trim();
        let plain = text.len() >= 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'+');
        if !plain {
            return Err(TimeError::NotADate(text.to_owned()));
        }
        text.parse().map(Self).map_err(|_| TimeError::NotADate(text.to_owned()))
    }

    /// Year, month (1–12) and day (1–31).
    pub fn ymd(self) -> (i16, i8, i8) {
        (self.0.year(), self.0.month(), self.0.day())
    }

    /// The moment the day begins at `offset_minutes` east of UTC.
    pub fn start(self, offset_minutes: i16) -> Instant {
        let days = i64::from(
            self.0
                .since(jiff::civil::date(1970, 1, 1))
                .map_or(0, |span| span.get_days()),
        );
        Instant(days * 86_400_000_000 - i64::from(offset_minutes) * 60_000_000)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl TimeSpan {
    /// Always.
    pub const ALWAYS: TimeSpan = TimeSpan { from: None, to: None };

    /// The span from `from` (included) to `to` (excluded).
    ///
    /// # Errors
    /// [`TimeError::EmptySpan`] unless it begins before it ends.
    pub fn new(from: Option<Instant>, to: Option<Instant>) -> Result<Self, TimeError> {
        match (from, to) {
            (Some(from), Some(to)) if from >= to => Err(TimeError::EmptySpan { from, to }),
            _ => Ok(Self { from, to }),
        }
    }

    /// The first moment, included; none where it is open.
    pub fn from(&self) -> Option<Instant> {
        self.from
    }

    /// The end, excluded; none where it is open.
    pub fn to(&self) -> Option<Instant> {
        self.to
    }

    /// Whether it was true at `at`.
    pub fn contains(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_with_its_offset_and_written_in_utc() {
        let check = |text: &str, expected: &str| assert_eq!(Instant::parse(text).unwrap().to_string(), expected);
        check("2024-05-01T08:30:00+08:00", "2024-05-01T00:30:00.000Z");
        check("2024-05-01T00:00:00.123456Z", "2024-05-01T00:00:00.123456Z");
        check("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z");
        assert!(Instant::parse("2024-05-01T08:30:00").is_err());
        assert!(Instant::parse("yesterday").is_err());
        assert_eq!(Instant::from_micros(i64::MAX), Err(TimeError::OutOfRange(i64::MAX)));
    }

    #[test]
    fn any_moment_is_written_as_the_calendar_has_it() {
        let step = 7_919 * 86_400 * 1_000_000 / 2 + 12_345_678_901;
        let years =
            Instant::parse("-009998-01-01T00:00:00Z").unwrap().0..Instant::parse("9999-12-30T00:00:00Z").unwrap().0;
        for (n, micros) in years.step_by(step).enumerate() {
            let micros = if n % 2 == 0 { micros } else { micros - micros % 1000 };
            let stamp = jiff::Timestamp::from_microsecond(micros).unwrap();
            let expected = if micros % 1000 == 0 {
                format!("{stamp:.3}")
            } else {
                format!("{stamp:.6}")
            };
            assert_eq!(Instant(micros).to_string(), expected);
        }
    }

    #[test]
    fn a_date_begins_by_its_zone() {
        let day = Date::parse("2024-05-01").unwrap();
        assert_eq!(day.start(8 * 60), Instant::parse("2024-05-01T00:00:00+08:00").unwrap());
        assert_eq!(
            Date::parse("1900-01-01").unwrap().start(0),
            Instant::parse("1900-01-01T00:00:00Z").unwrap()
        );
        assert_eq!(day.to_string(), "2024-05-01");
        for bad in ["2024-02-30", "2024-5-1", "2024-05-01T00:00:00Z", ""] {
            assert!(Date::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_moment_is_on_the_day_of_its_zone() {
        let late = Instant::parse("2024-04-30T20:00:00Z").unwrap();
        assert_eq!(late.date(480), Date::parse("2024-05-01").unwrap());
        assert_eq!(late.date(0), Date::parse("2024-04-30").unwrap());
    }

    #[test]
    fn a_span_is_half_open_and_holds_a_moment() {
        let (a, b) = (Instant::from_micros(0).unwrap(), Instant::from_micros(10).unwrap());
        let span = TimeSpan::new(Some(a), Some(b)).unwrap();
        assert!(span.contains(a) && !span.contains(b));
        assert!(TimeSpan::ALWAYS.contains(a));
        assert!(TimeSpan::new(Some(b), Some(b)).is_err());
        assert!(
            TimeSpan::new(None, Some(a))
                .unwrap()
                .contains(Instant::from_micros(-1).unwrap())
        );
    }
}
