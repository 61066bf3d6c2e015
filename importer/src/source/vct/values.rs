//! Values of attributes, from text.

use super::tables::FieldKind;

/// A value as it goes into the package.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing was written.
    Null,
    /// As it is written; days and moments as ISO 8601 has them.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
}

/// The value that `text` is in a field of this kind; nothing at all is null.
///
/// # Errors
/// What was expected, where it is no such value.
pub fn cell(text: &str, kind: FieldKind) -> Result<Cell, &'static str> {
    if text.is_empty() {
        return Ok(Cell::Null);
    }
    match kind {
        FieldKind::Text => Ok(Cell::Text(text.to_owned())),
        FieldKind::Int => whole(text).map(Cell::Int).ok_or("a whole number"),
        FieldKind::Float => {
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            number.map(Cell::Float).ok_or("a number")
        }
        FieldKind::Date => date(text).map(Cell::Text).ok_or("a date"),
        FieldKind::DateTime => moment(text).map(Cell::Text).ok_or("a date and time"),
    }
}

/// A whole number, or one that is written with decimals that are zeros, or a truth.
fn whole(text: &str) -> Option<i64> {
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|b| b == b'0') => digits,
        _ => text,
    };
    match text.to_lowercase().as_str() {
        "true" | "t" => Some(1),
        "false" | "f" => Some(0),
        _ => digits.parse().ok(),
    }
}

/// `20200501`, `2020-5-1`, `2020/05/01`, `2020年5月1日`, with a time of midnight or without, as `2020-05-01`.
fn date(text: &str) -> Option<String> {
    let text = text.split([' ', 'T']).next()?;
    let parts: Vec<&str> = match text.len() {
        8 if text.bytes().all(|b| b.is_ascii_digit()) => vec![&text[..4], &text[4..6], &text[6..]],
        _ => text.trim_end_matches('日').split(['-', '/', '.', '年', '月']).collect(),
    };
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    let number = |text: &str| text.parse::<u32>().ok();
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let there = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    there.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// A date and `hh:mm[:ss[.sss]]`, with a space, a `T` or nothing between (GB/T 17798-2007: `YYYYMMDDhh:mm:ss.s`).
fn moment(text: &str) -> Option<String> {
    let (day, clock) = match text.split_once([' ', 'T']) {
        Some((day, clock)) => (day, clock.trim()),
        None if text.contains(':') && text.is_char_boundary(8) => text.split_at(8),
        None => (text, "00:00:00"),
    };
    let day = date(day)?;
    let parts: Vec<&str> = clock.split(':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (hour, minute, "0"),
        [hour, minute, second] => (hour, minute, *second),
        _ => return None,
    };
    let (hour, minute) = (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?);
    let second: f64 = second.parse().ok()?;
    let there = hour < 24 && minute < 60 && (0.0..60.0).contains(&second);
    there.then(|| format!("{day} {hour:02}:{minute:02}:{second:06.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_values() {
        let check = |text: &str, kind, expected: Cell| assert_eq!(cell(text, kind), Ok(expected), "{text}");
        check("", FieldKind::Int, Cell::Null);
        check("007", FieldKind::Text, Cell::Text("007".into()));
        check("12.00", FieldKind::Int, Cell::Int(12));
        check("-3", FieldKind::Int, Cell::Int(-3));
        check("1.5e3", FieldKind::Float, Cell::Float(1500.0));
        for written in [
            "20200229",
            "2020-2-29",
            "2020/02/29",
            "2020年2月29日",
            "2020-02-29 0:00:00",
        ] {
            check(written, FieldKind::Date, Cell::Text("2020-02-29".into()));
        }
        check(
            "2020022912:30:15.5",
            FieldKind::DateTime,
            Cell::Text("2020-02-29 12:30:15.500".into()),
        );
        check(
            "2020-02-29",
            FieldKind::DateTime,
            Cell::Text("2020-02-29 00:00:00.000".into()),
        );
    }

    #[test]
    fn what_does_not_fit_says_what_was_expected() {
        for (text, kind) in [
            ("12.5", FieldKind::Int),
            ("99999999999999999999", FieldKind::Int),
            ("NaN", FieldKind::Float),
            ("1e999", FieldKind::Float),
            ("20210229", FieldKind::Date),
            ("00000000", FieldKind::Date),
            ("二〇二〇年", FieldKind::Date),
            ("宗地宗地:", FieldKind::DateTime),
            ("20200229 25:00", FieldKind::DateTime),
        ] {
            assert!(cell(text, kind).is_err(), "{text}");
        }
    }
}
