//! What the apps echo.

#![allow(dead_code, reason = "no app uses all of it")]

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
