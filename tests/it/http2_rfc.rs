//! RFC 9113, sections 3 to 8, by number: what a client sends, and what has to come back.

use std::net::SocketAddr;

use serde_json::json;
use switchback::{Config, ConnectionLimits};
use switchback_tests::Harness;
use switchback_tests::frames::{Frames, flag, frame, get, headers, kind, request, settings};
use switchback_tests::guests::{Describe, blank};

use crate::contracts;

const PROTOCOL: u32 = 1;
const FLOW: u32 = 3;
const CLOSED: u32 = 5;
const SIZE: u32 = 6;
const REFUSED: u32 = 7;
const COMPRESSION: u32 = 9;

/// What has to come of it.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The answer on stream 1 has this status.
    Answers(u16),
    /// The stream is reset for this reason (or, as 5.4 allows, for the general one), and the connection goes on.
    Resets(u32, u32),
    /// The same, or as 5.4.1 allows the connection as a whole ends for it.
    Fails(u32, u32),
    /// The connection ends with GOAWAY for this reason, or for the general one.
    Ends(u32),
    /// Nothing: the connection goes on.
    Ignores,
}

use Then::{Answers, Ends, Fails, Ignores, Resets};

/// A request with a body that does not end yet.
fn post(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    let mut list = vec![("content-type", "application/json")];
    list.extend(more);
    let head = request("POST", "/echo", &list);
    frame(kind::HEADERS, flag::END_HEADERS, stream, &head)
}

/// A request without a body, of just these headers.
fn of(list: &[(&str, &str)]) -> Vec<u8> {
    let flags = flag::END_STREAM | flag::END_HEADERS;
    frame(kind::HEADERS, flags, 1, &headers(list))
}

/// The same of a good request, and one header more.
fn with(name: &str, value: &str) -> Vec<u8> {
    let flags = flag::END_STREAM | flag::END_HEADERS;
    let head = request("GET", "/version", &[(name, value)]);
    frame(kind::HEADERS, flags, 1, &head)
}

const METHOD: (&str, &str) = (":method", "GET");
const SCHEME: (&str, &str) = (":scheme", "http");
const PATH: (&str, &str) = (":path", "/version");
const HOST: (&str, &str) = (":authority", "testserver");

fn window(stream: u32, increment: u32) -> Vec<u8> {
    frame(kind::WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

fn data(stream: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
    frame(kind::DATA, flags, stream, bytes)
}

fn reset(stream: u32) -> Vec<u8> {
    frame(kind::RST_STREAM, 0, stream, &8u32.to_be_bytes())
}

#[rustfmt::skip]
fn cases() -> Vec<(&'static str, &'static str, Vec<u8>, Then)> {
    let all = |parts: &[Vec<u8>]| parts.concat();
    let open = flag::END_HEADERS;
    let whole = flag::END_STREAM | flag::END_HEADERS;
    let good = request("GET", "/version", &[]);
    vec![
        ("4.1", "flags that mean nothing are ignored", frame(kind::PING, 0xfe, 0, &[0; 8]), Ignores),
        ("4.1", "the reserved bit of a stream is ignored", frame(kind::HEADERS, whole, 1 << 31 | 1, &good), Answers(200)),
        ("4.2", "a frame is larger than was allowed", frame(kind::DATA, 0, 1, &[0; (16 << 10) + 1]), Ends(SIZE)),
        ("4.2", "a large frame that changes the connection", frame(kind::SETTINGS, 0, 0, &vec![0; 6 * 3000]), Ends(SIZE)),
        ("4.3", "headers that cannot be decompressed", frame(kind::HEADERS, whole, 1, &[0xff, 0xff, 0xff, 0xff, 0xff]), Ends(COMPRESSION)),
        ("4.3", "an index that is in no table", frame(kind::HEADERS, whole, 1, &[0xfe]), Ends(COMPRESSION)),

        ("5.1", "idle: DATA", data(1, 0, b"x"), Ends(PROTOCOL)),
        ("5.1", "idle: RST_STREAM", reset(1), Ends(PROTOCOL)),
        ("5.1", "idle: WINDOW_UPDATE", window(1, 1), Ends(PROTOCOL)),
        ("5.1", "half closed: DATA", all(&[get(1, "/wait"), data(1, 0, b"x")]), Fails(1, CLOSED)),
        ("5.1", "half closed: HEADERS", all(&[get(1, "/wait"), get(1, "/version")]), Fails(1, CLOSED)),
        ("5.1", "half closed: WINDOW_UPDATE and RST_STREAM are allowed", all(&[get(1, "/wait"), window(1, 1), reset(1)]), Ignores),
        ("5.1", "closed by RST_STREAM: PRIORITY is allowed", all(&[get(1, "/wait"), reset(1), frame(kind::PRIORITY, 0, 1, &[0, 0, 0, 0, 1])]), Ignores),
        ("5.1.1", "a client's stream has an odd number", get(2, "/version"), Ends(PROTOCOL)),
        ("5.1.1", "numbers of streams only grow", all(&[get(5, "/wait"), get(3, "/version")]), Ends(PROTOCOL)),
        ("5.1.2", "more streams than were allowed", all(&[get(1, "/wait"), get(3, "/wait"), get(5, "/wait"), get(7, "/version")]), Resets(7, REFUSED)),
        ("5.5", "a frame of an unknown kind", all(&[frame(0x42, 0xff, 0, b"whatever"), get(1, "/version")]), Answers(200)),
        ("5.5", "a frame of an unknown kind, between headers", all(&[frame(kind::HEADERS, flag::END_STREAM, 1, &good), frame(0x42, 0, 1, b""), frame(kind::CONTINUATION, open, 1, b"")]), Ends(PROTOCOL)),

        ("6.1", "DATA on stream 0", data(0, 0, b"x"), Ends(PROTOCOL)),
        ("6.1", "DATA with more padding than payload", all(&[post(1, &[]), data(1, flag::PADDED, &[9, b'x'])]), Ends(PROTOCOL)),
        ("6.1", "DATA with padding", all(&[post(1, &[]), data(1, flag::PADDED | flag::END_STREAM, b"\x02{}\0\0")]), Answers(200)),
        ("6.2", "HEADERS on stream 0", frame(kind::HEADERS, whole, 0, &good), Ends(PROTOCOL)),
        ("6.2", "HEADERS with more padding than payload", frame(kind::HEADERS, whole | flag::PADDED, 1, &[200, 0x82]), Ends(PROTOCOL)),
        ("6.2", "HEADERS with padding and a priority", frame(kind::HEADERS, whole | flag::PADDED | flag::PRIORITY, 1, &[&[2, 0, 0, 0, 0, 7][..], &good, &[0, 0]].concat()), Answers(200)),
        ("6.2", "HEADERS whose end is cut off by another frame", all(&[frame(kind::HEADERS, flag::END_STREAM, 1, &good), frame(kind::PING, 0, 0, &[0; 8])]), Ends(PROTOCOL)),
        ("6.2", "HEADERS whose end is cut off by another stream's", all(&[frame(kind::HEADERS, flag::END_STREAM, 1, &good), get(3, "/version")]), Ends(PROTOCOL)),
        ("6.3", "PRIORITY on stream 0", frame(kind::PRIORITY, 0, 0, &[0; 5]), Ends(PROTOCOL)),
        ("6.3", "PRIORITY on a stream that is idle", all(&[frame(kind::PRIORITY, 0, 9, &[0, 0, 0, 1, 7]), get(1, "/version")]), Answers(200)),
        ("6.4", "RST_STREAM on stream 0", reset(0), Ends(PROTOCOL)),
        ("6.4", "RST_STREAM of a wrong size", all(&[get(1, "/wait"), frame(kind::RST_STREAM, 0, 1, &[0; 3])]), Ends(SIZE)),
        ("6.5", "SETTINGS on a stream", frame(kind::SETTINGS, 0, 1, &[]), Ends(PROTOCOL)),
        ("6.5", "SETTINGS of a wrong size", frame(kind::SETTINGS, 0, 0, &[0; 5]), Ends(SIZE)),
        ("6.5", "SETTINGS that acknowledge and set", frame(kind::SETTINGS, flag::ACK, 0, &[0; 6]), Ends(SIZE)),
        ("6.5.2", "ENABLE_PUSH is 0 or 1", settings(&[(2, 2)]), Ends(PROTOCOL)),
        ("6.5.2", "INITIAL_WINDOW_SIZE has 31 bits", settings(&[(4, 1 << 31)]), Ends(FLOW)),
        ("6.5.2", "MAX_FRAME_SIZE is 16,384 at the least", settings(&[(5, 16_383)]), Ends(PROTOCOL)),
        ("6.5.2", "MAX_FRAME_SIZE has 24 bits", settings(&[(5, 1 << 24)]), Ends(PROTOCOL)),
        ("6.5.2", "an unknown setting is ignored", all(&[settings(&[(0xf0, 7)]), get(1, "/version")]), Answers(200)),
        ("6.6", "PUSH_PROMISE by a client", frame(kind::PUSH_PROMISE, open, 1, &[&[0, 0, 0, 2][..], &good].concat()), Ends(PROTOCOL)),
        ("6.7", "PING on a stream", frame(kind::PING, 0, 1, &[0; 8]), Ends(PROTOCOL)),
        ("6.7", "PING of a wrong size", frame(kind::PING, 0, 0, &[0; 7]), Ends(SIZE)),
        ("6.7", "a PING is acknowledged that was never sent", frame(kind::PING, flag::ACK, 0, &[7; 8]), Ignores),
        ("6.8", "GOAWAY on a stream", frame(kind::GOAWAY, 0, 1, &[0; 8]), Ends(PROTOCOL)),
        ("6.9", "WINDOW_UPDATE by nothing, of the connection", window(0, 0), Ends(PROTOCOL)),
        ("6.9", "WINDOW_UPDATE by nothing, of a stream", all(&[get(1, "/wait"), window(1, 0)]), Fails(1, PROTOCOL)),
        ("6.9", "WINDOW_UPDATE of a wrong size", frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 1]), Ends(SIZE)),
        ("6.9.1", "a window of more than 31 bits, of the connection", window(0, (1 << 31) - 1), Ends(FLOW)),
        ("6.9.1", "a window of more than 31 bits, of a stream", all(&[get(1, "/wait"), window(1, (1 << 31) - 1)]), Resets(1, FLOW)),
        ("6.10", "CONTINUATION of nothing", frame(kind::CONTINUATION, open, 1, &good), Ends(PROTOCOL)),
        ("6.10", "CONTINUATION of headers that have ended", all(&[get(1, "/wait"), frame(kind::CONTINUATION, open, 1, &[])]), Ends(PROTOCOL)),
        ("6.10", "CONTINUATION on stream 0", all(&[frame(kind::HEADERS, flag::END_STREAM, 1, &good), frame(kind::CONTINUATION, open, 0, &[])]), Ends(PROTOCOL)),
        ("6.10", "CONTINUATION on another stream", all(&[frame(kind::HEADERS, flag::END_STREAM, 1, &good), frame(kind::CONTINUATION, open, 3, &[])]), Ends(PROTOCOL)),
        ("6.10", "headers in three frames", all(&[frame(kind::HEADERS, flag::END_STREAM, 1, &good[..10]), frame(kind::CONTINUATION, 0, 1, &good[10..20]), frame(kind::CONTINUATION, open, 1, &good[20..])]), Answers(200)),

        ("8.1", "a second HEADERS that does not end the stream", all(&[post(1, &[]), data(1, 0, b"{}"), frame(kind::HEADERS, open, 1, &headers(&[("x-a", "b")]))]), Resets(1, PROTOCOL)),
        ("8.1", "trailers", all(&[post(1, &[]), data(1, 0, b"{}"), frame(kind::HEADERS, whole, 1, &headers(&[("x-a", "b")]))]), Answers(200)),
        ("8.1", "trailers with a pseudo-header, which are malformed: h2 takes them without it, and nothing looks at trailers", all(&[post(1, &[]), data(1, 0, b"{}"), frame(kind::HEADERS, whole, 1, &headers(&[(":path", "/")]))]), Answers(200)),
        ("8.1.1", "a content-length of more than comes", all(&[post(1, &[("content-length", "3")]), data(1, flag::END_STREAM, b"{}")]), Resets(1, PROTOCOL)),
        ("8.1.1", "a content-length of less than comes", all(&[post(1, &[("content-length", "1")]), data(1, flag::END_STREAM, b"{}")]), Resets(1, PROTOCOL)),
        ("8.1.1", "a content-length, and no body", with("content-length", "1"), Resets(1, PROTOCOL)),
        ("8.1.1", "two lengths", all(&[post(1, &[("content-length", "2"), ("content-length", "3")]), data(1, flag::END_STREAM, b"{}")]), Resets(1, PROTOCOL)),
        ("8.2", "a name with capitals", with("X-Test", "1"), Fails(1, PROTOCOL)),
        ("8.2.1", "a name with a blank", with("x test", "1"), Fails(1, PROTOCOL)),
        ("8.2.1", "a name with a colon", with("x:test", "1"), Fails(1, PROTOCOL)),
        ("8.2.1", "a value with a zero", with("x-test", "a\0b"), Fails(1, PROTOCOL)),
        ("8.2.1", "a value with a line feed", with("x-test", "a\nb: c"), Fails(1, PROTOCOL)),
        ("8.2.1", "a value with a carriage return", with("x-test", "a\rb"), Fails(1, PROTOCOL)),
        ("8.2.2", "connection", with("connection", "keep-alive"), Resets(1, PROTOCOL)),
        ("8.2.2", "keep-alive", with("keep-alive", "5"), Resets(1, PROTOCOL)),
        ("8.2.2", "proxy-connection", with("proxy-connection", "close"), Resets(1, PROTOCOL)),
        ("8.2.2", "transfer-encoding", with("transfer-encoding", "chunked"), Resets(1, PROTOCOL)),
        ("8.2.2", "upgrade", with("upgrade", "websocket"), Resets(1, PROTOCOL)),
        ("8.2.2", "te with more than trailers", with("te", "gzip"), Resets(1, PROTOCOL)),
        ("8.2.2", "te with trailers", with("te", "trailers"), Answers(200)),
        ("8.3", "a pseudo-header after another header", of(&[METHOD, SCHEME, PATH, ("x-a", "b"), HOST]), Resets(1, PROTOCOL)),
        ("8.3", "an unknown pseudo-header", of(&[METHOD, SCHEME, PATH, HOST, (":test", "1")]), Fails(1, PROTOCOL)),
        ("8.3", "a pseudo-header of answers", of(&[METHOD, SCHEME, PATH, HOST, (":status", "200")]), Resets(1, PROTOCOL)),
        ("8.3", "a pseudo-header twice", of(&[METHOD, SCHEME, PATH, PATH, HOST]), Resets(1, PROTOCOL)),
        ("8.3.1", "no method", of(&[SCHEME, PATH, HOST]), Resets(1, PROTOCOL)),
        ("8.3.1", "no scheme", of(&[METHOD, PATH, HOST]), Resets(1, PROTOCOL)),
        ("8.3.1", "no path", of(&[METHOD, SCHEME, HOST]), Resets(1, PROTOCOL)),
        ("8.3.1", "an empty path", of(&[METHOD, SCHEME, (":path", ""), HOST]), Resets(1, PROTOCOL)),
        ("8.3.1", "no authority and no host", of(&[METHOD, SCHEME, PATH]), Answers(400)),
        ("8.3.1", "a host for an authority", of(&[METHOD, SCHEME, PATH, ("host", "testserver")]), Answers(200)),
        ("8.3.1", "a host that is not the authority", of(&[METHOD, SCHEME, PATH, HOST, ("host", "another")]), Answers(400)),
        ("8.3.1", "an authority with a user", of(&[METHOD, SCHEME, PATH, (":authority", "me@testserver")]), Answers(400)),
        ("8.5", "CONNECT with a path", of(&[(":method", "CONNECT"), SCHEME, PATH, HOST]), Resets(1, PROTOCOL)),
        ("8.6", "an upgrade to another protocol has no meaning", with("http2-settings", "AAMAAABkAAQCAAAAAAIAAAAA"), Answers(200)),
    ]
}

async fn serving() -> Harness {
    let harness = Harness::with(Config {
        connections: ConnectionLimits {
            h2c: true,
            streams: 3,
            ..ConnectionLimits::default()
        },
        ..Config::default()
    })
    .await;
    let mut paths = json!({});
    for name in ["version", "wait"] {
        paths[format!("/{name}")] = json!({ "get": contracts::operation(name) });
    }
    let mut echo = contracts::operation("echo");
    echo["requestBody"] = json!({ "content": { "application/json": { "schema": {} } } });
    paths["/echo"] = json!({ "post": echo });
    let guest = blank(&contracts::with_paths(&paths), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

/// What came instead, if it is not what had to.
async fn wrong(address: SocketAddr, sent: &[u8], then: Then) -> Option<String> {
    let mut client = Frames::connect(address, &[]).await;
    client.send(sent).await;
    match then {
        Answers(status) => {
            let head = client.next_of(kind::HEADERS).await;
            let fits = head.as_ref().is_some_and(|head| head.status() == status);
            (!fits).then(|| format!("{head:?}"))
        }
        Ends(code) => {
            let goaway = client.next_of(kind::GOAWAY).await;
            let found = goaway.as_ref().map(|goaway| goaway.number(8));
            if found != Some(code) && found != Some(PROTOCOL) {
                return Some(format!("{goaway:?}"));
            }
            while client.next().await.is_some() {}
            None
        }
        Resets(stream, code) => {
            let reset = client.next_of(kind::RST_STREAM).await;
            let found = reset.as_ref().map(|it| (it.stream, it.number(4)));
            if found != Some((stream, code)) && found != Some((stream, PROTOCOL)) {
                return Some(format!("{reset:?}"));
            }
            goes_on(&mut client).await
        }
        Fails(stream, code) => loop {
            let frame = client.next().await;
            let found = match &frame {
                Some(it) if it.kind == kind::RST_STREAM => (it.stream == stream, it.number(4)),
                Some(it) if it.kind == kind::GOAWAY => (true, it.number(8)),
                Some(_) => continue,
                None => return Some("the connection ended without a word".into()),
            };
            let fits = found == (true, code) || found == (true, PROTOCOL);
            return (!fits).then(|| format!("{frame:?}"));
        },
        Ignores => goes_on(&mut client).await,
    }
}

async fn goes_on(client: &mut Frames) -> Option<String> {
    client.send(&frame(kind::PING, 0, 0, b"go on?!!")).await;
    loop {
        match client.next_of(kind::PING).await {
            None => return Some("the connection ended".into()),
            Some(pong) if pong.flags == flag::ACK && pong.payload == b"go on?!!" => return None,
            Some(_) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_case_of_the_rfc_comes_out_as_it_says() {
    let harness = serving().await;
    let cases = cases();
    let numbered = cases.iter().filter(|case| "568".contains(&case.0[..1]));
    assert!(numbered.count() >= 40, "sections 5, 6 and 8");
    let mut failed = Vec::new();
    for (section, says, sent, then) in cases {
        if let Some(came) = wrong(harness.address, &sent, then).await {
            failed.push(format!("{section} {says}: {then:?}, but {came}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let mut client = Frames::connect(harness.address, &[]).await;
    client.send(&get(1, "/version")).await;
    let head = client.next_of(kind::HEADERS).await.expect("an answer");
    assert_eq!(head.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_begins_with_settings_and_acknowledges_the_clients() {
    let harness = serving().await;
    let mut client = Frames::connect(harness.address, &[(3, 7)]).await;
    let first = client.next().await.expect("settings");
    assert_eq!(
        (first.kind, first.flags, first.stream),
        (kind::SETTINGS, 0, 0)
    );
    let ack = client.next_of(kind::SETTINGS).await.expect("acknowledged");
    assert_eq!((ack.flags, ack.payload.len()), (flag::ACK, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_almost_like_http2_is_no_connection_of_it() {
    let harness = serving().await;
    for begin in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r!"[..],
        b"PRI / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ] {
        let mut client = Frames::connect(harness.address, &[]).await;
        drop(client.stream);
        client.stream = tokio::net::TcpStream::connect(harness.address)
            .await
            .expect("the server listens");
        client.send(begin).await;
        // HTTP/1 has nothing to say to the one, and to the other what it says to any unknown method.
        while client.next_of(0xff).await.is_some() {}
    }
    let mut client = harness.client();
    assert_eq!(client.get("/version").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_window_of_data_is_a_flow_control_error() {
    let harness = serving().await;
    let mut client = Frames::connect(harness.address, &[]).await;
    // A guest that reads nothing: the body is never asked for.
    client.send(&post(1, &[])).await;
    let piece = data(1, 0, &[b' '; 16 << 10]);
    for _ in 0..200 {
        client.send(&piece).await;
    }
    let end = loop {
        match client.next().await {
            Some(frame) if frame.kind == kind::WINDOW_UPDATE => {}
            Some(frame) if frame.kind == kind::RST_STREAM => break Some(frame.number(4)),
            Some(frame) if frame.kind == kind::GOAWAY => break Some(frame.number(8)),
            Some(_) => {}
            None => break None,
        }
    };
    // A body that is too large is answered first, and then given up.
    assert!(matches!(end, Some(0 | FLOW)), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_waits_for_the_window_that_its_client_gives() {
    let harness = serving().await;
    let mut client = Frames::connect(harness.address, &[(4, 0)]).await;
    client.send(&get(1, "/version")).await;
    let head = client.next_of(kind::HEADERS).await.expect("a head");
    assert_eq!(head.flags & flag::END_STREAM, 0);
    for (given, expected) in [(3, 3), (100, 12)] {
        client.send(&window(1, given)).await;
        let data = client.next_of(kind::DATA).await.expect("as much as it may");
        assert_eq!(data.payload.len(), expected);
    }
}
