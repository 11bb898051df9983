//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::lawful;
use super::linger::{Hurry, Lingering, Unread};
use super::patience::Patience;
use super::refusals::Refusals;
use super::socket::Accepted;
use crate::answer::{self, Refused};
use crate::event::Event;
use crate::host::Host;
use crate::identity::Peer;

/// Request line and headers together. Larger is answered 431; clients and proxies stop at 8 to 64 KiB.
const HEAD_BYTES: usize = 64 << 10;

/// Serves until the client leaves, is silent for too long, or `goodbye` says to end after the request under way.
/// Dropping the future drops the request that is being dispatched.
pub(super) async fn serve(accepted: Accepted, host: Host, goodbye: oneshot::Receiver<()>) {
    let Accepted { socket, peer, .. } = accepted;
    if let Err(error) = socket.set_nodelay() {
        tracing::debug!(%error, "a connection was gone at once");
        return;
    }
    let commons = host.0.commons.clone();
    let write_idle = Duration::from_millis(commons.host.write_idle_ms);
    // Of the connection's own, so that cores do not count a shared reference up and down for each request.
    let shared = Arc::new((host, Refusals::default()));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let shared = shared.clone();
        async move {
            let (host, refusals) = &*shared;
            if let Err(unlawful) = lawful::check(&mut request) {
                tracing::debug!(peer = peer.map(tracing::field::display), "{unlawful:?}");
                let shape = answer::shape(request.headers());
                let shape = shape.unwrap_or(host.0.config.load().limits.problems);
                return Ok::<_, Infallible>(unlawful.answer(shape));
            }
            let answer = host.answer(request, peer, None).await;
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE
                && answer.extensions().get::<Refused>().is_some()
            {
                let wait = refusals.once_more();
                if !wait.is_zero() {
                    // Boxed, since the future of every request would be larger for it.
                    Box::pin(sleep(wait)).await;
                }
            } else {
                refusals.over();
            }
            Ok(answer)
        }
    });
    let (patience, mut tick) = Patience::start();
    let mut builder = http1::Builder::new();
    builder
        .timer(patience)
        // The length is the patience's affair; that there is one makes hyper ask.
        .header_read_timeout(Patience::FIRST_HEAD)
        .max_header_size(HEAD_BYTES)
        // Without it a client that closes is not noticed before the answer is written, and its guest runs on.
        .half_close(false)
        // One buffer is cheaper than a list of pieces for answers as small as most.
        .writev(false);
    let hurry = Hurry::default();
    let stream = TokioIo::new(Lingering::new(socket, hurry.clone(), write_idle));
    let mut connection = pin!(builder.serve_connection(stream, service));
    let mut goodbye = pin!(goodbye);
    let mut told = false;
    let served = std::future::poll_fn(|cx| {
        tick.renew(cx);
        if !told && goodbye.as_mut().poll(cx).is_ready() {
            told = true;
            hurry.up();
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await;
    if let Err(error) = served {
        if Unread::is_why(&error) {
            tracing::info!(
                peer = peer.map(tracing::field::display),
                ms = commons.host.write_idle_ms,
                "a client that does not read its answer was cut"
            );
            commons.tell(Event::Unread {
                peer: peer.map(|Peer(address)| address),
            });
            return;
        }
        tracing::debug!(%error, peer = peer.map(tracing::field::display), "a connection broke off");
    }
}
