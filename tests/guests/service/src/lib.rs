//! A standard component of `wasi:http` 0.3 (the world `service`) that does what the last segment of the path says.
#![allow(missing_docs, reason = "a component exports no Rust items")]
#![allow(clippy::unwrap_used, reason = "a guest that cannot go on traps")]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::exports::http::handler::Guest;
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use wasip3::wit_bindgen::StreamResult;
use wasip3::wit_bindgen::rt::async_support::StreamReader;
use wasip3::{spawn, wit_future, wit_stream};

wasip3::http::service::export!(Component);

struct Component;

static CALLS: AtomicU64 = AtomicU64::new(0);
const HOUR: u64 = 3_600_000_000_000;
const MILLISECOND: u64 = 1_000_000;

impl Guest for Component {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap();
        let path = target.split('?').next().unwrap();
        Ok(match path.rsplit('/').next().unwrap() {
            "echo" => {
                let kind = [("content-type", "application/octet-stream")];
                answer(200, &kind, read(request).await?)
            }
            "relay" => relay(request),
            "swallow" => swallow(request),
            "mirror" => mirror(request),
            "count" => {
                let count = CALLS.fetch_add(1, Relaxed) + 1;
                answer(200, &[], count.to_string().into())
            }
            "print" => {
                println!("said on stdout");
                eprintln!("said on stderr");
                answer(204, &[], Vec::new())
            }
            "trap" => panic!("asked to"),
            "fail" => return Err(ErrorCode::InternalError(Some("asked to".into()))),
            "spin" => loop {
                std::hint::black_box(());
            },
            // It gives its turn away each time, and never waits for anything.
            "yield" => loop {
                wasip3::wit_bindgen::yield_async().await;
            },
            "sleep" => {
                wait_for(HOUR).await;
                answer(200, &[], b"awake".into())
            }
            "nap" => {
                wait_for(300 * MILLISECOND).await;
                answer(200, &[], b"awake".into())
            }
            "exhaust" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1_u8; 1 << 20]);
                }
            }
            "drip" => drip(),
            "half" => half(),
            "short" => answer(200, &[("content-length", "9")], b"short".into()),
            "flood" => flood(),
            "after" => after(),
            "keep" => {
                // Never dropped: a careless guest keeps what it was lent.
                std::mem::forget(request);
                answer(200, &[], b"kept".into())
            }
            "fetch" => answer(200, &[], fetch().await.into()),
            _ => tell(&request, &target),
        })
    }
}

/// What the guest sees of a request, a line each.
fn tell(request: &Request, target: &str) -> Response {
    let method = match request.get_method() {
        Method::Get => "GET".into(),
        Method::Delete => "DELETE".into(),
        Method::Other(method) => method,
        other => format!("{other:?}"),
    };
    let scheme = match request.get_scheme() {
        Some(Scheme::Http) => "http".into(),
        other => format!("{other:?}"),
    };
    let mut lines = vec![
        format!("{method} {target}"),
        format!("scheme {scheme}"),
        format!("authority {}", request.get_authority().unwrap()),
    ];
    for (name, value) in request.get_headers().copy_all() {
        lines.push(format!("{name}: {}", String::from_utf8_lossy(&value)));
    }
    let head = [
        ("content-type", "text/plain"),
        ("x-one", "1"),
        ("x-one", "2"),
    ];
    answer(201, &head, lines.join("\n").into())
}

/// The body as it comes. (What went wrong with it is told by the trailers.)
fn open(
    request: Request,
) -> (
    StreamReader<u8>,
    impl Future<Output = Result<(), ErrorCode>>,
) {
    let (_, nothing_wrong) = wit_future::new(|| Ok(()));
    let (body, trailers) = Request::consume_body(request, nothing_wrong);
    (body, async { trailers.await.map(|_| ()) })
}

async fn read(request: Request) -> Result<Vec<u8>, ErrorCode> {
    let (body, ended) = open(request);
    let bytes = body.collect().await;
    ended.await?;
    Ok(bytes)
}

/// An answer whose body `write` makes while it is sent.
fn begin<W: Future<Output = ()> + 'static>(
    status: u16,
    headers: &[(&str, &str)],
    write: impl FnOnce(wasip3::wit_bindgen::rt::async_support::StreamWriter<u8>) -> W,
) -> Response {
    let fields = Fields::new();
    for (name, value) in headers {
        fields.append(name, value.as_bytes()).unwrap();
    }
    let (writer, body) = wit_stream::new();
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    let (response, _sent) = Response::new(fields, Some(body), no_trailers);
    response.set_status_code(status).unwrap();
    spawn(write(writer));
    response
}

fn answer(status: u16, headers: &[(&str, &str)], bytes: Vec<u8>) -> Response {
    begin(status, headers, async |mut writer| {
        writer.write_all(bytes).await;
    })
}

/// Sends each piece of the request on as soon as it is there.
fn relay(request: Request) -> Response {
    begin(200, &[], async move |mut writer| {
        let (mut body, ended) = open(request);
        loop {
            let (read, piece) = body.read(Vec::with_capacity(4096)).await;
            if matches!(read, StreamResult::Complete(_)) && writer.write_all(piece).await.is_empty()
            {
                continue;
            }
            break;
        }
        drop(ended.await);
    })
}

/// Answers while it still reads, and in the end says how much it was.
fn swallow(request: Request) -> Response {
    begin(200, &[], async move |mut writer| {
        writer.write_all(b"reading ".into()).await;
        let (body, _ended) = open(request);
        let count = body.collect().await.len();
        writer.write_all(count.to_string().into()).await;
    })
}

/// Hands the request's body to the host again as it is.
fn mirror(request: Request) -> Response {
    let (_, nothing_wrong) = wit_future::new(|| Ok(()));
    let (body, trailers) = Request::consume_body(request, nothing_wrong);
    Response::new(Fields::new(), Some(body), trailers).0
}

/// A piece every ten milliseconds, for ever.
fn drip() -> Response {
    let kind = [("content-type", "text/event-stream")];
    begin(200, &kind, async |mut writer| {
        for count in 0_u64.. {
            let piece = format!("data: {count}\n\n");
            if !writer.write_all(piece.into()).await.is_empty() {
                return;
            }
            wait_for(10 * MILLISECOND).await;
        }
    })
}

/// Breaks down in the middle of its answer.
fn half() -> Response {
    begin(200, &[], async |mut writer| {
        writer.write_all(b"half".into()).await;
        wait_for(50 * MILLISECOND).await;
        panic!("in the middle");
    })
}

/// As much as is taken, without a pause.
fn flood() -> Response {
    begin(200, &[], async |mut writer| {
        while writer.write_all(vec![b'x'; 64 << 10]).await.is_empty() {}
    })
}

/// Works on for a while when its answer is given.
fn after() -> Response {
    begin(200, &[], async |mut writer| {
        writer.write_all(b"answered".into()).await;
        drop(writer);
        wait_for(50 * MILLISECOND).await;
        CALLS.fetch_add(1, Relaxed);
    })
}

/// Asks another host, and says what became of it.
async fn fetch() -> String {
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), None, no_trailers, None);
    request.set_scheme(Some(&Scheme::Https)).unwrap();
    request.set_authority(Some("example.com")).unwrap();
    request.set_path_with_query(Some("/")).unwrap();
    match client::send(request).await {
        Ok(response) => response.get_status_code().to_string(),
        Err(code) => format!("{code:?}"),
    }
}
