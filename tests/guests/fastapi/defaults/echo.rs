//! What the apps echo.

#![allow(dead_code, reason = "no app uses all of it")]

use std::borrow::Cow;

use schemars::{Schema, SchemaGenerator};
use switchback_sdk::prelude::*;

// What is sent.
#[model]
pub(crate) struct V<T> {
    pub(crate) v: T,
}

// What is answered, of no type that the function would tell.
pub(crate) fn echo(v: impl Serialize) -> Value {
    json!({ "v": v })
}

// The same of what no `Value` can hold.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Untold<T>(pub(crate) T);

impl<T> JsonSchema for Untold<T> {
    fn schema_name() -> Cow<'static, str> {
        Value::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Value::json_schema(generator)
    }
}
