//! A standard component (`wasi:http` 0.2) that does what the last segment of the path says.
#![allow(missing_docs, reason = "a component exports no Rust items")]
#![allow(clippy::unwrap_used, reason = "a guest that cannot go on traps")]

use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam, Scheme,
};

wasip2::http::proxy::export!(Component);

struct Component;

static CALLS: AtomicU64 = AtomicU64::new(0);

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap();
        let path = target.split('?').next().unwrap();
        match path.rsplit('/').next().unwrap() {
            "echo" => {
                let body = read(&request);
                answer(
                    out,
                    200,
                    &[("content-type", "application/octet-stream")],
                    &body,
                );
            }
            "relay" => relay(&request, out),
            "swallow" => swallow(&request, out),
            "count" => {
                let count = CALLS.fetch_add(1, Relaxed) + 1;
                answer(out, 200, &[], count.to_string().as_bytes());
            }
            "print" => {
                println!("said on stdout");
                eprintln!("said on stderr");
                answer(out, 204, &[], b"");
            }
            "trap" => panic!("asked to"),
            "silent" => {}
            "spin" => loop {
                std::hint::black_box(());
            },
            "sleep" => {
                subscribe_duration(3_600_000_000_000).block();
                answer(out, 200, &[], b"awake");
            }
            "exhaust" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1_u8; 1 << 20]);
                }
            }
            "drip" => drip(out),
            "half" => half(out),
            "keep" => {
                // Never dropped: a careless guest keeps what it was lent.
                std::mem::forget(request);
                answer(out, 200, &[], b"kept");
            }
            "fetch" => answer(out, 200, &[], fetch().as_bytes()),
            _ => tell(&request, &target, out),
        }
    }
}

/// What the guest sees of a request, a line each.
fn tell(request: &IncomingRequest, target: &str, out: ResponseOutparam) {
    let method = match request.method() {
        Method::Get => "GET".into(),
        Method::Head => "HEAD".into(),
        Method::Post => "POST".into(),
        Method::Put => "PUT".into(),
        Method::Delete => "DELETE".into(),
        Method::Other(method) => method,
        other => format!("{other:?}"),
    };
    let mut lines = vec![format!("{method} {target}")];
    lines.push(format!("authority {}", request.authority().unwrap()));
    for (name, value) in request.headers().entries() {
        lines.push(format!("{name}: {}", String::from_utf8_lossy(&value)));
    }
    answer(
        out,
        201,
        &[
            ("content-type", "text/plain"),
            ("x-one", "1"),
            ("x-one", "2"),
        ],
        lines.join("\n").as_bytes(),
    );
}

fn read(request: &IncomingRequest) -> Vec<u8> {
    let body = request.consume().unwrap();
    let mut bytes = Vec::new();
    body.stream().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn begin(out: ResponseOutparam, status: u16, headers: &[(&str, &str)]) -> OutgoingBody {
    let fields = Fields::new();
    for (name, value) in headers {
        fields.append(name, value.as_bytes()).unwrap();
    }
    let response = OutgoingResponse::new(fields);
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    body
}

fn answer(out: ResponseOutparam, status: u16, headers: &[(&str, &str)], bytes: &[u8]) {
    let body = begin(out, status, headers);
    let mut stream = body.write().unwrap();
    stream.write_all(bytes).unwrap();
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

/// Sends each piece of the request on as soon as it is there.
fn relay(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    let from = incoming.stream().unwrap();
    let body = begin(out, 200, &[]);
    let to = body.write().unwrap();
    while let Ok(piece) = from.blocking_read(4096) {
        to.blocking_write_and_flush(&piece).unwrap();
    }
    drop(to);
    OutgoingBody::finish(body, None).unwrap();
}

/// Answers while it still reads, and in the end says how much it was.
fn swallow(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    let from = incoming.stream().unwrap();
    let body = begin(out, 200, &[]);
    let to = body.write().unwrap();
    to.blocking_write_and_flush(b"reading ").unwrap();
    let mut count = 0;
    while let Ok(piece) = from.blocking_read(4096) {
        count += piece.len();
    }
    to.blocking_write_and_flush(count.to_string().as_bytes())
        .unwrap();
    drop(to);
    OutgoingBody::finish(body, None).unwrap();
}

/// A piece every ten milliseconds, for ever.
fn drip(out: ResponseOutparam) {
    let body = begin(out, 200, &[("content-type", "text/event-stream")]);
    let stream = body.write().unwrap();
    for count in 0_u64.. {
        let piece = format!("data: {count}\n\n");
        if stream.blocking_write_and_flush(piece.as_bytes()).is_err() {
            return;
        }
        subscribe_duration(10_000_000).block();
    }
}

/// Breaks down in the middle of its answer.
fn half(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    let stream = body.write().unwrap();
    stream.blocking_write_and_flush(b"half").unwrap();
    subscribe_duration(50_000_000).block();
    panic!("in the middle");
}

/// Asks another host, and says what became of it.
fn fetch() -> String {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Https)).unwrap();
    request.set_authority(Some("example.com")).unwrap();
    request.set_path_with_query(Some("/")).unwrap();
    let answered = match outgoing_handler::handle(request, None) {
        Ok(answered) => answered,
        Err(code) => return format!("{code:?}"),
    };
    answered.subscribe().block();
    match answered.get().unwrap().unwrap() {
        Ok(response) => response.status().to_string(),
        Err(code) => format!("{code:?}"),
    }
}
