//! What tells groups apart, and how they are ordered: values as bytes that compare as the values do.

use onemap_model::Value;
use onemap_model::cql2::Datum;

/// Appends the value. Smaller values have smaller bytes, equal ones the same; null comes last. No value's bytes are the
/// beginning of another's.
pub(super) fn push(key: &mut Vec<u8>, value: &Datum<'_>) {
    match value {
        Datum::Bool(value) => key.extend([1, u8::from(*value)]),
        Datum::Int(value) => whole(key, 2, *value),
        Datum::Float(value) => {
            // 0 and -0 are one number.
            let bits = (value + 0.0).to_bits();
            let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
            key.push(3);
            key.extend(ordered.to_be_bytes());
        }
        Datum::Date(value) => {
            let (year, month, day) = value.ymd();
            whole(key, 4, i64::from(year) * 512 + i64::from(month) * 32 + i64::from(day));
        }
        Datum::DateTime(value) => whole(key, 5, value.micros()),
        Datum::Text(value) => run(key, 6, value.as_bytes()),
        Datum::Bytes(value) => run(key, 7, value),
        Datum::Array(items) => list(key, items),
        Datum::Null => key.push(u8::MAX),
    }
}

fn whole(key: &mut Vec<u8>, kind: u8, number: i64) {
    key.push(kind);
    key.extend((number as u64 ^ 1 << 63).to_be_bytes());
}

/// Bytes with an end that comes before all others; a zero among them is told from it.
fn run(key: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    key.push(kind);
    for &byte in bytes {
        key.push(byte);
        if byte == 0 {
            key.push(1);
        }
    }
    key.extend([0, 0]);
}

fn list(key: &mut Vec<u8>, items: &[Value]) {
    key.push(8);
    for item in items {
        push(key, &Datum::from(item));
    }
    key.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Date, Instant};

    #[test]
    fn keys_are_ordered_as_their_values_and_null_comes_last() {
        let text = |text: &'static str| Datum::Text(text.into());
        let lists = [
            Value::Array([Value::Int(1)].into()),
            Value::Array([Value::Int(1), Value::Null].into()),
        ];
        let ascending = [
            vec![Datum::Bool(false), Datum::Bool(true), Datum::Null],
            vec![
                Datum::Int(i64::MIN),
                Datum::Int(-1),
                Datum::Int(0),
                Datum::Int(i64::MAX),
                Datum::Null,
            ],
            vec![
                Datum::Float(-1e300),
                Datum::Float(-1.0),
                Datum::Float(0.0),
                Datum::Float(1e-300),
                Datum::Float(2.0),
            ],
            vec![
                text(""),
                text("\0"),
                text("\0a"),
                text("a"),
                text("a\0"),
                text("ab"),
                text("地"),
                Datum::Null,
            ],
            ["1999-12-31", "2000-01-01"]
                .map(|day| Datum::Date(Date::parse(day).unwrap()))
                .to_vec(),
            ["1999-12-31T00:00:00Z", "2000-01-01T00:00:00Z"]
                .map(|time| Datum::DateTime(Instant::parse(time).unwrap()))
                .to_vec(),
            lists.iter().map(Datum::from).collect(),
        ];
        for values in &ascending {
            let keys: Vec<Vec<u8>> = values
                .iter()
                .map(|value| {
                    let mut key = Vec::new();
                    push(&mut key, value);
                    // What follows in a key makes no difference.
                    key.push(77);
                    key
                })
                .collect();
            assert!(keys.is_sorted_by(|a, b| a < b), "{values:?}");
        }
        let [mut zero, mut minus] = [Vec::new(), Vec::new()];
        push(&mut zero, &Datum::Float(0.0));
        push(&mut minus, &Datum::Float(-0.0));
        assert_eq!(zero, minus);
    }
}
