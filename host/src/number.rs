//! JSON's numbers and values as JSON Schema sees them: `1` and `1.0` are one number.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Exact, also between integers and floats.
pub(crate) fn compare(a: &Number, b: &Number) -> Ordering {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => compare_mixed(a, float(b)),
        (None, Some(b)) => compare_mixed(b, float(a)).reverse(),
        (None, None) => float(a).total_cmp(&float(b)),
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

/// Whether the number has no fraction.
pub(crate) fn is_integer(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b) == Ordering::Equal,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
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
