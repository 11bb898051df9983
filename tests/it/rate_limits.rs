//! How often one client may ask: of the host, of a plugin, and what it is told.

use std::collections::BTreeMap;

use serde_json::json;
use switchback::{Component, Config, Event, HostConfig, Limit, Limits, PluginConfig};
use switchback_tests::guests::{Describe, blank, contract};
use switchback_tests::harness::{event, until};
use switchback_tests::{Client, Harness, Raw, Reply};

/// So long that nothing comes back while a test runs.
const HOUR: u64 = 3600;

fn host(requests: u64) -> HostConfig {
    HostConfig {
        rate_requests: requests,
        rate_window_s: HOUR,
        trusted_proxies: vec!["127.0.0.1".into()],
        ..HostConfig::default()
    }
}

fn limits(requests: u64, window_s: u64, key: &str) -> Limits {
    Limits {
        rate_requests: requests,
        rate_window_s: window_s,
        rate_key: key.into(),
        ..Limits::default()
    }
}

/// Two plugins; the first has these limits.
async fn serving(host: HostConfig, limits: Limits) -> Harness {
    let section = PluginConfig {
        limits: Some(limits),
        ..PluginConfig::default()
    };
    let harness = Harness::with(Config {
        host,
        plugins: BTreeMap::from([("items".into(), section)]),
        ..Config::default()
    })
    .await;
    for name in ["items", "notes"] {
        harness
            .deploy(name, guest(name, "1"))
            .await
            .expect("served");
    }
    harness
}

fn guest(name: &str, version: &str) -> Vec<u8> {
    let path = format!("/{name}");
    let contract = contract(&[("get", &path, "version"), ("post", &path, "echo")]);
    blank(&contract, version, Describe::Contract)
}

async fn from(client: &mut Client, address: &str, path: &str) -> Reply {
    client
        .send("GET", path, &[("x-forwarded-for", address)], "")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_told_what_it_has_left_and_refused_when_that_is_nothing() {
    let harness = serving(host(3), Limits::default()).await;
    let mut events = harness.host.events();
    let mut client = harness.client();
    for (path, left, full_in) in [
        ("/items", 2, 1200),
        ("/nowhere", 1, 2400),
        ("/docs", 0, 3600),
    ] {
        let reply = from(&mut client, "192.0.2.1", path).await;
        assert_ne!(reply.status, 429, "{path}");
        assert_eq!(reply.header("ratelimit-policy"), "\"host\";q=3;w=3600");
        let told = format!("\"host\";r={left};t={full_in}");
        assert_eq!(reply.header("ratelimit"), told, "{path}");
    }
    let reply = from(&mut client, "192.0.2.1", "/items").await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.json(), json!({ "detail": "Too Many Requests" }));
    assert_eq!(reply.header("retry-after"), "1200");
    assert_eq!(reply.header("ratelimit"), "\"host\";r=0;t=3600");
    event(&mut events, |event| {
        matches!(event, Event::TooOften { peer: Some(peer) } if peer.ip().to_string() == "192.0.2.1")
    })
    .await;

    let headers = [
        ("x-forwarded-for", "192.0.2.1"),
        ("accept", "application/problem+json"),
    ];
    let reply = client.send("GET", "/items", &headers, "").await;
    assert_eq!(reply.json()["type"], "urn:switchback:too-many-requests");
    assert_eq!(reply.json()["status"], 429);

    for (address, path) in [("192.0.2.2", "/items"), ("192.0.2.1", "/-/live")] {
        let reply = from(&mut client, address, path).await;
        assert_eq!(reply.status, 200, "{address} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugins_static_files_count_among_its_requests() {
    let harness = serving(HostConfig::default(), limits(3, HOUR, "")).await;
    let mut events = harness.host.events();
    let files = Component::new(guest("items", "2")).file("a.txt", "a");
    let served = harness.host.deploy("items", files).await;
    served.expect("it is served");
    let mut client = harness.client();
    for (path, status) in [
        ("/static/a.txt", 200),
        ("/static/b.txt", 404),
        ("/items", 200),
        ("/static/a.txt", 429),
        ("/items", 429),
        ("/notes", 200),
    ] {
        assert_eq!(client.get(path).await.status, status, "{path}");
    }
    event(&mut events, |event| {
        matches!(event, Event::LimitHit { limit: Limit::Rate, operation, .. } if operation == "(files)")
    })
    .await;
    let metrics = harness.host.metrics();
    for (status, count) in [("2xx", 1), ("4xx", 1)] {
        let line = format!(
            "switchback_requests_total{{plugin=\"items\",operation=\"(files)\",revision=\"2\",status=\"{status}\"}} {count}\n"
        );
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_has_a_limit_of_its_own_that_outlives_its_revisions() {
    let harness = serving(HostConfig::default(), limits(1, HOUR, "")).await;
    let mut events = harness.host.events();
    let mut client = harness.client();
    let reply = client.get("/items").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("ratelimit"), "\"plugin\";r=0;t=3600");
    assert_eq!(client.get("/items").await.status, 429);
    event(&mut events, |event| {
        matches!(
            event,
            Event::LimitHit {
                limit: Limit::Rate,
                value: 1,
                ..
            }
        )
    })
    .await;
    harness
        .deploy("items", guest("items", "2"))
        .await
        .expect("served");
    assert_eq!(client.get("/items").await.status, 429);
    for _ in 0..3 {
        let reply = client.get("/notes").await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("ratelimit")),
            (200, "")
        );
    }
    let plugins = harness.host.plugins();
    let hits = |name: &str| {
        let plugin = plugins
            .iter()
            .find(|plugin| plugin.name == name)
            .expect("served");
        let hits = plugin
            .limit_hits
            .iter()
            .find(|(limit, _)| *limit == Limit::Rate);
        hits.expect("each limit is counted").1
    };
    assert_eq!((hits("items"), hits("notes")), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_is_so_before_a_body_is_read() {
    let harness = serving(HostConfig::default(), limits(1, HOUR, "")).await;
    assert_eq!(harness.client().get("/items").await.status, 200);
    let mut raw = Raw::send(
        &harness,
        "POST /items HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n",
    )
    .await;
    raw.sees("HTTP/1.1 429 Too Many Requests").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_told_apart_by_a_header_where_that_is_set() {
    let harness = serving(HostConfig::default(), limits(1, HOUR, "x-api-key")).await;
    let mut client = harness.client();
    for (key, status) in [("a", 200), ("a", 429), ("b", 200), ("", 200), ("b", 429)] {
        let reply = client
            .send("GET", "/items", &[("x-api-key", key)], "")
            .await;
        assert_eq!(reply.status, status, "{key}");
    }
    // Without the header it is the address that counts.
    assert_eq!(client.get("/items").await.status, 200);
    assert_eq!(client.get("/items").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_limits_hold_and_both_are_told() {
    let harness = serving(host(2), limits(9, 9, "")).await;
    let mut client = harness.client();
    let reply = client.get("/items").await;
    assert_eq!(
        reply.header("ratelimit-policy"),
        "\"host\";q=2;w=3600, \"plugin\";q=9;w=9"
    );
    assert_eq!(
        reply.header("ratelimit"),
        "\"host\";r=1;t=1800, \"plugin\";r=8;t=1"
    );
    assert_eq!(client.get("/items").await.status, 200);
    assert_eq!(client.get("/items").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_comes_back() {
    let harness = serving(HostConfig::default(), limits(1, 1, "")).await;
    let mut client = harness.client();
    assert_eq!(client.get("/items").await.status, 200);
    let reply = until("a refusal, then an answer", async || {
        let reply = client.get("/items").await;
        (reply.status == 200).then_some(reply)
    })
    .await;
    assert_eq!(reply.header("ratelimit"), "\"plugin\";r=0;t=1");
}
