//! What is particular to `wasi:http` 0.3: its guests are made of tasks, and run on an engine of their own.

use http_body_util::BodyExt;
use switchback::{Config, Event, Limit, Limits};
use switchback_tests::Reply;
use switchback_tests::guests::{self, Describe, blank};
use switchback_tests::harness::{Harness, event, until};
use tokio::task::JoinHandle;

use crate::contracts;

/// Long enough for any test: what happens earlier happened for another reason.
const LONG_MS: u64 = 600_000;

async fn serving(limits: Limits) -> Harness {
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    let served = harness.deploy("service", guests::service()).await;
    served.expect("it is served");
    harness
}

/// A call that is asked for and not waited for.
fn asked(harness: &Harness, path: &str) -> JoinHandle<Reply> {
    let mut client = harness.client();
    let target = format!("/service/{path}");
    tokio::spawn(async move { client.get(&target).await })
}

async fn calls(harness: &Harness, count: usize) {
    let plugins = || harness.host.plugins();
    let service = |plugin: &switchback::PluginStatus| &*plugin.name == "service";
    until("calls to begin or end", async || {
        let plugins = plugins();
        let plugin = plugins.iter().find(|plugin| service(plugin))?;
        (plugin.calls == count).then_some(())
    })
    .await;
}

fn hit(limit: Limit) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::LimitHit { limit: found, .. } if *found == limit)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_wait_hold_no_thread() {
    let harness = serving(Limits {
        time_ms: LONG_MS,
        ..Limits::default()
    })
    .await;
    let waiting: Vec<_> = (0..50).map(|_| asked(&harness, "sleep")).collect();
    calls(&harness, 50).await;
    assert_eq!(asked(&harness, "nap").await.unwrap().text(), "awake");
    waiting.iter().for_each(JoinHandle::abort);
    calls(&harness, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_compute_keep_no_neighbour_from_its_calls_and_are_stopped() {
    let harness = serving(Limits {
        time_ms: LONG_MS,
        cpu_ms: 200,
        ..Limits::default()
    })
    .await;
    let neighbour = blank(&contracts::of(&["version"]), "1", Describe::Contract);
    harness
        .deploy("neighbour", neighbour)
        .await
        .expect("it is served");
    let mut events = harness.host.events();
    let computing: Vec<_> = (0..8)
        .map(|nth| asked(&harness, ["spin", "yield"][nth % 2]))
        .collect();
    calls(&harness, 8).await;
    let mut client = harness.client();
    let mut answered = 0;
    while computing.iter().any(|call| !call.is_finished()) {
        assert_eq!(client.get("/version").await.status, 200);
        answered += 1;
    }
    // They compute for more than a second and a half in all.
    assert!(answered > 50, "{answered}");
    for call in computing {
        assert_eq!(call.await.unwrap().status, 504);
        event(&mut events, hit(Limit::Cpu)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_lasts_as_long_as_its_tasks_though_the_answer_is_out() {
    let harness = serving(Limits::default()).await;
    assert_eq!(asked(&harness, "after").await.unwrap().text(), "answered");
    calls(&harness, 0).await;
    // What it counted when the answer was out: it was not stopped, and the instance serves again.
    assert_eq!(asked(&harness, "count").await.unwrap().text(), "2");
}

/// Whether its head has left by the time that the rest is missed is a matter of time: it is a 500, or it breaks off.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_shorter_than_it_says_is_none() {
    let harness = serving(Limits::default()).await;
    let mut events = harness.host.events();
    let request = http::Request::get("/service/short").body(switchback::Body::default());
    let response = harness.host.dispatch(request.expect("a request")).await;
    let status = response.status();
    let body = response.into_body().collect().await;
    assert!(status == 500 || status == 200 && body.is_err(), "{status}");
    let failed = event(&mut events, |event| {
        matches!(event, Event::Failed { .. } | Event::StreamBroken { .. })
    });
    let (Event::Failed { reason, .. } | Event::StreamBroken { reason, .. }) = failed.await else {
        unreachable!()
    };
    // In the host's words or in wasmtime's: whoever notices first.
    let told = ["4 bytes shorter", "body size"];
    assert!(told.iter().any(|words| reason.contains(words)), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_ends_at_the_limit_of_streams() {
    let harness = serving(Limits {
        stream_bytes: 1 << 20,
        ..Limits::default()
    })
    .await;
    let mut events = harness.host.events();
    let request = http::Request::get("/service/flood").body(switchback::Body::default());
    let response = harness.host.dispatch(request.expect("a request")).await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let mut size = 0;
    let broken = loop {
        match body.frame().await {
            Some(Ok(frame)) => size += frame.data_ref().map_or(0, |piece| piece.len()),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken, "it ended as if it were whole, after {size} bytes");
    assert!(size <= 1 << 20, "{size}");
    event(&mut events, hit(Limit::StreamBytes)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_the_guest_hands_back_never_enters_it() {
    let harness = serving(Limits {
        body_bytes: 8 << 20,
        ..Limits::default()
    })
    .await;
    for size in [0, 5, 3 << 20] {
        let body: Vec<u8> = (0..size).map(|at: usize| at as u8).collect();
        let mut client = harness.client();
        let reply = client
            .send("POST", "/service/mirror", &[], body.clone())
            .await;
        assert_eq!((reply.status.as_u16(), reply.body.len()), (200, size));
        assert_eq!(reply.body, body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_head_has_no_body_though_the_guest_writes_one() {
    let harness = serving(Limits::default()).await;
    let mut client = harness.client();
    for path in ["/service/count", "/service/drip"] {
        let reply = client.send("HEAD", path, &[], "").await;
        assert_eq!(
            (reply.status.as_u16(), reply.body.len()),
            (200, 0),
            "{path}"
        );
    }
    calls(&harness, 0).await;
}
