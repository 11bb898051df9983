//! Forms and their files, as a guest gets them.

use serde_json::{Value, json};
use switchback::{Config, Event, HostConfig, Limit, Limits};
use switchback_tests::guests::{Describe, blank, inputs};
use switchback_tests::harness::{event, until};
use switchback_tests::{Harness, Raw};

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

/// Serves `/files` with files on disk beyond 50,000 bytes.
async fn spooling(folder: &std::path::Path) -> Harness {
    let harness = Harness::with(Config {
        limits: Limits {
            form_memory_bytes: 50_000,
            body_bytes: 1_000_000,
            ..Limits::default()
        },
        host: HostConfig {
            spool_dir: Some(folder.to_owned()),
            ..HostConfig::default()
        },
        ..Config::default()
    })
    .await;
    let contract = contract("files", "multipart/form-data", &upload());
    let guest = blank(&contract, "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("served");
    harness
}

/// How many files this process has open in a folder.
fn open_in(folder: &std::path::Path) -> usize {
    let open = std::fs::read_dir("/proc/self/fd").expect("the process knows its files");
    let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(folder)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_on_disk_while_it_arrives_and_reads_as_it_was_sent() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let folder = folder.path().canonicalize().expect("it is there");
    let harness = spooling(&folder).await;
    let long = "0123456789".repeat(20_000);
    let head = "POST /files?n=1000 HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
                content-type: multipart/form-data; boundary=b0\r\n\r\n";
    let mut raw = Raw::send(&harness, head).await;
    raw.chunk(&part("name=\"title\"", "Two words")).await;
    raw.chunk("--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n")
        .await;
    raw.chunk(&long[..100_000]).await;
    until("the file to be on disk", async || {
        (open_in(&folder) == 1).then_some(())
    })
    .await;
    assert_eq!(
        std::fs::read_dir(&folder).expect("readable").count(),
        0,
        "it has no name"
    );
    raw.chunk(&long[100_000..]).await;
    raw.chunk("\r\n--b0--\r\n").await;
    raw.write(b"0\r\n\r\n").await;
    raw.to_the_end().await.expect("an answer");
    let answer = raw.all();
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["fields"], json!({ "title": "Two words", "count": 1 }));
    assert_eq!(body["files"][0]["size"], 200_000);
    assert_eq!(body["files"][0]["content"], long);
    until("the file to be gone", async || {
        (open_in(&folder) == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_read_in_parts_keeps_its_limits() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let harness = spooling(folder.path()).await;
    let mut events = harness.host.events();
    let title = [
        part("name=\"title\"", &"x".repeat(60_000)),
        "--b0--\r\n".into(),
    ]
    .concat();
    let reply = harness
        .client()
        .send("POST", "/files", &MULTIPART, title)
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (400, r#"{"detail":"Part exceeded maximum size of 48KB."}"#)
    );
    let hit = |wanted: Limit| move |event: &Event| matches!(event, Event::LimitHit { limit, .. } if *limit == wanted);
    event(&mut events, hit(Limit::FormMemory)).await;
    // As long as it says nothing of its length, it is stopped where it is too long.
    let head = "POST /files HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\
                content-type: multipart/form-data; boundary=b0\r\n\r\n";
    let mut raw = Raw::send(&harness, head).await;
    raw.chunk("--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n")
        .await;
    for _ in 0..11 {
        raw.chunk(&"x".repeat(100_000)).await;
    }
    raw.sees("HTTP/1.1 413 ").await;
    event(&mut events, hit(Limit::Body)).await;
    let broken = "--b0\r\nnonsense".repeat(10_000);
    let reply = harness
        .client()
        .send("POST", "/files", &MULTIPART, broken)
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (400, r#"{"detail":"Invalid multipart data."}"#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_be_written_is_told_to_the_operator_and_not_to_the_client() {
    let harness = spooling(std::path::Path::new("/nonexistent/folder")).await;
    let mut events = harness.host.events();
    let file = part("name=\"file\"; filename=\"a\"", &"x".repeat(200_000));
    let body = [part("name=\"title\"", "ab"), file, "--b0--\r\n".into()].concat();
    let reply = harness
        .client()
        .send("POST", "/files", &MULTIPART, body)
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (500, r#"{"detail":"Internal Server Error"}"#)
    );
    event(&mut events, |event| {
        matches!(event, Event::Failed { reason, .. } if reason.contains("`host.spool_dir`"))
    })
    .await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_which_nothing_arrives_lacks_its_fields() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let harness = spooling(folder.path()).await;
    for length in ["content-length: 0", "transfer-encoding: chunked"] {
        let head = format!(
            "POST /files HTTP/1.1\r\nhost: testserver\r\nconnection: close\r\n\
             content-type: multipart/form-data; boundary=b0\r\n{length}\r\n\r\n"
        );
        let mut raw = Raw::send(&harness, &head).await;
        if length.ends_with("chunked") {
            raw.write(b"0\r\n\r\n").await;
        }
        raw.to_the_end().await.expect("an answer");
        let answer = raw.all();
        assert!(answer.starts_with("HTTP/1.1 422"), "{length}: {answer}");
        assert!(answer.contains(r#""type":"missing""#), "{length}: {answer}");
    }
}
