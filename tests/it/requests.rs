//! Requests that are answered: by a guest, or by the host before any guest runs.

use serde_json::json;
use switchback::{Config, HostConfig, Limits, PluginConfig, ProblemShape};
use switchback_tests::guests::{Describe, blank, hello, items};
use switchback_tests::{Harness, Served};

use crate::contracts;

async fn examples() -> Harness {
    let harness = Harness::new().await;
    harness
        .deploy("hello", hello())
        .await
        .expect("the example is served");
    harness
        .deploy("items", items())
        .await
        .expect("the example is served");
    harness
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_do_the_job_of_the_benchmark() {
    let harness = examples().await;
    let mut client = harness.client();
    let hello = client.get("/hello/World").await;
    assert_eq!(
        (hello.status.as_u16(), hello.text()),
        (200, r#"{"message":"Hello World"}"#)
    );
    assert_eq!(hello.header("content-type"), "application/json");

    let full = r#"{"name":"Hammer","price":12.5,"in_stock":true,"tags":["tool","iron"]}"#;
    let item = client.post("/items/7?q=abc", full).await;
    let sent: serde_json::Value = serde_json::from_str(full).expect("JSON");
    assert_eq!(item.json(), json!({ "id": 7, "q": "abc", "item": sent }));

    let defaults = client
        .post("/items/7", r#"{"name":"Saw","price":1.0}"#)
        .await;
    let item = json!({ "name": "Saw", "price": 1.0, "in_stock": true, "tags": [] });
    assert_eq!(defaults.json(), json!({ "id": 7, "q": null, "item": item }));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_violations_come_at_once_in_fastapis_order_and_shape() {
    let harness = examples().await;
    let long = "x".repeat(51);
    let body = r#"{"tags":[1],"price":"free","name":""}"#;
    let reply = harness
        .client()
        .post(&format!("/items/x?q={long}"), body)
        .await;
    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.json(),
        json!({ "detail": [
            { "type": "int_parsing", "loc": ["path", "id"], "input": "x",
              "msg": "Input should be a valid integer, unable to parse string as an integer" },
            { "type": "string_too_long", "loc": ["query", "q"], "input": long, "ctx": { "max_length": 50 },
              "msg": "String should have at most 50 characters" },
            { "type": "string_too_short", "loc": ["body", "name"], "input": "", "ctx": { "min_length": 1 },
              "msg": "String should have at least 1 character" },
            { "type": "float_parsing", "loc": ["body", "price"], "input": "free",
              "msg": "Input should be a valid number, unable to parse string as a number" },
            { "type": "string_type", "loc": ["body", "tags", 0], "input": 1, "msg": "Input should be a valid string" },
        ] })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn routing_is_by_method_first_and_static_before_parameter() {
    let harness = Harness::new().await;
    let contract = contracts::with_paths(&json!({
        "/users/me": { "get": contracts::operation("me") },
        "/users/{id}": {
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
            "get": contracts::operation("user"),
            "delete": contracts::operation("delete"),
        },
        "/slash/": { "get": contracts::operation("slash") },
    }));
    harness
        .deploy("blank", blank(&contract, "1", Describe::Contract))
        .await
        .expect("served");
    let mut client = harness.client();
    assert_eq!(client.get("/users/me").await.json()["operation"], "me");
    assert_eq!(client.get("/users/you").await.json()["operation"], "user");
    assert_eq!(
        client.send("DELETE", "/users/me", &[], "").await.json()["operation"],
        "delete"
    );
    assert_eq!(
        client.get("/users/a%2Fb").await.json()["params"]["path"]["id"],
        "a/b"
    );
    assert_eq!(
        client.get("/users/%E2%82%AC").await.json()["params"]["path"]["id"],
        "€"
    );

    let missing = client.get("/nothing").await;
    assert_eq!(
        (missing.status.as_u16(), missing.text()),
        (404, r#"{"detail":"Not Found"}"#)
    );
    for method in ["POST", "HEAD", "OPTIONS", "FOO"] {
        let wrong = client.send(method, "/users/you", &[], "").await;
        assert_eq!(
            (wrong.status.as_u16(), wrong.header("allow")),
            (405, "DELETE, GET"),
            "{method}"
        );
    }
    let moved = client.get("/slash?x=1").await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (307, "/slash/?x=1")
    );
    assert_eq!(
        client.get("/users/me/").await.header("location"),
        "/users/me"
    );
    assert_eq!(client.get("//evil.example").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_checked_is_what_is_passed() {
    let harness = Harness::new().await;
    let mut operation = contracts::operation("echo");
    operation["requestBody"] = json!({ "content": {
        "application/json": { "schema": { "type": "object", "properties": { "a": { "type": "integer" } } } }
    } });
    let contract = contracts::with_paths(&json!({ "/echo": { "post": operation } }));
    harness
        .deploy("blank", blank(&contract, "1", Describe::Contract))
        .await
        .expect("served");
    let mut client = harness.client();
    let exact = "{ \"a\" : 1,\n\"b\": 1.50 }";
    assert_eq!(
        client.post("/echo", exact).await.json()["body"]["data"],
        exact
    );
    // The last of two equal keys was checked: a guest whose parser takes the first must not see it.
    let doubled = client.post("/echo", r#"{"a":"no","a":2}"#).await;
    assert_eq!(doubled.json()["body"]["data"], r#"{"a":2}"#);
    assert_eq!(
        client.post("/echo", r#"{"a":2,"a":"no"}"#).await.status,
        422
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_cookies_are_checked_and_passed_like_any_parameter() {
    let harness = Harness::new().await;
    let mut operation = contracts::operation("echo");
    operation["parameters"] = json!([
        { "name": "X-Token", "in": "header", "required": true, "schema": { "type": "integer" } },
        { "name": "x-tags", "in": "header", "schema": { "type": "array", "items": { "type": "string" } } },
        { "name": "seen", "in": "cookie", "schema": { "type": "boolean", "default": false } },
    ]);
    let contract = contracts::with_paths(&json!({ "/echo": { "get": operation } }));
    harness
        .deploy("blank", blank(&contract, "1", Describe::Contract))
        .await
        .expect("served");
    let mut client = harness.client();
    let headers = [
        ("X-TOKEN", "7"),
        ("x-tags", "a"),
        ("x-tags", "b"),
        ("cookie", "other=1; seen=yes"),
    ];
    let sent = client.send("GET", "/echo", &headers, "").await.json();
    assert_eq!(
        sent["params"],
        json!({ "header": { "x-token": 7, "x-tags": ["a", "b"] }, "cookie": { "seen": true } })
    );
    let wrong = client
        .send("GET", "/echo", &[("cookie", "seen=maybe")], "")
        .await;
    assert_eq!(wrong.status, 422);
    let detail = &wrong.json()["detail"];
    assert_eq!(detail[0]["loc"], json!(["header", "X-Token"]));
    assert_eq!(detail[0]["type"], "missing");
    assert_eq!(detail[1]["loc"], json!(["cookie", "seen"]));
    assert_eq!(detail[1]["input"], "maybe");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_is_rfc_9457_for_who_asks_for_it() {
    let harness = examples().await;
    let headers = [("accept", "application/problem+json")];
    let reply = harness.client().send("GET", "/nothing", &headers, "").await;
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(
        (
            reply.json()["status"].as_u64(),
            reply.json()["title"].as_str()
        ),
        (Some(404), Some("Not Found"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_whose_problems_are_rfc_9457_writes_them_so_unless_asked_for_the_other() {
    let limits = Limits {
        problems: ProblemShape::Rfc9457,
        ..Limits::default()
    };
    let plugin = PluginConfig {
        limits: Some(limits),
        ..PluginConfig::default()
    };
    let harness = Harness::with(Config {
        plugins: [("items".into(), plugin)].into(),
        ..Config::default()
    })
    .await;
    harness.deploy("items", items()).await.expect("served");
    harness.deploy("hello", hello()).await.expect("served");
    let mut client = harness.client();
    let reply = client.send("POST", "/items/seven", &[], "").await;
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.json()["errors"][0]["loc"], json!(["path", "id"]));
    let headers = [("accept", "application/json")];
    let reply = client.send("POST", "/items/seven", &headers, "").await;
    assert_eq!(reply.json()["detail"][0]["loc"], json!(["path", "id"]));
    // What no plugin serves is the host's to answer.
    let reply = client.get("/nothing").await;
    assert_eq!(reply.json(), json!({ "detail": "Not Found" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sane_request_id_is_taken_and_any_other_is_made() {
    let harness = examples().await;
    let mut client = harness.client();
    let sent = client
        .send("GET", "/hello/a", &[("x-request-id", "Abc-1._")], "")
        .await;
    assert_eq!(sent.header("x-request-id"), "Abc-1._");
    let mut made = std::collections::BTreeSet::new();
    for bad in ["", "a b", "a\"b", &"x".repeat(65)] {
        let reply = client
            .send("GET", "/hello/a", &[("x-request-id", bad)], "")
            .await;
        assert_ne!(reply.header("x-request-id"), bad);
        made.insert(reply.header("x-request-id").to_owned());
    }
    assert_eq!(made.len(), 4);
    // Errors carry it too.
    assert_ne!(client.get("/nothing").await.header("x-request-id"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_may_ask_for_what_the_contract_does_not_declare() {
    let config = HostConfig {
        base_path: "/api".into(),
        ..HostConfig::default()
    };
    let mut plugins = std::collections::BTreeMap::new();
    let plugin = switchback::PluginConfig {
        prefix: "/shop".into(),
        ..Default::default()
    };
    plugins.insert("blank".to_owned(), plugin);
    let harness = Harness::with(Config {
        host: config,
        plugins,
        ..Config::default()
    })
    .await;
    let guest = blank(&contracts::of(&["incoming"]), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("served");
    let headers = [
        ("x-some", "one"),
        ("x-some", "two"),
        ("x-request-id", "my-id"),
    ];
    let reply = harness
        .client()
        .send("GET", "/shop/incoming?a=%20b", &headers, "")
        .await
        .json();
    assert_eq!(reply["method"], "GET");
    assert_eq!(reply["uri"], "/api/shop/incoming?a=%20b");
    assert_eq!(reply["prefix"], "/api/shop");
    // A proxy that leaves the base path where it is is as good as one that takes it off.
    let mut client = harness.client();
    let left = client.get("/api/shop/incoming?a=%20b").await.json();
    assert_eq!(left["uri"], "/api/shop/incoming?a=%20b");
    assert_eq!(left["prefix"], "/api/shop");
    assert_eq!(client.get("/apishop/incoming").await.status, 404);
    assert_eq!(reply["request_id"], "my-id");
    assert_eq!(reply["identity"], serde_json::Value::Null);
    assert!(
        reply["peer"]
            .as_str()
            .expect("a peer")
            .starts_with("127.0.0.1:")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_http_forbids_is_a_500() {
    let harness = Harness::new().await;
    let guest = blank(
        &contracts::of(&["status", "bad-header", "bad-value", "streamed"]),
        "1",
        Describe::Contract,
    );
    harness.deploy("blank", guest).await.expect("served");
    let mut client = harness.client();
    for target in [
        "/status?n=70",
        "/status?n=101",
        "/status?n=600",
        "/bad-header",
        "/bad-value",
        "/streamed",
    ] {
        assert_eq!(client.get(target).await.status, 500, "{target}");
    }
    assert_eq!(client.get("/status?n=299").await.status, 299);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deep_or_large_json_body_is_refused_and_not_fatal() {
    let harness = examples().await;
    let mut client = harness.client();
    let deep = "[".repeat(100_000);
    assert_eq!(client.post("/items/1", &deep).await.status, 400);
    let many = format!("[{}]", vec!["0"; 500_000].join(","));
    assert_eq!(client.post("/items/1", &many).await.status, 422);
    assert_eq!(client.get("/hello/x").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_live_in_one_process() {
    let (one, two) = (examples().await, examples().await);
    one.host.remove("items").await.expect("it was served");
    assert_eq!(one.client().post("/items/1", "{}").await.status, 404);
    assert_eq!(two.client().post("/items/1", "{}").await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_serves_what_its_folder_holds() {
    let served = Served::new(&[("hello", &hello())], &[]).await;
    let mut client = served.client();
    assert_eq!(
        client.get("/hello/World").await.json(),
        json!({ "message": "Hello World" })
    );
    assert_eq!(client.get("/-/live").await.status, 200);
    assert_eq!(client.get("/-/ready").await.status, 200);
}
