//! Every limit is enforced, answers with its own status, and is told as a named event; and nobody else is harmed.

use std::time::{Duration, Instant};

use switchback::{Config, Event, Isolation, Limit, Limits};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event, until};

use crate::contracts;

async fn serving(operations: &[&str], limits: Limits) -> Harness {
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    let guest = blank(&contracts::of(operations), "1", Describe::Contract);
    harness
        .deploy("blank", guest)
        .await
        .expect("the test guest is served");
    harness
}

fn hit(limit: Limit) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::LimitHit { limit: found, .. } if *found == limit)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_spins_is_stopped_with_504() {
    let harness = serving(
        &["spin"],
        Limits {
            cpu_ms: 100,
            // On a machine that is busy with other work the slow lane gets next to nothing.
            time_ms: 300_000,
            ..Limits::default()
        },
    )
    .await;
    let mut events = harness.host.events();
    let reply = harness.client().get("/spin").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (504, r#"{"detail":"Gateway Timeout"}"#)
    );
    event(&mut events, hit(Limit::Cpu)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_waits_for_ever_is_stopped_with_504() {
    let harness = serving(
        &["wait"],
        Limits {
            time_ms: 100,
            ..Limits::default()
        },
    )
    .await;
    let mut events = harness.host.events();
    assert_eq!(harness.client().get("/wait").await.status, 504);
    event(&mut events, hit(Limit::Time)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_takes_too_much_memory_is_stopped_with_500() {
    let harness = serving(
        &["exhaust", "counter"],
        Limits {
            memory_bytes: 16 << 20,
            ..Limits::default()
        },
    )
    .await;
    let mut events = harness.host.events();
    let mut client = harness.client();
    let reply = client.get("/exhaust").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (500, r#"{"detail":"Internal Server Error"}"#)
    );
    event(&mut events, hit(Limit::Memory)).await;
    assert_eq!(client.get("/counter").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_is_a_500() {
    let harness = serving(
        &["big"],
        Limits {
            answer_bytes: 64 << 10,
            ..Limits::default()
        },
    )
    .await;
    let mut events = harness.host.events();
    assert_eq!(harness.client().get("/big?n=200000").await.status, 500);
    event(&mut events, hit(Limit::Answer)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_says_internal_server_error_and_never_why() {
    let harness = serving(&["trap", "counter"], Limits::default()).await;
    let mut events = harness.host.events();
    let mut client = harness.client();
    let reply = client.get("/trap").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (500, r#"{"detail":"Internal Server Error"}"#)
    );
    event(
        &mut events,
        |event| matches!(event, Event::Failed { operation, .. } if operation == "trap"),
    )
    .await;
    assert_eq!(client.get("/counter").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_recursion_traps_and_nothing_else_happens() {
    let harness = serving(&["stack", "counter"], Limits::default()).await;
    let mut client = harness.client();
    assert_eq!(client.get("/stack").await.status, 500);
    assert_eq!(client.get("/counter").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_trapped_is_never_used_again() {
    let harness = serving(&["trap", "counter"], Limits::default()).await;
    let mut client = harness.client();
    let counted = |reply: switchback_tests::Reply| reply.json()["count"].as_u64().expect("a count");
    assert_eq!(counted(client.get("/counter").await), 1);
    assert_eq!(counted(client.get("/counter").await), 2);
    client.get("/trap").await;
    assert_eq!(counted(client.get("/counter").await), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn isolation_by_request_gives_each_call_a_fresh_instance() {
    let harness = serving(
        &["counter"],
        Limits {
            isolation: Isolation::Request,
            ..Limits::default()
        },
    )
    .await;
    let mut client = harness.client();
    for _ in 0..3 {
        assert_eq!(client.get("/counter").await.json()["count"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_retires_after_its_calls() {
    let harness = serving(
        &["counter"],
        Limits {
            instance_calls: 2,
            ..Limits::default()
        },
    )
    .await;
    let mut client = harness.client();
    let mut counts = Vec::new();
    for _ in 0..4 {
        counts.push(client.get("/counter").await.json()["count"].as_u64());
    }
    assert_eq!(counts, [Some(1), Some(2), Some(1), Some(2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_instance_retires() {
    let harness = serving(
        &["counter"],
        Limits {
            instance_idle_ms: 50,
            ..Limits::default()
        },
    )
    .await;
    let mut client = harness.client();
    assert_eq!(client.get("/counter").await.json()["count"], 1);
    tokio::time::sleep(Duration::from_millis(100)).await;
    until("a fresh instance", async || {
        let count = client.get("/counter").await.json()["count"].as_u64();
        if count == Some(1) {
            return Some(());
        }
        // The reaper's round is half a second: rest longer than that, so that this call's instance is seen idle.
        tokio::time::sleep(Duration::from_millis(700)).await;
        None
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_calls_at_once_than_allowed_wait_and_then_get_503() {
    let limits = Limits {
        concurrency: 1,
        queue_ms: 50,
        ..Limits::default()
    };
    let harness = serving(&["wait"], limits).await;
    let mut events = harness.host.events();
    let first = harness.client();
    let holding = tokio::spawn(async move {
        let mut first = first;
        first.get("/wait").await
    });
    until("the only place to be taken", async || {
        (harness.host.plugins()[0].calls > 0).then_some(())
    })
    .await;
    let reply = harness.client().get("/wait").await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), "1");
    event(&mut events, hit(Limit::Concurrency)).await;
    holding.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_frees_its_place() {
    let limits = Limits {
        concurrency: 1,
        queue_ms: 50,
        cpu_ms: 60_000,
        time_ms: 60_000,
        ..Limits::default()
    };
    let harness = serving(&["spin", "wait", "counter"], limits).await;
    for target in ["/spin", "/wait"] {
        let mut gone = harness.client();
        let gone = tokio::spawn(async move { gone.try_send("GET", target, &[], "").await });
        until("the place to be taken", async || {
            (harness.client().get("/counter").await.status == 503).then_some(())
        })
        .await;
        gone.abort();
        until("the place to be free again", async || {
            (harness.client().get("/counter").await.status == 200).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_spins_in_many_calls_harms_nobody_else() {
    let harness = serving(&["spin"], Limits::default()).await;
    let neighbour = blank(
        &contracts::of(&["counter"]).replace("/counter", "/neighbour"),
        "1",
        Describe::Contract,
    );
    harness
        .deploy("neighbour", neighbour)
        .await
        .expect("the neighbour is served");
    let cores = std::thread::available_parallelism()
        .expect("a count of cores")
        .get();
    let spinning: Vec<_> = (0..4 * cores)
        .map(|_| {
            let mut client = harness.client();
            tokio::spawn(async move { client.get("/spin").await.status })
        })
        .collect();
    let mut client = harness.client();
    let mut times = Vec::new();
    while !spinning.iter().all(|call| call.is_finished()) && times.len() < 200 {
        let began = Instant::now();
        assert_eq!(client.get("/neighbour").await.status, 200);
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for call in spinning {
        assert_eq!(call.await.expect("no panic"), 504);
    }
    // Not a benchmark: without the slow lane a neighbour waits for whole seconds.
    times.sort();
    assert!(
        times[times.len() / 2] < Duration::from_millis(500),
        "median {:?}",
        times[times.len() / 2]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_413_whether_it_says_so_or_not() {
    let harness = Harness::with(Config {
        limits: Limits {
            body_bytes: 1000,
            ..Limits::default()
        },
        ..Config::default()
    })
    .await;
    let body = serde_json::json!({ "content": { "application/json": { "schema": {} } } });
    let mut operation = contracts::operation("echo");
    operation["requestBody"] = body;
    let contract = contracts::with_paths(&serde_json::json!({ "/echo": { "post": operation } }));
    harness
        .deploy("blank", blank(&contract, "1", Describe::Contract))
        .await
        .expect("it is served");
    let mut events = harness.host.events();
    let large = format!("\"{}\"", "x".repeat(2000));
    let reply = harness.client().post("/echo", &large).await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (413, r#"{"detail":"Payload Too Large"}"#)
    );
    event(&mut events, hit(Limit::Body)).await;

    let mut stream = raw::connect(harness.address).await;
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    raw::write(&mut stream, head).await;
    raw::write(
        &mut stream,
        &format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len()),
    )
    .await;
    assert!(raw::read(&mut stream).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_408() {
    let limits = Limits {
        body_time_ms: 50,
        ..Limits::default()
    };
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    let mut operation = contracts::operation("echo");
    operation["requestBody"] =
        serde_json::json!({ "content": { "application/json": { "schema": {} } } });
    let contract = contracts::with_paths(&serde_json::json!({ "/echo": { "post": operation } }));
    harness
        .deploy("blank", blank(&contract, "1", Describe::Contract))
        .await
        .expect("it is served");
    let mut stream = raw::connect(harness.address).await;
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n";
    raw::write(&mut stream, head).await;
    assert!(raw::read(&mut stream).await.starts_with("HTTP/1.1 408 "));
}

mod raw {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    pub(super) async fn connect(address: SocketAddr) -> TcpStream {
        TcpStream::connect(address)
            .await
            .expect("the server listens")
    }

    pub(super) async fn write(stream: &mut TcpStream, text: &str) {
        stream
            .write_all(text.as_bytes())
            .await
            .expect("the server reads");
    }

    /// What comes until a pause after the head.
    pub(super) async fn read(stream: &mut TcpStream) -> String {
        let mut answer = vec![0; 4096];
        let read = tokio::time::timeout(
            switchback_tests::harness::PATIENCE,
            stream.read(&mut answer),
        );
        let size = read.await.expect("an answer in time").expect("an answer");
        String::from_utf8_lossy(&answer[..size]).into_owned()
    }
}
