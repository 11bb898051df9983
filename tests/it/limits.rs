//! Every limit is enforced, answers with its own status, and is told as a named event; and nobody else is harmed.

use std::time::{Duration, Instant};

use switchback::{Config, Event, Isolation, Limit, Limits};
use switchback_tests::guests::{Describe, Hoard, blank, hoard};
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

/// `POST /echo`, which takes any JSON.
async fn echoing(limits: Limits) -> Harness {
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

/// A guest written by hand, whose operations need no memory of their own.
async fn hoarding(operations: &[&str], more: Hoard, config: Config) -> Harness {
    let harness = Harness::with(config).await;
    let guest = hoard(&contracts::of(operations), more);
    harness.deploy("hoard", guest).await.expect("it is served");
    harness
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_runs_over_its_stack_is_stopped_with_500() {
    let mut config = Config::default();
    config.host.stack_bytes = 100_000;
    let harness = hoarding(&["stack", "secrets"], Hoard::default(), config).await;
    let mut events = harness.host.events();
    assert_eq!(harness.client().get("/stack").await.status, 500);
    let told = event(&mut events, hit(Limit::Stack)).await;
    assert!(
        matches!(told, Event::LimitHit { value: 100_000, .. }),
        "{told:?}"
    );
    assert_eq!(harness.client().get("/secrets").await.text(), "00000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_whose_tables_grow_too_large_is_stopped_with_500() {
    let mut config = Config::default();
    config.limits.table_elements = 5_000;
    let harness = hoarding(&["tables", "secrets"], Hoard::default(), config).await;
    let mut events = harness.host.events();
    assert_eq!(harness.client().get("/tables").await.status, 500);
    event(&mut events, hit(Limit::Tables)).await;
    assert_eq!(harness.client().get("/secrets").await.text(), "00000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_too_many_core_instances_is_refused_by_the_limits_name() {
    let mut config = Config::default();
    config.limits.core_instances = 3;
    let harness = Harness::with(config).await;
    let with = |instances| {
        let more = Hoard {
            instances,
            ..Hoard::default()
        };
        hoard(&contracts::of(&["secrets"]), more)
    };
    harness
        .deploy("three", with(2))
        .await
        .expect("it is served");
    let refused = harness.deploy("four", with(3)).await;
    let why = refused.expect_err("it is refused").to_string();
    assert!(why.contains("limits.core_instances = 3"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_without_a_place_is_503_and_named() {
    // Nine memories of an instance that is kept take nine of 1,025 places.
    let mut config = Config::default();
    config.host.concurrency = 1;
    let harness = Harness::with(config).await;
    let mut events = harness.host.events();
    let more = Hoard {
        memories: 6,
        ..Hoard::default()
    };
    let mut full = None;
    for number in 0..200 {
        let mut contract: serde_json::Value =
            serde_json::from_str(&contracts::of(&["secrets"])).expect("a contract is JSON");
        let path = contract["paths"]["/secrets"].take();
        contract["paths"] = serde_json::json!({ format!("/{number}"): path });
        contract["x-switchback-instances"] = 1.into();
        let guest = hoard(&contract.to_string(), more);
        let name = format!("hoard-{number}");
        if let Err(refused) = harness.deploy(&name, guest).await {
            let why = refused.to_string();
            assert!(why.contains("raise host.concurrency"), "{why}");
            full = Some(number);
            break;
        }
        let reply = harness.client().get(&format!("/{number}")).await;
        if reply.status == 503 {
            assert_eq!(reply.header("retry-after"), "1");
            event(&mut events, hit(Limit::Pool)).await;
            full = Some(number);
            break;
        }
        assert_eq!(reply.status, 200);
    }
    assert!(full.is_some(), "the pool takes whatever comes");
    assert_eq!(harness.client().get("/0").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_cut_is_a_hit_of_a_call_that_goes_on() {
    let limits = Limits {
        log_bytes: 20,
        ..Limits::default()
    };
    let harness = serving(&["print", "counter"], limits).await;
    let mut events = harness.host.events();
    assert_eq!(harness.client().get("/counter").await.status, 200);
    assert_eq!(harness.client().get("/print").await.status, 200);
    let told = event(&mut events, |event| matches!(event, Event::LimitHit { .. })).await;
    let expected = matches!(
        &told,
        Event::LimitHit { operation, limit: Limit::Log, value: 20, .. } if operation == "print"
    );
    assert!(expected, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_nested_too_deeply_is_400_and_named() {
    let limits = Limits {
        json_depth: 10,
        ..Limits::default()
    };
    let harness = echoing(limits).await;
    let mut events = harness.host.events();
    let reply = harness.client().post("/echo", &"[".repeat(11)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (400, r#"{"detail":"There was an error parsing the body"}"#)
    );
    event(&mut events, hit(Limit::JsonDepth)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_are_counted_for_each_plugin_over_its_revisions() {
    let limits = Limits {
        memory_bytes: 16 << 20,
        ..Limits::default()
    };
    let harness = serving(&["exhaust"], limits).await;
    let counted = || {
        let plugins = harness.host.plugins();
        let hits = plugins[0].limit_hits.iter();
        hits.filter(|(_, count)| *count > 0)
            .copied()
            .collect::<Vec<_>>()
    };
    assert_eq!(counted(), []);
    harness.client().get("/exhaust").await;
    let next = blank(&contracts::of(&["exhaust"]), "2", Describe::Contract);
    harness.deploy("blank", next).await.expect("it is served");
    harness.client().get("/exhaust").await;
    assert_eq!(counted(), [(Limit::Memory, 2)]);
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
            max_requests_per_instance: 2,
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
    let harness = echoing(Limits {
        body_bytes: 1000,
        ..Limits::default()
    })
    .await;
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
    let harness = echoing(limits).await;
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
