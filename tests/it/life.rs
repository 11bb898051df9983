//! How `serve` lives: it stops, reads its configuration again, and starts anew under load.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use switchback::{Config, ErrorKind, HostConfig, How, Limits, PluginConfig};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{PATIENCE, until};
use switchback_tests::{Harness, Raw, Served, tools};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::contracts;

fn guest() -> Vec<u8> {
    let contract = contracts::of(&["version", "sleep", "script"]);
    blank(&contract, "1", Describe::Contract)
}

async fn served(arguments: &[&str]) -> Served {
    Served::new(&[("blank", &guest())], arguments).await
}

/// Writes the configuration file that lies where the program was started.
fn configure(served: &Served, text: &str) {
    let folder = served.plugins.parent().unwrap();
    std::fs::write(folder.join("switchback.toml"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_told_to_stop_is_not_ready_before_it_accepts_nothing_more() {
    let mut served = served(&["--set", "serve.notice_ms=2000"]).await;
    assert_eq!(served.client().get("/-/ready").await.status, 200);
    served.signal("TERM").await;
    until("it to be not ready", async || {
        // Each of a connection of its own, which is still accepted.
        (served.client().get("/-/ready").await.status == 503).then_some(())
    })
    .await;
    assert_eq!(served.client().get("/version").await.status, 200);
    served.says("no request was cut").await;
    assert_eq!(served.ended().await, Some(0));
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_finish_before_a_host_stops_and_those_that_do_not_are_counted() {
    let mut served = served(&["--set", "limits.drain_ms=1500"]).await;
    let ask = async |milliseconds: u64| {
        let sent = format!(
            "GET /script HTTP/1.1\r\nHost: a\r\nX-Script: start 200; write first; sleep {milliseconds}; write last\r\n\r\n"
        );
        let mut raw = Raw::to(served.address, &sent).await;
        raw.sees("first").await;
        raw
    };
    let (mut quick, mut slow) = (ask(500).await, ask(9_000).await);
    served.signal("TERM").await;
    assert!(quick.ends_well().await);
    let line = served.says("requests were cut").await;
    assert!(line.contains("requests=1"), "{line}");
    assert!(!slow.ends_well().await);
    assert_eq!(served.ended().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_read_again_makes_new_revisions_of_the_same_code() {
    let mut served = served(&["--revision-header"]).await;
    let mut client = served.client();
    assert_eq!(client.get("/sleep?n=300").await.status, 200);
    configure(&served, "limits.time_ms = 100\nhost.docs_path = \"/other\"");
    served.signal("HUP").await;
    served.says("read again").await;
    served
        .says("`host.docs_path = \"/other\"` holds from the next start")
        .await;
    let reply = client.get("/sleep?n=300").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-switchback-revision")),
        (504, "blank@2")
    );
    // Nothing that concerns it: it serves on as it is.
    configure(
        &served,
        "limits.time_ms = 100\nplugins.other.limits.time_ms = 50",
    );
    served.signal("HUP").await;
    served.says("read again").await;
    let reply = client.get("/version").await;
    assert_eq!(reply.header("x-switchback-revision"), "blank@2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_before_the_plugins_is_read_again_as_well() {
    let mut served = served(&[]).await;
    let mut client = served.client();
    let origin = ("origin", "https://shop.example");
    for (text, status, allowed, title) in [
        (
            "host.title = \"Shop\"\ncors.allow_origins = [\"https://shop.example\"]",
            200,
            "https://shop.example",
            "Shop",
        ),
        ("host.allowed_hosts = [\"other.example\"]", 400, "", ""),
        ("host.deny_addresses = [\"127.0.0.1\"]", 403, "", ""),
        ("", 200, "", "Switchback"),
    ] {
        configure(&served, text);
        served.signal("HUP").await;
        served.says("read again").await;
        // On a connection that was open before.
        let reply = client.send("GET", "/openapi.json", &[origin], "").await;
        let found = (
            reply.status.as_u16(),
            reply.header("access-control-allow-origin"),
        );
        assert_eq!(found, (status, allowed), "{text}");
        if status == 200 {
            assert_eq!(reply.json()["info"]["title"], title);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_that_stays_the_same_goes_on_counting() {
    let rates = |requests: u64, title: &str| Config {
        host: HostConfig {
            rate_requests: requests,
            rate_window_s: 3600,
            title: title.into(),
            ..HostConfig::default()
        },
        ..Config::default()
    };
    let harness = Harness::with(rates(2, "One")).await;
    let mut client = harness.client();
    let mut left = async || {
        let reply = client.get("/openapi.json").await;
        reply.header("ratelimit").to_owned()
    };
    assert_eq!(left().await, "\"host\";r=1;t=1800");
    harness.host.reconfigure(rates(2, "Two")).await.unwrap();
    assert_eq!(left().await, "\"host\";r=0;t=3600");
    harness.host.reconfigure(rates(3, "Two")).await.unwrap();
    assert_eq!(left().await, "\"host\";r=2;t=1200");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_looked_at_again_once_the_configuration_is_another() {
    let mut served = served(&[]).await;
    configure(&served, "limits.component_bytes = 1000");
    served.signal("HUP").await;
    served.says("read again").await;
    let other = blank(&contracts::of(&["peek"]), "1", Describe::Contract);
    served.rename_in("other", &other);
    served.says("`other.wasm` is not served").await;
    configure(&served, "");
    served.signal("HUP").await;
    served.says("deployed plugin=\"other\"").await;
    assert_eq!(served.client().get("/peek").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_is_refused_in_words_and_the_one_before_holds() {
    let mut served = served(&[]).await;
    let mut client = served.client();
    for (text, words) in [
        ("limits.time_mss = 100", "did you mean `time_ms`?"),
        (
            "limits.concurrency = 0",
            "`limits.concurrency` is 0; it must be at least 1",
        ),
        ("limits = ", "switchback.toml:1"),
        (
            "plugins.blank.prefix = \"/docs\"",
            "plugin `blank` could not be served by it",
        ),
    ] {
        configure(&served, text);
        served.signal("HUP").await;
        let line = served.says(words).await;
        assert!(line.contains("the configuration is refused"), "{line}");
        assert_eq!(client.get("/sleep?n=1").await.status, 200);
        // Nor does it start anew with it.
        served.signal("USR2").await;
        if !text.contains("prefix") {
            served.says("not started anew, and serving on").await;
        } else {
            served.says("is not served").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_limits_of_a_host_change_what_they_concern_or_nothing() {
    let harness = Harness::new().await;
    harness.deploy("blank", guest()).await.unwrap();
    let other = blank(&contracts::of(&["peek"]), "1", Describe::Contract);
    harness.deploy("other", other).await.unwrap();
    let of_blank = |limits: Limits, prefix: &str| Config {
        plugins: [(
            "blank".to_owned(),
            PluginConfig {
                limits: Some(limits),
                prefix: prefix.into(),
                ..PluginConfig::default()
            },
        )]
        .into(),
        ..Config::default()
    };
    let revisions = || -> Vec<u64> {
        let plugins = harness.host.plugins();
        plugins.iter().map(|plugin| plugin.revision).collect()
    };
    let slower = Limits {
        time_ms: 50,
        ..Limits::default()
    };
    let applied = harness
        .host
        .reconfigure(of_blank(slower.clone(), "/b"))
        .await;
    assert_eq!(applied.unwrap().outcomes.len(), 1);
    assert_eq!(revisions(), [2, 1]);
    let mut client = harness.client();
    assert_eq!(client.get("/b/sleep?n=200").await.status, 504);
    let history = harness.host.history("blank").unwrap();
    assert_eq!(history[1].how, How::Reconfigured);
    assert_eq!(history[0].content, history[1].content);

    let none = Limits {
        concurrency: 0,
        ..slower
    };
    let refused = harness
        .host
        .reconfigure(of_blank(none, "/b"))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    let refused = harness
        .host
        .reconfigure(of_blank(Limits::default(), "/docs"))
        .await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Clash);
    assert_eq!(revisions(), [2, 1]);
    assert_eq!(client.get("/b/sleep?n=200").await.status, 504);
}

/// What clients saw while the host started anew.
#[derive(Default)]
struct Seen {
    answered: AtomicU64,
    again: AtomicU64,
    failed: AtomicU64,
    over: AtomicBool,
}

/// What came of a request.
#[derive(Debug, PartialEq)]
enum Came {
    Answer,
    /// The connection closed before any byte of an answer.
    Nothing,
    /// Nobody listens.
    Refused,
    /// What came was no whole answer, or another.
    Wrong(String),
}

/// Asks again and again. A request whose connection closed before any byte of its answer came is sent once more.
async fn keep_asking(address: SocketAddr, seen: Arc<Seen>) {
    let mut kept = None;
    while !seen.over.load(Relaxed) {
        let mut came = ask(&mut kept, address).await;
        if came == Came::Nothing {
            seen.again.fetch_add(1, Relaxed);
            kept = None;
            came = ask(&mut kept, address).await;
        }
        if came == Came::Answer {
            seen.answered.fetch_add(1, Relaxed);
        } else {
            eprintln!("{came:?}");
            seen.failed.fetch_add(1, Relaxed);
            kept = None;
        }
    }
}

/// Asks until nobody listens any more.
async fn ask_to_the_end(address: SocketAddr, seen: Arc<Seen>) {
    let mut kept = None;
    loop {
        match ask(&mut kept, address).await {
            Came::Answer => seen.answered.fetch_add(1, Relaxed),
            Came::Nothing => {
                kept = None;
                seen.again.fetch_add(1, Relaxed)
            }
            Came::Refused => return,
            Came::Wrong(what) => panic!("{what}"),
        };
    }
}

async fn ask(kept: &mut Option<TcpStream>, address: SocketAddr) -> Came {
    let stream = match kept {
        Some(stream) => stream,
        None => match TcpStream::connect(address).await {
            Ok(stream) => kept.insert(stream),
            Err(_) => return Came::Refused,
        },
    };
    let request = b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return Came::Nothing;
    }
    let mut answer = Vec::new();
    loop {
        let mut some = [0; 1024];
        match stream.read(&mut some).await {
            Ok(count) if count > 0 => answer.extend_from_slice(&some[..count]),
            _ if answer.is_empty() => return Came::Nothing,
            _ => return Came::Wrong("it broke off".into()),
        }
        if !answer.starts_with(&b"HTTP/1.1 200 "[..answer.len().min(13)]) {
            return Came::Wrong(String::from_utf8_lossy(&answer).into_owned());
        }
        if answer.ends_with(b"{\"version\":\"1\"}") {
            return Came::Answer;
        }
    }
}

/// How often the two that follow do what they do.
fn times(usual: u64) -> u64 {
    std::env::var("RESTARTS").map_or(usual, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stops_under_load_breaks_no_answer_off() {
    for _ in 0..times(2) {
        let mut served = served(&["--no-access-log"]).await;
        let seen = Arc::<Seen>::default();
        let clients: Vec<_> = (0..64)
            .map(|_| tokio::spawn(ask_to_the_end(served.address, seen.clone())))
            .collect();
        until("the load to be there", async || {
            (seen.answered.load(Relaxed) > 200).then_some(())
        })
        .await;
        served.signal("TERM").await;
        served.says("no request was cut").await;
        assert_eq!(served.ended().await, Some(0));
        for client in clients {
            tokio::time::timeout(PATIENCE, client)
                .await
                .unwrap()
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_starts_anew_under_load_without_a_lost_request() {
    let mut served = served(&["--no-access-log"]).await;
    let process = served.child.id();
    let seen = Arc::<Seen>::default();
    let clients: Vec<_> = (0..64)
        .map(|_| tokio::spawn(keep_asking(served.address, seen.clone())))
        .collect();
    let restarts = times(5);
    for _ in 0..restarts {
        let before = seen.answered.load(Relaxed);
        until("the load to be there", async || {
            (seen.answered.load(Relaxed) > before + 200).then_some(())
        })
        .await;
        served.signal("USR2").await;
        served.says("listening on").await;
    }
    let before = seen.answered.load(Relaxed);
    until("the last to serve", async || {
        (seen.answered.load(Relaxed) > before + 200).then_some(())
    })
    .await;
    seen.over.store(true, Relaxed);
    for client in clients {
        tokio::time::timeout(PATIENCE, client)
            .await
            .unwrap()
            .unwrap();
    }
    let [answered, again, failed] =
        [&seen.answered, &seen.again, &seen.failed].map(|it| it.load(Relaxed));
    eprintln!("{restarts} restarts: {answered} answered, {again} sent again, {failed} failed");
    assert_eq!(failed, 0);
    assert_eq!(served.child.id(), process, "it is the same process");
    served.signal("TERM").await;
    assert_eq!(served.ended().await, Some(0));
}

/// The only process that this one has started, by the number that it has here.
fn only_child(of: u32) -> String {
    let children = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap();
    children.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn as_process_1_it_obeys_its_signals() {
    let contained = ["--fork", "--pid", "--kill-child"];
    let can = std::process::Command::new("unshare")
        .args(contained)
        .arg("true")
        .status();
    if !can.is_ok_and(|status| status.success()) {
        return tools::skip("`unshare` may make no process 1 here: run the tests as root");
    }
    let mut program = tokio::process::Command::new("unshare");
    program
        .args(contained)
        .arg(switchback_tests::process::program());
    let mut served = Served::by(program, &[("blank", &guest())], &[]).await;
    let host = only_child(served.child.id().unwrap());
    let statuses = std::fs::read_to_string(format!("/proc/{host}/status")).unwrap();
    let inside = statuses.lines().find(|line| line.starts_with("NSpid:"));
    assert!(inside.unwrap().ends_with("\t1"), "{inside:?}");

    let signal = |name: &str| {
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &host])
            .status();
        assert!(sent.unwrap().success());
    };
    signal("HUP");
    served.says("read again").await;
    signal("USR2");
    served.says("listening on").await;
    assert_eq!(served.client().get("/version").await.status, 200);
    signal("TERM");
    served.says("no request was cut").await;
    assert_eq!(served.ended().await, Some(0));
}
