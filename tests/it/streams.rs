//! Answers and request bodies in pieces: nothing is collected, nobody waits for a slow client, and each way to end is
//! told.

use serde_json::json;
use switchback::{Config, Event, Events, Limit, Limits};
use switchback_tests::Raw;
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event, until};
use tokio::io::AsyncWriteExt;

use crate::contracts;

async fn serving(limits: Limits) -> Harness {
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    harness
        .deploy("blank", guest("1"))
        .await
        .expect("the test guest is served");
    harness
}

/// `GET`, `HEAD` and `POST /script`, and `GET /counter`, which shows whether an instance is used again.
fn guest(version: &str) -> Vec<u8> {
    let script = |id: &str| {
        let mut operation = contracts::operation("script");
        operation["operationId"] = id.into();
        operation
    };
    let mut upload = script("script-post");
    upload["requestBody"] = json!({
        "required": true,
        "content": { "application/octet-stream": { "x-switchback-stream": true } },
    });
    let paths = json!({
        "/script": { "get": script("script"), "head": script("script-head"), "post": upload },
        "/counter": { "get": contracts::operation("counter") },
    });
    blank(&contracts::with_paths(&paths), version, Describe::Contract)
}

async fn ask(harness: &Harness, script: &str) -> Raw {
    let head = format!("GET /script HTTP/1.1\r\nhost: x\r\nx-script: {script}\r\n\r\n");
    Raw::send(harness, &head).await
}

/// Begins an upload; its body is the test's affair.
async fn upload(harness: &Harness, script: &str, framing: &str) -> Raw {
    let head = format!(
        "POST /script HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\nx-script: {script}\r\n\
         {framing}\r\n\r\n"
    );
    Raw::send(harness, &head).await
}

fn hit(limit: Limit) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::LimitHit { limit: found, .. } if *found == limit)
}

/// Waits until a stream broke off; how much was written and why.
async fn broken(events: &mut Events) -> (u64, String) {
    let broken = |event: &Event| matches!(event, Event::StreamBroken { .. });
    match event(events, broken).await {
        Event::StreamBroken { bytes, reason, .. } => (bytes, reason),
        other => unreachable!("{other:?}"),
    }
}

async fn all_calls_over(harness: &Harness) {
    until("all calls to be over", async || {
        (harness.host.plugins()[0].calls == 0).then_some(())
    })
    .await;
}

async fn count(harness: &Harness) -> u64 {
    let reply = harness.client().get("/counter").await;
    reply.json()["count"].as_u64().expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_arrives_while_the_guest_still_waits() {
    let harness = serving(Limits::default()).await;
    let mut client = ask(&harness, "start 201; write first; wait").await;
    client.sees("first").await;
    assert!(
        client.all().starts_with("HTTP/1.1 201 "),
        "{}",
        client.all()
    );
    assert_eq!(harness.host.plugins()[0].calls, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_arrives_whole_and_its_instance_serves_on() {
    let harness = serving(Limits::default()).await;
    assert_eq!(count(&harness).await, 1);
    let mut client = harness.client();
    let script = "start 200; write one,; sleep 20; write two,; bytes 3; try write ";
    let reply = client
        .send("GET", "/script", &[("x-script", script)], "")
        .await;
    assert_eq!(reply.header("content-type"), "text/plain");
    assert_eq!(reply.text(), "one,two,xxx");
    // The same connection, and the same instance.
    let again = client.get("/counter").await.json();
    assert_eq!(again["count"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_begun_wrongly_is_told_so() {
    let harness = serving(Limits::default()).await;
    for (script, told) in [
        (
            "try write x; start 200; tell",
            "`outgoing.start` comes before",
        ),
        (
            "start 200; try start 200; tell",
            "call `outgoing.start` once",
        ),
        ("try start 700; start 200; tell", "status 700"),
    ] {
        let headers = [("x-script", script)];
        let reply = harness.client().send("GET", "/script", &headers, "").await;
        assert!(reply.text().contains(told), "{script}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_broken_off_is_500_before_its_head_and_a_reset_after() {
    let harness = serving(Limits::default()).await;
    let mut events = harness.host.events();
    for script in [
        "abort gone wrong",
        "abort gone wrong; full x",
        "abort a; try start 200",
    ] {
        let headers = [("x-script", script)];
        let reply = harness.client().send("GET", "/script", &headers, "").await;
        assert_eq!(reply.status, 500, "{script}");
        assert!(!reply.text().contains("gone wrong"), "{}", reply.text());
    }
    event(
        &mut events,
        |event| matches!(event, Event::Failed { reason, .. } if reason.contains("gone wrong")),
    )
    .await;
    for script in ["abort gone wrong", "full late", "trap"] {
        let script = format!("start 200; write first; {script}");
        let mut client = ask(&harness, &script).await;
        assert!(!client.ends_well().await, "{script}: {}", client.all());
        client.sees("first").await;
        event(&mut events, |event| matches!(event, Event::Failed { .. })).await;
        broken(&mut events).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_ends_its_guest_whatever_that_does() {
    let harness = serving(Limits {
        cpu_ms: 60_000,
        ..Limits::default()
    })
    .await;
    let mut events = harness.host.events();
    for busy in ["wait", "spin", "flood 1000"] {
        assert_eq!(count(&harness).await, 1, "a fresh instance");
        let mut client = ask(&harness, &format!("start 200; write first; {busy}")).await;
        client.sees("first").await;
        drop(client);
        assert!(broken(&mut events).await.1.contains("client has gone"));
        all_calls_over(&harness).await;
        if busy != "flood 1000" {
            continue;
        }
        // One that writes may learn of it by `write` and come to its own end: then its instance serves on.
        assert!(count(&harness).await <= 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_stops_its_guest_and_nobody_else() {
    let harness = serving(Limits {
        stream_idle_ms: 500,
        ..Limits::default()
    })
    .await;
    let mut events = harness.host.events();
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(ask(&harness, "start 200; flood 16384").await);
    }
    for _ in 0..20 {
        count(&harness).await;
    }
    event(&mut events, hit(Limit::StreamIdle)).await;
    for _ in 0..20 {
        let (bytes, reason) = broken(&mut events).await;
        // What the sockets and the server hold, and no more.
        assert!(bytes < 16 << 20, "{bytes}");
        assert!(reason.contains("stream_idle_ms"), "{reason}");
    }
    all_calls_over(&harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_of_a_stream_resets_it_and_is_told_by_name() {
    for (limit, script, limits) in [
        (
            Limit::StreamIdle,
            "start 200; write first; wait",
            Limits {
                stream_idle_ms: 200,
                ..Limits::default()
            },
        ),
        (
            Limit::StreamTime,
            "start 200; write first; wait",
            Limits {
                stream_ms: 200,
                ..Limits::default()
            },
        ),
        (
            Limit::StreamBytes,
            "start 200; write first; bytes 1000",
            Limits {
                stream_bytes: 1000,
                ..Limits::default()
            },
        ),
        (
            Limit::Answer,
            "start 200; write first; bytes 2000",
            Limits {
                answer_bytes: 1000,
                ..Limits::default()
            },
        ),
        (
            Limit::Cpu,
            "start 200; write first; spin",
            Limits {
                cpu_ms: 20,
                // On a busy machine a guest gets less than its share, and so is never stopped.
                stream_cpu_percent: 1,
                ..Limits::default()
            },
        ),
    ] {
        let harness = serving(limits).await;
        let mut events = harness.host.events();
        let mut client = ask(&harness, script).await;
        assert!(!client.ends_well().await, "{limit:?}: {}", client.all());
        client.sees("first").await;
        event(&mut events, hit(limit)).await;
        broken(&mut events).await;
        all_calls_over(&harness).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_computes_more_than_its_share_is_slowed_and_not_stopped() {
    let harness = serving(Limits {
        cpu_ms: 200,
        stream_bytes: 60,
        stream_idle_ms: 300_000,
        ..Limits::default()
    })
    .await;
    let mut events = harness.host.events();
    // Sixty pieces of some ten milliseconds each: more than the reserve by far.
    let mut client = ask(&harness, "start 200; work 10").await;
    assert!(!client.ends_well().await);
    let (_, reason) = broken(&mut events).await;
    assert!(reason.contains("stream_bytes"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_a_revision_that_has_to_go_is_reset() {
    let harness = serving(Limits {
        drain_ms: 100,
        ..Limits::default()
    })
    .await;
    let mut events = harness.host.events();
    let mut client = ask(&harness, "start 200; write first; wait").await;
    client.sees("first").await;
    harness.deploy("blank", guest("2")).await.expect("served");
    assert!(!client.ends_well().await, "{}", client.all());
    broken(&mut events).await;
    event(&mut events, |event| {
        matches!(event, Event::Drained { revision: 1, .. })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_gets_the_head_of_a_stream_and_its_guest_is_stopped() {
    let harness = serving(Limits::default()).await;
    let mut client = harness.client();
    let script = [("x-script", "start 203; wait")];
    let reply = client.send("HEAD", "/script", &script, "").await;
    assert_eq!((reply.status.as_u16(), reply.text()), (203, ""));
    all_calls_over(&harness).await;
    for status in ["204", "304"] {
        let script = format!("start {status}; write x; wait");
        let script = [("x-script", script.as_str())];
        let reply = client.send("GET", "/script", &script, "").await;
        assert_eq!((reply.status.as_str(), reply.text()), (status, ""));
    }
    all_calls_over(&harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_and_writing_go_side_by_side() {
    let harness = serving(Limits::default()).await;
    let chunked = "transfer-encoding: chunked";
    let mut client = upload(&harness, "start 200; echo 100", chunked).await;
    for piece in ["first", "second", "third"] {
        client.chunk(piece).await;
        client.sees(piece).await;
    }
    client.write(b"0\r\n\r\n").await;
    client.sees("\r\n0\r\n\r\n").await;
    // The connection serves on.
    client
        .write(b"GET /counter HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    client.sees(r#"{"count":1}"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_expects_to_be_told_is_told_when_the_guest_reads() {
    let harness = serving(Limits::default()).await;
    let framing = "content-length: 5\r\nexpect: 100-continue";
    let mut client = upload(&harness, "sleep 20; count 3", framing).await;
    client.sees("HTTP/1.1 100 Continue").await;
    client.write(b"hello").await;
    client.sees("HTTP/1.1 500 ").await;

    let script = "start 200; count 3";
    let mut client = upload(&harness, script, framing).await;
    client.sees("HTTP/1.1 200 OK").await;
    client.write(b"hello").await;
    client.sees("\r\n5\r\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_stream_that_was_not_sent_is_missing_and_a_wrong_one_is_415() {
    let harness = serving(Limits::default()).await;
    let mut client = harness.client();
    let kind = ("content-type", "application/octet-stream");
    let reply = client.send("POST", "/script", &[kind], "").await;
    assert_eq!(reply.status, 422, "{}", reply.text());
    let json = ("content-type", "application/json");
    let reply = client.send("POST", "/script", &[json], "{}").await;
    assert_eq!(reply.status, 415, "{}", reply.text());
    let script = ("x-script", "start 200; count 1000");
    let reply = client
        .send("POST", "/script", &[kind, script], "x".repeat(3_000_000))
        .await;
    assert_eq!(reply.text(), "3000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_body_has_its_own_limits() {
    let harness = serving(Limits {
        stream_bytes: 1000,
        body_time_ms: 100,
        ..Limits::default()
    })
    .await;
    let mut events = harness.host.events();
    let script = "start 200; try count 100; tell";

    let mut client = upload(&harness, script, "content-length: 1001").await;
    client.sees("HTTP/1.1 413 ").await;
    event(&mut events, hit(Limit::StreamBytes)).await;

    let chunked = "transfer-encoding: chunked";
    let mut client = upload(&harness, script, chunked).await;
    client.chunk(&"x".repeat(1001)).await;
    client.sees("IoError::TooLarge").await;
    event(&mut events, hit(Limit::StreamBytes)).await;

    let mut client = upload(&harness, script, chunked).await;
    client.chunk("x").await;
    client.sees("IoError::TimedOut").await;
    event(&mut events, hit(Limit::BodyTime)).await;

    let script = "try count 100; start 200; tell";
    let mut client = upload(&harness, script, chunked).await;
    client.sees("IoError::TimedOut").await;
    event(&mut events, hit(Limit::BodyTime)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_the_client_is_not_the_guests_time() {
    let harness = serving(Limits {
        time_ms: 300,
        ..Limits::default()
    })
    .await;
    let chunked = "transfer-encoding: chunked";
    let mut client = upload(
        &harness,
        "try read 9; try read 9; start 200; write done",
        chunked,
    )
    .await;
    for piece in ["first", "second"] {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        client.chunk(piece).await;
    }
    client.sees("done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_come_before_its_body_was_read() {
    let harness = serving(Limits::default()).await;
    let framing = "content-length: 8000000";
    let mut client = upload(&harness, "read 10; full enough", framing).await;
    // The client sends on without looking; a reset would meet it.
    for _ in 0..8 {
        client.write(&[b'x'; 1_000_000]).await;
    }
    client.sees("enough").await;
    all_calls_over(&harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_of_a_client_before_the_guest_asks() {
    let harness = serving(Limits::default()).await;
    let mut client = upload(
        &harness,
        "start 200; write ready; wait",
        "content-length: 99000000",
    )
    .await;
    client.sees("ready").await;
    let piece = vec![b'x'; 1 << 20];
    let sent = async {
        for sent in 0.. {
            let write = client.stream.write_all(&piece);
            // What the sockets hold and no more: then it stands still.
            if tokio::time::timeout(std::time::Duration::from_secs(1), write)
                .await
                .is_err()
            {
                return sent;
            }
        }
        unreachable!()
    };
    let sent: usize = sent.await;
    assert!(sent < 32, "{sent} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_upload_takes_no_memory() {
    let harness = serving(Limits::default()).await;
    let size = 64 << 20;
    let framing = format!("content-length: {size}");
    let mut client = upload(&harness, "start 200; count 65536", &framing).await;
    client.sees("HTTP/1.1 200").await;
    let before = most_memory();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        client.write(&piece).await;
    }
    client.sees(&size.to_string()).await;
    let grown = most_memory() - before;
    assert!(grown < 16 << 10, "{grown} KiB");
}

/// The most that this process has ever had resident, in KiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse().ok())
        .expect("a number of KiB")
}
