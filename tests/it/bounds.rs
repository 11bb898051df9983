//! What a hostile client may take: each stage of a connection has its time, and each flood its end.

use std::io::ErrorKind;
use std::net::SocketAddr;

use switchback::{Config, ConnectionLimits};
use switchback_tests::frames::{
    Frames, PREFACE, flag, frame, get, headers, kind, request, settings,
};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, PATIENCE, until};
use switchback_tests::{Client, Raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::contracts;

async fn serving(connections: ConnectionLimits) -> Harness {
    let harness = Harness::with(Config {
        connections,
        ..Config::default()
    })
    .await;
    let guest = blank(
        &contracts::of(&["version", "wait"]),
        "1",
        Describe::Contract,
    );
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

/// Soon over, so that a test need not wait.
fn short() -> ConnectionLimits {
    ConnectionLimits {
        first_head_ms: 200,
        keep_alive_ms: 400,
        h2c: true,
        ..ConnectionLimits::default()
    }
}

async fn over_http2() -> Harness {
    serving(ConnectionLimits {
        h2c: true,
        ..ConnectionLimits::default()
    })
    .await
}

/// Reads to the end, and says with which code of GOAWAY it came.
async fn ends(client: &mut Frames) -> Option<u32> {
    let mut code = None;
    while let Some(frame) = client.next().await {
        if frame.kind == kind::GOAWAY {
            code = Some(frame.number(8));
        }
    }
    code
}

/// Sends this and nothing more, and reads until the server closes.
async fn silent_after(address: SocketAddr, sent: Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(&sent).await.expect("it reads");
    let mut all = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all));
    let ended = read
        .await
        .expect("it is cut in time")
        .map_err(|why| why.kind());
    assert!(
        matches!(ended, Ok(_) | Err(ErrorKind::ConnectionReset)),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_silent_is_cut_at_each_stage() {
    let either = serving(short()).await;
    let one = serving(ConnectionLimits {
        h2c: false,
        ..short()
    })
    .await;
    let mut silent = JoinSet::new();
    for address in [either.address, one.address] {
        for sent in [
            &b""[..],
            b"P",
            b"GET /version HT",
            b"GET /version HTTP/1.1\r\nhost: x\r\n",
            b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n",
        ] {
            silent.spawn(silent_after(address, sent.to_vec()));
        }
    }
    silent.spawn(silent_after(either.address, PREFACE.to_vec()));
    silent.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_http2_that_asks_nothing_is_told_to_go_and_cut() {
    let harness = serving(short()).await;
    // Says nothing after its first bytes; begins headers and does not end them; asks, and rests.
    let half = frame(kind::HEADERS, 0, 1, &request("GET", "/version", &[]));
    let mut silent = JoinSet::new();
    for sent in [Vec::new(), settings(&[]), half, get(1, "/version")] {
        let address = harness.address;
        silent.spawn(async move {
            let mut client = Frames::connect(address, &[]).await;
            client.send(&sent).await;
            assert_eq!(ends(&mut client).await, Some(0));
        });
    }
    silent.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_no_rest() {
    let harness = serving(short()).await;
    let mut client = Frames::connect(harness.address, &[]).await;
    client.send(&get(1, "/wait")).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    client.send(&get(3, "/version")).await;
    let head = client.next_of(kind::HEADERS).await.expect("an answer");
    assert_eq!((head.stream, head.status()), (3, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_connections_than_are_allowed() {
    let harness = serving(ConnectionLimits {
        most: 3,
        ..ConnectionLimits::default()
    })
    .await;
    let mut open: Vec<Client> = (0..3).map(|_| harness.client()).collect();
    for client in &mut open {
        assert_eq!(client.get("/version").await.status, 200);
    }
    let refused = harness.client().try_send("GET", "/version", &[], "").await;
    assert!(refused.is_err());
    for client in &mut open {
        assert_eq!(client.get("/version").await.status, 200);
    }
    drop(open.pop());
    until("room", async || {
        let answer = harness.client().try_send("GET", "/version", &[], "").await;
        answer.is_ok().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_has_no_more_connections_than_are_allowed_unless_it_is_a_trusted_proxy() {
    for trusted in [false, true] {
        let mut config = Config {
            connections: ConnectionLimits {
                most_per_peer: 2,
                ..ConnectionLimits::default()
            },
            ..Config::default()
        };
        if trusted {
            config.host.trusted_proxies = vec!["127.0.0.1".into()];
        }
        let harness = Harness::with(config).await;
        let mut open: Vec<Client> = (0..2).map(|_| harness.client()).collect();
        for client in &mut open {
            assert_eq!(client.get("/-/live").await.status, 200);
        }
        let third = harness.client().try_send("GET", "/-/live", &[], "").await;
        assert_eq!(third.is_ok(), trusted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bounds_hold_for_the_next_connection() {
    let harness = serving(ConnectionLimits::default()).await;
    let mut before = harness.client();
    let long = format!("/version?{}", "x".repeat(1000));
    assert_eq!(before.get(&long).await.status, 200);
    let config = Config {
        connections: ConnectionLimits {
            uri_bytes: 500,
            ..ConnectionLimits::default()
        },
        ..Config::default()
    };
    let applied = harness.host.reconfigure(config).await;
    applied.expect("settings that can be used");
    assert_eq!(harness.client().get(&long).await.status, 414);
    assert_eq!(before.get(&long).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_have_bounds_over_either_protocol() {
    let harness = serving(ConnectionLimits {
        head_bytes: 8 << 10,
        headers: 20,
        uri_bytes: 1000,
        h2c: true,
        ..ConnectionLimits::default()
    })
    .await;
    let long = format!("/version?{}", "x".repeat(1000));
    let names: Vec<String> = (0..30).map(|at| format!("x-{at}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let value = "v".repeat(9 << 10);
    let large = [("x-large", value.as_str())];
    for (path, headers, status) in [
        ("/version", &[][..], 200),
        (long.as_str(), &[], 414),
        ("/version", &many, 431),
        ("/version", &large, 431),
    ] {
        let reply = harness.client().try_send("GET", path, headers, "").await;
        assert_eq!(
            reply.expect("an answer").status,
            status,
            "HTTP/1 {headers:?}"
        );
        let mut client = Frames::connect(harness.address, &[]).await;
        let head = request("GET", path, headers);
        let flags = flag::END_STREAM | flag::END_HEADERS;
        client.send(&frame(kind::HEADERS, flags, 1, &head)).await;
        let head = client.next_of(kind::HEADERS).await.expect("an answer");
        let text = String::from_utf8_lossy(&head.payload).into_owned();
        match status {
            200 => assert_eq!(head.status(), 200),
            // The code of a status that has none of one byte.
            _ => assert_eq!(head.status(), 0, "HTTP/2 {text}"),
        }
        client.send(&get(3, "/version")).await;
        let next = client
            .next_of(kind::HEADERS)
            .await
            .expect("the connection goes on");
        assert_eq!((next.stream, next.status()), (3, 200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_reset_at_once_end_the_connection() {
    let harness = over_http2().await;
    let mut client = Frames::connect(harness.address, &[]).await;
    let reset = |stream| frame(kind::RST_STREAM, 0, stream, &8u32.to_be_bytes());
    let mut sent = Vec::new();
    for at in 0..20_000u32 {
        let stream = at * 2 + 1;
        sent.extend(get(stream, "/wait"));
        sent.extend(reset(stream));
    }
    client.send(&sent).await;
    ends(&mut client).await;
    // In a rhythm in which each is looked at first.
    let mut client = Frames::connect(harness.address, &[]).await;
    for at in 0..20_000u32 {
        let stream = at * 2 + 1;
        let one = [get(stream, "/wait"), frame(kind::PING, 0, 0, &[0; 8])].concat();
        client.send(&one).await;
        if client.next_of(kind::PING).await.is_none() {
            break;
        }
        client.send(&reset(stream)).await;
        assert!(at < 19_999, "they were all taken");
    }
    until("the guests' end", async || {
        (harness.host.plugins()[0].calls == 0).then_some(())
    })
    .await;
    assert_eq!(harness.client().get("/version").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_frames_end_the_connection() {
    let harness = over_http2().await;
    let floods = [
        ("pings", frame(kind::PING, 0, 0, &[0; 8])),
        ("settings", settings(&[(3, 100)])),
        ("priorities", frame(kind::PRIORITY, 0, 9, &[0, 0, 0, 1, 7])),
        ("windows", frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("unknown frames", frame(0x42, 0, 0, b"")),
    ];
    for (flood, one) in floods {
        let client = Frames::connect(harness.address, &[]).await;
        let (mut read, mut write) = client.stream.into_split();
        let many = one.repeat(1000);
        // Reads what comes, or it would be cut for that.
        let reading = tokio::spawn(async move {
            let mut bytes = vec![0; 64 << 10];
            while let Ok(1..) = read.read(&mut bytes).await {}
        });
        let mut taken = 0;
        while write.write_all(&many).await.is_ok() {
            taken += many.len();
            assert!(taken < 1 << 30, "{flood} without end");
        }
        reading.await.expect("no panic");
    }
    let mut client = Frames::connect(harness.address, &[]).await;
    client
        .send(&frame(
            kind::HEADERS,
            flag::END_STREAM,
            1,
            &request("GET", "/version", &[]),
        ))
        .await;
    client
        .send(&frame(kind::CONTINUATION, 0, 1, b"").repeat(100_000))
        .await;
    let code = ends(&mut client).await;
    assert!(matches!(code, Some(11) | None), "continuations: {code:?}");
    assert_eq!(harness.client().get("/version").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_unpacks_to_a_thousand_times_its_size_is_not_unpacked() {
    let harness = over_http2().await;
    let mut client = Frames::connect(harness.address, &[]).await;
    // A large header goes into the table, and each further byte names it again.
    let value = "v".repeat(3_000);
    let mut bomb = request("GET", "/version", &[]);
    let mut indexed = headers(&[("x-bomb", &value)]);
    indexed[0] = 0x40;
    bomb.extend(indexed);
    bomb.extend([0xbe; 13_000 / 2]);
    let flags = flag::END_STREAM | flag::END_HEADERS;
    client.send(&frame(kind::HEADERS, flags, 1, &bomb)).await;
    let code = ends(&mut client).await;
    assert!(matches!(code, Some(11) | None), "{code:?}");
    assert_eq!(harness.client().get("/version").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn http1_is_spoken_beside_http2_where_either_may_come() {
    let harness = over_http2().await;
    let mut raw = Raw::send(&harness, "P").await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    raw.write(b"OST /version HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        .await;
    raw.sees("405 Method Not Allowed").await;
}
