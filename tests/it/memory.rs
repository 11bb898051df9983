//! What a host takes of the machine's memory, and gives back.

use std::io::Write;
use std::net::TcpStream;

use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, until};
use switchback_tests::process::Served;

use crate::contracts;

/// Enough for what is to be seen to be more than what connections and the allocator keep.
const CALLS: usize = 200;

/// What the process has in memory, in KiB.
fn resident(served: &Served) -> usize {
    let pid = served.child.id().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kib.expect("its resident memory")
}

/// So many calls at once, on a connection each.
async fn peak(served: &Served) {
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let mut client = served.client();
            tokio::spawn(async move { client.get("/sleep?n=1000").await.status })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("no panic"), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_that_a_peak_took_goes_back_when_its_instances_have_retired() {
    let guest = blank(&contracts::of(&["sleep"]), "1", Describe::Contract);
    let arguments = [
        ["--set", "limits.concurrency=200"],
        ["--set", "limits.instance_idle_ms=500"],
    ];
    let served = Served::new(&[("blank", &guest)], &arguments.concat()).await;
    served.client().get("/sleep?n=1").await;
    let before = resident(&served);
    for _ in 0..2 {
        peak(&served).await;
        // A slot that keeps what an instance of it once had would keep 256 KiB: 50 MiB together.
        until("the memory to go back", async || {
            (resident(&served) < before + (16 << 10)).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_that_connections_took_goes_back_when_they_have_gone() {
    let guest = blank(&contracts::of(&["big"]), "1", Describe::Contract);
    let served = Served::new(&[("blank", &guest)], &[]).await;
    served.client().get("/big?n=400000").await;
    let before = resident(&served);
    let asked = "GET /big?n=400000 HTTP/1.1\r\nhost: x\r\n\r\n".repeat(9);
    let unread: Vec<_> = (0..CALLS)
        .map(|_| {
            let mut client = TcpStream::connect(served.address).expect("it listens");
            client.write_all(asked.as_bytes()).expect("it reads");
            client
        })
        .collect();
    // Each holds an answer of 400 KB.
    until("answers that are held", async || {
        (resident(&served) > before + (40 << 10)).then_some(())
    })
    .await;
    drop(unread);
    until("the memory to go back", async || {
        (resident(&served) < before + (16 << 10)).then_some(())
    })
    .await;
}

/// What guests' memories begin with, as this process holds it: each component that is loaded has some.
fn images() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").expect("Linux tells it");
    let names = open.filter_map(|open| std::fs::read_link(open.ok()?.path()).ok());
    names
        .filter(|name| name.to_string_lossy().contains("wasm-memory-image"))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_is_held_once_however_often_it_served() {
    let harness = Harness::new().await;
    let deploy = async |version: &str| {
        let guest = blank(&contracts::of(&["sleep"]), version, Describe::Contract);
        harness.deploy("blank", guest).await.expect("it is served");
    };
    deploy("1").await;
    deploy("2").await;
    let both = images();
    for _ in 0..9 {
        deploy("1").await;
        deploy("2").await;
    }
    until("those before to be freed", async || {
        (images() <= both).then_some(())
    })
    .await;
}
