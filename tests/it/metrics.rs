//! Metrics in the text format of Prometheus: what was counted, under names that a scraper takes.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use switchback::{Admin, AdminServer};
use switchback_tests::guests::{Describe, blank, contract};
use switchback_tests::harness::{Harness, target, until};
use switchback_tests::{Client, tools};

/// Every sample of a text by its series, each of a family that was declared before it, once.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut kinds = BTreeMap::new();
    let mut found = BTreeMap::new();
    for line in text.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (name, kind) = declared.split_once(' ').unwrap();
            assert!(
                kinds.insert(name, kind).is_none(),
                "{name} is declared twice"
            );
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            let parts = ["_bucket", "_sum", "_count"].iter();
            let family = parts
                .filter_map(|part| name.strip_suffix(part))
                .find(|family| kinds.get(family) == Some(&"histogram"));
            assert!(
                kinds.contains_key(family.unwrap_or(name)),
                "{name} is not declared"
            );
            let value: f64 = value.parse().unwrap();
            assert!(
                found.insert(series.to_owned(), value).is_none(),
                "{series} is there twice"
            );
        }
    }
    found
}

fn version(version: &str) -> Vec<u8> {
    let contract = contract(&[("get", "/one", "version"), ("get", "/trap", "trap")]);
    blank(&contract, version, Describe::Contract)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_operation_revision_and_status() {
    let harness = Harness::new().await;
    harness.host.deploy("shop", version("1")).await.unwrap();
    let mut client = harness.client();
    for _ in 0..3 {
        client.get("/one").await;
    }
    client.get("/trap").await;
    client.get("/nowhere").await;
    let metrics = samples(&harness.host.metrics());
    let of = |series: &str| metrics.get(series).copied();
    let one = r#"plugin="shop",operation="version",revision="1""#;
    let trap = r#"plugin="shop",operation="trap",revision="1""#;
    let total = |labels: &str, status: &str| {
        of(&format!(
            "switchback_requests_total{{{labels},status=\"{status}\"}}"
        ))
    };
    assert_eq!(total(one, "2xx"), Some(3.0));
    assert_eq!(total(trap, "5xx"), Some(1.0));
    assert_eq!(
        of(&format!("switchback_request_failures_total{{{trap}}}")),
        Some(1.0)
    );
    let duration = |part: &str| {
        of(&format!(
            "switchback_request_duration_seconds_{part}{{{one}}}"
        ))
    };
    assert_eq!(duration("count"), Some(3.0));
    assert!(duration("sum").unwrap() > 0.0);
    let below = |bound: &str| {
        of(&format!(
            "switchback_request_duration_seconds_bucket{{{one},le=\"{bound}\"}}"
        ))
    };
    assert_eq!(
        (below("16.777216"), below("+Inf")),
        (Some(3.0), Some(3.0)),
        "{metrics:?}"
    );
    assert_eq!(
        of(r#"switchback_other_requests_total{status="4xx"}"#),
        Some(1.0)
    );
    assert_eq!(
        of(r#"switchback_plugin_revision{plugin="shop"}"#),
        Some(1.0)
    );
    assert_eq!(of(r#"switchback_events_total{event="failed"}"#), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_series_of_a_revision_go_with_it_and_the_plugins_own_stay() {
    let harness = Harness::new().await;
    harness.host.deploy("shop", version("1")).await.unwrap();
    harness.client().get("/one").await;
    harness.host.deploy("shop", version("2")).await.unwrap();
    harness.client().get("/one").await;
    let metrics = until("the old revision to be gone", async || {
        let metrics = harness.host.metrics();
        (!metrics.contains(r#"revision="1""#)).then_some(metrics)
    })
    .await;
    let metrics = samples(&metrics);
    let new =
        r#"switchback_requests_total{plugin="shop",operation="version",revision="2",status="2xx"}"#;
    assert_eq!(metrics.get(new), Some(&1.0));
    let deployed = r#"switchback_events_total{event="deployed"}"#;
    assert_eq!(metrics.get(deployed), Some(&2.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_listener_gives_them_with_what_the_process_takes() {
    let harness = Harness::new().await;
    let listener = AdminServer::bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let admin = Admin::new(harness.host.clone(), None);
    tokio::spawn(listener.run(admin, std::future::pending()));
    let mut client = Client::new(address);
    let reply = client
        .send("GET", "/metrics", &[("host", "localhost")], "")
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    let metrics = samples(reply.text());
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
        "switchback_generation",
    ] {
        assert!(metrics.contains_key(name), "{name} is missing");
    }
    assert!(metrics["process_resident_memory_bytes"] > 1e6);
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_has_nothing_to_say_against_them() {
    let promtool = target().join("promtool/promtool");
    if !promtool.is_file() {
        return tools::skip("promtool is not there: run tests/tools.sh");
    }
    let harness = Harness::new().await;
    harness.host.deploy("shop", version("1")).await.unwrap();
    harness.client().get("/one").await;
    harness.client().get("/trap").await;
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let metrics = harness.host.metrics();
    let mut given = check.stdin.take().unwrap();
    given.write_all(metrics.as_bytes()).unwrap();
    drop(given);
    let said = check.wait_with_output().unwrap();
    let words = [said.stdout, said.stderr].concat();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&words));
    assert_eq!(String::from_utf8_lossy(&words), "");
}
