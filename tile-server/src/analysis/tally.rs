//! What is added up in a group.

use super::key;
use onemap_model::cql2::Datum;
use onemap_model::{Finite, Value};

/// A sum that does not depend on the order of what it is of: whole numbers and decimals of few digits exactly, as people
/// add them, others in twice the digits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    whole: i128,
    billionths: i128,
    high: f64,
    low: f64,
    has_fractions: bool,
    count: f64,
}

/// The smallest and the largest of some values.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    min: Option<(Vec<u8>, Value)>,
    max: Option<(Vec<u8>, Value)>,
}

/// What a sum comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Total {
    /// Of whole numbers.
    Whole(i128),
    /// Of any numbers.
    Float(f64),
}

impl Sum {
    /// Adds a value with its share; what is no number is left out.
    pub fn add(&mut self, value: &Datum<'_>, share: f64) {
        match value {
            Datum::Int(whole) if share == 1.0 => self.whole += i128::from(*whole),
            Datum::Int(whole) => self.fraction(*whole as f64 * share),
            Datum::Float(float) => self.fraction(float * share),
            _ => return,
        }
        self.count += share;
    }

    /// Adds a number.
    pub fn fraction(&mut self, number: f64) {
        self.has_fractions = true;
        if let Some(billionths) = whole_billionths(number) {
            self.billionths += i128::from(billionths);
            return;
        }
        let sum = self.high + number;
        let lost = if self.high.abs() >= number.abs() {
            (self.high - sum) + number
        } else {
            (number - sum) + self.high
        };
        self.high = sum;
        self.low += lost;
    }

    /// The sum; none of nothing.
    pub fn total(&self) -> Option<Total> {
        if self.count == 0.0 {
            None
        } else if self.has_fractions {
            Some(Total::Float(self.whole as f64 + self.float()))
        } else {
            Some(Total::Whole(self.whole))
        }
    }

    /// The mean; none of nothing.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| (self.whole as f64 + self.float()) / self.count)
    }

    /// What [`Sum::fraction`] was given.
    pub fn float(&self) -> f64 {
        let (whole, rest) = (self.billionths / BILLION, self.billionths % BILLION);
        let decimals = match i64::try_from(self.billionths) {
            // One division of two exact numbers is rounded once.
            Ok(few) if few.unsigned_abs() < 1 << 53 => few as f64 / BILLION as f64,
            _ => whole as f64 + rest as f64 / BILLION as f64,
        };
        decimals + (self.high + self.low)
    }
}

const BILLION: i128 = 1_000_000_000;

/// How many billionths a number is, where it is the float next to so many: what was surveyed is written in decimals, and
/// 0.1 means a tenth. Up to a million that is fifteen digits, which a float tells apart (IEEE 754, clause 5.12.2).
fn whole_billionths(number: f64) -> Option<i64> {
    let billionths = (number * BILLION as f64).round();
    #[expect(clippy::float_cmp, reason = "the very float is meant")]
    let is_whole = number.abs() < 1e6 && billionths / BILLION as f64 == number;
    is_whole.then_some(billionths as i64)
}

impl Ends {
    /// Takes a value into account, unless it is null.
    pub fn add(&mut self, value: &Datum<'_>) {
        if value.is_null() {
            return;
        }
        let mut key = Vec::new();
        key::push(&mut key, value);
        if self.max.as_ref().is_none_or(|(max, _)| key > *max) {
            self.max = Some((key.clone(), owned(value)));
        }
        if self.min.as_ref().is_none_or(|(min, _)| key < *min) {
            self.min = Some((key, owned(value)));
        }
    }

    /// The smallest.
    pub fn min(&self) -> Option<&Value> {
        self.min.as_ref().map(|(_, value)| value)
    }

    /// The largest.
    pub fn max(&self) -> Option<&Value> {
        self.max.as_ref().map(|(_, value)| value)
    }
}

/// The value, owned.
pub(super) fn owned(value: &Datum<'_>) -> Value {
    match value {
        Datum::Null => Value::Null,
        Datum::Bool(value) => Value::Bool(*value),
        Datum::Int(value) => Value::Int(*value),
        Datum::Float(value) => Finite::new(*value).map_or(Value::Null, Value::Float),
        Datum::Text(value) => Value::text(&**value),
        Datum::Date(value) => Value::Date(*value),
        Datum::DateTime(value) => Value::DateTime(*value),
        Datum::Bytes(value) => Value::Bytes((*value).into()),
        Datum::Array(items) => Value::Array((*items).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_summed_exactly_and_fractions_in_any_order() {
        let mut whole = Sum::default();
        for number in [i64::MAX, i64::MAX, 1] {
            whole.add(&Datum::Int(number), 1.0);
        }
        whole.add(&Datum::Null, 1.0);
        assert_eq!(whole.total(), Some(Total::Whole(2 * i128::from(i64::MAX) + 1)));
        let numbers = [1e16, 1.0, -1e16, 0.1, 1e-9];
        let sum = |order: &[usize]| {
            let mut sum = Sum::default();
            order.iter().for_each(|&i| sum.add(&Datum::Float(numbers[i]), 1.0));
            sum.total()
        };
        assert_eq!(sum(&[0, 1, 2, 3, 4]), sum(&[4, 2, 3, 0, 1]));
        assert_eq!(sum(&[0, 1, 2, 3, 4]), Some(Total::Float(1.100_000_001)));
        assert_eq!((Sum::default().total(), Sum::default().mean()), (None, None));
        let mut mean = Sum::default();
        mean.add(&Datum::Int(4), 0.5);
        mean.add(&Datum::Int(1), 1.0);
        assert_eq!(mean.mean(), Some(2.0));
    }

    #[test]
    fn decimals_are_summed_as_people_do() {
        let sum = |numbers: &[f64]| {
            let mut sum = Sum::default();
            numbers.iter().for_each(|&number| sum.add(&Datum::Float(number), 1.0));
            sum.total()
        };
        assert_eq!(sum(&[0.1; 10]), Some(Total::Float(1.0)));
        assert_eq!(sum(&[0.1, 0.2]), Some(Total::Float(0.3)));
        assert_eq!(sum(&[5217.69, -17.69, 0.005]), Some(Total::Float(5200.005)));
        assert_eq!(sum(&[999_999.99; 100_000]), Some(Total::Float(99_999_999_000.0)));
        // What is no decimal of few digits is added to that, in its own digits.
        assert_eq!(sum(&[0.5, 1.0 / 3.0]), Some(Total::Float(0.5 + 1.0 / 3.0)));
    }

    #[test]
    fn ends_are_those_of_the_values_that_are_there() {
        let mut ends = Ends::default();
        assert_eq!((ends.min(), ends.max()), (None, None));
        for value in [Datum::Text("b".into()), Datum::Null, Datum::Text("a".into())] {
            ends.add(&value);
        }
        assert_eq!(
            (ends.min(), ends.max()),
            (Some(&Value::text("a")), Some(&Value::text("b")))
        );
    }
}
