//! A connection that speaks HTTP/2: many requests at once, each in a task that the connection owns.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::{HeaderValue, Request, Response, StatusCode, Uri, header, uri};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;

use super::attended::Signs;
use super::connection::Client;
use super::flood::Weighed;
use super::linger::Lingering;
use super::patience::Tick;
use super::pieces::Pieces;
use super::streams::{Streams, Turn};

/// What a client may send of a body before it is read, of one request and of all together: it is held here meanwhile.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// What of an answer lies ready for a client that takes it slowly.
const SEND_BYTES: usize = 64 << 10;
/// Requests that were reset before they were looked at; then the connection is ended.
const RESETS_UNSEEN: usize = 20;
/// Requests that the server itself had to reset since they break the protocol; then the connection is ended.
const RESETS_OF_OURS: usize = 100;
/// A client of which nothing comes for so long is asked whether it is still there, and ended if it does not say so: the
/// system notices one that vanished only by writing.
const ASK: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(20);
/// How long a client that was told to open no more streams may take to acknowledge that.
const PARTING: Duration = Duration::from_secs(2);

pub(super) async fn serve(
    stream: Lingering,
    client: &Arc<Client>,
    signs: &Signs,
    goodbye: oneshot::Receiver<()>,
) -> hyper::Result<()> {
    let limits = client.limits();
    let write_idle = client.write_idle();
    let streams = Streams::new(client.clone(), write_idle);
    let _cut = streams.cut_on_drop();
    let service = service_fn(|request: Request<Incoming>| {
        let (client, going) = (client.clone(), streams.going());
        async move {
            let answer = answer(client, request).await;
            going.done();
            answer
        }
    });
    let mut builder = http2::Builder::new(streams.clone());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.head_bytes as u32)
        .max_pending_accept_reset_streams(RESETS_UNSEEN)
        .max_local_error_reset_streams(RESETS_OF_OURS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BYTES)
        .keep_alive_interval(ASK)
        .keep_alive_timeout(ANSWER);
    let mut rest = Rest {
        first: Duration::from_millis(limits.first_head_ms),
        next: Duration::from_millis(limits.keep_alive_ms),
        since: Instant::now(),
        begun: 0,
        parting: false,
    };
    let mut tick = Tick::start();
    let stream = TokioIo::new(Weighed::new(stream));
    let mut connection = pin!(builder.serve_connection(stream, service));
    let mut goodbye = pin!(goodbye);
    let mut told = false;
    std::future::poll_fn(|cx| {
        if !told && goodbye.as_mut().poll(cx).is_ready() {
            told = true;
            signs.hurry();
            rest.part();
            connection.as_mut().graceful_shutdown();
        }
        let polled = connection.as_mut().poll(cx);
        streams.tidy();
        if polled.is_ready() {
            return polled;
        }
        if streams.are_given_up() {
            tracing::debug!("a client that gives up most of its requests was cut");
            return Poll::Ready(Ok(()));
        }
        if tick.renew(cx) {
            match rest.look(&streams) {
                Verdict::Stay => {}
                Verdict::Part => {
                    rest.part();
                    connection.as_mut().graceful_shutdown();
                    // It has something to write.
                    cx.waker().wake_by_ref();
                }
                Verdict::Cut => return Poll::Ready(Ok(())),
            }
        }
        Poll::Pending
    })
    .await
}

/// For how long nothing was asked.
struct Rest {
    first: Duration,
    next: Duration,
    since: Instant,
    /// Streams that were seen by then.
    begun: u64,
    /// Whether the client was told to open no more.
    parting: bool,
}

enum Verdict {
    Stay,
    Part,
    Cut,
}

impl Rest {
    fn part(&mut self) {
        self.parting = true;
        self.since = Instant::now();
    }

    fn look(&mut self, streams: &Streams) -> Verdict {
        let begun = streams.begun();
        if streams.open() > 0 || begun != self.begun {
            self.begun = begun;
            self.since = Instant::now();
        }
        let rested = self.since.elapsed();
        match begun {
            _ if self.parting && rested >= PARTING => Verdict::Cut,
            _ if self.parting => Verdict::Stay,
            0 if rested >= self.first => Verdict::Part,
            1.. if rested >= self.next => Verdict::Part,
            _ => Verdict::Stay,
        }
    }
}

async fn answer(
    client: Arc<Client>,
    mut request: Request<Incoming>,
) -> Result<Response<Pieces>, Infallible> {
    let limits = client.limits();
    let answer = if request.headers().len() > limits.headers {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        client.refuse(&request, status, "head-too-large")
    } else if let Err(kind) = like_http1(&mut request) {
        client.refuse(&request, StatusCode::BAD_REQUEST, kind)
    } else {
        let Ok(answer) = client.answer(request, Turn::of_this_task()).await;
        answer
    };
    Ok(answer.map(Pieces::new))
}

/// Makes a request what it would be in HTTP/1, for all that looks at it later: a path, a `host`, one `cookie`.
fn like_http1(request: &mut Request<Incoming>) -> Result<(), &'static str> {
    let authority = request.uri().authority().cloned();
    let headers = request.headers_mut();
    match (authority, headers.get(header::HOST)) {
        // RFC 9113, 8.3.1: it has no user, it is there, and `host` says the same.
        (Some(authority), _) if authority.as_str().contains('@') => return Err("bad-authority"),
        (None, None) => return Err("no-authority"),
        (Some(authority), Some(host))
            if !authority
                .as_str()
                .as_bytes()
                .eq_ignore_ascii_case(host.as_bytes()) =>
        {
            return Err("two-authorities");
        }
        (Some(authority), None) => {
            let host = HeaderValue::try_from(authority.as_str()).map_err(|_| "bad-authority")?;
            headers.insert(header::HOST, host);
        }
        (_, Some(_)) => {}
    }
    // 8.2.3: split so that they compress better.
    let mut cookies = headers.get_all(header::COOKIE).iter();
    if let (Some(first), Some(second)) = (cookies.next(), cookies.next()) {
        let all = [first, second].into_iter().chain(cookies);
        let joined = all
            .map(HeaderValue::as_bytes)
            .collect::<Vec<_>>()
            .join(&b"; "[..]);
        let joined = HeaderValue::from_bytes(&joined).map_err(|_| "bad-cookie")?;
        headers.insert(header::COOKIE, joined);
    }
    if let Some(path) = request.uri().path_and_query().cloned() {
        let mut parts = uri::Parts::default();
        parts.path_and_query = Some(path);
        *request.uri_mut() = Uri::from_parts(parts).map_err(|_| "bad-path")?;
    }
    Ok(())
}
