//! Attribute values from three sides (a store, `ogr2ogr`, a tile) in one comparable form.

use fast_mvt::MvtValue;
use onemap_model::{FieldType, Value};
use serde_json::Value as Json;

/// What a value says, apart from how it is written; none for nothing.
pub type Said = Option<String>;

/// What a store's value says.
pub fn of_store(value: &Value) -> Said {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => format!("b:{flag}"),
        Value::Int(number) => format!("i:{number}"),
        Value::Float(number) => float(number.get()),
        Value::Text(text) => of_text(text),
        Value::Date(date) => format!("d:{date}"),
        Value::DateTime(instant) => format!("t:{}", instant.micros()),
        Value::Bytes(bytes) => format!("x:{bytes:02x?}"),
        Value::Array(values) => format!("a:{:?}", values.iter().map(of_store).collect::<Vec<_>>()),
    })
}

/// What a value written by `ogr2ogr` as GeoJSON says, where it stands in a field of this type.
///
/// A source without types (CSV) has texts only: they are read as the field's type asks.
///
/// # Panics
/// Where the value cannot be of that type.
pub fn of_json(value: &Json, kind: FieldType, utc_offset_minutes: i64) -> Said {
    if value.is_null() {
        return None;
    }
    Some(read_json(value, kind, utc_offset_minutes).unwrap_or_else(|| panic!("{value} is no {kind}")))
}

fn read_json(value: &Json, kind: FieldType, utc_offset_minutes: i64) -> Option<String> {
    Some(match (kind, value) {
        (FieldType::Bool, Json::Bool(flag)) => format!("b:{flag}"),
        (FieldType::Int, Json::Number(number)) => format!("i:{}", number.as_i64()?),
        (FieldType::Int, Json::String(text)) => format!("i:{}", text.parse::<i64>().ok()?),
        (FieldType::Float, Json::Number(number)) => float(number.as_f64()?),
        (FieldType::Float, Json::String(text)) => float(text.parse().ok()?),
        (FieldType::Text, Json::String(text)) => of_text(text),
        (FieldType::Text, Json::Object(_) | Json::Array(_)) => format!("j:{value}"),
        (FieldType::Date, Json::String(text)) => format!("d:{}", text.get(..10)?.replace('/', "-")),
        (FieldType::DateTime, Json::String(text)) => format!("t:{}", micros(text, utc_offset_minutes)?),
        (FieldType::Array, Json::Array(values)) => {
            format!(
                "a:{:?}",
                values
                    .iter()
                    .map(|value| of_json(value, plain_type(value), 0))
                    .collect::<Vec<_>>()
            )
        }
        _ => return None,
    })
}

fn plain_type(value: &Json) -> FieldType {
    match value {
        Json::Bool(_) => FieldType::Bool,
        Json::Number(number) if number.is_i64() => FieldType::Int,
        Json::Number(_) => FieldType::Float,
        _ => FieldType::Text,
    }
}

/// What a tile's attribute says, where it stands for a field of this type.
///
/// # Panics
/// Where the tile encodes it as another kind of value than the field's type is written as.
pub fn of_tile(value: &MvtValue, kind: FieldType) -> Said {
    Some(match (kind, value) {
        (FieldType::Bool, MvtValue::Bool(flag)) => format!("b:{flag}"),
        (FieldType::Int, MvtValue::SInt(number)) => format!("i:{number}"),
        (FieldType::Float, MvtValue::Double(number)) => float(*number),
        (FieldType::Text, MvtValue::String(text)) => of_text(text),
        (FieldType::Date, MvtValue::String(text)) => format!("d:{text}"),
        (FieldType::DateTime, MvtValue::String(text)) => {
            assert!(text.ends_with('Z'), "{text:?} is not in UTC");
            format!("t:{}", micros(text, 0).unwrap_or_else(|| panic!("{text:?} is no time")))
        }
        _ => panic!("a tile has {value:?} for a field of type {kind}"),
    })
}

fn float(number: f64) -> String {
    // -0.0 and 0.0 are the same number.
    format!("f:{:?}", number + 0.0)
}

/// A text that is JSON is compared by what it says: `ogr2ogr` writes it as JSON, not as a text.
fn of_text(text: &str) -> String {
    let json = text
        .starts_with(['{', '['])
        .then(|| serde_json::from_str::<Json>(text).ok())
        .flatten();
    json.map_or_else(|| format!("s:{text}"), |json| format!("j:{json}"))
}

/// Microseconds since 1970 of `2016/04/12 11:55:50+00`, `2016-04-12T11:55:50.123Z` and the like.
fn micros(text: &str, utc_offset_minutes: i64) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let days = days_since_1970(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hours, minutes, seconds) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let rest = text.get(19..)?;
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (fraction, zone) = rest.split_at(zone_at);
    let fraction = fraction
        .strip_prefix('.')
        .map_or(Some(0), |digits| format!("{digits:0<6}").get(..6)?.parse().ok())?;
    let offset = match zone.chars().next() {
        None => utc_offset_minutes,
        Some('Z') => 0,
        Some(sign) => {
            let digits: String = zone[1..].chars().filter(char::is_ascii_digit).collect();
            let part = |from: usize| {
                digits
                    .get(from..from + 2)
                    .map_or(Some(0), |two| two.parse::<i64>().ok())
            };
            (part(0)? * 60 + part(2)?) * if sign == '-' { -1 } else { 1 }
        }
    };
    Some((((days * 24 + hours) * 60 + minutes - offset) * 60 + seconds) * 1_000_000 + fraction)
}

/// Howard Hinnant's `days_from_civil`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_however_it_is_written() {
        let expected = Some(1_460_462_150_000_000);
        for text in [
            "2016/04/12 11:55:50+00",
            "2016-04-12T11:55:50Z",
            "2016-04-12 19:55:50+08:00",
            "2016-04-12T19:55:50",
        ] {
            assert_eq!(micros(text, 480), expected, "{text}");
        }
        assert_eq!(micros("1969-12-31T23:59:59.5Z", 0), Some(-500_000));
        assert_eq!(micros("2016-04-12", 0), None);
    }

    #[test]
    fn a_text_that_is_json_is_compared_by_what_it_says() {
        let value = Value::text(r#"{"b": 1, "a": "x"}"#);
        let json: Json = serde_json::from_str(r#"{"a":"x","b":1}"#).unwrap();
        assert_eq!(of_store(&value), of_json(&json, FieldType::Text, 0));
        assert_ne!(of_store(&Value::text("1")), of_store(&Value::Int(1)));
    }
}
