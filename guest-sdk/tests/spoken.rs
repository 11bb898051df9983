//! What FastAPI and Pydantic say beside a type, in the words of the SDK.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use std::collections::BTreeSet;

use chrono::{NaiveDateTime, NaiveTime};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use switchback_sdk::TestClient;
use switchback_sdk::prelude::*;

/// How much it matters.
#[model]
#[derive(Clone, Copy)]
enum Level {
    Low = 1,
    High = 2,
}

impl Parameter for Level {}

#[model]
#[serde(rename_all = "lowercase")]
#[derive(Clone, Copy)]
enum Colour {
    Red,
    Blue,
}

impl Parameter for Colour {}

#[model]
#[derive(Clone)]
struct Item {
    #[field(examples = ["saw", "axe"], json_schema_extra = { "x-unit": "m", "readOnly": true })]
    name: String,
    #[field(default = "1.5", gt = 0)]
    price: Decimal,
    #[field(default = ["new"])]
    tags: BTreeSet<String>,
    #[field(default = "blue")]
    colour: Colour,
    #[field(default = 2)]
    level: Level,
    note: Option<String>,
}

/// Echo
#[post("/echo")]
fn echo(
    /// What is sold.
    #[body(title = "Thing", examples = [{ "name": "saw" }])]
    item: Json<Item>,
    #[query(default = 1)] level: Level,
) -> Json<Item> {
    let Json(mut item) = item;
    item.note = Some(json!([level, item.level]).to_string());
    Json(item)
}

/// Count
#[post("/count")]
fn count(#[body(ge = 3)] number: Option<Json<i64>>) -> i64 {
    number.map_or(-1, |number| number.0)
}

/// Both
#[post("/both")]
fn both(#[body(examples = [{ "name": "axe" }])] item: Json<Item>, #[body] times: u8) -> String {
    item.0.name.repeat(times.into())
}

/// Change
#[patch("/item")]
fn change(item: Json<Sent<Item>>) -> Result<Json<Item>, Problem> {
    let stored = Item {
        name: "axe".into(),
        price: Decimal::new(70, 1),
        tags: BTreeSet::new(),
        colour: Colour::Red,
        level: Level::Low,
        note: Some(item.has("price").to_string()),
    };
    Ok(Json(item.onto(&stored)?))
}

/// One of several, told apart by its kind.
#[model]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Pet {
    BlackCat { lives: u8 },
    Dog { bark: bool },
}

/// Keep a pet
#[post("/pets")]
fn keep(pet: Json<Pet>) -> Json<Pet> {
    pet
}

/// Go
#[get("/go")]
fn go(#[query(default = false)] there: bool) -> Response {
    match there {
        true => Response::of(Redirect("/there".into())),
        false => Response::of(Text("here".into())),
    }
}

/// Fail
#[get("/fail/{status}")]
fn fail(status: u16) -> Result<(), Problem> {
    Err(Problem::of(status))
}

/// Without a zone
#[get("/local")]
fn local(at: NaiveDateTime, time: Option<NaiveTime>) -> Value {
    json!([at, time])
}

mod paged {
    use switchback_sdk::prelude::*;

    /// What a visitor sees
    #[on_problem]
    fn page(problem: Json<ProblemDetails>) -> Html {
        let problem = problem.0;
        let places: Vec<_> = problem.errors.iter().map(|error| error.place()).collect();
        Html(format!("<h1>{}</h1>{places:?}", problem.status))
    }

    /// Read
    #[get("/{id}")]
    fn read(id: u32) -> u32 {
        id
    }

    plugin! { routes: [read, page] }
}

plugin! { redirect_slashes: false, routes: [echo, count, both, change, keep, go, fail, local] }

fn document() -> Value {
    serde_json::from_str(&plugin().openapi()).unwrap()
}

fn kinds(response: &switchback_sdk::TestResponse) -> Vec<(Value, Value)> {
    let told = response.value()["detail"].as_array().unwrap().clone();
    let pair = |one: Value| (one["type"].clone(), one["loc"].clone());
    told.into_iter().map(pair).collect()
}

#[test]
fn an_enum_of_numbers_is_a_number() {
    let level = document()["components"]["schemas"]["Level"].clone();
    let wanted = json!({"type": "integer", "enum": [1, 2], "description": "How much it matters."});
    assert_eq!(level, wanted);

    let client = TestClient::new(plugin());
    let response = client
        .post("/echo?level=2")
        .json(&json!({"name": "saw"}))
        .send();
    assert_eq!(response.value()["note"], "[2,2]");
    let response = client
        .post("/echo?level=3")
        .json(&json!({"name": "saw", "level": 0}))
        .send();
    let wanted = [json!(["query", "level"]), json!(["body", "level"])];
    assert_eq!(kinds(&response), wanted.map(|loc| (json!("enum"), loc)));
}

#[test]
fn a_default_of_any_type_is_written_as_json() {
    let client = TestClient::new(plugin());
    let response = client.post("/echo").json(&json!({"name": "saw"})).send();
    let wanted = json!({"name": "saw", "price": "1.5", "tags": ["new"], "colour": "blue", "level": 2, "note": "[1,2]"});
    assert_eq!(response.value(), wanted);
    let price = &document()["components"]["schemas"]["Item-Input"]["properties"]["price"];
    assert_eq!(price["default"], "1.5");
}

#[test]
fn what_else_is_said_of_a_field_stands_in_its_schema() {
    let name = &document()["components"]["schemas"]["Item-Input"]["properties"]["name"];
    let wanted =
        json!({"type": "string", "examples": ["saw", "axe"], "x-unit": "m", "readOnly": true});
    assert_eq!(*name, wanted);
}

#[test]
fn what_is_said_of_a_body_stands_beside_its_type() {
    let document = document();
    let schema = |path: &str| {
        let body = &document["paths"][path]["post"]["requestBody"];
        body["content"]["application/json"]["schema"].clone()
    };
    let wanted = json!({
        "$ref": "#/components/schemas/Item-Input", "title": "Thing", "description": "What is sold.",
        "examples": [{"name": "saw"}],
    });
    assert_eq!(schema("/echo"), wanted);
    let both = &document["components"]["schemas"]["Body_both"]["properties"]["item"];
    assert_eq!(both["examples"], json!([{"name": "axe"}]));

    let client = TestClient::new(plugin());
    assert_eq!(client.post("/count").send().json::<i64>(), -1);
    assert_eq!(
        client
            .post("/count")
            .json(&json!(null))
            .send()
            .json::<i64>(),
        -1
    );
    assert_eq!(
        client.post("/count").json(&json!(4)).send().json::<i64>(),
        4
    );
    let response = client.post("/count").json(&json!(2)).send();
    assert_eq!(
        kinds(&response),
        [(json!("greater_than_equal"), json!(["body"]))]
    );
}

#[test]
fn what_was_not_sent_stays_as_it_is_stored() {
    let client = TestClient::new(plugin());
    let response = client
        .patch("/item")
        .json(&json!({"name": "saw", "note": null}))
        .send();
    let wanted = json!({"name": "saw", "price": "7.0", "tags": [], "colour": "red", "level": 1, "note": null});
    assert_eq!(response.value(), wanted);
    let response = client
        .patch("/item")
        .json(&json!({"name": "saw", "price": 2}))
        .send();
    assert_eq!(
        (
            response.value()["price"].clone(),
            response.value()["note"].clone()
        ),
        (json!("2"), json!("true"))
    );
}

#[test]
fn an_enum_with_a_tag_is_told_apart_by_it() {
    let schemas = document()["components"]["schemas"].clone();
    let mapping = json!({
        "black-cat": "#/components/schemas/PetBlackCat", "dog": "#/components/schemas/PetDog",
    });
    assert_eq!(
        schemas["Pet"]["discriminator"],
        json!({"propertyName": "kind", "mapping": mapping})
    );
    assert_eq!(
        schemas["Pet"]["oneOf"][1],
        json!({"$ref": "#/components/schemas/PetDog"})
    );
    assert_eq!(schemas["PetDog"]["required"], json!(["kind", "bark"]));

    let client = TestClient::new(plugin());
    let sent = json!({"kind": "dog", "bark": true});
    assert_eq!(client.post("/pets").json(&sent).send().value(), sent);
    let response = client.post("/pets").json(&json!({"kind": "dog"})).send();
    assert_eq!(
        kinds(&response),
        [(json!("missing"), json!(["body", "dog", "bark"]))]
    );
    let response = client.post("/pets").json(&json!({"kind": "cow"})).send();
    assert_eq!(
        kinds(&response),
        [(json!("union_tag_invalid"), json!(["body"]))]
    );
}

#[test]
fn a_function_may_answer_in_one_way_or_another() {
    let client = TestClient::new(plugin());
    let response = client.get("/go").send();
    assert_eq!((response.status, response.text()), (200, "here".to_owned()));
    let response = client.get("/go?there=1").send();
    assert_eq!(
        (response.status, response.header("location")),
        (307, Some("/there"))
    );
}

#[test]
fn a_problem_may_say_no_more_than_its_status() {
    let client = TestClient::new(plugin());
    for (status, said) in [
        (404, "Not Found"),
        (418, "I'm a Teapot"),
        (451, "Unavailable For Legal Reasons"),
    ] {
        let response = client.get(&format!("/fail/{status}")).send();
        assert_eq!(
            (response.status, response.value()),
            (status, json!({"detail": said}))
        );
    }
}

#[test]
fn a_plugin_s_own_page_stands_for_what_the_host_says() {
    let client = TestClient::new(paged::plugin());
    let response = client.get("/x").send();
    assert_eq!(
        (response.status, response.text()),
        (422, "<h1>422</h1>[\"path.id\"]".into())
    );
    assert_eq!(
        response.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let response = client.post("/7").send();
    assert_eq!(
        (response.status, response.header("allow")),
        (405, Some("GET"))
    );
    assert_eq!(response.text(), "<h1>405</h1>[]");
    let response = client.request("HEAD", "/x/y").send();
    assert_eq!((response.status, response.text()), (404, String::new()));
}

#[test]
fn slashes_may_count() {
    let client = TestClient::new(plugin());
    assert_eq!(client.get("/go/").send().status, 404);
    assert_eq!(client.get("/go").send().status, 200);
}

#[test]
fn a_moment_without_a_zone_is_checked_by_the_host() {
    let client = TestClient::new(plugin());
    let response = client.get("/local?at=2024-01-02&time=03:04").send();
    assert_eq!(response.value(), json!(["2024-01-02T00:00:00", "03:04:00"]));
    let response = client
        .get("/local?at=2024-01-02T03:04:05Z&time=25:00")
        .send();
    let wanted = [("timezone_naive", "at"), ("time_parsing", "time")];
    assert_eq!(
        kinds(&response),
        wanted.map(|(kind, name)| (json!(kind), json!(["query", name])))
    );
}
