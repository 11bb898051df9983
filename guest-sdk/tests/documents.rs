//! What a plugin's document says beside what it serves.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use serde_json::{Value, json};
use switchback_sdk::prelude::*;

/// What has happened.
#[model]
struct Event {
    id: u32,
}

/// Sent when something happens
#[webhook("on-event", tags = ["hooks"])]
fn on_event(event: Json<Event>) {}

/// Call me back
#[callback("{$request.query.callback_url}/done")]
fn done(event: Json<Event>) -> bool {
    event.id > 0
}

/// Make an event
#[post("/events", callbacks = [done])]
fn make(
    callback_url: Option<String>,
    #[query(include_in_schema = false)] debug: Option<bool>,
) -> bool {
    callback_url.is_some() || debug.is_some()
}

/// For partners
#[get("/partners", audience = ["partners"])]
fn partners() {}

/// For nobody
#[get("/hidden", include_in_schema = false)]
fn hidden() {}

/// Which way round.
#[model]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Order {
    Up,
    Down,
}

impl Parameter for Order {}

#[get("/match")]
fn r#match(order: Option<Order>) -> Option<Order> {
    order
}

plugin! {
    title: "Events",
    external_docs: { url: "https://a.example/docs", description: "More" },
    openapi_tags: { "hooks": ("What is sent.", "https://a.example/hooks"), "rest": "Else." },
    webhooks: [on_event],
    routes: [make, partners, hidden, r#match],
}

fn document() -> Value {
    serde_json::from_str(&plugin().openapi()).unwrap()
}

#[test]
fn what_is_sent_is_documented_and_not_served() {
    let document = document();
    let webhook = &document["webhooks"]["on-event"]["post"];
    assert_eq!(webhook["operationId"], "on_event");
    assert_eq!(webhook["tags"], json!(["hooks"]));
    let schema = json!({ "$ref": "#/components/schemas/Event" });
    let sent = |operation: &Value| {
        operation["requestBody"]["content"]["application/json"]["schema"].clone()
    };
    assert_eq!(sent(webhook), schema);
    let callbacks = &document["paths"]["/events"]["post"]["callbacks"];
    let callback = &callbacks["done"]["{$request.query.callback_url}/done"]["post"];
    assert_eq!(callback["summary"], "Call me back");
    assert_eq!(sent(callback), schema);
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/events", "/partners", "/hidden", "/match"]);
    let client = switchback_sdk::TestClient::new(plugin());
    assert_eq!(client.post("/on-event").send().status, 404);
}

#[test]
fn a_document_points_to_more() {
    let document = document();
    let more = json!({ "url": "https://a.example/docs", "description": "More" });
    assert_eq!(document["externalDocs"], more);
    assert_eq!(
        document["tags"],
        json!([
            { "name": "hooks", "description": "What is sent.", "externalDocs": { "url": "https://a.example/hooks" } },
            { "name": "rest", "description": "Else." },
        ])
    );
}

#[test]
fn who_is_told_of_an_operation_or_a_parameter_stands_in_the_contract() {
    let paths = &document()["paths"];
    let key = "x-switchback-audience";
    assert_eq!(paths["/partners"]["get"][key], json!(["partners"]));
    assert_eq!(paths["/hidden"]["get"][key], json!([]));
    assert_eq!(paths["/events"]["post"]["parameters"][1][key], json!([]));
    assert_eq!(paths["/events"]["post"].get(key), None);
    let client = switchback_sdk::TestClient::new(plugin());
    assert_eq!(client.get("/hidden").send().status, 200);
}

#[test]
fn a_function_named_by_a_keyword_is_summed_up_by_its_name() {
    assert_eq!(document()["paths"]["/match"]["get"]["summary"], "Match");
}

#[test]
fn the_values_of_an_optional_parameter_are_those_that_are_sent() {
    let document = document();
    let schema = &document["paths"]["/match"]["get"]["parameters"][0]["schema"];
    assert_eq!(
        (&schema["type"], &schema["enum"]),
        (&json!("string"), &json!(["up", "down"]))
    );
}

/// What is sent and what is answered as one schema.
mod together {
    use switchback_sdk::prelude::*;

    #[model]
    struct Item {
        #[field(default = 1)]
        count: u32,
    }

    #[post("/items")]
    fn make(item: Json<Item>) -> Json<Item> {
        item
    }

    plugin! { separate_input_output_schemas: false, routes: [make] }
}

#[test]
fn what_is_sent_and_what_is_answered_may_be_one_schema() {
    let document: Value = serde_json::from_str(&together::plugin().openapi()).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Item"]);
    assert_eq!(schemas["Item"].get("required"), None);
    assert_eq!(document.get("separate_input_output_schemas"), None);
}
