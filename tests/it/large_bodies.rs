//! Bodies that take time to come and to check: they hold up nobody else.

use serde_json::json;
use switchback::{Config, Limits};
use switchback_tests::Raw;
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, until};

use crate::contracts;

async fn serving(limits: Limits) -> Harness {
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    let mut echo = contracts::operation("echo");
    let numbers = json!({ "type": "array", "items": { "type": "integer", "minimum": 0 } });
    echo["requestBody"] = json!({ "content": { "application/json": { "schema": numbers } } });
    let paths = json!({
        "/wait": { "get": contracts::operation("wait") },
        "/counter": { "get": contracts::operation("counter") },
        "/echo": { "post": echo },
    });
    let guest = blank(&contracts::with_paths(&paths), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

/// One place, and no queue.
fn alone() -> Limits {
    Limits {
        concurrency: 1,
        queue_calls: 0,
        time_ms: 600_000,
        ..Limits::default()
    }
}

/// A list of so many numbers.
fn numbers(count: usize) -> String {
    format!("[{}1]", "1,".repeat(count - 1))
}

/// Begins an upload; the body is the test's affair.
async fn upload(harness: &Harness, length: usize) -> Raw {
    let head = format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    Raw::send(harness, &head).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_without_a_place_refuses_before_the_body_comes() {
    let harness = serving(alone()).await;
    let held = tokio::spawn({
        let mut client = harness.client();
        async move { client.get("/wait").await }
    });
    until("the call to be there", async || {
        (harness.host.plugins()[0].calls == 1).then_some(())
    })
    .await;
    for length in [2, 1_000_000] {
        let mut client = upload(&harness, length).await;
        client.sees("HTTP/1.1 503 ").await;
        client.sees("retry-after: 1\r\n").await;
    }
    held.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_on_its_way_holds_no_place() {
    let harness = serving(alone()).await;
    for count in [10, 100_000] {
        let body = numbers(count);
        let (first, rest) = body.split_at(10);
        let mut client = upload(&harness, body.len()).await;
        client.write(first.as_bytes()).await;
        assert_eq!(harness.client().get("/counter").await.status, 200);
        client.write(rest.as_bytes()).await;
        client.sees("HTTP/1.1 200 ").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_large_bodies_is_checked_on_few_threads() {
    // A machine that is busy with other things takes its time for all of them.
    let harness = serving(Limits {
        time_ms: 120_000,
        cpu_ms: 120_000,
        queue_ms: 120_000,
        ..Limits::default()
    })
    .await;
    let before = threads();
    let clients = [(); 32].map(|()| {
        let mut client = harness.client();
        tokio::spawn(async move { client.post("/echo", &numbers(500_000)).await.status })
    });
    for client in clients {
        assert_eq!(client.await.expect("an answer"), 200);
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let more = threads().saturating_sub(before);
    assert!(more <= cores, "{more} threads more");
}

/// How many threads this process has. Those that have nothing to do stay for ten seconds.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task")
        .expect("Linux says")
        .count()
}
