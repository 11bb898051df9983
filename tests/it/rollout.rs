//! A candidate beside what serves: who gets it, how it comes to serve alone or goes, and what is compared in its shadow.

use switchback::{Change, Component, Config, Event, HostConfig, Probation, Rollout};
use switchback_tests::Client;
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event, until};

/// `GET /one?n=STATUS` by the operation of this name; in the candidate there may be a further path.
fn version(version: &str, id: &str, more: &[&str]) -> Vec<u8> {
    let operation = |id: &str| {
        serde_json::json!({"get": {
            "operationId": id,
            "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "ok"}, "500": {"description": "not ok"}},
        }})
    };
    let mut paths = serde_json::Map::new();
    paths.insert("/one".into(), operation(id));
    for path in more {
        paths.insert(format!("/{path}"), operation(path));
    }
    let contract = serde_json::json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": version},
        "paths": paths,
    });
    blank(&contract.to_string(), version, Describe::Contract)
}

async fn host(window_ms: u64) -> Harness {
    let probation = Probation {
        window_ms,
        // Only what is counted is looked at: how long it takes here depends on what else the machine does.
        slower_percent: 10_000,
        ..Probation::default()
    };
    let host = HostConfig {
        revision_header: true,
        ..HostConfig::default()
    };
    Harness::with(Config {
        probation,
        host,
        ..Config::default()
    })
    .await
}

/// The first version serves.
async fn serving(window_ms: u64, id: &str) -> (Harness, Client) {
    let harness = host(window_ms).await;
    let first = version("1", id, &[]);
    harness.deploy("shop", first).await.expect("served");
    let client = harness.client();
    (harness, client)
}

async fn tried(harness: &Harness, component: Vec<u8>, rollout: Rollout) {
    let change = Change::Try {
        name: "shop".into(),
        component: Component::new(component),
        rollout,
    };
    done(harness, change).await;
}

async fn weighed(harness: &Harness, percentage: f64) {
    let change = Change::Weigh {
        name: "shop".into(),
        rollout: percent(percentage),
    };
    done(harness, change).await;
}

async fn promoted(harness: &Harness) {
    let name = "shop".into();
    done(harness, Change::Promote { name }).await;
}

async fn withdrawn(harness: &Harness) {
    let name = "shop".into();
    done(harness, Change::Withdraw { name }).await;
}

async fn done(harness: &Harness, change: Change) {
    let applied = harness.host.apply(vec![change]).await;
    assert!(applied.outcomes[0].1.is_ok(), "{applied:?}");
}

fn percent(percent: f64) -> Rollout {
    Rollout {
        percent,
        ..Rollout::default()
    }
}

/// Which revision answers.
async fn by(client: &mut Client, target: &str, headers: &[(&str, &str)]) -> String {
    let reply = client.send("GET", target, headers, "").await;
    reply.header("x-switchback-revision").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_gets_its_part_and_no_more() {
    let (harness, mut client) = serving(60_000, "version").await;
    tried(&harness, version("2", "version", &["new"]), percent(20.0)).await;
    let mut of_candidate = 0;
    for _ in 0..100 {
        let reply = client.get("/one").await;
        let revision = reply.header("x-switchback-revision");
        let version = reply.json()["version"].as_str().unwrap().to_owned();
        assert_eq!(
            revision,
            format!("shop@{version}"),
            "answer and revision are one"
        );
        of_candidate += usize::from(revision == "shop@2");
    }
    assert!((19..=21).contains(&of_candidate), "{of_candidate}");
    // What only the candidate has is there for whom it answers.
    let mut found = 0;
    for _ in 0..50 {
        found += usize::from(client.get("/new").await.status == 200);
    }
    assert!((9..=11).contains(&found), "{found}");
    let shown = client.get("/openapi.json").await;
    assert!(
        shown.json()["paths"].get("/new").is_none(),
        "most get what serves"
    );

    weighed(&harness, 100.0).await;
    assert_eq!(by(&mut client, "/one", &[]).await, "shop@2");
    weighed(&harness, 0.0).await;
    assert_eq!(by(&mut client, "/one", &[]).await, "shop@1");
    promoted(&harness).await;
    assert_eq!(by(&mut client, "/one", &[]).await, "shop@2");
    assert_eq!(client.get("/new").await.status, 200);
    harness.host.roll_back("shop", None).await.unwrap();
    assert_eq!(client.get("/one").await.json()["version"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_known_stays_with_one_of_the_two_and_testers_get_the_candidate() {
    let (harness, mut client) = serving(60_000, "version").await;
    let rollout = Rollout {
        percent: 50.0,
        sticky: Some("cookie:sid".into()),
        header: Some("x-try: yes".into()),
        ..Rollout::default()
    };
    tried(&harness, version("2", "version", &[]), rollout).await;
    let mut seen = std::collections::BTreeSet::new();
    for user in 0..20 {
        let cookie = format!("a=b; sid=user-{user}");
        let first = by(&mut client, "/one", &[("cookie", &cookie)]).await;
        assert_eq!(by(&mut client, "/one", &[("cookie", &cookie)]).await, first);
        seen.insert(first);
    }
    assert_eq!(seen.len(), 2, "both answer");
    assert_eq!(by(&mut client, "/one", &[]).await, "shop@1");
    assert_eq!(by(&mut client, "/one", &[("x-try", "yes")]).await, "shop@2");
    withdrawn(&harness).await;
    assert_eq!(by(&mut client, "/one", &[("x-try", "yes")]).await, "shop@1");
    let history = harness.host.history("shop").unwrap();
    assert_eq!(history[1].ended.as_deref(), Some("withdrawn"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_fails_goes_and_one_that_does_not_serves_alone_twenty_times_in_a_row() {
    let mut trials = tokio::task::JoinSet::new();
    for turn in 0..20 {
        trials.spawn(async move {
            let bad = turn % 2 == 0;
            let (harness, mut client) = serving(2_000, "status").await;
            for at in 0..400 {
                let status = if at % 200 == 100 { 500 } else { 200 };
                client.get(&format!("/one?n={status}")).await;
            }
            let mut events = harness.host.events();
            let rollout = Rollout {
                sticky: Some("header:x-user".into()),
                percent: 50.0,
                ..Rollout::default()
            };
            tried(&harness, version("2", "status", &[]), rollout).await;
            // A client that is with the candidate, and one that is not.
            let (mut with, mut without) = (None, None);
            for user in 0.. {
                let user = format!("user-{user}");
                match by(&mut client, "/one?n=200", &[("x-user", &user)])
                    .await
                    .as_str()
                {
                    "shop@2" => with = Some(user),
                    _ => without = Some(user),
                }
                if with.is_some() && without.is_some() {
                    break;
                }
            }
            let (with, without) = (with.unwrap(), without.unwrap());
            let of = if bad { 20 } else { 200 };
            for at in 0..600 {
                let status = if at % of == of / 2 { 500 } else { 200 };
                let target = format!("/one?n={status}");
                client.send("GET", &target, &[("x-user", &with)], "").await;
                // What serves fails now and then as before.
                let usual = if at % 200 == 100 {
                    "/one?n=500"
                } else {
                    "/one?n=200"
                };
                let pinned = by(&mut client, usual, &[("x-user", &without)]).await;
                assert!(pinned == "shop@1" || !bad, "{pinned}");
            }
            let verdict = event(&mut events, |event| {
                matches!(event, Event::Withdrawn { .. } | Event::Proven { .. })
            })
            .await;
            let went = matches!(verdict, Event::Withdrawn { .. });
            assert_eq!(went, bad, "{turn}: {verdict:?}");
            let serves = by(&mut client, "/one?n=200", &[("x-user", &with)]).await;
            assert_eq!(serves, if bad { "shop@1" } else { "shop@2" });
        });
    }
    while let Some(trial) = trials.join_next().await {
        trial.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_shadow_a_candidate_answers_nobody_and_what_differs_is_told() {
    let (harness, mut client) = serving(60_000, "version").await;
    let shadow = |ignore: &[&str]| Rollout {
        percent: 100.0,
        shadow: true,
        ignore: ignore.iter().map(|rule| (*rule).to_owned()).collect(),
        ..Rollout::default()
    };
    let mut events = harness.host.events();
    tried(&harness, version("2", "version", &[]), shadow(&[])).await;
    assert_eq!(client.get("/one?n=7").await.json()["version"], "1");
    let told = event(&mut events, |event| matches!(event, Event::Differs { .. })).await;
    let Event::Differs {
        uri, pointer, what, ..
    } = told
    else {
        unreachable!()
    };
    assert_eq!(
        (uri.as_str(), pointer.as_str(), what.as_str()),
        ("/one?n=7", "/version", "\"1\", and \"2\"")
    );

    tried(&harness, version("3", "trap", &[]), shadow(&["/version"])).await;
    let reply = client.get("/one").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-switchback-revision")),
        (200, "shop@1")
    );
    let told = event(&mut events, |event| {
        matches!(event, Event::Differs { revision: 3, .. })
    })
    .await;
    assert!(matches!(told, Event::Differs { what, .. } if what == "status 200, and 500"));
    // A change is made once.
    assert_eq!(client.post("/one", "{}").await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_refused_and_what_serves_is_not_touched() {
    let harness = host(60_000).await;
    let refused = async |change: Change| {
        let applied = harness.host.apply(vec![change]).await;
        applied.outcomes[0].1.as_ref().unwrap_err().to_string()
    };
    let name = || "shop".to_owned();
    let attempt = |rollout: Rollout| Change::Try {
        name: name(),
        component: Component::new(version("2", "version", &["taken"])),
        rollout,
    };
    assert!(
        refused(attempt(percent(1.0)))
            .await
            .contains("no plugin `shop` is served")
    );
    harness
        .deploy("shop", version("1", "version", &[]))
        .await
        .unwrap();
    harness
        .deploy("other", version("1", "taken", &[]).clone())
        .await
        .unwrap_err();
    let taken = blank(
        &switchback_tests::guests::contract(&[("get", "/taken", "t")]),
        "1",
        Describe::Contract,
    );
    harness.deploy("other", taken).await.unwrap();
    assert!(refused(attempt(percent(1.0))).await.contains("clashes"));
    assert!(
        refused(attempt(percent(101.0)))
            .await
            .contains("`percent` is 101")
    );
    assert!(
        refused(Change::Promote { name: name() })
            .await
            .contains("has no candidate")
    );
    assert_eq!(harness.client().get("/one").await.json()["version"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_is_gone_drains_and_leaves_nothing() {
    let harness = host(60_000).await;
    let mut events = harness.host.events();
    harness
        .deploy("shop", version("1", "version", &[]))
        .await
        .unwrap();
    tried(&harness, version("2", "version", &[]), percent(100.0)).await;
    assert_eq!(by(&mut harness.client(), "/one", &[]).await, "shop@2");
    harness
        .deploy("shop", version("3", "version", &[]))
        .await
        .unwrap();
    for gone in [1, 2] {
        event(
            &mut events,
            |event| matches!(event, Event::Drained { revision, .. } if *revision == gone),
        )
        .await;
    }
    until("the newest alone", async || {
        (by(&mut harness.client(), "/one", &[]).await == "shop@3").then_some(())
    })
    .await;
}
