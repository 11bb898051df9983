//! Plugins that keep their state in memory: `instances = 1`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use switchback::{Config, ErrorKind, Isolation, Limits, PluginConfig};
use switchback_tests::Harness;
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::until;

use crate::contracts;

/// A contract that asks for so many instances.
fn asking(operations: &[&str], instances: impl Into<Value>) -> String {
    let mut contract: Value =
        serde_json::from_str(&contracts::of(operations)).expect("a contract is JSON");
    contract["x-switchback-instances"] = instances.into();
    contract.to_string()
}

/// Settings under which a slow machine refuses nobody.
fn patient() -> Limits {
    Limits {
        queue_ms: 60_000,
        ..Limits::default()
    }
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

async fn count(harness: &Harness) -> u64 {
    let reply = harness.client().get("/counter").await;
    reply.json()["count"].as_u64().expect("a count")
}

async fn counts_to_200(harness: &Harness) {
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let mut client = harness.client();
            tokio::spawn(async move { client.get("/counter").await.json()["count"].as_u64() })
        })
        .collect();
    let mut counts = Vec::new();
    for call in calls {
        counts.push(call.await.expect("no panic").expect("a count"));
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=200).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_serves_200_clients_at_once_one_after_the_other() {
    counts_to_200(&serving(&asking(&["counter"], 1), patient()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_wins_over_what_the_contract_asks_for() {
    let plugin = PluginConfig {
        instances: Some(1),
        ..PluginConfig::default()
    };
    let harness = Harness::with(Config {
        limits: patient(),
        plugins: BTreeMap::from([("blank".into(), plugin)]),
        ..Config::default()
    })
    .await;
    let guest = blank(&asking(&["counter"], 50), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("served");
    counts_to_200(&harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_kept_outlives_what_retires_others() {
    let restless = Limits {
        instance_idle_ms: 1,
        ..patient()
    };
    let plugin = PluginConfig {
        limits: Some(Limits {
            max_requests_per_instance: 1,
            ..restless.clone()
        }),
        ..PluginConfig::default()
    };
    let harness = Harness::with(Config {
        limits: restless,
        plugins: BTreeMap::from([("blank".into(), plugin)]),
        ..Config::default()
    })
    .await;
    let kept = blank(&asking(&["counter"], 1), "1", Describe::Contract);
    harness.deploy("blank", kept).await.expect("served");
    let other =
        contracts::with_paths(&json!({ "/other": { "get": contracts::operation("counter") } }));
    let other = blank(&other, "1", Describe::Contract);
    harness.deploy("other", other).await.expect("served");
    assert_eq!(count(&harness).await, 1);
    assert_eq!(harness.client().get("/other").await.status, 200);
    until("the other plugin's instance to retire", async || {
        let plugins = harness.host.plugins();
        let other = plugins.iter().find(|plugin| plugin.name == "other");
        (other.expect("it is served").instances == 0).then_some(())
    })
    .await;
    assert_eq!(count(&harness).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_too_long_for_the_only_instance_is_told_to_come_back() {
    let limits = Limits {
        queue_ms: 50,
        ..Limits::default()
    };
    let harness = serving(&asking(&["wait", "counter"], 1), limits).await;
    let mut first = harness.client();
    let waiting = tokio::spawn(async move { first.get("/wait").await });
    let refused = loop {
        let reply = harness.client().get("/counter").await;
        if reply.status == 503 {
            break reply;
        }
    };
    assert_eq!(refused.header("retry-after"), "1");
    waiting.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_does_not_take_the_state_with_it() {
    let harness = serving(&asking(&["counter", "sleep"], 1), patient()).await;
    assert_eq!(count(&harness).await, 1);
    let mut gone = harness.client();
    let call = tokio::spawn(async move { gone.get("/sleep?n=500").await });
    until("the call to be in the guest", async || {
        let status = harness.host.plugins();
        (status[0].calls == 1).then_some(())
    })
    .await;
    call.abort();
    assert_eq!(count(&harness).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_lost_by_a_trap_and_by_a_swap_and_by_nothing_else() {
    let operations = &["counter", "trap", "status"];
    let harness = serving(&asking(operations, 1), patient()).await;
    assert_eq!(count(&harness).await, 1);
    assert_eq!(harness.client().get("/status?n=70").await.status, 500);
    assert_eq!(count(&harness).await, 2);
    assert_eq!(harness.client().get("/trap").await.status, 500);
    assert_eq!(count(&harness).await, 1);
    assert_eq!(count(&harness).await, 2);
    let next = blank(&asking(operations, 1), "2", Describe::Contract);
    harness.deploy("blank", next).await.expect("served");
    assert_eq!(count(&harness).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_begins_with_as_many_instances_as_there_were() {
    let harness = serving(&contracts::of(&["sleep"]), patient()).await;
    let instances = || harness.host.plugins()[0].instances;
    assert_eq!(instances(), 0);
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let mut client = harness.client();
            tokio::spawn(async move { client.get("/sleep?n=300").await })
        })
        .collect();
    until("three calls at once", async || {
        (harness.host.plugins()[0].calls == 3).then_some(())
    })
    .await;
    let next = blank(&contracts::of(&["sleep"]), "2", Describe::Contract);
    harness.deploy("blank", next).await.expect("served");
    assert_eq!(instances(), 3);
    for call in calls {
        assert_eq!(call.await.expect("no panic").status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_cannot_be_counted_or_kept_are_refused() {
    let harness = Harness::new().await;
    for wrong in [json!(0), json!("1"), json!(1.5), json!(100_000)] {
        let guest = blank(
            &asking(&["counter"], wrong.clone()),
            "1",
            Describe::Contract,
        );
        let error = harness
            .deploy("blank", guest)
            .await
            .expect_err("it must be refused");
        assert_eq!(error.kind(), ErrorKind::Contract);
        assert!(
            error
                .to_string()
                .contains("`x-switchback-instances` is a number from 1"),
            "{wrong}: {error}"
        );
    }
    let fresh = Harness::with(Config {
        limits: Limits {
            isolation: Isolation::Request,
            ..Limits::default()
        },
        ..Config::default()
    })
    .await;
    let guest = blank(&asking(&["counter"], 1), "1", Describe::Contract);
    let error = fresh
        .deploy("blank", guest)
        .await
        .expect_err("it must be refused");
    assert!(
        error.to_string().contains("`isolation` is `request`"),
        "{error}"
    );
}
