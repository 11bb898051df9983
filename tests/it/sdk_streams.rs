//! The example `streams` as a component: what the SDK makes of iterators and functions that send, over HTTP.

use switchback::Config;
use switchback_tests::harness::PATIENCE;
use switchback_tests::{Harness, guests};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn serving() -> Harness {
    let harness = Harness::with(Config::default()).await;
    harness
        .deploy("streams", guests::streams())
        .await
        .expect("served");
    harness
}

/// Reads until `text` has come; all that has.
async fn sees(stream: &mut TcpStream, seen: &mut String, text: &str) {
    while !seen.contains(text) {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut bytes)).await;
        let count = read.expect("something comes in time").expect("it is read");
        assert!(count > 0, "{text:?} never came: {seen}");
        seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_are_sent_as_fastapi_sends_them() {
    let harness = serving().await;
    let reply = harness.client().get("/primes?count=3").await;
    assert_eq!(reply.header("content-type"), "application/jsonl");
    assert_eq!(
        reply.text(),
        "{\"number\":1,\"prime\":2}\n{\"number\":2,\"prime\":3}\n{\"number\":3,\"prime\":5}\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_arrives_while_the_function_waits_for_the_next() {
    let harness = serving().await;
    let mut stream = TcpStream::connect(harness.address)
        .await
        .expect("the server listens");
    stream
        .write_all(b"GET /clock?ticks=60 HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("the server reads");
    let mut seen = String::new();
    sees(&mut stream, &mut seen, "event: tick\ndata: {\"seconds\":").await;
    let head = seen.to_lowercase();
    for header in [
        "content-type: text/event-stream; charset=utf-8\r\n",
        "cache-control: no-cache\r\n",
        "x-accel-buffering: no\r\n",
    ] {
        assert!(head.contains(header), "{head}");
    }
    assert_eq!(harness.host.plugins()[0].calls, 1, "the function goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_is_answered_before_the_next_is_sent() {
    let harness = serving().await;
    let mut stream = TcpStream::connect(harness.address)
        .await
        .expect("the server listens");
    let head = "POST /progress HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("it is read");
    let mut seen = String::new();
    for (chunk, answered) in [
        ("4\r\none\n\r\n", "data: {\"lines\":1,\"bytes\":4}\n\n"),
        ("4\r\ntwo\n\r\n", "data: {\"lines\":2,\"bytes\":8}\n\n"),
        (
            "0\r\n\r\n",
            "event: end\ndata: {\"lines\":2,\"bytes\":8}\n\n",
        ),
    ] {
        stream
            .write_all(chunk.as_bytes())
            .await
            .expect("it is read");
        sees(&mut stream, &mut seen, answered).await;
    }
    sees(&mut stream, &mut seen, "0\r\n\r\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_type_than_the_attribute_says_is_refused() {
    let harness = serving().await;
    let reply = harness.client().post("/count", "{}").await;
    assert_eq!(reply.status, 415);
}
