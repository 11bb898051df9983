//! Reads the JSON in which the host hands over parameters.
//!
//! The host has written it, so it is taken apart without looking for what is not JSON. serde_json would read it too,
//! but with its errors, which print any number, it is an eighth of a small plugin.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, Expected, Unexpected, Visitor};

use crate::ends::{end, special};

/// One value, as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Raw<'a>(pub(crate) &'a str);

/// An array or object, from where its next value begins. In an object names and values alternate.
pub(crate) struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    /// A text that is an array or object.
    #[inline]
    pub(crate) fn of(text: &'a str) -> Result<Self, Error> {
        let mut whole = Rest { text, at: 0 };
        whole.open()?;
        Ok(whole)
    }

    /// Goes into the array or object that comes next. `next` returns to the one around it after the last value.
    #[inline]
    pub(crate) fn open(&mut self) -> Result<(), Error> {
        let begin = self.begin();
        match self.text.as_bytes().get(begin) {
            Some(b'[' | b'{') => {
                self.at = begin + 1;
                Ok(())
            }
            _ => Err(Error("it is neither list nor object".into())),
        }
    }

    /// The next value; none at the end.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Raw<'a>> {
        let begin = self.begin();
        let end = end(self.text.as_bytes(), begin);
        if end == begin {
            self.at = self.text.len().min(begin + 1);
            return None;
        }
        self.at = end;
        self.text.get(begin..end).map(Raw)
    }

    /// Where the next value begins.
    #[inline]
    fn begin(&self) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while let Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') = bytes.get(at) {
            at += 1;
        }
        at
    }
}

impl<'a> Raw<'a> {
    /// The value as a type.
    pub(crate) fn read<T: Deserialize<'a>>(self) -> Result<T, Error> {
        T::deserialize(self)
    }

    /// An object of headers as a type whose fields have `_` where headers have `-`.
    pub(crate) fn read_headers<T: Deserialize<'a>>(self) -> Result<T, Error> {
        T::deserialize(Headers(self))
    }

    /// The text that it is.
    #[inline]
    pub(crate) fn text(self) -> Result<Cow<'a, str>, Error> {
        let inside = self
            .0
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        match inside {
            Some(plain) if special(plain.as_bytes(), 0) == plain.len() => Ok(Cow::Borrowed(plain)),
            Some(escaped) => match unescape(escaped) {
                Some(text) => Ok(Cow::Owned(text)),
                None => Err(Error("it has an escape that JSON does not know".into())),
            },
            None => Err(Error("it is no text".into())),
        }
    }

    fn integer<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match (self.0.parse(), self.0.parse()) {
            (Ok(number), _) => visitor.visit_u64(number),
            (_, Ok(number)) => visitor.visit_i64(number),
            _ => Err(Error::not(&visitor)),
        }
    }

    /// Apart from [`integer`](Raw::integer), so that only who reads such numbers carries what reads them.
    fn long_integer<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match (self.0.parse(), self.0.parse()) {
            (Ok(number), _) => visitor.visit_u128(number),
            (_, Ok(number)) => visitor.visit_i128(number),
            _ => Err(Error::not(&visitor)),
        }
    }

    fn float<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.parse() {
            Ok(number) => visitor.visit_f64(number),
            Err(_) => Err(Error::not(&visitor)),
        }
    }
}

fn unescape(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        rest = escape.get(1..)?;
        match *escape.as_bytes().first()? {
            b'n' => text.push('\n'),
            b't' => text.push('\t'),
            b'r' => text.push('\r'),
            b'b' => text.push('\u{8}'),
            b'f' => text.push('\u{c}'),
            b'u' => {
                let mut units = [utf16(rest)?, 0];
                rest = rest.get(4..)?;
                let mut long = 1;
                if let Some(second) = rest
                    .strip_prefix("\\u")
                    .filter(|_| (0xd800..0xdc00).contains(&units[0]))
                {
                    units[1] = utf16(second)?;
                    rest = second.get(4..)?;
                    long = 2;
                }
                for char in char::decode_utf16(units.into_iter().take(long)) {
                    text.push(char.ok()?);
                }
            }
            other => text.push(other.into()),
        }
    }
    text.push_str(rest);
    Some(text)
}

fn utf16(digits: &str) -> Option<u16> {
    u16::from_str_radix(digits.get(..4)?, 16).ok()
}

/// Why a value is not of its type.
#[derive(Debug)]
pub(crate) struct Error(String);

impl Error {
    fn not(expected: &dyn Expected) -> Self {
        Error(format!("it is not {expected}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::not(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::not(expected)
    }
}

/// Several of serde's questions that have one answer.
macro_rules! answer {
    ($way:ident: $($question:ident)*) => {$(
        fn $question<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$way(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Raw<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.as_bytes() {
            [b'"', ..] => self.deserialize_str(visitor),
            [b'[', ..] => self.deserialize_seq(visitor),
            [b'{', ..] => self.deserialize_map(visitor),
            b"null" => visitor.visit_unit(),
            b"true" | b"false" => self.deserialize_bool(visitor),
            digits if digits.iter().any(|digit| b".eE".contains(digit)) => self.float(visitor),
            _ => self.integer(visitor),
        }
    }

    answer! { integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 }
    answer! { integer: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }
    answer! { long_integer: deserialize_i128 deserialize_u128 }
    answer! { float: deserialize_f32 deserialize_f64 }
    answer! { deserialize_str: deserialize_string deserialize_char deserialize_identifier }
    serde::forward_to_deserialize_any! { bytes byte_buf unit unit_struct ignored_any }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Error::not(&visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            "null" => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Rest::of(self.0)?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Rest::of(self.0)?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.text() {
            Ok(Cow::Borrowed(name)) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            Ok(Cow::Owned(name)) => {
                visitor.visit_enum(de::IntoDeserializer::into_deserializer(name))
            }
            Err(_) => MapAccessDeserializer::new(Rest::of(self.0)?)
                .deserialize_enum(name, variants, visitor),
        }
    }
}

impl<'de> de::IntoDeserializer<'de, Error> for Raw<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// An object whose names are those of headers.
struct Headers<'a>(Raw<'a>);

impl<'de> Headers<'de> {
    fn named<V: Visitor<'de>>(
        &self,
        name: impl Fn(&str) -> String,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut rest = Rest::of(self.0.0)?;
        let mut pairs = Vec::new();
        while let Some(header) = rest.next()
            && let Some(value) = rest.next()
        {
            pairs.push((name(&header.text()?), value));
        }
        visitor.visit_map(de::value::MapDeserializer::new(pairs.into_iter()))
    }
}

impl<'de> Deserializer<'de> for Headers<'de> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let is = |field: &str, header: &str| field.replace('_', "-").eq_ignore_ascii_case(header);
        let name = |header: &str| match fields.iter().find(|field| is(field, header)) {
            Some(field) => (*field).to_owned(),
            None => header.to_owned(),
        };
        self.named(name, visitor)
    }

    // A type with flattened fields, which nobody can list.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.named(|header| header.replace('-', "_"), visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de> de::SeqAccess<'de> for Rest<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.next().map(|value| seed.deserialize(value)).transpose()
    }
}

impl<'de> de::MapAccess<'de> for Rest<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.next().map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.next() {
            Some(value) => seed.deserialize(value),
            None => Err(Error("a name has no value".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Every kind of value, spaced as no host would.
    const ALL: &str = r#" { "a" : [ 1 , -2, 18446744073709551615, 2.5e1 , true, false, null ] ,
        "{[\"\\": { "x" : "]},:" , "y" : [] , "z" : {} } , "" : "" } "#;

    #[test]
    fn a_value_is_read_as_serde_json_reads_it() {
        let whole = Raw(ALL.trim());
        let expected: Value = serde_json::from_str(ALL).unwrap();
        assert_eq!(whole.read::<Value>().unwrap(), expected);
    }

    #[test]
    fn a_text_ends_at_its_own_quote_wherever_that_is() {
        for long in 0..40 {
            let text = "é".repeat(long) + "\\\"" + &"x".repeat(long);
            let written = format!(r#"["{text}","{}",7]"#, "y".repeat(long));
            let mut list = Rest::of(&written).unwrap();
            assert_eq!(list.next(), Some(Raw(&format!("\"{text}\""))));
            assert_eq!(list.next(), Some(Raw(&format!("\"{}\"", "y".repeat(long)))));
            assert_eq!((list.next(), list.next()), (Some(Raw("7")), None));
        }
        for broken in ["[\"", "[\"\\", "[[", "[{\"", "[7", "["] {
            let mut list = Rest::of(broken).unwrap();
            while list.next().is_some() {}
        }
    }

    #[test]
    fn an_escape_is_the_character_it_stands_for() {
        let written = r#""\"\\\/\n\t\r\b\f\u00e9\ud83d\ude00é""#;
        let expected: String = serde_json::from_str(written).unwrap();
        assert_eq!(Raw(written).text().unwrap(), expected);
        for broken in [
            r#""\u12""#,
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\ud83d\u0041""#,
            r#""\""#,
        ] {
            assert!(Raw(broken).text().is_err(), "{broken}");
        }
    }

    #[test]
    fn a_type_that_the_value_is_not_is_an_error_that_says_what_was_expected() {
        assert_eq!(
            Raw("7.5").read::<i64>().unwrap_err().to_string(),
            "it is not i64"
        );
        assert_eq!(
            Raw("300").read::<u8>().unwrap_err().to_string(),
            "it is not u8"
        );
        let most = u128::MAX.to_string();
        assert_eq!(Raw(&most).read::<u128>().unwrap(), u128::MAX);
        assert_eq!(Raw("-7").read::<i128>().unwrap(), -7);
        assert!(Raw(&most).read::<i128>().is_err() && Raw("-7").read::<u128>().is_err());
        assert!(Raw("\"7\"").read::<i64>().is_err() && Raw("7").read::<String>().is_err());
        assert!(Raw("1").read::<bool>().is_err() && Raw("x").read::<f64>().is_err());
    }

    #[test]
    fn types_of_an_authors_own_are_read() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Shape {
            Point,
            Circle(f64),
            Box { width: u32 },
        }
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Wrapper(Option<Vec<(char, bool)>>);

        let shapes: Vec<Shape> = Raw(r#"["point",{"circle":2},{"box":{"width":3}}]"#)
            .read()
            .unwrap();
        assert_eq!(
            shapes,
            [Shape::Point, Shape::Circle(2.0), Shape::Box { width: 3 }]
        );
        assert!(Raw(r#""square""#).read::<Shape>().is_err());
        assert_eq!(
            Raw(r#"[["x",true]]"#).read::<Wrapper>().unwrap(),
            Wrapper(Some(vec![('x', true)]))
        );
        assert_eq!(Raw("null").read::<Wrapper>().unwrap(), Wrapper(None));
    }
}
