//! What functions return becomes an answer, and stands in the contract as it is answered.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use serde_json::{Value, json};
use switchback_sdk::Body;
use switchback_sdk::prelude::*;

/// An item in the shop.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Item {
    name: String,
}

#[derive(Responses)]
enum ShopError {
    /// There is no such item
    ///
    /// It may have been sold.
    #[status(404)]
    NotFound,
    /// The name is taken
    #[status(409)]
    Taken {
        /// The item that has it.
        by: u32,
        #[serde(rename = "since-when")]
        since: String,
    },
    /// The item is being changed
    #[status(409)]
    Busy(String),
    #[status(410)]
    SoldOut,
    /// As it is
    #[status(418)]
    Teapot(Json<Item>),
    /// A page
    #[status(451)]
    Page(Html),
    #[from]
    Invalid(Violation),
    #[from]
    Other(Problem),
}

#[get("/fails/{how}")]
fn fails(how: String) -> Result<Json<Item>, ShopError> {
    Err(match how.as_str() {
        "not-found" => ShopError::NotFound,
        "taken" => ShopError::Taken {
            by: 7,
            since: "May".into(),
        },
        "busy" => ShopError::Busy("by me".into()),
        "sold-out" => ShopError::SoldOut,
        "teapot" => ShopError::Teapot(Json(Item { name: "pot".into() })),
        "page" => ShopError::Page(Html("<p>".into())),
        "invalid" => Err(Violation::at("query.tags.0", "must be known"))?,
        _ => Err(Problem::new(503, "later"))?,
    })
}

#[derive(Responses)]
enum Put {
    /// Made
    #[status(201)]
    Created(Json<Item>),
    /// Changed
    #[status(200)]
    Changed(Item),
    #[status(204)]
    Same,
    /// Later
    #[status(202)]
    Queued { place: u8 },
}

#[put("/items/{id}")]
fn put_item(id: u32) -> Put {
    match id {
        1 => Put::Created(Json(Item { name: "one".into() })),
        2 => Put::Changed(Item { name: "two".into() }),
        3 => Put::Queued { place: 3 },
        _ => Put::Same,
    }
}

#[get("/items/{id}")]
fn find(id: u32) -> Option<Json<Item>> {
    (id == 1).then(|| Json(Item { name: "one".into() }))
}

#[get("/maybe/{id}")]
fn maybe(id: u32) -> Result<Option<Item>, Problem> {
    match id {
        0 => Err(Problem::new(400, "no")),
        id => Ok(find(id).map(|item| item.0)),
    }
}

mod alias {
    pub(crate) type Result<T, E = super::ShopError> = std::result::Result<T, E>;
}

#[get("/alias")]
fn by_alias() -> alias::Result<String> {
    Err(ShopError::NotFound)
}

#[get("/page")]
fn page() -> Html {
    Html("<h1>é".into())
}

#[get("/text")]
fn text() -> Text {
    Text("plain".into())
}

#[get("/old")]
fn old() -> Redirect {
    Redirect("/new".into())
}

#[get("/older", status = 301)]
fn older() -> Redirect {
    Redirect("/old".into())
}

#[post("/with", status = 201)]
fn with() -> Result<With<Json<Item>>, Problem> {
    Ok(With::new(Json(Item { name: "x".into() })).header("location", "/items/1"))
}

#[get("/null")]
fn null() {}

plugin! { title: "Shop", routes: [fails, put_item, find, maybe, by_alias, page, text, old, older, with, null] }

fn responses(pointer: &str) -> Value {
    let document: Value = serde_json::from_str(&plugin().openapi()).unwrap();
    document.pointer(pointer).unwrap()["responses"].clone()
}

/// Status, body and content type.
fn call(operation: &str, path: Value) -> (u16, String, String) {
    let params = json!({"path": path, "query": {}, "header": {}, "cookie": {}}).to_string();
    let response = plugin().handle(operation, &params, &Body::Empty);
    let media_type = response
        .headers
        .iter()
        .find(|(name, _)| name == "content-type");
    (
        response.status,
        String::from_utf8(response.body).unwrap(),
        media_type
            .map(|(_, value)| value.clone())
            .unwrap_or_default(),
    )
}

fn fail(how: &str) -> (u16, Value) {
    let (status, body, _) = call("fails", json!({ "how": how }));
    (status, serde_json::from_str(&body).unwrap())
}

#[test]
fn an_errors_variant_is_answered_with_its_status_and_detail() {
    assert_eq!(
        fail("not-found"),
        (404, json!({"detail": "There is no such item"}))
    );
    assert_eq!(
        fail("taken"),
        (409, json!({"detail": {"by": 7, "since-when": "May"}}))
    );
    assert_eq!(fail("busy"), (409, json!({"detail": "by me"})));
    assert_eq!(fail("sold-out"), (410, json!({"detail": "Sold out"})));
    assert_eq!(fail("teapot"), (418, json!({"name": "pot"})));
    assert_eq!(fail("other"), (503, json!({"detail": "later"})));
    let (status, body, media_type) = call("fails", json!({"how": "page"}));
    assert_eq!(
        (status, &*body, &*media_type),
        (451, "<p>", "text/html; charset=utf-8")
    );
}

#[test]
fn a_violation_of_the_authors_has_fastapis_shape() {
    let told = json!({"type": "value_error", "loc": ["query", "tags", 0], "msg": "Value error, must be known", "input": null, "ctx": {"error": {}}});
    assert_eq!(fail("invalid"), (422, json!({ "detail": [told] })));
}

#[test]
fn every_variant_stands_in_the_contract_as_it_is_answered() {
    let responses = responses("/paths/~1fails~1{how}/get");
    let statuses: Vec<_> = responses.as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "404", "409", "410", "418", "451"]);
    assert_eq!(
        responses["404"]["description"],
        "There is no such item\n\nIt may have been sold."
    );
    assert_eq!(
        responses["404"]["content"]["application/json"]["schema"],
        json!({
            "type": "object",
            "properties": {"detail": {"type": "string", "const": "There is no such item"}},
            "required": ["detail"],
        })
    );
    assert_eq!(
        responses["409"]["description"],
        "The name is taken\n\nThe item is being changed"
    );
    let both = &responses["409"]["content"]["application/json"]["schema"]["anyOf"];
    assert_eq!(
        both[0]["properties"]["detail"]["$ref"],
        "#/components/schemas/ShopErrorTaken"
    );
    assert_eq!(both[1]["properties"]["detail"]["type"], "string");
    assert_eq!(responses["410"]["description"], "Sold out");
    assert_eq!(
        responses["418"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Item"
    );
    assert_eq!(
        responses["451"]["content"]["text/html"]["schema"]["type"],
        "string"
    );
}

#[test]
fn named_fields_keep_what_serde_and_their_documentation_say() {
    let document: Value = serde_json::from_str(&plugin().openapi()).unwrap();
    let taken = &document["components"]["schemas"]["ShopErrorTaken"];
    assert_eq!(
        taken["properties"]["by"]["description"],
        "The item that has it."
    );
    assert_eq!(taken["required"], json!(["by", "since-when"]));
}

#[test]
fn several_successes_have_each_their_status() {
    assert_eq!(call("put_item", json!({"id": 1})).0, 201);
    let (status, body, _) = call("put_item", json!({"id": 2}));
    assert_eq!((status, &*body), (200, r#"{"name":"two"}"#));
    let (status, body, _) = call("put_item", json!({"id": 3}));
    assert_eq!((status, &*body), (202, r#"{"place":3}"#));
    let (status, body, _) = call("put_item", json!({"id": 4}));
    assert_eq!((status, &*body), (204, ""));
    let responses = responses("/paths/~1items~1{id}/put");
    let statuses: Vec<_> = responses.as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["201", "200", "204", "202"]);
    assert_eq!(responses["204"], json!({"description": "Same"}));
}

#[test]
fn what_is_not_there_is_404_also_inside_a_result() {
    let not_found = (404, r#"{"detail":"Not Found"}"#);
    for operation in ["find", "maybe"] {
        let (status, body, _) = call(operation, json!({"id": 2}));
        assert_eq!((status, &*body), not_found);
        assert_eq!(call(operation, json!({"id": 1})).0, 200);
    }
    assert_eq!(call("maybe", json!({"id": 0})).0, 400);
    for path in ["/paths/~1items~1{id}/get", "/paths/~1maybe~1{id}/get"] {
        let responses = responses(path);
        assert_eq!(responses["404"]["description"], "Not Found");
        let good = &responses["200"]["content"]["application/json"]["schema"];
        assert_eq!(good["$ref"], "#/components/schemas/Item");
    }
}

#[test]
fn the_error_of_an_alias_is_found() {
    assert!(responses("/paths/~1alias/get").get("409").is_some());
    assert_eq!(call("by_alias", json!({})).0, 404);
}

#[test]
fn pages_texts_and_redirects_say_what_they_are() {
    let (status, body, media_type) = call("page", json!({}));
    assert_eq!(
        (status, &*body, &*media_type),
        (200, "<h1>é", "text/html; charset=utf-8")
    );
    assert_eq!(call("text", json!({})).2, "text/plain; charset=utf-8");
    assert_eq!(call("old", json!({})).0, 307);
    assert_eq!(call("older", json!({})).0, 301);
    assert!(responses("/paths/~1old/get").get("307").is_some());
    assert!(responses("/paths/~1older/get").get("301").is_some());
    let content = responses("/paths/~1page/get")["200"]["content"].clone();
    assert!(content.get("text/html").is_some());
}

#[test]
fn an_answer_with_headers_is_documented_as_what_it_carries() {
    let params = json!({"path": {}, "query": {}, "header": {}, "cookie": {}}).to_string();
    let response = plugin().handle("with", &params, &Body::Empty);
    assert!(
        response
            .headers
            .contains(&("location".into(), "/items/1".into()))
    );
    assert!(responses("/paths/~1with/post")["201"]["content"].is_object());
}

#[test]
fn nothing_returned_is_null() {
    let (status, body, _) = call("null", json!({}));
    assert_eq!((status, &*body), (200, "null"));
}
