//! Standard components: `wasi:http`. What the guest may ask of the world, one request into it, and its answer out; of
//! version 0.3 the latter two are in `service.rs`.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, header};
use http_body::Body;
use http_body_util::Empty;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::p2::bindings::Proxy;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, WasiHttpView};

use super::bindings::Level;
use super::guest_log::GuestLog;
use super::inlet::Lent;
use super::instance::{Answered, CallError};
use super::meter::Meter;
use super::outlet::Begun;
use super::state::{Asked, CallContext, GuestState};
use crate::answer;
use crate::arrival::ReadError;
use crate::config::Limits;
use crate::forwarded;
use crate::limit::Limit;
use crate::pipe::{Closed, Pipe, pipe};
use crate::standard;

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Error {
        match error {
            ReadError::Closed => Error::ConnectionTerminated,
            ReadError::Limit(Limit::BodyTime) => Error::ConnectionReadTimeout,
            ReadError::Limit(_) => Error::HttpRequestBodySize(None),
        }
    }
}

/// What a guest may ask of other hosts: nothing. Each try is answered with an error code and told in the log.
pub(super) struct Outbound {
    log: Arc<GuestLog>,
}

impl Outbound {
    pub(super) fn none(log: Arc<GuestLog>) -> Outbound {
        Outbound { log }
    }
}

/// Pieces of an answer that wait until they are taken; with the next, 1 MiB at most. The guest runs on meanwhile.
const PIECES: usize = 16;
const PIECE_BYTES: usize = 64 << 10;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Io), Error>> + Send> {
        let host = request.uri().authority().map_or("", |host| host.as_str());
        let message =
            format!("its request to `{host}` was refused: outbound HTTP is not granted to plugins");
        self.log.write(Level::Warn, &message, "");
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        PIECES
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        PIECE_BYTES
    }

    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        PIECE_BYTES
    }
}

/// The request of the call that has begun, without its body, and where the answer goes.
pub(super) fn take(
    state: &mut GuestState,
    body: Option<Lent>,
    limits: &Limits,
) -> (Request<()>, Outlet) {
    let call = state.call.as_ref().expect("`Instance::serve` has begun it");
    let outlet = Outlet::new(call, &state.meter, body, limits);
    let root = forwarded::root(&call.extensions, &state.owner.base_path);
    let mount = (&*root, &*state.owner.prefix);
    let request = standard::request(&call.head, &call.extensions, mount, call.request_id);
    (request, outlet)
}

/// One request into a guest of version 0.2. An answer that it gives without waiting for anything is whole; else
/// its head leaves the call, and its pieces go out as they come.
pub(super) async fn handle(
    store: &mut Store<GuestState>,
    proxy: &Proxy,
    body: Option<Lent>,
    limits: &Limits,
) -> Result<Answered, CallError> {
    let (request, outlet) = take(store.data_mut(), body.clone(), limits);
    let scheme = match request.uri().scheme_str() {
        Some("https") => Scheme::Https,
        _ => Scheme::Http,
    };
    let mut http = store.data_mut().http();
    let request = match body {
        Some(body) => http.new_incoming_request(scheme, request.map(|()| body))?,
        None => http.new_incoming_request(scheme, request.map(|()| Empty::new()))?,
    };
    let (tell, mut told) = oneshot::channel();
    let out = http.new_response_outparam_from_callback(|answer| drop(tell.send(answer)))?;
    let mut call = pin!(
        proxy
            .wasi_http_incoming_handler()
            .call_handle(store, request, out)
    );
    let mut answer = None;
    let mut returned = false;
    poll_fn(|cx| {
        loop {
            returned = call.as_mut().poll(cx)?.is_ready();
            if answer.is_none()
                && let Ok(given) = told.try_recv()
            {
                let given = given.map_err(|code| CallError::NoAnswer(format!("{code:?}")))?;
                answer = Some(Pieces::new(given, &outlet));
            }
            let Some(answer) = &mut answer else {
                return match returned {
                    true => Poll::Ready(Err(CallError::NoAnswer(
                        "it returned without calling `response-outparam.set`".into(),
                    ))),
                    false => Poll::Pending,
                };
            };
            let moved = answer.collect(cx, returned, limits)?;
            if returned || answer.taken.len() >= HELD {
                return Poll::Ready(Ok::<_, CallError>(()));
            }
            if outlet.meter.has_yielded() {
                return Poll::Pending;
            }
            // The guest may have waited for this; else it waits for something else.
            if !moved {
                return Poll::Ready(Ok(()));
            }
        }
    })
    .await?;
    let mut answer = answer.expect("without one there is no way out of the loop");
    if returned {
        return Ok(Answered::Standard(Box::new(answer.whole())));
    }
    let pipe = outlet.begin(&mut answer).await?;
    while let Some(piece) = poll_fn(|cx| {
        // Asked first: a guest that traps leaves its pieces as if they were all.
        returned = returned || call.as_mut().poll(cx)?.is_ready();
        answer.next(cx, returned)
    })
    .await?
    {
        outlet.write(&pipe, piece).await?;
    }
    pipe.end(Ok(()));
    if !returned {
        call.await?;
    }
    Ok(Answered::Streamed)
}

/// What an answer may have in bytes to be held until it is whole, if that takes no waiting.
pub(super) const HELD: usize = 64 << 10;

/// Where a streamed answer goes, and within which limits.
pub(super) struct Outlet {
    pub(super) meter: Arc<Meter>,
    /// The request's body, while there is one to read.
    body: Option<Lent>,
    has_body: bool,
    asked: Arc<Asked>,
    bytes: u64,
    cpu_percent: u64,
}

impl Outlet {
    fn new(call: &CallContext, meter: &Arc<Meter>, body: Option<Lent>, limits: &Limits) -> Outlet {
        Outlet {
            meter: meter.clone(),
            body,
            has_body: call.head.method != Method::HEAD,
            asked: call.asked.clone(),
            bytes: limits.stream_bytes,
            cpu_percent: limits.stream_cpu_percent,
        }
    }

    /// The head leaves the call.
    pub(super) async fn begin(&self, answer: &mut Pieces) -> Result<Arc<Pipe>, CallError> {
        let head = standard::head(answer.head.clone()).map_err(CallError::NoAnswer)?;
        let has_body = self.has_body && !answer::has_no_body(head.status);
        let (pipe, source) = pipe();
        let begun = Begun {
            answer: Response::from_parts(head, has_body.then_some(source)),
            pipe: pipe.clone(),
            asked: self.asked.clone(),
        };
        if let Some(body) = &self.body {
            body.answered_by(&pipe);
        }
        self.meter.begin(begun, self.cpu_percent).await;
        self.write(&pipe, std::mem::take(&mut answer.taken).freeze())
            .await?;
        Ok(pipe)
    }

    pub(super) async fn write(&self, pipe: &Pipe, piece: Bytes) -> Result<(), CallError> {
        if pipe.written() + piece.len() as u64 > self.bytes {
            return Err(CallError::Limit(Limit::StreamBytes));
        }
        if let Some(rest) = self.meter.rest() {
            tokio::time::sleep(rest).await;
        }
        // Nobody reads any more: the guest is done with.
        pipe.write(piece)
            .await
            .map_err(|Closed| CallError::Cancelled)
    }
}

/// An answer whose body is taken from the guest as it is written. Trailers are dropped.
pub(super) struct Pieces {
    head: http::response::Parts,
    body: WasiBody,
    pub(super) taken: BytesMut,
    pub(super) ended: bool,
    /// What of it is still to come, in bytes, if its head says so.
    missing: Option<u64>,
}

impl Pieces {
    pub(super) fn new(answer: Response<WasiBody>, outlet: &Outlet) -> Pieces {
        let (head, body) = answer.into_parts();
        let has_body = outlet.has_body && !answer::has_no_body(head.status);
        let said = head.headers.get(header::CONTENT_LENGTH);
        let missing = said.and_then(|said| said.to_str().ok()?.parse().ok());
        Pieces {
            head,
            body,
            taken: BytesMut::new(),
            ended: false,
            missing: missing.filter(|_| has_body),
        }
    }

    /// Takes what is there, up to [`HELD`] unless the guest has `returned`; whether anything was.
    pub(super) fn collect(
        &mut self,
        cx: &mut Context<'_>,
        returned: bool,
        limits: &Limits,
    ) -> Result<bool, CallError> {
        let before = self.taken.len();
        while !self.ended && (returned || self.taken.len() < HELD) {
            match self.next(cx, returned) {
                Poll::Ready(Ok(Some(piece))) => self.taken.extend_from_slice(&piece),
                Poll::Ready(Ok(None)) => self.ended = true,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        match self.taken.len() as u64 > limits.answer_bytes {
            true => Err(CallError::Limit(Limit::Answer)),
            false => Ok(self.taken.len() > before),
        }
    }

    /// The next piece; none at its end, which is also where a guest stopped that has `returned`.
    pub(super) fn next(
        &mut self,
        cx: &mut Context<'_>,
        returned: bool,
    ) -> Poll<Result<Option<Bytes>, CallError>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        loop {
            return match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(piece) => {
                        let missing = &mut self.missing;
                        *missing = missing.map(|more| more.saturating_sub(piece.len() as u64));
                        Poll::Ready(Ok(Some(piece)))
                    }
                    Err(_) => continue,
                },
                Poll::Ready(Some(Err(error))) => {
                    Poll::Ready(Err(CallError::NoAnswer(error.to_string())))
                }
                // Not all that goes wrong with a body is told by the body.
                Poll::Ready(None) => Poll::Ready(match self.missing {
                    Some(missing @ 1..) => Err(CallError::NoAnswer(format!(
                        "its body is {missing} bytes shorter than its `content-length`"
                    ))),
                    _ => Ok(None),
                }),
                Poll::Pending if returned => Poll::Ready(Ok(None)),
                Poll::Pending => Poll::Pending,
            };
        }
    }

    pub(super) fn whole(self) -> Response<Bytes> {
        Response::from_parts(self.head, self.taken.freeze())
    }
}
