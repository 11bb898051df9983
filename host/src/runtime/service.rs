//! Standard components of `wasi:http` 0.3: one request into a guest and its answer out. Tasks of the guest run on beside
//! the host's reading of the answer, so the head's call and the body are driven as one.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;

use http::{Request, Response};
use http_body_util::Empty;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p3::{self, bindings::Service};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

use super::inlet::Lent;
use super::instance::{Answered, CallError};
use super::state::GuestState;
use super::wasi_http::{self, HELD, Pieces};
use crate::config::Limits;

/// One request into a guest of version 0.3. An answer for which it waits for nothing, also after it, is whole; else its
/// head leaves the call, and its pieces go out as they come. The call lasts for as long as a task of the guest does.
pub(super) async fn handle(
    store: &mut Store<GuestState>,
    guest: &Service,
    body: Option<Lent>,
    limits: &Limits,
) -> Result<Answered, CallError> {
    let (request, outlet) = wasi_http::take(store.data_mut(), body.clone(), limits);
    let meter = outlet.meter.clone();
    // Only from outside is it seen that all of the guest's tasks wait.
    let waits = AtomicBool::new(false);
    let mut call = pin!(store.run_concurrent(async |tasks| {
        let (response, sent) = respond(tasks, guest, request, body).await?;
        waits.store(false, Relaxed);
        let mut answer = Pieces::new(response, &outlet);
        let mut sent = Some(sent);
        let mut all_sent = || sent.take().map(|sent| sent.send(()));
        let mut idle = pin!(poll_fn(|cx| tasks.poll_no_interesting_tasks(cx)));
        let held = poll_fn(|cx| {
            answer.collect(cx, false, limits)?;
            if answer.ended {
                all_sent();
            }
            let waits = answer.taken.len() >= HELD || waits.load(Relaxed);
            match answer.ended && idle.as_mut().poll(cx).is_ready() {
                true => Poll::Ready(Ok::<_, CallError>(true)),
                false if waits => Poll::Ready(Ok(false)),
                false => Poll::Pending,
            }
        });
        if held.await? {
            return Ok(Answered::Standard(Box::new(answer.whole())));
        }
        let pipe = outlet.begin(&mut answer).await?;
        while let Some(piece) = poll_fn(|cx| answer.next(cx, false)).await? {
            outlet.write(&pipe, piece).await?;
        }
        pipe.end(Ok(()));
        all_sent();
        idle.await;
        Ok(Answered::Streamed)
    }));
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(answered) = call.as_mut().poll(cx) {
                return Poll::Ready(answered);
            }
            if meter.has_yielded() || meter.has_begun() || waits.swap(true, Relaxed) {
                return Poll::Pending;
            }
        }
    })
    .await?
}

/// The guest's answer, its body still to come, and by what it learns that all of it was sent.
async fn respond(
    tasks: &Accessor<GuestState>,
    guest: &Service,
    request: Request<()>,
    body: Option<Lent>,
) -> Result<(Response<WasiBody>, oneshot::Sender<()>), CallError> {
    let request = tasks.with(|mut store| {
        let hooks = store.get().http().hooks;
        match body {
            Some(body) => p3::Request::from_http(hooks, request.map(|()| body)).0,
            None => p3::Request::from_http(hooks, request.map(|()| Empty::new())).0,
        }
    });
    let answered = guest.handle(tasks, request).await?;
    let response = answered.map_err(|code| CallError::NoAnswer(format!("{code:?}")))?;
    let (sent, told) = oneshot::channel();
    let told = async { told.await.map_err(|_| Error::ConnectionTerminated) };
    let response = tasks.with(|store| response.into_http(store, told))?;
    Ok((response, sent))
}
