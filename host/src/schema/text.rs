//! Reading a text as a number or a boolean, as leniently as pydantic does.

use serde_json::{Number, Value};

use crate::large::Large;

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

/// What CPython reads as an integer has no more digits than these.
pub(super) const MOST_DIGITS: usize = 4300;

/// An integer with blanks around, a sign, leading zeros, single `_` between digits, a tail of `.0`.
pub(super) fn integer(text: &str, large: &Large) -> Option<Number> {
    match text.parse::<i64>() {
        Ok(small) => Some(small.into()),
        Err(_) => Some(large.integer(&digits(text)?)),
    }
}

/// The digits of such an integer, a sign before them if it is negative.
pub(super) fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            whole
        }
        Some(_) => return None,
        None => text,
    };
    let (sign, digits) = match whole.as_bytes().first()? {
        b'-' => ("-", &whole[1..]),
        b'+' => ("", &whole[1..]),
        _ => ("", whole),
    };
    let digits = join_digits(digits)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.len() > MOST_DIGITS {
        return None;
    }
    match digits.trim_start_matches('0') {
        "" => Some("0".to_owned()),
        digits => Some(format!("{sign}{digits}")),
    }
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
        let read = |text| integer(text, &Large::default());
        for (text, value) in [
            ("1", 1),
            (" +1 ", 1),
            ("-0012", -12),
            ("1_000", 1000),
            ("7.00", 7),
        ] {
            assert_eq!(read(text), Some(value.into()), "{text}");
        }
        assert_eq!(read("18446744073709551615"), Some(u64::MAX.into()));
        assert_eq!(read("-9223372036854775808"), Some(i64::MIN.into()));
        let long = "1".repeat(4300);
        assert_eq!(
            digits(&format!("-00{}.0", &long[2..])),
            Some(format!("-{}", &long[2..]))
        );
        assert_eq!(digits(&format!("1{long}")), None);
        for text in [
            "", " ", "1e3", "0x10", "1__0", "_1", "1_", "1.", "1.5", "+-1", "٣", "-",
        ] {
            assert_eq!(read(text), None, "{text}");
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
