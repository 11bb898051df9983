//! What an author's functions become: the contract that is published, and the answers.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use serde_json::{Value, json};
use switchback_sdk::Body;
use switchback_sdk::prelude::*;

/// An item in the shop.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Item {
    #[schemars(length(min = 1, max = 50))]
    name: String,
    #[serde(default)]
    tags: Vec<String>,
    /// Never answered, so that the two directions differ.
    #[serde(default, skip_serializing)]
    #[allow(dead_code, reason = "it is read and not looked at")]
    secret: Option<String>,
}

/// Both directions see the same.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Size {
    width: u32,
}

/// A type that differs only through another.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Parcel {
    item: Item,
    size: Size,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    Newest,
    Oldest,
}

impl Parameter for Order {}

/// Create an item
///
/// In the *shop*.
///
/// - really
#[post("/items/{id}", tags = ["items", "shop"], status = 201)]
fn create_item(
    id: i64,
    #[query(max_length = 50)] q: Option<String>,
    item: Json<Item>,
) -> Result<Json<Item>, Problem> {
    match id {
        0 => Err(Problem::new(409, "there is one already").header("x-id", "0")),
        _ => Ok(Json(Item {
            name: format!("{id} {q:?} {}", item.0.name),
            ..item.0
        })),
    }
}

#[get("/items", deprecated)]
fn list_items(
    /// How many at most.
    #[query(ge = 1, le = 100, default = 10)]
    limit: u32,
    order: Option<Order>,
    #[query(name = "tag-name", max_length = 3)] tags: Vec<String>,
) -> Vec<String> {
    let order = match order {
        Some(Order::Newest) => "newest",
        Some(Order::Oldest) => "oldest",
        None => "any",
    };
    vec![format!("{limit} {order} {}", tags.join("+"))]
}

#[delete("/items/{id}", status = 204, operation_id = "remove")]
fn delete_item(#[path(ge = 1)] id: i64) {
    let _ = id;
}

#[put("/parcels")]
fn send(parcel: Json<Parcel>) -> Json<Parcel> {
    parcel
}

#[patch("/page")]
fn page() -> Response {
    Response::new(203)
        .header("content-type", "text/html")
        .body("<p>")
}

plugin! { title: "Shop", version: "3", routes: [create_item, list_items, delete_item, send, page] }

fn document() -> Value {
    serde_json::from_str(&plugin().openapi()).unwrap()
}

fn call(operation: &str, path: Value, query: Value, body: &str) -> Response {
    let params = json!({"path": path, "query": query, "header": {}, "cookie": {}}).to_string();
    plugin().handle(operation, &params, &Body::Text(body.into()))
}

#[test]
fn a_documented_function_is_described_whole() {
    let operation = &document()["paths"]["/items/{id}"]["post"];
    assert_eq!(operation["operationId"], "create_item");
    assert_eq!(operation["summary"], "Create an item");
    assert_eq!(operation["description"], "In the *shop*.\n\n- really");
    assert_eq!(operation["tags"], json!(["items", "shop"]));
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "format": "int64"}});
    let q = json!({"name": "q", "in": "query", "required": false, "schema": {"type": "string", "maxLength": 50}});
    assert_eq!(operation["parameters"], json!([id, q]));
    assert_eq!(operation["requestBody"]["required"], true);
    assert!(
        operation["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].is_string()
    );
}

#[test]
fn rules_defaults_and_names_of_arguments_stand_in_the_contract() {
    let operation = &document()["paths"]["/items"]["get"];
    assert_eq!(operation["summary"], "List Items");
    assert_eq!(operation["deprecated"], true);
    let [limit, order, tags] = &operation["parameters"].as_array().unwrap()[..] else {
        panic!("{operation}")
    };
    assert_eq!(limit["description"], "How many at most.");
    assert_eq!(limit["required"], false);
    assert_eq!(limit["schema"]["default"], 10);
    assert_eq!(limit["schema"]["minimum"], 1);
    assert_eq!(order["required"], false);
    assert_eq!(
        order["schema"],
        json!({"$ref": "#/components/schemas/Order"})
    );
    assert_eq!(tags["name"], "tag-name");
    assert_eq!(tags["schema"]["maxItems"], 3);
}

#[test]
fn a_type_has_two_names_only_where_reading_and_writing_differ() {
    let document = document();
    let mut names: Vec<_> = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    names.sort();
    let expected = [
        "Item-Input",
        "Item-Output",
        "Order",
        "Parcel-Input",
        "Parcel-Output",
        "Size",
    ];
    assert_eq!(names, expected);
    let parcel = &document["components"]["schemas"]["Parcel-Output"]["properties"];
    assert_eq!(parcel["item"]["$ref"], "#/components/schemas/Item-Output");
    assert_eq!(parcel["size"]["$ref"], "#/components/schemas/Size");
}

#[test]
fn every_reference_in_the_contract_resolves() {
    let document = document();
    let text = document.to_string();
    for part in text.split(r##""$ref":"#"##).skip(1) {
        let pointer = &part[..part.find('"').unwrap()];
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn arguments_are_read_and_the_result_is_written() {
    let response = call(
        "create_item",
        json!({"id": 7}),
        json!({"q": "x"}),
        r#"{"name": "Saw"}"#,
    );
    assert_eq!(response.status, 201);
    assert_eq!(
        String::from_utf8(response.body).unwrap(),
        r#"{"name":"7 Some(\"x\") Saw","tags":[]}"#
    );
    let response = call(
        "list_items",
        json!({}),
        json!({"limit": 2, "order": "oldest", "tag-name": ["a", "b"]}),
        "",
    );
    assert_eq!(response.body, br#"["2 oldest a+b"]"#);
}

#[test]
fn a_problem_is_answered_with_its_detail_and_headers() {
    let response = call(
        "create_item",
        json!({"id": 0}),
        json!({}),
        r#"{"name": "Saw"}"#,
    );
    assert_eq!(
        (response.status, response.body.as_slice()),
        (409, br#"{"detail":"there is one already"}"#.as_slice())
    );
    assert!(response.headers.contains(&("x-id".into(), "0".into())));
}

#[test]
fn a_body_that_its_type_refuses_is_answered_with_422() {
    let response = call("create_item", json!({"id": 1}), json!({}), r#"{"name": 1}"#);
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(
        (response.status, &body["detail"][0]["loc"]),
        (422, &json!(["body"]))
    );
}

#[test]
fn a_status_without_a_body_has_none_in_contract_and_answer() {
    assert!(
        document()["paths"]["/items/{id}"]["delete"]["responses"]["204"]
            .get("content")
            .is_none()
    );
    let response = call("remove", json!({"id": 1}), json!({}), "");
    assert_eq!((response.status, response.body.len()), (204, 0));
}

#[test]
fn an_answer_made_by_hand_goes_out_as_it_is() {
    assert_eq!(call("page", json!({}), json!({}), "").status, 203);
}
