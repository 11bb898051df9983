//! A revision that does worse than the one before it is rolled back by the host, and one that does not is left alone.

use switchback::{Config, Event, Events, How, PluginConfig, Probation};
use switchback_tests::Client;
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event};

/// `GET /one?n=STATUS`: answered with 200 whatever is asked for, or with that status.
fn version(version: &str, obeys: bool) -> Vec<u8> {
    let id = if obeys { "status" } else { "one" };
    let contract = serde_json::json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": version},
        "paths": {"/one": {"get": {
            "operationId": id,
            "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "ok"}, "500": {"description": "not ok"}},
        }}},
    });
    blank(&contract.to_string(), version, Describe::Contract)
}

async fn watched(window_ms: u64) -> Harness {
    let probation = Probation {
        window_ms,
        // Only what is counted is looked at: how long it takes here depends on what else the machine does.
        slower_percent: 10_000,
        ..Probation::default()
    };
    Harness::with(Config {
        probation,
        ..Config::default()
    })
    .await
}

/// So many requests, of which one in `of` asks to fail.
async fn ask(client: &mut Client, count: usize, of: usize) {
    for at in 0..count {
        let status = if at % of == of / 2 { 500 } else { 200 };
        client.get(&format!("/one?n={status}")).await;
    }
}

async fn verdict(events: &mut Events) -> Event {
    event(events, |event| {
        matches!(event, Event::WentBack { .. } | Event::Proven { .. })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_one_in_twenty_is_rolled_back_and_says_why() {
    let harness = watched(60_000).await;
    let mut client = harness.client();
    harness.deploy("shop", version("1", false)).await.unwrap();
    ask(&mut client, 400, 20).await;
    let mut events = harness.host.events();
    harness.deploy("shop", version("2", true)).await.unwrap();
    ask(&mut client, 400, 20).await;
    let Event::WentBack {
        from, to, reason, ..
    } = verdict(&mut events).await
    else {
        panic!("it is no good")
    };
    assert_eq!((from, to), (2, 1));
    assert!(
        reason.contains("answers failed, and 0 of 400 before"),
        "{reason}"
    );
    event(&mut events, |event| {
        matches!(event, Event::Deployed { revision: 3, .. })
    })
    .await;
    assert_eq!(client.get("/one?n=500").await.status, 200);
    let history = harness.host.history("shop").unwrap();
    assert!(
        history[1].ended.as_ref().unwrap().ends_with(&reason),
        "{history:?}"
    );
    assert_eq!(
        history[2].how,
        How::RolledBack {
            to: 1,
            reason: Some(reason)
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_may_be_watched_by_rules_of_its_own() {
    let lenient = PluginConfig {
        probation: Some(Probation {
            window_ms: 1_500,
            excess_percent: 50,
            slower_percent: 10_000,
            ..Probation::default()
        }),
        ..PluginConfig::default()
    };
    let harness = Harness::with(Config {
        plugins: [("shop".into(), lenient)].into(),
        ..Config::default()
    })
    .await;
    let mut client = harness.client();
    harness.deploy("shop", version("1", false)).await.unwrap();
    ask(&mut client, 400, 20).await;
    let mut events = harness.host.events();
    harness.deploy("shop", version("2", true)).await.unwrap();
    ask(&mut client, 400, 20).await;
    let told = verdict(&mut events).await;
    assert!(
        matches!(told, Event::Proven { revision: 2, .. }),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_are_right_twenty_times_in_a_row() {
    let mut trials = tokio::task::JoinSet::new();
    for turn in 0..20 {
        trials.spawn(async move {
            let bad = turn % 2 == 0;
            let harness = watched(3_000).await;
            let mut client = harness.client();
            harness.deploy("shop", version("1", true)).await.unwrap();
            ask(&mut client, 400, 200).await;
            let mut events = harness.host.events();
            harness.deploy("shop", version("2", true)).await.unwrap();
            // One in twenty; or one in two hundred, as before.
            ask(&mut client, 400, if bad { 20 } else { 200 }).await;
            let verdict = verdict(&mut events).await;
            let went_back = matches!(verdict, Event::WentBack { .. });
            assert_eq!(went_back, bad, "{turn}: {verdict:?}");
        });
    }
    while let Some(trial) = trials.join_next().await {
        trial.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn few_failures_and_a_plugin_that_is_replaced_are_left_alone() {
    let harness = watched(1_500).await;
    let mut client = harness.client();
    harness.deploy("shop", version("1", false)).await.unwrap();
    harness.deploy("shop", version("2", true)).await.unwrap();
    ask(&mut client, 50, 2).await;
    let mut events = harness.host.events();
    harness.deploy("shop", version("3", false)).await.unwrap();
    ask(&mut client, 50, 2).await;
    // That the second is proven may come before.
    let told = event(&mut events, |event| {
        let of_the_last = matches!(event, Event::Proven { revision: 3, .. });
        of_the_last || matches!(event, Event::WentBack { .. })
    })
    .await;
    assert!(matches!(told, Event::Proven { .. }), "{told:?}");
}
