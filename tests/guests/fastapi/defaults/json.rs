//! JSON: its syntax, its bytes, its media types.

mod echo;

use serde_json::Map;
use switchback_sdk::prelude::*;

use echo::echo;

#[model]
struct Small {
    #[field(default = 0)]
    a: i64,
}

#[post("/model")]
fn model(v: Json<Small>) -> Value {
    echo(v.0)
}

#[post("/raw")]
fn raw(v: Json<Map<String, Value>>) -> Value {
    echo(v.0)
}

plugin! { title: "json", routes: [model, raw] }
