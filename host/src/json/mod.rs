//! Reading a JSON body: to a value, with a note on what a guest's own parser might see otherwise, or to the error that
//! FastAPI would tell.

mod python;

use std::cell::Cell;
use std::fmt;

use bytes::Bytes;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::large::Large;

/// A body as text.
#[derive(Debug, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// Whether the bytes were others than the text's.
    pub(crate) recoded: bool,
}

/// A text that was read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) value: Value,
    /// Its integers of more than 64 bits.
    pub(crate) large: Large,
    /// Whether the text holds something that parsers read differently, so that a guest must get the value written anew:
    /// of two equal keys the last counts here.
    pub(crate) ambiguous: bool,
    /// Whether a number is like `1.0`, which is an integer to JSON Schema but not to every type.
    pub(crate) integral: bool,
}

/// Why a body is no JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum JsonError {
    /// Not JSON: the place as a number of code points, and what is wrong there.
    Invalid(usize, &'static str),
    /// Nested too deeply.
    TooDeep,
    /// An integer has more digits than Python reads.
    TooLong,
}

/// Reads JSON that stands in another text, with its integers of more than 64 bits.
pub(crate) fn exactly(text: &str) -> serde_json::Result<(Value, Large)> {
    let large = Large::default();
    let (found, notes) = read(text, usize::MAX);
    let found = match found {
        Ok(_) if notes.large.get() => read(&large.replaced(text), usize::MAX).0,
        Err(error) if is_out_of_range(&error) => read(&large.replaced(text), usize::MAX).0,
        found => found,
    };
    Ok((found?, large))
}

/// Reads a JSON text, nested at most `depth` deep.
pub(crate) fn parse(text: &str, depth: usize) -> Result<Parsed, JsonError> {
    let (mut found, mut notes) = read(text, depth);
    let (large, mut replaced) = (Large::default(), None);
    let out_of_range = found.as_ref().is_err_and(is_out_of_range);
    if out_of_range && has_long_integer(text) {
        return Err(JsonError::TooLong);
    }
    if out_of_range || notes.large.get() {
        let text = replaced.insert(large.replaced(text));
        (found, notes) = read(text, depth);
    }
    match found {
        Ok(value) => Ok(Parsed {
            value,
            large,
            ambiguous: notes.duplicate.get(),
            integral: notes.integral.get(),
        }),
        Err(error) if notes.too_deep.get() || error.to_string().starts_with("recursion limit") => {
            Err(JsonError::TooDeep)
        }
        Err(error) => match python::diagnose(text) {
            Some((place, what)) => Err(JsonError::Invalid(text[..place].chars().count(), what)),
            // What Python takes and no UTF-8 or no float can hold.
            None => {
                let text = replaced.as_deref().unwrap_or(text);
                let what = match is_out_of_range(&error) {
                    true => "Number too large",
                    false => "Half a surrogate pair in \\uXXXX escape",
                };
                let place = place_of(text, &error);
                Err(JsonError::Invalid(text[..place].chars().count(), what))
            }
        },
    }
}

fn is_out_of_range(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

fn read(text: &str, depth: usize) -> (serde_json::Result<Value>, Notes) {
    let notes = Notes::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let reader = Reader {
        depth,
        notes: &notes,
    };
    let read = reader
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    (read, notes)
}

/// The text of a body. JSON may come as UTF-8, UTF-16 or UTF-32; which one shows in the zeros among the first bytes.
pub(crate) fn decode(bytes: Bytes) -> Option<Decoded> {
    let utf16 = |big: bool, bytes: &[u8]| {
        let units = bytes.chunks_exact(2);
        let whole = units.remainder().is_empty();
        let units = units.map(|unit| match big {
            true => u16::from_be_bytes([unit[0], unit[1]]),
            false => u16::from_le_bytes([unit[0], unit[1]]),
        });
        let text: Result<String, _> = char::decode_utf16(units).collect();
        whole.then(|| text.ok()).flatten()
    };
    let utf32 = |big: bool, bytes: &[u8]| {
        let units = bytes.chunks_exact(4);
        let whole = units.remainder().is_empty();
        let text: Option<String> = units
            .map(|unit| {
                let unit = [unit[0], unit[1], unit[2], unit[3]];
                char::from_u32(if big {
                    u32::from_be_bytes(unit)
                } else {
                    u32::from_le_bytes(unit)
                })
            })
            .collect();
        whole.then_some(text).flatten()
    };
    let text = match &*bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf32(true, rest),
        [0xff, 0xfe, 0, 0, rest @ ..] => utf32(false, rest),
        [0xfe, 0xff, rest @ ..] => utf16(true, rest),
        [0xff, 0xfe, rest @ ..] => utf16(false, rest),
        [0, 0, _, _, ..] => utf32(true, &bytes),
        [0, ..] if bytes.len() >= 2 => utf16(true, &bytes),
        [_, 0, 0, 0, ..] => utf32(false, &bytes),
        [_, 0, ..] => utf16(false, &bytes),
        _ => {
            let text = String::from_utf8(bytes.into()).ok()?;
            return Some(Decoded {
                text,
                recoded: false,
            });
        }
    };
    Some(Decoded {
        text: text?,
        recoded: true,
    })
}

/// What was met on the way.
#[derive(Default)]
struct Notes {
    duplicate: Cell<bool>,
    integral: Cell<bool>,
    /// A number that may be an integer of more than 64 bits.
    large: Cell<bool>,
    too_deep: Cell<bool>,
}

/// Builds a [`Value`], noting what [`Notes`] has.
#[derive(Clone, Copy)]
struct Reader<'n> {
    depth: usize,
    notes: &'n Notes,
}

impl Reader<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Reader { depth, ..self }),
            None => {
                self.notes.too_deep.set(true);
                Err(E::custom("nested too deeply"))
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 {
            self.notes.integral.set(true);
            if !(value > i64::MIN as f64 && value < u64::MAX as f64) {
                self.notes.large.set(true);
            }
        }
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if map.insert(name, fields.next_value_seed(inner)?).is_some() {
                self.notes.duplicate.set(true);
            }
        }
        Ok(Value::Object(map))
    }
}

/// What Python reads as an integer has no more digits than these.
const MOST_DIGITS: usize = 4300;

/// Whether an integer in the text is longer than Python's.
fn has_long_integer(text: &str) -> bool {
    if text.len() <= MOST_DIGITS {
        return false;
    }
    let bytes = text.as_bytes();
    let (mut at, mut in_text) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'0'..=b'9' if !in_text => {
                let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit());
                let digits = digits.count();
                at += digits;
                let is_behind_point = at > digits && bytes[at - digits - 1] == b'.';
                let is_float = matches!(bytes.get(at), Some(b'.' | b'e' | b'E'));
                if digits > MOST_DIGITS && !is_float && !is_behind_point {
                    return true;
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// Where serde_json stopped, in bytes.
fn place_of(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    text.floor_char_boundary(before + error.column())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn invalid(text: &str) -> (usize, String) {
        match parse(text, 128) {
            Err(JsonError::Invalid(place, what)) => (place, what.to_owned()),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn broken_json_is_told_in_python_s_words_at_python_s_place() {
        for (text, place, what) in [
            (" ", 1, "Expecting value"),
            ("{\"a\":1", 6, "Expecting ',' delimiter"),
            ("{\"a\":1}}", 7, "Extra data"),
            ("{\"ä\":x}", 5, "Expecting value"),
            (
                "{\"a\":1,}",
                7,
                "Expecting property name enclosed in double quotes",
            ),
            ("[1,]", 3, "Expecting value"),
            ("[1,\"ab", 3, "Unterminated string starting at"),
            ("\"a\tb\"", 2, "Invalid control character at"),
            ("\"\\x\"", 1, "Invalid \\escape"),
            ("\"\\u12\"", 2, "Invalid \\uXXXX escape"),
            ("01", 1, "Extra data"),
            ("-", 0, "Expecting value"),
            ("{\"a\" 1}", 5, "Expecting ':' delimiter"),
            ("NaN", 0, "Expecting value"),
        ] {
            assert_eq!(invalid(text), (place, what.to_owned()), "{text}");
        }
        assert_eq!(invalid("[1e999]").1, "Number too large");
        assert_eq!(
            invalid(r#"["\ud83d"]"#).1,
            "Half a surrogate pair in \\uXXXX escape"
        );
    }

    #[test]
    fn nesting_beyond_the_limit_is_unreadable_however_deep() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(&deep(10), 10).is_ok());
        assert_eq!(parse(&deep(11), 10).unwrap_err(), JsonError::TooDeep);
        let endless = "[".repeat(1_000_000);
        assert_eq!(parse(&endless, 500).unwrap_err(), JsonError::TooDeep);
        let behind_a_huge_number = format!("[1e999,{}", "[".repeat(1_000_000));
        assert!(parse(&behind_a_huge_number, 128).is_err());
    }

    #[test]
    fn what_parsers_disagree_on_is_written_anew() {
        for (text, value, ambiguous) in [
            (r#"{"a":1,"b":1.5}"#, json!({"a": 1, "b": 1.5}), false),
            (r#"{"a":1,"a":2}"#, json!({"a": 2}), true),
        ] {
            let parsed = parse(text, 128).unwrap();
            assert_eq!(
                (parsed.value, parsed.ambiguous),
                (value, ambiguous),
                "{text}"
            );
        }
    }

    #[test]
    fn a_float_that_is_an_integer_is_noted() {
        let integral = |text| parse(text, 128).unwrap().integral;
        assert!(integral("[1.0]") && integral("[-0.0]") && integral("[1e300]"));
        assert!(!integral("[1,1.5]"));
    }

    #[test]
    fn an_integer_that_python_does_not_read_is_none() {
        let long = "1".repeat(4301);
        for text in [format!("[{long}]"), format!("{{\"\\\"1\":-{long}}}")] {
            assert_eq!(parse(&text, 128).unwrap_err(), JsonError::TooLong);
        }
        for text in [format!("[0.{long}]"), format!("[\"{long}\\\"{long}\"]")] {
            assert!(parse(&text, 128).is_ok());
        }
    }

    #[test]
    fn text_in_any_encoding_of_json_is_decoded_and_noted() {
        let text = "[\"ä😀\"]";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf32: Vec<u8> = text
            .chars()
            .flat_map(|c| u32::from(c).to_be_bytes())
            .collect();
        let bom = format!("\u{feff}{text}");
        for (bytes, recoded) in [
            (text.as_bytes(), false),
            (bom.as_bytes(), true),
            (&utf16, true),
            (&utf32, true),
        ] {
            let decoded = Decoded {
                text: text.to_owned(),
                recoded,
            };
            assert_eq!(decode(Bytes::copy_from_slice(bytes)), Some(decoded));
        }
        for broken in [&b"\"\xff\""[..], b"[\0\0\xd8]\0", b"\0\0\0[\0"] {
            assert_eq!(decode(Bytes::copy_from_slice(broken)), None);
        }
    }
}
