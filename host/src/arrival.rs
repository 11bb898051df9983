//! A request's body on its way in: read whole, or in pieces as the guest asks for them, under its size and its time.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::time::Sleep;

use crate::config::Limits;
use crate::limit::Limit;
use crate::serve_error::ServeError;

/// A body that the guest reads, piece by piece. Nothing is asked of the client before the guest asks for it.
pub(crate) struct Incoming {
    body: Pin<Box<dyn http_body::Body<Data = Bytes, Error = String> + Send>>,
    /// What came and was not asked for yet.
    left: Bytes,
    /// How much more may come.
    room: u64,
    patience: Duration,
    /// Why no more can be had: what is missing must not be skipped.
    failed: Option<ReadError>,
}

/// Why a piece cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// The client broke it off.
    Closed,
    Limit(Limit),
}

impl Incoming {
    pub(crate) fn new<B>(
        body: B,
        headers: &HeaderMap,
        limits: &Limits,
    ) -> Result<Box<Incoming>, ServeError>
    where
        B: http_body::Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        if said(headers).is_some_and(|said| said > limits.stream_bytes) {
            return Err(ServeError::Limit(Limit::StreamBytes));
        }
        let body = body
            .map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
            .map_err(|error| error.to_string());
        Ok(Box::new(Incoming {
            body: Box::pin(body),
            left: Bytes::new(),
            room: limits.stream_bytes,
            patience: Duration::from_millis(limits.body_time_ms),
            failed: None,
        }))
    }

    /// The next piece, of `most` bytes or fewer; none of them is the end.
    pub(crate) async fn read(&mut self, most: usize) -> Result<Bytes, ReadError> {
        let piece = match self.failed {
            Some(error) => Err(error),
            None => self.next(most).await,
        };
        piece.inspect_err(|error| self.failed = Some(*error))
    }

    async fn next(&mut self, most: usize) -> Result<Bytes, ReadError> {
        while self.left.is_empty() {
            let frame = poll_fn(|cx| self.body.as_mut().poll_frame(cx));
            let frame = tokio::time::timeout(self.patience, frame)
                .await
                .map_err(|_| ReadError::Limit(Limit::BodyTime))?;
            let Some(frame) = frame else {
                return Ok(Bytes::new());
            };
            let Ok(data) = frame.map_err(|_| ReadError::Closed)?.into_data() else {
                continue;
            };
            self.room = (self.room)
                .checked_sub(data.len() as u64)
                .ok_or(ReadError::Limit(Limit::StreamBytes))?;
            self.left = data;
        }
        Ok(self.left.split_to(self.left.len().min(most)))
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

/// How long the client says that the body is.
fn said(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
}

/// How long the client says that its body is: if that is too much, it is refused before a byte of it is waited for.
pub(crate) fn length(headers: &HeaderMap, limits: &Limits) -> Result<Option<u64>, ServeError> {
    match said(headers) {
        Some(said) if said > limits.body_bytes => Err(ServeError::Limit(Limit::Body)),
        said => Ok(said),
    }
}

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
    let said = length(headers, limits)?;
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
