//! Standard components made by others' tools serve as they are, and see of a request what `wasmtime serve` shows them.

use switchback::{Config, Event, Isolation, Limits};
use switchback_tests::harness::{Harness, event};
use switchback_tests::{guests, tools};

async fn serves(made_by: &str, isolation: Isolation) {
    let Some(component) = guests::standard_by(made_by) else {
        return tools::skip(
            "its tool is missing: run `make test-guests`, which says what it needs",
        );
    };
    let limits = Limits {
        isolation,
        ..Limits::default()
    };
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    harness
        .deploy("other", component)
        .await
        .expect("it is served");
    assert_eq!(harness.host.plugins()[0].interface, "wasi:http@0.2");
    let mut client = harness.client();

    let headers = [("x-sent", "yes"), ("x-sent", "twice")];
    let reply = client
        .send("GET", "/other/a/b%20c?q=1&q=%C3%A4", &headers, "")
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), "text/plain");
    let lines: Vec<&str> = reply.text().lines().collect();
    assert_eq!(lines[0], "GET /a/b%20c?q=1&q=%C3%A4");
    assert_eq!(lines[1], "scheme http");
    assert_eq!(lines[2], "authority testserver");
    let sent = lines.iter().filter(|line| line.starts_with("x-sent: "));
    assert!(matches!(sent.count(), 1 | 2), "{lines:?}");

    let body: Vec<u8> = (0..300_000_u32).map(|at| at as u8).collect();
    let mut events = harness.host.events();
    let reply = client.send("POST", "/other", &[], body.clone()).await;
    if reply.status == 500 {
        panic!(
            "{:?}",
            event(&mut events, |event| matches!(event, Event::Failed { .. })).await
        );
    }
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, body.len()));
    assert_eq!(reply.body, body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_by_wstd_serves() {
    serves("standard-wstd", Isolation::Reuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_by_componentize_py_serves() {
    serves("componentize-py", Isolation::Reuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_by_componentize_js_serves() {
    // Its engine serves one request an instance, as `wasmtime serve` hands them out.
    serves("componentize-js", Isolation::Request).await;
}
