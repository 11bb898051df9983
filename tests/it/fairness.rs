//! One plugin's flood takes nothing from another, and who cannot be served is told so early.

use std::time::{Duration, Instant};

use switchback::{Config, Event, HostConfig, Limit, Limits};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event, until};
use switchback_tests::{Client, Reply};
use tokio::task::JoinHandle;

use crate::contracts;

/// Long enough for any test: what happens earlier happened for another reason.
const LONG_MS: u64 = 600_000;

fn patient() -> Limits {
    Limits {
        time_ms: LONG_MS,
        queue_ms: LONG_MS,
        ..Limits::default()
    }
}

async fn serving(limits: Limits, concurrency: usize) -> Harness {
    let harness = Harness::with(Config {
        limits,
        host: HostConfig {
            concurrency,
            ..HostConfig::default()
        },
        ..Config::default()
    })
    .await;
    let guest = blank(
        &contracts::of(&["wait", "counter", "sleep", "work"]),
        "1",
        Describe::Contract,
    );
    harness.deploy("blank", guest).await.expect("served");
    harness
}

async fn with_a_neighbour(harness: Harness) -> Harness {
    let contract = contracts::of(&["counter"]).replace("/counter", "/neighbour");
    let neighbour = blank(&contract, "1", Describe::Contract);
    harness
        .deploy("neighbour", neighbour)
        .await
        .expect("served");
    harness
}

/// A call that is asked for and not waited for.
fn asked(harness: &Harness, target: &'static str) -> JoinHandle<Reply> {
    let mut client: Client = harness.client();
    tokio::spawn(async move { client.get(target).await })
}

/// Waits until that many calls of the first plugin are under way or wait for it.
async fn counted(harness: &Harness, calls: usize, queued: usize) {
    until("the calls to be there", async || {
        let status = &harness.host.plugins()[0];
        ((status.calls, status.queued) == (calls, queued)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let limits = Limits {
        concurrency: 1,
        queue_calls: 2,
        ..patient()
    };
    let harness = serving(limits, 1024).await;
    let mut events = harness.host.events();
    let waiting = [(); 3].map(|()| asked(&harness, "/wait"));
    counted(&harness, 1, 2).await;
    let refused = harness.client().get("/counter").await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), "1");
    event(&mut events, |event| {
        matches!(
            event,
            Event::LimitHit {
                limit: Limit::Queue,
                ..
            }
        )
    })
    .await;
    waiting.iter().for_each(JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_again_at_once_after_a_refusal_is_refused_later_each_time() {
    let limits = Limits {
        concurrency: 1,
        queue_calls: 1,
        ..patient()
    };
    let harness = serving(limits, 1024).await;
    let mut hasty = harness.client();
    assert_eq!(hasty.get("/missing").await.status, 404);
    let waiting = [(); 2].map(|()| asked(&harness, "/wait"));
    counted(&harness, 1, 1).await;
    let mut refused = async |times: usize| {
        let began = Instant::now();
        for _ in 0..times {
            assert_eq!(hasty.get("/counter").await.status, 503);
        }
        began.elapsed()
    };
    // 10, 20, 40, 80 and 160 ms behind the first.
    let waited = refused(6).await;
    assert!(waited >= Duration::from_millis(310), "{waited:?}");
    // The next would wait 320 ms; whoever comes anew does not wait, however often that happens.
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(harness.client().get("/counter").await.status, 503);
    }
    let at_once = began.elapsed() / 20;
    assert!(at_once < Duration::from_millis(160), "{at_once:?}");
    waiting.iter().for_each(JoinHandle::abort);
    counted(&harness, 0, 0).await;
    assert_eq!(hasty.get("/counter").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_stands_refuses_at_once_but_for_one() {
    let limits = Limits {
        concurrency: 1,
        queue_ms: 1_000,
        ..patient()
    };
    let harness = serving(limits, 1024).await;
    let held = asked(&harness, "/wait");
    counted(&harness, 1, 0).await;
    let first = asked(&harness, "/counter");
    counted(&harness, 1, 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let second = asked(&harness, "/counter");
    counted(&harness, 1, 2).await;
    assert_eq!(first.await.expect("no panic").status, 503);
    // The queue is known to stand, and `second` is in it for another half second: no need to wait behind it.
    let refused = harness.client().get("/counter").await;
    assert_eq!(refused.status, 503);
    assert!(!second.is_finished());
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    held.abort();
    // Whoever was let in finds the place free.
    assert_eq!(second.await.expect("no panic").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_the_queue_gives_its_place_back() {
    let limits = Limits {
        concurrency: 1,
        queue_calls: 1,
        ..patient()
    };
    let harness = serving(limits, 1024).await;
    let held = asked(&harness, "/wait");
    counted(&harness, 1, 0).await;
    for _ in 0..20 {
        let gone = asked(&harness, "/counter");
        counted(&harness, 1, 1).await;
        gone.abort();
        counted(&harness, 1, 0).await;
    }
    let next = asked(&harness, "/counter");
    counted(&harness, 1, 1).await;
    held.abort();
    assert_eq!(next.await.expect("no panic").json()["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_get_their_turn_in_the_order_in_which_they_came() {
    let limits = Limits {
        concurrency: 1,
        ..patient()
    };
    let harness = serving(limits, 1024).await;
    let held = asked(&harness, "/wait");
    counted(&harness, 1, 0).await;
    let mut waiting = Vec::new();
    for nth in 1..=5 {
        waiting.push(asked(&harness, "/counter"));
        counted(&harness, 1, nth).await;
    }
    held.abort();
    let mut counts = Vec::new();
    for call in waiting {
        counts.push(call.await.expect("no panic").json()["count"].as_u64());
    }
    assert_eq!(counts, (1..=5).map(Some).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flooded_plugin_takes_no_place_from_its_neighbour() {
    let limits = Limits {
        reserved_calls: 2,
        ..patient()
    };
    let harness = with_a_neighbour(serving(limits, 4).await).await;
    let flood: Vec<_> = (0..40).map(|_| asked(&harness, "/wait")).collect();
    // Its own two, all of the host's four, and no more.
    until("the flood to be there", async || {
        let status = &harness.host.plugins()[0];
        ((status.instances, status.queued) == (6, 34)).then_some(())
    })
    .await;
    for nth in 1..=20 {
        let reply = harness.client().get("/neighbour").await;
        assert_eq!(
            (reply.status.as_u16(), reply.json()["count"].as_u64()),
            (200, Some(nth))
        );
    }
    assert_eq!(harness.host.plugins()[0].instances, 6);
    flood.iter().for_each(JoinHandle::abort);
    counted(&harness, 0, 0).await;
    assert_eq!(harness.client().get("/counter").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_calls_of_a_millisecond_keeps_no_neighbour_waiting() {
    let harness = with_a_neighbour(serving(patient(), 1024).await).await;
    let flood: Vec<_> = (0..300)
        .map(|_| {
            let mut client = harness.client();
            tokio::spawn(async move {
                loop {
                    client.get("/work?n=2").await;
                }
            })
        })
        .collect();
    let mut client = harness.client();
    let mut times = Vec::new();
    // The first of these make the flood give way: alone, a plugin may have all threads.
    for _ in 0..100 {
        let began = Instant::now();
        assert_eq!(client.get("/neighbour").await.status, 200);
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let queued = harness.host.plugins()[0].queued;
    assert!(queued > 0, "the flood never had to wait");
    flood.iter().for_each(JoinHandle::abort);
    times.sort();
    // Not a benchmark: where all share the serving threads alike, a neighbour waits for a hundred calls and more.
    let median = times[times.len() / 2];
    assert!(median < Duration::from_millis(100), "median {median:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_is_over_cuts_the_calls_that_wait_for_their_turn() {
    let limits = Limits {
        concurrency: 1,
        drain_ms: 100,
        ..patient()
    };
    let harness = serving(limits, 1024).await;
    let held = asked(&harness, "/wait");
    counted(&harness, 1, 0).await;
    let queued = asked(&harness, "/counter");
    counted(&harness, 1, 1).await;
    let next = blank(&contracts::of(&["counter"]), "2", Describe::Contract);
    let mut events = harness.host.events();
    harness.deploy("blank", next).await.expect("served");
    for cut in [held, queued] {
        assert_eq!(cut.await.expect("no panic").status, 503);
    }
    event(&mut events, |event| matches!(event, Event::Drained { .. })).await;
    assert_eq!(harness.client().get("/counter").await.status, 200);
}
