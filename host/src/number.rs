//! JSON's numbers and values as JSON Schema sees them: `1` and `1.0` are one number.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::large::Large;

/// Exact, also between integers and floats.
pub(crate) fn compare(a: &Number, b: &Number) -> Ordering {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => compare_mixed(a, float(b)),
        (None, Some(b)) => compare_mixed(b, float(a)).reverse(),
        // Neither is NaN, and a zero has no sign here.
        (None, None) => float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal),
    }
}

fn compare_mixed(integer: i128, float: f64) -> Ordering {
    // The integer has at most 64 bits, so a float beyond i128 saturates to the right side of it.
    let whole = float.trunc();
    integer
        .cmp(&(whole as i128))
        .then(0.0_f64.total_cmp(&(float - whole + 0.0)))
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::INFINITY)
}

/// An integer of more than 64 bits with a number, by its digits.
pub(crate) fn compare_digits(digits: &str, number: &Number) -> Ordering {
    let (negative, size) = match digits.strip_prefix('-') {
        Some(size) => (true, size),
        None => (false, digits),
    };
    let by_sign = if negative {
        Ordering::Less
    } else {
        Ordering::Greater
    };
    let float = float(number);
    if !number.is_f64() || (float < 0.0) != negative {
        return by_sign;
    }
    // A float so large has no fraction.
    let other = format!("{:.0}", float.abs());
    match (size.len(), size).cmp(&(other.len(), &other)) {
        order if negative => order.reverse(),
        order => order,
    }
}

/// Whether an integer of more than 64 bits is a multiple of another.
pub(crate) fn is_multiple(digits: &str, of: u64) -> bool {
    let rest = digits
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0, |rest, digit| {
            (rest * 10 + u128::from(digit - b'0')) % u128::from(of.max(1))
        });
    rest == 0
}

/// Whether the number has no fraction.
pub(crate) fn is_integer(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

/// Whether a value is one that the contract has; `large` has its large integers, and the contract has none.
pub(crate) fn equal(known: &Value, value: &Value, large: &Large) -> bool {
    match (known, value) {
        (Value::Number(known), Value::Number(value)) => {
            large.digits(value).is_none() && compare(known, value) == Ordering::Equal
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b, large))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b, large)))
        }
        _ => known == value,
    }
}

/// A float without fraction as the integer it is, if it has one of 64 bits.
pub(crate) fn whole(float: f64) -> Option<Number> {
    if float.fract() != 0.0 {
        None
    } else if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float) {
        Some((float as i64).into())
    } else if (0.0..18_446_744_073_709_551_616.0).contains(&float) {
        Some((float as u64).into())
    } else {
        None
    }
}
