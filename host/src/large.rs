//! Integers of more than 64 bits, of which a [`Number`] keeps only the first digits.
//!
//! In a value a float stands for each: the nearest one, or another where that is taken. No other number of the value is
//! that float, so the digits are found by it wherever the value is moved, and written where the value is written.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use serde_json::{Number, Value};

/// Those of one value.
#[derive(Debug, Default)]
pub(crate) struct Large(RefCell<Option<Box<Table>>>);

#[derive(Debug, Default)]
struct Table {
    /// By the float that stands for them; none where it stands for itself.
    digits: BTreeMap<u64, Option<Arc<str>>>,
    floats: BTreeMap<Arc<str>, f64>,
    /// How many floats were taken from the end, since they were no one's nearest.
    far: u64,
}

impl Large {
    /// Whether each number of the value is what it says.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_none()
    }

    /// The integer of these digits, with a sign before them if it is negative, and without needless zeros.
    pub(crate) fn integer(&self, digits: &str) -> Number {
        let small = digits.parse::<i64>().map(Number::from);
        let small = small.or_else(|_| digits.parse::<u64>().map(Number::from));
        small.unwrap_or_else(|_| {
            let float = self.0.borrow_mut().get_or_insert_default().stand_in(digits);
            Number::from_f64(float).expect("what stands for an integer is finite")
        })
    }

    /// The digits of an integer that a number cannot hold.
    pub(crate) fn digits(&self, number: &Number) -> Option<Arc<str>> {
        let bits = number.as_f64().filter(|_| number.is_f64())?.to_bits();
        self.0.borrow().as_ref()?.digits.get(&bits)?.clone()
    }

    /// A text of JSON in which floats stand for large integers, to be read in place of this one.
    pub(crate) fn replaced(&self, text: &str) -> String {
        for number in numbers(text).map(|at| &text[at]) {
            // Smaller ones stand for nothing.
            if let Ok(float) = number.parse::<f64>()
                && float.abs() >= i64::MAX as f64
                && !is_integer(number)
            {
                let mut table = self.0.borrow_mut();
                let digits = &mut table.get_or_insert_default().digits;
                digits.insert(float.to_bits(), None);
            }
        }
        let (mut replaced, mut done) = (String::with_capacity(text.len()), 0);
        for at in numbers(text) {
            let number = &text[at.clone()];
            if is_integer(number) {
                replaced.push_str(&text[done..at.start]);
                replaced.push_str(&self.integer(number).to_string());
                done = at.end;
            }
        }
        replaced.push_str(&text[done..]);
        replaced
    }

    /// Writes the value with all digits.
    pub(crate) fn write(&self, value: &Value, to: impl io::Write) -> serde_json::Result<()> {
        match self.is_empty() {
            true => serde_json::to_writer(to, value),
            false => value.serialize(&mut Serializer::with_formatter(to, Digits(self))),
        }
    }

    pub(crate) fn text(&self, value: &Value) -> String {
        let mut text = Vec::new();
        self.write(value, &mut text)
            .expect("a value always becomes JSON");
        String::from_utf8(text).expect("JSON is written as UTF-8")
    }

    /// Puts texts of their digits in the place of large integers, for who does not know what stands for them.
    pub(crate) fn tell(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        match value {
            Value::Number(number) => {
                if let Some(digits) = self.digits(number) {
                    *value = (&*digits).into();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.tell(item)),
            Value::Object(map) => map.values_mut().for_each(|field| self.tell(field)),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
}

impl Table {
    fn stand_in(&mut self, digits: &str) -> f64 {
        if let Some(float) = self.floats.get(digits) {
            return *float;
        }
        let sign = if digits.starts_with('-') { -1.0 } else { 1.0 };
        let nearest: f64 = digits.parse().unwrap_or_default();
        let mut float = nearest.clamp(f64::MIN, f64::MAX);
        // Rounded, it would be an integer of 64 bits, which it is below.
        if float == i64::MIN as f64 {
            float = float.next_down();
        }
        while self.digits.contains_key(&float.to_bits()) {
            float = sign * f64::from_bits(f64::MAX.to_bits() - self.far);
            self.far += 1;
        }
        let digits: Arc<str> = digits.into();
        self.digits
            .insert(float.to_bits(), Some(Arc::clone(&digits)));
        self.floats.insert(digits, float);
        float
    }
}

/// Where the numbers of a text of JSON stand. Those within texts are among them, but for integers: a text that is read as
/// a float is not to be taken for what stands for something else.
fn numbers(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let (mut at, mut in_text) = (0, false);
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            at += 1;
            match byte {
                b'\\' if in_text => at += 1,
                b'"' => in_text = !in_text,
                b'-' | b'0'..=b'9' => {
                    let more =
                        |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                    at += bytes[at..].iter().take_while(more).count();
                    if !in_text || !is_integer(&text[start..at]) {
                        return Some(start..at);
                    }
                }
                _ => {}
            }
        }
        None
    })
}

fn is_integer(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    number != "-0" && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty()
}

/// Writes digits in the place of what stands for them.
struct Digits<'l>(&'l Large);

impl Formatter for Digits<'_> {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let table = self.0.0.borrow();
        match table
            .as_ref()
            .and_then(|table| table.digits.get(&value.to_bits()))
        {
            Some(Some(digits)) => writer.write_all(digits.as_bytes()),
            _ => CompactFormatter.write_f64(writer, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_of_an_integer_is_kept_though_many_round_to_one_float() {
        let long = "9".repeat(400);
        let numbers: Vec<String> = (0..50_u128)
            .map(|more| (10_u128.pow(25) + more).to_string())
            .chain((0..50_u128).map(|more| format!("-{}", 10_u128.pow(25) + more)))
            .chain([
                long.clone(),
                format!("-{long}"),
                "1e25".into(),
                "1.7976931348623157e308".into(),
            ])
            .collect();
        let text = format!(
            "{{\"a 1e2\\\"\":[{}],\"b\":\"{long}\",\"c\":-0}}",
            numbers.join(",")
        );
        let large = Large::default();
        let value: Value = serde_json::from_str(&large.replaced(&text)).unwrap();
        let written = large.text(&value);
        assert_eq!(
            written.replace("1e+25", "1e25").replace("-0.0", "-0"),
            text.replace("1.7976931348623157e308", "1.7976931348623157e+308")
        );
    }

    #[test]
    fn equal_digits_are_one_number_and_small_ones_are_themselves() {
        let large = Large::default();
        let digits = "123456789012345678901234567890";
        assert_eq!(large.integer(digits), large.integer(digits));
        assert_eq!(
            large.digits(&large.integer(digits)).as_deref(),
            Some(digits)
        );
        assert_eq!(large.integer("18446744073709551615"), u64::MAX.into());
        assert_eq!(large.integer("-1"), (-1).into());
        let below = large.integer("-9223372036854775809").as_f64().unwrap();
        assert!(below < i64::MIN as f64);
    }
}
