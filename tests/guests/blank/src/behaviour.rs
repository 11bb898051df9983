//! What a call does, by its operation id. `n` is the query parameter of that name, where one is wanted.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::thread::sleep;
use std::time::Duration;

use crate::bindings::switchback::plugin::types::{
    Answer, Body, IoError, Payload, Request, Response,
};
use crate::bindings::switchback::plugin::{incoming, log, outgoing};
use crate::slot::VERSION;

/// Every operation id that means something. Any other is answered with the request itself, as `echo`.
pub(crate) const NAMES: &[&str] = &[
    "echo",
    "version",
    "incoming",
    "header",
    "counter",
    "leak",
    "peek",
    "hold",
    "trap",
    "room",
    "spin",
    "work",
    "exhaust",
    "stack",
    "wait",
    "sleep",
    "exit",
    "print",
    "log",
    "big",
    "status",
    "bad-header",
    "bad-value",
    "own-headers",
    "empty",
    "text",
    "document",
    "bad-json",
    "start",
    "write",
    "streamed",
    "read",
    "read-file",
    "files",
    "script",
];

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static LEAKED: RefCell<String> = const { RefCell::new(String::new()) };
    static HELD: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn answer(request: &Request) -> Answer {
    let n = number(&request.params);
    let text = match request.operation.as_str() {
        "version" => format!(r#"{{"version":{}}}"#, quoted(&VERSION.text())),
        "incoming" => everything_incoming(),
        "header" => list(&incoming::header("x-test")),
        // State that only an instance used again shows.
        "counter" => format!(r#"{{"count":{}}}"#, CALLS.replace(CALLS.get() + 1) + 1),
        "leak" => LEAKED.replace(request.params.clone()),
        "peek" => LEAKED.take(),
        "hold" => {
            HELD.with_borrow_mut(|held| held.push(vec![1; n]));
            "{}".into()
        }
        // Ways not to come back.
        "trap" => panic!("asked to trap"),
        // Mended in every version but the first.
        "room" if n == 13 && VERSION.text() == "1" => panic!("no room 13"),
        "spin" => spin(),
        "exhaust" => exhaust(),
        "stack" => recurse(0).to_string(),
        "wait" => wait(),
        "exit" => std::process::exit(1),
        // Ways to take long: milliseconds of waiting, millions of steps.
        "sleep" => {
            sleep(Duration::from_millis(n as u64));
            "{}".into()
        }
        "work" => (0..n as u64 * 1_000_000)
            .fold(0_u64, |sum, step| black_box(sum ^ step))
            .to_string(),
        // Ways to say something on the side.
        "print" => {
            println!("printed to stdout\x1b[31m\tafter an escape");
            eprintln!("printed to stderr");
            print!("{}", "x".repeat(n));
            "{}".into()
        }
        "log" => {
            log::write(log::Level::Info, "a line\nwith a break", r#"{"answer":42}"#);
            log::write(log::Level::Error, "an error", "");
            for line in 0..n {
                log::write(log::Level::Debug, &format!("line {line}"), "not JSON");
            }
            "{}".into()
        }
        // Answers that are none, and some that are unusual.
        "big" => quoted(&"x".repeat(n)),
        "status" => {
            return full(
                n as u16,
                &[("content-type", "application/json")],
                "{}".into(),
            );
        }
        "bad-header" => return full(200, &[("not a name", "x")], "{}".into()),
        "bad-value" => return full(200, &[("x-value", "a\r\nx-smuggled: b")], "{}".into()),
        "own-headers" => {
            let headers = [
                ("content-length", "3"),
                ("connection", "close"),
                ("transfer-encoding", "chunked"),
                ("x-kept", "yes"),
            ];
            return full(200, &headers, "{}".into());
        }
        "empty" => {
            return Answer::Full(Response {
                status: 204,
                headers: Vec::new(),
                body: Payload::Empty,
            });
        }
        "text" => {
            return full(
                200,
                &[("content-type", "text/plain; charset=utf-8")],
                "grün".into(),
            );
        }
        // A file of ten digits, by its `n`: with tag and date, with a weak tag, with neither, without ranges, missing.
        "document" => {
            let (ranges, date) = ("accept-ranges", "Sun, 06 Nov 1994 08:49:37 GMT");
            let (etag, modified) = (("etag", "\"a\""), ("last-modified", date));
            let said: &[(&str, &str)] = match n {
                0 | 4 => &[
                    (ranges, "bytes"),
                    etag,
                    modified,
                    ("cache-control", "no-cache"),
                ],
                1 => &[(ranges, "bytes"), ("etag", "W/\"a\"")],
                2 => &[(ranges, "bytes")],
                _ => &[etag, modified],
            };
            let headers = [&[("content-type", "text/plain"), ("x-own", "1")], said].concat();
            let status = if n == 4 { 404 } else { 200 };
            return full(status, &headers, "0123456789".into());
        }
        "bad-json" => "{".into(),
        // The parts of the interface that stream.
        "start" => outcome(outgoing::start(200, &[("x-started".into(), "yes".into())])),
        "write" => outcome(outgoing::write(&Payload::Text("piece".into()))),
        "streamed" => return Answer::Streamed,
        "read" => outcome(incoming::read(1024).map(drop)),
        "read-file" => outcome(incoming::read_file(0, 0, 1024).map(drop)),
        "files" => form(request, n),
        // Under several methods.
        id if id.starts_with("script") => return crate::script::run(),
        _ => echo(request),
    };
    full(200, &[("content-type", "application/json")], text)
}

pub(crate) fn full(status: u16, headers: &[(&str, &str)], text: String) -> Answer {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Answer::Full(Response {
        status,
        headers,
        body: Payload::Text(text),
    })
}

/// Never ends, and computes all the while.
pub(crate) fn spin() -> ! {
    loop {
        black_box(());
    }
}

/// Never ends, and computes nothing.
pub(crate) fn wait() -> ! {
    loop {
        sleep(Duration::from_secs(3600));
    }
}

/// Takes memory until it gets no more.
pub(crate) fn exhaust() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
}

fn recurse(depth: u64) -> u64 {
    if black_box(depth) == u64::MAX {
        return 0;
    }
    let frame = black_box([depth; 32]);
    frame[0] + recurse(depth + 1) + frame[31]
}

/// The request as the guest got it.
fn echo(request: &Request) -> String {
    let body = match &request.body {
        Body::Empty => r#"{"kind":"empty"}"#.into(),
        Body::Text(text) => {
            format!(
                r#"{{"kind":"text","media_type":{},"data":{}}}"#,
                quoted(&text.media_type),
                quoted(&text.data)
            )
        }
        Body::Bytes(bytes) => {
            let length = bytes.data.len();
            format!(
                r#"{{"kind":"bytes","media_type":{},"length":{length}}}"#,
                quoted(&bytes.media_type)
            )
        }
        Body::Form(form) => {
            let files = form.files.len();
            format!(
                r#"{{"kind":"form","fields":{},"files":{files}}}"#,
                form.fields
            )
        }
        Body::Stream(media_type) => {
            format!(r#"{{"kind":"stream","media_type":{}}}"#, quoted(media_type))
        }
    };
    format!(
        r#"{{"operation":{},"params":{},"body":{body},"version":{}}}"#,
        quoted(&request.operation),
        request.params,
        quoted(&VERSION.text()),
    )
}

/// The form as the guest got it, the content of its files read in pieces of `n` bytes, each piece twice.
fn form(request: &Request, n: usize) -> String {
    let Body::Form(form) = &request.body else {
        return echo(request);
    };
    let optional = |value: &Option<String>| value.as_deref().map_or("null".into(), quoted);
    let files = form.files.iter().zip(0..).map(|(file, index)| {
        let mut content = Vec::new();
        loop {
            let read = || {
                incoming::read_file(index, content.len() as u32, n as u32)
                    .expect("the host has the file that it told of")
            };
            let piece = read();
            assert_eq!(piece, read());
            if piece.is_empty() {
                break;
            }
            content.extend(piece);
        }
        format!(
            r#"{{"field":{},"name":{},"media_type":{},"size":{},"content":{}}}"#,
            quoted(&file.field),
            optional(&file.name),
            optional(&file.media_type),
            file.size,
            quoted(&String::from_utf8_lossy(&content)),
        )
    });
    let files: Vec<_> = files.collect();
    let beyond = match incoming::read_file(files.len() as u32, 0, 1) {
        Err(IoError::Other(reason)) => format!("other: {reason}"),
        other => format!("{other:?}"),
    };
    format!(
        r#"{{"fields":{},"files":[{}],"beyond":{}}}"#,
        form.fields,
        files.join(","),
        quoted(&beyond),
    )
}

fn everything_incoming() -> String {
    let headers = incoming::headers().into_iter().map(|(name, value)| {
        format!(
            "[{},{}]",
            quoted(&name),
            quoted(&String::from_utf8_lossy(&value))
        )
    });
    let optional = |value: Option<String>| value.map_or("null".into(), |value| quoted(&value));
    format!(
        r#"{{"method":{},"uri":{},"prefix":{},"headers":[{}],"peer":{},"request_id":{},"identity":{}}}"#,
        quoted(&incoming::method()),
        quoted(&incoming::uri()),
        quoted(&incoming::prefix()),
        headers.collect::<Vec<_>>().join(","),
        optional(incoming::peer()),
        quoted(&incoming::request_id()),
        optional(incoming::identity()),
    )
}

fn outcome(result: Result<(), IoError>) -> String {
    let error = match result {
        Ok(()) => return r#"{"error":null}"#.into(),
        Err(IoError::Closed) => "closed".into(),
        Err(IoError::TooLarge) => "too-large".into(),
        Err(IoError::TimedOut) => "timed-out".into(),
        Err(IoError::Other(reason)) => format!("other: {reason}"),
    };
    format!(r#"{{"error":{}}}"#, quoted(&error))
}

/// `n` in the parameters, or 0.
fn number(params: &str) -> usize {
    let Some((_, rest)) = params.split_once(r#""n":"#) else {
        return 0;
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..end].parse().unwrap_or(0)
}

fn list(values: &[String]) -> String {
    let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(","))
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    let mut json = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json + "\""
}
