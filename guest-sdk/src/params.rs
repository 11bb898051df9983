//! Declared parameters: which types may stand for one, and how the host's JSON becomes them.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Problem;

/// A type that a path or query parameter can have.
///
/// Its schema, by `JsonSchema`, is what the host checks and documents. A parameter that was not sent reads as `null`,
/// so a type that takes `null` (`Option<_>`) is optional and any other is required. An enum of the author's own
/// becomes a parameter by one line:
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(rename_all = "lowercase")]
/// enum Order { Newest, Oldest }
///
/// impl Parameter for Order {}
///
/// /// List notes
/// #[get("/notes")]
/// fn list(order: Option<Order>) -> String {
///     match order.unwrap_or(Order::Newest) {
///         Order::Newest => "newest first".into(),
///         Order::Oldest => "oldest first".into(),
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a path or query parameter",
    label = "not a parameter's type",
    note = "a body is taken as `Json<{Self}>`",
    note = "an enum of texts becomes a parameter by `impl Parameter for {Self} {{}}`"
)]
pub trait Parameter: DeserializeOwned + JsonSchema {}

macro_rules! parameters {
    ($($type:ty)*) => { $(impl Parameter for $type {})* };
}

parameters! { String bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

impl<T: Parameter> Parameter for Option<T> {}
impl<T: Parameter> Parameter for Vec<T> {}

/// The host's `{"path":{…},"query":{…},…}`, split into parameters whose values are read when asked for.
#[derive(serde::Deserialize)]
pub(crate) struct Params<'a> {
    #[serde(borrow)]
    path: Values<'a>,
    #[serde(borrow)]
    query: Values<'a>,
}

impl<'a> Params<'a> {
    pub(crate) fn parse(json: &'a str) -> Result<Self, Problem> {
        serde_json::from_str(json)
            .map_err(|error| Problem::internal(&format!("reading the parameters: {error}")))
    }

    pub(crate) fn path<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        self.path.get(name)
    }

    pub(crate) fn query<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        self.query.get(name)
    }
}

/// Few and looked up once each, so a list beats a map.
struct Values<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Values<'_> {
    fn get<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        let sent = self.0.iter().find(|(key, _)| key == name);
        let json = sent.map_or("null", |(_, value)| value.get());
        // The host has checked it against this type's own schema: what fails here is a mistake of one of the two.
        serde_json::from_str(json)
            .map_err(|error| Problem::internal(&format!("reading parameter `{name}`: {error}")))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Values<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Values<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of parameters")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    values.push((key, value));
                }
                Ok(Values(values))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// A name, borrowed unless it contains escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str =
        r#"{"path":{"id":7,"a\"b":"x"},"query":{"tag":["a","b"]},"header":{},"cookie":{}}"#;

    #[test]
    fn a_parameter_is_read_as_the_arguments_type() {
        let params = Params::parse(SENT).unwrap();
        assert_eq!(params.path::<i64>("id").unwrap(), 7);
        assert_eq!(params.query::<Vec<String>>("tag").unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_name_with_an_escape_is_found() {
        assert_eq!(
            Params::parse(SENT).unwrap().path::<String>("a\"b").unwrap(),
            "x"
        );
    }

    #[test]
    fn an_optional_parameter_that_was_not_sent_is_none() {
        assert_eq!(
            Params::parse(SENT)
                .unwrap()
                .query::<Option<String>>("q")
                .unwrap(),
            None
        );
    }

    #[test]
    fn a_required_parameter_that_the_host_left_out_is_an_internal_error() {
        assert_eq!(
            Params::parse(SENT)
                .unwrap()
                .query::<i64>("n")
                .unwrap_err()
                .status(),
            500
        );
    }
}
