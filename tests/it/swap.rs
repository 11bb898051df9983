//! Replacing what is served, under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use switchback::{Change, Config, ErrorKind, Event, HostConfig, Limits, Probation, Server};
use switchback_tests::Client;
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event, until};
use tokio_util::sync::CancellationToken;

use crate::contracts;

fn version(version: &str, operations: &[&str]) -> Vec<u8> {
    blank(&contracts::of(operations), version, Describe::Contract)
}

async fn labelled() -> Harness {
    let host = HostConfig {
        revision_header: true,
        ..HostConfig::default()
    };
    // On a machine that is busy with something else, what takes its time is no worse for that.
    let probation = Probation {
        window_ms: 0,
        ..Probation::default()
    };
    Harness::with(Config {
        host,
        probation,
        ..Config::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_and_documents_change_in_one_step() {
    let harness = labelled().await;
    let mut client = harness.client();
    harness
        .deploy("shop", version("1", &["one", "both"]))
        .await
        .expect("served");
    assert_eq!(client.get("/one").await.json()["version"], "1");
    let before = client.get("/openapi.json").await;
    assert!(before.json()["paths"].get("/one").is_some());

    harness
        .deploy("shop", version("2", &["two", "both"]))
        .await
        .expect("served");
    assert_eq!(client.get("/one").await.status, 404);
    assert_eq!(client.get("/two").await.json()["version"], "2");
    let both = client.get("/both").await;
    assert_eq!(
        (
            both.json()["version"].as_str(),
            both.header("x-switchback-revision")
        ),
        (Some("2"), "shop@2")
    );
    let after = client.get("/openapi.json").await;
    assert!(
        after.json()["paths"].get("/one").is_none() && after.json()["paths"].get("/two").is_some()
    );
    assert_ne!(before.header("etag"), after.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_finishes_on_the_old_revision() {
    let harness = labelled().await;
    harness
        .deploy("shop", version("1", &["sleep", "now"]))
        .await
        .expect("served");
    let mut events = harness.host.events();
    let mut slow = harness.client();
    let slow = tokio::spawn(async move { slow.get("/sleep?n=300").await });
    until("the call to begin", async || {
        (harness.host.plugins()[0].calls > 0).then_some(())
    })
    .await;
    harness
        .deploy("shop", version("2", &["sleep", "now"]))
        .await
        .expect("served");
    assert_eq!(harness.client().get("/now").await.json()["version"], "2");
    let reply = slow.await.expect("no panic");
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-switchback-revision")),
        (200, "shop@1")
    );
    event(&mut events, |event| {
        matches!(event, Event::Drained { revision: 1, .. })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_revision_that_does_not_drain_is_cut() {
    let limits = Limits {
        drain_ms: 50,
        time_ms: 60_000,
        ..Limits::default()
    };
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    harness
        .deploy("shop", version("1", &["wait"]))
        .await
        .expect("served");
    let mut events = harness.host.events();
    let mut slow = harness.client();
    let slow = tokio::spawn(async move { slow.get("/wait").await });
    until("the call to begin", async || {
        (harness.host.plugins()[0].calls > 0).then_some(())
    })
    .await;
    harness
        .deploy("shop", version("2", &["wait"]))
        .await
        .expect("served");
    assert_eq!(slow.await.expect("no panic").status, 503);
    event(&mut events, |event| {
        matches!(event, Event::Cut { revision: 1, .. })
    })
    .await;
    event(&mut events, |event| {
        matches!(event, Event::Drained { revision: 1, .. })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_served_leaves_what_was() {
    let harness = labelled().await;
    harness
        .deploy("shop", version("1", &["one"]))
        .await
        .expect("served");
    let generation = harness.host.apply(Vec::new()).await.generation;
    let refused = harness
        .deploy("shop", b"not wasm".to_vec())
        .await
        .expect_err("it is refused");
    assert_eq!(refused.kind(), ErrorKind::Component);
    assert_eq!(harness.host.apply(Vec::new()).await.generation, generation);
    assert_eq!(harness.client().get("/one").await.json()["version"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_changes_are_one_swap_with_an_outcome_each() {
    let harness = labelled().await;
    let deploy = |name: &str, bytes: Vec<u8>| Change::Deploy {
        name: name.into(),
        component: bytes.into(),
    };
    let applied = harness
        .host
        .apply(vec![
            deploy("b", version("1", &["b"])),
            deploy("a", version("1", &["a"])),
            deploy("bad", Vec::new()),
            Change::Remove {
                name: "nobody".into(),
            },
        ])
        .await;
    let outcomes: Vec<_> = applied
        .outcomes
        .iter()
        .map(|(name, outcome)| {
            (
                name.as_str(),
                outcome.as_ref().map(|d| d.revision).map_err(|e| e.kind()),
            )
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            ("b", Ok(1)),
            ("a", Ok(1)),
            ("bad", Err(ErrorKind::Component)),
            ("nobody", Err(ErrorKind::NotFound))
        ]
    );
    assert_eq!(applied.generation, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_moves_between_plugins_without_a_gap() {
    let harness = labelled().await;
    let mut client = harness.client();
    harness
        .deploy("a", version("a", &["moving", "a"]))
        .await
        .expect("served");
    harness
        .deploy("b", version("b", &["b"]))
        .await
        .expect("served");
    let applied = harness
        .host
        .apply(vec![
            Change::Deploy {
                name: "a".into(),
                component: version("a", &["a"]).into(),
            },
            Change::Deploy {
                name: "b".into(),
                component: version("b", &["moving", "b"]).into(),
            },
        ])
        .await;
    assert!(
        applied.outcomes.iter().all(|(_, outcome)| outcome.is_ok()),
        "{applied:?}"
    );
    assert_eq!(client.get("/moving").await.json()["version"], "b");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clash_refuses_the_plugin_that_does_not_serve_the_route_yet() {
    let harness = labelled().await;
    harness
        .deploy("zebra", version("zebra", &["same"]))
        .await
        .expect("served");
    let refused = harness
        .deploy("ant", version("ant", &["same"]))
        .await
        .expect_err("it clashes");
    assert_eq!(refused.kind(), ErrorKind::Clash);
    for part in ["ant", "zebra", "GET /same"] {
        assert!(refused.to_string().contains(part), "{refused}");
    }
    assert_eq!(
        harness.client().get("/same").await.json()["version"],
        "zebra"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn among_newcomers_the_first_name_wins_a_clash() {
    let harness = labelled().await;
    let deploy = |name: &str| Change::Deploy {
        name: name.into(),
        component: version(name, &["same"]).into(),
    };
    let applied = harness.host.apply(vec![deploy("b"), deploy("a")]).await;
    assert_eq!(
        applied.outcomes[0]
            .1
            .as_ref()
            .expect_err("b is refused")
            .kind(),
        ErrorKind::Clash
    );
    assert_eq!(harness.client().get("/same").await.json()["version"], "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn swaps_under_load_lose_no_request_and_mix_no_versions() {
    let harness = labelled().await;
    let versions = [version("1", &["now"]), version("2", &["now"])];
    harness
        .deploy("shop", versions[0].clone())
        .await
        .expect("served");
    let (stop, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let load: Vec<_> = (0..32)
        .map(|_| {
            let (mut client, stop, asked) = (harness.client(), stop.clone(), asked.clone());
            tokio::spawn(async move {
                while !stop.load(Relaxed) {
                    let reply = client.get("/now").await;
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    let revision: u64 = reply.header("x-switchback-revision")["shop@".len()..]
                        .parse()
                        .expect("a number");
                    // Revision 1 is version 1, revision 2 version 2, revision 3 version 1 again.
                    let expected = if revision % 2 == 1 { "1" } else { "2" };
                    assert_eq!(reply.json()["version"], expected);
                    asked.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    let mut events = harness.host.events();
    for turn in 1..=50 {
        let before = asked.load(Relaxed);
        harness
            .deploy("shop", versions[turn % 2].clone())
            .await
            .expect("served");
        until("requests to be served between swaps", async || {
            (asked.load(Relaxed) > before).then_some(())
        })
        .await;
    }
    stop.store(true, Relaxed);
    for client in load {
        client.await.expect("no request failed");
    }
    let mut drained = std::collections::BTreeSet::new();
    while drained.len() < 50 {
        if let Event::Drained { revision, .. } =
            event(&mut events, |event| matches!(event, Event::Drained { .. })).await
        {
            drained.insert(revision);
        }
    }
    assert_eq!(drained, (1..=50).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_cache_is_rebuilt_and_never_trusted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = folder.path().join("cache");
    let serve = async || {
        let host = HostConfig {
            cache_dir: Some(cache.clone()),
            ..HostConfig::default()
        };
        let harness = Harness::with(Config {
            host,
            ..Config::default()
        })
        .await;
        harness
            .deploy("shop", version("1", &["now"]))
            .await
            .expect("served");
        assert_eq!(harness.client().get("/now").await.json()["version"], "1");
    };
    serve().await;
    let kept = || {
        std::fs::read_dir(&cache)
            .expect("the cache")
            .next()
            .expect("one file")
            .expect("it")
            .path()
    };
    let whole = std::fs::read(kept()).expect("the code");
    for damage in [0, 20, 60, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[damage] ^= 0xff;
        std::fs::write(kept(), &damaged).expect("it is written");
        serve().await;
        assert_eq!(std::fs::read(kept()).expect("the code").len(), whole.len());
    }
    std::fs::write(kept(), &whole[..whole.len() / 3]).expect("it is written");
    serve().await;
}

#[tokio::test]
async fn a_cache_that_others_may_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))
        .expect("it is ours");
    let host = HostConfig {
        cache_dir: Some(folder.path().to_owned()),
        ..HostConfig::default()
    };
    let refused = switchback::Host::new(Config {
        host,
        ..Config::default()
    })
    .expect_err("it is refused");
    assert!(
        refused.to_string().contains("others may write"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_lets_calls_finish_and_then_answers_503() {
    let harness = labelled().await;
    harness
        .deploy("shop", version("1", &["sleep"]))
        .await
        .expect("served");
    let mut slow = harness.client();
    let slow = tokio::spawn(async move { slow.get("/sleep?n=300").await });
    until("the call to begin", async || {
        (harness.host.plugins()[0].calls > 0).then_some(())
    })
    .await;
    let mut other = harness.client();
    assert_eq!(other.get("/-/ready").await.status, 200);
    harness.host.shutdown().await;
    assert_eq!(slow.await.expect("no panic").status, 200);
    assert_eq!(other.get("/-/ready").await.status, 503);
    assert_eq!(other.get("/-/live").await.status, 200);
    assert_eq!(other.get("/sleep?n=300").await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_threads_of_its_own_answers_what_is_under_way_when_it_ends() {
    let harness = labelled().await;
    harness
        .deploy("shop", version("1", &["sleep"]))
        .await
        .expect("served");
    let server = Server::bind("127.0.0.1:0").await.expect("a free port");
    let address = server.local_addr().expect("its address");
    let stop = CancellationToken::new();
    let server = server
        .threads(2)
        .run(harness.host.clone(), stop.clone().cancelled_owned());
    let server = tokio::spawn(server);
    let mut idle = Client::new(address);
    assert_eq!(idle.get("/-/live").await.status, 200);
    let call = || {
        let mut client = Client::new(address);
        tokio::spawn(async move { client.get("/sleep?n=2000").await })
    };
    let calls = [call(), call(), call(), call()];
    until("the calls to begin", async || {
        (harness.host.plugins()[0].calls == calls.len()).then_some(())
    })
    .await;
    stop.cancel();
    for call in calls {
        assert_eq!(call.await.expect("no panic").status, 200);
    }
    server.await.expect("it ends, and closes whoever is idle");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
