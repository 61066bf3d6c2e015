//! Turning the values of a column into those of the field that it becomes.

use super::Turned;
use crate::values::{Notes, Reader};
use onemap_model::{Date, FieldType, FindingCode, Value};
use std::collections::BTreeMap;

/// How the values of one column are turned.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    factor: Option<f64>,
    values: BTreeMap<String, String>,
    to: FieldType,
}

impl Conversion {
    /// The way from a column of the type `from` to a field of the type `to`; none where values stay as they are.
    pub fn new(turned: &Turned, from: FieldType, to: FieldType) -> Option<Self> {
        let stays = turned.factor.is_none() && turned.values.is_empty() && from == to;
        (!stays).then(|| Self {
            factor: turned.factor,
            values: turned.values.clone(),
            to,
        })
    }

    /// The value that `value` becomes. What cannot be turned becomes null, with a note that has it.
    pub fn turn(&self, value: Value, reader: &Reader<'_>, notes: &mut Notes) -> Value {
        if value.is_null() {
            return value;
        }
        let written = match self.values.get(value.to_string().trim()) {
            Some(other) => Value::text(other.as_str()),
            None => value,
        };
        let turned = match self.factor {
            Some(factor) => multiplied(&written, factor),
            None => Some(written.clone()),
        };
        let turned = turned.and_then(|value| self.typed(value, reader, notes));
        turned.unwrap_or_else(|| {
            let message = format!("{:?} is no {}", written.to_string(), self.to);
            notes.push((FindingCode::ValueOutOfRange, message));
            Value::Null
        })
    }

    fn typed(&self, value: Value, reader: &Reader<'_>, notes: &mut Notes) -> Option<Value> {
        let text = || value.to_string().trim().to_owned();
        if let Value::Text(written) = &value
            && written.trim().is_empty()
            && self.to != FieldType::Text
        {
            return Some(Value::Null);
        }
        match (self.to, &value) {
            (FieldType::Text, Value::Text(_)) => Some(value),
            (FieldType::Text, _) => Some(Value::text(text())),
            (FieldType::Bool, Value::Bool(_)) => Some(value),
            (FieldType::Bool, _) => truth(&text()).map(Value::Bool),
            (FieldType::Int, Value::Int(_)) => Some(value),
            (FieldType::Int, Value::Bool(is)) => Some(Value::Int((*is).into())),
            (FieldType::Int, Value::Float(number)) => whole(number.get()),
            (FieldType::Int, _) => text()
                .parse()
                .ok()
                .map(Value::Int)
                .or_else(|| text().parse().ok().and_then(whole)),
            (FieldType::Float, Value::Float(_)) => Some(value),
            (FieldType::Float, _) => text().parse().ok().and_then(Value::float),
            (FieldType::Date, Value::Date(_)) => Some(value),
            (FieldType::Date, _) => day(&text()).map(Value::Date),
            (FieldType::DateTime, Value::DateTime(_)) => Some(value),
            (FieldType::DateTime, Value::Date(date)) => Some(Value::DateTime(date.start(reader.utc_offset_minutes))),
            (FieldType::DateTime, _) => match day(&text()) {
                Some(date) => Some(Value::DateTime(date.start(reader.utc_offset_minutes))),
                None => reader.written_moment(&text(), notes),
            },
            (FieldType::Bytes, Value::Bytes(_)) | (FieldType::Array, Value::Array(_)) => Some(value),
            (FieldType::Bytes | FieldType::Array, _) => None,
        }
    }
}

fn multiplied(value: &Value, factor: f64) -> Option<Value> {
    let number = match value {
        Value::Int(number) => *number as f64,
        Value::Float(number) => number.get(),
        Value::Text(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Value::float(number * factor)
}

/// A number without a fraction, exact in a double.
fn whole(number: f64) -> Option<Value> {
    let fits = number.fract() == 0.0 && number.abs() < 2_f64.powi(53);
    fits.then_some(Value::Int(number as i64))
}

fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "是" | "有" | "y" | "yes" | "t" | "true" | "1" => Some(true),
        "否" | "无" | "n" | "no" | "f" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// A day as departments write it: `2023-05-01`, `20230501`, `2023/5/1`, `2023.5.1`, `2023年5月1日`.
fn day(text: &str) -> Option<Date> {
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        let part = |range: std::ops::Range<usize>| text[range].parse::<u16>().ok();
        return date(part(0..4)?, part(4..6)?, part(6..8)?);
    }
    let text = text.strip_suffix('日').unwrap_or(text);
    let mut parts = text
        .split(['-', '/', '.', '年', '月'])
        .map(|part| part.trim().parse::<u16>());
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    match parts.next() {
        // A year of two digits could be of any century.
        None if year >= 1000 => date(year, month, day),
        _ => None,
    }
}

fn date(year: u16, month: u16, day: u16) -> Option<Date> {
    Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Decoder;

    fn turned(turned: &Turned, to: FieldType, value: Value) -> (Value, usize) {
        let decoder = Decoder::utf8();
        let reader = Reader {
            decoder: &decoder,
            utc_offset_minutes: 480,
        };
        let mut notes = Notes::new();
        // No column has bytes, so that nothing is left out.
        let conversion = Conversion::new(turned, FieldType::Bytes, to).unwrap();
        let value = conversion.turn(value, &reader, &mut notes);
        (value, notes.len())
    }

    #[test]
    fn values_get_the_type_of_the_field_or_are_null_with_a_note() {
        let check = |to, given: Value, expected: Option<Value>| {
            let (value, notes) = turned(&Turned::default(), to, given.clone());
            let is_noted = expected.is_none();
            assert_eq!(
                (value, notes == 1),
                (expected.unwrap_or_default(), is_noted),
                "{given} as {to}"
            );
        };
        let text = |text: &str| Value::text(text);
        let may = |day| Value::Date(Date::new(2023, 5, day).unwrap());
        check(FieldType::Int, text(" 12 "), Some(Value::Int(12)));
        check(FieldType::Int, text("12.0"), Some(Value::Int(12)));
        check(FieldType::Int, Value::float(12.5).unwrap(), None);
        check(
            FieldType::Int,
            text("9007199254740993"),
            Some(Value::Int(9_007_199_254_740_993)),
        );
        check(FieldType::Float, text("1.5"), Value::float(1.5));
        check(FieldType::Float, text("NaN"), None);
        check(FieldType::Float, text("一"), None);
        check(FieldType::Float, text(" "), Some(Value::Null));
        check(FieldType::Text, Value::Int(7), Some(text("7")));
        check(FieldType::Bool, text("是"), Some(Value::Bool(true)));
        check(FieldType::Bool, Value::Int(0), Some(Value::Bool(false)));
        check(FieldType::Bool, Value::Int(2), None);
        for written in ["2023-05-01", "20230501", "2023/5/1", "2023.5.1", "2023年5月1日"] {
            check(FieldType::Date, text(written), Some(may(1)));
        }
        for bad in ["23/5/1", "2023-13-01", "2023-02-30", "2023-5", "2023-5-1-1", "一月"] {
            check(FieldType::Date, text(bad), None);
        }
        let midnight = onemap_model::Instant::parse("2023-05-01T00:00:00+08:00").unwrap();
        check(
            FieldType::DateTime,
            text("2023年5月1日"),
            Some(Value::DateTime(midnight)),
        );
        check(
            FieldType::DateTime,
            text("2023-04-30T16:00:00Z"),
            Some(Value::DateTime(midnight)),
        );
    }

    #[test]
    fn texts_are_exchanged_and_numbers_multiplied() {
        let words = Turned {
            values: BTreeMap::from([("住宅".into(), "0701".into())]),
            ..Turned::default()
        };
        let exchanged = |given: &str| turned(&words, FieldType::Text, Value::text(given)).0;
        assert_eq!(exchanged("住宅 "), Value::text("0701"));
        assert_eq!(exchanged("其他"), Value::text("其他"));
        let thrice = Turned {
            factor: Some(3.0),
            ..Turned::default()
        };
        assert_eq!(
            turned(&thrice, FieldType::Float, Value::Int(2)),
            (Value::float(6.0).unwrap(), 0)
        );
        assert_eq!(
            turned(&thrice, FieldType::Float, Value::text("2.5")),
            (Value::float(7.5).unwrap(), 0)
        );
        assert_eq!(turned(&thrice, FieldType::Float, Value::text("2,5")), (Value::Null, 1));
        assert_eq!(turned(&thrice, FieldType::Float, Value::Null), (Value::Null, 0));
    }
}
