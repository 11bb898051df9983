//! HTTP/2: the same answers as over HTTP/1, many at once, and nothing that one client can keep from others.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use switchback::{Config, ConnectionLimits, Event, HostConfig, Limits, Server};
use switchback_tests::frames::{Frames, flag, frame, get, kind, request};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event, until};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::contracts;

fn config() -> Config {
    Config {
        connections: ConnectionLimits {
            h2c: true,
            ..ConnectionLimits::default()
        },
        ..Config::default()
    }
}

async fn serving(config: Config, operations: &[&str]) -> Harness {
    let harness = Harness::with(config).await;
    let guest = blank(&contracts::of(operations), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

async fn connect(harness: &Harness) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(harness.address)
        .await
        .expect("it listens");
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .expect("it speaks HTTP/2");
    tokio::spawn(connection);
    sender
}

fn to(path: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::builder().uri(format!("http://testserver{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).expect("a request")
}

async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    path: &str,
    headers: &[(&str, &str)],
) -> (http::response::Parts, Bytes) {
    let answer = sender
        .send_request(to(path, headers))
        .await
        .expect("an answer");
    let (head, body) = answer.into_parts();
    (head, body.collect().await.expect("a whole body").to_bytes())
}

fn idle(harness: &Harness) -> Option<()> {
    (harness.host.plugins()[0].calls == 0).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_reaches_its_guest_as_over_http1() {
    let harness = serving(config(), &["incoming"]).await;
    let mut sender = connect(&harness).await;
    let mut client = harness.client();
    let headers = [("x-test", "1"), ("cookie", "a=1; b=2")];
    let (head, body) = ask(&mut sender, "/incoming?n=7", &headers).await;
    assert_eq!(
        (head.status, head.version),
        (StatusCode::OK, Version::HTTP_2)
    );
    let two: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let one = client
        .send("GET", "/incoming?n=7", &headers, "")
        .await
        .json();
    let sorted = |of: &serde_json::Value| {
        let mut all: Vec<String> = of["headers"]
            .as_array()
            .expect("a list")
            .iter()
            .map(ToString::to_string)
            .collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&two), sorted(&one));
    for same in ["method", "uri", "prefix", "identity"] {
        assert_eq!(two[same], one[same], "{same}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_that_come_apart_are_one_and_headers_of_http1_do_not_go_out() {
    let mut config = config();
    config.limits.body_time_ms = 50;
    let harness = Harness::with(config).await;
    let mut echo = contracts::operation("echo");
    echo["requestBody"] = json!({ "content": { "application/json": { "schema": {} } } });
    let mut crumbs = contracts::operation("echo2");
    crumbs["parameters"] = json!([
        { "name": "a", "in": "cookie", "schema": { "type": "string" } },
        { "name": "b", "in": "cookie", "schema": { "type": "string" } },
    ]);
    let paths = json!({ "/echo": { "post": echo }, "/crumbs": { "get": crumbs } });
    let guest = blank(&contracts::with_paths(&paths), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    let mut sender = connect(&harness).await;
    let (head, body) = ask(
        &mut sender,
        "/crumbs",
        &[("cookie", "a=1"), ("cookie", "b=2")],
    )
    .await;
    assert_eq!(head.status, 200);
    let text = String::from_utf8_lossy(&body).into_owned();
    assert!(
        text.contains(r#""a":"1""#) && text.contains(r#""b":"2""#),
        "{text}"
    );

    // Over HTTP/1 the answer to a body that is late says `connection: close`.
    let mut client = Frames::connect(harness.address, &[]).await;
    let late = request("POST", "/echo", &[("content-type", "application/json")]);
    client
        .send(&frame(kind::HEADERS, flag::END_HEADERS, 1, &late))
        .await;
    let head = client.next_of(kind::HEADERS).await.expect("it is answered");
    let text = String::from_utf8_lossy(&head.payload).into_owned();
    assert!(
        !text.contains("connection") && !text.contains("close"),
        "{text}"
    );
    client.send(&get(3, "/crumbs")).await;
    let next = client
        .next_of(kind::HEADERS)
        .await
        .expect("the connection goes on");
    assert_eq!((next.stream, next.status()), (3, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_at_once_share_a_connection() {
    let harness = serving(config(), &["sleep", "big"]).await;
    let mut sender = connect(&harness).await;
    let slow = sender.send_request(to("/sleep?n=2000", &[]));
    let quick: Vec<_> = (0..20)
        .map(|_| sender.send_request(to("/big?n=100000", &[])))
        .collect();
    for answer in quick {
        let answer = answer.await.expect("an answer");
        let length = answer.headers()["content-length"]
            .to_str()
            .expect("digits")
            .to_owned();
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("whole")
            .to_bytes();
        assert_eq!(body.len().to_string(), length);
        assert!(body.len() >= 100_000);
    }
    assert_eq!(slow.await.expect("an answer").status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_reset_cancels_its_guest_and_no_other() {
    let harness = serving(config(), &["wait", "version"]).await;
    let mut client = Frames::connect(harness.address, &[]).await;
    client.send(&get(1, "/wait")).await;
    until("the call", async || {
        (harness.host.plugins()[0].calls == 1).then_some(())
    })
    .await;
    client
        .send(&frame(kind::RST_STREAM, 0, 1, &8u32.to_be_bytes()))
        .await;
    until("its end", async || idle(&harness)).await;
    client.send(&get(3, "/version")).await;
    let head = client.next_of(kind::HEADERS).await.expect("an answer");
    assert_eq!((head.stream, head.status()), (3, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_gone_cancels_all_of_its_guests() {
    let harness = serving(config(), &["wait"]).await;
    let mut client = Frames::connect(harness.address, &[]).await;
    for stream in [1, 3, 5] {
        client.send(&get(stream, "/wait")).await;
    }
    until("the calls", async || {
        (harness.host.plugins()[0].calls == 3).then_some(())
    })
    .await;
    drop(client);
    until("their end", async || idle(&harness)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_lets_streams_finish_and_opens_no_more() {
    let harness = serving(config(), &["sleep"]).await;
    let server = Server::bind("127.0.0.1:0").await.expect("a free port");
    let address = server.local_addr().expect("its address");
    let stop = CancellationToken::new();
    let server = server
        .threads(1)
        .run(harness.host.clone(), stop.clone().cancelled_owned());
    let server = tokio::spawn(server);
    let mut client = Frames::connect(address, &[]).await;
    client.send(&get(1, "/sleep?n=500")).await;
    until("the call", async || {
        (harness.host.plugins()[0].calls == 1).then_some(())
    })
    .await;
    stop.cancel();
    let goaway = client.next_of(kind::GOAWAY).await.expect("it says so");
    assert_eq!(goaway.number(8), 0);
    let head = client.next_of(kind::HEADERS).await.expect("the answer");
    assert_eq!((head.stream, head.status()), (1, 200));
    // A client that never acknowledges does not put off the end.
    while client.next().await.is_some() {}
    server.await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_of_an_answer_has_its_stream_reset() {
    let mut config = config();
    config.host = HostConfig {
        write_idle_ms: 300,
        ..HostConfig::default()
    };
    config.limits = Limits {
        stream_idle_ms: 300_000,
        ..Limits::default()
    };
    let harness = serving(config, &["big", "script"]).await;
    let mut events = harness.host.events();
    // No window at all, and one that is soon full.
    for (window, path) in [(0, "/big?n=10"), (20_000, "/big?n=400000")] {
        let mut client = Frames::connect(harness.address, &[(4, window)]).await;
        client.send(&get(1, path)).await;
        let peer = client.stream.local_addr().expect("it is connected");
        let unread =
            |event: &Event| matches!(event, Event::Unread { peer: Some(of) } if *of == peer);
        event(&mut events, unread).await;
        let reset = client.next_of(kind::RST_STREAM).await.expect("a reset");
        assert_eq!(reset.stream, 1);
        until("the guest's end", async || idle(&harness)).await;
    }
    // One that has nothing to say is another thing.
    let mut client = Frames::connect(harness.address, &[]).await;
    let script = "start 200; write first; sleep 900; write second";
    let head = request("GET", "/script", &[("x-script", script)]);
    let flags = flag::END_STREAM | flag::END_HEADERS;
    client.send(&frame(kind::HEADERS, flags, 1, &head)).await;
    let mut body = Vec::new();
    loop {
        let data = client
            .next_of(kind::DATA)
            .await
            .expect("the answer goes on");
        body.extend(data.payload);
        if data.flags & flag::END_STREAM != 0 {
            break;
        }
    }
    assert_eq!(body, b"firstsecond");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_is_not_held_for_a_client_that_takes_it_slowly() {
    let harness = serving(config(), &["big"]).await;
    let mut client = Frames::connect(harness.address, &[(4, 1)]).await;
    client.send(&get(1, "/big?n=400000")).await;
    let data = client.next_of(kind::DATA).await.expect("one byte");
    assert_eq!(data.payload.len(), 1);
    // Whole, as hyper does it, nothing of the task would be left.
    tokio::time::sleep(Duration::from_millis(100)).await;
    client
        .send(&frame(
            kind::WINDOW_UPDATE,
            0,
            1,
            &1_000_000u32.to_be_bytes(),
        ))
        .await;
    client
        .send(&frame(
            kind::WINDOW_UPDATE,
            0,
            0,
            &1_000_000u32.to_be_bytes(),
        ))
        .await;
    let mut count = 1;
    loop {
        let data = client
            .next_of(kind::DATA)
            .await
            .expect("the answer goes on");
        count += data.payload.len();
        if data.flags & flag::END_STREAM != 0 {
            break;
        }
    }
    assert!(count >= 400_000);
}
