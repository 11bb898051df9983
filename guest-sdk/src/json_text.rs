//! A text that holds JSON.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};

use crate::Parameter;
use crate::contract::object;

/// A text in which JSON stands, read as field `0`: FastAPI's `Json[…]`. The host looks into the text of a parameter, or
/// of a field of a form, and says what is wrong in there.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Add numbers
/// #[get("/sum")]
/// fn sum(numbers: JsonText<Vec<i64>>) -> i64 {
///     numbers.iter().sum()
/// }
///
/// plugin! { routes: [sum] }
/// let client = switchback_sdk::TestClient::new(plugin());
/// assert_eq!(client.get("/sum?numbers=[1,2]").send().json::<i64>(), 3);
/// assert_eq!(client.get("/sum?numbers=[1,").send().status, 422);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonText<T>(pub T);

impl<T> Deref for JsonText<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for JsonText<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        serde_json::from_str(&text)
            .map(JsonText)
            .map_err(D::Error::custom)
    }
}

impl<T: Serialize> Serialize for JsonText<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(&self.0).map_err(S::Error::custom)?;
        to.serialize_str(&text)
    }
}

impl<T: JsonSchema> JsonSchema for JsonText<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("JsonText_of_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = object([
            ("type", "string".into()),
            ("contentMediaType", "application/json".into()),
            ("contentSchema", generator.subschema_for::<T>().to_value()),
        ]);
        Schema::try_from(text).expect("an object is a schema")
    }
}

impl<T: DeserializeOwned + JsonSchema> Parameter for JsonText<T> {}
