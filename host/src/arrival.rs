//! A request's body on its way in: read whole, under its size and its time.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, header};
use tokio::time::Sleep;

use crate::config::Limits;
use crate::limit::Limit;
use crate::serve_error::ServeError;

/// Reads a body to its end.
pub(crate) async fn read<B>(
    body: B,
    headers: &HeaderMap,
    limits: &Limits,
) -> Result<Bytes, ServeError>
where
    B: http_body::Body,
    B::Error: std::fmt::Display,
{
    let most = usize::try_from(limits.body_bytes).unwrap_or(usize::MAX);
    // Said to be too large: refused before a byte of it is waited for.
    let said = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > limits.body_bytes) {
        return Err(ServeError::Limit(Limit::Body));
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let mut body = pin!(body);
    // Armed only once the body has to be waited for.
    let mut late: Option<Pin<Box<Sleep>>> = None;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    loop {
        let frame = poll_fn(|cx| {
            if let Poll::Ready(frame) = body.as_mut().poll_frame(cx) {
                return Poll::Ready(Ok(frame));
            }
            let time = Duration::from_millis(limits.body_time_ms);
            let timer = late.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
            timer
                .as_mut()
                .poll(cx)
                .map(|()| Err(ServeError::Limit(Limit::BodyTime)))
        })
        .await?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| ServeError::BodyBroken(error.to_string()))?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        let size = first.len() + rest.len() + data.remaining();
        if size > most {
            return Err(ServeError::Limit(Limit::Body));
        }
        // A body in one piece, which most are, is never copied.
        if first.is_empty() && rest.is_empty() {
            first = data.copy_to_bytes(data.remaining());
        } else {
            if rest.is_empty() {
                rest.reserve(size.max(said.map_or(0, |said| said as usize)));
                rest.put(std::mem::take(&mut first));
            }
            rest.put(data);
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}
