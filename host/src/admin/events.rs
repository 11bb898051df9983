//! What happens, as server-sent events (WHATWG HTML, section 9.2).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Response, header};
use http_body::Frame;
use serde_json::{Value, json};

use crate::answer::{Body, BodyError};
use crate::event::{Event, Events};

/// A comment is sent this often, so that what is between does not take the connection for dead.
const PULSE: Duration = Duration::from_secs(15);

/// Every event from now on, until the client goes.
pub(super) fn stream(events: Events) -> Response<Body> {
    let mut response = Response::new(Body::stream(Stream(Some(next(events)))));
    let sse = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, sse);
    response
}

/// The next piece, and where the ones after come from; none at the end.
struct Stream(Option<BoxFuture<'static, Option<(Bytes, Events)>>>);

fn next(mut events: Events) -> BoxFuture<'static, Option<(Bytes, Events)>> {
    Box::pin(async move {
        let event = tokio::time::timeout(PULSE, events.recv()).await;
        let text = match event {
            Err(_) => ":\n\n".to_owned(),
            Ok(None) => return None,
            Ok(Some(event)) => {
                format!("data: {}\n\n", told(&event))
            }
        };
        Some((text.into(), events))
    })
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(waiting) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let Poll::Ready(piece) = waiting.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        let (piece, rest) = piece.map_or((None, None), |(piece, events)| {
            (Some(Ok(Frame::data(piece))), Some(next(events)))
        });
        self.0 = rest;
        Poll::Ready(piece)
    }
}

/// One event, with its kind under `event`.
fn told(event: &Event) -> Value {
    let kind = event.kind();
    match event {
        Event::Deployed {
            plugin,
            revision,
            generation,
        } => {
            json!({ "event": kind, "plugin": **plugin, "revision": revision, "generation": generation })
        }
        Event::WentBack {
            plugin,
            from,
            to,
            reason,
        } => {
            json!({ "event": kind, "plugin": **plugin, "from": from, "to": to, "reason": reason })
        }
        Event::Proven { plugin, revision } => {
            json!({ "event": kind, "plugin": **plugin, "revision": revision })
        }
        Event::Tried {
            plugin,
            revision,
            percent,
        } => {
            json!({ "event": kind, "plugin": **plugin, "revision": revision, "percent": percent })
        }
        Event::Withdrawn {
            plugin,
            revision,
            reason,
        } => {
            json!({ "event": kind, "plugin": **plugin, "revision": revision, "reason": reason })
        }
        Event::Differs {
            plugin,
            revision,
            uri,
            pointer,
            what,
        } => json!({
            "event": kind, "plugin": **plugin, "revision": revision, "uri": uri,
            "pointer": pointer, "what": what,
        }),
        Event::Disabled { plugin, generation } => {
            json!({ "event": kind, "plugin": **plugin, "generation": generation })
        }
        Event::Refused { plugin, reason } => {
            json!({ "event": kind, "plugin": **plugin, "reason": reason })
        }
        Event::Removed { plugin, generation } => {
            json!({ "event": kind, "plugin": **plugin, "generation": generation })
        }
        Event::Drained { plugin, revision } => {
            json!({ "event": kind, "plugin": **plugin, "revision": revision })
        }
        Event::Cut { plugin, revision } => {
            json!({ "event": kind, "plugin": **plugin, "revision": revision })
        }
        Event::StopFailed {
            plugin,
            revision,
            reason,
        } => {
            json!({ "event": kind, "plugin": **plugin, "revision": revision, "reason": reason })
        }
        Event::LimitHit {
            plugin,
            operation,
            limit,
            value,
        } => json!({
            "event": kind, "plugin": **plugin, "operation": operation, "limit": limit.name(), "value": value,
        }),
        Event::Failed {
            plugin,
            operation,
            reason,
            computed,
        } => json!({
            "event": kind, "plugin": **plugin, "operation": operation, "reason": reason,
            "computed_ms": computed.as_secs_f64() * 1e3,
        }),
        Event::OffContract {
            plugin,
            operation,
            status,
            pointer,
            what,
            refused,
        } => json!({
            "event": kind, "plugin": **plugin, "operation": operation, "status": status, "pointer": pointer,
            "what": what, "refused": refused,
        }),
        Event::FaultKept {
            plugin,
            revision,
            operation,
            fault,
            cause,
        } => json!({
            "event": "fault-kept", "plugin": **plugin, "revision": revision, "operation": operation, "fault": fault,
            "cause": cause,
        }),
        Event::Replayed {
            plugin,
            fault,
            against,
            verdict,
        } => json!({
            "event": "replayed", "plugin": **plugin, "fault": fault, "against": against, "verdict": verdict,
        }),
        Event::StreamBroken {
            plugin,
            operation,
            bytes,
            lasted,
            reason,
        } => json!({
            "event": kind, "plugin": **plugin, "operation": operation, "bytes": bytes,
            "lasted_ms": lasted.as_secs_f64() * 1e3, "reason": reason,
        }),
        Event::TooOften { peer } | Event::Unread { peer } => {
            json!({ "event": kind, "peer": peer.map(|peer| peer.to_string()) })
        }
    }
}
