//! Answers are held against the contract: each, some or none, as the plugin's configuration says.

use serde_json::{Value, json};
use switchback::{AnswerChecks, Config, Event, Limits};
use switchback_tests::guests::{Describe, blank, hello, items, notes};
use switchback_tests::harness::{Harness, event};

use crate::contracts;

async fn host(answers: AnswerChecks) -> Harness {
    let limits = Limits {
        answers,
        ..Limits::default()
    };
    Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await
}

/// `GET /ID?n=` with these answers.
async fn serving(answers: AnswerChecks, id: &str, responses: &Value) -> Harness {
    let harness = host(answers).await;
    let operation = json!({
        "operationId": id,
        "parameters": [{ "name": "n", "in": "query", "schema": { "type": "integer" } }],
        "responses": responses,
    });
    let paths = json!({ (format!("/{id}")): { "get": operation } });
    let guest = blank(&contracts::with_paths(&paths), "one", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

fn json_of(schema: &Value) -> Value {
    json!({ "200": { "description": "ok", "content": { "application/json": { "schema": schema } } } })
}

/// `GET /version` answers `{"version":"one"}`, and its contract says that the version is a number.
fn wrong() -> Value {
    json_of(&json!({ "type": "object", "properties": { "version": { "type": "integer" } } }))
}

fn broken(harness: &Harness) -> u64 {
    harness.host.plugins()[0].off_contract
}

fn is_off_contract(event: &Event) -> bool {
    matches!(event, Event::OffContract { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn enforced_an_answer_that_breaks_its_contract_is_500_and_the_operator_is_told_where() {
    let harness = serving(AnswerChecks::Enforced, "version", &wrong()).await;
    let mut events = harness.host.events();
    let reply = harness.client().get("/version").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (500, r#"{"detail":"Internal Server Error"}"#)
    );
    let Event::OffContract {
        plugin,
        operation,
        status,
        pointer,
        what,
        refused,
    } = event(&mut events, is_off_contract).await
    else {
        unreachable!("it was asked for")
    };
    assert_eq!(
        (&*plugin, &*operation, status, pointer.as_deref(), refused),
        ("blank", "version", 200, Some("/version"), true)
    );
    assert!(
        what.starts_with("Input should be a valid integer"),
        "{what}"
    );
    assert_eq!(broken(&harness), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sampled_it_goes_out_as_it_is_and_of_many_the_first_ten_and_one_in_a_hundred_are_told() {
    let harness = serving(AnswerChecks::default(), "version", &wrong()).await;
    let mut events = harness.host.events();
    let mut client = harness.client();
    for _ in 0..100 {
        assert_eq!(client.get("/version").await.text(), r#"{"version":"one"}"#);
    }
    assert_eq!(broken(&harness), 10);
    client.get("/version").await;
    assert_eq!(broken(&harness), 11);
    let told = event(&mut events, is_off_contract).await;
    assert!(matches!(told, Event::OffContract { refused: false, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn off_nothing_is_looked_at() {
    let harness = serving(AnswerChecks::Off, "version", &wrong()).await;
    assert_eq!(harness.client().get("/version").await.status, 200);
    assert_eq!(broken(&harness), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_has_to_be_declared_and_an_error_need_not_be() {
    let harness = serving(
        AnswerChecks::Enforced,
        "status",
        &json_of(&json!({ "type": "object" })),
    )
    .await;
    let mut client = harness.client();
    for (given, answered) in [(200, 200), (201, 500), (303, 303), (404, 404), (503, 503)] {
        let reply = client.get(&format!("/status?n={given}")).await;
        assert_eq!(reply.status, answered, "{given}");
    }
    assert_eq!(broken(&harness), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_header_has_to_be_there() {
    let with = |name: &str| {
        let schema = json!({ "type": "string", "maxLength": 3 });
        json!({ "200": { "description": "ok", "headers": { (name): { "required": true, "schema": schema } } } })
    };
    // The guest sends `x-kept: yes`.
    let harness = serving(AnswerChecks::Enforced, "own-headers", &with("X-Kept")).await;
    assert_eq!(harness.client().get("/own-headers").await.status, 200);
    let harness = serving(AnswerChecks::Enforced, "own-headers", &with("X-Lost")).await;
    assert_eq!(harness.client().get("/own-headers").await.status, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_is_looked_at_as_a_whole() {
    let schema = json!({ "type": "string", "maxLength": 100_000 });
    let harness = serving(AnswerChecks::Enforced, "big", &json_of(&schema)).await;
    let mut client = harness.client();
    assert_eq!(client.get("/big?n=100000").await.status, 200);
    assert_eq!(client.get("/big?n=100001").await.status, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_answers_that_cannot_be_used_is_a_warning_and_the_plugin_is_served() {
    let schema = json!({ "type": "string", "pattern": "(?=look ahead)" });
    let harness = serving(AnswerChecks::Enforced, "version", &json_of(&schema)).await;
    assert_eq!(harness.client().get("/version").await.status, 200);
    let warnings = &harness.host.plugins()[0].warnings;
    assert!(
        warnings[0].starts_with("`GET /version`: answers are not checked by a schema: "),
        "{warnings:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_answer_what_their_contracts_say() {
    let harness = host(AnswerChecks::Enforced).await;
    for (name, component) in [("hello", hello()), ("items", items()), ("notes", notes())] {
        let served = harness.deploy(name, component).await.expect("it is served");
        assert_eq!(served.warnings, [""; 0], "{name}");
    }
    let mut client = harness.client();
    let item = r#"{"name":"Hammer","price":12.5}"#;
    assert_eq!(client.get("/hello/World").await.status, 200);
    assert_eq!(client.post("/items/7", item).await.status, 200);
    assert_eq!(
        client.post("/notes", r#"{"title":"Milk"}"#).await.status,
        201
    );
    assert_eq!(
        client.post("/notes", r#"{"title":"Milk"}"#).await.status,
        409
    );
    assert_eq!(client.get("/notes").await.status, 200);
    assert_eq!(client.get("/notes/9").await.status, 404);
}
