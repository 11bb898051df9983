//! `#[model]`: rules of fields by the names that arguments have.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use switchback_sdk::TestClient;
use switchback_sdk::prelude::*;

/// An item in the shop.
#[model]
struct Item {
    #[field(min_length = 1, max_length = 50, examples = ["saw"])]
    name: String,
    /// In euros.
    #[field(gt = 0)]
    price: f64,
    #[field(default = true)]
    in_stock: bool,
    #[field(default = ["new"], max_items = 3)]
    tags: Vec<String>,
    #[field(name = "noteText", title = "Note", deprecated)]
    note: Option<String>,
    #[field(default = 3)]
    weight: Option<f32>,
    kind: Kind,
}

#[model]
#[serde(rename_all = "lowercase")]
#[derive(Clone, Copy)]
enum Kind {
    Tool,
    Toy,
}

/// Echo
#[post("/items")]
fn echo(item: Json<Item>) -> Json<Item> {
    item
}

/// What is looked for.
#[model]
struct Filter {
    /// How many at most.
    #[field(ge = 1, le = 100, default = 10)]
    limit: u32,
    kind: Option<Kind>,
    #[field(name = "tag", default = [])]
    tags: Vec<String>,
    word: String,
}

/// Search
#[get("/items/{shop}")]
fn search(shop: String, filter: Query<Filter>, page: Option<u8>) -> String {
    let Query(Filter {
        limit,
        kind,
        tags,
        word,
    }) = filter;
    format!("{shop} {limit} {} {tags:?} {word} {page:?}", kind.is_some())
}

plugin! { routes: [echo, search] }

fn properties() -> Value {
    let document: Value = serde_json::from_str(&plugin().openapi()).unwrap();
    document["components"]["schemas"]["Item"].clone()
}

#[test]
fn rules_stand_in_the_schema() {
    let item = properties();
    assert_eq!(item["description"], "An item in the shop.");
    assert_eq!(item["required"], json!(["name", "price", "kind"]));
    let of = |name: &str| item["properties"][name].clone();
    assert_eq!(
        of("name"),
        json!({"type": "string", "minLength": 1, "maxLength": 50, "examples": ["saw"]})
    );
    assert_eq!(of("price")["exclusiveMinimum"], 0);
    assert_eq!(of("price")["description"], "In euros.");
    assert_eq!(of("in_stock")["default"], true);
    assert_eq!(of("tags")["maxItems"], 3);
    assert_eq!(of("noteText")["title"], "Note");
    assert_eq!(of("noteText")["deprecated"], true);
}

#[test]
fn what_was_not_sent_has_its_default() {
    let client = TestClient::new(plugin());
    let response = client
        .post("/items")
        .json(&json!({"name": "saw", "price": 1, "kind": "tool"}))
        .send();
    assert_eq!(
        response.value(),
        json!({"name": "saw", "price": 1.0, "in_stock": true, "tags": ["new"], "noteText": null,
            "weight": 3.0, "kind": "tool"})
    );
    let response = client
        .post("/items")
        .json(&json!({"name": "saw", "price": 0, "kind": "tool"}))
        .send();
    assert_eq!(response.value()["detail"][0]["type"], "greater_than");
}

#[test]
fn a_model_takes_the_query() {
    let document: Value = serde_json::from_str(&plugin().openapi()).unwrap();
    let parameters = &document["paths"]["/items/{shop}"]["get"]["parameters"];
    let names: Vec<_> = parameters
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["shop", "page", "limit", "kind", "tag", "word"]);
    let limit = json!({"name": "limit", "in": "query", "required": false, "description": "How many at most.",
        "schema": {"type": "integer", "format": "uint32", "minimum": 1, "maximum": 100, "default": 10}});
    assert_eq!(parameters[2], limit);
    assert_eq!(
        parameters[3]["schema"],
        json!({"$ref": "#/components/schemas/Kind"})
    );
    assert_eq!(parameters[5]["required"], true);

    let client = TestClient::new(plugin());
    let response = client
        .get("/items/here?word=saw&tag=a&tag=b&kind=toy&page=2")
        .send();
    assert_eq!(
        response.json::<String>(),
        r#"here 10 true ["a", "b"] saw Some(2)"#
    );
    let response = client.get("/items/here?word=saw").send();
    assert_eq!(response.json::<String>(), "here 10 false [] saw None");
    let response = client.get("/items/here?limit=0").send();
    let told = response.value()["detail"].as_array().unwrap().len();
    assert_eq!((response.status, told), (422, 2));
}
