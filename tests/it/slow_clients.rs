//! Clients that do not read what they asked for: they keep nothing for longer than they may.

use std::io::ErrorKind;
use std::time::Duration;

use switchback::{Config, Event, HostConfig, Limits};
use switchback_tests::Raw;
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event, until};

use crate::contracts;

/// A host that waits for so long for clients to read.
async fn serving(write_idle_ms: u64) -> Harness {
    let harness = Harness::with(Config {
        host: HostConfig {
            write_idle_ms,
            ..HostConfig::default()
        },
        limits: Limits {
            stream_idle_ms: 300_000,
            ..Limits::default()
        },
        ..Config::default()
    })
    .await;
    let guest = blank(&contracts::of(&["big", "script"]), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

/// What asks for more than sockets and server hold between them: many whole answers one after the other, none of which
/// takes a guest long, and a streamed one.
fn large() -> [String; 2] {
    let get = |target: &str, script: &str| {
        format!("GET {target} HTTP/1.1\r\nhost: x\r\nx-script: {script}\r\n\r\n")
    };
    [
        get("/big?n=400000", "").repeat(40),
        get("/script", "start 200; flood 65536"),
    ]
}

fn unread(client: &Raw) -> impl Fn(&Event) -> bool {
    let client = client.stream.local_addr().expect("it is connected");
    move |event| matches!(event, Event::Unread { peer } if *peer == Some(client))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_reset() {
    let harness = serving(200).await;
    let mut events = harness.host.events();
    for asked in large() {
        let mut client = Raw::send(&harness, &asked).await;
        event(&mut events, unread(&client)).await;
        let end = client.to_the_end().await;
        assert_eq!(end.err(), Some(ErrorKind::ConnectionReset), "{asked}");
        until("the guest's end", async || {
            (harness.host.plugins()[0].calls == 0).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_gets_all_of_its_answer() {
    let harness = serving(1_000).await;
    let mut client = Raw::send(&harness, &large()[0]).await;
    // Some three seconds.
    while client.count() < 16_000_000 {
        assert_eq!(client.read().await, Ok(true));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_has_nothing_to_send_is_not_unread() {
    let harness = serving(100).await;
    let asked = "GET /script HTTP/1.1\r\nhost: x\r\n\
                 x-script: start 200; write first; sleep 500; write second\r\n\r\n";
    let mut client = Raw::send(&harness, asked).await;
    client.sees("second\r\n0\r\n\r\n").await;
}

/// What the system holds of answers that this client has not taken, in bytes: `tx_queue` in Linux's `/proc/net/tcp`.
fn held_for(client: &Raw) -> usize {
    let port = |address: std::io::Result<std::net::SocketAddr>| {
        format!(":{:04X}", address.expect("it is connected").port())
    };
    let ends = [
        port(client.stream.peer_addr()),
        port(client.stream.local_addr()),
    ];
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux tells it");
    let queue = table.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let fits = words.get(1)?.ends_with(&ends[0]) && words.get(2)?.ends_with(&ends[1]);
        fits.then(|| words[4].split(':').next().unwrap_or_default())
    });
    usize::from_str_radix(queue.unwrap_or("0"), 16).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_system_holds_little_for_a_client_that_does_not_read() {
    let harness = serving(60_000).await;
    let client = Raw::send(&harness, &large()[0]).await;
    let mut last = 0;
    let held = until("a queue that grows no more", async || {
        let before = std::mem::replace(&mut last, held_for(&client));
        (before > 0 && before == last).then_some(last)
    })
    .await;
    assert!(held <= 256 << 10, "{held} bytes");
}
