//! All bodies together: what they take is counted as it comes, and what is too much is refused before it is read.

use std::collections::BTreeMap;

use serde_json::json;
use switchback::{Config, Event, HostConfig, Limit, Limits};
use switchback_tests::Raw;
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event, until};

use crate::contracts;

/// Room for 400 KiB of bodies, 300 of them for large ones; and for as much on disk.
async fn serving() -> Harness {
    let harness = Harness::with(Config {
        host: HostConfig {
            bodies_bytes: 400 << 10,
            spool_bytes: 400 << 10,
            ..HostConfig::default()
        },
        limits: Limits {
            form_memory_bytes: 10 << 10,
            ..Limits::default()
        },
        ..Config::default()
    })
    .await;
    let body = |id: &str, media: &str, schema: serde_json::Value| {
        let mut operation = contracts::operation(id);
        operation["requestBody"] = json!({ "content": { media: { "schema": schema } } });
        json!({ "post": operation })
    };
    let file = json!({ "type": "string", "format": "binary" });
    let form = json!({ "type": "object", "properties": { "file": file } });
    let paths = json!({
        "/echo": body("echo", "application/json", json!({})),
        "/form": body("echo2", "multipart/form-data", form),
    });
    let guest = blank(&contracts::with_paths(&paths), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

/// What is held now, by where.
fn held(harness: &Harness) -> BTreeMap<String, u64> {
    let metrics = harness.host.metrics();
    let lines = metrics.lines();
    let bodies =
        lines.filter_map(|line| line.strip_prefix("switchback_request_bodies_bytes{held=\""));
    let held = bodies.map(|line| {
        let (place, bytes) = line.split_once("\"} ").expect("a sample");
        (place.to_owned(), bytes.parse().expect("a number"))
    });
    held.collect()
}

async fn nothing_is_held(harness: &Harness) {
    until("all to be given back", async || {
        held(harness)
            .values()
            .all(|bytes| *bytes == 0)
            .then_some(())
    })
    .await;
}

fn text(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

/// Begins a body in chunks and sends so much of it.
async fn begun(harness: &Harness, bytes: usize) -> Raw {
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut client = Raw::send(harness, head).await;
    client.chunk(&format!("\"{}", "x".repeat(bytes - 1))).await;
    until("it to have come", async || {
        (held(harness)["memory"] >= bytes as u64).then_some(())
    })
    .await;
    client
}

fn is_full(limit: Limit) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::LimitHit { limit: hit, .. } if *hit == limit)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_room_is_refused_before_it_is_read_and_small_bodies_have_some() {
    let harness = serving().await;
    let mut events = harness.host.events();
    let mut slow = begun(&harness, 200 << 10).await;

    // The rest is never sent: it is not asked for.
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 150000\r\n\r\n";
    let mut said = Raw::send(&harness, head).await;
    said.sees("{\"detail\":\"Service Unavailable\"}").await;
    assert!(said.all().starts_with("HTTP/1.1 503 ") && said.all().contains("retry-after: 1\r\n"));
    event(&mut events, is_full(Limit::Bodies)).await;

    let mut client = harness.client();
    assert_eq!(client.post("/echo", &text(60 << 10)).await.status, 200);
    slow.chunk("\"").await;
    slow.write(b"0\r\n\r\n").await;
    slow.sees("HTTP/1.1 200 ").await;
    nothing_is_held(&harness).await;
    assert_eq!(client.post("/echo", &text(200 << 10)).await.status, 200);
    nothing_is_held(&harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_say_its_length_is_refused_when_there_is_no_more_room() {
    let harness = serving().await;
    let first = begun(&harness, 200 << 10).await;
    let mut second = begun(&harness, 90 << 10).await;
    second.chunk(&"x".repeat(60 << 10)).await;
    second.sees("HTTP/1.1 503 ").await;
    // Who leaves gives back what it had.
    drop((first, second));
    nothing_is_held(&harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_never_fit_is_413() {
    let harness = serving().await;
    let mut client = harness.client();
    let reply = client.post("/echo", &text(310 << 10)).await;
    assert_eq!(reply.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_on_disk_have_room_of_their_own() {
    let harness = serving().await;
    let mut events = harness.host.events();
    let headers = [("content-type", "multipart/form-data; boundary=b0")];
    let mut client = harness.client();
    let mut upload = async |bytes: usize| {
        let head = "--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
        let body = format!("{head}{}\r\n--b0--\r\n", "x".repeat(bytes));
        client.send("POST", "/form", &headers, body).await.status
    };
    let mut other = begun(&harness, 100 << 10).await;
    assert_eq!(upload(290 << 10).await, 200);
    until("the file to be gone", async || {
        (held(&harness)["disk"] == 0).then_some(())
    })
    .await;
    assert_eq!(upload(350 << 10).await, 413);
    event(&mut events, is_full(Limit::Spool)).await;
    other.chunk("\"").await;
    other.write(b"0\r\n\r\n").await;
    other.sees("HTTP/1.1 200 ").await;
    nothing_is_held(&harness).await;
}
