//! Arithmetic. What has no value, a division by zero or a result beyond all numbers, is null.

use super::datum::Datum;
use super::ops::Arithmetic;

/// The result of `a op b`; null where one of them is no number.
///
/// Whole numbers stay whole, except for `/`; where they grow beyond 64 bits they go on as floats.
pub(super) fn calculate(op: Arithmetic, a: &Datum<'_>, b: &Datum<'_>) -> Datum<'static> {
    if let (Datum::Int(a), Datum::Int(b)) = (a, b)
        && let Some(whole) = whole(op, *a, *b)
    {
        return Datum::Int(whole);
    }
    match (size(a), size(b)) {
        (Some(a), Some(b)) => float(op, a, b),
        _ => Datum::Null,
    }
}

/// The number as a float; none where it is no number.
pub(super) fn size(datum: &Datum<'_>) -> Option<f64> {
    match datum {
        Datum::Int(whole) => Some(*whole as f64),
        Datum::Float(float) => Some(*float),
        _ => None,
    }
}

fn whole(op: Arithmetic, a: i64, b: i64) -> Option<i64> {
    match op {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide => None,
        Arithmetic::WholeDivide => a.checked_div(b),
        // The smallest integer modulo -1 has no quotient, but leaves nothing all the same.
        Arithmetic::Modulo if b == -1 => Some(0),
        Arithmetic::Modulo => a.checked_rem(b),
        Arithmetic::Power => a.checked_pow(u32::try_from(b).ok()?),
    }
}

fn float(op: Arithmetic, a: f64, b: f64) -> Datum<'static> {
    Datum::float(match op {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        Arithmetic::WholeDivide => (a / b).trunc(),
        Arithmetic::Modulo => a % b,
        Arithmetic::Power => a.powf(b),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: Datum<'_>, op: Arithmetic, b: Datum<'_>, expected: Datum<'_>) {
        assert_eq!(calculate(op, &a, &b), expected, "{a:?} {op:?} {b:?}");
    }

    #[test]
    fn whole_numbers_stay_whole_as_long_as_they_fit() {
        use Arithmetic::*;
        use Datum::{Float, Int, Null};
        check(Int(7), WholeDivide, Int(2), Int(3));
        check(Int(-7), WholeDivide, Int(2), Int(-3));
        check(Int(-7), Modulo, Int(2), Int(-1));
        check(Int(7), Divide, Int(2), Float(3.5));
        check(Int(4), Divide, Int(2), Float(2.0));
        check(Int(2), Power, Int(10), Int(1024));
        check(Int(2), Power, Int(-1), Float(0.5));
        check(Int(i64::MAX), Add, Int(1), Float(9.223_372_036_854_776e18));
        check(Int(i64::MIN), Modulo, Int(-1), Int(0));
        check(Int(i64::MIN), WholeDivide, Int(-1), Float(9.223_372_036_854_776e18));
        check(Int(1), Subtract, Null, Null);
    }

    #[test]
    fn what_has_no_value_is_null() {
        use Arithmetic::*;
        use Datum::{Float, Int, Null};
        check(Int(1), Divide, Int(0), Null);
        check(Int(1), WholeDivide, Int(0), Null);
        check(Int(1), Modulo, Int(0), Null);
        check(Float(-8.0), Power, Float(0.5), Null);
        check(Float(1e300), Multiply, Float(1e300), Null);
        check(Float(7.5), WholeDivide, Int(2), Float(3.0));
        check(Float(7.5), Modulo, Int(2), Float(1.5));
    }
}
