//! Reading a text as a number or a boolean, as leniently as pydantic does.

use serde_json::{Number, Value};

/// `true false 1 0 on off yes no y n t f`, in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["true", "1", "on", "yes", "y", "t"]) {
        Some(true)
    } else if is(&["false", "0", "off", "no", "n", "f"]) {
        Some(false)
    } else {
        None
    }
}

/// An integer with blanks around, a sign, leading zeros, single `_` between digits, a tail of `.0`. None beyond 64 bits.
pub(super) fn integer(text: &str) -> Option<Number> {
    if let Ok(small) = text.parse::<i64>() {
        return Some(small.into());
    }
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            whole
        }
        Some(_) => return None,
        None => text,
    };
    let (negative, digits) = match whole.as_bytes().first()? {
        b'-' => (true, &whole[1..]),
        b'+' => (false, &whole[1..]),
        _ => (false, whole),
    };
    let digits = join_digits(digits)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match digits.parse::<u64>() {
        Ok(number) if negative => i64::try_from(-i128::from(number)).ok().map(Number::from),
        Ok(number) => Some(number.into()),
        Err(_) => None,
    }
    .or_else(|| {
        let float: f64 = digits.parse().ok()?;
        Number::from_f64(match negative {
            // Rounded, it would be the least integer of 64 bits, which it is below.
            true if -float == i64::MIN as f64 => (-float).next_down(),
            true => -float,
            false => float,
        })
    })
}

/// A float; beyond what JSON has (`nan`, `Infinity`) included.
pub(super) fn float(text: &str) -> Option<f64> {
    join_digits(text.trim())?.parse().ok()
}

/// As a number of JSON, if it is finite.
pub(super) fn number(float: f64) -> Option<Value> {
    Number::from_f64(float).map(Value::Number)
}

/// Takes out each `_` that stands between two digits; none if one stands elsewhere.
fn join_digits(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    if !text.contains('_') {
        return (!text.is_empty()).then_some(text.into());
    }
    let bytes = text.as_bytes();
    let digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    let between = |index: usize| index > 0 && digit(index - 1) && digit(index + 1);
    let fine = (0..bytes.len()).all(|index| bytes[index] != b'_' || between(index));
    fine.then(|| text.replace('_', "").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_pydantic_reads_them() {
        for (text, value) in [
            ("1", 1),
            (" +1 ", 1),
            ("-0012", -12),
            ("1_000", 1000),
            ("7.00", 7),
        ] {
            assert_eq!(integer(text), Some(value.into()), "{text}");
        }
        assert_eq!(integer("18446744073709551615"), Some(u64::MAX.into()));
        assert_eq!(integer("-9223372036854775808"), Some(i64::MIN.into()));
        let below = integer("-9223372036854775809").unwrap().as_f64().unwrap();
        assert!(below < i64::MIN as f64);
        for text in [
            "", " ", "1e3", "0x10", "1__0", "_1", "1_", "1.", "1.5", "+-1", "٣", "-",
        ] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn floats_are_read_as_pydantic_reads_them() {
        for (text, value) in [
            (" .5 ", 0.5),
            ("5.", 5.0),
            ("1_000.5", 1000.5),
            ("1e3", 1000.0),
        ] {
            assert_eq!(float(text), Some(value), "{text}");
        }
        assert!(float("nan").is_some_and(f64::is_nan));
        assert_eq!(float("-inf"), Some(f64::NEG_INFINITY));
        for text in ["", "1,5", "0x1p3", "1__0", "x"] {
            assert_eq!(float(text), None, "{text}");
        }
    }
}
