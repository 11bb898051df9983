//! With `isolation = "request"` nothing that one call leaves is ever seen by another.

use switchback::{Config, Isolation, Limits};
use switchback_tests::guests::{Describe, Hoard, blank, hoard};
use switchback_tests::{Client, Harness, Served};

use crate::contracts;

async fn serving(isolation: Isolation, guest: Vec<u8>) -> Harness {
    let harness = Harness::with(Config {
        limits: Limits {
            isolation,
            ..Limits::default()
        },
        ..Config::default()
    })
    .await;
    harness.deploy("guest", guest).await.expect("it is served");
    harness
}

fn hoarding() -> Vec<u8> {
    hoard(&contracts::of(&["secrets", "segments"]), Hoard::default())
}

/// How many calls the proof takes: `SWITCHBACK_ISOLATION_CALLS`, or a few thousand.
fn calls() -> usize {
    let asked = std::env::var("SWITCHBACK_ISOLATION_CALLS").ok();
    asked.map_or(4_000, |asked| {
        asked
            .parse()
            .expect("SWITCHBACK_ISOLATION_CALLS is a number")
    })
}

/// Calls of several clients at once, so that slots change hands.
async fn each_answers(harness: &Harness, path: &'static str, expected: &'static str) {
    const CLIENTS: usize = 4;
    let each = calls().div_ceil(CLIENTS);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut client: Client = harness.client();
            tokio::spawn(async move {
                for call in 0..each {
                    let reply = client.get(path).await;
                    assert_eq!(
                        (reply.status.as_u16(), reply.text()),
                        (200, expected),
                        "call {call}"
                    );
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no call saw a secret");
    }
    println!("{} calls of {path} saw no secret", each * CLIENTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fresh_instance_sees_a_secret_in_memories_globals_or_tables() {
    let harness = serving(Isolation::Request, hoarding()).await;
    each_answers(&harness, "/secrets", "00000").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fresh_instance_misses_a_segment_that_another_dropped() {
    let harness = serving(Isolation::Request, hoarding()).await;
    each_answers(&harness, "/segments", "00000").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fresh_instance_sees_what_a_rust_guest_kept() {
    let guest = blank(&contracts::of(&["counter"]), "1", Describe::Contract);
    let harness = serving(Isolation::Request, guest).await;
    each_answers(&harness, "/counter", r#"{"count":1}"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_dear_when_fresh_is_warned_of() {
    let grown = |isolation| async move {
        let config = Config {
            limits: Limits {
                isolation,
                ..Limits::default()
            },
            ..Config::default()
        };
        let harness = Harness::with(config).await;
        let small = harness.host.check("small", hoarding(), &[]).await;
        assert_eq!(small.expect("it loads").warnings, [""; 0]);
        let more = Hoard {
            pages: 5,
            ..Hoard::default()
        };
        let large = hoard(&contracts::of(&["secrets"]), more);
        let large = harness.host.check("large", large, &[]).await;
        large.expect("it loads").warnings
    };
    assert_eq!(grown(Isolation::Reuse).await, [""; 0]);
    let warnings = grown(Isolation::Request).await;
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}");
    };
    assert!(warning.starts_with("its memory begins with 320 KiB and a slot keeps 256 KiB"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_room_for_a_pool_starts_and_serves() {
    // A pool of the defaults reserves 8 TiB.
    let guest = hoarding();
    let arguments = ["--set", "limits.isolation=request"];
    let served = Served::within(8_000_000, &[("hoard", &guest)], &arguments).await;
    let mut client = served.client();
    for _ in 0..100 {
        assert_eq!(client.get("/secrets").await.text(), "00000");
    }
}

/// What the tests above would see.
#[tokio::test(flavor = "multi_thread")]
async fn a_reused_instance_shows_every_secret() {
    let harness = serving(Isolation::Reuse, hoarding()).await;
    let mut client = harness.client();
    assert_eq!(client.get("/secrets").await.text(), "00000");
    assert_eq!(client.get("/secrets").await.text(), "11111");
    assert_eq!(client.get("/segments").await.status, 200);
    assert_eq!(client.get("/segments").await.status, 500);
    // It trapped, so what comes now is fresh.
    assert_eq!(client.get("/secrets").await.text(), "00000");
}
