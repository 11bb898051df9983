//! Forms and their files, as a guest gets them.

use serde_json::{Value, json};
use switchback::{Config, Event, Limit, Limits};
use switchback_tests::Harness;
use switchback_tests::guests::{Describe, blank, inputs};
use switchback_tests::harness::event;

use crate::contracts;

/// `POST /ID` with a form of `media`.
fn contract(id: &str, media: &str, schema: &Value) -> String {
    let mut operation = contracts::operation(id);
    operation["requestBody"] =
        json!({ "required": true, "content": { media: { "schema": schema } } });
    operation["parameters"] =
        json!([{ "name": "n", "in": "query", "schema": { "type": "integer" } }]);
    contracts::with_paths(&json!({ format!("/{id}"): { "post": operation } }))
}

async fn serving(contract: &str, limits: Limits) -> Harness {
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    let guest = blank(contract, "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("served");
    harness
}

fn upload() -> Value {
    json!({ "type": "object", "required": ["title", "file"], "properties": {
        "title": { "type": "string", "minLength": 2 },
        "count": { "type": "integer", "default": 1 },
        "file": { "type": "string", "format": "binary" },
    } })
}

const MULTIPART: [(&str, &str); 1] = [("content-type", "multipart/form-data; boundary=b0")];

fn part(disposition: &str, content: &str) -> String {
    format!("--b0\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_reaches_the_guest_as_typed_fields() {
    let login = json!({ "type": "object", "required": ["user"], "properties": {
        "user": { "type": "string", "minLength": 2 },
        "age": { "type": "integer" },
        "tags": { "type": "array", "items": { "type": "string" } },
    } });
    let media = "application/x-www-form-urlencoded";
    let harness = serving(&contract("echo", media, &login), Limits::default()).await;
    let mut client = harness.client();
    let headers = [("content-type", media)];
    let sent = client
        .send("POST", "/echo", &headers, "user=Ann+B&age=07&tags=a&tags=b")
        .await
        .json();
    assert_eq!(
        sent["body"],
        json!({ "kind": "form", "fields": { "user": "Ann B", "age": 7, "tags": ["a", "b"] }, "files": 0 })
    );
    let wrong = client.send("POST", "/echo", &headers, "user=A&age=x").await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        wrong.json()["detail"],
        json!([
            { "type": "string_too_short", "loc": ["body", "user"], "input": "A", "ctx": { "min_length": 2 },
              "msg": "String should have at least 2 characters" },
            { "type": "int_parsing", "loc": ["body", "age"], "input": "x",
              "msg": "Input should be a valid integer, unable to parse string as an integer" },
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_reads_a_file_in_pieces_as_often_as_it_likes() {
    let contract = contract("files", "multipart/form-data", &upload());
    let harness = serving(&contract, Limits::default()).await;
    let long = "0123456789".repeat(20_000);
    let body = [
        part("name=\"title\"", "Two words"),
        part(
            "name=\"file\"; filename=\"../a b.txt\"\r\nContent-Type: text/plain",
            &long,
        ),
        "--b0--\r\n".into(),
    ]
    .concat();
    // Above 64 KiB it is also checked off the serving threads.
    let reply = harness
        .client()
        .send("POST", "/files?n=1000", &MULTIPART, body)
        .await;
    assert_eq!(
        reply.json(),
        json!({
            "fields": { "title": "Two words", "count": 1 },
            "files": [{ "field": "file", "name": "../a b.txt", "media_type": "text/plain", "size": 200_000, "content": long }],
            "beyond": "other: the request has no file number 1",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_told_as_fastapi_tells_it() {
    let contract = contract("files", "multipart/form-data", &upload());
    let harness = serving(&contract, Limits::default()).await;
    let body = [part("name=\"title\"", "x"), "--b0--\r\n".into()].concat();
    let reply = harness
        .client()
        .send("POST", "/files", &MULTIPART, body)
        .await;
    assert_eq!(reply.status, 422);
    let detail = &reply.json()["detail"];
    assert_eq!(detail[0]["loc"], json!(["body", "title"]));
    assert_eq!(
        detail[1],
        json!({ "type": "missing", "loc": ["body", "file"], "msg": "Field required", "input": null })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_too_large_or_broken_is_refused_with_its_own_status() {
    let contract = contract("files", "multipart/form-data", &upload());
    let limits = Limits {
        body_bytes: 10_000,
        form_parts: 10,
        ..Limits::default()
    };
    let harness = serving(&contract, limits).await;
    let mut events = harness.host.events();
    let mut client = harness.client();
    let large = client
        .send("POST", "/files", &MULTIPART, "x".repeat(10_001))
        .await;
    assert_eq!(large.status, 413);
    event(&mut events, |event| {
        matches!(
            event,
            Event::LimitHit {
                limit: Limit::Body,
                ..
            }
        )
    })
    .await;
    let many = part("name=\"title\"", "x").repeat(11) + "--b0--\r\n";
    let many = harness
        .client()
        .send("POST", "/files", &MULTIPART, many)
        .await;
    assert_eq!(
        (many.status.as_u16(), many.text()),
        (
            400,
            r#"{"detail":"Too many fields and files. The most is 10."}"#
        )
    );
    event(&mut events, |event| {
        matches!(
            event,
            Event::LimitHit {
                limit: Limit::FormParts,
                value: 10,
                ..
            }
        )
    })
    .await;
    let broken = harness
        .client()
        .send("POST", "/files", &MULTIPART, "--b1--")
        .await;
    assert_eq!(
        (broken.status.as_u16(), broken.text()),
        (400, r#"{"detail":"Invalid multipart data."}"#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_bodies_are_passed_as_text_or_bytes() {
    let mut operation = contracts::operation("echo");
    operation["requestBody"] = json!({ "content": {
        "application/octet-stream": { "schema": { "type": "string", "format": "binary" } },
        "text/plain": { "schema": { "type": "string", "maxLength": 5 } },
    } });
    let contract = contracts::with_paths(&json!({ "/echo": { "post": operation } }));
    let harness = serving(&contract, Limits::default()).await;
    let mut client = harness.client();
    let bytes = [("content-type", "application/octet-stream")];
    let sent = client
        .send("POST", "/echo", &bytes, &b"\xff\0\x01"[..])
        .await;
    assert_eq!(
        sent.json()["body"],
        json!({ "kind": "bytes", "media_type": "application/octet-stream", "length": 3 })
    );
    let text = [("content-type", "text/plain; charset=utf-8")];
    let sent = client.send("POST", "/echo", &text, "grün").await;
    assert_eq!(
        sent.json()["body"],
        json!({ "kind": "text", "media_type": "text/plain", "data": "grün" })
    );
    let long = client.send("POST", "/echo", &text, "too long").await;
    assert_eq!(long.status, 422);
    let other = client
        .send("POST", "/echo", &[("content-type", "image/png")], "x")
        .await;
    assert_eq!(other.status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_of_the_sdk_take_what_the_host_reads() {
    let harness = Harness::new().await;
    harness
        .deploy("inputs", inputs())
        .await
        .expect("what the SDK writes is served");
    let mut client = harness.client();
    let headers = [
        ("x-token", "07"),
        ("x-many", "a"),
        ("x-many", "b"),
        ("cookie", "session=\"s\""),
    ];
    let told = client.send("GET", "/told", &headers, "").await;
    assert_eq!(told.json(), r#"7 ["a", "b"] Some("s") dark"#);

    let form = [("content-type", "application/x-www-form-urlencoded")];
    let login = client
        .send("POST", "/login", &form, "user=Ann&tries=")
        .await;
    assert_eq!(login.json(), "Ann 3");
    let login = client
        .send("POST", "/login", &form, "user=A&tries=10")
        .await;
    assert_eq!(login.status, 422);
    let who = client
        .send(
            "POST",
            "/login-struct",
            &form,
            "user=Ann&remember=on&tags=a&tags=b",
        )
        .await;
    assert_eq!(who.json(), r#"Ann true ["a", "b"]"#);

    let body = [
        part("name=\"file\"; filename=\"a\"", "first"),
        part("name=\"more\"; filename=\"b\"", "x"),
        part("name=\"more\"; filename=\"c\"", "y"),
        part("name=\"note\"", "n"),
        "--b0--\r\n".into(),
    ]
    .concat();
    let files = client.send("POST", "/files", &MULTIPART, body).await;
    assert_eq!(files.json(), r#"first ["b", "c"] false Some("n")"#);
    let none = client
        .send("POST", "/files", &MULTIPART, "--b0--\r\n")
        .await;
    assert_eq!(none.json()["detail"][0]["loc"], json!(["body", "file"]));

    let bytes = [("content-type", "application/octet-stream")];
    let blob = client.send("PUT", "/blob", &bytes, &b"\xff\0"[..]).await;
    assert_eq!(blob.json(), 2);
}
