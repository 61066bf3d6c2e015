//! Values between the model and SQLite, whose columns hold what anybody wrote into them.

use onemap_model::{Date, FieldType, Finite, Instant, TimeSpan, Value};
use rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};
use serde_json::{Map, Value as Json};

/// Integers up to here are exact as doubles.
const EXACT: i64 = 1 << 53;

/// The declared type of a field's column.
pub(super) fn declared(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Bool => "BOOLEAN",
        FieldType::Int => "INTEGER",
        FieldType::Float => "REAL",
        FieldType::Text | FieldType::Array => "TEXT",
        FieldType::Date => "DATE",
        FieldType::DateTime => "DATETIME",
        FieldType::Bytes => "BLOB",
    }
}

/// The type of a column that another program declared, by the names of OGC 12-128r18 table 1, else by SQLite's rules.
pub(super) fn of_declared(text: &str) -> FieldType {
    let upper = text.trim().to_uppercase();
    match upper.as_str() {
        "BOOLEAN" | "BOOL" => FieldType::Bool,
        "DATE" => FieldType::Date,
        "DATETIME" | "TIMESTAMP" => FieldType::DateTime,
        _ if upper.contains("INT") => FieldType::Int,
        _ if ["CHAR", "CLOB", "TEXT", "JSON"].iter().any(|word| upper.contains(word)) => FieldType::Text,
        _ if upper.contains("BLOB") => FieldType::Bytes,
        _ if ["REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL"]
            .iter()
            .any(|word| upper.contains(word)) =>
        {
            FieldType::Float
        }
        _ => FieldType::Text,
    }
}

/// What SQLite is given for `value`.
pub(super) fn to_sql(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Bool(v) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*v))),
        Value::Int(v) => ToSqlOutput::Borrowed(ValueRef::Integer(*v)),
        Value::Float(v) => ToSqlOutput::Borrowed(ValueRef::Real(without_sign_of_zero(*v))),
        Value::Text(v) => ToSqlOutput::Borrowed(ValueRef::Text(v.as_bytes())),
        Value::Bytes(v) => ToSqlOutput::Borrowed(ValueRef::Blob(v)),
        Value::Date(v) => ToSqlOutput::Owned(Sql::Text(v.to_string())),
        Value::DateTime(v) => ToSqlOutput::Owned(Sql::Text(v.to_string())),
        Value::Array(items) => ToSqlOutput::Owned(Sql::Text(array_to_text(items))),
    }
}

/// A list as JSON: what JSON has no word for is an object of one member, named as its type.
pub(crate) fn array_to_text(items: &[Value]) -> String {
    Json::Array(items.iter().map(to_json).collect()).to_string()
}

/// Reads a list from JSON; none where the text is no JSON array.
pub(crate) fn array_from_text(text: &str) -> Option<Value> {
    match serde_json::from_str(text).ok()? {
        Json::Array(items) => Some(Value::Array(items.iter().map(from_json).collect::<Option<_>>()?)),
        _ => None,
    }
}

/// SQLite keeps −0.0 as the integer 0, so it would come back as another value than it went.
pub(crate) fn without_sign_of_zero(number: Finite) -> f64 {
    if number.get() == 0.0 { 0.0 } else { number.get() }
}

/// Reads what stands in a column of a field of type `kind`: converted where nothing is lost, else none.
pub(super) fn from_sql(raw: ValueRef<'_>, kind: FieldType, utc_offset_minutes: i16) -> Option<Value> {
    let text = || raw.as_str().ok();
    Some(match (kind, raw) {
        (_, ValueRef::Null) => Value::Null,
        (FieldType::Int, ValueRef::Integer(v)) => Value::Int(v),
        (FieldType::Float, ValueRef::Real(v)) => Value::float(v)?,
        (FieldType::Text, ValueRef::Text(_)) => Value::text(text()?),
        (FieldType::Bool, ValueRef::Integer(v @ 0..=1)) => Value::Bool(v == 1),
        (FieldType::Bool, ValueRef::Text(_)) => match text()?.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => return None,
        },
        (FieldType::Int, ValueRef::Real(v)) if v.fract() == 0.0 && v.abs() < EXACT as f64 => Value::Int(v as i64),
        (FieldType::Int, ValueRef::Text(_)) => Value::Int(text()?.trim().parse().ok()?),
        (FieldType::Float, ValueRef::Integer(v)) if v.abs() <= EXACT => Value::float(v as f64)?,
        (FieldType::Float, ValueRef::Text(_)) => Value::float(text()?.trim().parse().ok()?)?,
        (FieldType::Text, ValueRef::Integer(v)) => Value::text(v.to_string()),
        (FieldType::Text, ValueRef::Real(v)) => Value::text(v.to_string()),
        (FieldType::Date, ValueRef::Text(_)) => Value::Date(Date::parse(text()?).ok()?),
        (FieldType::DateTime, ValueRef::Text(_)) => Value::DateTime(instant(text()?, utc_offset_minutes)?),
        (FieldType::Bytes, ValueRef::Blob(v) | ValueRef::Text(v)) => Value::Bytes(v.into()),
        (FieldType::Array, ValueRef::Text(_)) => array_from_text(text()?)?,
        _ => return None,
    })
}

/// Reads a time with its offset, else as meant in the layer's zone; a date is its first moment.
fn instant(text: &str, utc_offset_minutes: i16) -> Option<Instant> {
    let text = text.trim();
    let naive = || {
        let sign = if utc_offset_minutes < 0 { '-' } else { '+' };
        let minutes = utc_offset_minutes.unsigned_abs();
        Instant::parse(&format!("{text}{sign}{:02}:{:02}", minutes / 60, minutes % 60)).ok()
    };
    let day = || Some(Date::parse(text).ok()?.start(utc_offset_minutes));
    Instant::parse(text).ok().or_else(naive).or_else(day)
}

/// Reads the span of `valid_from` and `valid_to`; none where they are no times or the wrong way round. A date as the
/// end covers its whole day.
pub(super) fn span(from: ValueRef<'_>, to: ValueRef<'_>, utc_offset_minutes: i16) -> Option<TimeSpan> {
    let moment = |raw: ValueRef<'_>| match raw {
        ValueRef::Null => Some(None),
        raw => instant(raw.as_str().ok()?, utc_offset_minutes).map(Some),
    };
    let mut end = moment(to)?;
    if to.as_str().is_ok_and(|text| Date::parse(text).is_ok()) {
        const DAY_MICROS: i64 = 86_400_000_000;
        end = end.and_then(|start| Instant::from_micros(start.micros() + DAY_MICROS).ok());
    }
    TimeSpan::new(moment(from)?, end).ok()
}

fn to_json(value: &Value) -> Json {
    let tagged = |tag: &str, text: String| Json::Object(Map::from_iter([(tag.to_owned(), Json::String(text))]));
    match value {
        Value::Null => Json::Null,
        Value::Bool(v) => Json::Bool(*v),
        Value::Int(v) => Json::from(*v),
        Value::Float(v) => Json::from(without_sign_of_zero(*v)),
        Value::Text(v) => Json::String(v.to_string()),
        Value::Date(v) => tagged("date", v.to_string()),
        Value::DateTime(v) => tagged("datetime", v.to_string()),
        Value::Bytes(_) => tagged("bytes", value.to_string()),
        Value::Array(items) => Json::Array(items.iter().map(to_json).collect()),
    }
}

fn from_json(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(v) => Value::Bool(*v),
        Json::Number(v) => match v.as_i64() {
            Some(v) => Value::Int(v),
            None => Value::float(v.as_f64()?)?,
        },
        Json::String(v) => Value::text(v.as_str()),
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect::<Option<_>>()?),
        Json::Object(map) => match map.iter().next() {
            Some((tag, Json::String(text))) if map.len() == 1 => match tag.as_str() {
                "date" => Value::Date(Date::parse(text).ok()?),
                "datetime" => Value::DateTime(Instant::parse(text).ok()?),
                "bytes" => Value::Bytes(hex(text)?),
                _ => Value::text(json.to_string()),
            },
            _ => Value::text(json.to_string()),
        },
    })
}

fn hex(text: &str) -> Option<Box<[u8]>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).expect("checked to be hexadecimal") as u8;
    Some(
        digits
            .chunks(2)
            .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn round_trip(value: &Value, kind: FieldType) -> Option<Value> {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute(&format!("CREATE TABLE t (c {})", declared(kind)), [])
            .unwrap();
        connection.execute("INSERT INTO t VALUES (?)", [to_sql(value)]).unwrap();
        connection
            .query_row("SELECT c FROM t", [], |row| Ok(from_sql(row.get_ref(0)?, kind, 480)))
            .unwrap()
    }

    #[test]
    fn every_value_comes_back_from_its_column() {
        let moment = Value::DateTime(Instant::parse("2024-05-01T08:30:00.123456+08:00").unwrap());
        let values = [
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Int(i64::MAX),
            Value::float(0.1 + 0.2).unwrap(),
            Value::float(1e300).unwrap(),
            Value::float(3.0).unwrap(),
            Value::text("0012"),
            Value::text("1e5"),
            Value::text("宗\0地"),
            Value::text(""),
            Value::Date(Date::parse("2024-05-01").unwrap()),
            moment.clone(),
            Value::Bytes([0, 255].into()),
            Value::Array([].into()),
            Value::Array(
                [
                    Value::Null,
                    Value::Int(1),
                    Value::float(1.0).unwrap(),
                    Value::text("x"),
                    moment,
                    Value::Bytes([1, 171].into()),
                    Value::Array([Value::Bool(false)].into()),
                ]
                .into(),
            ),
        ];
        for value in values {
            let kind = value.field_type().unwrap();
            assert_eq!(round_trip(&value, kind), Some(value), "{kind}");
        }
    }

    #[test]
    fn what_others_wrote_is_converted_where_nothing_is_lost() {
        let check = |raw: ValueRef<'_>, kind, expected| assert_eq!(from_sql(raw, kind, 480), expected, "{raw:?}");
        check(ValueRef::Text(b"12"), FieldType::Int, Some(Value::Int(12)));
        check(ValueRef::Text(b"twelve"), FieldType::Int, None);
        check(ValueRef::Real(2.5), FieldType::Int, None);
        check(ValueRef::Real(f64::INFINITY), FieldType::Float, None);
        check(ValueRef::Integer(2), FieldType::Bool, None);
        check(ValueRef::Integer(7), FieldType::Text, Some(Value::text("7")));
        check(ValueRef::Text(b"\xff"), FieldType::Text, None);
        check(ValueRef::Text(b"{}"), FieldType::Array, None);
        let naive = from_sql(ValueRef::Text(b"2024-05-01 08:00:00"), FieldType::DateTime, 480);
        assert_eq!(
            naive,
            Some(Value::DateTime(Instant::parse("2024-05-01T00:00:00Z").unwrap()))
        );
    }

    #[test]
    fn a_date_as_the_end_of_validity_covers_its_day() {
        let span = span(ValueRef::Text(b"2024-05-01"), ValueRef::Text(b"2024-05-01"), 480).unwrap();
        assert_eq!(span.from().unwrap().to_string(), "2024-04-30T16:00:00.000Z");
        assert_eq!(span.to().unwrap().to_string(), "2024-05-01T16:00:00.000Z");
    }

    #[test]
    fn a_column_declared_by_others_has_the_nearest_type() {
        for (text, kind) in [
            ("MEDIUMINT", FieldType::Int),
            ("VARCHAR(20)", FieldType::Text),
            ("DOUBLE", FieldType::Float),
            ("blob(10)", FieldType::Bytes),
            ("", FieldType::Text),
        ] {
            assert_eq!(of_declared(text), kind, "{text}");
        }
    }
}
