//! Clients that go away, wherever their request is by then: their guests are stopped, and nothing of theirs is left.

use std::net::SocketAddr;
use std::time::Duration;

use switchback::{Config, Isolation, Limits};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, PATIENCE, until};
use switchback_tests::process::Served;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::contracts;

/// Clients at each stage; `tests/bench/disconnects` has 10,000.
const TIMES: usize = 50;
/// That many at once.
const TOGETHER: usize = 10;

/// How far the request got.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Connecting,
    Header,
    Body,
    Computing,
    Waiting,
    Answer,
}

const STAGES: [Stage; 6] = [
    Stage::Connecting,
    Stage::Header,
    Stage::Body,
    Stage::Computing,
    Stage::Waiting,
    Stage::Answer,
];

impl Stage {
    /// What is sent before the client goes away.
    fn sent(self) -> &'static str {
        match self {
            Stage::Connecting => "",
            Stage::Header => "GET /counter HTTP/1.1\r\nhost: te",
            Stage::Body => {
                "POST /echo HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"a\":"
            }
            Stage::Computing => "GET /spin HTTP/1.1\r\nhost: t\r\n\r\n",
            Stage::Waiting => "GET /wait HTTP/1.1\r\nhost: t\r\n\r\n",
            Stage::Answer => "GET /big?n=6000000 HTTP/1.1\r\nhost: t\r\n\r\n",
        }
    }

    fn is_in_the_guest(self) -> bool {
        matches!(self, Stage::Computing | Stage::Waiting)
    }
}

fn guest() -> Vec<u8> {
    let mut contract: serde_json::Value =
        serde_json::from_str(&contracts::of(&["counter", "spin", "wait", "big"]))
            .expect("a contract is JSON");
    let mut post = contracts::operation("echo");
    post["requestBody"] =
        serde_json::json!({ "content": { "application/json": { "schema": {} } } });
    contract["paths"]["/echo"] = serde_json::json!({ "post": post });
    blank(&contract.to_string(), "1", Describe::Contract)
}

/// Limits that stop no call while a test runs.
fn patient() -> Limits {
    Limits {
        cpu_ms: 600_000,
        time_ms: 600_000,
        queue_ms: 600_000,
        ..Limits::default()
    }
}

async fn harness(limits: Limits) -> Harness {
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    harness.deploy("blank", guest()).await.expect("served");
    harness
}

/// A client that got so far, and stays until it is dropped: every other one then resets instead of closing.
async fn client(address: SocketAddr, stage: Stage, nth: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    if nth.is_multiple_of(2) {
        stream.set_zero_linger().expect("a socket of ours");
    }
    stream
        .write_all(stage.sent().as_bytes())
        .await
        .expect("the server reads");
    if let Stage::Answer = stage {
        // The answer is on its way once its first byte is here; the rest does not fit into the buffers between.
        let first = stream.read_u8();
        let first = tokio::time::timeout(PATIENCE, first).await;
        first.expect("an answer in time").expect("an answer");
    }
    stream
}

async fn calls(harness: &Harness, wanted: usize) {
    until("the calls to be as many", async || {
        (harness.host.plugins()[0].calls == wanted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_leave_at_any_stage_leave_no_call_no_instance_and_no_task() {
    let limits = Limits {
        instance_idle_ms: 1,
        ..patient()
    };
    let harness = harness(limits).await;
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    for stage in STAGES {
        for batch in 0..TIMES / TOGETHER {
            let mut gone = Vec::new();
            for nth in 0..TOGETHER {
                gone.push(client(harness.address, stage, batch + nth).await);
            }
            if stage.is_in_the_guest() {
                calls(&harness, TOGETHER).await;
            }
            drop(gone);
            if stage.is_in_the_guest() {
                calls(&harness, 0).await;
            }
        }
    }
    until("nothing to be left", async || {
        let status = &harness.host.plugins()[0];
        let tasks = metrics.num_alive_tasks();
        ((status.calls, status.queued, status.instances) == (0, 0, 0) && tasks <= before)
            .then_some(())
    })
    .await;
    assert_eq!(harness.client().get("/counter").await.json()["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_leave_at_any_stage_leave_no_file_and_no_thread() {
    let settings = "--set limits.cpu_ms=600000 --set limits.time_ms=600000 --set limits.queue_ms=0";
    let arguments: Vec<_> = settings.split(' ').collect();
    let served = Served::new(&[("blank", &guest())], &arguments).await;
    assert_eq!(served.client().get("/counter").await.status, 200);
    let process = format!("/proc/{}", served.child.id().expect("it runs"));
    let count = |what: &str| {
        let folder = std::fs::read_dir(format!("{process}/{what}"));
        folder.expect("a process has them").count()
    };
    let files = || count("fd");
    let quiet = until("the first connection to be closed", async || {
        let (before, threads) = (files(), count("task"));
        tokio::time::sleep(Duration::from_millis(100)).await;
        (files() == before).then_some((before, threads))
    })
    .await;
    for stage in STAGES {
        let mut gone = Vec::new();
        for nth in 0..TOGETHER {
            gone.push(client(served.address, stage, nth).await);
        }
        drop(gone);
        until("the files to be closed", async || {
            (files() <= quiet.0).then_some(())
        })
        .await;
    }
    // Threads for blocking work come and go by themselves; the calls' own would stay.
    assert!(
        count("task") <= quiet.1 + 2,
        "{} after {}",
        count("task"),
        quiet.1
    );
    assert_eq!(served.client().get("/counter").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_whose_client_left_is_never_used_again() {
    let harness = harness(Limits {
        concurrency: 1,
        ..patient()
    })
    .await;
    let mut next = harness.client();
    for stage in [Stage::Computing, Stage::Waiting] {
        assert_eq!(next.get("/counter").await.json()["count"], 1);
        let gone = client(harness.address, stage, 1).await;
        calls(&harness, 1).await;
        drop(gone);
        calls(&harness, 0).await;
    }
    assert_eq!(next.get("/counter").await.json()["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_that_leave_at_once_keep_nobody_waiting() {
    const MANY: usize = 500;
    let limits = Limits {
        concurrency: MANY,
        isolation: Isolation::Request,
        ..patient()
    };
    let harness = harness(limits).await;
    let neighbour = contracts::of(&["counter"]).replace("/counter", "/neighbour");
    let neighbour = blank(&neighbour, "1", Describe::Contract);
    harness
        .deploy("neighbour", neighbour)
        .await
        .expect("served");
    let mut gone = Vec::new();
    for nth in 0..MANY {
        gone.push(client(harness.address, Stage::Waiting, nth).await);
    }
    calls(&harness, MANY).await;
    let mut neighbour = harness.client();
    neighbour.get("/neighbour").await;
    drop(gone);
    // Answered while the guests are unwound, each a piece of work of its own.
    let mut longest = Duration::ZERO;
    while harness.host.plugins()[0].calls > 0 {
        let began = std::time::Instant::now();
        assert_eq!(neighbour.get("/neighbour").await.status, 200);
        longest = longest.max(began.elapsed());
    }
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    calls(&harness, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spinning_guests_whose_clients_left_make_room_for_others_in_the_lane() {
    let harness = harness(Limits {
        concurrency: 100,
        ..patient()
    })
    .await;
    let mut gone = Vec::new();
    for nth in 0..100 {
        gone.push(client(harness.address, Stage::Computing, nth).await);
    }
    calls(&harness, 100).await;
    drop(gone);
    calls(&harness, 0).await;
    assert_eq!(harness.client().get("/counter").await.status, 200);
}
