//! How long a request may take as a whole: what none of its parts' limits sees ends, too, and a stream is none of that.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::json;
use switchback::{Config, ConnectionLimits, Event, Limit, Limits};
use switchback_tests::Raw;
use switchback_tests::frames::{Frames, flag, frame, get, kind, request};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event};

use crate::contracts;

/// A host whose requests may take half a second, each of their parts as long as by default.
async fn serving() -> Harness {
    let harness = Harness::with(Config {
        limits: Limits {
            request_ms: 500,
            ..Limits::default()
        },
        connections: ConnectionLimits {
            h2c: true,
            ..ConnectionLimits::default()
        },
        ..Config::default()
    })
    .await;
    let mut echo = contracts::operation("echo");
    echo["requestBody"] = json!({ "content": { "application/json": { "schema": {} } } });
    let get = |id: &str| {
        let mut get = contracts::operation(id);
        get["parameters"] =
            json!([{ "name": "n", "in": "query", "schema": { "type": "integer" } }]);
        json!({ "get": get })
    };
    let mut upload = contracts::operation("script-upload");
    let stream = json!({ "schema": {}, "x-switchback-stream": true });
    upload["requestBody"] = json!({ "content": { "application/octet-stream": stream } });
    let paths = json!({
        "/upload": { "post": upload },
        "/echo": { "post": echo },
        "/wait": get("wait"),
        "/big": get("big"),
        "/script": get("script"),
    });
    let guest = blank(&contracts::with_paths(&paths), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

fn took_too_long(event: &Event) -> bool {
    matches!(
        event,
        Event::LimitHit {
            limit: Limit::Request,
            value: 500,
            ..
        }
    )
}

fn was_cut(event: &Event) -> bool {
    matches!(event, Event::Unread { .. })
}

/// Takes a little of an answer now and then, until the server breaks it off.
async fn sip(client: &mut Raw) -> ErrorKind {
    loop {
        match client.read().await {
            Ok(true) => tokio::time::sleep(Duration::from_millis(100)).await,
            Ok(false) => panic!("the answer came to an end"),
            Err(broken) => return broken,
        }
    }
}

const POST: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test(flavor = "multi_thread")]
async fn one_that_has_no_answer_yet_is_504() {
    let harness = serving().await;
    let mut events = harness.host.events();
    for asked in [
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n1",
        "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let mut client = Raw::send(&harness, asked).await;
        client.sees("\"Gateway Timeout\"").await;
        assert!(
            client.all().starts_with("HTTP/1.1 504 "),
            "{}",
            client.all()
        );
        assert!(client.all().contains("connection: close"));
        assert_eq!(client.to_the_end().await, Ok(()));
        event(&mut events, took_too_long).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http2_it_is_504_as_well_and_the_others_go_on() {
    let harness = serving().await;
    let mut events = harness.host.events();
    let post = request("POST", "/echo", &POST);
    let post = frame(kind::HEADERS, flag::END_HEADERS, 1, &post);
    for asked in [post, get(1, "/wait")] {
        let mut client = Frames::connect(harness.address, &[]).await;
        client.send(&asked).await;
        let head = client.next_of(kind::HEADERS).await.expect("an answer");
        assert_eq!((head.stream, head.status()), (1, 504));
        event(&mut events, took_too_long).await;
        client.send(&get(3, "/big?n=1")).await;
        let head = client.next_of(kind::HEADERS).await.expect("an answer");
        assert_eq!((head.stream, head.status()), (3, 200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_taken_slowly_is_cut() {
    let harness = serving().await;
    let mut events = harness.host.events();
    // More than sockets and server hold between them; none of them is done soon.
    let asked = "GET /big?n=8000000 HTTP/1.1\r\nhost: x\r\n\r\n".repeat(4);
    let mut client = Raw::send(&harness, &asked).await;
    assert_eq!(sip(&mut client).await, ErrorKind::ConnectionReset);
    event(&mut events, was_cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http2_its_stream_is_reset() {
    let harness = serving().await;
    let mut events = harness.host.events();
    let mut client = Frames::connect(harness.address, &[]).await;
    // Of this answer only the first window is ever taken.
    client.send(&get(1, "/big?n=8000000")).await;
    event(&mut events, was_cut).await;
    let reset = client.next_of(kind::RST_STREAM).await.expect("it is reset");
    assert_eq!(reset.stream, 1);
    client.send(&get(3, "/big?n=1")).await;
    let head = client.next_of(kind::HEADERS).await.expect("an answer");
    assert_eq!((head.stream, head.status()), (3, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on() {
    let harness = serving().await;
    let script = "x-script: start 200; write first; sleep 6000; write second\r\n";
    let asked = format!("GET /script HTTP/1.1\r\nhost: x\r\n{script}\r\n");
    let mut client = Raw::send(&harness, &asked).await;
    client.sees("second\r\n0\r\n\r\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_its_guest_reads_as_it_comes_may_take_longer() {
    let harness = serving().await;
    let head = "POST /upload HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\n\
                x-script: try count 100; start 200; write all\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut client = Raw::send(&harness, head).await;
    for _ in 0..12 {
        client.chunk("piece").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    client.write(b"0\r\n\r\n").await;
    client.sees("all\r\n0\r\n\r\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_of_a_connection_has_its_own_time() {
    let harness = serving().await;
    let mut client = harness.client();
    // Longer than one may take, and than the server's looks at the clock are apart.
    for _ in 0..60 {
        assert_eq!(client.get("/big?n=1").await.status, 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
