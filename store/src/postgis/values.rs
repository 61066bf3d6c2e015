//! Values between the model and PostgreSQL's binary formats of the types in [`super::types`].

use super::text;
use crate::geopackage::{array_from_text, array_to_text, without_sign_of_zero};
use onemap_model::{Date, FieldType, Instant, Value};

/// 2000-01-01, from where PostgreSQL counts, in microseconds since 1970.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const DAY_MICROS: i64 = 86_400_000_000;
/// 2000-01-01 in days since 0000-03-01, for the calendar.
const EPOCH_DAYS: i64 = 730_425;
/// PostgreSQL's first day, 4713-11-24 before Christ, in days since 2000-01-01.
const FIRST_DAY: i64 = -2_451_545;

/// Appends `value` in the binary format of its column, without its length; the value must not be null.
///
/// # Errors
/// What PostgreSQL cannot hold.
pub(super) fn encode(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
    match value {
        Value::Null => {}
        Value::Bool(v) => out.push(u8::from(*v)),
        Value::Int(v) => out.extend_from_slice(&v.to_be_bytes()),
        Value::Float(v) => out.extend_from_slice(&without_sign_of_zero(*v).to_be_bytes()),
        Value::Text(v) => out.extend_from_slice(text::kept(v).as_bytes()),
        Value::Date(v) => out.extend_from_slice(&date_days(*v)?.to_be_bytes()),
        Value::DateTime(v) => out.extend_from_slice(&instant_micros(*v)?.to_be_bytes()),
        Value::Bytes(v) => out.extend_from_slice(v),
        Value::Array(v) => out.extend_from_slice(array_to_text(v).as_bytes()),
    }
    Ok(())
}

/// Reads the binary format of a field of type `kind`; none where the value is none that a field can have.
pub(super) fn decode(bytes: &[u8], kind: FieldType) -> Option<Value> {
    Some(match kind {
        FieldType::Bool => Value::Bool(*bytes.first()? != 0),
        FieldType::Int => Value::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
        FieldType::Float => Value::float(f64::from_be_bytes(bytes.try_into().ok()?))?,
        FieldType::Text => Value::text(text::meant(std::str::from_utf8(bytes).ok()?)),
        FieldType::Date => Value::Date(date_of_days(i32::from_be_bytes(bytes.try_into().ok()?))?),
        FieldType::DateTime => match decode_moment(bytes)? {
            Moment::At(instant) => Value::DateTime(instant),
            Moment::Infinite => return None,
        },
        FieldType::Bytes => Value::Bytes(bytes.into()),
        FieldType::Array => array_from_text(std::str::from_utf8(bytes).ok()?)?,
    })
}

/// A point in time as PostgreSQL has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    At(Instant),
    /// `infinity` or `-infinity`.
    Infinite,
}

/// Reads the binary format of `timestamptz`; none beyond the years that the model knows.
pub(super) fn decode_moment(bytes: &[u8]) -> Option<Moment> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    if micros == i64::MAX || micros == i64::MIN {
        return Some(Moment::Infinite);
    }
    Some(Moment::At(
        Instant::from_micros(micros.checked_add(EPOCH_MICROS)?).ok()?,
    ))
}

/// The binary format of `timestamptz`.
///
/// # Errors
/// A time before PostgreSQL's calendar begins.
pub(super) fn instant_micros(instant: Instant) -> Result<i64, String> {
    let micros = instant.micros() - EPOCH_MICROS;
    if micros < FIRST_DAY * DAY_MICROS {
        return Err(format!(
            "the time {instant} is before the year -4712, where PostgreSQL begins"
        ));
    }
    Ok(micros)
}

fn date_days(date: Date) -> Result<i32, String> {
    let days = (date.start(0).micros() - EPOCH_MICROS).div_euclid(DAY_MICROS);
    if days < FIRST_DAY {
        return Err(format!(
            "the date {date} is before the year -4712, where PostgreSQL begins"
        ));
    }
    Ok(i32::try_from(days).expect("the years -4712 to 9999 have fewer than 2^31 days"))
}

/// The day by its number, by the rule of 400 years of 146 097 days that begin in March.
fn date_of_days(days: i32) -> Option<Date> {
    let days = i64::from(days) + EPOCH_DAYS;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (of_month, march_first) = (day - (153 * month + 2) / 5 + 1, month);
    let month = if march_first < 10 {
        march_first + 3
    } else {
        march_first - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    Date::new(i16::try_from(year).ok()?, month as i8, of_month as i8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value) {
        let mut bytes = Vec::new();
        encode(&value, &mut bytes).unwrap();
        assert_eq!(decode(&bytes, value.field_type().unwrap()), Some(value));
    }

    #[test]
    fn every_value_comes_back() {
        for date in [
            "2000-01-01",
            "1999-12-31",
            "0001-01-01",
            "2024-02-29",
            "1900-03-01",
            "9999-12-31",
        ] {
            check(Value::Date(Date::parse(date).unwrap()));
        }
        check(Value::Date(Date::new(-4712, 1, 1).unwrap()));
        check(Value::DateTime(Instant::parse("1969-12-31T23:59:59.123456Z").unwrap()));
        check(Value::Array(
            [Value::Null, Value::float(1e16).unwrap(), Value::Int(1)].into(),
        ));
        check(Value::Bool(true));
        check(Value::text("宗\0地\u{10FFFF}"));
    }

    #[test]
    fn what_postgresql_cannot_hold_is_said() {
        let early = encode(&Value::Date(Date::new(-5000, 1, 1).unwrap()), &mut Vec::new()).unwrap_err();
        assert!(early.contains("-4712"), "{early}");
    }

    #[test]
    fn the_ends_of_time_are_no_moment() {
        assert_eq!(decode_moment(&i64::MAX.to_be_bytes()), Some(Moment::Infinite));
        assert_eq!(decode(&i64::MIN.to_be_bytes(), FieldType::DateTime), None);
        assert_eq!(decode(&i32::MAX.to_be_bytes(), FieldType::Date), None);
    }
}
