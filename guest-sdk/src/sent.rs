//! What of a body was sent, and what was not.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::Problem;

/// A model of which it is known what was sent: for a `PATCH`, FastAPI's
/// `stored.model_copy(update=item.model_dump(exclude_unset=True))`.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// #[model]
/// struct Item {
///     name: Option<String>,
///     price: Option<f64>,
///     #[field(default = 10.5)]
///     tax: f64,
/// }
///
/// fn stored() -> Item {
///     Item { name: Some("saw".into()), price: Some(3.0), tax: 20.0 }
/// }
///
/// /// Change an item
/// #[patch("/items/{id}")]
/// fn change(id: u32, item: Json<Sent<Item>>) -> Result<Json<Item>, Problem> {
///     Ok(Json(item.onto(&stored())?))
/// }
///
/// plugin! { routes: [change] }
///
/// let client = switchback_sdk::TestClient::new(plugin());
/// let response = client.patch("/items/1").json(&json!({"name": null})).send();
/// assert_eq!(response.value(), json!({"name": null, "price": 3.0, "tax": 20.0}));
/// ```
///
/// It derefs to the model, whose defaults stand for what was not sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent<T> {
    value: T,
    sent: Map<String, Value>,
}

impl<T> Sent<T> {
    /// The model, its defaults where nothing was sent.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Whether a field was sent, by its name in JSON; also as `null`.
    pub fn has(&self, name: &str) -> bool {
        self.sent.contains_key(name)
    }
}

impl<T: Serialize + DeserializeOwned> Sent<T> {
    /// What is stored, with what was sent in its place.
    ///
    /// # Errors
    /// 500 if the type does not read what it writes: the log says why.
    pub fn onto(&self, stored: &T) -> Result<T, Problem> {
        let failed = |error: serde_json::Error| Problem::internal(&format!("changing: {error}"));
        let mut whole = serde_json::to_value(stored).map_err(failed)?;
        for (name, value) in &self.sent {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).map_err(failed)
    }
}

impl<T> Deref for Sent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Sent<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let sent = Map::deserialize(from)?;
        let value =
            serde_json::from_value(Value::Object(sent.clone())).map_err(D::Error::custom)?;
        Ok(Sent { value, sent })
    }
}

impl<T: JsonSchema> JsonSchema for Sent<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
