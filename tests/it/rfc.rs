//! HTTP/1.1 as RFC 9110 and RFC 9112 have it: each row is what a client sends, byte for byte, the section that it is about,
//! and what comes back. Behind every row the same request is sent once more: whether it is answered says whether the
//! connection was kept, and that both sides agree where the next request begins.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::{Harness, Raw};

use crate::contracts;

/// What comes back.
#[derive(Debug, PartialEq)]
enum Back {
    /// These statuses, and then the answer to what is sent behind.
    Kept(&'static [u16]),
    /// These statuses, and the connection is closed.
    Closed(&'static [u16]),
}

use Back::{Closed, Kept};

struct Row {
    /// `9110` or `9112`, and its section.
    section: &'static str,
    sent: Vec<u8>,
    back: Back,
}

/// One answer as it was read.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

/// What is sent behind each row.
const BEHIND: &str = "GET /version?n=9 HTTP/1.1\r\nHost: behind\r\nConnection: close\r\n\r\n";

fn row(section: &'static str, sent: impl AsRef<[u8]>, back: Back) -> Row {
    Row {
        section,
        sent: sent.as_ref().to_vec(),
        back,
    }
}

/// A request with these lines of its head after `Host`, and without a body.
fn get(lines: &str) -> String {
    format!("GET /version HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
}

/// One with a body.
fn post(lines: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{lines}\r\n{body}")
}

fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked\r\n", body)
}

/// A request line before a host, and nothing else.
fn line(line: &str) -> String {
    format!("{line}\r\nHost: a\r\n\r\n")
}

fn host(line: &str) -> String {
    format!("GET /version HTTP/1.1\r\n{line}\r\n")
}

async fn serving() -> Harness {
    let harness = Harness::new().await;
    let echo = json!({ "post": {
        "operationId": "echo",
        "requestBody": { "content": { "application/json": { "schema": {} } } },
        "responses": { "200": { "description": "Anything" } },
    } });
    let mut contract: Value =
        serde_json::from_str(&contracts::of(&["version", "incoming", "empty", "trap"])).unwrap();
    contract["paths"]["/echo"] = echo;
    contract["paths"]["/empty"]["get"]["responses"] =
        json!({ "204": { "description": "Nothing" } });
    let guest = blank(&contract.to_string(), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

/// Sends it, and reads all that comes back until the server closes.
async fn exchange(harness: &Harness, sent: &[u8]) -> Vec<Answer> {
    let mut raw = Raw::send(harness, "").await;
    // Who is refused early may find the connection closed.
    let _ = tokio::io::AsyncWriteExt::write_all(&mut raw.stream, sent).await;
    let _ = raw.to_the_end().await;
    answers(raw.bytes(), sent.starts_with(b"HEAD "))
}

/// Takes apart what came. The first may be the answer to a HEAD.
fn answers(mut bytes: &[u8], mut to_head: bool) -> Vec<Answer> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end + 2].to_vec()).unwrap();
        bytes = &bytes[end + 4..];
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let field = |name: &str| header(&head, name);
        let mut body = Vec::new();
        if !(to_head || status < 200 || status == 204 || status == 304) {
            assert_eq!(field("transfer-encoding"), None, "{head}");
            let length: usize = field("content-length").expect("a length").parse().unwrap();
            body = bytes[..length].to_vec();
            bytes = &bytes[length..];
        }
        to_head &= status < 200;
        found.push(Answer { status, head, body });
    }
    found
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let long = |count: usize| "a".repeat(count);
    vec![
        // A message: its lines and their ends.
        row("9112 2.1", get(""), Kept(&[200])),
        row("9112 2.2 (a bare LF may end a line)", "GET /version HTTP/1.1\nHost: a\n\n", Kept(&[200])),
        row("9112 2.2 (bare CR in a value)", get("X-A: a\rb\r\n"), Closed(&[400])),
        row("9112 2.2 (bare CR for a line's end)", "GET /version HTTP/1.1\rHost: a\r\r", Closed(&[400])),
        row("9112 2.2 (bare CR in the request line)", "GET /ver\rsion HTTP/1.1\r\nHost: a\r\n\r\n", Closed(&[400])),
        row("9112 2.2 (an empty line before the request)", format!("\r\n{}", get("")), Kept(&[200])),
        row("9112 2.2 (two empty lines before the request)", format!("\r\n\r\n{}", get("")), Kept(&[200])),
        row("9112 2.2 (white space before the first header)", "GET /version HTTP/1.1\r\n Host: a\r\n\r\n", Closed(&[400])),
        row("9112 2.2 (white space before the request)", format!(" {}", get("")), Closed(&[400])),
        row("9112 2.2 (no HTTP at all)", "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", Closed(&[400])),

        // Versions.
        row("9112 2.3 (1.0 closes)", "GET /version HTTP/1.0\r\n\r\n", Closed(&[200])),
        row("9112 2.3 (1.0 with a host)", "GET /version HTTP/1.0\r\nHost: a\r\n\r\n", Closed(&[200])),
        row("9112 C.2.2 (1.0 that is kept alive)", "GET /version HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Kept(&[200])),
        row("9112 2.3 (0.9)", "GET /version\r\n\r\n", Closed(&[400])),
        row("9110 15.6.6 (2.0 in a request line)", line("GET /version HTTP/2.0"), Closed(&[400])),
        row("9110 15.6.6 (3.0)", line("GET /version HTTP/3.0"), Closed(&[400])),
        row("9112 2.3 (1.12)", line("GET /version HTTP/1.12"), Closed(&[400])),
        row("9112 2.3 (http/1.1)", line("GET /version http/1.1"), Closed(&[400])),
        row("9113 3.4 (the preface of HTTP/2, without it)", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Closed(&[])),

        // The request line.
        row("9112 3 (two spaces)", line("GET  /version HTTP/1.1"), Closed(&[400])),
        row("9112 3 (a tab)", line("GET\t/version HTTP/1.1"), Closed(&[400])),
        row("9112 3 (a space in the target)", line("GET /ver sion HTTP/1.1"), Closed(&[400])),
        row("9112 3 (a space at the end)", line("GET /version HTTP/1.1 "), Closed(&[400])),
        row("9112 3.1 (a lower-case method is another)", line("get /version HTTP/1.1"), Kept(&[405])),
        row("9110 9.1 (an unknown method)", line("BREW /version HTTP/1.1"), Kept(&[405])),
        row("9112 3.1 (a method that is no token)", line("GE(T /version HTTP/1.1"), Closed(&[400])),
        row("9112 3.2 (a NUL in the target)", line("GET /ver\0sion HTTP/1.1"), Closed(&[400])),
        row("9112 3.2 (a target that is no UTF-8)", b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", Closed(&[400])),
        row("9112 3.2 (a target beyond ASCII)", line("GET /ü HTTP/1.1"), Kept(&[404])),
        row("9112 3.2 (no target)", line("GET HTTP/1.1"), Closed(&[400])),
        row("9112 3.2 (no path)", line("GET version HTTP/1.1"), Closed(&[400])),
        row("9112 3 (a target that is too long)", line(&format!("GET /{} HTTP/1.1", long(70_000))), Closed(&[414])),
        row("9112 3 (a target that does not end)", format!("GET /{}", long(200_000)), Closed(&[414])),
        row("9110 4.1 (what is behind # is not looked at)", line("GET /version#/trap HTTP/1.1"), Kept(&[200])),

        // Targets.
        row("9112 3.2.1 (a query alone)", line("GET /version? HTTP/1.1"), Kept(&[200])),
        row("9112 3.2.1 (dots are no way out)", line("GET /../version HTTP/1.1"), Kept(&[404])),
        row("9112 3.2.1 (two slashes are no host)", line("GET //version HTTP/1.1"), Kept(&[404])),
        row("9110 4.2.5 (a broken encoding stands for itself)", line("GET /%zz HTTP/1.1"), Kept(&[404])),
        row("9112 3.2.2 (absolute form)", line("GET http://a/version HTTP/1.1"), Kept(&[200])),
        row("9112 3.2.2 (https)", line("GET https://a:443/version HTTP/1.1"), Kept(&[200])),
        row("9112 3.2.2 (without a path)", line("GET http://a HTTP/1.1"), Kept(&[200])),
        row("9112 3.2.2 (without a host)", line("GET http:///version HTTP/1.1"), Closed(&[400])),
        row("9112 3.2.2 (another scheme)", line("GET ftp://a/version HTTP/1.1"), Closed(&[400])),
        row("9110 4.2.4 (somebody before the host)", line("GET http://you@a/version HTTP/1.1"), Closed(&[400])),
        row("9112 3.2 (absolute form needs a Host too)", "GET http://a/version HTTP/1.1\r\n\r\n", Closed(&[400])),
        row("9112 3.2.3 (a host for GET)", line("GET a:80 HTTP/1.1"), Closed(&[400])),
        row("9110 9.3.6 (CONNECT)", "CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n", Closed(&[501])),
        row("9110 9.3.6 (CONNECT with a path)", line("CONNECT /version HTTP/1.1"), Kept(&[405])),
        row("9110 9.3.7 (OPTIONS *)", line("OPTIONS * HTTP/1.1"), Kept(&[204])),
        row("9112 3.2.4 (an asterisk for GET)", line("GET * HTTP/1.1"), Closed(&[400])),
        row("9110 9.3.8 (TRACE shows nobody's secrets)", line("TRACE /version HTTP/1.1"), Kept(&[405])),

        // Host.
        row("9112 3.2 (no Host)", host(""), Closed(&[400])),
        row("9112 3.2 (two)", host("Host: a\r\nHost: b\r\n"), Closed(&[400])),
        row("9112 3.2 (twice the same)", host("Host: a\r\nHost: a\r\n"), Closed(&[400])),
        row("9112 3.2 (two in 1.0)", "GET /version HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", Closed(&[400])),
        row("9112 3.2 (a list)", host("Host: a, b\r\n"), Closed(&[400])),
        row("9112 3.2 (with a path)", host("Host: a/b\r\n"), Closed(&[400])),
        row("9112 3.2 (with a user)", host("Host: b@a\r\n"), Closed(&[400])),
        row("9112 3.2 (a port that is none)", host("Host: a:http\r\n"), Closed(&[400])),
        row("9112 3.2 (with white space)", host("Host: a b\r\n"), Closed(&[400])),
        row("9110 7.2 (empty: there is no host)", host("Host:\r\n"), Kept(&[200])),
        row("9110 7.2 (with a port)", host("Host: a:8000\r\n"), Kept(&[200])),
        row("9110 7.2 (an address of IPv6)", host("host: [::1]:8000\r\n"), Kept(&[200])),

        // Headers.
        row("9112 5 (white space around a value)", get("X-A: \t a \t \r\n"), Kept(&[200])),
        row("9112 5.1 (a space before the colon)", get("X-A : a\r\n"), Closed(&[400])),
        row("9112 5.1 (a tab before the colon)", get("Content-Length\t: 0\r\n"), Closed(&[400])),
        row("9112 5.2 (a folded line)", get("X-A: a\r\n b\r\n"), Closed(&[400])),
        row("9112 5.2 (a folded line, by a tab)", get("X-A: a\r\n\tb\r\n"), Closed(&[400])),
        row("9110 5.1 (a name that is none)", get("X(A): a\r\n"), Closed(&[400])),
        row("9110 5.1 (no name)", get(": a\r\n"), Closed(&[400])),
        row("9112 5 (no colon)", get("X-A\r\n"), Closed(&[400])),
        row("9110 5.5 (a NUL)", get("X-A: a\0b\r\n"), Closed(&[400])),
        row("9110 5.5 (a control character)", get("X-A: a\x07b\r\n"), Closed(&[400])),
        row("9110 5.5 (an empty value)", get("X-A:\r\n"), Kept(&[200])),
        row("9110 5.5 (bytes beyond ASCII)", b"GET /version HTTP/1.1\r\nHost: a\r\nX-A: \xe4\r\n\r\n", Kept(&[200])),
        row("9110 5.4 (too many)", get(&"X-A: a\r\n".repeat(101)), Closed(&[431])),
        row("6585 5 (too long)", get(&format!("X-A: {}\r\n", long(70_000))), Closed(&[431])),
        row("9110 7.8 (an upgrade that is not offered)", get("Connection: upgrade\r\nUpgrade: h2c\r\n"), Kept(&[200])),
        row("9112 9.6 (close)", get("Connection: close\r\n"), Closed(&[200])),
        row("9112 9.6 (close among others)", get("Connection: x, Close\r\n"), Closed(&[200])),
        row("9112 9.6 (close before keep-alive)", get("Connection: close\r\nConnection: keep-alive\r\n"), Closed(&[200])),

        // How long a body is.
        row("9112 6.2 (a length)", post("Content-Length: 2\r\n", "{}"), Kept(&[200])),
        row("9112 6.3 (none of the two: no body)", post("", ""), Kept(&[200])),
        row("9112 6.3 (twice the same length)", post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), Kept(&[200])),
        row("9112 6.3 (two lengths)", post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"), Closed(&[400])),
        row("9112 6.3 (a list of lengths)", post("Content-Length: 2, 2\r\n", "{}"), Closed(&[400])),
        row("9110 8.6 (a sign)", post("Content-Length: +2\r\n", "{}"), Closed(&[400])),
        row("9110 8.6 (less than nothing)", post("Content-Length: -2\r\n", "{}"), Closed(&[400])),
        row("9110 8.6 (empty)", post("Content-Length:\r\n", "{}"), Closed(&[400])),
        row("9110 8.6 (hexadecimal)", post("Content-Length: 0x2\r\n", "{}"), Closed(&[400])),
        row("9110 8.6 (a fraction)", post("Content-Length: 2.0\r\n", "{}"), Closed(&[400])),
        row("9110 8.6 (white space in it)", post("Content-Length: 2 0\r\n", "{}"), Closed(&[400])),
        row("9110 8.6 (beyond 64 bits)", post("Content-Length: 99999999999999999999\r\n", "{}"), Closed(&[400])),
        row("9110 15.5.14 (more than may be)", post("Content-Length: 9999999999\r\n", "{}"), Closed(&[413])),
        row("9112 6.3 (a body of GET is read too)", get("Content-Length: 5\r\n").replace("\r\n\r\n", "\r\n\r\nGET /"), Kept(&[200])),
        row("9112 6.1 (both)", post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), Closed(&[200])),
        row("9112 6.1 (both, the other way)", post("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "2\r\n{}\r\n0\r\n\r\n"), Closed(&[200])),
        row("9112 6.3 (chunked is not last)", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), Closed(&[400])),
        row("9112 6.1 (a coding that is not understood)", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), Closed(&[501])),
        row("9112 7 (identity is none any more)", post("Transfer-Encoding: identity\r\n", ""), Closed(&[400])),
        row("9112 6.1 (identity before chunked)", post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), Closed(&[501])),
        row("9112 6.1 (chunked twice)", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), Closed(&[400])),
        row("9112 6.1 (chunked in two lines)", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), Closed(&[400])),
        row("9112 6.1 (not quite chunked)", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), Closed(&[400])),
        row("9112 6.1 (in quotes)", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), Closed(&[400])),
        row("9112 6.1 (a vertical tab before it)", post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"), Closed(&[400])),
        row("9112 6.1 (in 1.0)", "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Closed(&[400])),

        // Chunks.
        row("9112 7.1", chunked("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), Kept(&[200])),
        row("9112 7 (in capitals)", post("Transfer-Encoding: CHUNKED\r\n", "2\r\n{}\r\n0\r\n\r\n"), Kept(&[200])),
        row("9112 7.1 (zeros before a size)", chunked("002\r\n{}\r\n0\r\n\r\n"), Kept(&[200])),
        row("9112 7.1.1 (an extension)", chunked("2;a=b\r\n{}\r\n0;c\r\n\r\n"), Kept(&[200])),
        row("9112 7.1.1 (a bare LF in an extension)", chunked("2;a\n{}\r\n0\r\n\r\n"), Closed(&[400])),
        row("9112 7.1.1 (extensions without end)", chunked(&format!("2;{}\r\n{{}}\r\n0\r\n\r\n", long(20_000))), Closed(&[400])),
        row("9112 7.1.2 (a trailer)", chunked("2\r\n{}\r\n0\r\nX-A: a\r\n\r\n"), Kept(&[200])),
        row("9110 6.5.1 (a trailer that frames changes nothing)", chunked("2\r\n{}\r\n0\r\nContent-Length: 50\r\nHost: b\r\n\r\n"), Kept(&[200])),
        row("9112 7.1 (a size that is none)", chunked("x\r\n{}\r\n0\r\n\r\n"), Closed(&[400])),
        row("9112 7.1 (no size)", chunked("\r\n{}\r\n0\r\n\r\n"), Closed(&[400])),
        row("9112 7.1 (a sign)", chunked("+2\r\n{}\r\n0\r\n\r\n"), Closed(&[400])),
        row("9112 7.1 (less than nothing)", chunked("-2\r\n{}\r\n0\r\n\r\n"), Closed(&[400])),
        row("9112 7.1 (0x)", chunked("0x2\r\n{}\r\n0\r\n\r\n"), Closed(&[400])),
        row("9112 7.1 (beyond 64 bits)", chunked("fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), Closed(&[400])),
        row("9112 7.1 (a bare LF behind a size)", chunked("2\n{}\r\n0\r\n\r\n"), Closed(&[400])),
        row("9112 7.1 (a chunk that is longer than it says)", chunked("2\r\n{}}\r\n0\r\n\r\n"), Closed(&[400])),
        row("9112 7.1 (no line's end behind a chunk)", chunked("2\r\n{}0\r\n\r\n"), Closed(&[400])),

        // Methods and what belongs to them.
        row("9110 9.3.2 (HEAD)", line("HEAD /openapi.json HTTP/1.1"), Kept(&[200])),
        row("9110 9.3.2 (HEAD where only GET is declared, as FastAPI has it)", line("HEAD /version HTTP/1.1"), Kept(&[405])),
        row("9110 9.3.2 (HEAD of what is not there)", line("HEAD /nowhere HTTP/1.1"), Kept(&[404])),
        row("9110 15.3.5 (204 has no body)", line("GET /empty HTTP/1.1"), Kept(&[204])),
        row("9110 15.5.6 (405)", line("DELETE /version HTTP/1.1"), Kept(&[405])),
        row("9110 10.1.1 (100 where the body is wanted)", post("Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"), Kept(&[100, 200])),
        row("9110 10.1.1 (in capitals)", post("Expect: 100-Continue\r\nContent-Length: 2\r\n", "{}"), Kept(&[100, 200])),
        row("9110 10.1.1 (without a body)", post("Expect: 100-continue\r\n", ""), Kept(&[200])),
        row("9110 10.1.1 (in 1.0)", "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", Closed(&[200])),
        row("9110 10.1.1 (another expectation)", post("Expect: tea\r\nContent-Length: 2\r\n", "{}"), Closed(&[417])),
        row("9112 9.3 (a body that nobody reads)", "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", Kept(&[404])),
        row("9112 9.3.2 (pipelined)", format!("{}{}{}", line("GET /empty HTTP/1.1"), line("GET /trap HTTP/1.1"), get("")), Kept(&[204, 500, 200])),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_answered_or_closed_as_the_rfcs_say() {
    let harness = serving().await;
    let mut wrong = Vec::new();
    let rows = table();
    assert!(rows.len() >= 100, "{}", rows.len());
    for Row {
        section,
        sent,
        back,
    } in rows
    {
        let mut all = sent.clone();
        all.extend_from_slice(BEHIND.as_bytes());
        let answers = exchange(&harness, &all).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        let expected = match back {
            Kept(before) => [before, &[200]].concat(),
            Closed(all) => all.to_vec(),
        };
        if statuses != expected {
            wrong.push(format!("{section}: {statuses:?}, not {expected:?}"));
        }
        for Answer { status, head, .. } in &answers {
            // 9110 6.6.1, 8.6, 15.3.5, 15.4.5
            let has = |name| header(head, name).is_some();
            if *status >= 200 && !has("date") {
                wrong.push(format!("{section}: no Date in {head}"));
            }
            if matches!(status, 100 | 204 | 304)
                && (has("content-length") || has("transfer-encoding"))
            {
                wrong.push(format!("{section}: a length in {head}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// RFC 9112, 3.2.2 and 3.3.
#[tokio::test(flavor = "multi_thread")]
async fn the_host_of_an_absolute_target_takes_the_place_of_the_host_header() {
    let harness = serving().await;
    let sent =
        "GET http://right:81/incoming?n=1 HTTP/1.1\r\nHost: wrong\r\nConnection: close\r\n\r\n";
    let answers = exchange(&harness, sent.as_bytes()).await;
    let told: Value = serde_json::from_slice(&answers[0].body).unwrap();
    let headers = told["headers"].as_array().unwrap();
    let hosts: Vec<&Value> = headers
        .iter()
        .filter(|header| header[0] == "host")
        .collect();
    assert_eq!(hosts, [&json!(["host", "right:81"])]);
    assert_eq!(told["uri"], "/incoming?n=1");
}

/// RFC 9110, 9.3.2.
#[tokio::test(flavor = "multi_thread")]
async fn the_headers_of_an_answer_to_head_are_those_of_get() {
    let harness = serving().await;
    for path in ["/openapi.json", "/docs", "/nowhere", "/-/live"] {
        let mut heads = Vec::new();
        for method in ["GET", "HEAD"] {
            let sent = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            let [answer] = &exchange(&harness, sent.as_bytes()).await[..] else {
                panic!("one answer to {method} {path}")
            };
            let own = |line: &&str| {
                let name = line.split(':').next().unwrap();
                !["date", "x-request-id", "content-security-policy"].contains(&name)
            };
            let head: Vec<String> = answer.head.lines().filter(own).map(String::from).collect();
            heads.push(head);
        }
        assert_eq!(heads[0], heads[1], "{path}");
    }
}

/// RFC 9110, 15.4.5.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_has_not_changed_has_no_body() {
    let harness = serving().await;
    let sent = line("GET /openapi.json HTTP/1.1\r\nConnection: close");
    let first = exchange(&harness, sent.as_bytes()).await;
    let etag = header(&first[0].head, "etag").unwrap().to_owned();
    let again =
        format!("GET /openapi.json HTTP/1.1\r\nHost: a\r\nIf-None-Match: {etag}\r\n\r\n{BEHIND}");
    let answers = exchange(&harness, again.as_bytes()).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [304, 200]);
}

/// RFC 9110, 10.1.1: who is refused before the body is not asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_wanted_is_not_asked_for() {
    let harness = serving().await;
    let sent =
        "POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let mut raw = Raw::send(&harness, sent).await;
    raw.sees("\r\n\r\n").await;
    assert!(raw.all().starts_with("HTTP/1.1 404 "), "{}", raw.all());
}
