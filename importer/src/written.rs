//! Types of written columns: a CSV column is a number or a time only where nothing of what is written gets lost.
//!
//! `0123` stays a text, for the zero is part of the code; so do `1.10` beside `1.2`, codes of more than 18 digits,
//! `1e5`, `+7`, `NaN`. What is empty counts for nothing.

use crate::values::Kind;

/// What the texts of one column have in common so far.
#[derive(Debug, Clone)]
pub struct Column {
    seen: bool,
    int: bool,
    float: bool,
    date: bool,
    date_time: bool,
    /// How many decimals all numbers have; none where they differ.
    decimals: Option<usize>,
    /// Whether every number is written in its shortest form, `.0` allowed.
    shortest: bool,
}

impl Default for Column {
    fn default() -> Self {
        Self {
            seen: false,
            int: true,
            float: true,
            date: true,
            date_time: true,
            decimals: None,
            shortest: true,
        }
    }
}

impl Column {
    /// Takes one more text into account.
    pub fn see(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let text = std::str::from_utf8(text).unwrap_or("?");
        self.int &= is_int(text);
        self.float &= is_decimal(text);
        if self.float {
            let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            self.decimals = if self.seen {
                self.decimals.filter(|&all| all == decimals)
            } else {
                Some(decimals)
            };
            self.shortest &= is_shortest(text);
        }
        self.date &= text.len() == 10 && onemap_model::Date::parse(text).is_ok();
        self.date_time &= is_moment(text);
        self.seen = true;
    }

    /// What the column is.
    pub fn kind(&self) -> Kind {
        if !self.seen {
            Kind::WrittenText
        } else if self.int {
            Kind::WrittenInt
        } else if self.float && (self.shortest || self.decimals.is_some()) {
            Kind::WrittenFloat
        } else if self.date {
            Kind::WrittenDate
        } else if self.date_time {
            Kind::WrittenDateTime
        } else {
            Kind::WrittenText
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_int(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    is_digits(digits) && digits.len() <= 18 && (digits == "0" && text == "0" || !digits.starts_with('0'))
}

/// Digits with a point between, no needless zero before it, few enough to be exact in a double.
fn is_decimal(text: &str) -> bool {
    let Some((whole, fraction)) = text.split_once('.') else {
        return is_int(text);
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = is_digits(digits) && (digits == "0" || !digits.starts_with('0'));
    plain && is_digits(fraction) && (digits.len() + fraction.trim_end_matches('0').len() <= 15 || is_shortest(text))
}

/// Whether this is how the number itself is written.
fn is_shortest(text: &str) -> bool {
    let short = text.strip_suffix(".0").unwrap_or(text);
    text.parse::<f64>().is_ok_and(|number| number.to_string() == short)
}

fn is_moment(text: &str) -> bool {
    let shape = text.len() >= 19 && matches!(text.as_bytes()[10], b' ' | b'T') && text.is_char_boundary(10);
    shape && (onemap_model::Instant::parse(text).is_ok() || onemap_model::Instant::parse(&format!("{text}Z")).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], expected: Kind) {
        let mut column = Column::default();
        texts.iter().for_each(|text| column.see(text.as_bytes()));
        assert_eq!(column.kind(), expected, "{texts:?}");
    }

    #[test]
    fn codes_stay_texts() {
        check(&["0123", "4567"], Kind::WrittenText);
        check(&["4202020010010000010000000001"], Kind::WrittenText);
        check(&["1.10", "1.2"], Kind::WrittenText);
        check(&["1e5"], Kind::WrittenText);
        check(&["+7"], Kind::WrittenText);
        check(&["-0"], Kind::WrittenText);
        check(&["NaN"], Kind::WrittenText);
        check(&["12", "x"], Kind::WrittenText);
        check(&["", ""], Kind::WrittenText);
        check(&[" 12"], Kind::WrittenText);
        check(&["\u{5730}\u{5757}abcdefghijklmnop"], Kind::WrittenText);
    }

    #[test]
    fn numbers_and_times_are_found_where_nothing_gets_lost() {
        check(&["1", "", "-20", "0"], Kind::WrittenInt);
        check(&["6.0", "5.8", "7"], Kind::WrittenFloat);
        check(&["1.8630000000000002", "19.246"], Kind::WrittenFloat);
        check(&["1.10", "1.25"], Kind::WrittenFloat);
        check(&["-56.3339796"], Kind::WrittenFloat);
        check(&["2024-05-01", ""], Kind::WrittenDate);
        check(
            &["2010-10-12 00:59:38+00:00", "2024-05-01T00:00:00Z"],
            Kind::WrittenDateTime,
        );
        check(&["2010-10-12 00:59:38"], Kind::WrittenDateTime);
        check(&["01/02/1965"], Kind::WrittenText);
    }
}
