//! Values that are in no column of their type: written one by one.

use super::reader::{Damage, Read, Reader, damage};
use super::writer::Writer;
use onemap_model::{Date, Finite, Instant, Value};

/// Lists in lists are read this deep.
const DEEPEST: usize = 64;

/// Adds a value to the table.
pub(crate) fn store(value: &Value, out: &mut Writer<'_>) {
    match value {
        Value::Null => out.number(0),
        Value::Bool(value) => pair(1, i64::from(*value), out),
        Value::Int(value) => pair(2, *value, out),
        Value::Float(value) => pair(3, value.get().to_bits() as i64, out),
        Value::Date(value) => {
            let (year, month, day) = value.ymd();
            pair(4, i64::from(year) * 512 + i64::from(month) * 32 + i64::from(day), out);
        }
        Value::DateTime(value) => pair(5, value.micros(), out),
        Value::Text(value) => {
            out.number(6);
            out.bytes(value.as_bytes());
        }
        Value::Bytes(value) => {
            out.number(7);
            out.bytes(value);
        }
        Value::Array(values) => {
            pair(8, values.len() as i64, out);
            values.iter().for_each(|value| store(value, out));
        }
    }
}

fn pair(kind: u64, number: i64, out: &mut Writer<'_>) {
    out.number(kind);
    out.signed(number);
}

/// Reads a value.
pub(crate) fn read(from: &mut Reader) -> Read<Value> {
    read_within(from, DEEPEST)
}

fn read_within(from: &mut Reader, depth: usize) -> Read<Value> {
    let Some(depth) = depth.checked_sub(1) else {
        return damage(format!("lists lie {DEEPEST} deep in each other"));
    };
    let none = |what: &str| Damage(format!("a value is no {what}"));
    Ok(match from.number()? {
        0 => Value::Null,
        1 => Value::Bool(from.signed()? != 0),
        2 => Value::Int(from.signed()?),
        3 => Value::Float(Finite::new(f64::from_bits(from.number()?)).ok_or_else(|| none("float"))?),
        4 => {
            let number = from.signed()?;
            let year = i16::try_from(number.div_euclid(512)).map_err(|_| none("date"))?;
            let day = number.rem_euclid(512);
            Value::Date(Date::new(year, (day / 32) as i8, (day % 32) as i8).map_err(|_| none("date"))?)
        }
        5 => Value::DateTime(Instant::from_micros(from.signed()?).map_err(|_| none("time"))?),
        6 => Value::text(from.text()?),
        7 => Value::Bytes(from.bytes()?.into()),
        8 => {
            let count = from.count()?;
            let values = (0..count).map(|_| read_within(from, depth));
            Value::Array(values.collect::<Read<Vec<_>>>()?.into())
        }
        other => return damage(format!("a value of kind {other}")),
    })
}
