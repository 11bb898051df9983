//! A connection that speaks HTTP/1.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use super::attended::Signs;
use super::connection::Client;
use super::linger::Lingering;
use super::patience::{Patience, Tick};
use crate::config::ConnectionLimits;

/// What fits beside the largest head into what is read and not yet used: the least that hyper takes for all of it.
const BESIDE_HEAD: usize = 8 << 10;

pub(super) async fn serve(
    stream: Lingering,
    client: &Arc<Client>,
    signs: &Signs,
    goodbye: oneshot::Receiver<()>,
) -> hyper::Result<()> {
    let limits = client.limits();
    let service = service_fn(|request: Request<Incoming>| client.clone().answer(request, None));
    let patience = Patience::new(limits, signs.clone());
    let mut builder = http1::Builder::new();
    builder
        .header_read_timeout(patience.first())
        .timer(patience)
        .max_header_size(limits.head_bytes)
        // What a client that does not read is held for; hyper's own is 400 KiB.
        .max_buf_size(limits.head_bytes + BESIDE_HEAD)
        // Without it a client that closes is not noticed before the answer is written, and its guest runs on.
        .half_close(false)
        // One buffer is cheaper than a list of pieces for answers as small as most.
        .writev(false);
    // To say it makes the parser take memory for each head, even where it says what holds anyway.
    if limits.headers != ConnectionLimits::default().headers {
        builder.max_headers(limits.headers);
    }
    let mut tick = Tick::start();
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut goodbye = pin!(goodbye);
    let mut told = false;
    std::future::poll_fn(|cx| {
        if tick.renew(cx) && signs.is_late() && !signs.lasting().end() {
            signs.cut_overdue();
            return Poll::Ready(Ok(()));
        }
        if !told && goodbye.as_mut().poll(cx).is_ready() {
            told = true;
            signs.hurry();
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await
}
