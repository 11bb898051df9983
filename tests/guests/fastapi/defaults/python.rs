//! Values as Python's `json` writes them where no response model says otherwise.

#![allow(dead_code, reason = "no app uses all of them")]

use std::borrow::Cow;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Serializer;
use switchback_sdk::prelude::*;
use uuid::Uuid;

/// Declares a text of a format, which the host has brought into its usual form.
macro_rules! texts {
    ($($name:ident $format:literal)*) => {$(
        #[derive(Clone, Deserialize)]
        pub(crate) struct $name(pub(crate) String);

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format })
            }
        }

        impl Parameter for $name {}
    )*};
}

texts! { Day "date" Moment "date-time" Clock "time" Span "duration" Email "email" }

macro_rules! written_as_they_are {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }
    )*};
}

written_as_they_are! { Day Url Email }

// `AnyUrl`.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("format" = "uri", "minLength" = 1))]
pub(crate) struct Url(pub(crate) String);

impl Parameter for Url {}

// `HttpUrl`.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend(
    "format" = "uri", "minLength" = 1, "maxLength" = 2083, "x-switchback-schemes" = ["http", "https"],
))]
pub(crate) struct WebUrl(pub(crate) String);

impl Parameter for WebUrl {}

/// `bytes`, of which JSON has only those of a text.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Raw(pub(crate) String);

impl JsonSchema for Raw {
    fn schema_name() -> Cow<'static, str> {
        "Raw".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentMediaType": "application/octet-stream" })
    }
}

impl Parameter for Raw {}

/// `isoformat()`: an offset of none is `+00:00`.
macro_rules! iso_formatted {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self.0.strip_suffix('Z') {
                    Some(local) => to.serialize_str(&format!("{local}+00:00")),
                    None => to.serialize_str(&self.0),
                }
            }
        }
    )*};
}

iso_formatted! { Moment Clock }

/// `total_seconds()`.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.seconds())
    }
}

impl Span {
    /// Of a duration in days, hours, minutes and seconds, to the microsecond.
    pub(crate) fn seconds(&self) -> f64 {
        let (sign, rest) = match self.0.strip_prefix('-') {
            Some(rest) => (-1.0, rest),
            None => (1.0, &*self.0),
        };
        let rest = rest.trim_start_matches('P');
        let (mut seconds, mut number, mut in_time) = (0.0_f64, String::new(), false);
        for letter in rest.chars() {
            let unit = match (letter, in_time) {
                ('T', _) => {
                    in_time = true;
                    continue;
                }
                ('Y', _) => 365.0 * 86_400.0,
                ('M', false) => 30.0 * 86_400.0,
                ('W', _) => 7.0 * 86_400.0,
                ('D', _) => 86_400.0,
                ('H', _) => 3_600.0,
                ('M', true) => 60.0,
                ('S', _) => 1.0,
                _ => {
                    number.push(letter);
                    continue;
                }
            };
            seconds += unit * number.parse::<f64>().unwrap_or(0.0);
            number.clear();
        }
        sign * (seconds * 1e6).round() / 1e6
    }
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct Id(pub(crate) Uuid);

impl Parameter for Id {}

/// `Decimal`: a number or a text, as it was sent.
#[derive(Clone)]
pub(crate) struct Amount(pub(crate) String);

fn read(text: &str) -> Option<Decimal> {
    Decimal::from_scientific(text)
        .or_else(|_| text.parse())
        .ok()
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "number" }, { "type": "string" }], "x-switchback-decimal": {} })
    }
}

impl Parameter for Amount {}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => Ok(Amount(text)),
            Value::Number(number) => Ok(Amount(number.to_string())),
            _ => Err(serde::de::Error::custom("a number or a text")),
        }
    }
}

/// A number, whole if it has no fraction.
pub(crate) fn number(value: Decimal) -> Value {
    match value.to_i64() {
        Some(whole) if value.scale() == 0 => whole.into(),
        _ => json!(value.to_f64()),
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match read(self.0.trim()) {
            // More than a `Value` holds.
            Some(value) if value.scale() == 0 && value.to_i64().is_none() => {
                value.mantissa().serialize(to)
            }
            Some(value) => number(value).serialize(to),
            None => to.serialize_str(&self.0),
        }
    }
}
