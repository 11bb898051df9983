//! Arguments that are several values at once, and several arguments in one body.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use serde_json::{Value, json};
use switchback_sdk::TestClient;
use switchback_sdk::prelude::*;

#[model]
#[serde(deny_unknown_fields)]
struct Filter {
    #[field(le = 100, default = 10)]
    limit: u32,
    word: String,
}

#[model]
#[serde(deny_unknown_fields)]
struct Common {
    host: String,
    save_data: bool,
    #[field(name = "X-Tag", default = [])]
    tags: Vec<String>,
    if_modified_since: Option<String>,
}

#[model]
struct Session {
    session_id: String,
    tracker: Option<i64>,
}

/// Every place as a model
#[get("/places")]
fn places(query: Query<Filter>, headers: Headers<Common>, cookies: Cookies<Session>) -> Value {
    json!([query.0, headers.0, cookies.0])
}

#[model]
struct Item {
    name: String,
    #[field(gt = 0)]
    price: f64,
}

#[model]
struct User {
    username: String,
}

/// Update an item
#[put("/items/{id}")]
fn update_item(
    id: i64,
    item: Json<Item>,
    user: Option<Json<User>>,
    #[body(gt = 0, title = "How much")] importance: i64,
    #[body(default = "none")] note: String,
) -> Value {
    json!([id, item.0, user.map(|user| user.0), importance, note])
}

/// One alone, by its name
#[post("/items")]
fn create_item(#[body(embed)] item: Json<Item>) -> Json<Item> {
    item
}

plugin! { routes: [places, update_item, create_item] }

fn client() -> TestClient {
    TestClient::new(plugin())
}

fn document() -> Value {
    serde_json::from_str(&plugin().openapi()).unwrap()
}

/// Of each violation type and loc.
fn told(detail: &Value) -> Value {
    let told = detail["detail"].as_array().unwrap().iter();
    told.map(|one| json!([one["type"], one["loc"]])).collect()
}

#[test]
fn a_model_takes_all_parameters_of_a_place() {
    let response = client()
        .get("/places?word=saw")
        .header("save-data", "on")
        .header("x-tag", "a")
        .header("x-tag", "b")
        .header("cookie", "session_id=7f; other=1")
        .header("host", "here")
        .send();
    assert_eq!(
        response.value(),
        json!([
            { "limit": 10, "word": "saw" },
            { "host": "here", "save_data": true, "X-Tag": ["a", "b"], "if_modified_since": null },
            { "session_id": "7f", "tracker": null },
        ])
    );
    let operation = &document()["paths"]["/places"]["get"];
    let names: Vec<_> = operation["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{}:{}",
                one["in"].as_str().unwrap(),
                one["name"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            "query:limit",
            "query:word",
            "header:host",
            "header:save-data",
            "header:X-Tag",
            "header:if-modified-since",
            "cookie:session_id",
            "cookie:tracker",
        ]
    );
}

#[test]
fn a_model_that_denies_unknown_fields_refuses_what_else_is_sent() {
    let response = client()
        .get("/places?word=saw&tool=1")
        .header("host", "here")
        .header("user-agent", "test")
        .header("save-data", "on")
        .header("tool", "1")
        .header("cookie", "session_id=7f; other=1")
        .send();
    assert_eq!(response.status, 422);
    assert_eq!(
        told(&response.value()),
        json!([
            ["extra_forbidden", ["query", "tool"]],
            ["extra_forbidden", ["header", "tool"]]
        ])
    );
}

#[test]
fn several_arguments_stand_in_one_body_by_their_names() {
    let item = json!({ "name": "saw", "price": 1.5 });
    let sent = json!({ "item": item, "user": { "username": "ann" }, "importance": 2 });
    let response = client().put("/items/7").json(&sent).send();
    assert_eq!(
        response.value(),
        json!([7, item, { "username": "ann" }, 2, "none"])
    );
    let response = client()
        .put("/items/7")
        .json(&json!({ "item": item, "user": null, "importance": 1, "note": "n" }))
        .send();
    assert_eq!(response.value(), json!([7, item, null, 1, "n"]));
    let schema = &document()["components"]["schemas"]["Body_update_item"];
    assert_eq!(schema["required"], json!(["item", "importance"]));
    assert_eq!(schema["properties"]["importance"]["title"], "How much");
    assert_eq!(
        schema["properties"]["item"]["$ref"],
        "#/components/schemas/Item"
    );
}

#[test]
fn what_is_wrong_in_one_of_several_is_told_under_its_name() {
    let sent = json!({ "item": { "name": "saw", "price": 0 }, "importance": 0 });
    let response = client().put("/items/7").json(&sent).send();
    assert_eq!(
        told(&response.value()),
        json!([
            ["greater_than", ["body", "item", "price"]],
            ["greater_than", ["body", "importance"]]
        ])
    );
    let response = client().put("/items/7").send();
    assert_eq!(
        told(&response.value()),
        json!([
            ["missing", ["body", "item"]],
            ["missing", ["body", "importance"]]
        ])
    );
}

#[test]
fn one_argument_alone_may_stand_under_its_name() {
    let item = json!({ "name": "saw", "price": 1.5 });
    let response = client()
        .post("/items")
        .json(&json!({ "item": item }))
        .send();
    assert_eq!(response.value(), item);
    let response = client().post("/items").json(&item).send();
    assert_eq!(
        told(&response.value()),
        json!([["missing", ["body", "item"]]])
    );
}
