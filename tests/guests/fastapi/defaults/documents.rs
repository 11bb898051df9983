//! What only the document tells.

mod events;
mod kinds;
mod python;

use std::collections::BTreeSet;

use switchback_sdk::prelude::*;

use events::Event;
use kinds::Letter;
use python::{Day, WebUrl};

#[model]
struct Small {
    #[field(default = 0)]
    a: i64,
}

#[model]
struct Failure {
    code: i64,
    nested: Option<Small>,
}

#[derive(Responses)]
#[allow(dead_code, reason = "it is documented")]
enum Made {
    /// Made
    #[status(201)]
    Made(Json<Event>),
    /// Not there
    #[status(404)]
    NotThere(Json<Failure>),
}

/// Done
///
/// Call me back.
#[callback("{$callback_url}/done/{$request.body.id}")]
fn done(body: Json<Event>) -> Json<Failure> {
    unreachable!("it is described, not called")
}

/// On Event
///
/// Sent when something happens.
#[webhook("on-event", tags = ["hooks"])]
fn on_event(body: Json<Event>) -> Value {
    unreachable!("it is described, not called")
}

/// Make Event
///
/// Make it.
///
/// More **text**.
#[post(
    "/events/{id}", tags = ["z", "a"], operation_id = "makeEvent", deprecated, callbacks = [done],
    responses = {
        201: { "headers": { "X-A": { "schema": { "type": "string" } } } },
        "4XX": Failure,
        "default": "Else",
        200: { "content": { "image/png": {} }, "description": "Picture" },
    },
    openapi_extra = {
        "x-vendor": { "a": 1 },
        "parameters": [{ "name": "raw", "in": "query", "schema": { "type": "string" } }],
    },
)]
fn make_event(
    #[path(title = "ID", description = "Which", ge = 1, lt = 9, examples = [4])] id: i64,
    #[body(openapi_examples = { "one": { "summary": "S", "value": { "id": 1 } } })] body: Json<
        Event,
    >,
    callback_url: Option<WebUrl>,
    #[query(
        gt = 0, default = 1.5, json_schema_extra = { "x-unit": "m" },
        openapi_examples = { "e": { "value": 1.5 } }
    )]
    x: f64,
) -> Made {
    let _ = (id, callback_url, x);
    Made::Made(body)
}

/// All
///
/// Given
#[get("/events", tags = ["z"])]
fn list_events(
    #[query(max_items = 3, default = [])] tags: BTreeSet<Letter>,
    #[query(ge = 1)] size: Option<i64>,
    #[cookie] sid: Option<String>,
    #[header(default = "k")] x_key: String,
) -> Vec<Event> {
    let _ = (tags, size, sid, x_key);
    vec![]
}

#[get("/hidden", include_in_schema = false)]
fn hidden() -> Vec<Event> {
    vec![]
}

#[patch("/raw")]
fn raw_body(v: Bytes) -> Text {
    Text(String::from_utf8_lossy(&v.0).into_owned())
}

#[get("/items/{v}/a-b")]
fn with_dash(v: Day) -> Value {
    json!({ "v": v })
}

plugin! {
    title: "documents",
    version: "2.5",
    summary: "In short",
    description: "At *length*",
    terms_of_service: "http://a.b/tos",
    contact: { name: "C", url: "http://a.b/", email: "c@a.b" },
    license: "MIT",
    servers: { "/v1": "", "https://a.b": "Prod" },
    external_docs: { url: "http://a.b/docs", description: "More" },
    openapi_tags: { "z": ("Last first", "http://a.b/z"), "unused": "" },
    webhooks: [on_event],
    routes: [make_event, list_events, hidden, raw_body, with_dash],
}
